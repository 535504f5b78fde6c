"""Accepts an answer that has the asked form: a label, JSON, calls of the tools on offer. Nothing is said of its truth.

What the request asks for by itself (tools, response format) is always checked, within a bound: a schema that takes
longer than some 50 ms rejects the answer. No reason quotes the answer.
"""

import json
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

from gateway.interfaces import Inquiry
from gateway.judges._schema import Comparison
from gateway.types import Completion, JsonObject, Message, Request, ToolCall, Verdict


class Options(BaseModel):
    """The form that an answer must have; all that is given must hold. A call of a tool need not hold it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    one_of: tuple[str, ...] | None = Field(default=None, min_length=1, description="The only answers there are.")
    ignore_case: bool = Field(default=False, description="Whether `one_of` reads Yes, yes and YES as one.")
    is_json: bool = Field(default=False, alias="json", description="Whether the answer must be JSON and nothing else.")
    # JSON Schema is open-ended JSON.
    own_schema: Literal["request"] | dict[str, Any] = Field(
        default="request",
        alias="schema",
        description="A JSON Schema that every answer must match; `request`: the one of its response format alone.",
    )
    pattern: re.Pattern[str] | None = Field(default=None, description="A regular expression for the whole answer.")
    min_chars: int = Field(default=1, ge=0)


class OwnSchema(Protocol):
    """A JSON Schema of the policy."""

    def mismatch(self, value: object) -> str | None:
        """Say what is wrong with a value, None where it fits; never quotes it."""


@asynccontextmanager
async def build(options: Options) -> AsyncIterator["FormatJudge"]:
    """Build the judge; nothing is opened."""
    if options.own_schema == "request":
        yield FormatJudge(options)
        return
    # jsonschema takes a tenth of a second to import.
    from gateway.judges._policy_schema import PolicySchema  # noqa: PLC0415

    yield FormatJudge(options, PolicySchema(options.own_schema))


@dataclass(frozen=True, slots=True)
class FormatJudge:
    """Checks form alone, so its verdict has no score."""

    options: Options
    own_schema: OwnSchema | None = None

    @property
    def needs_logprobs(self) -> bool:
        """False: form is in the text."""
        return False

    async def judge(self, request: Request, completion: Completion, inquiry: Inquiry) -> Verdict:  # noqa: ARG002 - the socket gives all
        """Accept the answer that has no fault; the reason names the first one."""
        fault = next(self._faults(request, completion, Comparison()), None)
        reason = "the answer has the asked form" if fault is None else fault
        return Verdict(accepted=fault is None, judge="format", score=None, reason=reason)

    def _faults(self, request: Request, completion: Completion, schemas: Comparison) -> Iterator[str]:
        if completion.finish_reason in _CUT_OFF:
            yield _CUT_OFF[completion.finish_reason]
        message = completion.message
        if not message.tool_calls and not message.text.strip():
            yield "the answer is empty"
        yield from self._tool_faults(request, message, schemas)
        if not message.tool_calls:
            yield from self._text_faults(message.text.strip())
            yield from self._json_faults(request, message.text, schemas)

    def _tool_faults(self, request: Request, message: Message, schemas: Comparison) -> Iterator[str]:
        offered = {name: tool for tool in request.tools if isinstance(name := _function(tool).get("name"), str)}
        demanded = _demanded(request)
        if demanded is not None and not message.tool_calls:
            yield "it calls no tool where the request demands one"
        if request.tool_choice == "none" and message.tool_calls:
            yield "it calls a tool where the request forbids it"
        for call in message.tool_calls:
            if call.name not in offered:
                yield "it calls a tool that is not on offer"
            elif demanded not in (None, "", call.name):
                yield f"it calls another tool than the demanded {demanded!r}"
            else:
                yield from _argument_faults(call, _function(offered[call.name]).get("parameters"), schemas)

    def _text_faults(self, text: str) -> Iterator[str]:
        if len(text) < self.options.min_chars:
            yield f"the answer has {len(text)} characters, fewer than {self.options.min_chars}"
        if self.options.one_of is not None:
            fold: Callable[[str], str] = str.casefold if self.options.ignore_case else str
            if fold(text) not in map(fold, self.options.one_of):
                yield f"the answer is none of the {len(self.options.one_of)} that there are"
        if self.options.pattern is not None and not self.options.pattern.fullmatch(text):
            yield "the answer does not match the pattern"

    def _json_faults(self, request: Request, text: str, schemas: Comparison) -> Iterator[str]:
        wanted = request.response_format or {}
        asked = self.options.is_json or self.own_schema is not None
        if not asked and wanted.get("type") not in ("json_object", "json_schema"):
            return
        value = _parsed(text)
        if value is _NO_JSON:
            yield "the answer is no JSON"
        elif wanted.get("type") == "json_object" and not isinstance(value, dict):
            yield "the answer is no JSON object"
        else:
            schema = _object(wanted, "json_schema").get("schema")
            faults = [schemas.mismatch(value, schema)] if isinstance(schema, Mapping) else []
            faults += [self.own_schema.mismatch(value)] if self.own_schema is not None else []
            yield from (f"the answer: {fault}" for fault in faults if fault)


_CUT_OFF = {
    "length": "the answer was cut off at the token limit",
    "content_filter": "the answer was cut off by a content filter",
}
_NO_JSON = object()


def _parsed(text: str) -> object:
    """Return the value of a JSON text, `_NO_JSON` where it is none (or nested too deep, or holds NaN)."""
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return _NO_JSON


def _refuse(constant: str) -> object:
    raise ValueError(constant)


def _argument_faults(call: ToolCall, schema: JsonObject | None, schemas: Comparison) -> Iterator[str]:
    # Models write nothing where a tool takes nothing.
    arguments = _parsed(call.arguments or "{}")
    if not isinstance(arguments, dict):
        yield f"the arguments of {call.name!r} are no JSON object"
    elif schema and (fault := schemas.mismatch(arguments, schema)):
        yield f"the arguments of {call.name!r}: {fault}"


def _object(value: object, key: str) -> JsonObject:
    inner = value.get(key) if isinstance(value, Mapping) else None
    return inner if isinstance(inner, Mapping) else {}


def _function(tool: JsonObject) -> JsonObject:
    return _object(tool, "function")


def _demanded(request: Request) -> str | None:
    """Return the tool that must be called, "" where any will do, None where none must be."""
    if request.tool_choice == "required":
        return ""
    name = _object(request.tool_choice, "function").get("name")
    return name if isinstance(name, str) else None
