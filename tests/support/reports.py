"""Reports for tests: from a made-up ledger, or from a few entries."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from gateway import plugins
from gateway.entries import HoldoutRecord, LedgerEntry
from gateway.ledgers import sqlite
from gateway.money.account import savings
from gateway.money.savings import Savings
from gateway.policy.load import load_policy
from gateway.policy.models import Policy
from gateway.report.build import Sources, report
from gateway.report.hardware import Cards
from gateway.report.parts import Gathering
from support import made_up

MADE = datetime.fromisoformat("2026-11-28T12:00:00+00:00")


# Any: what `Sources` takes besides.
def sources(reader: sqlite.SqliteReader, policy: Policy, **more: Any) -> Sources:
    """Return what a report of a whole ledger is made from."""
    period = {name: more.get(name) for name in ("since", "until")}
    until = more.pop("until", None)
    return Sources(
        policy=policy,
        hours=reader.hours(**period, step="day"),
        calls=reader.calls(**period, step="hour"),
        durations=reader.durations(**period, step="day"),
        **{"pairs": list(reader.pairs()), "end": until, **more},
    )


def desk(folder: Path, **size: int) -> tuple[sqlite.SqliteReader, Policy]:
    """Write a made-up ledger and its policy."""
    made_up.make(folder / "made-up.sqlite3", made_up.Desk(**size))
    return sqlite.reader(sqlite.Options(path=str(folder / "made-up.sqlite3"))), policy_of(folder, made_up.POLICY)


def policy_of(folder: Path, text: str) -> Policy:
    """Return a policy from its text."""
    (folder / "policy.yaml").write_text(text)
    return load_policy(folder / "policy.yaml", options_of=plugins.options, kinds_of=plugins.kinds)


async def booked(
    file: Path, entries: Sequence[LedgerEntry], holdouts: Sequence[HoldoutRecord] = ()
) -> sqlite.SqliteReader:
    """Write entries to a ledger."""
    async with sqlite.build(sqlite.Options(path=str(file))) as ledger:
        for entry in entries:
            await ledger.record(entry)
        for record in holdouts:
            await ledger.holdout(record)
    return sqlite.reader(sqlite.Options(path=str(file)))


def heard(made: Sources, **more: Any) -> tuple[Gathering, Savings]:
    """Return what is gathered on the way to an account, and the account."""
    gathering = Gathering(Cards(made.policy), **more)
    account = savings(
        gathering.heard(made.hours),
        gathering.heard_calls(made.calls),
        policy=made.policy,
        since=made.since,
        until=made.end,
        by=(),
        pairs=made.pairs,
    )
    gathering.hear(made.durations)
    return gathering, account


def write(file: Path, made: Sources, **more: Any) -> str:
    """Write a report and return it."""
    text = report(made, made=MADE, **more)
    file.write_text(text)
    return text
