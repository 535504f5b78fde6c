"""How sure a saving is: an interval from the randomised holdout, and a lower bound for answers that were as good.

Estimates are floats and are called so; nothing of them goes into the books.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from gateway.types import Money

# The 97.5 % quantile of the normal distribution: two-sided intervals of 95 %.
Z = 1.959963984540054
# Below that many pairs an interval says nothing.
FEWEST = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A local answer that was drawn at random, and what the baseline's own answer to it cost.

    `assumed` is what was booked as its baseline; `real` is None where the call was none of the baseline's model, or of
    unknown cost. `agreement` is how far both answers agree, 0 to 1, None where the strong one did not come. `rule` is
    that of the request, None where it is not known.
    """

    assumed: Money | None
    real: Money | None
    agreement: float | None
    rule: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """An estimate with its 95 % interval."""

    estimate: float
    low: float
    high: float
    pairs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Equivalence:
    """How many of the answers that were compared are as good; `low` and `high` are Wilson's 95 % bounds."""

    equivalent: int
    judged: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """The observed share."""
        return self.equivalent / self.judged


def baseline_ratio(pairs: Sequence[Pair]) -> Interval | None:
    """Return what the baseline really costs for each USD that was assumed, None of fewer than `FEWEST` pairs.

    The ratio of the sums, with the variance of its residuals (the ratio estimator of survey sampling; W. G. Cochran,
    Sampling Techniques, 3rd edition, 1977, chapter 6).
    """
    known = [(p.assumed.nano_usd, p.real.nano_usd) for p in pairs if p.assumed is not None and p.real is not None]
    assumed = sum(x for x, _ in known)
    if len(known) < FEWEST or assumed <= 0:
        return None
    ratio = sum(y for _, y in known) / assumed
    residuals = sum((y - ratio * x) ** 2 for x, y in known)
    margin = Z * sqrt(residuals * len(known) / (len(known) - 1)) / assumed
    return Interval(estimate=ratio, low=ratio - margin, high=ratio + margin, pairs=len(known))


def equivalence(pairs: Sequence[Pair], *, at_least: float) -> Equivalence | None:
    """Return how many answers agree with the strong one's to that degree, None where none was compared."""
    judged = [pair.agreement for pair in pairs if pair.agreement is not None]
    if not judged:
        return None
    good = sum(agreement >= at_least for agreement in judged)
    low, high = wilson(good, len(judged))
    return Equivalence(equivalent=good, judged=len(judged), low=low, high=high)


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share (E. B. Wilson, J. Am. Stat. Assoc. 22, 1927)."""
    share, z2 = successes / trials, Z * Z
    middle = share + z2 / (2 * trials)
    margin = Z * sqrt(share * (1 - share) / trials + z2 / (4 * trials * trials))
    scale = 1 + z2 / trials
    return (middle - margin) / scale, (middle + margin) / scale
