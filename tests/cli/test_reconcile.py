"""`gateway reconcile`: a provider's invoice against the ledger in force."""

import asyncio
import json
import shlex
from pathlib import Path

import pytest
from support.command import Gateway
from support.entries import attempt_record, ledger_entry

from gateway.ledgers import sqlite
from gateway.types import Money

POLICY = """\
version: 1
backends:
  mini: {kind: mock, model: openai/gpt-5-mini, clearance: internal, local: false}
rules: [{name: default, use: [mini]}]
ledger: {kind: sqlite, path: ledger.sqlite3}
"""
HEADER = "date,model,amount_usd\n"
ASKED = ("reconcile", "--policy", "policy.yaml", "--invoice", "costs.csv", "--from", "generic", "--month", "2026-11")


@pytest.fixture
def books(home: Path) -> Path:
    """A ledger with a call of two dollars, and one whose cost nobody knows."""
    (home / "policy.yaml").write_text(POLICY)
    model = {"backend": "mini", "model": "openai/gpt-5-mini"}
    calls = (
        attempt_record(**model, cost_source="price", cost=Money(2 * 10**9)),
        attempt_record(**model, cost_source="unknown", cost=None),
    )

    async def write() -> None:
        async with sqlite.build(sqlite.Options(path="ledger.sqlite3")) as ledger:
            await ledger.record(ledger_entry("one", attempts=calls))

    asyncio.run(write())
    return home / "costs.csv"


def test_an_invoice_that_agrees_ends_with_0(gateway: Gateway, books: Path) -> None:
    """A table by model, and the total."""
    books.write_text(HEADER + "2026-11-23,gpt-5-mini,2.01\n2026-12-01,gpt-5-mini,1\n")

    outcome = gateway(*ASKED)

    assert outcome.code == 0
    assert [line.split() for line in outcome.out.splitlines()] == [
        ["model", "invoice", "ledger", "difference", "%", "calls", "unpriced"],
        ["openai/gpt-5-mini", "$2.010000", "$2.000000", "$0.010000", "+0.50%", "2", "1"],
        ["total", "$2.010000", "$2.000000", "$0.010000", "+0.50%", "2", "1"],
    ]
    assert outcome.err == "note: 1 line is of other months and left out\n"


def test_one_that_does_not_ends_with_1(gateway: Gateway, books: Path) -> None:
    """And says what may explain it."""
    books.write_text(HEADER + "2026-11-23,gpt-5-mini,2.5\n")

    outcome = gateway(*ASKED, "--by", "day", "--tolerance", "10")

    proposed = "gateway ledger correct --model openai/gpt-5-mini --month 2026-11 --amount 0.5 --reason invoice"
    assert outcome.code == 1
    assert "2026-11-23  openai/gpt-5-mini" in outcome.out
    assert outcome.err.splitlines() == [
        "note: openai/gpt-5-mini: 1 call without a price may be what the invoice says more",
        f"to book the difference: {proposed}",
    ]


def test_what_is_proposed_puts_it_right(gateway: Gateway, books: Path) -> None:
    """Once the difference is booked, the two agree."""
    books.write_text("start_time,amount_value,amount_currency\n1795392000,2.5,usd\n")
    asked = (*ASKED, "--from", "openai")
    before = gateway(*asked)
    proposed = shlex.split(before.err.partition("difference: ")[2])

    gateway(*proposed[1:], "--policy", "policy.yaml")

    assert (before.code, gateway(*asked).code) == (1, 0)
    assert proposed[3:5] == ["--provider", "openai"]


def test_nothing_is_proposed_for_what_nobody_can_name(gateway: Gateway, books: Path) -> None:
    """Many small differences of nobody in particular."""
    small = "".join(f"2026-11-23,model-{letter},0.005\n" for letter in "abc")
    books.write_text(f"{HEADER}2026-11-23,gpt-5-mini,2\n{small}")

    outcome = gateway(*ASKED, "--tolerance", "0%")

    assert outcome.code == 1
    assert "to book" not in outcome.err


def test_programs_get_json_and_csv(gateway: Gateway, books: Path) -> None:
    """With the same exit code."""
    books.write_text(HEADER + "2026-11-23,gpt-9,2.5\n")

    as_json, as_csv = gateway(*ASKED, "--json"), gateway(*ASKED, "--csv")

    found = json.loads(as_json.out)
    assert (as_json.code, as_csv.code, found["agrees"]) == (1, 1, False)
    assert found["models"][0]["difference_nano_usd"] == 2_500_000_000
    assert found["models"][0]["ledger_nano_usd"] is None
    assert "\n,gpt-9,2.500000000,," in as_csv.out


def test_a_provider_that_is_named_counts_alone(gateway: Gateway, books: Path) -> None:
    """Whatever the format of the file."""
    books.write_text(HEADER)

    outcome = gateway(*ASKED, "--provider", "anthropic")

    assert (outcome.code, outcome.out) == (0, "no charges in this month, neither on the invoice nor in the ledger\n")


def test_a_ledger_that_is_not_there_yet_has_no_calls(gateway: Gateway, home: Path) -> None:
    """All of the invoice is a difference."""
    (home / "policy.yaml").write_text(POLICY)
    (home / "costs.csv").write_text(HEADER + "2026-11-23,gpt-5-mini,2.5\n2026-10-01,a,1\n2026-10-02,a,1\n")

    outcome = gateway(*ASKED)

    assert outcome.code == 1
    assert "2 lines are of other months" in outcome.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--invoice", "missing.csv"], "cannot read 'missing.csv'"),
        (["--tolerance", "a bit"], "'a bit' is no percentage"),
        (["--from", "openai"], "costs.csv:1: no column start_time_iso"),
        (["--month", "2026"], "'2026' is no month"),
    ],
)
def test_a_users_mistake_exits_with_2(gateway: Gateway, books: Path, arguments: list[str], said: str) -> None:
    """With what to do."""
    books.write_text(HEADER)

    outcome = gateway(*ASKED, *arguments)

    assert outcome.code == 2
    assert said in outcome.err
