"""What the money commands share: the account of a period, read from the ledger in force."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from gateway.cli.inputs import ledger_path, policy_of
from gateway.ledgers import sqlite
from gateway.ledgers._sqlite_rollups import Step
from gateway.money.account import savings
from gateway.money.groups import By
from gateway.money.savings import Savings
from gateway.policy.models import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which period of which books, and under which policy. `named` says that the user named the ledger."""

    policy: Policy
    file: Path
    named: bool
    since: datetime | None
    until: datetime | None

    @property
    def is_there(self) -> bool:
        """Whether there is anything to read: a ledger that nobody named may not be there yet."""
        return self.named or self.file.exists()

    @property
    def end(self) -> datetime | None:
        """Until when hardware is charged: not for what is still to come."""
        now = datetime.now(UTC)
        return min(self.until or now, now) if self.since is not None or self.until is not None else None


def asked(ledger: Path | None, policy: Path | None, *, since: datetime | None, until: datetime | None) -> Asked:
    """Return what a command's options ask for."""
    file = ledger_path(ledger, policy)
    return Asked(policy=policy_of(policy), file=file, named=ledger is not None, since=since, until=until)


def account_of(question: Asked, *, by: Sequence[By] = ("backend", "model")) -> Savings:
    """Return the account; raises `LedgerError`."""
    file, since, until, step = question.file, question.since, question.until, _step(by)
    if not question.is_there:
        return savings((), (), policy=question.policy, since=since, until=question.end, by=by)
    return savings(
        sqlite.read_hours(file, since=since, until=until, step=step),
        sqlite.read_calls(file, since=since, until=until, step=step),
        policy=question.policy,
        since=since,
        until=question.end,
        by=by,
        pairs=list(sqlite.read_pairs(file, since=since, until=until)),
    )


def _step(by: Sequence[By]) -> Step:
    return "hour" if "hour" in by else "day" if "day" in by else "all"
