"""How far traffic has moved from what a model learned on: the population stability index of its difficulties.

What is measured is which requests come, not whether the model is still right about them; nothing is changed by it.
Below 0.1 two distributions count as alike, above 0.2 as different: a convention of credit scoring (Siddiqi, Credit Risk
Scorecards, 2006), with no more behind it than experience.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log
from typing import Literal

from gateway.errors import ConfigurationError

ALIKE, DIFFERENT = 0.1, 0.2
# Of fewer requests the index is mostly chance: about nine parts in their number.
FEWEST = 200
BINS = 10
# A tenth that has none counts as if it had so many: a share of nothing has no logarithm.
_FLOOR = 1e-3

Verdict = Literal["too few", "alike", "moving", "different"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """The shares of requests in each tenth of difficulty, as learned and as seen; `psi` is None for too few."""

    learned: tuple[float, ...]
    seen: tuple[float, ...]
    requests: int
    psi: float | None

    @property
    def verdict(self) -> Verdict:
        """What the index is taken to mean."""
        if self.psi is None:
            return "too few"
        return "alike" if self.psi < ALIKE else "moving" if self.psi <= DIFFERENT else "different"


def drift(difficulties: Iterable[float], learned: Sequence[float]) -> Drift:
    """Compare difficulties with the shares that a model learned on; raises `ConfigurationError` where it has none."""
    total = sum(learned)
    if len(learned) != BINS or not total > 0:
        raise ConfigurationError("the model does not say which difficulties it learned on; train it anew")
    counts = [0] * BINS
    for difficulty in difficulties:
        counts[min(BINS - 1, int(difficulty * BINS))] += 1
    requests = sum(counts)
    expected = tuple(share / total for share in learned)
    seen = tuple(count / requests if requests else 0.0 for count in counts)
    psi = stability(expected, seen) if requests >= FEWEST else None
    return Drift(learned=expected, seen=seen, requests=requests, psi=psi)


def stability(expected: Sequence[float], seen: Sequence[float]) -> float:
    """Return the population stability index of two distributions over the same bins: 0 for the same."""
    pairs = [(max(one, _FLOOR), max(other, _FLOOR)) for one, other in zip(expected, seen, strict=True)]
    return sum((other - one) * log(other / one) for one, other in pairs)
