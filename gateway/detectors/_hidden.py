"""What a text holds in base64: one level, and only what decodes to readable text."""

import re
from base64 import b64decode
from binascii import Error
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gateway.detectors._search import PIECE, REACH, matches

# The shortest identifiers have some ten characters: fourteen letters in base64.
_SHORTEST = 14
_RUN = re.compile(r"[A-Za-z0-9+/](?<![A-Za-z0-9+/_=-]{2})[A-Za-z0-9+/_-]{13,399}+")
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
            if said := _read(text[start:end]):
                yield Hidden(start, end, said)


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
    return said if said and all(sign.isprintable() or sign in _SIGNS for sign in said) else None
