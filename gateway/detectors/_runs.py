"""Where a text may hold a number of a person: runs of digits with a few letters, and how they are grouped.

A layout says how a number is written: `3-2-4` is three, two and four characters with hyphens between them.
"""

import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

from gateway.detectors._search import matches

# From a digit on: words that begin with a digit or nearly so, and one or two letters that stand alone.
_RUN = re.compile(
    r"[0-9](?<![0-9]{2})(?=[0-9A-Za-z]{4}|[0-9A-Za-z]{0,3}[ ./+-][A-Za-z]{0,2}[0-9])"
    r"[0-9A-Za-z]{0,30}+(?:[ ./+-](?:[A-Za-z]{0,2}[0-9][0-9A-Za-z]{0,30}+|[A-Za-z]{1,2}+(?![0-9A-Za-z]))){0,9}+"
)
_GROUP = re.compile(r"[0-9A-Za-z]{1,40}+")
# What of the run stands before its first digit: `AB` in `AB123456C`, `AB ` in `AB 12 34 56 C`.
_HEAD = re.compile(r"(?<![0-9A-Za-z])[A-Za-z]{1,6}\Z")
_HEAD_APART = re.compile(r"(?<![0-9A-Za-z])([A-Za-z]{1,4})[ -]\Z")
_SHORTEST = 7
_LONGEST_HEAD = 8
_MOST_GROUPS = 7

Span = tuple[int, int]


class Candidate(NamedTuple):
    """Part of a text that is written in `layout`."""

    start: int
    end: int
    layout: str


def candidates(text: str, layouts: Collection[str]) -> Iterator[Candidate]:
    """Yield every part of the text that is written in one of the layouts, also where parts overlap."""
    for match in matches(_RUN, text):
        start, end = match.span()
        # A short run is part of a number only where letters belong to it: `1234F` of `ABCDE1234F`.
        if end - start < _SHORTEST and not text[start - 1 : start].isalpha():
            continue
        yield from _windows(text, _groups(text, start, end), layouts)


def _groups(text: str, start: int, end: int) -> list[Span]:
    groups = [match.span() for match in _GROUP.finditer(text, start, end)]
    begin = max(0, start - _LONGEST_HEAD)
    if start and text[start - 1].isalnum():
        head = _HEAD.search(text, begin, start)
        # Part of a longer word: its first group is none.
        groups[0] = (head.start(), groups[0][1]) if head else (-1, groups[0][1])
    elif head := _HEAD_APART.search(text, begin, start):
        groups.insert(0, head.span(1))
    return groups


def _windows(text: str, groups: list[Span], layouts: Collection[str]) -> Iterator[Candidate]:
    # A word before the number is none of its groups.
    lengths = [end - start if text[start:end].isdecimal() else 0 for start, end in groups]
    for first, (start, _) in enumerate(groups):
        if start < 0 or not _may_begin(text, start):
            continue
        layout = ""
        for last, (begin, end) in enumerate(groups[first : first + _MOST_GROUPS], start=first):
            layout += (text[begin - 1] if layout else "") + str(end - begin)
            if layout in layouts and _may_end(text, end) and not _is_part_of_row(lengths, first, last):
                yield Candidate(start, end, layout)


def _is_part_of_row(lengths: list[int], first: int, last: int) -> bool:
    """Whether the groups are of one length, and so is the one before or behind them."""
    length = lengths[first]
    around = (*lengths[max(first - 1, 0) : first], *lengths[last + 1 : last + 2])
    return last > first and length > 0 and length in around and set(lengths[first : last + 1]) == {length}


def _may_begin(text: str, start: int) -> bool:
    before = text[start - 1 : start]
    # Money, a phone number's country, the digits behind a point, the rest of a longer number.
    if before in ("+", "$", "\u20ac", "\u00a3"):
        return False
    return before not in (".", ",", "-", "/", ":") or not text[start - 2 : start - 1].isdigit()


def _may_end(text: str, end: int) -> bool:
    after = text[end : end + 2]
    if after[:1] in (".", ",", ":", "/"):
        return not after[1:].isdigit()
    return after[:1] not in ("%", "@", "\\") and not (after[:1] in ("-", "+") and after[1:].isalnum())
