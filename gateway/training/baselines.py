"""What a router has to beat: chance, the length of the text, a table of categories, and what only an oracle knows."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from gateway.training.metrics import Array
from gateway.training.rows import Row
from gateway.training.splits import folds

# A category's mean counts as much as that of all rows once it has so many.
_SHRINKAGE = 10
_FOLDS = 5
_SEED = 0


def length_scores(rows: Sequence[Row]) -> Array:
    """Return the characters that the user wrote."""
    return np.array(
        [sum(len(message.text) for message in row.request.messages if message.role == "user") for row in rows]
    ).astype(np.float64)


def category_scores(rows: Sequence[Row]) -> Array | None:
    """Return what the strong model gained in each row's category, measured on other rows; None without categories.

    It knows the true category, which no router does, and nothing else.
    """
    if any(row.category is None for row in rows):
        return None
    _, category = np.unique([str(row.category) for row in rows], return_inverse=True)
    gains = np.array([row.strong - row.weak for row in rows])
    scores = np.empty(len(rows))
    for train, test in folds(len(rows), _FOLDS, seed=_SEED):
        scores[test] = _table(category[train], gains[train], int(category.max()) + 1)[category[test]]
    return scores


def oracle_scores(rows: Sequence[Row]) -> Array:
    """Return ranks by what the strong model gains, which nobody knows beforehand; ties are broken by lot."""
    gains = np.array([row.strong - row.weak for row in rows])
    lots = np.random.default_rng(_SEED).permutation(len(rows))
    scores = np.empty(len(rows))
    scores[np.lexsort((lots, gains))] = np.arange(len(rows))
    return scores


def _table(category: npt.NDArray[np.int64], gains: Array, categories: int) -> Array:
    sums = np.bincount(category, weights=gains, minlength=categories)
    counts = np.bincount(category, minlength=categories)
    table: Array = (sums + _SHRINKAGE * gains.mean()) / (counts + _SHRINKAGE)
    return table
