"""A source and an environment as plain values, for pydantic to read. Every call gives a tree of its own."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from gateway.errors import PolicyError
from gateway.policy.compose import MOST_BYTES
from gateway.policy.environment import expand, names
from gateway.policy.report import SHORTEST_HIDDEN, Report
from gateway.policy.scalars import resolve
from gateway.policy.source import ListNode, MapNode, Node, Path, ScalarNode, Source, line, shorten

# A policy's text has any shape until the models have read it.
Tree = dict[str, Any]


def plant(source: Source, environ: Mapping[str, str], report: Report) -> tuple[Tree, Sequence[str]]:
    """Return the values of a source, and in their order those that read the environment.

    What cannot be read is reported and left as empty text.
    """
    planter = _Planter(source, environ, report)
    return planter.mapping(source.root, ()), planter.resolved


def put(tree: Tree, path: Path, value: object) -> None:
    """Replace the value at a path that the tree has."""
    # Lists take numbers and mappings words; the path was read from this very tree.
    inner: Any = tree
    for part in path[:-1]:
        inner = inner[part]
    inner[path[-1]] = value


def get(tree: Tree, path: Path) -> object:
    """Return the value at a path, None where there is none."""
    # As in `put`.
    inner: Any = tree
    for part in path:
        try:
            inner = inner[part]
        except (KeyError, IndexError, TypeError):
            return None
    return inner


class _Planter:
    def __init__(self, source: Source, environ: Mapping[str, str], report: Report) -> None:
        self._source = source
        self._environ = environ
        self._report = report
        self._room = MOST_BYTES
        self.resolved: list[str] = []

    def mapping(self, node: MapNode, path: Path) -> Tree:
        return {key: self._value(value, (*path, key)) for key, value in node.values.items()}

    def _value(self, node: Node, path: Path) -> object:
        if isinstance(node, MapNode):
            return self.mapping(node, path)
        if isinstance(node, ListNode):
            return [self._value(item, (*path, index)) for index, item in enumerate(node.items)]
        return self._scalar(node, path)

    def _scalar(self, node: ScalarNode, path: Path) -> object:
        if "${" in node.text:
            return self._expanded(node, path)
        value = node.text if node.quoted else resolve(node.text)
        if isinstance(value, float) and not math.isfinite(value):
            self._report.add(path, f"{shorten(node.text)} is no number to reckon with; write a finite one")
            return 0.0
        return value

    def _expanded(self, node: ScalarNode, path: Path) -> str:
        values = {name: self._environ.get(name, "") for name in names(node.text)}
        self._room -= len(node.text) + sum(len(values[name]) for name in names(node.text))
        if self._room < 0:
            what = f"the environment makes the policy larger than {MOST_BYTES:,} bytes; refer to it less"
            raise PolicyError([line(self._source.name, node.place, path, what)])
        self._report.hidden.update({value: name for name, value in values.items() if len(value) >= SHORTEST_HIDDEN})
        text, faults = expand(node.text, self._environ)
        for fault in faults:
            self._report.add(path, fault)
        self.resolved.append(text)
        return text
