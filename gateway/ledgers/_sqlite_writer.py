"""The one thread that writes to a SQLite ledger: whatever waits goes into one transaction, then its waiters wake.

A failed transaction is told to its waiters and the thread lives on. Nothing that was handed in is forgotten: closing
writes what waits, and a waiter that was cancelled takes nothing with it.
"""

import asyncio
import logging
import os
import secrets
import sqlite3
import threading
import traceback
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from queue import Empty, SimpleQueue
from typing import NamedTuple

from gateway.audit.books import ERASED
from gateway.audit.evidence import Evidence, Party, Whose, evidence_of
from gateway.audit.records import Record, UnreadableRecordError, erasure_body, holdout_body, read, request_body
from gateway.entries import Feedback, FeedbackFate, HoldoutRecord, LedgerEntry
from gateway.errors import ConfigurationError, LedgerError
from gateway.ledgers._sqlite_rollups import Rollups, rename_tenant
from gateway.ledgers._sqlite_rows import (
    ATTEMPT_COLUMNS,
    ENTRY_COLUMNS,
    HOLDOUT_COLUMNS,
    WHOSE_COLUMNS,
    attempt_rows,
    entry_row,
    holdout_row,
    whose_of,
)
from gateway.ledgers._sqlite_statements import execute, marks
from gateway.ledgers._sqlite_trail import TrailEnd
from gateway.times import microseconds

log = logging.getLogger("gateway")

BATCH = 10_000


_INSERT_ENTRY = f"""
    INSERT INTO entries (hour, {", ".join(ENTRY_COLUMNS)}) VALUES ({marks(1 + len(ENTRY_COLUMNS))})
    ON CONFLICT (id) DO NOTHING"""  # noqa: S608 - the names are ours
_INSERT_ATTEMPT = f"""
    INSERT INTO attempts (entry, {", ".join(ATTEMPT_COLUMNS)}) VALUES ({marks(1 + len(ATTEMPT_COLUMNS))})"""  # noqa: S608 - as above
_TENANTS_ENTRY = "FROM entries e WHERE id = ? AND (tenant IS NULL OR tenant = ?)"
_INSERT_FEEDBACK = f"""
    INSERT INTO feedback (score, source, at_us, entry, tenant) SELECT ?, ?, ?, n, tenant {_TENANTS_ENTRY}
    AND (SELECT count(*) FROM feedback f WHERE f.tenant IS e.tenant AND f.at_us > ?) < ?"""  # noqa: S608 - the names are ours
_INSERT_HOLDOUT = f"""
    INSERT INTO holdouts (entry, {", ".join(HOLDOUT_COLUMNS)})
    SELECT n{", ?" * len(HOLDOUT_COLUMNS)} FROM entries WHERE id = ? ON CONFLICT DO NOTHING"""  # noqa: S608 - as above

_SELECT_WHOSE = f"SELECT {WHOSE_COLUMNS} FROM entries WHERE id = ?"  # noqa: S608 - the names are ours
_ERASE_REQUESTS = "UPDATE entries SET request_id = NULL, features = NULL, classifier = NULL"

# How many records an erasure concerned is an integer, None where nobody of that name was known.
Result = bool | FeedbackFate | int | None


class Pages(NamedTuple):
    """What is kept beside the rows, in their transaction: the end of the audit trail, and the hourly sums."""

    trail: TrailEnd
    rollups: Rollups

    def open(self, connection: sqlite3.Connection) -> None:
        """Read where both stand."""
        self.trail.open(connection)
        self.rollups.begin(connection)

    def close(self, connection: sqlite3.Connection) -> None:
        """Write where both stand now."""
        self.rollups.flush(connection)
        self.trail.close(connection)

    def forget(self) -> None:
        """Forget what a transaction made that failed."""
        self.trail.forget()
        self.rollups.forget()


@dataclass(slots=True, eq=False)
class FeedbackWrite:
    """A judgement that waits to be written, if it is one of at most `most` since `since_us` of its tenant."""

    feedback: Feedback
    since_us: int
    most: int
    waiter: asyncio.Future[Result]

    def apply(self, connection: sqlite3.Connection, _pages: Pages) -> FeedbackFate:
        """Write it, or say why not."""
        said = self.feedback
        entry = (said.entry_id, said.tenant)
        row = (said.score, said.source, microseconds(said.at), *entry, self.since_us, self.most)
        if execute(connection, _INSERT_FEEDBACK, row).rowcount == 1:
            return "kept"
        found = execute(connection, f"SELECT 1 {_TENANTS_ENTRY}", entry).fetchone()
        return "over_cap" if found else "unknown"


@dataclass(slots=True, eq=False)
class HoldoutWrite:
    """What a strong backend said beside an entry, waiting to be written."""

    record: HoldoutRecord
    evidence: Evidence | None
    waiter: asyncio.Future[Result]

    def apply(self, connection: sqlite3.Connection, pages: Pages) -> bool:
        """Write it; False where its entry is unknown or has one already: the calls are recorded all the same."""
        record, evidence = self.record, self.evidence
        kept = execute(connection, _INSERT_HOLDOUT, (*holdout_row(record), record.entry_id)).rowcount == 1
        if kept:
            pages.rollups.add_holdout(
                record, whose_of(execute(connection, _SELECT_WHOSE, (record.entry_id,)).fetchone())
            )
        if evidence is not None:
            names = pages.trail.names(connection, evidence)
            body, place = holdout_body(record.entry_id, names, kept=kept), _place_of(connection, record.entry_id)
            pages.trail.append(connection, body, evidence.facts, at=record.at, entry=place)
        return kept


@dataclass(slots=True, eq=False)
class EntryWrite:
    """An entry, its attempts and its record that wait to be written."""

    entry: LedgerEntry
    evidence: Evidence | None
    waiter: asyncio.Future[Result]

    def apply(self, connection: sqlite3.Connection, pages: Pages) -> bool:
        """Write them; False where the entry's id is there already, which stays as it is."""
        return book(connection, pages, self.entry, self.evidence)


def book(connection: sqlite3.Connection, pages: Pages, entry: LedgerEntry, evidence: Evidence | None = None) -> bool:
    """Write an entry, its attempts, its sums and its record; False where its id is there already."""
    evidence = evidence or evidence_of(entry)
    cursor = execute(connection, _INSERT_ENTRY, (pages.rollups.hour(entry.at), *entry_row(entry)))
    if cursor.rowcount != 1:
        return False
    place = cursor.lastrowid
    for attempt in attempt_rows(entry):
        execute(connection, _INSERT_ATTEMPT, (place, *attempt))
    pages.rollups.add(entry)
    names = pages.trail.names(connection, evidence)
    pages.trail.append(connection, request_body(entry, names), evidence.facts, at=entry.at, entry=place)
    return True


@dataclass(slots=True, eq=False)
class EraseWrite:
    """A party whose records shall be nobody's any more."""

    party: Party
    waiter: asyncio.Future[Result]

    def apply(self, connection: sqlite3.Connection, pages: Pages) -> int | None:
        """Delete the key, and from the books what leads to the party; None where it is not known."""
        pseudonym = pages.trail.delete_key(connection, self.party)
        theirs = _entries_of(connection, self.party.whose, pseudonym)
        count = self._free_tenant(connection, theirs) if self.party.whose == "tenant" else _free(connection, theirs)
        if pseudonym is None and count == 0:
            return None
        pages.trail.append(connection, erasure_body(self.party.whose, count), at=datetime.now(UTC))
        return count

    def _free_tenant(self, connection: sqlite3.Connection, theirs: set[str]) -> int:
        named = execute(connection, "SELECT id FROM entries WHERE tenant = ?", (self.party.name,))
        theirs = theirs.union(entry_id for (entry_id,) in named)
        # Another word than NULL, which would open the entries to everybody's feedback.
        tenant = f"{ERASED}{secrets.token_hex(8)}"
        for entry_id in theirs:
            execute(connection, "UPDATE entries SET tenant = ? WHERE id = ?", (tenant, entry_id))
            feedback = "UPDATE feedback SET tenant = ? WHERE entry = (SELECT n FROM entries WHERE id = ?)"
            execute(connection, feedback, (tenant, entry_id))
        execute(connection, "UPDATE feedback SET tenant = ? WHERE tenant = ?", (tenant, self.party.name))
        execute(connection, "UPDATE corrections SET tenant = ? WHERE tenant = ?", (tenant, self.party.name))
        rename_tenant(connection, self.party.name, tenant)
        return _free(connection, theirs)


def _free(connection: sqlite3.Connection, entry_ids: set[str]) -> int:
    return sum(execute(connection, f"{_ERASE_REQUESTS} WHERE id = ?", (one,)).rowcount for one in entry_ids)


def _entries_of(connection: sqlite3.Connection, whose: Whose, pseudonym: str | None) -> set[str]:
    """Return the ids of a party's entries as the records say them, not the columns beside: those nothing holds."""
    if pseudonym is None:
        return set()
    # The bodies are ASCII without spaces: what has not this text is not read any further.
    found = execute(
        connection, "SELECT CAST(body AS TEXT) FROM audit WHERE instr(body, ?)", (f'"{whose}":"{pseudonym}"',)
    )
    records = [record for (text,) in found if (record := _readable(text)) is not None]
    return {record.entry for record in records if record.entry and getattr(record.names, whose) == pseudonym}


def _readable(text: str) -> Record | None:
    try:
        return read(text)
    except UnreadableRecordError:
        return None


Write = EntryWrite | FeedbackWrite | HoldoutWrite | EraseWrite


class Writer:
    """Owns the connection and its thread. `submit` may be called from any event loop or thread.

    Where the file is removed or replaced under it, a new one is begun at the same place and that is logged.
    """

    def __init__(
        self, open_file: Callable[[], sqlite3.Connection], place: str, *, audit_key: bytes | None = None
    ) -> None:
        self._open_file = open_file
        self._trail = TrailEnd(audit_key)
        self._pages = Pages(self._trail, Rollups())
        self._connection = open_file()
        self._agree_on_key(sealing=audit_key is not None)
        self._place = place
        self._file = _identity(place)
        self._process = os.getpid()
        self._queue: SimpleQueue[Write | None] = SimpleQueue()
        self._open = True
        self._gate = threading.Lock()
        # A daemon: a program that ends without closing its router must not hang on this thread.
        self._thread = threading.Thread(target=self._run, name="gateway-ledger", daemon=True)
        self._thread.start()

    def _agree_on_key(self, *, sealing: bool) -> None:
        """Seal a trail from here on where the key is new; raises `ConfigurationError` for a wrong one."""
        try:
            with self._connection as connection:
                connection.execute("BEGIN IMMEDIATE" if sealing else "BEGIN")
                self._trail.open(connection)
                self._trail.close(connection)
            self._trail.committed()
        except BaseException:
            self._connection.close()
            raise

    def submit(self, write: Write) -> asyncio.Future[Result]:
        """Hand in a write; the future is done after the commit, with what `apply` returned."""
        # The gate makes the closing mark the last thing in the queue: nothing is put where nobody reads.
        with self._gate:
            if not self._open:
                raise LedgerError(f"the ledger {self._place!r} is closed")
            if os.getpid() != self._process:
                raise LedgerError(f"the ledger {self._place!r} was opened before a fork; open a router in the child")
            self._queue.put(write)
        return write.waiter

    def close(self) -> None:
        """Write what waits and close the connection; blocks until that is done."""
        with self._gate:
            if self._open:
                self._open = False
                self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        go_on = True
        while go_on:
            batch, go_on = self._take()
            self._write(batch)
        self._connection.close()

    def _take(self) -> tuple[list[Write], bool]:
        """Wait for a write and take all that wait with it, without lingering for more; False after the last."""
        batch: list[Write] = []
        write = self._queue.get()
        while write is not None:
            batch.append(write)
            if len(batch) == BATCH:
                return batch, True
            try:
                write = self._queue.get_nowait()
            except Empty:
                return batch, True
        return batch, False

    def _write(self, batch: Sequence[Write]) -> None:
        try:
            self._reopen_if_gone()
            with self._connection as connection:
                connection.execute("BEGIN IMMEDIATE")
                self._pages.open(connection)
                results = [write.apply(connection, self._pages) for write in batch]
                self._pages.close(connection)
            self._trail.committed()
        except LedgerError as error:
            self._pages.forget()
            _wake(batch, [error for _ in batch])
        except (sqlite3.Error, OverflowError, ConfigurationError) as error:
            self._pages.forget()
            self._fail(batch, error)
        # The thread's outer edge: without it every later request would wait for ever.
        except Exception as error:  # noqa: BLE001
            self._pages.forget()
            _log_fault(error)
            self._fail(batch, error)
        else:
            _wake(batch, results)

    def _reopen_if_gone(self) -> None:
        # SQLite goes on writing to a file that has lost its name: what is written there nobody ever finds.
        if _identity(self._place) == self._file:
            return
        self._connection.close()
        self._connection = self._open_file()
        self._file = _identity(self._place)
        text = "the ledger %r was removed or replaced while it was open; a new one is begun, the old trail ended at %s"
        log.error(text, self._place, self._trail.move())

    def _fail(self, batch: Sequence[Write], cause: Exception) -> None:
        # A lock, a full disk or a key is everybody's fault. Any other fault is one row's: alone, the others go through.
        if len(batch) > 1 and not isinstance(cause, (sqlite3.OperationalError, ConfigurationError)):
            for write in batch:
                self._write([write])
            return
        _wake(batch, [self._error(cause) for _ in batch])

    def _error(self, cause: Exception) -> LedgerError:
        # What an unexpected fault says may quote what was to be written.
        known = isinstance(cause, (sqlite3.Error, OverflowError, ConfigurationError))
        error = LedgerError(f"cannot write to the ledger {self._place!r}: {cause if known else type(cause).__name__}")
        error.__cause__ = cause if known else None
        return error


def _log_fault(error: Exception) -> None:
    frames = traceback.extract_tb(error.__traceback__)
    places = "".join(f"\n  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames)
    log.error("the ledger's writer failed with %s%s", type(error).__name__, places)


def _identity(place: str) -> tuple[int, int] | None:
    try:
        # Once a batch: a Path would cost five times as much as asking.
        status = os.stat(place)  # noqa: PTH116
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _wake(batch: Sequence[Write], results: Sequence[Result | LedgerError]) -> None:
    """Tell every waiter, with one call for each event loop."""
    by_loop: defaultdict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Result], Result | LedgerError]]]
    by_loop = defaultdict(list)
    for write, result in zip(batch, results, strict=True):
        by_loop[write.waiter.get_loop()].append((write.waiter, result))
    for loop, told in by_loop.items():
        # A loop that is closed has nobody left who waits.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(_tell, told)


def _tell(told: Sequence[tuple[asyncio.Future[Result], Result | LedgerError]]) -> None:
    for waiter, result in told:
        if not isinstance(result, LedgerError):
            if not waiter.done():
                waiter.set_result(result)
        elif not waiter.done():
            waiter.set_exception(result)
        else:
            log.error("%s; nobody waits for this entry any more, it is lost", result)


def _place_of(connection: sqlite3.Connection, entry_id: str) -> int | None:
    found = execute(connection, "SELECT n FROM entries WHERE id = ?", (entry_id,)).fetchone()
    return None if found is None else int(found[0])
