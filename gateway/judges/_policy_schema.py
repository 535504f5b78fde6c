"""Whether an answer has the shape that a JSON Schema of the policy asks for. Nothing is fetched, no answer is quoted.

The schema is the operator's: all of draft 2020-12 is checked, its regular expressions are run, and nothing is counted.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jsonschema
import referencing
from jsonschema import Draft202012Validator, validators

from gateway.judges._keywords import is_multiple, is_number, is_unique


class PolicySchema:
    """A schema, checked once; nothing that it says makes it raise."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._schema = schema
        self._fault = _fault_of(schema)

    def mismatch(self, value: object) -> str | None:
        """Say what is wrong with a JSON value, or with the schema; None where the value fits."""
        if self._fault is not None:
            return self._fault
        try:
            validator = _VALIDATOR(self._schema, registry=referencing.Registry())
            error = next(validator.iter_errors(value), None)
        except referencing.exceptions.Unresolvable:
            return "the schema refers to something outside itself"
        except RecursionError:
            return "the schema or the answer is nested too deep"
        except _ASTRAY:
            return "the schema refers to something that is no schema"
        # The rule's name comes from a closed list; a path or a message would quote the answer.
        return None if error is None else f"it breaks the schema's rule {error.validator!r}"


# A reference may lead into any JSON, which the library then reads as a schema without having checked it.
_ASTRAY = (
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
    re.error,
    jsonschema.exceptions.UnknownType,
)


# Which formats jsonschema knows hangs on what else is installed; that of patterns it always knows.
_FORMATS = jsonschema.FormatChecker(("regex",))


def _fault_of(schema: Mapping[str, Any]) -> str | None:
    try:
        Draft202012Validator.check_schema(schema, format_checker=_FORMATS)
    except (jsonschema.SchemaError, RecursionError, *_ASTRAY):
        return "the schema is no valid JSON Schema"
    return None


# jsonschema's rules are called with the validator, the rule's value, the instance and the schema, all of them JSON.
_Rule = Callable[[Any, Any, Any, Any], Iterator[jsonschema.ValidationError]]


def _states(concerns: Callable[[Any], bool], holds: Callable[[Any, Any], bool]) -> _Rule:
    def rule(_: Any, value: Any, instance: Any, __: Any) -> Iterator[jsonschema.ValidationError]:
        if concerns(instance) and not holds(value, instance):
            yield jsonschema.ValidationError("")

    return rule


# The library compares every item with every other, and fails at 1e999.
# The stubs leave `extend` without types.
_VALIDATOR = validators.extend(  # type: ignore[no-untyped-call]
    Draft202012Validator,
    {
        "uniqueItems": _states(
            lambda item: isinstance(item, list), lambda wanted, items: not wanted or is_unique(items)
        ),
        "multipleOf": _states(is_number, is_multiple),
    },
)
