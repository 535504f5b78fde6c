"""What hardware costs: all of it, the used part, the idle part, and one call at the margin. Pure and exact.

A pool of `n` cards costs F in a period, busy or not. A call takes GPU-seconds by its tokens,

    w = input_us x input + cached_us x cached + output_us x output        (tokens of all kinds, millionths of a second)

and of F the used part is F x sum(w) / (n x T); the rest is idle. A report charges all of F (absorbed cost); a decision
looks at what one call more costs (`marginal`): nothing for rented cards, electricity for owned ones.
"""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from types import MappingProxyType
from typing import TypeVar

from gateway.money.rollups import CallSums
from gateway.money.split import rounded, split
from gateway.policy.money import OwnedPolicy, PoolPolicy
from gateway.times import EPOCH, hour_of, hour_start
from gateway.types import Money

HOURS_PER_MONTH = 730
_NANO_PER_USD = 10**9
_MICROSECOND = timedelta(microseconds=1)
_HOUR_US = 3_600_000_000
Worker = TypeVar("Worker", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """GPU-microseconds a token: of a prompt, of a prefix that the server had cached, of an answer."""

    input_us: Fraction
    output_us: Fraction
    cached_us: Fraction = Fraction(0)

    def gpu_us(self, sums: CallSums) -> Fraction:
        """Return the GPU-microseconds of the calls."""
        read = sums.input + sums.audio_input + sums.image_input + sums.cache_write_5m + sums.cache_write_1h
        written = sums.output + sums.reasoning + sums.audio_output
        return self.input_us * read + self.cached_us * sums.cache_read + self.output_us * written


# GPU-microseconds a token of the prompt and of the answer, by open weights and card. Fitted to TensorRT-LLM 1.0's
# published throughput at 2048/128 and 2048/2048 tokens; those of the A100 are the H100's divided by 0.45, the ratio
# that Lambda measured with vLLM. Away from these lengths they are 40 % wrong either way.
SPEEDS: Mapping[tuple[str, str], tuple[str, str]] = MappingProxyType(
    {
        ("llama-3.1-8b", "H100"): ("12.2", "95.3"),
        ("llama-3.1-8b", "A100-80"): ("27", "212"),
        ("llama-3.3-70b", "H100"): ("131.8", "517.2"),
        ("llama-3.1-70b", "H100"): ("131.8", "517.2"),
        ("llama-3.3-70b", "H200"): ("117.5", "381.7"),
        ("llama-3.1-70b", "H200"): ("117.5", "381.7"),
        ("llama-3.1-405b", "H100"): ("944", "2536"),
        ("llama-4-scout", "H100"): ("48.4", "452"),
    }
)


def rates_of(pool: PoolPolicy, weights: str | None = None) -> Rates | None:
    """Return a pool's rates: as the policy says, else as the table knows the weights on this card, else None."""
    if pool.input_us is not None and pool.output_us is not None:
        said = str(pool.input_us), str(pool.output_us)
    else:
        known = SPEEDS.get((weights or "", pool.gpu or ""))
        if known is None:
            return None
        said = known
    return Rates(input_us=Fraction(said[0]), output_us=Fraction(said[1]), cached_us=Fraction(str(pool.cached_us)))


def usd_per_hour(pool: PoolPolicy) -> Fraction:
    """Return what a pool costs an hour in USD, without electricity: all its cards, those on standby included."""
    monthly = Fraction(str(pool.operations_usd_per_month)) / HOURS_PER_MONTH
    if pool.owned is not None:
        return monthly + _write_off(pool.owned)
    return monthly + Fraction(str(pool.usd_per_gpu_hour)) * pool.gpus


def power_usd_per_hour(pool: PoolPolicy, load: Fraction) -> Fraction:
    """Return what the electricity of an owned pool costs an hour in USD at a load from 0 to 1."""
    owned = pool.owned
    if owned is None:
        return Fraction(0)
    watts = Fraction(str(owned.idle_w)) * (1 - load) + Fraction(str(owned.load_w)) * load
    return watts / 1000 * Fraction(str(owned.pue)) * Fraction(str(owned.usd_per_kwh))


def marginal(pool: PoolPolicy, gpu_us: Fraction) -> Money:
    """Return what so many GPU-microseconds more cost: rented cards are paid for, owned ones need electricity."""
    full = power_usd_per_hour(pool, Fraction(1)) - power_usd_per_hour(pool, Fraction(0))
    # The watts are the whole pool's, and so is the time: a card's share of both.
    return Money(rounded(full / pool.gpus * gpu_us / _HOUR_US * _NANO_PER_USD))


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolHour:
    """An hour of a pool: `used` + `idle` is its cost; both None where its rates are unknown."""

    hour: int
    cost: Money
    used: Money | None
    idle: Money | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolCost:
    """What a pool cost from `since` until `until`: its own days, within the period that was asked for.

    `used` and `idle` add up to `cost`; both are None where its rates are unknown.
    `busy` is the share of all its cards' time that work took, `load` that of what can be used within the latency
    target; a `load` above 1 says that the rates are too high, or the target was missed.
    """

    pool: str
    gpus: int
    standby: int
    usd_per_hour: float
    since: datetime
    until: datetime
    hours: float
    cost: Money
    used: Money | None
    idle: Money | None
    gpu_s: float | None
    busy: float | None
    load: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """From `since` on and before `until`."""

    since: datetime
    until: datetime

    def within(self, pool: PoolPolicy) -> "Period":
        """Return the part of it in which a pool costs."""
        since = self.since if pool.since is None else max(self.since, _midnight(pool.since))
        until = self.until if pool.until is None else min(self.until, _midnight(pool.until))
        return Period(since=since, until=max(since, until))

    @property
    def microseconds(self) -> int:
        """Its length, 0 where it ends before it begins."""
        return max(0, (self.until - self.since) // _MICROSECOND)

    def hours(self) -> list[tuple[int, int]]:
        """Return the hours that it touches, with the microseconds of each that lie in it."""
        if not self.microseconds:
            return []
        first, last = hour_of(self.since), hour_of(self.until - _MICROSECOND)
        return [(hour, Period(since=max(self.since, hour_start(hour)), until=min(self.until, hour_start(hour + 1)))
                 .microseconds) for hour in range(first, last + 1)]  # fmt: skip


def pool_cost(name: str, pool: PoolPolicy, period: Period, gpu_us: Fraction | None) -> PoolCost:
    """Return what a pool cost in a period in which it worked so many GPU-microseconds, None where that is unknown.

    What is used is never more than all.
    """
    period = period.within(pool)
    time_us = Fraction(period.microseconds)
    usable = time_us * (pool.gpus - pool.standby) * Fraction(str(pool.usable))
    busy = None if gpu_us is None else _share(gpu_us, time_us * pool.gpus)
    load = None if gpu_us is None else _share(gpu_us, usable)
    per_hour = usd_per_hour(pool) + power_usd_per_hour(pool, min(load or Fraction(0), Fraction(1)))
    cost = rounded(per_hour * time_us / _HOUR_US * _NANO_PER_USD)
    used = None if busy is None else min(rounded(cost * busy), cost)
    return PoolCost(
        pool=name,
        gpus=pool.gpus,
        standby=pool.standby,
        usd_per_hour=float(per_hour),
        since=period.since,
        until=period.until,
        hours=period.microseconds / _HOUR_US,
        cost=Money(cost),
        used=None if used is None else Money(used),
        idle=None if used is None else Money(cost - used),
        gpu_s=None if gpu_us is None else float(gpu_us / 1_000_000),
        busy=None if busy is None else float(busy),
        load=None if load is None else float(load),
    )


def pool_hours(cost: PoolCost, pool: PoolPolicy, period: Period, work: Mapping[int, Fraction]) -> list[PoolHour]:
    """Return a pool's hours, which add up to its cost, its used part and its idle part.

    `work` is its GPU-microseconds by the hour. In an hour that took more than there was, `idle` is negative: the rates
    are too high, or the work is booked in the hour in which it began.
    """
    hours = period.within(pool).hours()
    costs = split(cost.cost.nano_usd, [length for _, length in hours])
    done = [work.get(hour, Fraction(0)) for hour, _ in hours]
    used = None if cost.used is None else split(cost.used.nano_usd, done)
    return [
        PoolHour(
            hour=hour,
            cost=Money(part),
            used=None if used is None else Money(used[place]),
            idle=None if used is None else Money(part - used[place]),
        )
        for place, ((hour, _), part) in enumerate(zip(hours, costs, strict=True))
    ]


def absorbed(
    costs: Iterable[PoolCost],
    work: Mapping[str, Mapping[Worker, Fraction]],
    *,
    worked: Mapping[str, Fraction] | None = None,
) -> dict[Worker, int]:
    """Return all that the pools cost, in nano-USD, over whoever worked on them in proportion to their GPU time.

    `work` is by pool and worker, `worked` all that was done on a pool where that is less than the sum of it: of workers
    that share work, each is charged with all of its own. What a pool cost that nobody worked on is left out.
    """
    shares: dict[Worker, int] = {}
    for cost in costs:
        workers = work.get(cost.pool, {})
        done = sum(workers.values(), Fraction(0))
        if done:
            whole = done if worked is None else worked[cost.pool]
            parts = split(rounded(cost.cost.nano_usd * done / whole), list(workers.values()))
            for worker, part in zip(workers, parts, strict=True):
                shares[worker] = shares.get(worker, 0) + part
    return shares


def _write_off(owned: OwnedPolicy) -> Fraction:
    lost = Fraction(str(owned.usd)) * (1 - Fraction(str(owned.residual)))
    monthly = lost / Fraction(str(owned.months)) + Fraction(str(owned.colocation_usd_per_month))
    return monthly / HOURS_PER_MONTH


def _midnight(day: date) -> datetime:
    return EPOCH + timedelta(days=day.toordinal() - EPOCH.toordinal())


def _share(part: Fraction, whole: Fraction | int) -> Fraction:
    return part / whole if whole else Fraction(0)
