"""Where to cut: the threshold that keeps a promise about lost quality, or a budget of strong calls.

A request whose difficulty is at least the threshold goes to the strong model, the others are kept on the weak one. What
a kept request loses is what the strong model would have done better, and nothing where it would not.

The promise is learn-then-test (Angelopoulos et al., arXiv 2110.01052) in its fixed sequence, which costs nothing for
testing many thresholds: keeping more never loses less, so thresholds are tried from the strictest on, each at the full
level, until one fails. It holds for requests drawn like the calibration rows, which must not have trained the model;
after a drift it has to be made again.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from gateway.training.metrics import Array
from gateway.training.rows import Row

# With fewer rows a promise is kept, but little else is: most of the share that could be kept is not.
ADVISED_ROWS = 500
_DECIMALS = 6
_BISECTIONS = 50


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


def fewest_rows(max_loss: float, confidence: float) -> int:
    """Return how many rows the promise needs at the least: with fewer, not even rows without any loss would do."""
    return math.ceil(math.log(1 - confidence) / math.log1p(-max_loss))


def cut_for_loss(difficulty: Array, rows: Sequence[Row], *, max_loss: float, confidence: float) -> Cut | None:
    """Return the cut that keeps most with a mean loss of at most `max_loss`; None where no cut can promise it.

    The promise fails with a chance of `1 - confidence` at most, over the draw of the rows.
    """
    losses = _losses(rows)
    thresholds = _thresholds(difficulty)
    totals = _below(difficulty, losses, thresholds)
    passes = _p_values(totals, len(rows), max_loss, whole=_are_whole(losses)) <= 1 - confidence
    # Totals rise with the threshold, so those that pass are the first ones. What rounding left without a row is no cut.
    passes &= _below(difficulty, np.ones(len(rows)), thresholds) > 0
    if not passes.any():
        return None
    return _cut(float(thresholds[np.flatnonzero(passes)[-1]]), difficulty, rows, confidence)


def cut_for_budget(difficulty: Array, rows: Sequence[Row], *, budget: float, confidence: float) -> Cut:
    """Return the cut that sends as many of the rows to the strong model as the budget (0 to 1) allows, never more."""
    thresholds = np.concatenate(([0.0], _thresholds(difficulty)))
    strong = len(rows) - _below(difficulty, np.ones(len(rows)), thresholds)
    allowed = strong <= budget * len(rows)
    # A score of 1 is above every threshold there is; where too many have it, none but those are sent.
    first = int(np.argmax(allowed)) if allowed.any() else -1
    return _cut(float(thresholds[first]), difficulty, rows, confidence)


def upper_bound(losses: Array, *, confidence: float) -> float:
    """Return a bound that the mean of losses (0 to 1) exceeds with a chance of `1 - confidence` at most.

    Clopper-Pearson where each is 0 or 1, which is exact; else Hoeffding and Bentkus, whichever is lower.
    """
    total, count = float(losses.sum()), len(losses)
    if _are_whole(losses):
        return 1.0 if total == count else float(stats.beta.ppf(confidence, total + 1, count - total))
    low, high = total / count, 1.0
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        p_value = _p_values(np.array([total]), count, middle, whole=False)[0]
        low, high = (low, middle) if p_value <= 1 - confidence else (middle, high)
    return high


def _cut(threshold: float, difficulty: Array, rows: Sequence[Row], confidence: float) -> Cut:
    kept = difficulty < threshold
    losses = np.where(kept, _losses(rows), 0.0)
    quality = np.where(kept, [row.weak for row in rows], [row.strong for row in rows])
    return Cut(
        threshold=threshold,
        kept=float(kept.mean()),
        loss=float(losses.mean()),
        upper=upper_bound(losses, confidence=confidence),
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


def _are_whole(losses: Array) -> bool:
    return bool(np.isin(losses, (0.0, 1.0)).all())


def _p_values(totals: Array, count: int, mean: float, *, whole: bool) -> Array:
    """Return how likely totals as low as these are at most, if the true mean loss were `mean` or more."""
    # What rounding adds to a sum of ones must not count as another loss.
    most: npt.NDArray[np.float64] = np.ceil(np.round(totals, 9))
    binomial: Array = stats.binom.cdf(most, count, mean)
    if whole:
        return binomial
    observed = np.minimum(totals / count, mean)
    hoeffding = np.exp(-count * _divergence(observed, mean))
    return np.minimum(np.minimum(hoeffding, math.e * binomial), 1.0)


def _divergence(observed: Array, mean: float) -> Array:
    """Return the Kullback-Leibler divergence between coins of these chances."""
    with np.errstate(divide="ignore", invalid="ignore"):
        hits = np.where(observed > 0, observed * np.log(observed / mean), 0.0)
        misses = np.where(observed < 1, (1 - observed) * np.log((1 - observed) / (1 - mean)), 0.0)
    return np.asarray(hits + misses)
