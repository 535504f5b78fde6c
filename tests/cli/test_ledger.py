"""`gateway ledger tail`: the books as a table and as JSON lines; what is unknown is never shown as 0."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from support.command import Gateway, OnTerminal, WritePolicy
from support.entries import NOON, attempt_record, ledger_entry

from gateway.entries import LedgerEntry
from gateway.ledgers import sqlite
from gateway.types import Usage

Book = Callable[..., Path]


@pytest.fixture
async def books(home: Path) -> Path:
    """A ledger of four entries, one of each status."""
    path = home / "ledger.sqlite3"
    await record(
        path,
        ledger_entry("first"),
        ledger_entry("second", status="refused", rule=None, backend=None, attempts=(), cost=None, at=later(1)),
        ledger_entry(
            "third",
            status="exhausted",
            attempts=(attempt_record(usage=Usage()),),
            cost=None,
            rule="a" * 40,
            at=later(2),
        ),
        ledger_entry("fourth", status="cancelled", attempts=(attempt_record(error="timeout"),), at=later(3)),
    )
    return path


async def record(path: Path, *entries: LedgerEntry) -> None:
    """Write entries to a file."""
    async with sqlite.build(sqlite.Options(path=str(path))) as ledger:
        for entry in entries:
            await ledger.record(entry)


async def test_opinions_are_told_from_answers(gateway: Gateway, home: Path) -> None:
    """Tokens are those of answers; as JSON every call says why it was made."""
    path = home / "ledger.sqlite3"
    await record(path, ledger_entry("one", attempts=(attempt_record(purpose="sample"), attempt_record())))

    table = await asyncio.to_thread(gateway, "ledger", "tail", "--ledger", path)
    line = await asyncio.to_thread(gateway, "ledger", "tail", "--ledger", path, "--json")

    assert "2,400 + 500" in table.out
    assert [attempt["purpose"] for attempt in json.loads(line.out)["attempts"]] == ["sample", "answer"]


def later(seconds: int) -> object:
    """Return a time after noon."""
    return NOON + timedelta(seconds=seconds)


def test_the_latest_entries_come_oldest_first(gateway: Gateway, books: Path) -> None:
    """A row has status, rule, backend, level, tokens, cost, saving and duration."""
    outcome = gateway("ledger", "tail", "-n", 4, "--ledger", books)

    heading, first, *_ = [line.split() for line in outcome.out.splitlines()]
    assert outcome.code == 0
    assert heading == ["time", "status", "rule", "backend", "level", "tokens", "cost", "saved", "took"]
    assert first[2:] == "answered tickets llama confidential 2,400 + 500 $0.000000 $0.001600 300 ms".split()  # noqa: SIM905


def test_what_is_unknown_is_a_word(gateway: Gateway, books: Path) -> None:
    """A refused request without a cost, and a call without usage, show no 0."""
    outcome = gateway("ledger", "tail", "--ledger", books)

    refused, exhausted = outcome.out.splitlines()[2:4]
    assert refused.split()[2:] == "refused - - confidential - unknown unknown 300 ms".split()  # noqa: SIM905
    assert "unknown + unknown" in exhausted


def test_only_as_many_as_asked_for(gateway: Gateway, books: Path) -> None:
    """`-n 1` is the newest."""
    outcome = gateway("ledger", "tail", "-n", 1, "--json", "--ledger", books)

    assert [json.loads(line)["id"] for line in outcome.out.splitlines()] == ["fourth"]


def test_json_lines_hold_the_whole_entry(gateway: Gateway, books: Path) -> None:
    """Unknown money is null, known money is a number of USD."""
    outcome = gateway("ledger", "tail", "--json", "--ledger", books)

    first, second, *_ = [json.loads(line) for line in outcome.out.splitlines()]
    assert (first["baseline_cost_usd"], first["saved_usd"], first["attempts"][0]["cost_source"]) == (
        0.0016,
        0.0016,
        "pool",
    )
    assert (second["cost_usd"], second["saved_usd"], second["attempts"]) == (None, None, [])
    assert first["attempts"][0]["usage"]["prompt_tokens"] == 2400


@pytest.mark.parametrize(("columns", "shown"), [(80, False), (100, True), (200, True)])
def test_the_table_fits_the_terminal(on_terminal: OnTerminal, books: Path, columns: int, shown: bool) -> None:
    """Below 100 columns level and tokens are left out; no line is wider than the screen."""
    outcome = on_terminal("ledger", "tail", "--ledger", books, columns=columns)

    assert ("tokens" in outcome.out) is shown
    assert all(len(line) <= columns for line in outcome.out.splitlines())
    assert outcome.out.count("$0.001600") >= 2


def test_an_empty_ledger_says_so(gateway: Gateway, home: Path) -> None:
    """Nothing on stdout, a remark on stderr."""

    async def nothing() -> None:
        await record(home / "empty.sqlite3")

    asyncio.run(nothing())

    outcome = gateway("ledger", "tail", "--ledger", "empty.sqlite3")

    assert (outcome.code, outcome.out) == (0, "")
    assert "no entries yet" in outcome.err


def test_before_the_first_request_there_are_no_entries(gateway: Gateway, write_policy: WritePolicy) -> None:
    """The ledger in force need not be there yet; reading does not make it."""
    outcome = gateway("ledger", "tail", "--policy", write_policy())

    assert (outcome.code, outcome.out) == (0, "")
    assert not Path("ledger.sqlite3").exists()


def test_a_ledger_that_is_not_there_exits_with_2(gateway: Gateway) -> None:
    """The path is named, and nothing is made there."""
    outcome = gateway("ledger", "tail", "--ledger", "nowhere.sqlite3")

    assert (outcome.code, outcome.out) == (2, "")
    assert "nowhere.sqlite3" in outcome.err
    assert not Path("nowhere.sqlite3").exists()


@pytest.mark.parametrize("content", [b"this is a text file", b"SQLite format 3\x00" + b"\x00" * 200])
def test_a_file_that_is_no_ledger_exits_with_2(gateway: Gateway, home: Path, content: bytes) -> None:
    """Somebody else's file is named and left alone."""
    (home / "notes.txt").write_bytes(content)

    outcome = gateway("ledger", "tail", "--ledger", "notes.txt")

    assert outcome.code == 2
    assert "notes.txt" in outcome.err
    assert (home / "notes.txt").read_bytes() == content


def test_the_policys_ledger_is_read(gateway: Gateway, write_policy: WritePolicy) -> None:
    """What `gateway route` wrote is what `gateway ledger tail` shows."""
    policy = write_policy()
    gateway("route", "Where?", "--policy", policy)

    outcome = gateway("ledger", "tail", "--json", "--policy", policy)

    assert [json.loads(line)["backend"] for line in outcome.out.splitlines()] == ["llama"]


def test_a_ledger_in_memory_has_no_file_to_read(gateway: Gateway, home: Path) -> None:
    """It is said instead of showing nothing."""
    text = "version: 1\nbackends: {a: {kind: mock, model: m, clearance: internal}}\n"
    (home / "policy.yaml").write_text(f"{text}ledger: memory\nrules: [{{name: all, use: [a]}}]\n")

    outcome = gateway("ledger", "tail", "--policy", "policy.yaml")

    assert outcome.code == 2
    assert "'memory'" in outcome.err
