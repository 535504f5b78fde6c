"""`gateway export focus`: a file of all charges, and a file checked."""

import asyncio
import csv
import io
import sys
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from support.command import Gateway
from support.entries import NOON, attempt_record, ledger_entry

from gateway.entries import LedgerEntry
from gateway.ledgers import sqlite
from gateway.types import Money

POLICY = """\
version: 1
baseline: openai/gpt-5-mini
backends:
  llama: {kind: mock, model: llama-3.1-8b-instruct, clearance: restricted, local: true, pool: cards}
  mini: {kind: mock, model: openai/gpt-5-mini, clearance: internal, local: false}
pools: {cards: {gpus: 2, usd_per_gpu_hour: 1.37, input_us: 27, output_us: 212}}
rules: [{name: default, use: [llama, mini]}]
ledger: {kind: sqlite, path: ledger.sqlite3}
"""
PAID = attempt_record(backend="mini", model="openai/gpt-5-mini", cost_source="price", cost=Money(1_577_500))
LOST = attempt_record(backend="mini", model="openai/gpt-9", cost_source="unknown", cost=None)


def api_entry(entry_id: str, attempt: object = PAID, **fields: object) -> LedgerEntry:
    given = {"backend": "mini", "model": "openai/gpt-5-mini", "local": False, "attempts": (attempt,)}
    return ledger_entry(entry_id, **{**given, **fields})


def book(path: Path, entries: Sequence[LedgerEntry]) -> None:
    async def write() -> None:
        async with sqlite.build(sqlite.Options(path=str(path))) as ledger:
            for entry in entries:
                await ledger.record(entry)

    asyncio.run(write())


@pytest.fixture
def books(home: Path) -> Path:
    """A policy, and a ledger with two days of calls."""
    (home / "policy.yaml").write_text(POLICY)
    book(
        home / "ledger.sqlite3",
        [
            ledger_entry("local"),
            api_entry("paid", cost=PAID.cost),
            api_entry("next day", at=NOON + timedelta(days=1), cost=PAID.cost),
            api_entry("lost", LOST, cost=None),
        ],
    )
    return home / "policy.yaml"


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def billed(rows: Sequence[dict[str, str]]) -> Decimal:
    return sum((Decimal(row["BilledCost"]) for row in rows), Decimal(0))


def test_a_months_charges_are_written_and_keep_the_rules(gateway: Gateway, books: Path) -> None:
    """What is told beside the file says what is not in it."""
    outcome = gateway("export", "focus", "--policy", books, "--month", "2026-11", "--out", "focus.csv")
    checked = gateway("export", "focus", "--check", "focus.csv")

    rows = rows_of(Path("focus.csv").read_text(encoding="utf-8"))
    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err.startswith(f"{len(rows)} rows in focus.csv\nnote: 1 call is of unknown cost (openai/gpt-9)")
    assert (checked.code, checked.out) == (0, "focus.csv: as FOCUS 1.3 asks\n")
    assert billed([row for row in rows if row["x_Backend"] == "mini"]) == Decimal("0.003155")


def test_no_name_of_a_caller_is_a_formula(gateway: Gateway, books: Path) -> None:
    """A spreadsheet shows it; amounts stay amounts, and the file keeps the rules."""
    attempt = attempt_record(backend="mini", model="@gpt", cost_source="price", cost=PAID.cost)
    named = api_entry("named", attempt, cost=PAID.cost, tenant='=HYPERLINK("http://x")', team="+1")
    book(books.parent / "ledger.sqlite3", [named])

    gateway("export", "focus", "--policy", books, "--month", "2026-11", "--out", "focus.csv")
    checked = gateway("export", "focus", "--check", "focus.csv")

    rows = rows_of(Path("focus.csv").read_text(encoding="utf-8"))
    (model,) = {row["x_Model"] for row in rows if "gpt" in row["x_Model"] and "/" not in row["x_Model"]}
    assert {row["SubAccountId"] for row in rows if row["x_Model"] == model} == {'\'=HYPERLINK("http://x")'}
    assert model == "'@gpt"
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "@", "\t", "\r"))]
    assert any(row["x_NetSavings"].startswith("-") for row in rows)
    assert (checked.code, checked.out) == (0, "focus.csv: as FOCUS 1.3 asks\n")


def test_standard_output_is_where_it_goes_without_a_file(gateway: Gateway, books: Path) -> None:
    """With the columns of the version that was asked for; remarks do not disturb it."""
    outcome = gateway(
        "export", "focus", "--policy", books, "--version", "1.4", "--since", "2026-11-23", "--until", "2026-11-24"
    )

    rows = rows_of(outcome.out)
    assert "ProviderName" not in rows[0]
    assert {row["x_Model"] for row in rows if row["x_Backend"]} >= {"openai/gpt-5-mini", "openai/gpt-9"}


def test_corrections_are_in_the_month_in_which_they_count(gateway: Gateway, books: Path) -> None:
    """A credit note is a row of its own."""
    note = ("--provider", "openai", "--month", "2026-10", "--amount", "-0.5", "--reason", "credit note")
    gateway("ledger", "correct", "--policy", books, *note)

    rows = rows_of(gateway("export", "focus", "--policy", books).out)

    assert [(row["BilledCost"], row["ChargeClass"]) for row in rows if row["x_CostSource"] == "correction"] == [
        ("-0.5", "Correction")
    ]


def test_without_a_period_hardware_costs_from_the_first_call_on(gateway: Gateway, books: Path) -> None:
    """And until now."""
    rows = rows_of(gateway("export", "focus", "--policy", books, "--grain", "hour").out)

    pools = [row for row in rows if row["SkuMeter"] == "GPU-Hours"]
    assert pools[0]["ChargePeriodStart"] == "2026-11-23T12:00:00Z"
    assert len(pools) > 24


def test_hardware_of_the_future_is_not_charged(gateway: Gateway, books: Path) -> None:
    """A month that is to come is empty, as long as nothing was called in it."""
    outcome = gateway("export", "focus", "--policy", books, "--month", "2999-01")

    assert rows_of(outcome.out) == []
    assert outcome.out.startswith("AllocatedMethodId,")
    assert outcome.err == "no charges in this period: the file has its header alone\n"


def test_a_ledger_that_is_not_there_yet_has_no_charges(gateway: Gateway, home: Path) -> None:
    """Nothing was called: a header, and a line that says so."""
    (home / "policy.yaml").write_text(POLICY)

    outcome = gateway("export", "focus", "--policy", "policy.yaml", "--out", "focus.csv")

    assert (outcome.code, len((home / "focus.csv").read_text().splitlines())) == (0, 1)
    assert "no charges in this period" in outcome.err


def test_an_empty_ledger_has_no_charges(gateway: Gateway, home: Path) -> None:
    """Not even hardware: nobody says from when on."""
    (home / "policy.yaml").write_text(POLICY)
    book(home / "ledger.sqlite3", [])

    assert rows_of(gateway("export", "focus", "--policy", "policy.yaml").out) == []


def test_parquet_holds_the_same(gateway: Gateway, books: Path) -> None:
    """And is checked as CSV is."""
    gateway("export", "focus", "--policy", books, "--month", "2026-11", "--format", "parquet", "-o", "focus.parquet")

    checked = gateway("export", "focus", "--check", "focus.parquet")

    assert checked.out == "focus.parquet: as FOCUS 1.3 asks\n"


def test_a_file_with_flaws_ends_with_1(gateway: Gateway, books: Path) -> None:
    """Each flaw with its row and column, of many the first fifty."""
    gateway("export", "focus", "--policy", books, "--month", "2026-11", "--grain", "hour", "--out", "focus.csv")
    text = Path("focus.csv").read_text().replace(",USD,", ",usd,")
    Path("focus.csv").write_text(text)

    checked = gateway("export", "focus", "--check", "focus.csv", "--version", "1.2")

    lines = checked.out.splitlines()
    assert checked.code == 1
    assert lines[0] == "focus.csv: row 1, AllocatedMethodId: is no column of FOCUS 1.2"
    assert len(lines) == 51
    assert lines[-1].endswith(" more")


def test_what_a_policy_leaves_out_is_told(gateway: Gateway, books: Path) -> None:
    """Speeds, pools and engineers."""
    unrated = POLICY.replace(", input_us: 27, output_us: 212", "").replace("llama-3.1-8b-instruct", "unheard-of")
    books.write_text(unrated + "engineers: {usd_per_month: 600}\n")
    slow = gateway("export", "focus", "--policy", books, "--month", "2026-11")
    books.write_text(POLICY.replace(", pool: cards", ""))
    unpooled = gateway("export", "focus", "--policy", books, "--month", "2026-11")

    assert "what was used of cards is unknown" in slow.err
    assert "engineers' time is no charge" in slow.err
    assert "hardware of llama is not in the file" in unpooled.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--month", "November"], "'November' is no month"),
        (["--since", "2026-11-02", "--until", "2026-11-01"], "the period ends before it begins"),
        (["--version", "2.0"], "2.0"),
        (["--check", "missing.csv"], "cannot read 'missing.csv'"),
        (["--out", "no/such/folder.csv"], "cannot write 'no/such/folder.csv'"),
        (["--ledger", "missing.sqlite3"], "there is no ledger at"),
    ],
)
def test_a_users_mistake_exits_with_2(gateway: Gateway, books: Path, arguments: list[str], said: str) -> None:
    """And says what to do; nothing half written is left."""
    outcome = gateway("export", "focus", "--policy", books, *arguments)

    assert outcome.code == 2
    assert said in outcome.err
    assert {path.name.partition("-")[0] for path in books.parent.iterdir()} == {"policy.yaml", "ledger.sqlite3"}


def test_a_file_is_there_whole_or_not_at_all(gateway: Gateway, books: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was there before stays where a new one cannot be written."""
    Path("focus.parquet").write_text("the month before")
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    outcome = gateway("export", "focus", "--policy", books, "--format", "parquet", "--out", "focus.parquet")

    assert (outcome.code, Path("focus.parquet").read_text()) == (2, "the month before")
    assert not list(books.parent.glob(".*"))
