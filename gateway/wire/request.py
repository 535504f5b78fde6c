"""From what a caller writes to a `Request`: a text, OpenAI messages or a `Request`, with labels by keyword.

Everything is checked here, once. A refusal names the place, the fault and the remedy, and never quotes the content.
"""

import os
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, NoReturn, TypedDict, Unpack, get_args

from gateway.errors import InvalidRequestError
from gateway.spelling import remedy
from gateway.types import JsonObject, Message, Request, Stakes
from gateway.wire.messages import label_of, parse_message, refuse, tags_of, text_of, without_tags

Content = str | Request | Sequence[Message | Mapping[str, Any]]

_ID = re.compile(r"[A-Za-z0-9_.:-]{1,128}")
_LARGEST = 2**63
_LARGEST_SHOWN = 10**6


class RequestFields(TypedDict, total=False):
    """The keywords of a request: labels that steer the routing, and parameters of the servers. None means "not given".

    The last four are no words of OpenAI's: vLLM reads `repetition_penalty`, llama.cpp `repeat_penalty`.
    """

    id: str | None
    tags: Iterable[str] | None
    task: str | None
    stakes: Stakes | None
    tenant: str | None
    team: str | None
    deadline_s: float | None
    pin: str | None
    conversation: str | None
    key: str | None
    subject: str | None
    tools: Sequence[JsonObject] | None
    tool_choice: str | JsonObject | None
    response_format: JsonObject | None
    temperature: float | None
    top_p: float | None
    max_tokens: int | None
    max_completion_tokens: int | None
    stop: str | Sequence[str] | None
    seed: int | None
    presence_penalty: float | None
    frequency_penalty: float | None
    logit_bias: Mapping[str, float] | None
    n: Literal[1] | None
    user: str | None
    parallel_tool_calls: bool | None
    reasoning_effort: str | None
    verbosity: str | None
    top_k: int | None
    min_p: float | None
    repeat_penalty: float | None
    repetition_penalty: float | None


def parse_request(content: Content, /, **fields: Unpack[RequestFields]) -> Request:
    """Return the request that a caller means; a `Request` is checked too, and without keywords comes back as it is.

    Keywords on top of a `Request` replace what it has; its tags stay and the new ones are added.
    Raises `InvalidRequestError`.
    """
    if isinstance(content, Request):
        return _relabelled(content, fields)
    if isinstance(content, str):
        messages: tuple[Message, ...] = (Message(role="user", content=text_of(content, "the text")),)
    else:
        messages = _messages(content)
    return _consistent(Request(messages=messages, **_checked(fields)))


def new_id() -> str:
    """Return a unique id that sorts by time: 16 hex digits of nanoseconds, 16 random ones."""
    return f"{time.time_ns():016x}{os.urandom(8).hex()}"


def _relabelled(request: Request, fields: RequestFields) -> Request:
    # Whoever made it by hand was asked nothing yet; what was parsed before passes again in microseconds.
    labels = _checked({name: getattr(request, name) for name in _LABELS})
    sampling = _checked(_parameters(request.sampling)).get("sampling", {})
    new = _checked(fields)
    checked = replace(
        request,
        messages=_messages(request.messages),
        **{
            "tools": (),
            "stakes": "normal",
            **labels,
            **new,
            "sampling": {**sampling, **new.get("sampling", {})},
            "tags": labels.get("tags", frozenset()) | new.get("tags", frozenset()),
        },
    )
    _consistent(checked)
    return request if checked == request else checked


def _parameters(sampling: object) -> Mapping[str, Any]:
    if not isinstance(sampling, Mapping):
        refuse("sampling", f"is a {type(sampling).__name__}", "give {name: value}")
    for name in sampling:
        if name not in _SAMPLING:
            _unknown(str(name), _SAMPLING, " of sampling")
    return sampling


def _messages(content: object) -> tuple[Message, ...]:
    if not isinstance(content, Sequence) or isinstance(content, (bytes, bytearray)):
        refuse("the content", f"is a {type(content).__name__}", "pass a text or a list of messages")
    if not content:
        refuse("messages", "is empty", 'pass at least one {"role": "user", "content": ...}')
    return tuple(parse_message(message, f"messages[{number}]") for number, message in enumerate(content))


def _checked(fields: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    sampling: dict[str, Any] = {}
    for name, value in fields.items():
        check = _LABELS.get(name) or _SAMPLING.get(name) or _unknown(name, [*_LABELS, *_SAMPLING])
        if value is None:
            continue
        (values if name in _LABELS else sampling)[name] = check(value, name)
    # Every answer of ours is one choice, so `n` has nothing to say to a server.
    sampling.pop("n", None)
    if sampling:
        values["sampling"] = sampling
    return values


def _consistent(request: Request) -> Request:
    if request.tool_choice is not None and not request.tools:
        refuse("tool_choice", "is given without tools", "give tools=[...] too")
    if {"max_tokens", "max_completion_tokens"} <= request.sampling.keys():
        refuse("max_tokens", "is given together with max_completion_tokens", "give one of them")
    return request


def _unknown(name: str, known: Iterable[str], place: str = "") -> NoReturn:
    raise InvalidRequestError(f"unknown keyword {name!r}{place}; {remedy(name, known)}")


def _id(value: object, place: str) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        refuse(place, "is no id", "use 1 to 128 letters, digits or any of _ . : -")
    return value


def _stakes(value: object, place: str) -> str:
    if value not in get_args(Stakes):
        refuse(place, "is none of the three", f"choose one of: {', '.join(get_args(Stakes))}")
    return str(value)


def _deadline(value: object, place: str) -> float:
    seconds = _number(value, place)
    if seconds <= 0:
        refuse(place, f"is {seconds:g}", "give the seconds allowed, more than 0")
    return float(seconds)


def _number(value: object, place: str) -> float:
    # Compared, because an integer may be too large to be asked whether it is finite.
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not -_LARGEST < value < _LARGEST:
        refuse(place, f"is {_shown(value)}", "give a finite number")
    return value


def _integer(value: object, place: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        refuse(place, f"is {_shown(value)}", "give an integer")
    return value


def _count(value: object, place: str) -> int:
    number = _integer(value, place)
    if number < 1:
        refuse(place, f"is {_shown(number)}", "give at least 1")
    return number


def _one(value: object, place: str) -> int:
    if _integer(value, place) != 1:
        refuse(place, f"is {_shown(value)}", "ask once for every answer you want; only n=1 is supported")
    return 1


def _flag(value: object, place: str) -> bool:
    if not isinstance(value, bool):
        refuse(place, f"is a {type(value).__name__}", "give True or False")
    return value


def _stop(value: object, place: str) -> str | list[str]:
    if isinstance(value, str):
        return _sequence_of_stop(value, place)
    if not isinstance(value, (list, tuple)) or not value:
        refuse(place, f"is a {type(value).__name__}", "give a text or a list of texts")
    return [_sequence_of_stop(item, f"{place}[{number}]") for number, item in enumerate(value)]


def _sequence_of_stop(value: object, place: str) -> str:
    # A stop sequence may well be white space: "\n" is the most frequent one.
    if not isinstance(value, str) or not value:
        refuse(place, "is no text", "give the text that ends the answer")
    return value


def _bias(value: object, place: str) -> dict[str, float]:
    if not isinstance(value, Mapping):
        refuse(place, f"is a {type(value).__name__}", "give {token id: bias}")
    return {str(token): _number(bias, f"a value of {place}") for token, bias in value.items()}


def _tools(value: object, place: str) -> tuple[JsonObject, ...]:
    if not isinstance(value, (list, tuple)):
        refuse(place, f"is a {type(value).__name__}", "give a list of tools")
    return tuple(_tool(tool, f"{place}[{number}]") for number, tool in enumerate(value))


def _tool(value: object, place: str) -> JsonObject:
    remedy = 'write {"type": "function", "function": {"name": ...}}'
    if not isinstance(value, Mapping) or value.get("type") != "function":
        refuse(place, "is no function", remedy)
    function = value.get("function")
    if not isinstance(function, Mapping) or not isinstance(function.get("name"), str) or not function["name"]:
        refuse(f"{place}.function", "has no name", remedy)
    without_tags(function, f"{place}.function")
    return dict(without_tags(value, place))


def _tool_choice(value: object, place: str) -> str | JsonObject:
    if isinstance(value, Mapping) and isinstance(value.get("function"), Mapping):
        without_tags(value["function"], f"{place}.function")
        return dict(without_tags(value, place))
    if value not in ("auto", "none", "required"):
        refuse(place, "is no choice", 'give "auto", "none", "required" or {"type": "function", "function": ...}')
    return str(value)


def _response_format(value: object, place: str) -> JsonObject | None:
    kinds = ("text", "json_object", "json_schema")
    if not isinstance(value, Mapping) or value.get("type") not in kinds:
        refuse(place, "is no response format", f'give {{"type": ...}} with one of: {", ".join(kinds)}')
    schema = value.get("json_schema")
    if value["type"] == "json_schema" and not (
        isinstance(schema, Mapping) and isinstance(schema.get("schema"), Mapping)
    ):
        refuse(f"{place}.json_schema", "has no schema", 'give {"name": ..., "schema": {...}}')
    if isinstance(schema, Mapping):
        without_tags(schema, f"{place}.json_schema")
    without_tags(value, place)
    return None if value["type"] == "text" else dict(value)


def _shown(value: object) -> str:
    # Digits enough to number somebody are content.
    shown = isinstance(value, (int, float)) and not abs(value) >= _LARGEST_SHOWN
    return str(value) if shown else f"a {type(value).__name__}"


Check = Callable[[Any, str], Any]

_LABELS: dict[str, Check] = {
    "id": _id,
    "tags": tags_of,
    "task": label_of,
    "stakes": _stakes,
    "tenant": label_of,
    "team": label_of,
    "deadline_s": _deadline,
    "pin": label_of,
    "conversation": _id,
    "key": _id,
    "subject": label_of,
    "tools": _tools,
    "tool_choice": _tool_choice,
    "response_format": _response_format,
}

_SAMPLING: dict[str, Check] = {
    "temperature": _number,
    "top_p": _number,
    "max_tokens": _count,
    "max_completion_tokens": _count,
    "stop": _stop,
    "seed": _integer,
    "presence_penalty": _number,
    "frequency_penalty": _number,
    "logit_bias": _bias,
    "n": _one,
    "user": label_of,
    "parallel_tool_calls": _flag,
    "reasoning_effort": label_of,
    "verbosity": label_of,
    "top_k": _integer,
    "min_p": _number,
    "repeat_penalty": _number,
    "repetition_penalty": _number,
}

SAMPLING = frozenset(_SAMPLING)
LOCAL_SAMPLING = frozenset({"top_k", "min_p", "repeat_penalty", "repetition_penalty"})
