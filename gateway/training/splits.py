"""Which rows a router learns from, and which it is measured on: never the same ones. Reproducible by the seed."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt

Indices = npt.NDArray[np.int64]


def folds(count: int, number: int, *, seed: int) -> list[tuple[Indices, Indices]]:
    """Return shuffled train and test indices; each row is in one test part. At most one fold a row."""
    order = np.random.default_rng(seed).permutation(count)
    cuts = np.linspace(0, count, min(number, count) + 1).astype(np.int64)
    return [(np.concatenate((order[:start], order[end:])), order[start:end]) for start, end in pairwise(cuts.tolist())]


def split(count: int, first: int, *, seed: int) -> tuple[Indices, Indices]:
    """Return `first` indices chosen by lot, and the others."""
    order = np.random.default_rng(seed).permutation(count)
    return order[:first], order[first:]
