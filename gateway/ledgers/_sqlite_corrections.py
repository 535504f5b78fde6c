"""Corrections: amounts that are booked afterwards, each a row of its own. No entry and no sum is ever changed."""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from gateway.audit.records import Noted, noted_body
from gateway.entries import Correction
from gateway.errors import LedgerError
from gateway.ledgers._sqlite_session import Session
from gateway.ledgers._sqlite_statements import execute, marks
from gateway.times import hour_of, hour_start, microseconds, time_of
from gateway.types import Money

_COLUMNS = ("id", "at_us", "hour", "nano_usd", "reason", "month", "entry", "provider", "model", "tenant", "team")
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM corrections"  # noqa: S608 - the names are ours
_INSERT = f"INSERT INTO corrections ({', '.join(_COLUMNS)}) VALUES ({marks(len(_COLUMNS))})"  # noqa: S608 - as above


def correct(ledger: Session, wanted: Correction) -> tuple[Correction, bool]:
    """Book a correction in the open period; return it as it is booked, and whether that is new.

    One with the same id that says the same is there already; raises `LedgerError` where it says something else.
    """
    connection = ledger.connection
    with ledger.transaction() as pages:
        booked = next(_read(execute(connection, f"{_SELECT} WHERE id = ?", (wanted.id,))), None)
        if booked is None:
            made = replace(wanted, counted=hour_start(pages.rollups.hour(wanted.at)))
            execute(connection, _INSERT, _row(made))
            pages.trail.append(connection, noted_body(_noted(made)), at=made.at)
            return made, True
    if _said(booked) != _said(wanted):
        raise LedgerError(f"correction {wanted.id!r} is booked already and says something else; nothing was changed")
    return booked, False


def read_corrections(connection: sqlite3.Connection, since: int, until: int) -> Iterator[Correction]:
    """Yield the corrections that count in the hours from `since` on and before `until`, in the order of booking."""
    yield from _read(connection.execute(f"{_SELECT} WHERE hour >= ? AND hour < ? ORDER BY n", (since, until)))


def noted_corrections(connection: sqlite3.Connection) -> Iterator[Noted]:
    """Yield what the records of all corrections must say."""
    yield from map(_noted, _read(connection.execute(_SELECT)))


def _noted(correction: Correction) -> Noted:
    # All but the tenant, who may be erased.
    said = [*_said(replace(correction, tenant=None)), microseconds(correction.at), hour_of(correction.counted)]
    return Noted("correction", correction.id, hashlib.sha256(json.dumps(said).encode()).hexdigest())


def _said(correction: Correction) -> tuple[Any, ...]:
    """Return what a correction says, whenever it was booked."""
    return (
        correction.amount.nano_usd,
        correction.reason,
        correction.month,
        correction.entry_id,
        correction.provider,
        correction.model,
        correction.tenant,
        correction.team,
    )


def _row(correction: Correction) -> tuple[Any, ...]:
    when = microseconds(correction.at), hour_of(correction.counted)
    return correction.id, *when, *_said(correction)


def _read(rows: Iterable[tuple[Any, ...]]) -> Iterator[Correction]:
    for id_, at_us, hour, nano_usd, reason, month, *about in rows:
        entry_id, provider, model, tenant, team = about
        yield Correction(
            id=id_,
            at=time_of(at_us),
            counted=hour_start(hour),
            amount=Money(nano_usd),
            reason=reason,
            month=month,
            entry_id=entry_id,
            provider=provider,
            model=model,
            tenant=tenant,
            team=team,
        )
