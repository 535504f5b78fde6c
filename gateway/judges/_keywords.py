"""The words of JSON Schema (draft 2020-12): what each is written with, and the rule it states.

A schema may be a stranger's: no rule runs a regular expression, fetches anything or raises, and whatever takes longer
than a moment is paid for with `Checker.spend`.
"""

import math
import operator
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Any, NamedTuple, Protocol

from gateway.types import JsonObject

# A rule answers None where it holds, the name of the inner rule that is broken, or this: it is broken itself.
ITSELF = ""
# So many bits have the 4,300 digits that a JSON text may write.
_MOST_BITS = 15_000
# A division of decimals, in steps.
_DIVISION = 30


class InvalidSchemaError(Exception):
    """A word of the schema is written with what it cannot be written with."""


class Checker(Protocol):
    """What a rule asks of the one that checks."""

    def broken(self, schema: object, item: object) -> str | None:
        """Return the name of the first rule of a schema that an item breaks."""

    def target(self, reference: str) -> object:
        """Return the schema that a reference names."""

    def spend(self, steps: int) -> None:
        """Count work beyond the one step of every rule."""


Spend = Callable[[int], None]
# A rule is given the checker, its own value, the item and the schema it stands in: all of them JSON.
Rule = Callable[[Checker, Any, Any, JsonObject], str | None]


class Word(NamedTuple):
    """A word of a schema: `ready` checks what it is written with, and returns it as `rule` reads it.

    `schemas` are those inside it. A word without a rule is checked for its writing alone.
    """

    ready: Callable[[Any], Any]
    rule: Rule | None = None
    schemas: Callable[[Any], Iterable[object]] = lambda _: ()


def is_number(value: object) -> bool:
    """Whether a value is a number in JSON's sense; `true` is none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def pay(value: object, spend: Spend) -> None:
    """Count the values inside a JSON value before each is looked at, and more for a long text or number."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            spend(len(item) >> 10)
        elif isinstance(item, Mapping):
            spend(len(item))
            waiting.extend(item.values())
        elif isinstance(item, (list, tuple)):
            spend(len(item))
            waiting.extend(item)


def canonical(value: object) -> str:
    """Return a text that two JSON values share when they are equal: 1 and 1.0 are, 1 and `true` are not.

    A text, because its hash cannot be foreseen: numbers can be chosen so that a set of them takes for ever.
    """
    if isinstance(value, (list, tuple)):
        return f"[{','.join(map(canonical, value))}]"
    if isinstance(value, Mapping):
        return f"{{{','.join(sorted(f'{key!r}:{canonical(item)}' for key, item in value.items()))}}}"
    if isinstance(value, float):
        return f"{int(value):x}" if value.is_integer() else repr(value)
    if value is None or isinstance(value, (str, bool)):
        return repr(value)
    if isinstance(value, int):
        return f"{value:x}"
    raise InvalidSchemaError


def is_unique(items: Iterable[object]) -> bool:
    """Whether no two of the items are equal."""
    texts = [canonical(item) for item in items]
    return len(set(texts)) == len(texts)


def is_multiple(step: float, number: float) -> bool:
    """Whether a number is a whole multiple of another, both as they are written: 0.3 is one of 0.1."""
    if isinstance(step, int) and isinstance(number, int):
        return number % step == 0
    if number in (math.inf, -math.inf):
        return False
    return (_exact(number) / _exact(step)).denominator == 1


def _exact(number: float) -> Fraction:
    return Fraction(number) if isinstance(number, int) else Fraction(repr(number))


_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "array": lambda item: isinstance(item, list),
    "boolean": lambda item: isinstance(item, bool),
    "integer": lambda item: is_number(item) and (isinstance(item, int) or item.is_integer()),
    "null": lambda item: item is None,
    "number": is_number,
    "object": lambda item: isinstance(item, dict),
    "string": lambda item: isinstance(item, str),
}
_is_list, _is_object, _is_text, _is_truth = (_TYPES[name] for name in ("array", "object", "string", "boolean"))


def _written(as_it_must_be: Callable[[Any], bool]) -> Callable[[Any], Any]:
    def ready(value: Any) -> Any:
        if not as_it_must_be(value):
            raise InvalidSchemaError
        return value

    return ready


def _is_count(value: Any) -> bool:
    return bool(_TYPES["integer"](value)) and value >= 0


def _is_limit(value: Any) -> bool:
    return is_number(value) and (isinstance(value, float) or value.bit_length() <= _MOST_BITS)


def _is_step(value: Any) -> bool:
    return _is_limit(value) and 0 < value < math.inf


def _is_names(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(map(_is_text, value)) and len(set(value)) == len(value)


def _is_schemas(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and len(value) > 0


def _is_mapping(value: Any) -> bool:
    return isinstance(value, Mapping)


def _name_set(value: Any) -> Any:
    return frozenset(_written(_is_names)(value))


def _name_sets(value: Any) -> Any:
    return {name: _name_set(names) for name, names in _written(_is_mapping)(value).items()}


def _types(value: Any) -> Any:
    names = (value,) if isinstance(value, str) else value
    if not _is_names(names) or not names or not set(names) <= _TYPES.keys():
        raise InvalidSchemaError
    return [_TYPES[name] for name in names]


def _canonicals(value: Any) -> Any:
    if not isinstance(value, (list, tuple)):
        raise InvalidSchemaError
    return frozenset(map(canonical, value))


def _states(
    ready: Callable[[Any], Any],
    concerns: Callable[[Any], bool],
    holds: Callable[[Any, Any], bool],
    cost: Callable[[Spend, Any, Any], None] | None = None,
) -> Word:
    """Return a word that says something of the items it `concerns`, which `holds` or not, at a `cost`."""

    def rule(check: Checker, value: Any, item: Any, _: JsonObject) -> str | None:
        if not concerns(item):
            return None
        if cost is not None:
            cost(check.spend, value, item)
        return None if holds(value, item) else ITSELF

    return Word(ready, rule)


def _any(_: object) -> bool:
    return True


def _pay_item(spend: Spend, _: object, item: object) -> None:
    # Each of its values is looked at, and written down.
    pay(item, lambda steps: spend(2 * steps))


def _pay_names(spend: Spend, names: Any, _: object) -> None:
    spend(len(names))


def _pay_name_sets(spend: Spend, names: Any, _: object) -> None:
    spend(sum(map(len, names.values())) + len(names))


def _pay_division(spend: Spend, step: float, number: float) -> None:
    spend(_DIVISION + sum(value.bit_length() >> 6 for value in (step, number) if isinstance(value, int)))


def _all_of(check: Checker, schemas: Any, item: object, _: JsonObject) -> str | None:
    return _first(check.broken(schema, item) for schema in schemas)


def _any_of(check: Checker, schemas: Any, item: object, _: JsonObject) -> str | None:
    return None if any(check.broken(schema, item) is None for schema in schemas) else ITSELF


def _one_of(check: Checker, schemas: Any, item: object, _: JsonObject) -> str | None:
    return None if sum(check.broken(schema, item) is None for schema in schemas) == 1 else ITSELF


def _not(check: Checker, schema: object, item: object, _: JsonObject) -> str | None:
    return None if check.broken(schema, item) is not None else ITSELF


def _if(check: Checker, schema: object, item: object, around: JsonObject) -> str | None:
    branch = "then" if check.broken(schema, item) is None else "else"
    return check.broken(around.get(branch, True), item)


def _prefix(check: Checker, schemas: Any, items: Any, _: JsonObject) -> str | None:
    if not isinstance(items, list):
        return None
    return _first(check.broken(schema, item) for schema, item in zip(schemas, items, strict=False))


def _items(check: Checker, schema: object, items: Any, around: JsonObject) -> str | None:
    if not isinstance(items, list):
        return None
    return _first(check.broken(schema, items[place]) for place in range(len(around.get("prefixItems", ())), len(items)))


def _contains(check: Checker, schema: object, items: Any, around: JsonObject) -> str | None:
    if not isinstance(items, list):
        return None
    fitting = sum(check.broken(schema, item) is None for item in items)
    if fitting > around.get("maxContains", fitting):
        return "maxContains"
    if fitting >= around.get("minContains", 1):
        return None
    return "minContains" if fitting else ITSELF


def _properties(check: Checker, schemas: Any, item: Any, _: JsonObject) -> str | None:
    if not isinstance(item, dict):
        return None
    check.spend(len(schemas))
    return _first(check.broken(schema, item[name]) for name, schema in schemas.items() if name in item)


def _additional(check: Checker, schema: object, item: Any, around: JsonObject) -> str | None:
    # Which properties are additional is said by regular expressions, where there are any.
    if not isinstance(item, dict) or "patternProperties" in around:
        return None
    check.spend(len(item))
    named = around.get("properties", {})
    return _first(check.broken(schema, value) for name, value in item.items() if name not in named)


def _names(check: Checker, schema: object, item: Any, _: JsonObject) -> str | None:
    return _first(check.broken(schema, name) for name in item) if isinstance(item, dict) else None


def _dependent(check: Checker, schemas: Any, item: Any, _: JsonObject) -> str | None:
    if not isinstance(item, dict):
        return None
    check.spend(len(schemas))
    return _first(check.broken(schema, item) for name, schema in schemas.items() if name in item)


def _reference(check: Checker, reference: str, item: object, _: JsonObject) -> str | None:
    return check.broken(check.target(reference), item)


def _first(broken: Iterable[str | None]) -> str | None:
    return next((name for name in broken if name is not None), None)


def _dependencies_met(names: Any, item: Any) -> bool:
    return all(item.keys() >= needed for name, needed in names.items() if name in item)


def _one(rule: Rule | None = None) -> Word:
    return Word(lambda value: value, rule, lambda schema: (schema,))


def _several(rule: Rule) -> Word:
    return Word(_written(_is_schemas), rule, lambda schemas: schemas)


def _by_name(rule: Rule | None = None) -> Word:
    return Word(_written(_is_mapping), rule, lambda schemas: schemas.values())


_count, _limit, _text = _written(_is_count), _written(_is_limit), _written(_is_text)

WORDS: Mapping[str, Word] = {
    "$ref": Word(_text, _reference),
    # Without parts that have an $id of their own, there is one scope, and the dynamic reference is a plain one.
    "$dynamicRef": Word(_text, _reference),
    "type": _states(_types, _any, lambda kinds, item: any(kind(item) for kind in kinds)),
    "enum": _states(_canonicals, _any, lambda texts, item: canonical(item) in texts, _pay_item),
    "const": _states(canonical, _any, lambda text, item: canonical(item) == text, _pay_item),
    "multipleOf": _states(_written(_is_step), is_number, is_multiple, _pay_division),
    "maximum": _states(_limit, is_number, operator.ge),
    "exclusiveMaximum": _states(_limit, is_number, operator.gt),
    "minimum": _states(_limit, is_number, operator.le),
    "exclusiveMinimum": _states(_limit, is_number, operator.lt),
    "maxLength": _states(_count, _is_text, lambda most, text: len(text) <= most),
    "minLength": _states(_count, _is_text, lambda least, text: len(text) >= least),
    "maxItems": _states(_count, _is_list, lambda most, items: len(items) <= most),
    "minItems": _states(_count, _is_list, lambda least, items: len(items) >= least),
    "maxProperties": _states(_count, _is_object, lambda most, item: len(item) <= most),
    "minProperties": _states(_count, _is_object, lambda least, item: len(item) >= least),
    "uniqueItems": _states(
        _written(_is_truth), _is_list, lambda wanted, items: not wanted or is_unique(items), _pay_item
    ),
    "required": _states(_name_set, _is_object, lambda names, item: item.keys() >= names, _pay_names),
    "dependentRequired": _states(_name_sets, _is_object, _dependencies_met, _pay_name_sets),
    "allOf": _several(_all_of),
    "anyOf": _several(_any_of),
    "oneOf": _several(_one_of),
    "not": _one(_not),
    "if": _one(_if),
    "then": _one(),
    "else": _one(),
    "prefixItems": _several(_prefix),
    "items": _one(_items),
    "contains": _one(_contains),
    "minContains": Word(_count),
    "maxContains": Word(_count),
    "properties": _by_name(_properties),
    "additionalProperties": _one(_additional),
    "propertyNames": _one(_names),
    "dependentSchemas": _by_name(_dependent),
    # What follows is not checked in an answer.
    "pattern": Word(_text),
    "patternProperties": _by_name(),
    "unevaluatedItems": _one(),
    "unevaluatedProperties": _one(),
    "format": Word(_text),
    "$defs": _by_name(),
    "definitions": _by_name(),
    "$id": Word(_text),
    "$schema": Word(_text),
    "$anchor": Word(_text),
    "$dynamicAnchor": Word(_text),
}
