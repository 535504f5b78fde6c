"""What a pool costs as time goes by, and how much of that was used. The clock is the caller's.

Hardware costs by the hour, busy or not. What was used comes when a call ends, as the time that the call took of one
card, and is taken from the time that has passed since the last look; what is more than that waits for time to come.
So neither the used nor the idle part ever falls.
"""

from collections import deque
from datetime import date
from fractions import Fraction
from math import floor
from typing import NamedTuple, Self

from gateway.money.pools import Rates, power_usd_per_hour, usd_per_hour
from gateway.policy.money import PoolPolicy
from gateway.types import Money, Usage
from gateway.vitals import PoolReading

_NANO_USD = 10**9
_PS_PER_NS = 1000
_PS_PER_US = 10**6
_NS_PER_S = 10**9
_NS_PER_HOUR = 3600 * _NS_PER_S
# The utilization is that of the last five minutes, in steps.
WINDOW_NS = 300 * _NS_PER_S
_STEP_NS = 5 * _NS_PER_S


class CardTime(NamedTuple):
    """Picoseconds of a card that a token takes: `money.pools.Rates` in whole numbers, for what runs with every call."""

    input: int
    cached: int
    output: int

    @classmethod
    def of(cls, rates: Rates) -> Self:
        """Return the rates, rounded to a picosecond."""
        return cls(*(round(rate * _PS_PER_US) for rate in (rates.input_us, rates.cached_us, rates.output_us)))

    def ps(self, usage: Usage) -> int:
        """Return what a call took, as far as its tokens are known."""
        cached, read, written = usage.cached_tokens, usage.prompt_tokens or 0, usage.completion_tokens or 0
        return self.input * max(read - cached, 0) + self.cached * cached + self.output * written


class PoolMeter:
    """The meter of one pool, from the moment that it was made; moments are nanoseconds of a clock that only rises."""

    def __init__(self, pool: PoolPolicy, *, rated: bool, today: date, now_ns: int) -> None:
        self._began_ns = self._read_ns = now_ns
        self._used = self._idle = self._unrated = Fraction(0)
        self._waiting_ps = 0
        self._steps: deque[tuple[int, int]] = deque()
        self._set(pool, rated=rated, today=today)

    def change(self, pool: PoolPolicy, *, rated: bool, today: date, now_ns: int) -> None:
        """Go on with other hardware or another price, or on another day; `rated` says whether `use` is told."""
        self._advance(now_ns)
        self._set(pool, rated=rated, today=today)

    def use(self, card_ps: int, *, now_ns: int) -> None:
        """Take note of what a call took that has just ended."""
        self._waiting_ps += card_ps
        step_ns = now_ns - now_ns % _STEP_NS
        if not self._steps or self._steps[-1][0] != step_ns:
            self._forget(now_ns)
            self._steps.append((step_ns, 0))
        self._steps[-1] = (step_ns, self._steps[-1][1] + card_ps)

    def read(self, *, now_ns: int) -> PoolReading:
        """Return what the pool has cost until now."""
        self._advance(now_ns)
        self._forget(now_ns)
        costs = {"used": self._used, "idle": self._idle} if self._rated else {}
        if self._unrated or not self._rated:
            costs["unrated"] = self._unrated
        return PoolReading(
            costs={state: Money(floor(cost)) for state, cost in costs.items()},
            utilization=self._utilization(now_ns) if self._rated else None,
        )

    def _set(self, pool: PoolPolicy, *, rated: bool, today: date) -> None:
        self._pool, self._rated = pool, rated
        begun = pool.since is None or pool.since <= today
        self._costs = begun and (pool.until is None or today < pool.until)
        self._usable = (pool.gpus - pool.standby) * Fraction(str(pool.usable))

    def _advance(self, now_ns: int) -> None:
        passed_ns, self._read_ns = now_ns - self._read_ns, now_ns
        if not passed_ns or not self._costs:
            return
        card_ps = passed_ns * _PS_PER_NS
        done_ps = min(self._waiting_ps, card_ps * self._pool.gpus)
        self._waiting_ps -= done_ps
        load = min(done_ps / (card_ps * self._usable), Fraction(1))
        per_hour = usd_per_hour(self._pool) + power_usd_per_hour(self._pool, load)
        cost = per_hour * _NANO_USD * passed_ns / _NS_PER_HOUR
        if not self._rated:
            self._unrated += cost
            return
        used = cost * Fraction(done_ps, card_ps * self._pool.gpus)
        self._used, self._idle = self._used + used, self._idle + cost - used

    def _utilization(self, now_ns: int) -> float | None:
        window_ns = min(WINDOW_NS, now_ns - self._began_ns)
        if not window_ns:
            return None
        return sum(card_ps for _, card_ps in self._steps) / (self._pool.gpus * window_ns * _PS_PER_NS)

    def _forget(self, now_ns: int) -> None:
        while self._steps and self._steps[0][0] <= now_ns - WINDOW_NS:
            self._steps.popleft()
