"""What a sample proves about a mean of losses (0 to 1) that is at most so much: two exact tests and their bounds.

Where every loss is 0 or 1 it is Clopper and Pearson's. Where they are fractions it is a bet against the mean being too
high (Waudby-Smith and Ramdas, arXiv 2010.09686): the smaller the variance, the sooner it is won, while the bounds that
know the range alone pay for the greatest variance there could be. The losses of a bet stand in an order by lot.
"""

import math

import numpy as np
import numpy.typing as npt
from scipy import stats

from gateway.training.metrics import Array

# Below 1, so that no loss can ruin whoever bets against a mean of 0 or more.
_MOST_STAKED = 0.9
_BISECTIONS = 40


def are_whole(losses: Array) -> bool:
    """Return whether every loss is 0 or 1."""
    return bool(np.isin(losses, (0.0, 1.0)).all())


def fewest_rows(mean: float, confidence: float) -> int:
    """Return how many losses of 0 it takes at the least to prove a mean of at most so much."""
    return math.ceil(math.log(1 - confidence) / math.log1p(-mean))


def chance_of_so_few(totals: Array, count: int, mean: float) -> Array:
    """Return how likely totals of ones as low as these are at the most, if the mean were so much or more."""
    chances: Array = stats.binom.cdf(totals, count, mean)
    return chances


def is_won(losses: Array, mean: float, confidence: float) -> npt.NDArray[np.bool_]:
    """Return for each column of losses whether the bet against a mean of so much or more is won.

    Whoever holds the bet against a true mean wins it with a chance of `1 - confidence` at most.
    """
    count = np.arange(1, len(losses) + 1)[:, np.newaxis]
    # What is staked on a loss is settled by those before it alone; one loss of a half is taken to have come first.
    means = (0.5 + np.cumsum(losses, axis=0)) / (count + 1)
    variances = (0.25 + np.cumsum((losses - means) ** 2, axis=0)) / (count + 1)
    before = np.vstack((np.full((1, losses.shape[1]), 0.25), variances[:-1]))
    stakes = np.minimum(np.sqrt(-2 * math.log(1 - confidence) / (len(losses) * before)), _MOST_STAKED)
    capital = np.cumsum(np.log1p(stakes * (mean - losses)), axis=0)
    won: npt.NDArray[np.bool_] = capital.max(axis=0) >= -math.log(1 - confidence)
    return won


def upper_bound(losses: Array, *, confidence: float) -> float:
    """Return a bound that the mean exceeds with a chance of `1 - confidence` at most; the order is one by lot."""
    total, count = float(losses.sum()), len(losses)
    if are_whole(losses):
        return 1.0 if total == count else float(stats.beta.ppf(confidence, total + 1, count - total))
    # The stakes do not depend on the mean, so a higher one is easier to bet against.
    low, high = total / count, 1.0
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        low, high = (low, middle) if is_won(losses[:, np.newaxis], middle, confidence)[0] else (middle, high)
    return high
