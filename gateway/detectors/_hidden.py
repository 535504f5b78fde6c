"""What a text holds in base64: one level, and only what decodes to readable text."""

import re
from base64 import b64decode
from binascii import Error
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import NamedTuple

from gateway.detectors._search import PIECE, REACH, matches

# The shortest identifiers have some ten characters: fourteen letters in base64.
_SHORTEST = 14
_RUN = re.compile(r"[A-Za-z0-9+/](?<![A-Za-z0-9+/]{2})[A-Za-z0-9+/_-]{13,399}+")
# What may belong to the run, or join it to a word before it: `/file/...`, `key-...`, `key_...`.
_JOINT = re.compile(r"[-+/_]+")
_MOST_JOINTS = 8
# A mail breaks its lines at 76 characters, a key at 64; the last line is shorter.
_LINE = 60
_REST = re.compile(r"[A-Za-z0-9+/_-]*+={0,2}")
_LINES = re.compile(
    r"[A-Za-z0-9+/]*+(?:\r?\n[A-Za-z0-9+/]{60,80}+(?![A-Za-z0-9+/ ]))*+"
    r"(?:\r?\n[A-Za-z0-9+/]{1,80}+(?![A-Za-z0-9 ]))?={0,2}"
)
_BREAK = re.compile(r"\s+")
_URL_LETTERS = str.maketrans("-_", "+/")
_SIGNS = frozenset("\n\r\t")
# One sign in so many may be of no script.
_READABLE = 20
# Enough to tell readable text from pictures.
_SAMPLE = 64
_MOST = 2_000_000


class Hidden(NamedTuple):
    """A run of base64 in a text, and what it says."""

    start: int
    end: int
    text: str


def hidden(text: str) -> Sequence[Hidden]:
    """Return what the text holds in base64, of the first two million characters that may be."""
    return tuple(_runs(text)) if _has_long_word(text) else ()


def _has_long_word(text: str) -> bool:
    if len(text) <= PIECE:
        return max(map(len, text.split()), default=0) >= _SHORTEST
    pieces = (text[start : start + PIECE + REACH] for start in range(0, len(text), PIECE))
    return any(max(map(len, piece.split()), default=0) >= _SHORTEST for piece in pieces)


def _runs(text: str) -> Iterator[Hidden]:
    end = spent = 0
    for match in matches(_RUN, text):
        if match.start() >= end and spent < _MOST:
            start, end = match.start(), _end_of_run(text, match)
            spent += end - start
            if run := _first_readable(text, start, end):
                yield run


def _first_readable(text: str, start: int, end: int) -> Hidden | None:
    """Return the run as a whole, or what of it stands behind a word, whichever can be read."""
    joints = islice(_JOINT.finditer(text, start, end), _MOST_JOINTS)
    for begin in chain((start,), (joint.end() for joint in joints)):
        if end - begin < _SHORTEST:
            return None
        if said := _read(text[begin:end]):
            return Hidden(begin, end, said)
    return None


def _end_of_run(text: str, match: re.Match[str]) -> int:
    pattern = _LINES if match.end() - match.start() >= _LINE else _REST
    # Both patterns may match nothing, so they always match.
    rest = pattern.match(text, match.end())
    return rest.end() if rest else match.end()


def _read(run: str) -> str | None:
    letters = _BREAK.sub("", run).rstrip("=").translate(_URL_LETTERS)
    return _decoded(letters) if _decoded(letters[:_SAMPLE]) else None


def _decoded(letters: str) -> str | None:
    # A sample may end within a character.
    cut = len(letters) == _SAMPLE
    try:
        said = b64decode(letters + "=" * (-len(letters) % 4)).decode(errors="ignore" if cut else "strict")
    except (Error, UnicodeDecodeError):
        return None
    strange = sum(not (sign.isprintable() or sign in _SIGNS) for sign in said)
    return said if said and strange <= max(1, len(said) // _READABLE) else None
