"""`gateway report`: one file, whole or not at all, and never over something else."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.command import Gateway
from support.entries import attempt_record, ledger_entry

from gateway.entries import HoldoutRecord
from gateway.ledgers import sqlite
from gateway.types import Money

POOLED = """\
version: 1
baseline: openai/gpt-5-mini
backends:
  llama: {kind: mock, model: llama-3.1-8b-instruct, clearance: restricted, local: true, licence: llama-3.1, pool: cards}
pools: {cards: {gpus: 2, usd_per_gpu_hour: 1.5, gpu: A100-80}}
budget: {usd_per_month: 1}
ledger: {kind: sqlite, path: ledger.sqlite3}
rules: [{name: all, use: [llama]}]
"""


@pytest.fixture
async def books(home: Path) -> Path:
    """A policy with a pool and a budget, and a ledger of two days with a comparison."""
    (home / "policy.yaml").write_text(POOLED)
    now = datetime.now(UTC)
    async with sqlite.build(sqlite.Options(path=str(home / "ledger.sqlite3"))) as ledger:
        await ledger.record(ledger_entry("old", at=now - timedelta(days=2)))
        await ledger.record(ledger_entry("new", at=now - timedelta(hours=1)))
        call = attempt_record(purpose="holdout", cost=Money(2_000_000), score=1.0)
        await ledger.holdout(HoldoutRecord(entry_id="new", attempt=call, at=now))
    return home / "policy.yaml"


def test_the_report_is_written_and_written_again(gateway: Gateway, books: Path, home: Path) -> None:
    """It replaces a report of ours, and says nothing where all is well."""
    first = gateway("report", "--html", home / "r.html", "--policy", books)
    again = gateway("report", "--html", home / "r.html", "--policy", books, "--since", "1d")

    text = (home / "r.html").read_text()
    assert (first.code, first.out, first.err) == (0, "", "")
    assert again.code == 0
    assert text.startswith("<!doctype html>")
    assert ">2</dd>" not in text
    assert "of the month" in text  # what is to be known: the budget is spent
    assert "Built with Llama" in text  # what the licence asks for
    assert not list(home.glob(".*.html"))


@pytest.mark.parametrize("named", ["ledger.sqlite3", "policy.yaml"])
def test_what_is_no_report_is_not_replaced(gateway: Gateway, books: Path, home: Path, named: str) -> None:
    """A slip of the tongue destroys no ledger; --force is for who means it."""
    before = (home / named).read_bytes()

    outcome = gateway("report", "--html", home / named, "--policy", books)

    assert outcome.code == 2
    assert "is no report; name another file, or add --force" in outcome.err
    assert (home / named).read_bytes() == before


def test_force_replaces_what_is_there(gateway: Gateway, books: Path, home: Path) -> None:
    """Whoever says so gets it."""
    (home / "notes.html").write_text("notes")

    outcome = gateway("report", "--html", home / "notes.html", "--policy", books, "--force")

    assert (outcome.code, (home / "notes.html").read_text()[:9]) == (0, "<!doctype")


@pytest.mark.parametrize(("place", "told"), [(".", "is a folder"), ("nowhere/r.html", "there is no folder")])
def test_a_place_that_cannot_be_written_is_named(gateway: Gateway, books: Path, place: str, told: str) -> None:
    """One line, and exit code 2."""
    outcome = gateway("report", "--html", place, "--policy", books)

    assert outcome.code == 2
    assert told in outcome.err
    assert outcome.err.count("\n") == 1


def test_a_period_without_requests_is_a_file_that_says_so(gateway: Gateway, books: Path, home: Path) -> None:
    """Headers and a line; a remark for whoever runs it."""
    outcome = gateway("report", "--html", home / "r.html", "--policy", books, "--month", "2020-01")

    text = (home / "r.html").read_text()
    assert (outcome.code, outcome.err) == (0, "no requests in this period: the report says so\n")
    assert "No requests in this period." in text
    assert "No rows in this period." in text
    assert "USD per 1,000" in text


def test_a_period_that_ends_before_it_begins_is_refused(gateway: Gateway, books: Path, home: Path) -> None:
    """Nothing is written."""
    outcome = gateway(
        "report", "--html", home / "r.html", "--policy", books, "--since", "2026-02-01", "--until", "2026-01-01"
    )

    assert outcome.code == 2
    assert not (home / "r.html").exists()


async def test_commands_in_it_name_the_ledger_without_its_path(gateway: Gateway, books: Path, home: Path) -> None:
    """It is mailed to others: no folder of this machine is in it."""
    file = home / "ledger.sqlite3"
    outcome = await asyncio.to_thread(gateway, "report", "--html", home / "r.html", "--policy", books, "--ledger", file)

    text = (home / "r.html").read_text()
    assert outcome.code == 0
    assert "--ledger ledger.sqlite3" in text
    assert str(home) not in text
