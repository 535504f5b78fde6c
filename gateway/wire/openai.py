"""OpenAI's chat.completions format, in and out: the one codec of the backends and the server.

Answers are read strictly where a wrong reading would be a wrong answer, and leniently where only a figure is lost:
a usage or a log-probability that cannot be read is unknown. No error quotes what was sent or received.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from gateway.errors import BackendError, ContentFilteredError, MalformedResponseError, RequestRejectedError
from gateway.types import (
    Completion,
    ContentPart,
    Delta,
    Message,
    Request,
    TokenLogprob,
    ToolCall,
    ToolCallDelta,
    Usage,
)
from gateway.wire.failures import failure
from gateway.wire.request import LOCAL_SAMPLING, SAMPLING, Content, RequestFields, new_id, parse_request
from gateway.wire.usage import parse_cost, parse_usage

__all__ = [
    "LOCAL_SAMPLING",
    "SAMPLING",
    "Content",
    "RequestFields",
    "body",
    "decode",
    "encode",
    "new_id",
    "parse_chunk",
    "parse_completion",
    "parse_request",
]

TOP_LOGPROBS = 5

# From here to a rounding error above 0, which is certainty.
LEAST_LOGPROB = -1e6
ROUNDING = 1e-3
# A model's name goes into the ledger, and a server may say there what it likes: what has spaces in it is a sentence.
_NAME = re.compile(r"[\w.:/@+\\()\[\]-]{1,200}")
# Why it ended, in a word: so too.
_REASON = re.compile(r"[A-Za-z][A-Za-z_-]{0,31}")
_NO_WORD = "other"

# The words of servers that predate OpenAI's; any other word is passed on as it came.
_FINISH_REASONS = {"eos_token": "stop", "stop_sequence": "stop", "eos": "stop", "function_call": "tool_calls"}


class _Unreadable(Exception):  # noqa: N818 - it never leaves this module
    """What is wrong with an answer, without its content."""


def body(
    request: Request, *, model: str, stream: bool = False, logprobs: bool = False, backend: str = ""
) -> dict[str, Any]:
    """Return the body of a chat.completions call; raises `RequestRejectedError` for a parameter that is none."""
    if not SAMPLING.issuperset(request.sampling):
        # `parse_request` refuses it by name; a backend may be asked without it.
        raise RequestRejectedError("the request has a sampling parameter that is none; remove it", backend=backend)
    written: dict[str, Any] = {
        **request.sampling,
        "model": model,
        "messages": [_message(message) for message in request.messages],
    }
    if request.tools:
        written["tools"] = list(request.tools)
    if request.tool_choice is not None:
        written["tool_choice"] = request.tool_choice
    if request.response_format is not None:
        written["response_format"] = request.response_format
    if stream:
        written |= {"stream": True, "stream_options": {"include_usage": True}}
    if logprobs:
        written |= {"logprobs": True, "top_logprobs": TOP_LOGPROBS}
    return written


def encode(written: Mapping[str, Any], *, backend: str) -> bytes:
    """Return a body as JSON; raises `RequestRejectedError` for what JSON cannot say."""
    try:
        return json.dumps(written, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError):
        # The error, and the encoder's with it, may hold the prompt: neither is chained.
        pass
    raise RequestRejectedError("the request cannot be written as JSON; check its tools and schemas", backend=backend)


def decode(raw: bytes, *, backend: str) -> Any:
    """Return what JSON bytes say; raises `MalformedResponseError`."""
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        # A JSONDecodeError holds the document: it is not chained.
        pass
    raise MalformedResponseError(f"{backend!r} answered with something that is no JSON", backend=backend)


def parse_completion(payload: object, *, backend: str, model: str = "") -> Completion:
    """Return the answer in a chat.completion object; `model` stands in where the server names none."""
    fault: BackendError
    try:
        return _completion(_object(payload, "the answer"), backend=backend, model=model)
    except _Unreadable as unreadable:
        fault = MalformedResponseError(f"{backend!r} answered with no completion: {unreadable}", backend=backend)
    raise fault


def parse_chunk(payload: object, *, backend: str) -> Delta:
    """Return what a chat.completion.chunk adds; a usage chunk may come with or without choices."""
    fault: BackendError
    try:
        return _delta(_object(payload, "the chunk"), backend=backend)
    except _Unreadable as unreadable:
        fault = MalformedResponseError(
            f"{backend!r} streamed something that is no chunk: {unreadable}", backend=backend
        )
    raise fault


def _message(message: Message) -> dict[str, Any]:
    content = message.content
    written: dict[str, Any] = {
        "role": message.role,
        "content": [_part(part) for part in content] if isinstance(content, tuple) else content,
    }
    if message.name is not None:
        written["name"] = message.name
    if message.tool_calls:
        written["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.tool_calls
        ]
    if message.tool_call_id is not None:
        written["tool_call_id"] = message.tool_call_id
    return written


def _part(part: ContentPart) -> dict[str, Any]:
    # Tags are the caller's word to us, also where a part was made by hand.
    return {**{key: value for key, value in part.body.items() if key != "tags"}, "type": part.type}


def _completion(payload: Mapping[str, Any], *, backend: str, model: str) -> Completion:
    _raise_error_object(payload, backend=backend)
    choice = _object(_first(payload.get("choices")), "choices[0]")
    said = _object(choice.get("message"), "choices[0].message")
    message = Message(
        role="assistant",
        content=_text(said.get("content"), "content"),
        tool_calls=_tool_calls(said.get("tool_calls")),
    )
    reason = _finish_reason(choice)
    if reason is None:
        raise _Unreadable("no finish_reason")
    if reason == "content_filter" and not message.content and not message.tool_calls:
        raise ContentFilteredError(f"{backend!r} withheld its answer (content_filter)", backend=backend, status=200)
    return Completion(
        message=message,
        finish_reason=reason,
        usage=parse_usage(payload) or Usage(),
        model=_name(payload) or model,
        logprobs=_logprobs(choice) or None,
        reported_cost=parse_cost(payload),
    )


def _delta(payload: Mapping[str, Any], *, backend: str) -> Delta:
    _raise_error_object(payload, backend=backend)
    choices = payload.get("choices")
    if choices is None or choices == []:
        choice: Mapping[str, Any] = {}
    else:
        choice = _object(_first(choices), "choices[0]")
    said = _object({} if choice.get("delta") is None else choice["delta"], "choices[0].delta")
    return Delta(
        text=_text(said.get("content"), "content") or "",
        tool_calls=_tool_call_deltas(said.get("tool_calls")),
        finish_reason=_finish_reason(choice),
        usage=parse_usage(payload),
        model=_name(payload),
        logprobs=_logprobs(choice),
        reported_cost=parse_cost(payload),
    )


def _raise_error_object(payload: Mapping[str, Any], *, backend: str) -> None:
    if payload.get("error"):
        raise failure(None, payload, backend=backend)


def _object(value: object, place: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _Unreadable(f"{place} is no object")
    return value


def _first(choices: object) -> object:
    if not isinstance(choices, list) or not choices:
        raise _Unreadable("no choices")
    return choices[0]


def _name(payload: Mapping[str, Any]) -> str | None:
    model = payload.get("model")
    return model if isinstance(model, str) and _NAME.fullmatch(model) else None


def _finish_reason(choice: Mapping[str, Any]) -> str | None:
    reason = choice.get("finish_reason")
    if reason is not None and not isinstance(reason, str):
        raise _Unreadable("finish_reason is no text")
    if not reason:
        return None
    return _FINISH_REASONS.get(reason, reason) if _REASON.fullmatch(reason) else _NO_WORD


def _text(content: object, place: str) -> str | None:
    if content is None or isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise _Unreadable(f"{place} is neither a text nor a list of parts")
    # Some servers answer in parts; what is not text (their thinking) is no part of the answer.
    texts = [part.get("text") for part in content if isinstance(part, dict) and part.get("type") == "text"]
    return "".join(text for text in texts if isinstance(text, str))


def _tool_calls(calls: object) -> tuple[ToolCall, ...]:
    return tuple(_tool_call(number, call) for number, call in enumerate(_list(calls, "tool_calls")))


def _tool_call(number: int, call: object) -> ToolCall:
    place = f"tool_calls[{number}]"
    call = _object(call, place)
    function = _object(call.get("function"), f"{place}.function")
    name = function.get("name")
    if not isinstance(name, str) or not name:
        raise _Unreadable(f"{place} has no name")
    identity = _optional_text(call.get("id"), f"{place}.id") or f"call_{number}"
    return ToolCall(id=identity, name=name, arguments=_arguments(function, place))


def _tool_call_deltas(calls: object) -> tuple[ToolCallDelta, ...]:
    return tuple(_tool_call_delta(number, call) for number, call in enumerate(_list(calls, "tool_calls")))


def _tool_call_delta(number: int, call: object) -> ToolCallDelta:
    place = f"tool_calls[{number}]"
    call = _object(call, place)
    function = _object(call.get("function") or {}, f"{place}.function")
    index = call.get("index")
    return ToolCallDelta(
        index=index if isinstance(index, int) else number,
        id=_optional_text(call.get("id"), f"{place}.id"),
        name=_optional_text(function.get("name"), f"{place}.function.name"),
        arguments=_arguments(function, place),
    )


def _optional_text(value: object, place: str) -> str | None:
    if value is not None and not isinstance(value, str):
        raise _Unreadable(f"{place} is no text")
    return value or None


def _arguments(function: Mapping[str, Any], place: str) -> str:
    arguments = function.get("arguments")
    if arguments is None:
        return ""
    if isinstance(arguments, dict):
        # Some servers send the object itself where OpenAI sends its JSON text.
        return json.dumps(arguments, ensure_ascii=False)
    if not isinstance(arguments, str):
        raise _Unreadable(f"{place}.function.arguments is no text")
    return arguments


def _list(value: object, place: str) -> Sequence[object]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise _Unreadable(f"{place} is no list")
    return value


def _logprobs(choice: Mapping[str, Any]) -> tuple[TokenLogprob, ...]:
    logprobs = choice.get("logprobs")
    content = logprobs.get("content") if isinstance(logprobs, dict) else None
    if not isinstance(content, list):
        return ()
    tokens = [_token(item) for item in content]
    # With one token unread, the rest would be the log-probabilities of another text.
    return tuple(token for token in tokens if token is not None) if None not in tokens else ()


def _token(item: object) -> TokenLogprob | None:
    pair = _pair(item)
    if pair is None or not isinstance(item, dict):
        return None
    listed = item.get("top_logprobs")
    pairs = [_pair(other) for other in listed] if isinstance(listed, list) else []
    return TokenLogprob(token=pair[0], logprob=pair[1], top=tuple(pair for pair in pairs if pair is not None))


def _pair(item: object) -> tuple[str, float] | None:
    if not isinstance(item, dict):
        return None
    token, logprob = item.get("token"), _logprob(item.get("logprob"))
    return (token, logprob) if isinstance(token, str) and logprob is not None else None


def _logprob(value: object) -> float | None:
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not LEAST_LOGPROB <= value <= ROUNDING:
        return None
    return min(0.0, float(value))
