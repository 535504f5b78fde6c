"""The SQLite ledger: its file, its faults, and who waits for whom."""

import asyncio
import logging
import sqlite3
import stat
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from support.entries import NOON, attempt_record, ledger_entry

from gateway.entries import Feedback
from gateway.errors import LedgerError, UnbookableError
from gateway.ledgers import _writer as writer_module
from gateway.ledgers import sqlite
from gateway.ledgers._sqlite_writer import SqliteBooks
from gateway.ledgers.sqlite import SqliteLedger, read_entries, read_feedback
from gateway.types import Money

BEYOND_SQLITE = Money(2**63)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "books" / "ledger.db"


@pytest.fixture
async def ledger(path: Path) -> AsyncIterator[SqliteLedger]:
    async with sqlite.build(sqlite.Options(path=str(path), busy_timeout_s=0)) as opened:
        yield opened


def execute(path: Path, *statements: str) -> list[tuple[object, ...]]:
    """Run statements on the file as another program would; return the rows of the last."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        return [connection.execute(statement).fetchall() for statement in statements][-1]


def ids(path: Path) -> list[str]:
    return [entry.id for entry in read_entries(path)]


def remove(path: Path, *, replaced_by: str | None) -> None:
    """Remove a ledger and what SQLite keeps beside it, as a careless hand would."""
    for file in path.parent.iterdir():
        file.unlink()
    if replaced_by is not None:
        path.write_text(replaced_by)


def content(path: Path) -> str:
    return path.read_text()


def is_there(path: Path) -> bool:
    return path.exists()


def books(ledger: SqliteLedger) -> SqliteBooks:
    """Return the open file of a ledger."""
    opened = ledger._writer._books
    assert isinstance(opened, SqliteBooks)
    return opened


class Lock:
    """Another process that is in the middle of writing."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.execute("BEGIN IMMEDIATE")

    def release(self) -> None:
        self._connection.close()


async def test_only_the_owner_may_read_the_file_and_its_folder(ledger: SqliteLedger, path: Path) -> None:
    """Who asked what and when is nobody else's business."""
    await ledger.record(ledger_entry("a"))

    modes = [stat.S_IMODE(file.stat().st_mode) for file in (path.parent, path, Path(f"{path}-wal"))]

    assert modes == [0o700, 0o600, 0o600]


async def test_the_path_may_begin_with_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`~` is written in policies and means the home folder."""
    monkeypatch.setenv("HOME", str(tmp_path))

    async with sqlite.build(sqlite.Options(path="~/ledger.db")) as ledger:
        place = ledger.place

    assert place == str(tmp_path / "ledger.db")


async def test_entries_are_there_after_closing_and_opening_again(path: Path) -> None:
    """A ledger is continued where it ended."""
    for name in ("first", "second"):
        async with sqlite.build(sqlite.Options(path=str(path))) as ledger:
            await ledger.record(ledger_entry(name))

    assert ids(path) == ["first", "second"]


@pytest.mark.parametrize(("durable", "level"), [(False, 1), (True, 2)])
async def test_durable_waits_for_the_disk(path: Path, *, durable: bool, level: int) -> None:
    """`durable: true` is SQLite's synchronous = FULL; the default is NORMAL."""
    async with sqlite.build(sqlite.Options(path=str(path), durable=durable)) as ledger:
        connection = books(ledger).connection
        assert connection.execute("PRAGMA synchronous").fetchone() == (level,)


async def test_two_ledgers_may_share_a_file(ledger: SqliteLedger, path: Path) -> None:
    """Several processes append to the same books; one id stays one entry."""
    async with sqlite.build(sqlite.Options(path=str(path))) as other:
        await ledger.record(ledger_entry("ours"))
        await other.record(ledger_entry("theirs"))
        await other.record(ledger_entry("ours"))

    assert ids(path) == ["ours", "theirs"]


async def test_what_one_sums_by_is_a_column(ledger: SqliteLedger, path: Path) -> None:
    """A report can be made with SQL alone: money is integers, unknown is NULL, savings are there."""
    await ledger.record(ledger_entry("known", cost=Money(400)))
    await ledger.record(ledger_entry("unknown", cost=None))

    rows = execute(path, "SELECT id, cost_nano_usd, saved_nano_usd, tags FROM entries ORDER BY id")

    assert rows == [("known", 400, 1_599_600, '["pii"]'), ("unknown", None, None, '["pii"]')]


async def test_a_label_that_is_no_unicode_is_escaped_and_kept(ledger: SqliteLedger) -> None:
    """Half a surrogate pair in a label cannot keep a request off the books."""
    strange = replace(ledger_entry("a", tenant="bad \ud800"), attempts=(attempt_record(model="m\udfff"),))

    await ledger.record(strange)

    (kept,) = await ledger.entries()
    assert (kept.tenant, kept.attempts[0].model) == ("bad \\ud800", "m\\udfff")


async def test_a_cancelled_waiter_does_not_take_its_entry_along(ledger: SqliteLedger, path: Path) -> None:
    """The caller who went away is on the books all the same."""
    task = asyncio.create_task(ledger.record(ledger_entry("abandoned")))
    await asyncio.sleep(0)

    task.cancel()
    await asyncio.wait([task])
    await ledger.record(ledger_entry("next"))

    assert ids(path) == ["abandoned", "next"]


async def test_closing_writes_what_waits(path: Path) -> None:
    """Nothing that was handed in is forgotten at the end."""
    async with sqlite.build(sqlite.Options(path=str(path))) as ledger:
        lock = Lock(path)
        tasks = [asyncio.create_task(ledger.record(ledger_entry(name))) for name in "ab"]
        await asyncio.sleep(0)
        lock.release()
    await asyncio.gather(*tasks)

    assert ids(path) == ["a", "b"]


async def test_a_batch_has_an_end(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many wait, a transaction stays small enough to be over soon."""
    monkeypatch.setattr(writer_module, "BATCH", 2)

    async with sqlite.build(sqlite.Options(path=str(path))) as ledger:
        await asyncio.gather(*(ledger.record(ledger_entry(name)) for name in "abcde"))

    assert sorted(ids(path)) == list("abcde")


async def test_a_closed_ledger_says_so(path: Path) -> None:
    """A late request is told, and does not wait for ever."""
    async with sqlite.build(sqlite.Options(path=str(path))) as ledger:
        pass

    with pytest.raises(LedgerError, match="is closed"):
        await ledger.record(ledger_entry("late"))


async def test_closing_twice_is_closing_once(path: Path) -> None:
    """Who closes what is closed already has nothing to wait for."""
    async with sqlite.build(sqlite.Options(path=str(path))) as ledger:
        await asyncio.to_thread(ledger._writer.close)

    assert not ledger._writer._thread.is_alive()


async def test_a_locked_file_is_an_error_for_those_who_wait_and_no_other(ledger: SqliteLedger, path: Path) -> None:
    """While another process holds the file, recording fails loudly; afterwards it works again."""
    lock = Lock(path)

    outcomes = await asyncio.gather(*(ledger.record(ledger_entry(name)) for name in "ab"), return_exceptions=True)
    lock.release()
    await ledger.record(ledger_entry("after"))

    assert [type(outcome) for outcome in outcomes] == [LedgerError, LedgerError]
    assert ids(path) == ["after"]


async def test_a_full_disk_is_an_error_and_not_the_end(ledger: SqliteLedger, path: Path) -> None:
    """When there is room again, the books go on."""
    connection = books(ledger).connection
    connection.execute("PRAGMA max_page_count = 1")

    with pytest.raises(LedgerError, match="full"):
        await ledger.record(ledger_entry("big", policy_version="x" * 100_000))
    connection.execute("PRAGMA max_page_count = 1000000")
    await ledger.record(ledger_entry("after"))

    assert ids(path) == ["after"]


async def test_a_row_that_cannot_be_kept_fails_alone(ledger: SqliteLedger, path: Path) -> None:
    """One impossible amount does not cost the others in its transaction."""
    entries = [ledger_entry("a"), ledger_entry("impossible", cost=BEYOND_SQLITE), ledger_entry("b")]

    outcomes = await asyncio.gather(*map(ledger.record, entries), return_exceptions=True)

    assert [type(outcome) for outcome in outcomes] == [type(None), UnbookableError, type(None)]
    assert ids(path) == ["a", "b"]


async def test_an_entry_whose_attempts_cannot_be_kept_is_not_kept_in_half(ledger: SqliteLedger, path: Path) -> None:
    """An entry and its attempts are one."""
    entry = ledger_entry("half", attempts=(attempt_record(), attempt_record(cost=BEYOND_SQLITE)))

    with pytest.raises(LedgerError):
        await ledger.record(entry)

    assert execute(path, "SELECT count(*) FROM attempts") == [(0,)]


async def test_a_loss_that_nobody_waits_for_is_logged(
    ledger: SqliteLedger, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """An entry of a caller who went away, which cannot be written, does not vanish in silence."""
    lock = Lock(path)
    task = asyncio.create_task(ledger.record(ledger_entry("abandoned")))
    await asyncio.sleep(0)

    task.cancel()
    with caplog.at_level(logging.ERROR, logger="gateway"), pytest.raises(LedgerError):
        await ledger.record(ledger_entry("waiting"))
    lock.release()

    assert "nobody waits for this entry" in caplog.text


async def test_a_loop_that_is_gone_does_not_stop_the_writer(path: Path) -> None:
    """A waiter whose event loop was closed is left alone; its entry is written."""
    async with sqlite.build(sqlite.Options(path=str(path))) as ledger:
        lock = Lock(path)

        def abandon() -> None:
            with closing(asyncio.new_event_loop()) as loop:
                loop.run_until_complete(
                    asyncio.wait([loop.create_task(ledger.record(ledger_entry("gone")))], timeout=0)
                )

        await asyncio.to_thread(abandon)
        lock.release()
        await ledger.record(ledger_entry("next"))

    assert ids(path) == ["gone", "next"]


async def test_two_event_loops_may_share_a_ledger(ledger: SqliteLedger, path: Path) -> None:
    """Each waiter is woken in its own loop."""
    await asyncio.gather(
        asyncio.to_thread(asyncio.run, ledger.record(ledger_entry("there"))), ledger.record(ledger_entry("here"))
    )

    assert sorted(ids(path)) == ["here", "there"]


async def test_feedback_is_read_with_the_id_of_its_entry(ledger: SqliteLedger, path: Path) -> None:
    """A report on a file that nobody has open sees the judgements too."""
    feedback = Feedback(entry_id="a", score=0.25, source="agent", at=NOON, tenant="acme")
    await ledger.record(ledger_entry("a"))

    await ledger.feedback(feedback)

    assert list(read_feedback(path)) == [feedback]


async def test_a_newer_schema_is_refused_with_a_remedy(path: Path) -> None:
    """An old program does not write into books whose columns it does not know."""
    async with sqlite.build(sqlite.Options(path=str(path))):
        pass
    execute(path, "UPDATE meta SET value = value + 1 WHERE key = 'schema'")

    with pytest.raises(LedgerError, match="update hybrid-gateway"):
        async with sqlite.build(sqlite.Options(path=str(path))):
            pass


def test_reading_an_empty_file_is_an_error(tmp_path: Path) -> None:
    """A file without tables is no ledger yet."""
    (tmp_path / "empty.db").touch()

    with pytest.raises(LedgerError, match="schema 0"):
        list(read_entries(tmp_path / "empty.db"))


def test_reading_what_is_not_there_creates_nothing(tmp_path: Path) -> None:
    """A report with a wrong path says so and leaves no file behind."""
    with pytest.raises(LedgerError, match="unable to open"):
        list(read_entries(tmp_path / "missing.db"))

    assert list(tmp_path.iterdir()) == []


async def test_a_file_that_is_no_database_is_left_as_it_is(tmp_path: Path) -> None:
    """A wrong path does not cost a file of yours."""
    letter = tmp_path / "letter.txt"
    letter.write_bytes(b"Dear Sir or Madam, " * 100)

    with pytest.raises(LedgerError, match="not a database"):
        async with sqlite.build(sqlite.Options(path=str(letter))):
            pass

    assert letter.read_bytes() == b"Dear Sir or Madam, " * 100


async def test_a_database_of_another_program_is_left_as_it_is(tmp_path: Path) -> None:
    """Somebody else's tables are not ours to add to."""
    theirs = tmp_path / "theirs.db"
    execute(theirs, "CREATE TABLE orders (n INTEGER)")
    before = theirs.read_bytes()

    with pytest.raises(LedgerError, match="not a ledger"):
        async with sqlite.build(sqlite.Options(path=str(theirs))):
            pass

    assert theirs.read_bytes() == before


async def test_a_damaged_ledger_is_an_error_when_it_is_read(path: Path) -> None:
    """Torn pages are reported, not skipped."""
    async with sqlite.build(sqlite.Options(path=str(path))) as ledger:
        await asyncio.gather(*(ledger.record(ledger_entry(f"{n}")) for n in range(100)))
    ((page,),) = execute(path, "SELECT rootpage FROM sqlite_master WHERE name = 'entries'")
    assert isinstance(page, int)
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xff" * 4096)

    with pytest.raises(LedgerError, match="cannot read the ledger"):
        list(read_entries(path))


async def test_a_folder_is_no_ledger(tmp_path: Path) -> None:
    """The message names the path and what to do."""
    with pytest.raises(LedgerError, match="name a path that this user may write"):
        async with sqlite.build(sqlite.Options(path=str(tmp_path))):
            pass


@pytest.mark.parametrize("replaced", [False, True])
async def test_a_ledger_that_was_removed_under_us_is_begun_anew(
    ledger: SqliteLedger, path: Path, caplog: pytest.LogCaptureFixture, *, replaced: bool
) -> None:
    """What a caller receives from then on is on the books at their place, and the loss is said."""
    await ledger.record(ledger_entry("before"))
    remove(path, replaced_by="" if replaced else None)

    await ledger.record(ledger_entry("after"))

    assert ids(path) == ["after"]
    assert "removed or replaced" in caplog.text


async def test_a_ledger_that_something_else_took_the_place_of_is_an_error(ledger: SqliteLedger, path: Path) -> None:
    """What stands there is not overwritten, and the reply is not given."""
    notes = "somebody's notes, long enough to be no empty database"
    remove(path, replaced_by=notes)

    with pytest.raises(LedgerError, match="ledger"):
        await ledger.record(ledger_entry("after"))

    assert content(path) == notes


@pytest.mark.parametrize("is_gone", [False, True])
async def test_closing_with_nothing_to_write_leaves_the_file_alone(path: Path, *, is_gone: bool) -> None:
    """It neither waits for whoever holds the lock nor makes a ledger anew that was removed."""
    opened = sqlite.build(sqlite.Options(path=str(path), busy_timeout_s=0))
    lock, said = None, list[str]()
    async with opened as ledger:
        books(ledger).connection.set_trace_callback(said.append)
        if is_gone:
            remove(path, replaced_by=None)
        else:
            lock = Lock(path)
    if lock is not None:
        lock.release()

    assert not said
    assert is_there(path) is not is_gone


async def test_a_ledger_opened_before_a_fork_says_so(ledger: SqliteLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    """The child has no writer thread: waiting for one would never end."""
    monkeypatch.setattr("os.getpid", lambda: -1)

    with pytest.raises(LedgerError, match="fork"):
        await ledger.record(ledger_entry("child"))
