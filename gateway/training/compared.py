"""How good local answers are, by the share of them that was drawn at random and compared with a strong model's.

Since the draw knows nothing of request and answer, its mean is that of all local answers that the policy lets be
compared, as far as those that were drawn were compared: what failed is counted.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Literal

from gateway.entries import HoldoutRecord, LedgerEntry

_Z95 = 1.959964

Reading = Literal["accepted", "not judged", "rejected"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """The mean agreement of so many answers with the strong model's, 0 to 1, with a 95% interval."""

    count: int
    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Of the answers that were `drawn`, how many could not be compared, and how the others agree; None where none is.

    `by_reading` tells apart what the judges had said: `accepted`, `not judged`, or `rejected` and given all the same.
    """

    drawn: int
    failed: int
    agreement: Estimate | None
    by_reading: Mapping[Reading, Estimate]


def reading(entry: LedgerEntry) -> Reading | None:
    """Return what the judges said of an entry's answer, None where it was not drawn to be compared."""
    if not entry.holdout:
        return None
    given = [attempt for attempt in entry.answers if attempt.backend == entry.backend and attempt.error is None]
    accepted = given[-1].accepted if given else None
    return "not judged" if accepted is None else "accepted" if accepted else "rejected"


def compare(drawn: Mapping[str, Reading], records: Iterable[HoldoutRecord]) -> Compared:
    """Return how far the answers of the entries that were drawn agree with the strong model's."""
    scores: dict[Reading, list[float]] = {}
    for record in records:
        if record.entry_id in drawn and record.attempt.score is not None:
            scores.setdefault(drawn[record.entry_id], []).append(record.attempt.score)
    every = [score for part in scores.values() for score in part]
    return Compared(
        drawn=len(drawn),
        failed=len(drawn) - len(every),
        agreement=estimate(every) if every else None,
        by_reading={name: estimate(part) for name, part in sorted(scores.items())},
    )


def estimate(scores: Sequence[float]) -> Estimate:
    """Return the mean of scores (0 to 1) with Wilson's interval.

    It takes them for yes and no, which have the greatest variance that such a mean allows; for fractions it is wider
    than it need be.
    """
    count, mean = len(scores), sum(scores) / len(scores)
    square = _Z95**2
    middle = (mean + square / (2 * count)) / (1 + square / count)
    reach = _Z95 / (1 + square / count) * sqrt(mean * (1 - mean) / count + square / (4 * count**2))
    return Estimate(count=count, mean=mean, low=max(0.0, round(middle - reach, 12)), high=min(1.0, middle + reach))
