"""Closed months in Parquet files: every report is as it was, nothing is lost, and the trail still says so."""

import json
import random
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.entries import NOON, attempt_record, ledger_entry
from support.policies import mock, policy
from support.trails import evidence, tamper

from gateway import keeping
from gateway.audit.evidence import Party
from gateway.audit.proof import Question
from gateway.entries import Feedback, HoldoutRecord, LedgerEntry
from gateway.errors import LedgerError
from gateway.keeping import Archive
from gateway.ledgers import _parquet, _sqlite_archives, sqlite
from gateway.money.account import savings
from gateway.times import Month
from gateway.types import Level, Money, Usage

AUGUST, SEPTEMBER, OCTOBER, DECEMBER = Month(2026, 8), Month(2026, 9), Month(2026, 10), Month(2026, 12)
NOW = datetime(2026, 11, 24, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
POLICY = policy({"llama": mock(model="llama-3.1-8b-instruct"), "frontier": mock(local=False, clearance="internal")})


def entries() -> list[LedgerEntry]:
    """Return requests of August and September, and one of November: all that an entry can be."""
    odd = random.Random(7)
    made = []
    for number in range(40):
        month = (8, 9)[number % 3 == 0]
        at = datetime(2026, month, 1 + number % 28, number % 24, tzinfo=UTC) + timedelta(microseconds=number)
        call = attempt_record(
            cost=odd.choice([None, Money(0), Money(number)]),
            usage=Usage(prompt_tokens=odd.choice([None, number]), completion_tokens=number, cached_tokens=number % 3),
            error=odd.choice([None, "timeout"]),
            accepted=odd.choice([None, True, False]),
            score=odd.choice([None, 0.1 * number]),
            first_token_s=odd.choice([None, 0.5]),
        )
        made.append(
            ledger_entry(
                f"entry-{number:02}",
                at=at,
                status=odd.choice(["answered", "refused", "cancelled"]),
                tenant=odd.choice([None, "acme", "other"]),
                tags=odd.choice([(), ("pii",), ("pii", "ü")]),
                kinds=(),
                level=odd.choice(list(Level)),
                difficulty=odd.choice([None, 0.25]),
                local=odd.choice([None, True, False]),
                attempts=(call,) * (number % 3),
                cost=odd.choice([None, Money(number)]),
                team=odd.choice([None, "support"]),
                request_id=odd.choice([None, "mine"]),
                classifier="v1",
                features=b"vector",
                managed_model="m",
                managed_cost=Money(3),
            )
        )
    return [*made, ledger_entry("latest", at=NOON)]


@pytest.fixture
async def books(tmp_path: Path) -> Path:
    """A ledger with comparisons and feedback, whose months before October are closed."""
    path = tmp_path / "ledger.db"
    async with sqlite.build(sqlite.Options(path=str(path))) as ledger:
        for entry in entries():
            await ledger.record(entry)
        for number in (1, 3, 40):
            entry_id = "latest" if number == 40 else f"entry-{number:02}"
            attempt = attempt_record(purpose="holdout", backend="frontier", cost=Money(9), score=0.5)
            record = HoldoutRecord(entry_id=entry_id, attempt=attempt, at=NOON)
            await ledger.holdout(record, evidence(tenant=None))
            said = Feedback(entry_id=entry_id, score=0.5, source="caller", at=NOON, tenant=_tenant(entry_id))
            await ledger.feedback(said)
    close(path, AUGUST, SEPTEMBER)
    return path


def _tenant(entry_id: str) -> str | None:
    return next(entry.tenant for entry in entries() if entry.id == entry_id)


def close(path: Path, *months: Month) -> None:
    with keeping.session(path, key=None) as ledger:
        for month in months:
            keeping.close(ledger, month, now=NOW)


def archived(path: Path, before: Month = DECEMBER, to: Path | None = None) -> list[Archive]:
    with keeping.session(path, key=None) as ledger:
        return keeping.archive(ledger, before, to=to or path.parent / "shelf", now=NOW)


def reports(path: Path) -> Any:
    """Return all that is read from the sums."""
    hours, calls = list(sqlite.read_hours(path, step="hour")), list(sqlite.read_calls(path, step="hour"))
    account = savings(hours, calls, policy=POLICY, by=("tenant", "team", "rule", "day"))
    return hours, calls, list(sqlite.read_durations(path, step="hour")), list(sqlite.read_corrections(path)), account


def test_every_report_is_as_it_was(books: Path) -> None:
    """To the last unit; the months are still what they were closed as, and the trail is whole."""
    before = reports(books)

    made = archived(books, OCTOBER)

    assert [(str(one.month), one.entries, one.file) for one in made] == [
        ("2026-08", 26, "entries-2026-08.parquet"),
        ("2026-09", 14, "entries-2026-09.parquet"),
    ]
    assert reports(books) == before
    assert all(keeping.verify_close(books, month).holds for month in (AUGUST, SEPTEMBER))
    assert [entry.id for entry in sqlite.read_entries(books)] == ["latest"]
    proof = sqlite.read_proof(books)
    assert (proof.is_whole, proof.requests, proof.archived, proof.unread) == (True, 41, 40, 40)


def test_what_was_archived_is_read_back(books: Path) -> None:
    """Entry by entry in the order of booking, but for what leads to somebody; and the trail holds it against itself."""
    archived(books, OCTOBER)

    read = list(keeping.read_archive(books, books.parent / "shelf"))

    assert read == [replace(entry, request_id=None, features=None) for entry in entries()[:-1]]
    proof = sqlite.read_proof(books, archive=books.parent / "shelf")
    assert (proof.is_whole, proof.archived, proof.unread) == (True, 40, 0)
    assert sqlite.read_proof(books, Question(tags=frozenset({"pii"}))).requests > 0


def test_nobody_is_named_in_a_file(books: Path) -> None:
    """A tenant is what the trail calls him; an erasure reaches him there, too."""
    archived(books, OCTOBER)

    content = b"".join(path.read_bytes() for path in (books.parent / "shelf").iterdir())

    assert b"acme" not in content
    assert b"mine" not in content
    assert b"vector" not in content


async def test_an_erased_tenant_is_nobody_in_the_archives(books: Path) -> None:
    """His name does not come back, the files are as they were, and the trail is whole with them."""
    archived(books, OCTOBER)

    async with sqlite.build(sqlite.Options(path=str(books))) as ledger:
        erasure = await ledger.trail.erase(Party(whose="tenant", name="other"))

    read = list(keeping.read_archive(books, books.parent / "shelf"))
    theirs = [entry.id for entry in entries() if entry.tenant == "other"]
    assert (erasure.known, erasure.records) == (True, len(theirs))
    assert "other" not in {entry.tenant for entry in read}
    assert sqlite.read_proof(books, archive=books.parent / "shelf").is_whole


async def test_who_was_erased_before_stays_so(books: Path) -> None:
    """Under the name that nobody has."""
    async with sqlite.build(sqlite.Options(path=str(books))) as ledger:
        await ledger.trail.erase(Party(whose="tenant", name="acme"))

    archived(books, OCTOBER)

    read = list(keeping.read_archive(books, books.parent / "shelf"))
    assert {str(entry.tenant)[:7] for entry in read if entry.tenant not in (None, "other")} == {"erased-"}
    assert sqlite.read_proof(books, archive=books.parent / "shelf").is_whole


def test_only_what_is_asked_for_is_moved(books: Path) -> None:
    """Months before, and each once."""
    first = archived(books, SEPTEMBER)
    second = archived(books, OCTOBER)
    third = archived(books, OCTOBER)

    assert [[str(one.month) for one in made] for made in (first, second, third)] == [["2026-08"], ["2026-09"], []]
    assert keeping.read_archives(books) == [*first, *second]
    assert sqlite.read_proof(books, archive=books.parent / "shelf").is_whole


def test_a_month_that_is_open_is_not_moved(books: Path) -> None:
    """Nothing of the closed ones either."""
    with pytest.raises(LedgerError, match="2026-11 is still open; close it first, nothing was moved"):
        archived(books, DECEMBER)

    assert len(list(sqlite.read_entries(books))) == 41
    assert not (books.parent / "shelf").exists()


def test_the_latest_entry_stays_so_that_no_place_is_used_twice(tmp_path: Path) -> None:
    """It goes the next time; what comes after it has a place of its own."""
    path = tmp_path / "ledger.db"
    at = datetime(2026, 8, 1, tzinfo=UTC)
    book(path, *(ledger_entry(name, at=at) for name in "abc"))
    close(path, AUGUST)

    first = archived(path, SEPTEMBER)
    book(path, ledger_entry("later", at=NOON))
    second = archived(path, SEPTEMBER)

    assert [[one.entries for one in made] for made in (first, second)] == [[2], [1]]
    assert [one.file for one in second] == ["entries-2026-08.2.parquet"]
    assert [entry.id for entry in keeping.read_archive(path, tmp_path / "shelf")] == ["a", "b", "c"]
    assert sqlite.read_proof(path, archive=tmp_path / "shelf").is_whole


def book(path: Path, *made: LedgerEntry) -> None:
    with keeping.session(path, key=None) as ledger:
        keeping.take(ledger, [made])


def test_entries_from_before_the_trail_stay(tmp_path: Path) -> None:
    """The trail counts them, and has no record of any."""
    from support.older_ledgers import older  # noqa: PLC0415 - for this test alone

    path = tmp_path / "ledger.db"
    book(path, ledger_entry("old", at=datetime(2026, 8, 1, tzinfo=UTC)))
    older(path, 2)
    book(path, *(ledger_entry(name, at=datetime(2026, 8, 2, tzinfo=UTC)) for name in "ab"))
    close(path, AUGUST)

    made = archived(path, SEPTEMBER)

    assert [one.entries for one in made] == [1]
    assert [entry.id for entry in sqlite.read_entries(path)] == ["old", "b"]
    assert sqlite.read_proof(path, archive=tmp_path / "shelf").is_whole


def test_late_entries_go_with_the_month_that_they_count_in(books: Path) -> None:
    """Places of a month are not in one run, and the archives are read in the order of booking."""
    book(books, ledger_entry("late", at=datetime(2026, 8, 3, tzinfo=UTC)), ledger_entry("last", at=NOON))
    archived(books, OCTOBER)
    close(books, OCTOBER)

    made = archived(books, Month(2026, 11))

    assert [(str(one.month), one.entries, one.first) for one in made] == [("2026-10", 1, "late")]
    read = [entry.id for entry in keeping.read_archive(books, books.parent / "shelf")]
    assert read == [*(entry.id for entry in entries()[:-1]), "late"]
    assert sqlite.read_proof(books, archive=books.parent / "shelf").is_whole


def stopped(books: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Archive, and be cut off once the file is recorded and a part of its rows is out."""
    monkeypatch.setattr(_sqlite_archives, "_STEP", 10)
    clear, calls = _sqlite_archives._archived_there, []

    def some(*arguments: Any) -> list[int]:
        calls.append(arguments)
        if len(calls) > 1:
            raise KeyboardInterrupt
        return clear(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(_sqlite_archives, "_archived_there", some)
        with pytest.raises(KeyboardInterrupt):
            archived(books, SEPTEMBER)


def test_one_that_was_cut_off_is_whole_and_goes_on(books: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At every moment an entry is on the books or in a file that is recorded."""
    before = reports(books)
    stopped(books, monkeypatch)
    left = len(list(sqlite.read_entries(books)))
    shelf = books.parent / "shelf"
    midway = sqlite.read_proof(books), sqlite.read_proof(books, archive=shelf)

    made = archived(books, OCTOBER)

    assert 16 < left < 41
    assert all(proof.is_whole for proof in midway)
    assert [str(one.month) for one in made] == ["2026-09"]
    assert reports(books) == before
    assert [entry.id for entry in sqlite.read_entries(books)] == ["latest"]
    assert len(list(keeping.read_archive(books, shelf))) == 40
    assert sqlite.read_proof(books, archive=shelf).is_whole


async def test_what_is_said_meanwhile_is_not_lost(books: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry that somebody judges after its file was written stays on the books."""
    stopped(books, monkeypatch)
    left = [entry for entry in sqlite.read_entries(books) if entry.at.month == 8]
    async with sqlite.build(sqlite.Options(path=str(books))) as ledger:
        said = Feedback(entry_id=left[0].id, score=1.0, source="agent", at=NOON, tenant=left[0].tenant)
        assert await ledger.feedback(said) == "kept"
        record = HoldoutRecord(entry_id=left[1].id, attempt=attempt_record(purpose="holdout"), at=LATER)
        assert await ledger.holdout(record, evidence())

    archived(books, OCTOBER)

    assert {entry.id for entry in sqlite.read_entries(books)} == {left[0].id, left[1].id, "latest"}
    assert [said.score for said in sqlite.read_feedback(books) if said.entry_id == left[0].id] == [1.0]
    assert sqlite.read_proof(books, archive=books.parent / "shelf").is_whole


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("DELETE FROM archives", "entry entry-00 of record 2 is not on the books"),
        ("UPDATE archives SET entries = 3", "the archive entries-2026-08.parquet on the books has no record"),
        ("UPDATE archives SET sha256 = '0'", "the archive entries-2026-08.parquet on the books has no record"),
        ("DELETE FROM entries", "entry latest of record 42 is not on the books"),
        ("UPDATE audit SET entry = 3 WHERE n = 42", "41 entries are in no table, the archives say 40"),
        ("UPDATE audit SET subject = x'00' WHERE n = 3", "record 3 is kept under another entry or subject"),
    ],
)
def test_what_was_changed_is_noticed_without_the_files(books: Path, statement: str, told: str) -> None:
    """An archive is recorded with its places and its hash; an entry that is in none must be on the books."""
    archived(books, OCTOBER)

    tamper(books, statement)

    assert any(told in problem.text for problem in sqlite.read_proof(books).problems)


def test_a_file_that_was_changed_or_is_gone_is_noticed(books: Path) -> None:
    """Where it is looked at; what was in it is then nowhere."""
    archived(books, OCTOBER)
    shelf = books.parent / "shelf"
    (shelf / "entries-2026-08.parquet").unlink()
    with (shelf / "entries-2026-09.parquet").open("ab") as file:
        file.write(b"x")

    problems = [problem.text for problem in sqlite.read_proof(books, archive=shelf).problems]

    assert "the archive entries-2026-08.parquet is not in the folder" in problems
    assert "the archive entries-2026-09.parquet was changed since it was recorded" in problems
    assert any("is not in its archive" in problem for problem in problems)
    with pytest.raises(LedgerError, match="is not in the folder; nothing was read"):
        list(keeping.read_archive(books, shelf))


def test_another_file_of_the_same_name_is_not_overwritten(books: Path) -> None:
    """Nothing is moved."""
    shelf = books.parent / "shelf"
    shelf.mkdir()
    (shelf / "entries-2026-08.parquet").write_text("mine")

    with pytest.raises(LedgerError, match="is there already and says something else"):
        archived(books, OCTOBER)

    assert (shelf / "entries-2026-08.parquet").read_text() == "mine"
    assert len(list(sqlite.read_entries(books))) == 41
    assert sqlite.read_proof(books).is_whole


def test_what_reads_otherwise_is_not_moved(books: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is believed once it was read back."""
    read = _parquet.read
    monkeypatch.setattr(_parquet, "read", lambda path: list(read(path))[:-1])

    with pytest.raises(LedgerError, match="reads otherwise; nothing was moved"):
        archived(books, OCTOBER)

    assert len(list(sqlite.read_entries(books))) == 41
    assert list((books.parent / "shelf").iterdir()) == []


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE entries SET tenant = 'nobody'", "an entry's tenant has no key in the audit trail"),
        ("UPDATE entries SET duration_s = 'long'", "a row of the ledger holds what is none"),
        ("UPDATE entries SET rule = x'ff'", "a row of the ledger holds what is none"),
    ],
)
def test_what_is_no_entry_is_not_moved(books: Path, statement: str, told: str) -> None:
    """Who wrote it there is for the trail to say."""
    tamper(books, f"{statement} WHERE id = 'entry-05'")

    with pytest.raises(LedgerError, match=told):
        archived(books, OCTOBER)

    assert len(list(sqlite.read_entries(books))) == 41


def test_tenants_who_are_erased_meanwhile_stop_it(books: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file with his pseudonym is begun again, and given up where that goes on."""
    written, names = _sqlite_archives._written, ["other"]

    def meanwhile(*arguments: Any) -> Any:
        result = written(*arguments)
        if names:
            names.pop()
            tamper(books, "UPDATE audit_head SET erasures = erasures + 1")
        return result

    monkeypatch.setattr(_sqlite_archives, "_written", meanwhile)
    assert [one.entries for one in archived(books, SEPTEMBER)] == [26]

    names.extend("abcd")
    with pytest.raises(LedgerError, match="tenants are being erased"):
        archived(books, OCTOBER)


def test_what_is_no_archive_cannot_be_read(books: Path, tmp_path: Path) -> None:
    """A Parquet file of something else, or none at all."""
    import pyarrow as pa  # noqa: PLC0415 - an extra
    from pyarrow import parquet  # noqa: PLC0415 - an extra

    parquet.write_table(pa.table({"a": [1]}), tmp_path / "other.parquet")
    (tmp_path / "none.parquet").write_text("no parquet")

    with pytest.raises(LedgerError, match="is no archive of a ledger, or one of another version"):
        list(_parquet.read(tmp_path / "other.parquet"))
    with pytest.raises(LedgerError, match="cannot read the archive"):
        list(_parquet.read(tmp_path / "none.parquet"))


def test_without_pyarrow_it_is_said_what_to_install(books: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes with an extra."""
    from gateway.errors import ConfigurationError  # noqa: PLC0415 - for this test alone

    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)

    with pytest.raises(ConfigurationError, match=r"pip install 'hybrid-gateway\[analytics\]'"):
        archived(books, OCTOBER)

    assert len(list(sqlite.read_entries(books))) == 41


def test_a_ledger_without_archives_is_as_before(tmp_path: Path) -> None:
    """Nobody pays for what he does not use."""
    path = tmp_path / "ledger.db"
    book(path, ledger_entry("a"))

    with closing(sqlite3.connect(path)) as connection:
        assert json.dumps(connection.execute("SELECT count(*) FROM archives").fetchone()) == "[0]"
    assert keeping.read_archives(path) == []
    assert list(keeping.read_archive(path, tmp_path)) == []
