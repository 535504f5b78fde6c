"""What waits in spools, written to a ledger: by the router that took them over, or by a command.

An entry that is on the books already is kept once, so that nothing is doubled where this was broken off.
"""

import asyncio
import logging
from datetime import timedelta
from pathlib import Path
from typing import Literal, NamedTuple

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

    def plus(self, other: "Written") -> "Written":
        """Return both together."""
        return Written(self.booked + other.booked, self.set_aside + other.set_aside)


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


class Left(NamedTuple):
    """A spool as it was found: of a process that ended, of one that runs, or one that cannot be read."""

    path: Path
    state: Literal["left", "in use", "unreadable"]
    waiting: int = 0
    since_us: int | None = None


async def replay_all(place: SpoolPlace, ledger: AuditedLedger) -> Written:
    """Write all spools of a ledger to it that nobody holds; raises `LedgerError`."""
    total = Written(0, 0)
    for path in spools(place):
        try:
            spool = Spool.open(path)
        except SpoolError as error:
            log.error("%s", error)  # noqa: TRY400 - all that is known
            continue
        if spool is not None:
            total = total.plus(await _replay(spool, ledger))
    return total


async def _replay(spool: Spool, ledger: AuditedLedger) -> Written:
    total = Written(0, 0)
    try:
        while written := await write_some(spool, ledger):
            total = total.plus(written)
    except BaseException:
        spool.close()
        raise
    spool.remove()
    return total


def look(place: SpoolPlace) -> list[Left]:
    """Return how the spools of a ledger stand; one of a running process that has nothing to write is passed over."""
    return [left for path in spools(place) if (left := _look(path)) is not None]


def _look(path: Path) -> Left | None:
    try:
        spool = Spool.open(path, locked=False)
        if spool is None:
            return None
        spool.close()
        held = Spool.open(path)
    except SpoolError:
        return Left(path, "unreadable")
    if held is not None:
        held.close()
    elif not spool.waiting:
        return None
    return Left(path, "left" if held is not None else "in use", spool.waiting, spool.since_us)


def waiting(place: SpoolPlace) -> int:
    """Return how many lines wait in all the spools of a ledger that can be read, also in those that are in use."""
    return sum(left.waiting for left in look(place))
