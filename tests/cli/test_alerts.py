"""`gateway alerts`: what should be known, with an exit code for whatever pages people."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.command import Gateway
from support.entries import ledger_entry

from gateway.cli.accounts import asked
from gateway.cli.alerts import month_under_way
from gateway.ledgers import sqlite
from gateway.types import Money

POLICY = """\
version: 1
baseline: openai/gpt-5.4
backends: {llama: {kind: mock, model: llama-3.1-8b-instruct, clearance: restricted, local: true}}
budget: {usd_per_month: 10}
ledger: {kind: sqlite, path: ledger.sqlite3}
rules: [{name: all, use: [llama]}]
"""


@pytest.fixture
def policy(home: Path) -> Path:
    path = home / "policy.yaml"
    path.write_text(POLICY)
    return path


def spend(home: Path, cost: Money, *, at: datetime | None = None) -> None:
    async def write() -> None:
        async with sqlite.build(sqlite.Options(path=str(home / "ledger.sqlite3"))) as ledger:
            when = at or datetime.now(UTC)
            entry = ledger_entry(f"dear {when}", at=when, cost=cost, baseline_model="openai/gpt-5.4")
            await ledger.record(entry)

    asyncio.run(write())


def test_nothing_to_report_is_fine(gateway: Gateway, policy: Path) -> None:
    """Without a ledger there is nothing to know yet."""
    outcome = gateway("alerts", "--policy", policy)

    assert (outcome.code, outcome.out) == (0, "nothing to report\n")


def test_a_budget_that_is_spent_is_critical_and_exits_with_1(gateway: Gateway, policy: Path) -> None:
    """People read the table, programs the code."""
    spend(policy.parent, Money(11 * 10**9))

    page, told = gateway("alerts", "--policy", policy), gateway("alerts", "--json", "--policy", policy)

    assert (page.code, told.code) == (1, 1)
    assert "critical  budget  $11.000000 of the month's $10.00 are spent: 110%" in page.out
    assert [alert["code"] for alert in json.loads(told.out)] == ["budget"]


def test_without_a_budget_no_month_is_reckoned(gateway: Gateway, policy: Path) -> None:
    """Nobody is warned of what nobody set."""
    policy.write_text(POLICY.replace("budget: {usd_per_month: 10}\n", ""))
    spend(policy.parent, Money(11 * 10**9))

    assert gateway("alerts", "--policy", policy).out == "nothing to report\n"


FIRST = datetime(2026, 11, 1, 0, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("others", "forecast"),
    [
        # A ledger that was begun a moment ago: a cent a day at least.
        ([], "0.30"),
        # One that is a week old and was idle: a cent in seven days.
        ([FIRST - timedelta(days=20)], "0.05"),
        # One that was begun four days ago: two cents in four days.
        ([FIRST - timedelta(days=4)], "0.16"),
    ],
)
def test_the_first_minutes_of_a_month_foretell_no_fortune(policy: Path, others: list[datetime], forecast: str) -> None:
    """The pace is that of the last days, whatever month they are of, and never that of minutes."""
    for at in (*others, FIRST - timedelta(minutes=10)):
        spend(policy.parent, Money(10**7), at=at)

    month = month_under_way(asked(None, policy, since=None, until=None), FIRST)

    assert month is not None
    assert f"{month.forecast.usd:.2f}" == forecast
