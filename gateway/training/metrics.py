"""How good a router is: how much of the gap between two models it recovers, by the share of strong calls.

`scores` rank the requests: the higher, the sooner to the strong model. `weak` and `strong` are the quality of the two
models' answers, 0 to 1, fractions allowed. Shares of strong calls are percent where a figure says so, as in RouteLLM's
tables, and 0 to 1 elsewhere.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

BINS = 10
ECE_BINS = 10
RESAMPLES = 300
_HALF, _MOST = 0.5, 0.8
_INTERVAL = (2.5, 97.5)
_FEWEST_VALID = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """APGR (0.5 is chance), and the percent of strong calls that recover half and four fifths of the gap.

    All are None where the strong model is not better than the weak one: there is no gap to recover.
    """

    apgr: float | None
    cpt50: float | None
    cpt80: float | None


@dataclass(frozen=True, slots=True)
class Curve:
    """Mean quality by share of strong calls (0 to 1, ascending)."""

    shares: Array
    quality: Array


NO_GAP = Figures(apgr=None, cpt50=None, cpt80=None)
# What sending a request to either model by lot gives in the mean.
CHANCE = Figures(apgr=0.5, cpt50=50.0, cpt80=80.0)


def binned(scores: Array, weak: Array, strong: Array) -> Figures:
    """Return the figures as RouteLLM's evaluation reckons them: thresholds at the edges of ten bins of equal mass."""
    gap = strong.mean() - weak.mean()
    if gap <= 0:
        return NO_GAP
    curve = binned_curve(scores, weak, strong)
    apgr = (np.trapezoid(curve.quality, curve.shares) - weak.mean()) / gap
    # Their code interpolates over a curve that need not rise, and so does this.
    half, most = np.interp([weak.mean() + _HALF * gap, weak.mean() + _MOST * gap], curve.quality, curve.shares)
    return Figures(apgr=float(apgr), cpt50=float(half) * 100, cpt80=float(most) * 100)


def binned_curve(scores: Array, weak: Array, strong: Array) -> Curve:
    """Return the curve of RouteLLM's evaluation: what scores at least an edge is strong, above the last none."""
    # `pandas.qcut` with duplicate edges dropped. A score that is the same everywhere has one edge, of all and of none.
    edges = np.unique(np.percentile(scores, np.linspace(0, 1, BINS + 1) * 100))
    picks = [scores >= edge for edge in edges[:-1]] or [np.ones(len(scores), dtype=bool)]
    picks.append(scores > edges[-1])
    shares = np.array([pick.mean() for pick in reversed(picks)])
    quality = np.array([np.where(pick, strong, weak).mean() for pick in reversed(picks)])
    return Curve(shares, quality)


def exact(scores: Array, weak: Array, strong: Array) -> Figures:
    """Return the figures over all thresholds; requests of the same score move together, whatever their order."""
    gap = strong.mean() - weak.mean()
    if gap <= 0:
        return NO_GAP
    curve = exact_curve(scores, weak, strong)
    apgr = (np.trapezoid(curve.quality, curve.shares) - weak.mean()) / gap
    recovered = (curve.quality - weak.mean()) / gap
    return Figures(
        apgr=float(apgr),
        cpt50=_reached(recovered, curve.shares, _HALF),
        cpt80=_reached(recovered, curve.shares, _MOST),
    )


def exact_curve(scores: Array, weak: Array, strong: Array) -> Curve:
    """Return the curve with a point for every distinct score, from no strong call to all."""
    order = np.argsort(-scores, kind="stable")
    gains = (strong - weak)[order]
    last = _last_of_ties(scores[order])
    shares = np.concatenate(([0.0], (last + 1) / len(scores)))
    quality = weak.mean() + np.concatenate(([0.0], np.cumsum(gains)[last] / len(scores)))
    return Curve(shares, quality)


def interval(
    scores: Array, weak: Array, strong: Array, *, resamples: int = RESAMPLES, seed: int = 0
) -> tuple[float, float] | None:
    """Return the bootstrap 95% interval of the exact APGR over the test rows; None where the gap may well be none.

    What another training set would give is not in it.
    """
    order = np.argsort(-scores, kind="stable")
    gains = (strong - weak)[order]
    starts = np.concatenate(([0], _last_of_ties(scores[order])[:-1] + 1))
    random = np.random.default_rng(seed)
    found = [
        apgr
        for _ in range(resamples)
        if (apgr := _weighted_apgr(gains, starts, _drawn(random, len(gains)))) is not None
    ]
    if len(found) < _FEWEST_VALID * resamples:
        return None
    low, high = np.percentile(found, _INTERVAL)
    return float(low), float(high)


def ece(good: Array, weak: Array) -> float:
    """Return the expected calibration error of P(weak is good enough), over ten bins of equal width."""
    bins = np.minimum((good * ECE_BINS).astype(np.int64), ECE_BINS - 1)
    gaps = np.bincount(bins, weights=good - weak, minlength=ECE_BINS)
    return float(np.abs(gaps).sum() / len(good))


def auc(difficulty: Array, weak: Array) -> float | None:
    """Return how often a request that the weak model fails ranks above one that it answers; ties count half.

    It fails below 0.5. None where all fail or none does.
    """
    failed = weak < _HALF
    fails, others = int(failed.sum()), int((~failed).sum())
    if not fails or not others:
        return None
    _, group, counts = np.unique(difficulty, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[group]
    return float((ranks[failed].sum() - fails * (fails + 1) / 2) / (fails * others))


def _reached(recovered: Array, shares: Array, wanted: float) -> float:
    """Return the least percent of strong calls that recovers so much; the curve ends at 1, so there is one."""
    first = int(np.argmax(recovered >= wanted))
    rise = recovered[first] - recovered[first - 1]
    part = (wanted - recovered[first - 1]) / rise
    return float(shares[first - 1] + part * (shares[first] - shares[first - 1])) * 100


def _last_of_ties(descending: Array) -> npt.NDArray[np.int64]:
    changes = np.flatnonzero(np.diff(descending))
    return np.concatenate((changes, [len(descending) - 1])).astype(np.int64)


def _drawn(random: np.random.Generator, count: int) -> Array:
    return np.bincount(random.integers(0, count, count), minlength=count).astype(np.float64)


def _weighted_apgr(gains: Array, starts: npt.NDArray[np.int64], weights: Array) -> float | None:
    gained = np.add.reduceat(gains * weights, starts)
    total = gained.sum()
    if total <= 0:
        return None
    widths = np.add.reduceat(weights, starts) / weights.sum()
    return float(widths @ (np.cumsum(gained) - gained / 2) / total)
