"""`gateway alerts`: what should be known, with an exit code for whatever pages people."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.command import Gateway
from support.entries import ledger_entry

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


def spend(home: Path, cost: Money) -> None:
    async def write() -> None:
        async with sqlite.build(sqlite.Options(path=str(home / "ledger.sqlite3"))) as ledger:
            entry = ledger_entry("dear", at=datetime.now(UTC), cost=cost, baseline_model="openai/gpt-5.4")
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
