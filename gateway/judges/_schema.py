"""Whether an answer has the shape that a request's JSON Schema asks for. Nothing is fetched, and no answer is quoted.

The schema is a stranger's, and whoever checks it holds up everybody else: its regular expressions are not run, what it
asks for is counted, and where that is too much the answer is rejected. Nothing is raised.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from gateway.judges._keywords import ITSELF, WORDS, InvalidSchemaError, Rule, Word, pay
from gateway.types import JsonObject

# A step takes about half a microsecond: a value of the schema that is read, a rule that is held against an item.
MOST_STEPS = 60_000

_INDEX = re.compile("[0-9]{1,6}")
_ELSEWHERE = "the schema refers to something outside itself"
# A word, its rule, and what it is written with, made ready.
_Stated = tuple[str, Rule, Any]


class _UncheckedError(Exception):
    """The schema cannot be held against anything; the message says why, without content."""


class Comparison:
    """Compares values with schemas; all that it does together takes no more than `steps`."""

    def __init__(self, steps: int = MOST_STEPS) -> None:
        self._steps = steps
        self._schemas: dict[int, _Schema] = {}

    def mismatch(self, value: object, schema: JsonObject) -> str | None:
        """Say what is wrong with a JSON value, or with the schema; None where the value fits."""
        try:
            if id(schema) not in self._schemas:
                self._schemas[id(schema)] = _Schema(schema, self)
            broken = self._schemas[id(schema)].broken(schema, value)
        except _UncheckedError as error:
            return str(error)
        except InvalidSchemaError:
            return "the schema is no valid JSON Schema"
        except RecursionError:
            return "the schema or the answer is nested too deep"
        # The rule's name comes from a closed list; a path or a message would quote the answer.
        return None if broken is None else f"it breaks the schema's rule {broken or 'false'!r}"

    def spend(self, steps: int) -> None:
        """Count work."""
        self._steps -= steps
        if self._steps < 0:
            raise _UncheckedError("the schema is too large to be checked")


def mismatch(value: object, schema: JsonObject) -> str | None:
    """Say what is wrong with one JSON value, or with the schema; None where the value fits."""
    return Comparison().mismatch(value, schema)


class _Schema:
    """One schema, read once; a `Checker` for its rules."""

    def __init__(self, schema: JsonObject, comparison: Comparison) -> None:
        self.spend = comparison.spend
        self._root = schema
        self._stated: dict[int, list[_Stated]] = {}
        self._targets: dict[str, object] = {}
        self._anchors: dict[str, JsonObject] = {}
        pay(schema, self.spend)
        self._read(schema)

    def target(self, reference: str) -> object:
        """Return the schema that a reference names; its rules are read."""
        if reference not in self._targets:
            self._targets[reference] = self._found(reference)
            self._read(self._targets[reference])
        return self._targets[reference]

    def broken(self, schema: object, item: object) -> str | None:
        """Return the name of the first rule of a schema that was read that an item breaks, None where it fits."""
        self.spend(1)
        if not isinstance(schema, Mapping):
            return None if schema else ITSELF
        for name, rule, value in self._stated[id(schema)]:
            self.spend(1)
            broken = rule(self, value, item, schema)
            if broken is not None:
                return broken or name
        return None

    def _found(self, reference: str) -> object:
        self.spend(len(reference))
        base, _, fragment = reference.partition("#")
        place = unquote(fragment)
        if base not in ("", str(self._root.get("$id", "")).removesuffix("#")):
            raise _UncheckedError(_ELSEWHERE)
        if place and not place.startswith("/"):
            return _inner(self._anchors, place)
        found: object = self._root
        for step in place.split("/")[1:]:
            found = _inner(found, step.replace("~1", "/").replace("~0", "~"))
        return found

    def _read(self, schema: object) -> None:
        """Check how the schema and those inside it are written, and keep the rules that they state."""
        waiting = [schema]
        while waiting:
            node = waiting.pop()
            if not isinstance(node, (Mapping, bool)):
                raise InvalidSchemaError
            if isinstance(node, Mapping) and id(node) not in self._stated:
                self._stated[id(node)] = list(self._rules(node))
                for _, word, written in _words_in(node):
                    waiting.extend(word.schemas(written))

    def _rules(self, node: JsonObject) -> Iterator[_Stated]:
        if "$id" in node and node is not self._root:
            raise _UncheckedError("the schema has a part with an $id of its own, which is not followed")
        for name, word, written in _words_in(node):
            value = word.ready(written)
            if word.rule is not None:
                yield name, word.rule, value
            elif name in ("$anchor", "$dynamicAnchor"):
                self._anchors[value] = node


def _words_in(node: JsonObject) -> Iterator[tuple[str, Word, object]]:
    return ((name, WORDS[name], written) for name, written in node.items() if name in WORDS)


def _inner(value: object, step: str) -> object:
    """Return what stands in a value at one step of a reference."""
    if isinstance(value, Mapping) and step in value:
        return value[step]
    if isinstance(value, (list, tuple)) and _INDEX.fullmatch(step) and int(step) < len(value):
        return value[int(step)]
    raise _UncheckedError(_ELSEWHERE)
