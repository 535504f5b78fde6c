"""What the money commands share: the account of a period, read from the ledger in force."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, UTC, datetime, timedelta
from pathlib import Path

from gateway.cli.books import ledger_of
from gateway.cli.inputs import policy_of
from gateway.interfaces import LedgerReader
from gateway.money.account import savings
from gateway.money.groups import By
from gateway.money.rollups import Step
from gateway.money.savings import Savings
from gateway.policy.models import Policy
from gateway.times import hour_of, hour_start
from gateway.types import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which period of which books, and under which policy."""

    policy: Policy
    ledger: LedgerReader
    since: datetime | None
    until: datetime | None

    @property
    def end(self) -> datetime | None:
        """Until when hardware is charged: not for what is still to come."""
        now = datetime.now(UTC)
        return min(self.until or now, now) if self.since is not None or self.until is not None else None


def asked(ledger: str | None, policy: Path | None, *, since: datetime | None, until: datetime | None) -> Asked:
    """Return what a command's options ask for, in whole hours: hardware costs for as long as requests are summed."""
    in_force = policy_of(policy)
    return Asked(
        policy=in_force,
        ledger=ledger_of(ledger, in_force),
        since=since and hour_begun(since),
        until=until and hour_ended(until),
    )


def hour_begun(at: datetime) -> datetime:
    """Return when the hour began that a time is in."""
    return hour_start(hour_of(at))


def hour_ended(at: datetime) -> datetime:
    """Return when the hour is over that ends at a time, or goes on then."""
    begun = hour_begun(at)
    # After the last hour that there is comes none.
    return at if at == begun or begun.year == MAXYEAR else begun + timedelta(hours=1)


def account_of(question: Asked, *, by: Sequence[By] = ("backend", "model")) -> Savings:
    """Return the account; raises `LedgerError`."""
    ledger, since, until, step = question.ledger, question.since, question.until, _step(by)
    return savings(
        ledger.hours(since=since, until=until, step=step),
        ledger.calls(since=since, until=until, step=step),
        policy=question.policy,
        since=since,
        until=question.end,
        by=by,
        pairs=list(ledger.pairs(since=since, until=until)),
        corrections=sum((one.amount for one in ledger.corrections(since=since, until=until)), Money(0)),
    )


def _step(by: Sequence[By]) -> Step:
    return "hour" if "hour" in by else "day" if "day" in by else "all"
