"""The words that the keys of a policy take: levels, and one name or several; and what every model of it shares."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, PlainSerializer
from pydantic_core import PydanticKnownError

from gateway.types import Level

LEVELS = tuple(str(level) for level in Level)


def one_or_many(value: object) -> object:
    """Return one text as a list of it."""
    return (value,) if isinstance(value, str) else value


def _level(value: object) -> object:
    if isinstance(value, Level):
        return value
    if isinstance(value, str) and value in LEVELS:
        return Level[value.upper()]
    # A number is refused too: nobody should have to know that 3 is the strictest.
    expected = " or ".join((", ".join(map(repr, LEVELS[:-1])), repr(LEVELS[-1])))
    raise PydanticKnownError("literal_error", {"expected": expected})


LevelWord = Literal["public", "internal", "confidential", "restricted"]
Names = Annotated[tuple[str, ...], BeforeValidator(one_or_many, json_schema_input_type=str | tuple[str, ...])]
# Written in capitals or not, it is the same place.
Region = Annotated[str, AfterValidator(str.casefold)]
LevelName = Annotated[
    Level,
    BeforeValidator(_level, json_schema_input_type=LevelWord),
    PlainSerializer(str, return_type=str, when_used="json"),
]


class Model(BaseModel):
    """A mapping of the policy, strict and frozen; no error of it shows what was written.

    What checks it is built when it is first asked, for all that it holds at once: class by class it was a tenth of what
    importing the gateway cost. So defaults are made by `model_construct`, which asks nobody.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, defer_build=True)
