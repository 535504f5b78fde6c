"""`gateway ledger import`: what somebody else recorded, on the books, in the savings and in the trail."""

import json
import sqlite3
from pathlib import Path

import pytest
from support.command import Gateway
from support.recorded import line, page, result, spent, written

from gateway import keeping
from gateway.ledgers import sqlite

POLICY = """\
version: 1
baseline: openai/gpt-5-mini
backends: {llama: {kind: mock, model: small, clearance: restricted, local: true}}
rules: [{name: default, use: [llama]}]
ledger: {kind: sqlite, path: books/ledger.sqlite3}
"""


@pytest.fixture(autouse=True)
def policy(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A policy with a baseline."""
    path = home / "policy.yaml"
    path.write_text(POLICY)
    monkeypatch.setenv("GATEWAY_POLICY", str(path))
    return path


def test_a_file_is_imported_once(gateway: Gateway, home: Path) -> None:
    """Rows read, imported, already there, without a price, and the period; the second time nothing is added."""
    file = written(home / "rows.jsonl", [line(id="a"), line(id="b", model="acme/x"), line(id="c", status="refused")])

    first = gateway("ledger", "import", "--from", "jsonl", file)
    second = gateway("ledger", "import", "--from", "jsonl", file)

    assert (first.code, second.code) == (0, 0)
    assert first.out.splitlines() == [
        "rows      3 read, 3 requests",
        "imported  3",
        "period    2025-10-01 08:00 to 2025-10-01 08:00 UTC",
        "cost      $0.000920 as far as it is known; 1 without a price",
        "baseline  openai/gpt-5-mini; 0 without it",
    ]
    assert second.out.splitlines()[1] == "imported  0, 3 were there already"


def test_a_program_reads_json(gateway: Gateway, home: Path) -> None:
    """With the ledger that the command names."""
    file = written(home / "rows.jsonl", [spent(), spent(request_id="b", call_type="aembedding")])

    done = gateway("ledger", "import", "--from", "litellm", file, "--ledger", "other.db", "--json")

    assert json.loads(done.out) == {
        "schema": "gateway.ledger.import/1",
        "rows": 2,
        "requests": 1,
        "imported": 1,
        "already_there": 0,
        "different": 0,
        "without_price": 0,
        "without_baseline": 0,
        "cost_nano_usd": 920_000,
        "baseline": "openai/gpt-5-mini",
        "since": "2025-10-01T08:00:00+00:00",
        "until": "2025-10-01T08:00:00+00:00",
        "left_out": {"aembedding": 1},
        "left_out_cost_nano_usd": 920_000,
    }
    assert (home / "other.db").exists()


def test_the_rest_is_told(gateway: Gateway, home: Path) -> None:
    """What was left out, and what is there with other figures."""
    file = written(home / "rows.jsonl", [spent(), spent(request_id="b", call_type="aembedding")])
    gateway("ledger", "import", "--from", "litellm", file)
    written(file, [spent(spend=0.5), spent(request_id="b", call_type="aembedding")])

    done = gateway("ledger", "import", "--from", "litellm", file)

    assert "left out  1 x aembedding\n          they cost $0.000920\n" in done.out
    assert "note      1 is on the books with other figures and stay as they are" in done.out


def test_a_file_with_a_fault_changes_nothing(gateway: Gateway, home: Path) -> None:
    """Not even a ledger is made."""
    file = written(home / "rows.jsonl", [line(), line(modell="x")])

    done = gateway("ledger", "import", "--from", "jsonl", file)

    assert (done.code, done.out) == (2, "")
    assert done.err == f"error: {file}:2: has an unknown field; did you mean 'model'?\n"
    assert not (home / "books").exists()


def test_an_empty_file_is_told(gateway: Gateway, home: Path) -> None:
    """Nothing was imported, and the command says so."""
    file = written(home / "rows.jsonl", [])

    done = gateway("ledger", "import", "--from", "litellm", file)

    assert (done.code, done.out) == (0, f"rows  none in {file}: nothing was imported\n")


def test_whose_rows_they_are_may_be_said(gateway: Gateway, home: Path) -> None:
    """Of all of them at once, or by the field that has it."""
    rows = written(home / "rows.jsonl", [spent()])
    pages = written(home / "pages.json", [page(result())])

    gateway("ledger", "import", "--from", "litellm", rows, "--tenant-from", "end_user", "--ledger", "a.db")
    gateway("ledger", "import", "--from", "openai-usage", pages, "--tenant", "acme", "--ledger", "a.db")

    tenants = {entry.tenant for entry in sqlite.read_entries(home / "a.db")}
    assert tenants == {"jane.doe@example.com", "acme"}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--tenant", "a", "--tenant-from", "user"), "two answers to one question"),
        (("--tenant-from", "team"), "'team' is no field of litellm that names somebody; did you mean 'team_id'?"),
        (("--from", "csv"), "'csv' is not one of 'jsonl', 'litellm', 'openai-usage'"),
    ],
)
def test_a_wrong_option_is_told(gateway: Gateway, home: Path, options: tuple[str, ...], told: str) -> None:
    """Before anything is read."""
    file = written(home / "rows.jsonl", [spent()])

    done = gateway("ledger", "import", "--from", "litellm", file, *options)

    assert done.code == 2
    assert told in " ".join(done.err.replace("│", " ").split())


def test_a_level_may_be_given(gateway: Gateway, home: Path) -> None:
    """For rows that say nothing of it."""
    file = written(home / "rows.jsonl", [line()])

    gateway("ledger", "import", "--from", "jsonl", file, "--level", "public", "--ledger", "a.db")

    assert [str(entry.level) for entry in sqlite.read_entries(home / "a.db")] == ["public"]


def test_nothing_is_proved_of_what_was_imported(gateway: Gateway, home: Path) -> None:
    """The trail is whole, and says that it was somebody else who recorded it."""
    gateway("ledger", "import", "--from", "jsonl", written(home / "rows.jsonl", [line()]), "--ledger", "a.db")

    verified, proved = gateway("audit", "verify", "--ledger", "a.db"), gateway("audit", "prove", "--ledger", "a.db")

    assert (verified.code, proved.code) == (0, 1)
    assert "1 request imported from elsewhere" in proved.out


def test_how_long_it_took_may_be_unknown(gateway: Gateway, home: Path) -> None:
    """And is then no duration of 0."""
    rows = [line(id="a"), line(id="b", duration_s=2)]
    gateway("ledger", "import", "--from", "jsonl", written(home / "rows.jsonl", rows), "--ledger", "a.db")

    shown = gateway("ledger", "tail", "--ledger", "a.db").out.splitlines()

    assert [row.rsplit("  ", 1)[-1].strip() for row in shown] == ["took", "unknown", "2.0 s"]
    assert sum(hour.answers for hour in sqlite.read_durations(home / "a.db")) == 1


def test_a_month_that_is_closed_is_refused(gateway: Gateway, home: Path) -> None:
    """Nothing of the file is imported."""
    file = written(home / "rows.jsonl", [line()])
    with keeping.session(home / "a.db", key=None) as books:
        books.connection.execute("INSERT INTO closes VALUES ('2025-10', 489120, 0, '', '', '')")

    done = gateway("ledger", "import", "--from", "jsonl", file, "--ledger", "a.db")

    assert done.code == 2
    assert "begins on 2025-10-01, and the books are closed up to 2025-10-19" in done.err
    assert list(sqlite.read_entries(home / "a.db")) == []


@pytest.mark.parametrize("content", [b"no ledger at all, but long enough to be one" * 100, None])
def test_a_ledger_that_is_none_is_left_alone(gateway: Gateway, home: Path, content: bytes | None) -> None:
    """A corrupt one and one of a newer version alike."""
    file, path = written(home / "rows.jsonl", [line()]), home / "a.db"
    if content is None:
        with keeping.session(path, key=None) as books:
            books.connection.execute("UPDATE meta SET value = '99' WHERE key = 'schema'")
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    else:
        path.write_bytes(content)
    before = path.read_bytes()

    done = gateway("ledger", "import", "--from", "jsonl", file, "--ledger", path)

    assert (done.code, done.out) == (2, "")
    assert "nothing was changed" in done.err
    assert path.read_bytes() == before
