"""Searches that let other threads run: one of `re` holds the interpreter until it ends, so a text goes by pieces."""

import re
from collections.abc import Iterator

# This much takes some 2 ms.
PIECE = 30_000
# So far from where a match begins a pattern may look.
REACH = 1_000


def matches(pattern: re.Pattern[str], text: str, *, piece: int = PIECE) -> Iterator[re.Match[str]]:
    """Return what `pattern.finditer` returns, and let other threads run after each piece of the text.

    For patterns that match something, and never look further than REACH from where they begin.
    """
    return pattern.finditer(text) if len(text) <= piece else _in_pieces(pattern, text, piece)


def _in_pieces(pattern: re.Pattern[str], text: str, piece: int) -> Iterator[re.Match[str]]:
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
    if len(text) <= PIECE:
        return pattern.search(text) is not None
    return next(_in_pieces(pattern, text, PIECE), None) is not None
