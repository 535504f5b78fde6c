"""Whether a promised loss is kept, and how much stays on the weak model under it.

A model learns from 1,500 rows of MMLU. From the pool of all others, calibration rows are drawn with replacement again
and again; the threshold that they prove is then judged by the whole pool, which is the truth that they were drawn from.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from routing_runs import mmlu_learned, scorer
from table import Measure

from gateway.training.metrics import Array
from gateway.training.risk import cut_for_loss
from gateway.training.rows import Row

LOSS, CONFIDENCE = 0.05, 0.95
RESAMPLES = 1_000
_SIZES = (500, 2_000, 5_000)
_JUDGED = 5_000
_LEAST_KEPT = 0.40
_SEEDS = range(3)


def risk() -> Iterator[Measure]:
    """Measure promises of a loss of at most 5% that should hold in 95 of 100 draws."""
    pools = [(scorer(model)(rows), rows) for model, rows in (mmlu_learned(seed) for seed in _SEEDS)]
    most = [_most_kept(difficulty, rows) for difficulty, rows in pools]
    yield Measure(
        name="kept on the weak model at a true loss of 5%, were all known",
        measured=f"{np.mean(most):.1%}; by the difficulty, as `gateway calibrate`; seeds {_listed(most)}",
    )
    for size in _SIZES:
        drawn = [_resampled(difficulty, rows, size, seed=seed) for seed, (difficulty, rows) in enumerate(pools)]
        yield from _rows(
            size, np.array([violated for violated, _, _ in drawn]), np.array([kept for _, kept, _ in drawn])
        )


def _rows(size: int, violated: Array, kept: Array) -> Iterator[Measure]:
    name = f"loss of 5% promised on {size:,} rows"
    yield Measure(
        name=f"{name}: broken promises",
        measured=f"{violated.mean():.1%} of {RESAMPLES} draws; seeds {_listed(violated)}",
        reach=f"<= {1 - CONFIDENCE:.0%}",
        passed=bool(violated.mean() <= 1 - CONFIDENCE),
    )
    is_judged = size == _JUDGED
    yield Measure(
        name=f"{name}: kept on the weak model",
        measured=f"{kept.mean():.1%}; seeds {_listed(kept)}",
        reach=f">= {_LEAST_KEPT:.0%}" if is_judged else "",
        passed=bool(kept.mean() >= _LEAST_KEPT) if is_judged else None,
    )


def _resampled(difficulty: Array, rows: Sequence[Row], size: int, *, seed: int) -> tuple[float, float, float]:
    """Return the share of draws whose promise is broken, and means of what is kept and lost."""
    losses = np.array([max(0.0, row.strong - row.weak) for row in rows])
    random = np.random.default_rng(seed)
    found = []
    for _ in range(RESAMPLES):
        chosen = random.integers(0, len(rows), size)
        cut = cut_for_loss(difficulty[chosen], [rows[index] for index in chosen], max_loss=LOSS, confidence=CONFIDENCE)
        kept = difficulty < (0.0 if cut is None else cut.threshold)
        found.append((np.where(kept, losses, 0.0).mean(), kept.mean()))
    loss, kept_share = np.array(found).T
    return float((loss > LOSS).mean()), float(kept_share.mean()), float(loss.mean())


def _most_kept(difficulty: Array, rows: Sequence[Row]) -> float:
    order = np.argsort(difficulty, kind="stable")
    losses = np.array([max(0.0, row.strong - row.weak) for row in rows])[order]
    return float((np.cumsum(losses) / len(rows) <= LOSS).mean())


def _listed(shares: Sequence[float] | Array) -> str:
    return ", ".join(f"{share:.1%}" for share in shares)
