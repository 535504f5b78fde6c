"""What waits in spools, written to a ledger: by the router that took them over, or by a command.

An entry that is on the books already is kept once, so that nothing is doubled where this was broken off.
"""

import asyncio
import logging
from datetime import timedelta
from typing import NamedTuple

from gateway.entries import LedgerEntry
from gateway.errors import UnbookableError
from gateway.interfaces import AuditedLedger, SpoolPlace
from gateway.spool import Line, Spool, SpoolError, spools

log = logging.getLogger("gateway")

BATCH = 256
_MICROSECOND = timedelta(microseconds=1)


class Written(NamedTuple):
    """How many lines were booked, and how many set aside."""

    booked: int
    set_aside: int


async def write_some(spool: Spool, ledger: AuditedLedger, count: int = BATCH) -> Written | None:
    """Write the first lines that wait to the ledger; None where none does. What is on the books already stays.

    What nobody can read, or the ledger can never keep, is set aside. Raises `LedgerError` and `SpoolError`: then all of
    them wait on.
    """
    lines = await asyncio.to_thread(spool.lines, count)
    if not lines:
        return None
    outcomes = await asyncio.gather(*(_book(line, ledger) for line in lines), return_exceptions=True)
    for outcome in outcomes:
        if outcome is not None and not isinstance(outcome, UnbookableError):
            raise outcome
    aside = [(line, error) for line, error in zip(lines, outcomes, strict=True) if error or line.spooled is None]
    for line, error in aside:
        path = spool.set_aside(line)
        why = error or "it was altered or cut off"
        log.error("line %d of %s cannot be booked: %s; it is kept in %s", line.number, spool.path, why, path)
    spool.booked(lines[-1])
    return Written(len(lines) - len(aside), len(aside))


async def _book(line: Line, ledger: AuditedLedger) -> None:
    if line.spooled is None:
        return
    what, evidence = line.spooled
    if isinstance(what, LedgerEntry):
        await ledger.record(what, evidence)
    # Its record would be written twice.
    elif what not in await ledger.holdouts(since=what.at, until=what.at + _MICROSECOND):
        await ledger.holdout(what, evidence)


def waiting(place: SpoolPlace) -> int:
    """Return how many lines wait in all the spools of a ledger that can be read, also in those that are in use."""
    count = 0
    for path in spools(place):
        try:
            spool = Spool.open(path, locked=False)
        except SpoolError:
            continue
        if spool is not None:
            count += spool.waiting
            spool.close()
    return count
