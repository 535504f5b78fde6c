"""Whether a value has the shape that a JSON Schema asks for. Nothing is fetched, and no answer is quoted.

A request's schema is a stranger's: its regular expressions are not run, for they can be made to run for ever, and its
references are followed a bounded number of times.
"""

from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

import jsonschema
import referencing
from jsonschema import Draft202012Validator, validators

from gateway.types import JsonObject

# A reference costs about 10 us; a chain of doubled references would cost 2^n of them.
_MOST_REFERENCES = 10_000
_references: ContextVar[int] = ContextVar("references", default=0)

# jsonschema's rules are called with the validator, the rule's value, the instance and the schema, all of them JSON.
_Rule = Callable[[Any, Any, Any, Any], Iterator[Any] | None]


class _TooCostlyError(Exception):
    """The schema refers to itself too often."""


def mismatch(value: object, schema: JsonObject, *, trusted: bool = False) -> str | None:
    """Say what is wrong with a value, or with the schema; None where the value fits.

    A `trusted` schema (the operator's) has its regular expressions run.
    """
    kind = Draft202012Validator if trusted else _STRANGER
    _references.set(0)
    try:
        kind.check_schema(schema)
        error = next(kind(schema, registry=referencing.Registry()).iter_errors(value), None)
    except jsonschema.SchemaError:
        return "the schema is no valid JSON Schema"
    except referencing.exceptions.Unresolvable:
        return "the schema refers to something outside itself"
    except (RecursionError, _TooCostlyError):
        return "the schema or the answer is nested too deep"
    # The rule's name comes from a closed list; a path or a message would quote the answer.
    return None if error is None else f"it breaks the schema's rule {error.validator!r}"


def _counted(rule: _Rule) -> _Rule:
    def count(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[Any] | None:
        _references.set(_references.get() + 1)
        if _references.get() > _MOST_REFERENCES:
            raise _TooCostlyError
        return rule(validator, value, instance, schema)

    return count


def _nothing(*_: object) -> None:
    return None


def _additional(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[Any] | None:
    # Which properties are additional is said by regular expressions, where there are any.
    if "patternProperties" in schema:
        return None
    return _RULES["additionalProperties"](validator, value, instance, schema)


_RULES: dict[str, _Rule] = dict(Draft202012Validator.VALIDATORS)
# The stubs leave `extend` without types.
_STRANGER = validators.extend(  # type: ignore[no-untyped-call]
    Draft202012Validator,
    {
        "pattern": _nothing,
        "patternProperties": _nothing,
        "unevaluatedProperties": _nothing,
        "additionalProperties": _additional,
        "$ref": _counted(_RULES["$ref"]),
        "$dynamicRef": _counted(_RULES["$dynamicRef"]),
    },
)
