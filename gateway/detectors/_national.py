"""Finds the numbers by which countries know people. What each looks like stands in `_national_kinds.py`.

A number counts where its check digits are right and a word beside it says what it is, or where nothing else is written
like it. What python-stdnum knows is loaded with the first candidate.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from importlib import import_module
from operator import itemgetter
from typing import NamedTuple, Protocol

from gateway.detectors._national_kinds import NATIONAL_IDS, NationalId
from gateway.detectors._page import Page, Strength
from gateway.detectors._runs import Candidate, candidates

TYPES = tuple(dict.fromkeys(kind.type for kind in NATIONAL_IDS))

_BEFORE, _AFTER = 60, 30
_SEPARATORS = re.compile(r"[ ./+-]")
# What names a number of a person in any country: enough where the check digits leave little to chance.
_ANY_ID_WORDS = (
    r"\bnational id|\bidentity (?:card|number|no|code)|\bidentification (?:number|no|code)|\bcitizen"
    r"|\bpersonal (?:id|identity|number|code)|\btax (?:id|no|number)|\bsocial (?:security|insurance)"
    r"|\bid (?:card|number|no)\b"
)
_ANY_ID = 0
# A text that holds hardly more than numbers is about them.
_MOST_BESIDE = 80
# What a number is worth: from here on it is strong.
_WEAK, _SHAPED, _CHECKED, _CERTAIN = 1, 2, 3, 4


# Without a word beside them only so many numbers of a text are checked: one suspicion is as good as a thousand.
_MOST_GUESSES = 500


class _Words(Protocol):
    """Several patterns that are looked for at once."""

    def Add(self, pattern: str) -> int:  # noqa: N802 - as in re2
        """Add one; returns its number."""
        ...

    def Compile(self) -> None:  # noqa: N802 - as in re2
        """Make them ready."""
        ...

    def Match(self, text: bytes) -> Sequence[int] | None:  # noqa: N802 - as in re2
        """Return the numbers of those that match, None where none does."""
        ...


class _Known(NamedTuple):
    """A kind, ready to be looked for; `words` is its number among the words."""

    kind: NationalId
    shape: re.Pattern[str]
    words: int
    check: Callable[[str], bool] | None
    sure: frozenset[str]


def find(page: Page, *, without: frozenset[str] = frozenset()) -> None:
    """Claim the numbers of people that the page holds, less the types `without`."""
    by_layout = _by_layout()
    guesses = _MOST_GUESSES
    for candidate in candidates(page.text, by_layout):
        capitals = _SEPARATORS.sub("", page.text[candidate.start : candidate.end]).upper()
        fitting = [known for known in by_layout[candidate.layout] if known.shape.fullmatch(capitals)]
        for worth, known in _ranked(page, candidate, fitting) if fitting else ():
            guesses -= worth == _WEAK
            if (worth > _WEAK or guesses >= 0) and known.kind.type not in without and _passes(known, capitals):
                strength: Strength = "strong" if worth > _WEAK else "weak"
                page.claim(*candidate[:2], kind=known.kind.kind, type=known.kind.type, strength=strength)
                break


def _passes(known: _Known, capitals: str) -> bool:
    # One digit over and over passes many a check.
    return known.check is None or (len(set(capitals)) > 1 and known.check(capitals))


def _ranked(page: Page, candidate: Candidate, kinds: Sequence[_Known]) -> list[tuple[int, _Known]]:
    """Return the kinds that the candidate may be by what is around it, the likeliest first."""
    start, end, layout = candidate
    near = f"{page.lower[max(0, start - _BEFORE) : start]}\n{page.lower[end : end + _AFTER]}"
    said, capital = frozenset(_words().Match(near.encode(errors="replace")) or ()), page.text[start:end].isupper()
    ranked = []
    for known in kinds:
        alone = known.kind.alone
        if known.words in said or layout in known.sure or (capital and alone == "strong"):
            worth = _CERTAIN
        elif _is_bare(page.text):
            worth = _CHECKED if known.check else _SHAPED
        else:
            worth = (_CHECKED if _ANY_ID in said else _WEAK) if alone else 0
        if worth:
            ranked.append((worth, known))
    return sorted(ranked, key=itemgetter(0), reverse=True)


def _is_bare(text: str) -> bool:
    # `130692544`, `AA 12 34 56 B and AB123456C`; not `130692544 + 5`.
    return len(text) <= _MOST_BESIDE and all(map(_is_beside, text.split()))


def _is_beside(word: str) -> bool:
    filling = len(word) < len("abc") and word.isalpha() and word != "x"
    return filling or word == "and" or (any(map(str.isdigit, word)) and not any(sign in word for sign in "+*/=^"))


@cache
def _by_layout() -> dict[str, tuple[_Known, ...]]:
    layouts: dict[str, list[_Known]] = {}
    for number, kind in enumerate(NATIONAL_IDS, start=_ANY_ID + 1):
        sure = frozenset(_written(kind.sure))
        known = _Known(kind, re.compile(kind.shape), number, _check(kind), sure)
        for layout in sure.union(_written(kind.layouts)):
            layouts.setdefault(layout, []).append(known)
    return {layout: tuple(known) for layout, known in layouts.items()}


@cache
def _words() -> _Words:
    # A set of patterns tells in one search which of them match.
    words: _Words = import_module("re2").Set.SearchSet()
    for pattern in (_ANY_ID_WORDS, *(kind.words for kind in NATIONAL_IDS)):
        words.Add(pattern)
    words.Compile()
    return words


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
