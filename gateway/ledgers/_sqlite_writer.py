"""How a batch is written to a SQLite ledger: in one transaction that holds the file's write lock."""

import logging
import os
import secrets
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import NamedTuple, cast

from gateway.audit.books import ERASED
from gateway.audit.evidence import Party, Whose
from gateway.audit.records import erasure_body, holdout_body
from gateway.entries import FeedbackFate
from gateway.errors import ConfigurationError, LedgerError, UnfitLedgerError
from gateway.ledgers._parties import entries_about, mark_of
from gateway.ledgers._rows import (
    ATTEMPT_COLUMNS,
    ENTRY_COLUMNS,
    HOLDOUT_COLUMNS,
    WHOSE_COLUMNS,
    attempt_rows,
    entry_row,
    holdout_row,
    whose_of,
)
from gateway.ledgers._sqlite_bulk import Bookable, book_all
from gateway.ledgers._sqlite_connection import Connection
from gateway.ledgers._sqlite_rollups import Rollups
from gateway.ledgers._sqlite_statements import execute, marks
from gateway.ledgers._sqlite_trail import TrailEnd
from gateway.ledgers._writer import FLOOD, RowError
from gateway.ledgers._writes import EntryWrite, EraseWrite, FeedbackWrite, HoldoutWrite, Result, Write
from gateway.times import microseconds

log = logging.getLogger("gateway")

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
# A busy event loop makes each breath long; meanwhile nobody else can write.
_MOST_BREATHING_S = 0.05
_ERASE_REQUESTS = "UPDATE entries SET request_id = NULL, features = NULL, classifier = NULL"


class Pages(NamedTuple):
    """What is kept beside the rows, in their transaction: the end of the audit trail, and the sums."""

    trail: TrailEnd
    rollups: Rollups

    def open(self, connection: sqlite3.Connection) -> None:
        """Read where both stand."""
        self.trail.open(connection)
        if self.trail.is_anew:
            self.rollups.forget_cells()
        self.rollups.begin(connection)

    def close(self, connection: sqlite3.Connection) -> None:
        """Write where both stand now."""
        self.rollups.flush(connection)
        self.trail.close(connection)

    def forget(self) -> None:
        """Forget what a transaction made that failed."""
        self.trail.forget()
        self.rollups.forget()


# What is wrong with one row; any other fault is everybody's.
_ROW_FAULTS = (
    sqlite3.IntegrityError,
    sqlite3.DataError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
    OverflowError,
)
_Apply = Callable[[Connection, Pages, Sequence[Write]], list[Result]]


class SqliteBooks:
    """An open file. Where it is removed or replaced, a new one is begun at the same place and that is logged."""

    def __init__(self, open_file: Callable[[], Connection], place: str, *, audit_key: bytes | None = None) -> None:
        self._open_file = open_file
        self.place = place
        self._trail = TrailEnd(audit_key)
        self._pages = Pages(self._trail, Rollups())
        self.connection = open_file()
        self._agree_on_key(sealing=audit_key is not None)
        self._file = _identity(place)
        self._version = 0

    def _agree_on_key(self, *, sealing: bool) -> None:
        """Seal a trail from here on where the key is new; raises `ConfigurationError` for a wrong one."""
        try:
            with self.connection as connection:
                connection.execute("BEGIN IMMEDIATE" if sealing else "BEGIN")
                self._trail.open(connection)
                self._trail.close(connection)
            self._trail.committed()
        except BaseException:
            self.connection.close()
            raise

    def commit(self, batch: Sequence[Write]) -> Sequence[Result]:
        """Write all of a batch, or nothing of it; see `Books`."""
        try:
            self._reopen_if_gone()
            results = self._commit(batch)
        except _ROW_FAULTS as error:
            self._pages.forget()
            raise RowError(str(error)) from error
        # A lock, a full disk or a key is everybody's fault.
        except (sqlite3.Error, ConfigurationError) as error:
            self._pages.forget()
            kind = UnfitLedgerError if isinstance(error, ConfigurationError) else LedgerError
            raise kind(f"cannot write to the ledger {self.place!r}: {error}") from error
        except BaseException:
            self._pages.forget()
            raise
        self._trail.committed()
        return results

    def _commit(self, batch: Sequence[Write]) -> Sequence[Result]:
        # One request alone is written as it is.
        if len(batch) > 1:
            try:
                return self._transact(batch, _apply_together)
            # An entry that is there already, or with a name that no UTF-8 can say: seldom, and looked at one by one.
            except (sqlite3.IntegrityError, UnicodeEncodeError):
                self._pages.forget()
        return self._transact(batch, _apply_each)

    def _transact(self, batch: Sequence[Write], apply: _Apply) -> Sequence[Result]:
        with self.connection as connection:
            connection.execute("BEGIN IMMEDIATE")
            # One request alone takes no longer than its breaths would, and whoever else writes waits for the lock.
            may_breathe = 1 < len(batch) <= FLOOD and not self._others_wrote()
            connection.breathe(_MOST_BREATHING_S if may_breathe else 0)
            self._pages.open(connection)
            results = apply(connection, self._pages, batch)
            self._pages.close(connection)
        return results

    def _others_wrote(self) -> bool:
        """Say whether another connection has committed anything since this was asked last."""
        before = self._version
        (self._version,) = self.connection.execute("PRAGMA data_version").fetchone()
        return self._version != before

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    def _reopen_if_gone(self) -> None:
        # SQLite goes on writing to a file that has lost its name: what is written there nobody ever finds.
        if _identity(self.place) == self._file:
            return
        self.connection.close()
        self._file = _NOWHERE
        self.connection = self._open_file()
        self._file = _identity(self.place)
        text = "the ledger %r was removed or replaced while it was open; a new one is begun, the old trail ended at %s"
        log.error(text, self.place, self._trail.move())


_NOWHERE = (-1, -1)


def _identity(place: str) -> tuple[int, int] | None:
    try:
        # Once a batch: a Path would cost five times as much as asking.
        status = os.stat(place)  # noqa: PTH116
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _apply_together(connection: Connection, pages: Pages, batch: Sequence[Write]) -> list[Result]:
    """Write a batch in its order, the entries that follow one another together."""
    results: list[Result] = []
    for kind, run in groupby(batch, key=type):
        if kind is EntryWrite:
            entries = [write for write in run if isinstance(write, EntryWrite)]
            book_all(connection, pages.trail, pages.rollups, entries)
            results += [True] * len(entries)
        else:
            results += _apply_each(connection, pages, run)
    return results


def _apply_each(connection: sqlite3.Connection, pages: Pages, batch: Iterable[Write]) -> list[Result]:
    return [_apply(connection, pages, write) for write in batch]


def _apply(connection: sqlite3.Connection, pages: Pages, write: Write) -> Result:
    match write:
        case EntryWrite():
            return book(connection, pages, write)
        case FeedbackWrite():
            return _judge(connection, write)
        case HoldoutWrite():
            return _compare(connection, pages, write)
        case EraseWrite():
            return _erase(connection, pages, write.party)


def book(connection: sqlite3.Connection, pages: Pages, write: Bookable) -> bool:
    """Write an entry, its attempts, its sums and its record; False where its id is there already."""
    entry = write.entry
    cursor = execute(connection, _INSERT_ENTRY, (pages.rollups.hour(entry.at), *entry_row(entry)))
    if cursor.rowcount != 1:
        return False
    place = cast("int", cursor.lastrowid)
    for attempt in attempt_rows(entry):
        execute(connection, _INSERT_ATTEMPT, (place, *attempt))
    pages.rollups.add(entry)
    pages.trail.append_request(connection, write.drafted, write.evidence, place)
    return True


def _judge(connection: sqlite3.Connection, write: FeedbackWrite) -> FeedbackFate:
    said = write.feedback
    entry = (said.entry_id, said.tenant)
    row = (said.score, said.source, microseconds(said.at), *entry, write.since_us, write.most)
    if execute(connection, _INSERT_FEEDBACK, row).rowcount == 1:
        return "kept"
    found = execute(connection, f"SELECT 1 {_TENANTS_ENTRY}", entry).fetchone()
    return "over_cap" if found else "unknown"


def _compare(connection: sqlite3.Connection, pages: Pages, write: HoldoutWrite) -> bool:
    """Write a comparison; False where it cannot be kept: the calls are recorded all the same."""
    record, evidence = write.record, write.evidence
    kept = execute(connection, _INSERT_HOLDOUT, (*holdout_row(record), record.entry_id)).rowcount == 1
    if kept:
        pages.rollups.add_holdout(record, whose_of(execute(connection, _SELECT_WHOSE, (record.entry_id,)).fetchone()))
    if evidence is not None:
        names = pages.trail.names(connection, evidence)
        body, place = holdout_body(record.entry_id, names, kept=kept), _place_of(connection, record.entry_id)
        pages.trail.append(connection, body, evidence.facts, at=record.at, entry=place)
    return kept


def _erase(connection: sqlite3.Connection, pages: Pages, party: Party) -> int | None:
    """Delete the key, and from the books what leads to the party; None where it is not known."""
    pseudonym = pages.trail.delete_key(connection, party)
    theirs = _entries_of(connection, party.whose, pseudonym)
    if party.whose == "tenant":
        theirs = _free_tenant(connection, pages, party.name, theirs)
    count = sum(execute(connection, f"{_ERASE_REQUESTS} WHERE id = ?", (one,)).rowcount for one in theirs)
    # In an archive nobody is named but by the pseudonym, whose key is gone now.
    count += _archived(connection, theirs)
    if pseudonym is None and count == 0:
        return None
    pages.trail.append(connection, erasure_body(party.whose, count), at=datetime.now(UTC))
    return count


def _free_tenant(connection: sqlite3.Connection, pages: Pages, name: str, theirs: set[str]) -> set[str]:
    """Give a tenant's rows another name; return the ids of its entries."""
    named = execute(connection, "SELECT id FROM entries WHERE tenant = ?", (name,))
    theirs = theirs.union(entry_id for (entry_id,) in named)
    # Another word than NULL, which would open the entries to everybody's feedback.
    tenant = f"{ERASED}{secrets.token_hex(8)}"
    for entry_id in theirs:
        execute(connection, "UPDATE entries SET tenant = ? WHERE id = ?", (tenant, entry_id))
        feedback = "UPDATE feedback SET tenant = ? WHERE entry = (SELECT n FROM entries WHERE id = ?)"
        execute(connection, feedback, (tenant, entry_id))
    execute(connection, "UPDATE feedback SET tenant = ? WHERE tenant = ?", (tenant, name))
    execute(connection, "UPDATE corrections SET tenant = ? WHERE tenant = ?", (tenant, name))
    pages.rollups.rename_tenant(connection, name, tenant)
    return theirs


def _archived(connection: sqlite3.Connection, entry_ids: set[str]) -> int:
    if execute(connection, "SELECT 1 FROM archives LIMIT 1", ()).fetchone() is None:
        return 0
    return sum(_place_of(connection, entry_id) is None for entry_id in entry_ids)


def _entries_of(connection: sqlite3.Connection, whose: Whose, pseudonym: str | None) -> set[str]:
    if pseudonym is None:
        return set()
    found = execute(
        connection, "SELECT CAST(body AS TEXT) FROM audit WHERE instr(body, ?)", (mark_of(whose, pseudonym),)
    )
    return entries_about((text for (text,) in found), whose, pseudonym)


def _place_of(connection: sqlite3.Connection, entry_id: str) -> int | None:
    found = execute(connection, "SELECT n FROM entries WHERE id = ?", (entry_id,)).fetchone()
    return None if found is None else int(found[0])
