"""Many new entries written to a SQLite ledger, with few statements.

A statement gives up the interpreter while it runs and must win it back from the event loop: one for each row would
wait for a busy loop row by row.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from gateway.audit.evidence import Evidence, evidence_of
from gateway.entries import LedgerEntry
from gateway.ledgers._rows import ATTEMPT_COLUMNS, ENTRY_COLUMNS, attempt_rows, entry_row
from gateway.ledgers._sqlite_rollups import Rollups
from gateway.ledgers._sqlite_statements import marks
from gateway.ledgers._sqlite_trail import TrailEnd

# A statement for every number of rows would not stay compiled; these sizes make up any number.
_SIZES = (64, 32, 16, 8, 4, 2, 1)
Values = list[Any]


class _Table:
    """The statements that insert so many rows into a table."""

    def __init__(self, name: str, columns: Sequence[str]) -> None:
        self.width = len(columns)
        row = f"({marks(self.width)})"
        # The names are ours.
        into = f"INSERT INTO {name} ({', '.join(columns)}) VALUES"
        self._statements = {size: f"{into} {', '.join([row] * size)}" for size in _SIZES}

    def insert(self, connection: sqlite3.Connection, values: Values) -> None:
        """Insert rows, given one after the other; raises `sqlite3.IntegrityError` where one is there already."""
        begin = 0
        for size in _parts(len(values) // self.width):
            end = begin + size * self.width
            connection.execute(self._statements[size], values[begin:end])
            begin = end


class Bookable(Protocol):
    """A new entry, and the evidence for its record if there is any."""

    @property
    def entry(self) -> LedgerEntry:
        """The entry."""

    @property
    def evidence(self) -> Evidence | None:
        """What its record tells; None: what the entry tells."""


_ENTRIES = _Table("entries", ("n", "hour", *ENTRY_COLUMNS))
_ATTEMPTS = _Table("attempts", ("entry", *ATTEMPT_COLUMNS))
_AUDIT = _Table("audit", ("n", "entry", "subject", "body"))


def book_all(connection: sqlite3.Connection, trail: TrailEnd, rollups: Rollups, writes: Sequence[Bookable]) -> None:
    """Write new entries, their attempts, their sums and their records, in this order.

    Raises `sqlite3.IntegrityError` where one is there already, and `UnicodeEncodeError` where one has a name that no
    UTF-8 can say; the transaction is no good then.
    """
    (place,) = connection.execute("SELECT coalesce(max(n), 0) FROM entries").fetchone()
    for begin in range(0, len(writes), _SIZES[0]):
        entries: Values = []
        attempts: Values = []
        records: Values = []
        for write in writes[begin : begin + _SIZES[0]]:
            place += 1
            entry, evidence = write.entry, write.evidence or evidence_of(write.entry)
            entries += (place, rollups.add(entry), *entry_row(entry))
            for attempt in attempt_rows(entry):
                attempts += (place, *attempt)
            records += trail.record(connection, entry, evidence, place)
        _ENTRIES.insert(connection, entries)
        _ATTEMPTS.insert(connection, attempts)
        _AUDIT.insert(connection, records)


def _parts(count: int) -> Iterator[int]:
    for size in _SIZES:
        while count >= size:
            yield size
            count -= size
