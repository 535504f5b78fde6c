"""Archives: the rows of months that are closed, moved to Parquet files. Sums, corrections and the trail stay.

A file is written, synced, read back and compared before it is recorded; only then are its rows taken out, in steps that
others need not wait long for. Whoever is cut off in between goes on the next time.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from pathlib import Path
from typing import Any

from gateway.audit.archived import Runs, runs_of, within
from gateway.audit.books import ERASED
from gateway.audit.evidence import Party
from gateway.audit.pseudonyms import pseudonym
from gateway.audit.records import Noted, noted_body
from gateway.audit.records import read as read_record
from gateway.errors import LedgerError
from gateway.ledgers import _parquet
from gateway.ledgers._files import Fresh, fresh
from gateway.ledgers._rows import ATTEMPT_COLUMNS, HOLDOUT_COLUMNS
from gateway.ledgers._sqlite_closes import read_closes
from gateway.ledgers._sqlite_frozen import bounds
from gateway.ledgers._sqlite_session import Session
from gateway.ledgers._sqlite_trail import key_of
from gateway.times import Month, hour_start, microseconds, time_of

_STEP = 2_000
_TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """A file of entries of a closed month. `places` are where they were, `judged` the last feedback that is in it."""

    file: str
    month: Month
    at: datetime
    entries: int
    first: str
    last: str
    sha256: str
    places: Runs
    judged: int


def archive(ledger: Session, before: Month, *, to: Path, now: datetime) -> list[Archive]:
    """Move the entries of the closed months before another to files in a folder, and return those.

    Entries from before the trail began stay, and the latest of all, so that no place is ever used twice. Raises
    `LedgerError` where a month with entries is not closed; nothing is moved then.
    """
    _check(ledger.connection, before)
    _clear(ledger)
    made = []
    # All of them at once: a cursor that is open would keep the connection in the past.
    for closed in list(read_closes(ledger.connection)):
        if closed.month < before:
            moved = _move(ledger, closed.month, to, now)
            if moved is not None:
                made.append(moved)
                _clear(ledger)
    return made


def read_archives(connection: sqlite3.Connection) -> Iterator[Archive]:
    """Yield the archives of a ledger, in the order of their files."""
    rows = connection.execute(
        "SELECT file, month, at_us, entries, first, last, sha256, places, judged FROM archives ORDER BY file"
    )
    for file, month, at_us, entries, first, last, sha256, places, judged in rows:
        yield Archive(
            file=file,
            month=Month.parse(month),
            at=time_of(at_us),
            entries=entries,
            first=first,
            last=last,
            sha256=sha256,
            places=tuple((begin, end) for begin, end in json.loads(places)),
            judged=judged,
        )


def noted_archives(connection: sqlite3.Connection) -> Iterator[Noted]:
    """Yield what the records of all archives must say."""
    yield from map(_noted, read_archives(connection))


def places_of(connection: sqlite3.Connection) -> Runs:
    """Return the places of all entries that went into archives, also of those that are still on the books."""
    return tuple(sorted(run for made in read_archives(connection) for run in made.places))


def still_there(connection: sqlite3.Connection, places: Runs) -> Runs:
    """Return those of the places whose entries are still on the books."""
    found = connection.execute("SELECT n FROM entries ORDER BY n")
    return tuple(runs_of(n for (n,) in found if within(places, n)))


def tenants_by_pseudonym(connection: sqlite3.Connection) -> dict[str, str]:
    """Return the tenants that the sums know by what they are called in archives."""
    pepper = connection.execute("SELECT pepper FROM audit_head").fetchone()[0]
    named = {}
    for (tenant,) in connection.execute("SELECT DISTINCT tenant FROM cells WHERE tenant IS NOT NULL"):
        party = Party(whose="tenant", name=tenant)
        key = key_of(connection, pepper, party)
        if key is not None:
            named[pseudonym(key, party)] = tenant
    return named


def _check(connection: sqlite3.Connection, before: Month) -> None:
    open_from = max((bounds(closed.month)[1] for closed in read_closes(connection)), default=0)
    (hour,) = connection.execute(
        "SELECT min(hour) FROM entries WHERE hour >= ? AND hour < ?", (open_from, bounds(before)[0])
    ).fetchone()
    if hour is not None:
        month = Month.of(hour_start(hour))
        raise LedgerError(f"{month} is still open; close it first, nothing was moved")


def _move(ledger: Session, month: Month, to: Path, now: datetime) -> Archive | None:
    for _ in range(_TRIES):
        with fresh(to / _name(ledger.connection, month)) as file:
            made, erasures = _written(ledger.connection, month, file, now)
            if made is None:
                return None
            with ledger.transaction() as pages:
                # Whoever was erased meanwhile has another name in the file.
                if _erasures(ledger.connection) == erasures:
                    ledger.connection.execute("INSERT INTO archives VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", _row(made))
                    pages.trail.append(ledger.connection, noted_body(_noted(made)), at=now)
                    file.put()
                    return made
    raise LedgerError("tenants are being erased; archive when that is over, nothing was moved")


def _written(connection: sqlite3.Connection, month: Month, file: Fresh, now: datetime) -> tuple[Archive | None, int]:
    """Write what there is of a month, read it back and compare, all as of one moment; with the erasures until then."""
    connection.execute("BEGIN")
    try:
        places, erasures = _places(connection, month), _erasures(connection)
        if not places:
            return None, erasures
        source = _Source(connection, places)
        _parquet.write(file.fresh, source.rows())
        if any(row != kept for row, kept in zip_longest(source.rows(), _parquet.read(file.fresh))):
            raise LedgerError(f"what was written to {str(file.path)!r} reads otherwise; nothing was moved")
        with file.fresh.open("rb") as written:
            sha256 = hashlib.file_digest(written, "sha256").hexdigest()
        judged = connection.execute("SELECT coalesce(max(n), 0) FROM feedback").fetchone()[0]
        first, last = source.ends()
    finally:
        connection.execute("ROLLBACK")
    made = Archive(
        file=file.path.name,
        month=month,
        at=now,
        entries=len(places),
        first=first,
        last=last,
        sha256=sha256,
        places=tuple(runs_of(places)),
        judged=judged,
    )
    return made, erasures


def _places(connection: sqlite3.Connection, month: Month) -> list[int]:
    """Return the places of a month's entries that may go: not of before the trail, not in an archive, not the last."""
    gone = places_of(connection)
    found = connection.execute(
        "SELECT n FROM entries WHERE hour >= ? AND hour < ? AND n > ? AND n < (SELECT max(n) FROM entries) ORDER BY n",
        (*bounds(month), _begun(connection)),
    )
    return [n for (n,) in found if not within(gone, n)]


def _begun(connection: sqlite3.Connection) -> int:
    """Return the place of the last entry from before the trail."""
    (text,) = connection.execute("SELECT CAST(body AS TEXT) FROM audit WHERE n = 1").fetchone()
    before = read_record(text).before
    return before.n if before is not None else 0


def _erasures(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT erasures FROM audit_head").fetchone()[0])


class _Source:
    """The entries at some places, as they stand in a file."""

    def __init__(self, connection: sqlite3.Connection, places: Sequence[int]) -> None:
        self._connection = connection
        self._places = places
        self._names = {tenant: name for name, tenant in tenants_by_pseudonym(connection).items()}

    def rows(self) -> Iterator[_parquet.Shelf]:
        """Yield them in the order of their places."""
        for start in range(0, len(self._places), _STEP):
            wanted = self._places[start : start + _STEP]
            span = wanted[0], wanted[-1]
            calls = self._beside("attempts", ("entry", *ATTEMPT_COLUMNS), "entry, number", span)
            comparisons = self._beside("holdouts", ("entry", *HOLDOUT_COLUMNS), "entry", span)
            judgements = self._beside("feedback", ("entry", *_parquet.FEEDBACK_COLUMNS), "entry, n", span)
            columns, chosen = ("n", "hour", *_parquet.KEPT_COLUMNS), set(wanted)
            statement = f"SELECT {', '.join(columns)} FROM entries WHERE n BETWEEN ? AND ? ORDER BY n"  # noqa: S608
            for values in self._connection.execute(statement, span):
                row, n = _parquet.shelved(columns, values), values[0]
                if n in chosen:
                    yield {
                        **row,
                        "tenant": self._named(row["tenant"]),
                        "attempts": calls.get(n, []),
                        "comparison": next(iter(comparisons.get(n, [])), None),
                        "feedback": judgements.get(n, []),
                    }

    def ends(self) -> tuple[str, str]:
        """Return the ids of the first and the last of them."""
        statement = "SELECT id FROM entries WHERE n = ?"
        first, last = (self._connection.execute(statement, (self._places[at],)).fetchone()[0] for at in (0, -1))
        return first, last

    def _beside(
        self, table: str, columns: tuple[str, ...], order: str, span: tuple[int, int]
    ) -> dict[int, list[_parquet.Shelf]]:
        statement = f"SELECT {', '.join(columns)} FROM {table} WHERE entry BETWEEN ? AND ? ORDER BY {order}"  # noqa: S608
        by_entry: dict[int, list[_parquet.Shelf]] = {}
        for n, *values in self._connection.execute(statement, span):
            by_entry.setdefault(n, []).append(_parquet.shelved(columns[1:], tuple(values)))
        return by_entry

    def _named(self, tenant: str | None) -> str | None:
        if tenant is None or tenant.startswith(ERASED):
            return tenant
        if tenant not in self._names:
            raise LedgerError("an entry's tenant has no key in the audit trail; see `gateway audit verify`")
        return self._names[tenant]


def _clear(ledger: Session) -> None:
    """Take what is archived out of the tables, step by step."""
    for made in list(read_archives(ledger.connection)):
        for begin, end in made.places:
            while steps := _archived_there(ledger.connection, made, begin, end):
                with ledger.transaction():
                    for statement in _DELETES:
                        ledger.connection.executemany(statement, [(n,) for n in steps])


def _archived_there(connection: sqlite3.Connection, made: Archive, begin: int, end: int) -> list[int]:
    """Return some of a run's places whose entries are still there, without those of which something was said since."""
    found = connection.execute(
        """SELECT n FROM entries WHERE n BETWEEN ? AND ?
           AND NOT EXISTS (SELECT 1 FROM feedback f WHERE f.entry = entries.n AND f.n > ?)
           AND NOT EXISTS (SELECT 1 FROM holdouts h WHERE h.entry = entries.n AND h.at_us > ?)
           ORDER BY n LIMIT ?""",
        (begin, end, made.judged, microseconds(made.at), _STEP),
    )
    return [n for (n,) in found]


_DELETES = (
    "DELETE FROM attempts WHERE entry = ?",
    "DELETE FROM feedback WHERE entry = ?",
    "DELETE FROM holdouts WHERE entry = ?",
    "DELETE FROM entries WHERE n = ?",
)


def _name(connection: sqlite3.Connection, month: Month) -> str:
    """Return what the next file of a month is called."""
    (count,) = connection.execute("SELECT count(*) FROM archives WHERE month = ?", (str(month),)).fetchone()
    return f"entries-{month}{f'.{count + 1}' if count else ''}.parquet"


def _noted(made: Archive) -> Noted:
    said = json.dumps([str(made.month), made.entries, made.first, made.last, made.sha256, made.places])
    return Noted("archive", made.file, hashlib.sha256(said.encode()).hexdigest())


def _row(made: Archive) -> tuple[Any, ...]:
    told = made.entries, made.first, made.last, made.sha256, json.dumps(made.places), made.judged
    return made.file, str(made.month), microseconds(made.at), *told
