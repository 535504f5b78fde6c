"""How the house stands, as exporters are shown it: no content, money in nano-USD, None where unknown."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from gateway.types import Money

# What may become of an entry that the ledger does not take: counts of `LedgerState`.
FATES = ("spooled", "replayed", "set_aside", "lost")


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendFacts:
    """What is fixed of a backend: whose it is, its model as the policy names it, and the pool it runs on.

    `provider` is `openai`, `anthropic` ... for a closed API, else the backend's kind. `model` is None where the policy
    leaves it to the server.
    """

    provider: str
    model: str | None
    local: bool
    pool: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFacts:
    """What is fixed of a rule: whom it uses, and what it is compared with."""

    use: tuple[str, ...]
    baseline: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolReading:
    """What a pool has cost since the router was opened, busy or not: each part only grows.

    `costs` are by state: `used` and `idle`, or `unrated` where the policy does not say what a call takes of it.
    `utilization` is that of the last minutes, None where unknown; it is above 1 where the pool is rated too slow.
    """

    costs: Mapping[str, Money]
    utilization: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetReading:
    """A limit of spending, and what is left of it; negative where it is overspent."""

    limit: Money
    remaining: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """The house at one moment.

    `ledger_lag_s` is how long the oldest entry has waited to be on the books, 0 where none waits; `ledger` says how one
    stands that has a spool. `exporter_faults` counts what exporters were told in vain. `price_snapshot` is the day of
    the price list.
    """

    policy_version: str = ""
    backends: Mapping[str, BackendFacts] = field(default_factory=dict)
    rules: Mapping[str, RuleFacts] = field(default_factory=dict)
    pools: Mapping[str, PoolReading] = field(default_factory=dict)
    budgets: Mapping[str, BudgetReading] = field(default_factory=dict)
    price_snapshot: datetime | None = None
    ledger_lag_s: float = 0.0
    ledger: "LedgerState | None" = None
    exporter_faults: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerState:
    """How a ledger stands, and what became of what it did not take since the router was opened.

    `problem` says why it is down, None where it works. `waiting` lines are in spools of this process and of those that
    it took over, the oldest since `lag_s` seconds. `set_aside` could not be read, or cannot be booked. `lost` went
    neither into the ledger nor into a spool.
    """

    place: str
    problem: str | None = None
    spooled: int = 0
    replayed: int = 0
    waiting: int = 0
    set_aside: int = 0
    lost: int = 0
    lag_s: float = 0.0
