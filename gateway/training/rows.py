"""Labelled rows, from JSON lines: a request, and how well the weak and the strong model answered it.

Strict: a file with one bad row is refused whole, with the place of each fault, and no message quotes what a row says.
"""

import hashlib
import json
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from gateway.errors import InvalidRequestError, RowsError
from gateway.leaves import is_encodable
from gateway.spelling import nearest
from gateway.types import Request
from gateway.wire.request import parse_request

WEAK = "weak"
FEWEST_ROWS = 50
MOST_ROWS = 1_000_000
MOST_LINE_BYTES = 16_000_000

_REQUIRED = ("prompt", WEAK, "strong")
_KEYS = (*_REQUIRED, "category", "answers", "weak_logprobs")
_TOKEN_KEYS = frozenset({"token", "logprob", "bytes", "top_logprobs"})
_MOST_FAULTS = 10
# Some servers round a certain token's log-probability to a little above 0.
_CERTAIN = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One labelled request: `weak` and `strong` are the quality of the two models' answers, 0 (useless) to 1 (right).

    `answers` has what the weak model said under "weak", and what other self-hosted models said under their names.
    `weak_logprobs` has the natural-log probability of each token of the weak answer.
    """

    request: Request = field(repr=False)
    weak: float
    strong: float
    category: str | None = None
    answers: Mapping[str, str] = field(default_factory=dict, repr=False)
    weak_logprobs: tuple[float, ...] | None = field(default=None, repr=False)


def read_rows(path: Path | str) -> list[Row]:
    """Return the rows of a file, or of standard input for `-`; raises `RowsError` with every fault found."""
    name = "standard input" if str(path) == "-" else str(path)
    rows: list[Row] = []
    faults: list[str] = []
    with _opened(path, name) as source:
        for number, line in enumerate(_lines(source, name), start=1):
            if not line.strip():
                continue
            try:
                rows.append(_row(_object(line)))
            except InvalidRequestError as error:
                faults.append(f"{name}:{number}: {error}")
            if len(faults) == _MOST_FAULTS:
                faults.append(f"{name}: and what comes after line {number} was not read")
                break
            if len(rows) > MOST_ROWS:
                raise RowsError([f"{name}: more than {MOST_ROWS:,} rows; a sample of them teaches as much"])
    if faults:
        raise RowsError(faults)
    return rows


def fingerprint(rows: Sequence[Row]) -> str:
    """Return a SHA-256 of what the rows say, whatever their order: the same rows in another file have the same one."""
    digests = sorted(_digest(row) for row in rows)
    return hashlib.sha256(b"".join(digests)).hexdigest()


def prompt_hash(row: Row) -> int:
    """Return 64 bits that tell one prompt from another."""
    said = json.dumps([(message.role, message.text) for message in row.request.messages])
    return int.from_bytes(hashlib.sha256(said.encode()).digest()[:8])


def check_learnable(rows: Sequence[Row], *, at_least: int = FEWEST_ROWS) -> None:
    """Raise `RowsError` where nothing can be learned: too few rows, or a weak model that is always as good."""
    if len(rows) < at_least:
        raise RowsError([f"{len(rows)} rows are too few to learn from; at least {at_least} are needed, 300 do well"])
    if len({row.weak for row in rows}) == 1:
        fault = f"`weak` is {rows[0].weak:g} in every row, so nothing tells an easy request from a hard one"
        raise RowsError([f"{fault}; add rows of the other kind"])


def _digest(row: Row) -> bytes:
    said = [(message.role, message.text) for message in row.request.messages]
    value = (said, row.weak, row.strong, row.category, sorted(row.answers.items()), row.weak_logprobs)
    return hashlib.sha256(json.dumps(value).encode()).digest()


@contextmanager
def _opened(path: Path | str, name: str) -> Iterator[BinaryIO]:
    if str(path) == "-":
        yield sys.stdin.buffer
        return
    try:
        source = Path(path).expanduser().open("rb")
    except OSError as error:
        raise RowsError([f"{name}: cannot be read: {error.strerror}"]) from error
    with source:
        yield source


def _lines(source: BinaryIO, name: str) -> Iterator[bytes]:
    number = 0
    while True:
        number += 1
        try:
            line = source.readline(MOST_LINE_BYTES + 1)
        except OSError as error:
            raise RowsError([f"{name}:{number}: cannot be read: {error.strerror}"]) from error
        if not line:
            return
        if len(line) > MOST_LINE_BYTES:
            raise RowsError([f"{name}:{number}: the line is longer than {MOST_LINE_BYTES:,} bytes; leave the row out"])
        yield line


def _object(line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line.decode().rstrip(), object_pairs_hook=_without_doubles, parse_constant=_no_number)
    except UnicodeDecodeError as error:
        raise InvalidRequestError(f"is no UTF-8 at byte {error.start}; convert the file first") from None
    except json.JSONDecodeError as error:
        raise InvalidRequestError(f"is no JSON at column {error.colno}: {error.msg}; write one object a line") from None
    except InvalidRequestError:
        raise
    except (ValueError, RecursionError):
        raise InvalidRequestError("is no JSON of a sensible depth; write one object a line") from None
    if not isinstance(value, dict):
        raise InvalidRequestError(f"is a {type(value).__name__}; write one object a line")
    return value


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise InvalidRequestError("has a key twice; write each once")
    return value


def _no_number(constant: str) -> float:
    raise InvalidRequestError(f"holds {constant}, which is no number; leave the row out")


def _row(value: Mapping[str, Any]) -> Row:
    _refuse_unknown(value)
    missing = [key for key in _REQUIRED if key not in value]
    if missing:
        raise InvalidRequestError(f"lacks {', '.join(f'`{key}`' for key in missing)}")
    return Row(
        request=_request(value["prompt"]),
        weak=_score(value, WEAK),
        strong=_score(value, "strong"),
        category=_category(value.get("category")),
        answers=_answers(value.get("answers")),
        weak_logprobs=_logprobs(value.get("weak_logprobs")),
    )


def _refuse_unknown(value: Mapping[str, Any]) -> None:
    for key in value:
        if key in _KEYS:
            continue
        # A key that is like none of ours may be part of a prompt: it is not shown.
        near = nearest(key, _KEYS)
        if near is not None:
            raise InvalidRequestError(f"has the key {key!r}; did you mean {near!r}?")
        raise InvalidRequestError(f"has an unknown key; known: {', '.join(_KEYS)}")


def _request(prompt: object) -> Request:
    if not isinstance(prompt, (str, list)):
        raise InvalidRequestError(f"`prompt` is a {type(prompt).__name__}; give a text or a list of messages")
    try:
        return parse_request(prompt)
    except InvalidRequestError as error:
        raise InvalidRequestError(f"`prompt`: {error}") from None


def _score(value: Mapping[str, Any], key: str) -> float:
    score = value[key]
    if isinstance(score, bool) or not isinstance(score, (int, float)):
        raise InvalidRequestError(f"`{key}` is a {type(score).__name__}; give a number from 0 to 1")
    # A NaN compares false too; JSON writes infinity as 1e999.
    if not 0 <= score <= 1:
        raise InvalidRequestError(f"`{key}` is outside 0 to 1; scale it")
    return float(score)


def _category(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip():
        raise InvalidRequestError("`category` is no text; give a name, or leave it out")
    return value


def _answers(value: object) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidRequestError(f"`answers` is a {type(value).__name__}; give {{model: text}}")
    if WEAK not in value:
        raise InvalidRequestError('`answers` lacks "weak", the answer that is judged')
    for model, text in value.items():
        if not model.strip():
            raise InvalidRequestError("`answers` names a model with an empty name")
        if not isinstance(text, str) or not is_encodable(text):
            raise InvalidRequestError("an answer in `answers` is no text that can be written as UTF-8")
    return value


def _logprobs(value: object) -> tuple[float, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list):
        raise InvalidRequestError(f"`weak_logprobs` is a {type(value).__name__}; give a list, one number a token")
    return tuple(_logprob(each) for each in value)


def _logprob(value: object) -> float:
    if isinstance(value, dict):
        if not value.keys() <= _TOKEN_KEYS:
            raise InvalidRequestError('`weak_logprobs` has an object that is no {"token": ..., "logprob": ...}')
        value = value.get("logprob")
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not -math.inf < value <= _CERTAIN:
        raise InvalidRequestError("`weak_logprobs` holds something else than numbers up to 0")
    return min(float(value), 0.0)
