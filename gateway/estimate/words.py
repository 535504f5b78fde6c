"""The table of a model: what each word says of difficulty and topic, and the vector that a request becomes by it."""

from collections.abc import Sequence
from threading import Lock

import numpy as np
import numpy.typing as npt

from gateway.estimate.features import SHAPE_NAMES, WORD_NAMES, Reading, stem, word_row

Floats = npt.NDArray[np.float32]

# Words that no table knows are remembered too, up to so many; then they are forgotten and met anew.
_MOST_MET = 30_000
_LEXICAL = len(WORD_NAMES)


class Words:
    """Rows of numbers by word. `weights` is the importance of each stem, `meaning` its row (stems x dimensions)."""

    def __init__(self, stems: Sequence[str], weights: Floats, meaning: Floats) -> None:
        self.stems = tuple(stems)
        self.weights = weights
        self.meaning = meaning
        self._numbers = {name: number for number, name in enumerate(self.stems)}
        self.dimensions = meaning.shape[1]
        self._found: dict[str, int] = {}
        self._rows: Floats = self._forgotten()
        self._lock = Lock()

    @property
    def names(self) -> tuple[str, ...]:
        """What the numbers of a vector are."""
        return (
            *SHAPE_NAMES,
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
                np.array(reading.shape, dtype=np.float32),
                np.log1p(lexical),
                total[:_LEXICAL] / max(len(words), 1),
                total[_LEXICAL:-1] / (length or 1.0),
            ),
        )

    def _meet(self, words: Sequence[str]) -> list[int]:
        new = [word for word in words if word not in self._found]
        if len(self._found) + len(new) > _MOST_MET:
            self._found, self._rows = {}, self._forgotten()
            new = list(dict.fromkeys(words))[:_MOST_MET]
        known = len(self._found)
        if known + len(new) > len(self._rows):
            more = np.zeros((known + len(new), self._rows.shape[1]), dtype=np.float32)
            self._rows = np.concatenate((self._rows[:known], more))
        for place, word in enumerate(new, start=known):
            self._found[word] = place
            self._describe(self._rows[place], word)
        return [self._found[word] for word in words if word in self._found]

    def _describe(self, row: Floats, word: str) -> None:
        row[:_LEXICAL] = word_row(word)
        number = self._numbers.get(stem(word))
        if number is not None:
            weight = self.weights[number]
            row[_LEXICAL:-1] = weight * self.meaning[number]
            row[-1] = weight * weight

    def _forgotten(self) -> Floats:
        return np.zeros((1_000, _LEXICAL + self.dimensions + 1), dtype=np.float32)
