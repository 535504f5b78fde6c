"""From a tree to a model, with every fault at its place. Text is meant more often than YAML 1.1 thinks: `3.1`, `no`."""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from gateway.policy.explain import Explainer, Part
from gateway.policy.report import Report
from gateway.policy.scalars import resolve
from gateway.policy.source import ListNode, MapNode, Node, Path, ScalarNode, Source
from gateway.policy.tree import Tree, get, put

Model = TypeVar("Model", bound=BaseModel)

# A list of names may be written as one name: a lone `3.1` is refused as a list before it is refused as text.
_TEXT_MEANT = frozenset(
    {"string_type", "tuple_type", "literal_error", "enum", "url_type", "model_type", "path_type", "pattern_type"}
)


class Shaper:
    """Reads parts of one tree into models; a scalar that was meant as text is put back as it was written."""

    def __init__(self, *, source: Source, tree: Tree, report: Report) -> None:
        self.source = source
        self.tree = tree
        self.report = report
        self.explainer = Explainer(source=source, report=report)

    def shape(self, model: type[Model], values: Callable[[], object], part: Part) -> Model | None:
        """Return the model of a part's values, None where they are wrong; `values` reads them from the tree."""
        # Every round puts at least one more text back, so that there is a last one.
        while True:
            try:
                parsed = model.model_validate(values())
            except ValidationError as error:
                details = error.errors(include_url=False, include_input=False)
                if not self._put_text_back(details, part):
                    self.explainer.explain(model, details, part)
                    return None
            else:
                self._check_numbers(self.source.node(part.path)[1], parsed, part.path)
                return parsed

    def _put_text_back(self, details: Iterable[ErrorDetails], part: Part) -> bool:
        changed = False
        for detail in details:
            path, node, _ = self.source.node(part.locate(detail))
            # What code wrote as a number is one: only a text was read in one of two ways.
            if not _is_text_meant(detail) or not isinstance(node, ScalarNode) or node.place is None:
                continue
            value = get(self.tree, path)
            if value is not None and not isinstance(value, str):
                put(self.tree, path, node.text)
                changed = True
        return changed

    # What a kind's options parse to is its own affair.
    def _check_numbers(self, node: Node, parsed: Any, path: Path) -> None:
        """Refuse what pydantic lets through: `yes` as the number 1, and the text `nan` or `1e999` as a number."""
        if isinstance(node, MapNode):
            for key, inner in node.values.items():
                self._check_numbers(inner, _member(parsed, key), (*path, key))
        elif isinstance(node, ListNode):
            if isinstance(parsed, (list, tuple)) and len(parsed) == len(node.items):
                for index, item in enumerate(node.items):
                    self._check_numbers(item, parsed[index], (*path, index))
        elif isinstance(parsed, float) and not math.isfinite(parsed):
            self.report.add(path, "expected a finite number")
        elif type(parsed) in (int, float) and not node.quoted and isinstance(resolve(node.text), bool):
            self.report.add(path, f"expected a number, not {node.text!r}")


def _is_text_meant(detail: ErrorDetails) -> bool:
    # A choice is one of words where its words stand in quotes.
    return detail["type"] in _TEXT_MEANT and "'" in str(detail.get("ctx", {}).get("expected", "'"))


# As above.
def _member(parsed: Any, key: str) -> Any:
    if isinstance(parsed, BaseModel):
        names = [name for name, field in type(parsed).model_fields.items() if (field.alias or name) == key]
        return getattr(parsed, names[0]) if names else (parsed.model_extra or {}).get(key)
    return parsed.get(key) if isinstance(parsed, Mapping) else None
