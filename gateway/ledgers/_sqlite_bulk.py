"""Many new entries written to a SQLite ledger, with few statements."""

import sqlite3
from collections.abc import Sequence
from itertools import islice
from typing import Any, Protocol

from gateway.audit.evidence import Evidence
from gateway.audit.records import Draft
from gateway.entries import LedgerEntry
from gateway.ledgers._rows import ATTEMPT_COLUMNS, ENTRY_COLUMNS, attempt_rows, entry_row
from gateway.ledgers._sqlite_connection import Connection
from gateway.ledgers._sqlite_rollups import Rollups
from gateway.ledgers._sqlite_statements import Inserts
from gateway.ledgers._sqlite_trail import TrailEnd

_AT_ONCE = 64
# How many entries are made rows of between two breaths.
_BREATHING = 2
Values = list[Any]


class Bookable(Protocol):
    """A new entry, and the evidence for its record."""

    @property
    def entry(self) -> LedgerEntry:
        """The entry."""

    @property
    def evidence(self) -> Evidence:
        """What its record tells."""

    @property
    def drafted(self) -> Draft:
        """What is written of its record already."""


_ENTRIES = Inserts("entries", ("n", "hour", *ENTRY_COLUMNS))
_ATTEMPTS = Inserts("attempts", ("entry", *ATTEMPT_COLUMNS))
_AUDIT = Inserts("audit", ("n", "entry", "subject", "body"))


def book_all(connection: Connection, trail: TrailEnd, rollups: Rollups, writes: Sequence[Bookable]) -> None:
    """Write new entries, their attempts, their sums and their records, in this order.

    Raises `sqlite3.IntegrityError` where one is there already, and `UnicodeEncodeError` where one has a name that no
    UTF-8 can say; the transaction is no good then.
    """
    (place,) = connection.execute("SELECT coalesce(max(n), 0) FROM entries").fetchone()
    rest = iter(writes)
    while part := tuple(islice(rest, _BREATHING if connection.breathes else _AT_ONCE)):
        places = range(place + 1, place + 1 + len(part))
        place += len(part)
        # One kind of row after the other: what each does stays at hand for the next.
        _ENTRIES.insert(connection, _entries(rollups, part, places))
        _ATTEMPTS.insert(connection, _attempts(part, places))
        _AUDIT.insert(connection, _records(connection, trail, part, places))


def _entries(rollups: Rollups, part: Sequence[Bookable], places: range) -> Values:
    hours = [rollups.add(write.entry) for write in part]
    values: Values = []
    for write, place, hour in zip(part, places, hours, strict=True):
        values += (place, hour, *entry_row(write.entry))
    return values


def _attempts(part: Sequence[Bookable], places: range) -> Values:
    values: Values = []
    for write, place in zip(part, places, strict=True):
        for attempt in attempt_rows(write.entry):
            values += (place, *attempt)
    return values


def _records(connection: sqlite3.Connection, trail: TrailEnd, part: Sequence[Bookable], places: range) -> Values:
    values: Values = []
    for write, place in zip(part, places, strict=True):
        values += trail.record(connection, write.drafted, write.evidence, place)
    return values
