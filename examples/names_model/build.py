"""Builds the model of names that ships: `make names-model`. Seeded, from open lists and templates of our own.

`gateway/detectors/names.md` says from what, and what it is worth. Public prose (banking77, MMLU-Pro) is read from
GATEWAY_BENCH_DATA as texts that name nobody; rows of it are not kept.
"""

import hashlib
import os
import random
import re
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from zlib import crc32

import numpy as np
import pyarrow.parquet as pq
from fill import Example, Filler
from lexicon import build as build_lexicon
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from gateway.detectors._name_features import Word, candidates
from gateway.detectors._name_model import FILE, FORMAT
from gateway.detectors._name_words import NOTHING, Kind, Words, key

DATA = Path(os.environ.get("GATEWAY_BENCH_DATA", Path(__file__).parents[3] / "shared" / "data"))
SEED = 7
TEXTS = 80_000
# So many of the known words are hidden while learning, so that the model learns to do without.
HIDDEN = 0.25
FEWEST = 6
STRENGTH = 0.35
LEAST_WEIGHT = 0.04
_USUAL, _TITLE = 3, 3

Row = tuple[list[str], bool]


def main() -> None:
    """Build the model and write it into the package."""
    banking, exam = _column("prompts/banking77", "prompt"), _column("routing/mmlu_pro", "question")
    maths = _column("routing/zeroeval_math_l5", "prompt")
    lexicon = build_lexicon([*banking, *exam, *maths])
    keys, numbers = _table(lexicon)
    words = Words(keys, numbers)
    print(f"{len(lexicon):,} words")
    rows = [*_made(words), *_nobody(words, banking, 1.0), *_nobody(words, exam, 0.25)]
    print(f"{len(rows):,} words to learn from, {np.mean([right for _, right in rows]):.3f} of them names")
    features, weights = _fit(rows)
    _write(keys, numbers, features, weights)
    _note_hash()
    print(f"{len(features):,} weights, {FILE.stat().st_size:,} bytes")


def _column(name: str, column: str) -> list[str]:
    values: list[str] = pq.read_table(DATA / name / "data.parquet", columns=[column])[column].to_pylist()
    return values


def _table(lexicon: dict[str, int]) -> tuple["array[int]", "array[int]"]:
    by_key = {key(word): number for word, number in lexicon.items()}
    ordered = sorted(by_key)
    return array("I", ordered), array("H", [by_key[one] for one in ordered])


def _made(words: Words) -> Iterable[Row]:
    chance = random.Random(SEED)
    for example in Filler("templates.txt", seed=SEED).texts(TEXTS, with_persons=0.5):
        yield from _rows(example, _forgetful(words, chance.random()))


def _nobody(words: Words, texts: Sequence[str], share: float) -> Iterable[Row]:
    """Yield the words of texts as no names, but for those texts that hold a common first name."""
    chance = random.Random(SEED)
    for text in texts:
        if chance.random() < share:
            found = list(candidates(text, words.kind))
            if not any(_tells(word) for word, _ in found):
                yield from ((features, False) for _, features in found)


def _tells(word: Word) -> bool:
    """Whether a word is a usual first name or a title: beside it there may be somebody."""
    return (word.kind.first == _USUAL and word.kind.common < 2) or word.kind.other == _TITLE  # noqa: PLR2004 - rather common


def _rows(example: Example, kind_of: Callable[[str], Kind]) -> Iterable[Row]:
    for word, features in candidates(example.text, kind_of):
        yield features, _within(word, example.persons)


def _within(word: Word, spans: Sequence[tuple[int, int]]) -> bool:
    return any(start <= word.start < end for start, end in spans)


def _forgetful(words: Words, salt: float) -> Callable[[str], Kind]:
    """Return the lookup as if some words were unknown as names and places, other ones in each text."""

    def kind_of(word: str) -> Kind:
        kind = words.kind(word)
        if crc32(f"{word}{salt}".encode()) / 2**32 < HIDDEN:
            return kind._replace(first=0, last=0, place=0) if kind.common or kind.other else NOTHING
        return kind

    return kind_of


def _fit(rows: Sequence[Row]) -> tuple[list[str], list[float]]:
    counts = Counter(feature for features, _ in rows for feature in features)
    numbers = {feature: number for number, feature in enumerate(sorted(f for f, n in counts.items() if n >= FEWEST))}
    columns = [[numbers[feature] for feature in dict.fromkeys(features) if feature in numbers] for features, _ in rows]
    ends = np.cumsum([0, *map(len, columns)])
    flat = np.concatenate([np.array(one, dtype=np.int32) for one in columns])
    matrix = csr_matrix((np.ones(len(flat), dtype=np.float32), flat, ends), shape=(len(rows), len(numbers)))
    fitted = LogisticRegression(C=STRENGTH, max_iter=3_000, tol=1e-5).fit(matrix, [right for _, right in rows])
    kept = {feature: float(fitted.coef_[0, number]) for feature, number in numbers.items()}
    kept = {"": float(fitted.intercept_[0]), **{f: weight for f, weight in kept.items() if abs(weight) >= LEAST_WEIGHT}}
    return list(kept), list(kept.values())


def _note_hash() -> None:
    """Write the file's hash into its card."""
    card = FILE.with_suffix(".md")
    digest = hashlib.sha256(FILE.read_bytes()).hexdigest()
    card.write_text(re.sub("[0-9a-f]{64}", digest, card.read_text("utf-8")), "utf-8")


def _write(keys: "array[int]", numbers: "array[int]", features: list[str], weights: list[float]) -> None:
    np.savez_compressed(
        FILE,
        format=np.int32(FORMAT),
        keys=np.array(keys, dtype="<u4"),
        kinds=np.array(numbers, dtype="<u2"),
        features=np.frombuffer("\n".join(features).encode(), dtype=np.uint8),
        weights=np.array(weights, dtype="<f2"),
    )


if __name__ == "__main__":
    main()
