"""What a pool cost, by the month as it is invoiced, and step by step: the part that was used, and the idle rest. Pure.

The steps of a month add up to its cost exactly. Idle cost lies where there was idle time: no step has less than none.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from gateway.exports.periods import Grain, months
from gateway.money.open_models import weights_of
from gateway.money.pools import Period, pool_cost, rates_of
from gateway.money.rollups import CallHour, CallSums
from gateway.money.split import split
from gateway.policy.models import Policy
from gateway.policy.money import PoolPolicy
from gateway.times import hour_start

# GPU-microseconds of a pool by the start of a step; None where a backend on it works at unknown rates.
Work = Mapping[int, Fraction]


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolStep:
    """A pool in a step of time. `used` is None where nobody knows how much of it was; `idle` is all of it then.

    `gpu_us` is the time of all its cards, `cost` and `month_us` are those of its whole month.
    """

    pool: str
    policy: PoolPolicy
    start: int
    since: datetime
    until: datetime
    gpu_us: int
    used: int | None
    idle: int
    cost: int
    month_us: int


def pool_steps(name: str, pool: PoolPolicy, period: Period, grain: Grain, work: Work | None) -> Iterator[PoolStep]:
    """Yield the steps of a period in which a pool costs, in their order."""
    for month in months(period):
        yield from _month(name, pool, month.within(pool), grain, work)


def _month(name: str, pool: PoolPolicy, period: Period, grain: Grain, work: Work | None) -> Iterator[PoolStep]:
    lengths = _lengths(period, grain)
    done = None if work is None else [work.get(start, Fraction(0)) for start in lengths]
    total = None if done is None else sum(done, Fraction(0))
    cost = pool_cost(name, pool, period, total)
    capacity = [length * pool.gpus for length in lengths.values()]
    if done is None or cost.used is None:
        used, idle = None, split(cost.cost.nano_usd, capacity)
    else:
        used = split(cost.used.nano_usd, done)
        free = [max(Fraction(0), gpu_us - worked) for gpu_us, worked in zip(capacity, done, strict=True)]
        idle = split(cost.cost.nano_usd - cost.used.nano_usd, free)
    for place, start in enumerate(lengths):
        yield PoolStep(
            pool=name,
            policy=pool,
            start=start,
            since=max(hour_start(start), period.since),
            until=min(hour_start(start + grain), period.until),
            gpu_us=capacity[place],
            used=None if used is None else used[place],
            idle=idle[place],
            cost=cost.cost.nano_usd,
            month_us=sum(capacity),
        )


def _lengths(period: Period, grain: Grain) -> dict[int, int]:
    """Return how many microseconds of each step lie in a period."""
    lengths: dict[int, int] = {}
    for hour, length in period.hours():
        start = hour - hour % grain
        lengths[start] = lengths.get(start, 0) + length
    return lengths


class Cards:
    """Which calls take time of which pool's cards, and how much, by the policy's rates."""

    def __init__(self, policy: Policy) -> None:
        on_pool = {name: backend for name, backend in policy.backends.items() if backend.pool in policy.pools}
        self._pools = {name: str(backend.pool) for name, backend in on_pool.items()}
        rates = {
            name: rates_of(policy.pools[self._pools[name]], weights_of(each.model)) for name, each in on_pool.items()
        }
        self.unrated = frozenset(self._pools[name] for name, known in rates.items() if known is None)
        self._rates = {name: known for name, known in rates.items() if known and self._pools[name] not in self.unrated}

    def pool_of(self, backend: str) -> str | None:
        """Return the pool that a backend runs on, None where the policy puts it in none."""
        return self._pools.get(backend)

    def gpu_us(self, backend: str, cost_source: str, sums: CallSums) -> Fraction | None:
        """Return the GPU-microseconds of calls that are paid for with the pool; None where they are no such calls."""
        rates = self._rates.get(backend)
        if rates is None or cost_source != "pool" or sums.cost or sums.unpriced:
            return None
        return rates.gpu_us(sums)

    def work(self, calls: Iterable[CallHour]) -> dict[str, dict[int, Fraction]]:
        """Return the GPU-microseconds of each pool by the start of a step."""
        work: dict[str, dict[int, Fraction]] = {}
        for call in calls:
            gpu_us = self.gpu_us(call.cell.backend, call.cell.cost_source, call.sums)
            if gpu_us is not None:
                steps = work.setdefault(self._pools[call.cell.backend], {})
                steps[call.start] = steps.get(call.start, Fraction(0)) + gpu_us
        return work
