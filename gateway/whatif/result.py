"""What came of asking what another policy would have cost: exact amounts, and all that they rest on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any, Literal

from gateway.money.pools import PoolCost
from gateway.types import Money

SCHEMA = "gateway.what-if/1"
Basis = Literal["given", "observed", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """The share of judged answers of a rule that are not accepted, and where it comes from.

    `seen` are the answers of the rule that were recorded, where it was observed.
    """

    rule: str
    share: Fraction | None
    basis: Basis
    seen: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What a rule would ask of a backend: expected calls and what they cost."""

    rule: str
    backend: str
    calls: float
    cost: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """What one policy costs in the period: the calls of the compared requests, comparisons, hardware, people."""

    calls: Money
    hardware: Money
    comparisons: Money
    engineers: Money | None

    @property
    def total(self) -> Money:
        """All of it."""
        return self.calls + self.hardware + self.comparisons + (self.engineers or Money(0))

    def as_dict(self) -> dict[str, int | None]:
        """Return it for JSON: money in integer nano-USD."""
        return {
            "calls_nano_usd": self.calls.nano_usd,
            "hardware_nano_usd": self.hardware.nano_usd,
            "comparisons_nano_usd": self.comparisons.nano_usd,
            "engineers_nano_usd": None if self.engineers is None else self.engineers.nano_usd,
            "total_nano_usd": self.total.nano_usd,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """The comparison of what was recorded with what another policy would have done.

    Of `requests`, `compared` are in both sums. `refused` ones nobody of the other policy could have answered;
    `unanswered` ones were not answered as recorded, so that nobody knows their tokens; `unmetered` ones say no tokens;
    of `unpriced` ones a cost is unknown, there or here. `cached` ones are compared, and cost what they cost.

    `there` is None where something that it hangs on is unknown: a rule's share of rejected answers, or how hard the
    requests were. `least` and `most` are its total for whatever that is.
    """

    since: datetime | None
    until: datetime | None
    policy_version: str
    requests: int
    compared: int
    cached: int
    refused: int
    unanswered: int
    unmetered: int
    unpriced: int
    unknown_difficulty: int
    easy: Fraction | None
    here: Side
    there: Side | None
    least: Money
    most: Money
    uses: tuple[Use, ...]
    shares: tuple[Share, ...]
    pools: tuple[PoolCost, ...]
    price_version: str
    assumptions: tuple[str, ...]

    @property
    def coverage(self) -> float | None:
        """The share of requests that are compared, None without requests."""
        return self.compared / self.requests if self.requests else None

    @property
    def saved(self) -> Money | None:
        """What the other policy would have saved, hardware and people included; negative where it costs more."""
        return None if self.there is None else self.here.total - self.there.total

    @property
    def share(self) -> float | None:
        """What would have been saved, as a share of what was paid."""
        saved, paid = self.saved, self.here.total.nano_usd
        return None if saved is None or paid <= 0 else saved.nano_usd / paid

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON: money in integer nano-USD, times in ISO 8601, what is unknown as null."""
        counts = ("requests", "compared", "cached", "refused", "unanswered", "unmetered", "unpriced")
        return {
            "schema": SCHEMA,
            "since": self.since and self.since.isoformat(),
            "until": self.until and self.until.isoformat(),
            "policy_version": self.policy_version,
            "price_version": self.price_version,
            **{name: getattr(self, name) for name in counts},
            "coverage": self.coverage,
            "unknown_difficulty": {"requests": self.unknown_difficulty, "easy": _number(self.easy)},
            "here": self.here.as_dict(),
            "there": None if self.there is None else self.there.as_dict(),
            "least_nano_usd": self.least.nano_usd,
            "most_nano_usd": self.most.nano_usd,
            "saved_nano_usd": None if self.saved is None else self.saved.nano_usd,
            "saved_share": self.share,
            "uses": [
                {"rule": use.rule, "backend": use.backend, "calls": use.calls, "cost_nano_usd": use.cost.nano_usd}
                for use in self.uses
            ],
            "rejected": [
                {"rule": one.rule, "share": _number(one.share), "basis": one.basis, "seen": one.seen}
                for one in self.shares
            ],
            "pools": [
                {"pool": pool.pool, "cost_nano_usd": pool.cost.nano_usd, "busy": pool.busy, "load": pool.load}
                for pool in self.pools
            ],
            "assumptions": list(self.assumptions),
        }

    def facts(self) -> Mapping[str, list[str]]:
        """Return it as named lines for people; nothing that is unknown is 0."""
        left_out = {
            "to be refused": self.refused,
            "not answered": self.unanswered,
            "without tokens": self.unmetered,
            "without a price": self.unpriced,
        }
        out = [f"{count:,} {what}" for what, count in left_out.items() if count]
        period = f"{_day(self.since)} to {_day(self.until)} UTC"
        lines = {
            "period": [period],
            "compared": [f"{self.compared:,} of {self.requests:,} requests ({self.coverage or 0:.1%})"],
            "left out": [", ".join(out)] if out else [],
            "recorded": [_side(self.here)],
            "would be": [_side(self.there)] if self.there else [f"unknown: {self.least} to {self.most}"],
            "saved": [_saved(self)],
            "rejected": [_share(one) for one in self.shares],
            "difficulty": [_difficulty(self)] if self.unknown_difficulty else [],
            "hardware": [_pool(pool) for pool in self.pools],
            "assumed": list(self.assumptions),
        }
        return {name: told for name, told in lines.items() if told}


def _side(side: Side) -> str:
    more = {"hardware": side.hardware, "comparisons": side.comparisons, "engineers": side.engineers or Money(0)}
    parts = [f"{amount} {name}" for name, amount in more.items() if amount.nano_usd]
    return f"{side.total}: {', '.join((f'{side.calls} calls', *parts))}"


def _saved(result: WhatIf) -> str:
    if result.saved is None:
        low, high = result.here.total - result.most, result.here.total - result.least
        return f"unknown: {low} to {high}"
    return f"{result.saved}{'' if result.share is None else f' ({result.share:.1%})'}"


def _share(one: Share) -> str:
    if one.share is None:
        return f"rule {one.rule}: unknown, nothing was recorded under a rule of this name; give a share"
    seen = f" of {one.seen:,} answers of a rule of this name" if one.basis == "observed" else ""
    return f"rule {one.rule}: {float(one.share):.1%} of judged answers, {one.basis}{seen}"


def _difficulty(result: WhatIf) -> str:
    count = f"unknown of {result.unknown_difficulty:,} requests"
    if result.easy is None:
        return f"{count}; give the share of them that is easy"
    return f"{count}: {float(result.easy):.1%} of them taken as easy"


def _pool(pool: PoolCost) -> str:
    load = "" if pool.load is None else f", load {pool.load:.1%} of what is usable"
    return f"{pool.cost} for pool {pool.pool}, busy or not{load}"


def _number(value: Fraction | None) -> float | None:
    return None if value is None else float(value)


def _day(at: datetime | None) -> str:
    return "?" if at is None else f"{at:%Y-%m-%d %H:%M}"
