"""The strings of a request that a backend would see: read in one order, and written back in the same.

Nothing here knows what the strings mean. Whatever is sent and not walked here would be seen by no detector.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate, chain
from typing import Any, Literal

from gateway.errors import InvalidRequestError
from gateway.types import ContentPart, JsonObject, Message, Need, Request, Role, ToolCall

# `text` may become any other text, `json` is a text that others will read as JSON, `fixed` stays as it is: a number,
# or a name in a part that nobody can read. A `short` number stays as well, and is not in the scanned text.
Form = Literal["text", "json", "fixed", "short"]
Change = Callable[[str, Form], str]

# Where a key of an object stands, and its value.
Pair = tuple[tuple[int, int], tuple[int, int]]

MEDIA: Mapping[str, Need] = {
    "image_url": Need.IMAGES,
    "input_audio": Need.OTHER_MEDIA,
    "video_url": Need.OTHER_MEDIA,
    "file": Need.OTHER_MEDIA,
}
_TEXT_PARTS = frozenset({"text", "refusal"})
# In a part that is no text (an image, a file) a longer string of base64 is its bytes; nobody reads those here.
_LONGEST_NAME = 2_000
_BYTES = re.compile(r"(?:data:[^,]{0,200},)?[A-Za-z0-9+/=_-]*+")
# A number of fewer digits names nobody.
_FEWEST_DIGITS = 6
# No JSON encoder goes so deep: beyond it is nothing that could be sent, or a value that holds itself.
_DEEPEST = 20_000


def scanned_text(request: Request) -> str:
    """Return the text that detectors read, one string a line: what a request sends to a backend, in this order.

    Each message (its text or parts, its name, its tool calls and their arguments), then tools, tool choice, response
    format and sampling parameters, keys included. A request of one plain text is that text, so that spans fit it.
    Raises `InvalidRequestError` for a value that holds itself.
    """
    pieces: list[str] = []
    for message in request.messages:
        pieces.extend(_message_strings(message))
    for value in (request.tools, request.tool_choice, request.response_format, request.sampling):
        if value:
            pieces.extend(_strings(value))
    return pieces[0] if len(pieces) == 1 else "\n".join(pieces)


def said(request: Request) -> Iterator[tuple[int, int, Role]]:
    """Yield the spans of `scanned_text` that are the contents of messages, each with who says it."""
    at = 0
    for message in request.messages:
        texts = (message.content,) if isinstance(message.content, str) else _content_strings(message)
        for text in texts:
            end = at + len(text)
            yield at, end, message.role
            at = end + 1
        if message.name or message.tool_call_id or message.tool_calls:
            at += sum(len(text) + 1 for text in _further_strings(message))


def keyed(request: Request, size: int) -> Iterator[Sequence[Pair]]:
    """Yield the keys and the plain values of each object beside the messages: their spans in the scanned text.

    `size` is the length of that text, which ends with these.
    """
    values = [request.tools, request.tool_choice, request.response_format, request.sampling]
    if texts := [text for value in values if value for text in _strings(value)]:
        starts = iter(accumulate((len(text) + 1 for text in texts), initial=size + 1 - sum(len(t) + 1 for t in texts)))
        for value in filter(None, values):
            yield from _objects(value, starts)


def rewritten(request: Request, change: Change) -> Request:
    """Return the request with every string of `scanned_text` changed, asking for them in the same order.

    Short numbers are asked for as well. What `change` returns for what is `fixed` or `short` is not used. Raises
    `ValueError` where two keys of an object become one, and `RecursionError` for a value that is nested too deeply to
    be sent.
    """
    return replace(
        request,
        messages=tuple(_rewritten_message(message, change) for message in request.messages),
        tools=tuple(_rewritten(tool, change) for tool in request.tools),
        tool_choice=_rewritten(request.tool_choice, change) if request.tool_choice else request.tool_choice,
        response_format=_rewritten(request.response_format, change),
        sampling=_rewritten(request.sampling, change),
    )


def parts(request: Request) -> Iterator[ContentPart]:
    """Yield the parts of all messages that have parts."""
    for message in request.messages:
        if isinstance(message.content, tuple):
            yield from message.content


def unread_types(part: ContentPart) -> set[str]:
    """Return as what a part may be read that is no text: its type, the one in its body, the keys of its body."""
    types = {part.type, str(part.body.get("type", part.type)), *MEDIA.keys() & part.body.keys()}
    return types - _TEXT_PARTS


def _message_strings(message: Message) -> Iterator[str]:
    yield from _content_strings(message)
    yield from _further_strings(message)


def _content_strings(message: Message) -> Iterator[str]:
    if isinstance(message.content, str):
        yield message.content
    else:
        for part in message.content or ():
            yield from _part_strings(part)


def _further_strings(message: Message) -> Iterator[str]:
    yield from filter(None, (message.name, message.tool_call_id))
    for call in message.tool_calls:
        yield from (call.id, call.name, call.arguments)


def _rewritten_message(message: Message, change: Change) -> Message:
    content = message.content
    if isinstance(content, str):
        content = change(content, "text")
    elif content is not None:
        content = tuple(_rewritten_part(part, change) for part in content)
    return replace(
        message,
        content=content,
        name=change(message.name, "text") if message.name else message.name,
        tool_call_id=change(message.tool_call_id, "text") if message.tool_call_id else message.tool_call_id,
        tool_calls=tuple(_rewritten_call(call, change) for call in message.tool_calls),
    )


def _rewritten_call(call: ToolCall, change: Change) -> ToolCall:
    return ToolCall(
        id=change(call.id, "text"), name=change(call.name, "text"), arguments=change(call.arguments, "json")
    )


def _part_strings(part: ContentPart) -> Iterator[str]:
    content = _content(part)
    if unread_types(part):
        yield from _names_of(part, content)
    else:
        # A plain text stands for itself, so that spans fit it.
        yield from _strings(content[part.type] if content.keys() == {part.type} else content)


def _rewritten_part(part: ContentPart, change: Change) -> ContentPart:
    content = _content(part)
    if unread_types(part):
        for name in _names_of(part, content):
            change(name, "fixed")
        return part
    if content.keys() == {part.type}:
        return replace(part, body={**part.body, part.type: _rewritten(content[part.type], change)})
    # The key that makes it a text stays, or it would be none.
    changed = _changed_object(content, change, fixed=part.type)
    return replace(part, body={**({"type": part.body["type"]} if "type" in part.body else {}), **changed})


def _content(part: ContentPart) -> JsonObject:
    return {key: value for key, value in part.body.items() if key != "type"}


def _names_of(part: ContentPart, content: JsonObject) -> Iterator[str]:
    strange = [name for name in (part.type, part.body.get("type")) if name not in (*_TEXT_PARTS, *MEDIA)]
    yield from (text for text in _strings([content, strange]) if not _is_bytes(text))


def _is_bytes(text: str) -> bool:
    return len(text) > _LONGEST_NAME and _BYTES.fullmatch(text) is not None


def _objects(value: object, starts: Iterator[int]) -> Iterator[Sequence[Pair]]:
    """Yield the pairs of each object of a JSON value; `starts` says where each of its strings begins, in order."""
    path: list[tuple[Iterator[tuple[object, object]], list[Pair]]]
    path = [(iter(((None, value),)), [])]
    while path:
        items, pairs = path[-1]
        for key, item in items:
            name, text = _said(key), _said(item)
            at = next(starts) if name is not None else 0
            if text is not None:
                start = next(starts)
                if name is not None:
                    pairs.append(((at, at + len(name)), (start, start + len(text))))
            elif isinstance(item, Mapping):
                path.append((iter(item.items()), []))
                break
            elif isinstance(item, (list, tuple)):
                path.append((((None, each) for each in item), []))
                break
        else:
            path.pop()
            if pairs:
                yield pairs


def _said(item: object) -> str | None:
    """Return the string that one of `_strings` is of this value, None where it has none of its own."""
    number = None if isinstance(item, str) else _number(item)
    return item if isinstance(item, str) else number if number is not None and _is_long(number) else None


def _strings(value: object) -> Iterator[str]:
    """Yield the strings of a JSON value, keys included, and the numbers that are long enough to name somebody."""
    path: list[Iterator[object]] = [iter((value,))]
    while path:
        if len(path) > _DEEPEST:
            raise InvalidRequestError("a value of the request is nested too deeply, or holds itself; send a plain one")
        for item in path[-1]:
            if isinstance(item, str):
                yield item
            elif isinstance(item, Mapping):
                path.append(chain.from_iterable(item.items()))
                break
            elif isinstance(item, (list, tuple)):
                path.append(iter(item))
                break
            elif (number := _number(item)) is not None and _is_long(number):
                yield number
        else:
            path.pop()


# A JSON value goes in and one of the same shape comes out.
def _rewritten(value: Any, change: Change) -> Any:
    if isinstance(value, str):
        return change(value, "text")
    if isinstance(value, Mapping):
        return _changed_object(value, change)
    if isinstance(value, (list, tuple)):
        items = [_rewritten(item, change) for item in value]
        # A named tuple is made of its fields, and is a list in JSON as any other.
        return items if isinstance(value, list) else tuple(items)
    if (number := _number(value)) is not None:
        change(number, "fixed" if _is_long(number) else "short")
    return value


def _changed_object(value: Mapping[Any, Any], change: Change, *, fixed: str | None = None) -> dict[Any, Any]:
    pairs = [(_changed_key(key, change, fixed), _rewritten(item, change)) for key, item in value.items()]
    changed = dict(pairs)
    if len(changed) < len(pairs):
        raise ValueError("two keys of an object became one")
    return changed


def _changed_key(key: Any, change: Change, fixed: str | None) -> Any:
    if key != fixed:
        return _rewritten(key, change)
    change(key, "fixed")
    return key


def _number(item: object) -> str | None:
    """Return a number as JSON writes it, None for whatever is none."""
    if isinstance(item, bool):
        return None
    if isinstance(item, int):
        try:
            return int.__repr__(item)
        # Beyond what Python writes, JSON has no way to write it either.
        except ValueError:
            return None
    if not isinstance(item, float):
        return None
    written = float.__repr__(item)
    # Of 4.111e+16 the digits are read as of one number.
    return written.replace(".", "", 1).replace("e", " e") if "e" in written else written


def _is_long(number: str) -> bool:
    return len(number) >= _FEWEST_DIGITS and sum(map(str.isdigit, number)) >= _FEWEST_DIGITS


def is_encodable(text: str) -> bool:
    """Whether a text can be sent: half a surrogate pair cannot be written as UTF-8."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
