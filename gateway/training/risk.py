"""Where to cut: the threshold that keeps a promise about lost quality, or a budget of strong calls.

A request whose difficulty is at least the threshold goes to the strong model, the others are kept on the weak one. What
a kept request loses is what the strong model would have done better, and nothing where it would not.

The promise is learn-then-test (Angelopoulos et al., arXiv 2110.01052) in its fixed sequence, which costs nothing for
testing many thresholds: keeping more never loses less, so thresholds are tried from the strictest on, each at the full
level, until one fails. It holds for requests drawn like the calibration rows, which must not have trained the model;
after a drift it has to be made again.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gateway.training.bounds import are_whole, chance_of_so_few, is_won, upper_bound
from gateway.training.metrics import Array
from gateway.training.rows import Row

# With fewer rows a promise is kept, but little else is: most of the share that could be kept is not.
ADVISED_ROWS = 500
_DECIMALS = 6
_GRID = np.arange(1, 1001) / 1000
_AT_ONCE = 25
_SEED = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A threshold and what it does on the rows it was chosen on.

    `kept` and `loss` are means over all rows. `upper` bounds the loss of requests like these at the confidence asked.
    """

    threshold: float
    kept: float
    loss: float
    upper: float
    quality: float


def cut_for_loss(difficulty: Array, rows: Sequence[Row], *, max_loss: float, confidence: float) -> Cut | None:
    """Return the cut that keeps most with a mean loss of at most `max_loss`; None where no cut can promise it.

    The promise fails with a chance of `1 - confidence` at most, over the draw of the rows.
    """
    losses = _losses(rows)
    if are_whole(losses):
        threshold = _proven(difficulty, losses, max_loss, confidence)
    else:
        threshold = _won(*_by_lot(difficulty, losses), max_loss, confidence)
    if not (difficulty < threshold).any():
        return None
    return _cut(threshold, difficulty, rows, confidence)


def cut_for_budget(difficulty: Array, rows: Sequence[Row], *, budget: float, confidence: float) -> Cut:
    """Return the cut that sends as many of the rows to the strong model as the budget (0 to 1) allows, never more.

    A difficulty of 1 is at least any threshold: where more have it than the budget allows, none but those are sent.
    """
    thresholds = np.concatenate(([0.0], _thresholds(difficulty)))
    strong = len(rows) - _below(difficulty, np.ones(len(rows)), thresholds)
    allowed = strong <= budget * len(rows)
    first = int(np.argmax(allowed)) if allowed.any() else -1
    return _cut(float(thresholds[first]), difficulty, rows, confidence)


def _proven(difficulty: Array, losses: Array, max_loss: float, confidence: float) -> float:
    """Return the highest threshold below which losses of 0 and 1 are few enough, 0 where none is.

    Every threshold is tried: what is counted rises with it, so those that pass are the first ones.
    """
    thresholds = _thresholds(difficulty)
    totals = _below(difficulty, losses, thresholds)
    passes = chance_of_so_few(totals, len(losses), max_loss) <= 1 - confidence
    return float(thresholds[passes].max(initial=0.0))


def _won(difficulty: Array, losses: Array, max_loss: float, confidence: float) -> float:
    """Return the threshold of a fixed grid before the first at which the bet is not won, 0 where that is the first."""
    for start in range(0, len(_GRID), _AT_ONCE):
        thresholds = _GRID[start : start + _AT_ONCE]
        kept = np.where(difficulty[:, np.newaxis] < thresholds, losses[:, np.newaxis], 0.0)
        passes = is_won(kept, max_loss, confidence)
        if not passes.all():
            first = start + int(np.argmin(passes))
            return float(_GRID[first - 1]) if first else 0.0
    return 1.0


def _by_lot(difficulty: Array, losses: Array) -> tuple[Array, Array]:
    """Return both in an order by lot: that of a file may tell something."""
    order = np.random.default_rng(_SEED).permutation(len(losses))
    return difficulty[order], losses[order]


def _cut(threshold: float, difficulty: Array, rows: Sequence[Row], confidence: float) -> Cut:
    kept = difficulty < threshold
    losses = np.where(kept, _losses(rows), 0.0)
    quality = np.where(kept, [row.weak for row in rows], [row.strong for row in rows])
    return Cut(
        threshold=threshold,
        kept=float(kept.mean()),
        loss=float(losses.mean()),
        upper=upper_bound(_by_lot(difficulty, losses)[1], confidence=confidence),
        quality=float(quality.mean()),
    )


def _losses(rows: Sequence[Row]) -> Array:
    return np.array([max(0.0, row.strong - row.weak) for row in rows])


def _thresholds(difficulty: Array) -> Array:
    """Return where a cut may be, ascending: at each score but the least, and at 1; rounded down, to be written down.

    Rounding down keeps less, so a promise stays one.
    """
    scores = np.unique(difficulty)
    rounded = np.floor(np.append(scores[1:], 1.0) * 10**_DECIMALS) / 10**_DECIMALS
    return np.unique(rounded)


def _below(difficulty: Array, values: Array, thresholds: Array) -> Array:
    """Return the sum of the values of rows below each threshold."""
    order = np.argsort(difficulty, kind="stable")
    sums = np.concatenate(([0.0], np.cumsum(values[order])))
    found: Array = sums[np.searchsorted(difficulty[order], thresholds, side="left")]
    return found
