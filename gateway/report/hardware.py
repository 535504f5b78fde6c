"""The pools as a browser reckons them again: whole numbers and fractions, nothing rounded. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from math import lcm
from typing import Any, NamedTuple

from gateway.money.open_models import weights_of
from gateway.money.pools import Rates, power_usd_per_hour, rates_of, usd_per_hour
from gateway.money.rollups import CallCell, CallSums
from gateway.policy.models import AUTO, Policy
from gateway.policy.money import PoolPolicy

NO_POOL = -1
_HOURS_A_DAY = 24
_EPOCH = date(1970, 1, 1).toordinal()


class _Weights(NamedTuple):
    """The GPU time of a token of each kind, in the pool's unit."""

    input: int
    cached: int
    output: int


@dataclass(frozen=True, slots=True)
class Card:
    """A pool: its place in the report, and of how many parts a GPU-microsecond is its unit of work.

    `origin` says where its rates come from; None where they are unknown, and then nobody's work is counted.
    """

    name: str
    policy: PoolPolicy
    parts: int
    origin: str | None


class Cards:
    """Which calls worked on which pool, and how long."""

    def __init__(self, policy: Policy) -> None:
        rates = {name: _rates(policy, name) for name, backend in policy.backends.items() if backend.pool is not None}
        self._pool_of = {name: list(policy.pools).index(str(policy.backends[name].pool)) for name in rates}
        # What the policy calls the model of each backend, as far as it does.
        self.models = {name: backend.model for name, backend in policy.backends.items() if backend.model != AUTO}
        self._weights: dict[str, _Weights] = {}
        self.pools = tuple(
            self._card(policy, place, {name: rates[name] for name in rates if self._pool_of[name] == place})
            for place in range(len(policy.pools))
        )

    def _card(self, policy: Policy, place: int, rates: Mapping[str, Rates | None]) -> Card:
        name = list(policy.pools)[place]
        pool = policy.pools[name]
        known = {backend: rate for backend, rate in rates.items() if rate is not None}
        if len(known) < len(rates):
            return Card(name, pool, 1, None)
        parts = lcm(*(part.denominator for rate in known.values() for part in _three(rate)))
        for backend, rate in known.items():
            self._weights[backend] = _Weights(*(int(part * parts) for part in _three(rate)))
        return Card(name, pool, parts, _origin(pool))

    def place(self, cell: CallCell) -> int:
        """Return the place of the pool that calls were made on, `NO_POOL` where they were made on none."""
        return self._pool_of.get(cell.backend, NO_POOL) if cell.cost_source == "pool" else NO_POOL

    def work(self, cell: CallCell, sums: CallSums) -> int:
        """Return how many units of its pool calls took that were made on one; 0 where the rates are unknown."""
        weights = self._weights.get(cell.backend)
        if weights is None:
            return 0
        read = sums.input + sums.audio_input + sums.image_input + sums.cache_write_5m + sums.cache_write_1h
        written = sums.output + sums.reasoning + sums.audio_output
        return weights.input * read + weights.cached * sums.cache_read + weights.output * written


def as_dict(card: Card) -> dict[str, Any]:
    """Return a pool for the browser: fractions are [numerator, denominator], as text since they may be long."""
    pool = card.policy
    idle = power_usd_per_hour(pool, Fraction(0))
    return {
        "name": card.name,
        "gpus": pool.gpus,
        "standby": pool.standby,
        "usable": fraction(Fraction(str(pool.usable))),
        "fixed": fraction(usd_per_hour(pool)),
        "idle": fraction(idle),
        "load": fraction(power_usd_per_hour(pool, Fraction(1)) - idle),
        "parts": str(card.parts),
        "rated": card.origin is not None,
        "since": None if pool.since is None else _hour(pool.since),
        "until": None if pool.until is None else _hour(pool.until),
    }


def fraction(value: Fraction) -> list[str]:
    """Return a fraction for the browser."""
    return [str(value.numerator), str(value.denominator)]


def _rates(policy: Policy, name: str) -> Rates | None:
    backend = policy.backends[name]
    return rates_of(policy.pools[str(backend.pool)], weights_of(backend.model))


def _three(rates: Rates) -> tuple[Fraction, Fraction, Fraction]:
    return rates.input_us, rates.cached_us, rates.output_us


def _origin(pool: PoolPolicy) -> str:
    if pool.input_us is not None:
        return "declared in the policy (input_us, output_us)"
    return f"from the built-in table for {pool.gpu or 'its card'}"


def _hour(day: date) -> int:
    return (day.toordinal() - _EPOCH) * _HOURS_A_DAY
