"""Finds the numbers by which countries know people. What each looks like stands in `_national_kinds.py`.

A number counts where its check digits are right and a word beside it says what it is, or where nothing else is written
like it. What python-stdnum knows is loaded with the first candidate.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache, partial
from importlib import import_module
from operator import itemgetter
from typing import NamedTuple

from gateway.detectors._national_kinds import NATIONAL_IDS, NationalId
from gateway.detectors._page import Page, Strength
from gateway.detectors._runs import Candidate, candidates

TYPES = tuple(dict.fromkeys(kind.type for kind in NATIONAL_IDS))

_BEFORE, _AFTER = 60, 30
_SEPARATORS = re.compile(r"[ ./+-]")
# What names a number of a person in any country: enough where the check digits leave little to chance.
_ANY_ID = re.compile(
    r"\bnational id|\bidentity (?:card|number|no|code)|\bidentification (?:number|no|code)|\bcitizen"
    r"|\bpersonal (?:id|identity|number|code)|\btax (?:id|no|number)|\bsocial (?:security|insurance)"
    r"|\bid (?:card|number|no)\b"
)
# A text that holds hardly more than numbers is about them.
_MOST_BESIDE = 80
# What a number is worth: from here on it is strong.
_WEAK, _SHAPED, _CHECKED, _CERTAIN = 1, 2, 3, 4


class _Known(NamedTuple):
    """A kind, ready to be looked for."""

    kind: NationalId
    shape: re.Pattern[str]
    words: re.Pattern[str]
    check: Callable[[str], bool] | None
    sure: frozenset[str]


def find(page: Page, *, without: frozenset[str] = frozenset()) -> None:
    """Claim the numbers of people that the page holds, less the types `without`."""
    by_layout = _by_layout()
    for candidate in candidates(page.text, by_layout):
        best = _WORTHLESS
        for known in _fitting(page, candidate, by_layout[candidate.layout]):
            if known.kind.type not in without:
                best = max(best, (_worth(page, candidate, known), known), key=itemgetter(0))
        worth, chosen = best
        if chosen and worth:
            strength: Strength = "strong" if worth > _WEAK else "weak"
            kind = chosen.kind
            page.claim(candidate.start, candidate.end, kind=kind.kind, type=kind.type, strength=strength)


def _fitting(page: Page, candidate: Candidate, kinds: tuple[_Known, ...]) -> Iterator[_Known]:
    capitals = _SEPARATORS.sub("", page.text[candidate.start : candidate.end]).upper()
    for known in kinds:
        if known.shape.fullmatch(capitals) and (known.check is None or known.check(capitals)):
            yield known


def _worth(page: Page, candidate: Candidate, known: _Known) -> int:
    start, end, layout = candidate
    if layout in known.sure or (known.kind.alone == "strong" and page.text[start:end].isupper()):
        return _CERTAIN
    before = page.lower[max(0, start - _BEFORE) : start]
    if known.words.search(before) or known.words.search(page.lower, end, end + _AFTER):
        return _CERTAIN
    if _is_bare(page.text):
        return _CHECKED if known.check else _SHAPED
    if not known.kind.alone:
        return 0
    return _CHECKED if _ANY_ID.search(before) else _WEAK


def _is_bare(text: str) -> bool:
    # `130692544`, `AA 12 34 56 B and AB123456C`; not `130692544 + 5`.
    return len(text) <= _MOST_BESIDE and all(map(_is_beside, text.split()))


def _is_beside(word: str) -> bool:
    filling = len(word) < len("abc") and word.isalpha() and word != "x"
    return filling or word == "and" or (any(map(str.isdigit, word)) and not any(sign in word for sign in "+*/=^"))


_WORTHLESS: tuple[int, _Known | None] = (0, None)


@cache
def _by_layout() -> dict[str, tuple[_Known, ...]]:
    layouts: dict[str, list[_Known]] = {}
    for kind in NATIONAL_IDS:
        sure = frozenset(_written(kind.sure))
        known = _Known(kind, re.compile(kind.shape), re.compile(kind.words), _check(kind), sure)
        for layout in sure.union(_written(kind.layouts)):
            layouts.setdefault(layout, []).append(known)
    return {layout: tuple(known) for layout, known in layouts.items()}


def _written(layouts: str) -> Iterator[str]:
    for layout in layouts.split():
        yield from dict.fromkeys(layout.replace("_", separator) for separator in " -.")


def _check(kind: NationalId) -> Callable[[str], bool] | None:
    return partial(_is_valid, kind.check) if isinstance(kind.check, str) else kind.check


def _is_valid(module: str, number: str) -> bool:
    return _validator(module)(number)


@cache
def _validator(module: str) -> Callable[[str], bool]:
    # The modules of python-stdnum have this function in common, and no type for it.
    validate: Callable[[str], bool] = import_module(f"stdnum.{module}").is_valid
    return validate
