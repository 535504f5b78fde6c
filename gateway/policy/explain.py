"""What pydantic finds wrong, in the words of somebody who writes YAML."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from gateway.policy.annotations import fields_at
from gateway.policy.models import GIVEN_KEY
from gateway.policy.report import Report
from gateway.policy.scalars import described, resolve
from gateway.policy.source import ListNode, MapNode, Node, Path, ScalarNode, Source, shorten
from gateway.spelling import nearest, remedy

_LIST, _MAPPING = "a list: [first, second]", "a mapping (key: value)"
_EXPECTED = {
    "string_type": "text",
    "url_type": "a URL",
    "url_parsing": "a URL such as http://127.0.0.1:8080",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a smaller whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "decimal_type": "a number",
    "decimal_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "none_required": "nothing",
    "path_type": "a path",
    "pattern_type": "a regular expression",
    "pattern_regex": "a regular expression",
    **dict.fromkeys(("list_type", "tuple_type", "set_type", "frozen_set_type", "iterable_type"), _LIST),
    **dict.fromkeys(("dict_type", "mapping_type", "model_type", "model_attributes_type", "dataclass_type"), _MAPPING),
}
_BOUNDS = {
    "greater_than": "more than {gt}",
    "greater_than_equal": "{ge} or more",
    "less_than": "less than {lt}",
    "less_than_equal": "{le} or less",
    "multiple_of": "a multiple of {multiple_of}",
    "too_short": "{min_length} or more in it",
    "too_long": "{max_length} or less in it",
    "string_too_short": "a text of {min_length} or more letters",
    "string_too_long": "a text of {max_length} or less letters",
    "literal_error": "{expected}",
    "enum": "{expected}",
}
# What stands there is repeated only where it helps and is no secret: numbers, and words to choose from.
_REPEATED = frozenset(
    {"int_parsing", "int_from_float", "float_parsing", "bool_parsing", "literal_error", "enum"}
    | {"greater_than", "greater_than_equal", "less_than", "less_than_equal", "multiple_of"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Where in the policy a model's values stand, and which keys are right there besides the model's own.

    `given` keys are filled in by the program: never missing, and wrong where somebody writes them. `moved` says where
    a given value was written.
    """

    path: Path = ()
    beside: tuple[str, ...] = ()
    given: frozenset[str] = frozenset()
    moved: Mapping[str, Path] = field(default_factory=dict)
    of: str = ""

    def locate(self, detail: ErrorDetails) -> Path:
        """Return the path in the policy that a fault is about."""
        location = detail["loc"]
        if location and location[0] in self.moved:
            return (*self.moved[str(location[0])], *location[1:])
        return (*self.path, *location)


class Explainer:
    """Reports the faults of several parts of one policy; a misspelt key is not also said to be missing."""

    def __init__(self, *, source: Source, report: Report) -> None:
        self.source = source
        self.report = report
        self._strangers: dict[Path, list[str]] = defaultdict(list)

    def explain(self, model: type[BaseModel], details: Sequence[ErrorDetails], part: Part) -> None:
        """Report every fault that pydantic found in a part."""
        values: dict[Path, list[ErrorDetails]] = defaultdict(list)
        missing: list[ErrorDetails] = []
        for detail in details:
            path = part.locate(detail)
            if detail["type"] == GIVEN_KEY:
                # Said by `check_kinds`, at the key's own place.
                continue
            if detail["type"] == "missing":
                missing.append(detail)
            elif self.report.full:
                self.report.left_out += 1
            elif detail["type"] == "extra_forbidden":
                of = part.of if len(detail["loc"]) == 1 else ""
                self.unknown_key(path, _known(model, detail, part), of=of)
            elif not _is_echo(detail, details):
                values[self.source.node(path)[0]].append(detail)
        for detail in missing:
            self._missing_key(model, detail, part)
        for path, group in values.items():
            self.report.add(path, self._wrong_value(path, group))

    def unknown_key(self, path: Path, known: Iterable[str], *, of: str = "") -> None:
        """Report a key that nobody reads."""
        parent, key = path[:-1], str(path[-1])
        self._strangers[self.source.node(parent)[0]].append(key)
        self.report.add_key(path, f"unknown key{of}; {remedy(key, known)}")

    def _missing_key(self, model: type[BaseModel], detail: ErrorDetails, part: Part) -> None:
        above, key = detail["loc"][:-1], str(detail["loc"][-1])
        path = self.source.node(part.locate(detail)[:-1])[0]
        known = _known(model, detail, part)
        misspelt = any(nearest(stranger, known) == key for stranger in self._strangers.get(path, ()))
        merged = any(fault.path == (*path, "<<") for fault in self.report.faults)
        if misspelt or merged or (not above and key in part.given):
            return
        found = fields_at(model, above).get(key)
        meaning = f" ({found.description.rstrip(' .')})" if found and found.description else ""
        self.report.add_key(path, f"{key!r} is missing; add it{meaning}")

    def _wrong_value(self, path: Path, group: list[ErrorDetails]) -> str:
        own = next((detail["msg"] for detail in group if _is_a_validators(detail)), None)
        if own is not None:
            return self.report.hide(re.sub(r"^(Value error|Assertion failed), ", "", own))
        node = self.source.node(path)[1]
        expected = " or ".join(dict.fromkeys(_expected(detail) for detail in group))
        if isinstance(node, ScalarNode) and node.text and any(detail["type"] in _REPEATED for detail in group):
            near = nearest(node.text, re.findall(r"'([^']+)'", expected))
            hint = f"; did you mean {near!r}?" if near else ""
            return f"expected {expected}, not {self._shown(path, node)}{hint}"
        return f"expected {expected}, not {_described(node)}"

    def _shown(self, path: Path, node: ScalarNode) -> str:
        value = node.text if node.quoted else resolve(node.text)
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return shorten(node.text) if is_number else self.report.shown(path, node.text)


def _known(model: type[BaseModel], detail: ErrorDetails, part: Part) -> list[str]:
    above = detail["loc"][:-1]
    keys = list(fields_at(model, above))
    return keys if above else [*(key for key in keys if key not in part.given), *part.beside]


def _is_a_validators(detail: ErrorDetails) -> bool:
    """Return whether a validator of the kind says what is wrong, in its own words."""
    kind = detail["type"]
    return kind not in _EXPECTED and kind not in _BOUNDS and not detail["msg"].startswith("Input should be ")


def _is_echo(detail: ErrorDetails, details: Sequence[ErrorDetails]) -> bool:
    """Return whether a list is too short only because pydantic does not count its wrong items."""
    place = detail["loc"]
    return detail["type"] == "too_short" and any(
        other["loc"][: len(place)] == place and other["loc"] != place for other in details
    )


def _expected(detail: ErrorDetails) -> str:
    kind = detail["type"]
    if kind in _EXPECTED:
        return _EXPECTED[kind]
    if kind in _BOUNDS:
        return _BOUNDS[kind].format(**{key: _plain(value) for key, value in detail["ctx"].items()})
    return detail["msg"].removeprefix("Input should be ").partition(",")[0]


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _described(node: Node) -> str:
    if isinstance(node, MapNode):
        return "a mapping" if node.values else "an empty mapping"
    if isinstance(node, ListNode):
        return "a list" if node.items else "an empty list"
    return described(node.text if node.quoted else resolve(node.text))
