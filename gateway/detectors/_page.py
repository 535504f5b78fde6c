"""A text as the detectors read it: one way to write a digit, a dash and a space, and no invisible characters.

Whatever is done to the text, spans are told in characters of the text as it was given.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from gateway.spelling import remedy
from gateway.types import Finding

Strength = Literal["strong", "weak"]

_INVISIBLE_CHARACTERS = "\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff"
_SPACES = "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63"
_ZEROS = "\u0660\u06f0\u0966"

# One character stands for one character, so that offsets stay. U+0130 alone grows when it is written small.
_PLAIN = {
    **dict.fromkeys(_SPACES, " "),
    **dict.fromkeys(_DASHES, "-"),
    **{chr(0xFF00 + code): chr(0x20 + code) for code in range(1, 0x5F)},
    **{chr(ord(zero) + digit): str(digit) for zero in _ZEROS for digit in range(10)},
    "\u0130": "I",
}
_VARIANT = re.compile(f"[{''.join(_PLAIN)}]")
_INVISIBLE = re.compile(f"[{_INVISIBLE_CHARACTERS}]")
_ODD = re.compile(f"[{_INVISIBLE_CHARACTERS}{''.join(_PLAIN)}]")

# A search lets no other thread run until it ends: this much takes some 2 ms.
_PIECE = 30_000
# So far from where a match begins a pattern may look.
REACH = 1_000


def plain(text: str) -> tuple[str, Sequence[int] | None]:
    """Return the text in plain writing, and where each of its characters stood (None: where it stands)."""
    if text.isascii() or not found(_ODD, text):
        return text, None
    pieces = (text[start : start + _PIECE] for start in range(0, len(text), _PIECE))
    text = "".join([_VARIANT.sub(lambda match: _PLAIN[match[0]], piece) for piece in pieces])
    if not found(_INVISIBLE, text):
        return text, None
    kept = [place for place, character in enumerate(text) if not _INVISIBLE.match(character)]
    return "".join([text[place] for place in kept]), kept


def matches(pattern: re.Pattern[str], text: str, *, piece: int = _PIECE) -> Iterator[re.Match[str]]:
    """Return what `pattern.finditer` returns, and let other threads run after each piece of the text.

    For patterns that match something, and never look further than REACH from where they begin.
    """
    return pattern.finditer(text) if len(text) <= piece else _matches_in_pieces(pattern, text, piece)


def _matches_in_pieces(pattern: re.Pattern[str], text: str, piece: int) -> Iterator[re.Match[str]]:
    place = 0
    for end in range(piece, len(text) + piece, piece):
        for match in pattern.finditer(text, place, end + REACH):
            if match.start() >= end:
                break
            yield match
            place = match.end()
        place = max(place, end)


def found(pattern: re.Pattern[str], text: str) -> bool:
    """Whether such a pattern matches anywhere."""
    if len(text) <= _PIECE:
        return pattern.search(text) is not None
    return next(_matches_in_pieces(pattern, text, _PIECE), None) is not None


class Page:
    """One text while a detector reads it; no character belongs to two findings, the first to claim it has it."""

    __slots__ = ("_claimed", "_detector", "_found", "_places", "lower", "text")

    def __init__(self, text: str, detector: str) -> None:
        self.text, self._places = plain(text)
        self.lower = self.text.lower()
        self._detector = detector
        self._claimed: bytearray | None = None
        self._found: list[Finding] = []

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was claimed, in the order of the text."""
        return tuple(sorted(self._found, key=lambda finding: finding.start))

    def claim(self, start: int, end: int, *, kind: str, type: str, strength: Strength) -> None:  # noqa: A002 - as in Finding
        """Make a finding of a span of `text`, unless part of it was claimed before."""
        if self._claimed is None:
            self._claimed = bytearray(len(self.text))
        if self._claimed.find(1, start, end) >= 0:
            return
        self._claimed[start:end] = b"\x01" * (end - start)
        if self._places is not None:
            start, end = self._places[start], self._places[end - 1] + 1
        finding = Finding(kind=kind, type=type, start=start, end=end, strength=strength, detector=self._detector)
        self._found.append(finding)


def known_types(names: tuple[str, ...], known: Sequence[str]) -> tuple[str, ...]:
    """Return the names; raises `ValueError` with the nearest right spelling where one is no type of the detector."""
    for name in names:
        if name not in known:
            raise ValueError(f"no type {name!r}; {remedy(name, known)}")
    return names
