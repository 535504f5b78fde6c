"""What the routing saved, from the ledger: baseline less cost, less the hardware. Pure; losses are shown as losses.

An answered request is covered where its cost and its baseline are known, any other where its cost is; the rest is
counted and left out of the sums. A request without an answer saved nothing and costs what it cost.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from math import floor
from typing import Any, Protocol

from gateway.entries import HoldoutRecord, LedgerEntry
from gateway.types import Money

_MICROSECOND = timedelta(microseconds=1)
_MICROSECONDS_PER_HOUR = 3_600_000_000
_NANO_PER_USD = 10**9


class Pool(Protocol):
    """Hardware that is paid by the hour, busy or not; the policy's pools are such."""

    @property
    def gpus(self) -> int:
        """How many cards, those on standby included."""

    @property
    def usd_per_gpu_hour(self) -> float:
        """What one card costs an hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The sums of the requests that one backend and model answered; both None: of those that nobody answered.

    `cost`, `baseline` and `saved` are sums of the covered requests. `excluded` counts the others; `excluded_cost` is
    what is known of their cost. `local` counts the answers of local backends.
    """

    backend: str | None
    model: str | None
    requests: int
    answered: int
    refused: int
    failed: int
    cancelled: int
    local: int
    escalated: int
    excluded: int
    cost: Money
    baseline: Money
    excluded_cost: Money

    @property
    def saved(self) -> Money:
        """Baseline less cost, before hardware; negative where routing cost more."""
        return self.baseline - self.cost

    @property
    def is_known(self) -> bool:
        """Whether any request is in the sums: where all are excluded, what was saved is unknown and not 0."""
        return self.excluded < self.requests or not self.requests

    @property
    def local_share(self) -> float | None:
        """The share of answers that stayed local, None without answers."""
        return self.local / self.answered if self.answered else None

    @property
    def coverage(self) -> float | None:
        """The share of requests that are in the sums, None without requests."""
        return (self.requests - self.excluded) / self.requests if self.requests else None

    def as_dict(self) -> dict[str, Any]:
        """Return the row for JSON: money in integer nano-USD."""
        return {
            "backend": self.backend,
            "model": self.model,
            "requests": self.requests,
            "answered": self.answered,
            "refused": self.refused,
            "failed": self.failed,
            "cancelled": self.cancelled,
            "local": self.local,
            "local_share": self.local_share,
            "escalated": self.escalated,
            "excluded": self.excluded,
            "coverage": self.coverage,
            "cost_nano_usd": self.cost.nano_usd,
            "baseline_nano_usd": self.baseline.nano_usd if self.is_known else None,
            "saved_nano_usd": self.saved.nano_usd if self.is_known else None,
            "excluded_cost_nano_usd": self.excluded_cost.nano_usd,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolCost:
    """What a pool cost in the period, idle hours included."""

    pool: str
    gpus: int
    usd_per_gpu_hour: float
    cost: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldoutCost:
    """What comparing local answers with a strong backend's cost; `excluded` counts the calls of unknown cost."""

    calls: int
    excluded: int
    cost: Money

    def as_dict(self) -> dict[str, int]:
        """Return it for JSON: money in integer nano-USD."""
        return {"calls": self.calls, "excluded": self.excluded, "cost_nano_usd": self.cost.nano_usd}


@dataclass(frozen=True, slots=True, kw_only=True)
class Savings:
    """The table: a row a group, their total, the hardware, what comparing answers cost, and what remains.

    `unpooled` names the local backends whose hardware cost is not included, because the policy puts them in no pool.
    """

    since: datetime | None
    until: datetime | None
    rows: tuple[Row, ...]
    total: Row
    pools: tuple[PoolCost, ...]
    unpooled: tuple[str, ...]
    holdout: HoldoutCost = HoldoutCost(calls=0, excluded=0, cost=Money(0))

    @property
    def hours(self) -> float:
        """The length of the period, 0 for an empty one."""
        return (self.until - self.since) / timedelta(hours=1) if self.since and self.until else 0.0

    @property
    def hardware(self) -> Money:
        """What all pools cost in the period."""
        return sum((pool.cost for pool in self.pools), Money(0))

    @property
    def net(self) -> Money:
        """What was saved after hardware and comparisons; negative where it did not pay."""
        return self.total.saved - self.hardware - self.holdout.cost

    def as_dict(self) -> dict[str, Any]:
        """Return the table for JSON: money in integer nano-USD, times in ISO 8601."""
        return {
            "since": self.since and self.since.isoformat(),
            "until": self.until and self.until.isoformat(),
            "hours": self.hours,
            "rows": [row.as_dict() for row in self.rows],
            "total": self.total.as_dict(),
            "pools": [
                {
                    "pool": pool.pool,
                    "gpus": pool.gpus,
                    "usd_per_gpu_hour": pool.usd_per_gpu_hour,
                    "cost_nano_usd": pool.cost.nano_usd,
                }
                for pool in self.pools
            ],
            "hardware_nano_usd": self.hardware.nano_usd,
            "holdout": self.holdout.as_dict(),
            "net_nano_usd": self.net.nano_usd if self.total.is_known else None,
            "hardware_not_included": list(self.unpooled),
        }


def savings(  # noqa: PLR0913 - everything that the table shows meets here, each thing by its name
    entries: Iterable[LedgerEntry],
    *,
    pools: Mapping[str, Pool],
    pool_of: Mapping[str, str | None],
    since: datetime | None = None,
    until: datetime | None = None,
    holdouts: Iterable[HoldoutRecord] = (),
) -> Savings:
    """Sum up entries in one pass; `pool_of` says which backend runs on which pool.

    `holdouts` are the period's comparisons: money that was spent to know whether the rest was well saved.

    Every pool is charged for the whole period, also if nobody used it: from `since` to `until`, where not given from
    the first entry to the last.
    """
    groups: defaultdict[_Group, Counter[str]] = defaultdict(Counter)
    on_own_hardware: set[str] = set()
    first = last = None
    for entry in entries:
        groups[entry.backend, entry.model].update(_tally(entry))
        on_own_hardware.update(attempt.backend for attempt in entry.attempts if attempt.cost_source == "pool")
        first, last = min(first or entry.at, entry.at), max(last or entry.at, entry.at)
    since, until = since or first, until or last
    rows = [_row(group, tally) for group, tally in sorted(groups.items(), key=_by_name)]
    return Savings(
        since=since,
        until=until,
        rows=tuple(rows),
        total=_row((None, None), _total(groups.values())),
        pools=tuple(_pool_cost(name, pool, since, until) for name, pool in pools.items()),
        unpooled=tuple(sorted(name for name in on_own_hardware if pool_of.get(name) not in pools)),
        holdout=_holdout_cost(holdouts),
    )


_Group = tuple[str | None, str | None]


def _tally(entry: LedgerEntry) -> dict[str, int]:
    answered = entry.status == "answered"
    covered = entry.cost is not None and (entry.baseline_cost is not None or not answered)
    cost = entry.cost.nano_usd if entry.cost else 0
    return {
        "requests": 1,
        entry.status: 1,
        "local": int(answered and entry.local is True),
        "escalated": int(entry.escalated),
        "excluded": int(not covered),
        "cost": cost if covered else 0,
        "excluded_cost": 0 if covered else cost,
        "baseline": entry.baseline_cost.nano_usd if covered and answered and entry.baseline_cost else 0,
    }


def _total(tallies: Iterable[Counter[str]]) -> Counter[str]:
    # Not `sum`: adding counters drops what is negative.
    total: Counter[str] = Counter()
    for tally in tallies:
        total.update(tally)
    return total


def _by_name(item: tuple[_Group, object]) -> tuple[bool, str, str]:
    (backend, model), _ = item
    return backend is None, backend or "", model or ""


def _row(group: _Group, tally: Counter[str]) -> Row:
    counts = ("requests", "answered", "refused", "cancelled", "local", "escalated", "excluded")
    return Row(
        backend=group[0],
        model=group[1],
        failed=tally["exhausted"],
        cost=Money(tally["cost"]),
        baseline=Money(tally["baseline"]),
        excluded_cost=Money(tally["excluded_cost"]),
        **{count: tally[count] for count in counts},
    )


def _holdout_cost(holdouts: Iterable[HoldoutRecord]) -> HoldoutCost:
    costs = [record.attempt.cost for record in holdouts]
    known = [cost for cost in costs if cost is not None]
    return HoldoutCost(calls=len(costs), excluded=len(costs) - len(known), cost=sum(known, Money(0)))


def _pool_cost(name: str, pool: Pool, since: datetime | None, until: datetime | None) -> PoolCost:
    microseconds = max(0, (until - since) // _MICROSECOND) if since and until else 0
    # The rate as it is written: 1.37 and not the nearest binary fraction.
    nano_usd = Fraction(str(pool.usd_per_gpu_hour)) * pool.gpus * microseconds * _NANO_PER_USD / _MICROSECONDS_PER_HOUR
    cost = Money(floor(nano_usd + Fraction(1, 2)))
    return PoolCost(pool=name, gpus=pool.gpus, usd_per_gpu_hour=pool.usd_per_gpu_hour, cost=cost)
