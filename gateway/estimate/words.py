"""The table of a model: what each word says of difficulty and topic, and the vector that a request becomes by it."""

import threading
from collections.abc import Sequence

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
        # Made when the model is opened, so that no request waits for it.
        self._meant = self._spellings()
        self._lock = threading.Lock()
        self._met = self._nobody()

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
        met = self._met
        try:
            numbers = [met.found[word] for word in words]
        except KeyError:
            met = self._meet(words)
            numbers = [met.found[word] for word in words]
        rows = met.rows.take(numbers, axis=0)
        lexical = rows[:in_stem, :_LEXICAL].sum(axis=0)
        total = rows.sum(axis=0)
        # A misspelt word counts as the one that is meant.
        distinct = len({met.same[number] for number in numbers}) / max(reading.words, 1)
        # The last column is the square of a word's weight: words together have the length of their root sum.
        length = float(total[-1]) ** 0.5
        return np.concatenate(
            (
                np.array((*reading.shape, distinct), dtype=np.float32),
                np.log1p(lexical),
                total[:_LEXICAL] / max(len(words), 1),
                total[_LEXICAL:-1] / (length or 1.0),
            ),
        )

    def _meet(self, words: Sequence[str]) -> "_Met":
        with self._lock:
            met = self._met
            if len(met.found) + len(words) > _MOST_MET:
                met = self._met = self._nobody()
            new = [word for word in dict.fromkeys(words) if word not in met.found]
            met.make_room(len(new))
            for word in new:
                place, known = len(met.same), self._known(word)
                self._describe(met.rows[place], known)
                met.same.append(met.meant.setdefault(known, len(met.meant)))
                # Last, since other threads look here first.
                met.found[word] = place
            return met

    def _nobody(self) -> "_Met":
        return _Met(np.zeros((1_000, _LEXICAL + self.dimensions + 1), dtype=np.float32))

    def _describe(self, row: Floats, known: str) -> None:
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

    def _spellings(self) -> dict[str, str]:
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


class _Met:
    """The words that were met: where each one's row stands, and which of them mean the same. Only ever grows."""

    def __init__(self, rows: Floats) -> None:
        self.found: dict[str, int] = {}
        self.meant: dict[str, int] = {}
        self.same: list[int] = []
        self.rows = rows

    def make_room(self, count: int) -> None:
        """Make room for further rows; who holds the old ones keeps them."""
        used = len(self.same)
        if used + count > len(self.rows):
            more = np.zeros((used + count, self.rows.shape[1]), dtype=np.float32)
            self.rows = np.concatenate((self.rows[:used], more))
