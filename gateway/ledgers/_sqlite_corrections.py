"""Corrections: amounts that are booked afterwards, each a row of its own. No entry and no sum is ever changed."""

from dataclasses import replace

from gateway.audit.records import noted_body
from gateway.entries import Correction
from gateway.errors import LedgerError
from gateway.ledgers._corrections import (
    CORRECTION_COLUMNS,
    SELECT_CORRECTIONS,
    correction_row,
    corrections_of,
    noted_correction,
    said_of,
)
from gateway.ledgers._sqlite_session import Session
from gateway.ledgers._sqlite_statements import execute, marks
from gateway.times import hour_start

_INSERT = f"""
    INSERT INTO corrections ({", ".join(CORRECTION_COLUMNS)}) VALUES ({marks(len(CORRECTION_COLUMNS))})"""  # noqa: S608 - the names are ours


def correct(ledger: Session, wanted: Correction) -> tuple[Correction, bool]:
    """Book a correction in the open period; return it as it is booked, and whether that is new.

    One with the same id that says the same is there already; raises `LedgerError` where it says something else.
    """
    connection = ledger.connection
    with ledger.transaction() as pages:
        booked = next(corrections_of(execute(connection, f"{SELECT_CORRECTIONS} WHERE id = ?", (wanted.id,))), None)
        if booked is None:
            made = replace(wanted, counted=hour_start(pages.rollups.hour(wanted.at)))
            execute(connection, _INSERT, correction_row(made))
            pages.trail.append(connection, noted_body(noted_correction(made)), at=made.at)
            return made, True
    if said_of(booked) != said_of(wanted):
        raise LedgerError(f"correction {wanted.id!r} is booked already and says something else; nothing was changed")
    return booked, False
