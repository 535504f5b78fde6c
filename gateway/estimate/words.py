"""The table of a model: what each word says of difficulty and topic, and the vector that a request becomes by it."""

from collections.abc import Sequence
from functools import cached_property
from threading import Lock

import numpy as np
import numpy.typing as npt

from gateway.estimate.features import SHAPE_NAMES, WORD_NAMES, Reading, class_words, neighbours, stem, word_row

Floats = npt.NDArray[np.float32]

# Words that no table knows are remembered too, up to so many; then they are forgotten and met anew.
_MOST_MET = 30_000
_LEXICAL = len(WORD_NAMES)
# Shorter words are too alike to be guessed, longer ones are no words.
_FEWEST_LETTERS, _MOST_LETTERS = 3, 20


class Words:
    """Rows of numbers by word. `weights` is the importance of each stem, `meaning` its row (stems x dimensions)."""

    def __init__(self, stems: Sequence[str], weights: Floats, meaning: Floats) -> None:
        self.stems = tuple(stems)
        self.weights = weights
        self.meaning = meaning
        self._numbers = {name: number for number, name in enumerate(self.stems)}
        self.dimensions = meaning.shape[1]
        self._found: dict[str, int] = {}
        self._same: list[int] = []
        self._meanings: dict[str, int] = {}
        self._rows: Floats = self._forgotten()
        self._lock = Lock()

    @property
    def names(self) -> tuple[str, ...]:
        """What the numbers of a vector are."""
        return (
            *SHAPE_NAMES,
            "distinct_words",
            *(f"stem:{name}" for name in WORD_NAMES),
            *(f"mean:{name}" for name in WORD_NAMES),
            *(f"meaning:{number}" for number in range(self.dimensions)),
        )

    def vector(self, reading: Reading) -> Floats:
        """Return a request as numbers, in the order of `names`."""
        in_stem = len(reading.stem_words)
        words = (*reading.stem_words, *reading.other_words)
        # One model may serve several threads, each with a router of its own.
        with self._lock:
            found = self._found
            try:
                numbers = [found[word] for word in words]
            except KeyError:
                numbers = self._meet(words)
            rows = self._rows.take(numbers, axis=0)
        lexical = rows[:in_stem, :_LEXICAL].sum(axis=0)
        total = rows.sum(axis=0)
        # The last column is the square of a word's weight: words together have the length of their root sum.
        length = float(total[-1]) ** 0.5
        return np.concatenate(
            (
                np.array((*reading.shape, self._distinct(numbers) / max(reading.words, 1)), dtype=np.float32),
                np.log1p(lexical),
                total[:_LEXICAL] / max(len(words), 1),
                total[_LEXICAL:-1] / (length or 1.0),
            ),
        )

    def _meet(self, words: Sequence[str]) -> list[int]:
        new = [word for word in words if word not in self._found]
        if len(self._found) + len(new) > _MOST_MET:
            self._found, self._same, self._meanings, self._rows = {}, [], {}, self._forgotten()
            new = list(dict.fromkeys(words))[:_MOST_MET]
        known = len(self._found)
        if known + len(new) > len(self._rows):
            more = np.zeros((known + len(new), self._rows.shape[1]), dtype=np.float32)
            self._rows = np.concatenate((self._rows[:known], more))
        for place, word in enumerate(new, start=known):
            self._found[word] = place
            self._describe(self._rows[place], word)
        return [self._found[word] for word in words if word in self._found]

    def _distinct(self, numbers: list[int]) -> int:
        """Return how many words there are where a misspelt one counts as the one that is meant."""
        meant = self._same
        return len({meant[number] for number in numbers})

    def _describe(self, row: Floats, word: str) -> None:
        known = self._known(word)
        self._same.append(self._meanings.setdefault(known, len(self._meanings)))
        row[:_LEXICAL] = word_row(known)
        number = self._numbers.get(stem(known))
        if number is not None:
            weight = self.weights[number]
            row[_LEXICAL:-1] = weight * self.meaning[number]
            row[-1] = weight * weight

    def _known(self, word: str) -> str:
        """Return the word that a misspelt one most likely is; itself where it is known, short, long, or like none."""
        if not _FEWEST_LETTERS <= len(word) <= _MOST_LETTERS or word in self._meant or stem(word) in self._numbers:
            return word
        meant = [found for near in neighbours(word) if (found := self._meant.get(near)) is not None]
        # The rarest of several would be the boldest guess.
        return min(meant, key=self._rank) if meant else word

    @cached_property
    def _meant(self) -> dict[str, str]:
        """The word that a spelling with one letter less stands for: of several the most frequent."""
        meant: dict[str, str] = {}
        for word in (*class_words(), *sorted(self.stems, key=self._rank)):
            if _FEWEST_LETTERS <= len(word) <= _MOST_LETTERS:
                for near in neighbours(word):
                    meant.setdefault(near, word)
        return meant

    def _rank(self, word: str) -> float:
        number = self._numbers.get(stem(word))
        return float("inf") if number is None else float(self.weights[number])

    def _forgotten(self) -> Floats:
        return np.zeros((1_000, _LEXICAL + self.dimensions + 1), dtype=np.float32)
