"""Takes requests that were recorded elsewhere onto the books, in transactions that others need not wait long for."""

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from gateway.audit.evidence import Evidence, evidence_of
from gateway.audit.records import Draft, draft
from gateway.entries import LedgerEntry
from gateway.ledgers._sqlite_bulk import book_all
from gateway.ledgers._sqlite_session import Session
from gateway.ledgers._sqlite_statements import entry_of
from gateway.ledgers._sqlite_writer import Pages, book


class Taken(NamedTuple):
    """What became of entries: added, there already, or there with other figures, which stay as they are."""

    added: int = 0
    known: int = 0
    different: int = 0

    def plus(self, other: "Taken") -> "Taken":
        """Return both together."""
        return Taken._make(map(int.__add__, self, other))


def take(ledger: Session, units: Sequence[Sequence[LedgerEntry]]) -> Taken:
    """Add entries in one transaction. Of a unit nothing is added where its first entry is there with other figures."""
    entries = [_new(entry) for unit in units for entry in unit]
    with suppress(UnicodeEncodeError), ledger.transaction() as pages:
        if _are_new(ledger.connection, [new.entry.id for new in entries]):
            book_all(ledger.connection, pages.trail, pages.rollups, entries)
            return Taken(added=len(entries))
    with ledger.transaction() as pages:
        taken = Taken()
        for unit in units:
            taken = taken.plus(_take(ledger.connection, pages, unit))
        return taken


def open_from(ledger: Session) -> int:
    """Return the hour from which on the books are open."""
    return int(ledger.connection.execute("SELECT coalesce(max(until_hour), 0) FROM closes").fetchone()[0])


class _New(NamedTuple):
    """An entry that nobody has evidence of."""

    entry: LedgerEntry
    evidence: Evidence
    drafted: Draft


def _new(entry: LedgerEntry) -> _New:
    told = evidence_of(entry)
    return _New(entry, told, draft(entry, told.facts))


def _are_new(connection: sqlite3.Connection, ids: Sequence[str]) -> bool:
    """Return whether none of the ids is on the books, and none stands twice."""
    if len(set(ids)) < len(ids):
        return False
    return not any(connection.execute("SELECT 1 FROM entries WHERE id = ?", (one,)).fetchone() for one in ids)


def _take(connection: sqlite3.Connection, pages: Pages, unit: Sequence[LedgerEntry]) -> Taken:
    added = known = different = 0
    for entry in unit:
        if book(connection, pages, _new(entry)):
            added += 1
        elif (booked := entry_of(connection, entry.id)) and _figures(booked) == _figures(entry):
            known += 1
        elif not added and not known:
            return Taken(different=len(unit))
        else:
            different += 1
    return Taken(added, known, different)


def _figures(entry: LedgerEntry) -> tuple[object, ...]:
    """Return what a record says, without what is reckoned by a policy and a price list of the day of the import."""
    said = [
        (call.model, call.usage, call.purpose, call.error, call.cost if call.cost_source == "provider" else None)
        for call in entry.attempts
    ]
    return entry.at, entry.status, entry.request_id, entry.team, entry.tags, said
