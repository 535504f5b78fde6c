"""One OpenAI message of a caller, checked and turned into a `Message`.

What a server would ignore or we would not look at is refused: nothing travels that the detectors have not seen.
`tags` of a message or a part are ours: they are read here and not sent.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NoReturn, cast, get_args

from gateway.errors import InvalidRequestError
from gateway.leaves import is_encodable
from gateway.types import ContentPart, Message, Role, ToolCall

ROLES = get_args(Role)
# Of a request, a message or a part.
MOST_TAGS = 1_000

# What the OpenAI SDK writes into a dumped answer beside its content; None is dropped, and so are annotations.
_UNUSED = frozenset({"audio", "function_call", "annotations", "refusal", "reasoning_content", "reasoning"})
_SLIP = re.compile(r"[a-z_]{1,24}")
_FIELDS = ("role", "content", "name", "tool_calls", "tool_call_id", "tags")
_KNOWN = _UNUSED.union(_FIELDS)

_WHERE_TAGS = "put the tags beside the content of the message, or give tags=... to the request"

_PARTS: dict[str, frozenset[str]] = {
    "text": frozenset({"text"}),
    "image_url": frozenset({"image_url"}),
    "input_audio": frozenset({"input_audio"}),
    "video_url": frozenset({"video_url"}),
    "file": frozenset({"file"}),
}


def refuse(place: str, fault: str, remedy: str) -> NoReturn:
    """Raise the `InvalidRequestError` that says where, what and what to do."""
    raise InvalidRequestError(f"{place} {fault}; {remedy}")


def text_of(value: str, place: str) -> str:
    """Return a text that has something in it and can be sent."""
    if not value or value.isspace():
        refuse(place, "is empty", "give a text")
    return _encodable(value, place)


def tags_of(value: object, place: str) -> frozenset[str]:
    """Return tags as a caller gives them."""
    if isinstance(value, (str, Mapping)) or not isinstance(value, Iterable):
        refuse(place, f"is a {type(value).__name__}", 'give a set of texts, for instance {"pii"}')
    tags = frozenset(label_of(tag, f"a tag of {place}") for tag in value)
    if len(tags) > MOST_TAGS:
        refuse(place, f"has {len(tags):,} tags", f"give {MOST_TAGS} at most")
    return tags


def without_tags(value: Mapping[Any, Any], place: str) -> Mapping[Any, Any]:
    """Return an object that is sent as it is, where tags would be no tags of ours."""
    if "tags" in value:
        refuse(f"{place}.tags", "is at a place where nobody reads tags", _WHERE_TAGS)
    return value


def label_of(value: object, place: str) -> str:
    """Return a word of the caller's: a text with something in it."""
    if not isinstance(value, str):
        refuse(place, f"is a {type(value).__name__}", "give a text")
    return text_of(value, place)


def parse_message(value: object, place: str) -> Message:
    """Return the message; `place` is its name in errors. A `Message` is checked too, and comes back as it is."""
    if isinstance(value, Message):
        message = _message({name: getattr(value, name) for name in _FIELDS}, place)
        return value if message == value else message
    if not isinstance(value, Mapping):
        refuse(place, f"is a {type(value).__name__}", 'pass {"role": ..., "content": ...}')
    _known_keys(value, place)
    return _message(value, place)


def _message(value: Mapping[str, Any], place: str) -> Message:
    role = value.get("role")
    if role not in ROLES:
        refuse(f"{place}.role", "is missing or unknown", f"choose one of: {', '.join(ROLES)}")
    message = Message(
        role=cast("Role", role),
        content=_content(value, place),
        name=_optional_text(value.get("name"), f"{place}.name"),
        tool_calls=_tool_calls(value.get("tool_calls"), f"{place}.tool_calls"),
        tool_call_id=_optional_text(value.get("tool_call_id"), f"{place}.tool_call_id"),
        tags=_optional_tags(value.get("tags"), place),
    )
    _check_role(message, place)
    return message


def _known_keys(value: Mapping[Any, Any], place: str) -> None:
    for key, item in value.items():
        if key not in _KNOWN:
            refuse(place, f"has a key that no message has{_shown(key)}", "remove it")
        if key in ("audio", "function_call") and item is not None:
            refuse(f"{place}.{key}", "is not supported", "use tool_calls, or an input_audio part of the content")


def _shown(key: object) -> str:
    # A slip of the pen is told; what may be somebody's text is not.
    return f": {key!r}" if isinstance(key, str) and _SLIP.fullmatch(key) else ""


def _content(value: Mapping[str, Any], place: str) -> str | tuple[ContentPart, ...] | None:
    content = value.get("content")
    if content is None:
        # A refusal is what the assistant said in place of a content.
        content = value.get("refusal")
    if content is None or isinstance(content, str):
        return None if content is None else _encodable(content, f"{place}.content")
    if not isinstance(content, Sequence) or isinstance(content, (bytes, bytearray)) or not content:
        refuse(f"{place}.content", "is neither a text nor a list of parts", "give one of them")
    return tuple(_part(part, f"{place}.content[{number}]") for number, part in enumerate(content))


def _part(value: object, place: str) -> ContentPart:
    if not isinstance(value, ContentPart):
        return _parsed_part(value, place)
    parsed = _parsed_part(_whole_body(value, place), place)
    tags = parsed.tags | _optional_tags(value.tags, place)
    # Tags in a body are no part of what is sent.
    return value if tags == value.tags and "tags" not in value.body else replace(parsed, tags=tags)


def _whole_body(part: ContentPart, place: str) -> Mapping[str, Any]:
    if not isinstance(part.body, Mapping):
        refuse(f"{place}.body", f"is a {type(part.body).__name__}", "give the whole part as an object")
    if part.body.get("type", part.type) != part.type:
        refuse(place, "has another type in its body", "write the same into both")
    return {**part.body, "type": part.type}


def _parsed_part(value: object, place: str) -> ContentPart:
    if not isinstance(value, Mapping) or value.get("type") not in tuple(_PARTS):
        refuse(f"{place}.type", "is missing or unknown", f"choose one of: {', '.join(_PARTS)}")
    kind = value["type"]
    if extra := value.keys() - _PARTS[kind] - {"type", "cache_control", "tags"}:
        refuse(place, f"has a key that a {kind} part has not{_shown(min(extra, key=str))}", "remove it")
    body = value.get(kind)
    if kind == "text":
        if not isinstance(body, str):
            refuse(f"{place}.text", "is no text", "give a text")
        text_of(body, f"{place}.text")
    elif not isinstance(body, Mapping):
        refuse(f"{place}.{kind}", "is no object", f'give {{"type": "{kind}", "{kind}": {{...}}}}')
    if kind == "image_url" and not isinstance(cast("Mapping[str, Any]", body).get("url"), str):
        refuse(f"{place}.image_url.url", "is no text", "give a URL or a data: URL")
    for key in (kind, "cache_control"):
        if isinstance(inner := value.get(key), Mapping):
            without_tags(inner, f"{place}.{key}")
    sent = {key: item for key, item in value.items() if key != "tags"}
    return ContentPart(type=kind, body=sent, tags=_optional_tags(value.get("tags"), place))


def _optional_tags(value: object, place: str) -> frozenset[str]:
    return tags_of(value, f"{place}.tags") if value is not None else frozenset()


def _tool_calls(value: object, place: str) -> tuple[ToolCall, ...]:
    if value is None:
        return ()
    if not isinstance(value, (list, tuple)):
        refuse(place, f"is a {type(value).__name__}", "give a list")
    return tuple(_tool_call(call, f"{place}[{number}]") for number, call in enumerate(value))


def _tool_call(value: object, place: str) -> ToolCall:
    if isinstance(value, ToolCall):
        fields: dict[str, object] = {"id": value.id, "name": value.name, "arguments": value.arguments}
    elif isinstance(value, Mapping) and isinstance(value.get("function"), Mapping):
        function = without_tags(value["function"], f"{place}.function")
        without_tags(value, place)
        fields = {"id": value.get("id"), "name": function.get("name"), "arguments": function.get("arguments")}
    else:
        refuse(place, "is no function call", 'give {"id": ..., "type": "function", "function": {...}}')
    for name, field in fields.items():
        if not isinstance(field, str) or (not field and name != "arguments"):
            refuse(f"{place}.{name}", "is missing or no text", "copy it from the answer that made the call")
    return ToolCall(**cast("dict[str, str]", fields))


def _check_role(message: Message, place: str) -> None:
    if message.tool_calls and message.role != "assistant":
        refuse(f"{place}.tool_calls", f"is given for the role {message.role}", "only the assistant calls tools")
    if message.role == "tool" and message.tool_call_id is None:
        refuse(f"{place}.tool_call_id", "is missing", "name the tool call that this message answers")
    if message.content is None and not message.tool_calls:
        refuse(f"{place}.content", "is missing", "give a text")
    if message.role in ("user", "system", "developer") and isinstance(message.content, str):
        text_of(message.content, f"{place}.content")


def _optional_text(value: object, place: str) -> str | None:
    if value is not None and not isinstance(value, str):
        refuse(place, f"is a {type(value).__name__}", "give a text")
    return None if value is None else text_of(value, place)


def _encodable(value: str, place: str) -> str:
    if not is_encodable(value):
        refuse(place, "has half a surrogate pair", "decode it with errors='replace' first")
    return value
