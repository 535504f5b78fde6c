"""Finds names of persons and street addresses: weak evidence, from a small model and a few rules.

A name is a matter of opinion ("Paris", "Will", "Smith & Sons"), so that nothing it finds is strong. It has learned ten
languages in Latin letters; of a text in another one it does not say that it names nobody: it fails, and the strictest
level holds. Linear in the text; looks at capitalised words, and at small ones after what introduces a name.
"""

import re
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from gateway.detectors._languages import knows
from gateway.detectors._name_features import Word, candidates, joined
from gateway.detectors._name_model import NameModel, load
from gateway.detectors._name_words import LONGEST, Kind, fold
from gateway.detectors._page import Page, known_types, read
from gateway.detectors._search import matches
from gateway.detectors._streets import streets
from gateway.errors import DetectorError
from gateway.types import Finding

TYPES = ("PERSON", "STREET_ADDRESS")
# Log-odds from which a word is taken for part of a name, and from which beside such a one.
THRESHOLD = 0.75
NEARBY = -1.0

_INTRODUCED = re.compile(
    r"\b(?:name is|name's|i am called|call me|signed by|mr\.?|mrs\.?|ms\.?|dr\.?) "
    r"(?P<first>[a-zß-ÿ]{2,20})(?: (?P<second>[a-zß-ÿ]{2,20}))?(?![\w'\u2019-])"
)
# One of them is in what `_INTRODUCED` finds.
_INTRODUCTIONS = (
    "name is ",
    "name's ",
    "called ",
    "call me ",
    "signed by ",
    "mr ",
    "mr. ",
    "mrs",
    " ms ",
    " ms. ",
    "dr ",
    "dr. ",
)


class Options(BaseModel):
    """What to look for, and what to do with a language that was not learned."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    without: tuple[str, ...] = Field(default=(), description=f"Types that are not looked for: {', '.join(TYPES)}.")
    other_languages: Literal["restrict", "ignore"] = Field(
        default="restrict",
        description="What to do with a text in a language that was not learned: `restrict` fails, so that the "
        "strictest level holds; `ignore` reads it all the same, and will miss most names.",
    )

    @field_validator("without")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return known_types(names, TYPES)


@asynccontextmanager
async def build(options: Options) -> AsyncIterator["NameDetector"]:
    """Build the detector; reads the packaged model, once in a process."""
    yield NameDetector(load(), without=frozenset(options.without), any_language=options.other_languages == "ignore")


class NameDetector:
    """Finds names and street addresses, less the types `without`; may be called in several threads."""

    def __init__(self, model: NameModel, *, without: frozenset[str] = frozenset(), any_language: bool = False) -> None:
        self._model = model
        self._without = without
        self._any_language = any_language

    def detect(self, text: str) -> Sequence[Finding]:
        """Return the findings in the order of the text, none overlap; raises `DetectorError`."""
        if not (self._any_language or knows(text, self._is_english)):
            raise DetectorError("the text is in a language that was not learned")
        return read(text, "names", self._look, escapes=True)

    def _look(self, page: Page) -> None:
        if "STREET_ADDRESS" not in self._without:
            for start, end in streets(page.text):
                page.claim(start, end, kind="pii", type="STREET_ADDRESS", strength="weak")
        if "PERSON" not in self._without:
            for start, end in self._persons(page.text):
                page.claim(start, end, kind="pii", type="PERSON", strength="weak")

    def _persons(self, text: str) -> Iterator[tuple[int, int]]:
        kind_of, score = self._model.words.kind, self._model.score
        yield from _spans(text, ((word, score(features)) for word, features in candidates(text, kind_of)))
        yield from self._introduced(text)

    def _introduced(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield names in small letters, after what introduces a name and where a list has them as names."""
        if not any(map(text.__contains__, _INTRODUCTIONS)):
            return
        for match in matches(_INTRODUCED, text):
            kind = self._kind(match["first"])
            # A rare name counts where it is no word, a usual one where it is a rare word.
            if max(kind.first, kind.last) > kind.common <= 1:
                second = match["second"] and self._kind(match["second"])
                whole = second and max(second.first, second.last) > 0 and second.common < 2  # noqa: PLR2004 - rather common
                yield match.start("first"), match.end("second" if whole else "first")

    def _kind(self, word: str) -> Kind:
        return self._model.words.kind(fold(word))

    def _is_english(self, word: str) -> bool:
        return len(word) <= LONGEST and self._kind(word).common > 1


def _spans(text: str, scored: Iterable[tuple[Word, float]]) -> Iterator[tuple[int, int]]:
    """Yield where names stand: words that follow one another, all of them likely and one of them enough so."""
    name: list[Word] = []
    sure = False
    for word, score in scored:
        if name and (score < NEARBY or not joined(text, name[-1], word)):
            if sure:
                yield name[0].start, name[-1].end
            name, sure = [], False
        if score >= NEARBY:
            name.append(word)
            sure = sure or score >= THRESHOLD
    if sure:
        yield name[0].start, name[-1].end
