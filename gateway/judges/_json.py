"""The JSON of an answer: read within bounds, written in one way, compared field by field."""

import json
import re
from collections.abc import Iterator, Mapping
from fractions import Fraction

from gateway.judges._numbers import number_at

NO_JSON = object()
_MOST_CHARACTERS = 50_000
_MOST_LEAVES = 2_000
_DEEPEST = 40

_ANSWER = re.compile(r"(?:final[_ ]?)?answer", re.IGNORECASE)
# What stands beside an answer and is not compared with it.
_BESIDE = re.compile(
    r"reason(?:ing|s)?|explanation|rationale|thoughts?|thinking|steps?|work(?:ing)?|analysis|solution|confidence|units?"
    r"|chain_of_thought|justification",
    re.IGNORECASE,
)


def is_short(text: str) -> bool:
    """Whether a text is short enough to be read whole."""
    return len(text) <= _MOST_CHARACTERS


def parsed(text: str) -> object:
    """Return the value of a JSON text; `NO_JSON` where it is none, too long, too deep, or holds NaN."""
    if not is_short(text) or _nests_deeper(text):
        return NO_JSON
    try:
        return json.loads(text, parse_constant=_refuse, strict=False)
    except (ValueError, RecursionError):
        return NO_JSON


def leading(text: str, start: int) -> str:
    """Return the JSON text that begins at a place and may be followed by others, empty where there is none."""
    window = text[start : start + _MOST_CHARACTERS]
    if _nests_deeper(window):
        return ""
    try:
        _, end = json.JSONDecoder(strict=False).raw_decode(window)
    except (ValueError, RecursionError):
        return ""
    return window[:end]


def written(value: object) -> str:
    """Return the one way in which a JSON value is written."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def answer_in(value: object) -> object | None:
    """Return the answer of an object that is nothing but an answer and its reasons."""
    if not isinstance(value, Mapping):
        return None
    keys = [key for key in value if _ANSWER.fullmatch(key)]
    if len(keys) != 1 or not all(_BESIDE.fullmatch(key) for key in value if key not in keys):
        return None
    answer: object = value[keys[0]]
    return answer


def call_in(value: object, name: str | None) -> dict[str, object] | None:
    """Return the call of a function that an object is, or, with a name, the arguments of."""
    if name is not None:
        return {"name": name, "arguments": value}
    if not isinstance(value, Mapping):
        return None
    arguments = value.get("arguments", value.get("parameters"))
    named = value.get("name")
    if not isinstance(named, str) or not set(value) <= {"name", "arguments", "parameters", "id", "type"}:
        return None
    if isinstance(arguments, str):
        arguments = parsed(arguments)
    return {"name": named, "arguments": arguments} if isinstance(arguments, dict) else None


def leaves(value: object) -> dict[str, object]:
    """Return what an object or list holds at each of its places, up to a number of them."""
    found: dict[str, object] = {}
    waiting = [("", value, 0)]
    while waiting and len(found) < _MOST_LEAVES:
        path, item, depth = waiting.pop()
        inner = list(_inner(item)) if depth < _DEEPEST else []
        waiting.extend((f"{path}/{key}", child, depth + 1) for key, child in inner)
        if not inner:
            found[path] = item
    return found


def same_value(a: object, b: object) -> bool:
    """Whether two leaves say the same: 64, 64.0 and "64" do, `true` and "true" do not."""
    if isinstance(a, bool) or isinstance(b, bool) or a is None or b is None:
        return a is b
    if isinstance(a, (int, float, str)) and isinstance(b, (int, float, str)):
        plain_a, plain_b = _plain(a), _plain(b)
        return plain_a == plain_b or (_number(plain_a) or plain_a) == (_number(plain_b) or plain_b)
    return a == b


def _plain(value: float | str) -> str:
    return " ".join(value.split()).casefold() if isinstance(value, str) else repr(value)


def _number(text: str) -> Fraction | None:
    number = number_at(text)
    return number.value if number is not None and number.end == len(text) else None


def _inner(item: object) -> Iterator[tuple[str, object]]:
    if isinstance(item, Mapping):
        yield from item.items()
    elif isinstance(item, list):
        yield from ((str(index), child) for index, child in enumerate(item))


def _nests_deeper(text: str) -> bool:
    # The opening marks alone: more than is nested, and found in no time.
    if text.count("[") + text.count("{") <= _DEEPEST:
        return False
    depth = 0
    for match in _BRACKET.finditer(text):
        depth += 1 if match[0] in "[{" else -1
        if depth > _DEEPEST:
            return True
    return False


_BRACKET = re.compile(r"[\[\]{}]")


def _refuse(constant: str) -> object:
    raise ValueError(constant)
