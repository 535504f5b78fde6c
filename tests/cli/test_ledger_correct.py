"""`gateway ledger correct`: what something cost more or less, booked afterwards."""

import json
from pathlib import Path

import pytest
from support.command import Gateway
from support.entries import ledger_entry

from gateway import keeping
from gateway.ledgers import sqlite
from gateway.types import Money

BILL = ("--provider", "openai", "--month", "2026-10", "--amount", "-12.5", "--reason", "credit note 4711")


@pytest.fixture(autouse=True)
def books(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A ledger of one entry."""
    path = home / "ledger.db"
    monkeypatch.setenv("GATEWAY_LEDGER", str(path))
    with keeping.session(path, key=None) as ledger:
        keeping.take(ledger, [[ledger_entry("first", team="support", backend="openai", model="openai/gpt-5-mini")]])
    return path


def test_a_bill_is_corrected(gateway: Gateway, books: Path) -> None:
    """By provider and month; the amount is less than nothing where it cost less."""
    done = gateway("ledger", "correct", *BILL, "--id", "note-1")

    (booked,) = sqlite.read_corrections(books)
    counted = f"{booked.counted:%Y-%m-%d %H}:00 UTC"
    assert (done.code, done.out) == (0, f"booked -$12.500000 as correction note-1; it counts in {counted}\n")
    assert (booked.amount, booked.provider, booked.month) == (Money(-12_500_000_000), "openai", "2026-10")


def test_an_entry_is_corrected(gateway: Gateway, books: Path) -> None:
    """Whose it is and what it was about stands on the books."""
    done = gateway("ledger", "correct", "first", "--amount", "0.000000001", "--reason", "rounded", "--json")

    (booked,) = sqlite.read_corrections(books)
    assert json.loads(done.out) == {
        "id": booked.id,
        "at": booked.at.isoformat(),
        "counted": booked.counted.isoformat(),
        "amount_nano_usd": 1,
        "reason": "rounded",
        "month": "2026-11",
        "entry": "first",
        "provider": "openai",
        "model": "openai/gpt-5-mini",
        "tenant": "acme",
        "team": "support",
        "new": True,
    }


def test_a_second_one_of_the_name_is_none(gateway: Gateway, books: Path) -> None:
    """Run twice by mistake, it is booked once."""
    gateway("ledger", "correct", *BILL, "--id", "note-1")

    done = gateway("ledger", "correct", *BILL, "--id", "note-1")

    assert (done.code, done.out[:18]) == (0, "is booked already:")
    assert len(list(sqlite.read_corrections(books))) == 1


def test_they_are_shown_with_their_sum(gateway: Gateway) -> None:
    """A line each, the total last."""
    gateway("ledger", "correct", *BILL, "--id", "note-1", "--team", "sales")
    gateway("ledger", "correct", "first", "--amount", "2", "--reason", "forgotten")

    shown = gateway("ledger", "corrections", "--since", "1h")
    told = json.loads(gateway("ledger", "corrections", "--json").out)

    rows = shown.out.splitlines()
    assert "note-1" in rows[1]
    assert rows[1].split("  ")[-1] == "-$12.500000"
    assert "2026-11, entry first, openai, openai/gpt-5-mini" in rows[2]
    assert rows[-1].split() == ["total", "-$10.500000"]
    assert (len(told["corrections"]), told["total_nano_usd"]) == (2, -10_500_000_000)


def test_a_period_without_any_is_told(gateway: Gateway) -> None:
    """And is no fault."""
    done = gateway("ledger", "corrections", "--until", "2020-01-01")

    assert (done.code, done.out, done.err) == (0, "", "no corrections in this period\n")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (BILL[2:], "say what it is about: an ENTRY, or --month with --provider or --model"),
        ((*BILL[:2], *BILL[4:]), "say what it is about"),
        (("first", *BILL), "an ENTRY has its month, provider and model"),
        (("nobody", *BILL[4:]), "there is no entry 'nobody'"),
        ((*BILL[:5], "much", *BILL[6:]), "'much' is no amount in USD"),
        ((*BILL[:5], "0", *BILL[6:]), "'0' is no amount in USD"),
        ((*BILL[:5], "NaN", *BILL[6:]), "'NaN' is no amount in USD"),
        ((*BILL[:5], "0.0000000001", *BILL[6:]), "with at most 9 decimals"),
        ((*BILL[:5], "1e10", *BILL[6:]), "'1e10' is no amount in USD"),
        ((*BILL[:5], "1e999999", *BILL[6:]), "'1e999999' is no amount in USD"),
        ((*BILL[:5], "-Infinity", *BILL[6:]), "'-Infinity' is no amount in USD"),
        ((*BILL[:3], "2999-12", *BILL[4:]), "2999-12 is still to come"),
        ((*BILL[:3], "2026-13", *BILL[4:]), "'2026-13' is no month; write for instance 2026-11"),
        ((*BILL[:7], ""), "--reason is empty"),
        ((*BILL[:7], "a\x1b[2J"), "`--reason` is longer than 256 characters, or holds control characters"),
        ((*BILL, "--ledger", "none.db"), "there is no ledger at 'none.db'"),
    ],
)
def test_what_is_no_correction_is_refused(gateway: Gateway, books: Path, arguments: tuple[str, ...], told: str) -> None:
    """Nothing is booked."""
    done = gateway("ledger", "correct", *arguments)

    assert (done.code, done.out) == (2, "")
    assert told in " ".join(done.err.replace("│", " ").split())
    assert list(sqlite.read_corrections(books)) == []
