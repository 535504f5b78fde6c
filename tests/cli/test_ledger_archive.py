"""`gateway ledger archive`: closed months in files, and every report as it was."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.command import Gateway
from support.entries import ledger_entry

from gateway import keeping
from gateway.times import Month

MARCH, APRIL = datetime(2025, 3, 14, 9, tzinfo=UTC), datetime(2025, 4, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def books(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A ledger of two requests of March and one of April; March is closed."""
    path = home / "ledger.db"
    monkeypatch.setenv("GATEWAY_LEDGER", str(path))
    with keeping.session(path, key=None) as ledger:
        entries = [ledger_entry("a", at=MARCH), ledger_entry("b", at=MARCH), ledger_entry("c", at=APRIL)]
        keeping.take(ledger, [entries])
        keeping.close(ledger, Month(2025, 3), now=datetime.now(UTC))
    return path


def test_a_closed_month_is_moved(gateway: Gateway, books: Path) -> None:
    """A line a file, with its hash; the savings are as they were."""
    before = gateway("savings", "--json").out

    done = gateway("ledger", "archive", "--before", "2025-04", "--to", "shelf")

    (made,) = keeping.read_archives(books)
    assert done.code == 0
    assert done.out.splitlines()[1].split() == ["2025-03", "2", "shelf/entries-2025-03.parquet", made.sha256]
    assert "`VACUUM` while nobody writes gives it back to the disk" in done.out
    assert gateway("savings", "--json").out == before


def test_a_program_reads_json(gateway: Gateway) -> None:
    """The same."""
    done = gateway("ledger", "archive", "--before", "2025-04", "--to", "shelf", "--json")

    told = json.loads(done.out)
    assert told["schema"] == "gateway.ledger.archive/1"
    assert [(one["month"], one["entries"], one["first"], one["last"]) for one in told["files"]] == [
        ("2025-03", 2, "a", "b")
    ]


def test_nothing_to_move_is_told(gateway: Gateway) -> None:
    """And is no fault."""
    done = gateway("ledger", "archive", "--before", "2025-03", "--to", "shelf")

    assert (done.code, done.out) == (0, "")
    assert done.err == "no entries of closed months before 2025-03 are left to move\n"


def test_an_open_month_is_refused(gateway: Gateway, home: Path) -> None:
    """With what to do, and nothing moved."""
    done = gateway("ledger", "archive", "--before", "2025-05", "--to", "shelf")

    assert (done.code, done.err) == (2, "error: 2025-04 is still open; close it first, nothing was moved\n")
    assert not (home / "shelf").exists()


def test_the_trail_is_whole_with_and_without_the_files(gateway: Gateway, home: Path) -> None:
    """With them their entries are looked at; a file that was changed is noticed."""
    gateway("ledger", "archive", "--before", "2025-04", "--to", "shelf")

    without = gateway("audit", "verify")
    with_files = gateway("audit", "verify", "--archive", "shelf")
    proved = gateway("audit", "prove", "--archive", "shelf", "--json")
    (home / "shelf" / "entries-2025-03.parquet").write_text("other")
    changed = gateway("audit", "verify", "--archive", "shelf")

    assert (without.code, with_files.code, changed.code) == (0, 0, 1)
    assert "note   2 entries are in archives, which were not read: give --archive DIR\n" in without.out
    assert "note   2 entries are in archives, which were read\n" in with_files.out
    assert json.loads(proved.out)["trail"]["archived_entries"] == 2
    assert "the archive entries-2025-03.parquet was changed since it was recorded" in changed.out


def test_what_shows_entries_says_that_older_ones_are_archived(gateway: Gateway) -> None:
    """Where it would have shown them."""
    gateway("ledger", "archive", "--before", "2025-04", "--to", "shelf")

    few, all_ = gateway("ledger", "tail", "-n", "1"), gateway("ledger", "tail", "--json")

    assert few.err == ""
    assert all_.err == "2 older ones are archived\n"
    assert [json.loads(line)["id"] for line in all_.out.splitlines()] == ["c"]
