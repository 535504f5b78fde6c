"""A ledger that is kept in SQL: one thread writes, reports read beside it."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import cast

from gateway.audit.evidence import Evidence, evidence_of
from gateway.audit.records import draft
from gateway.entries import Feedback, FeedbackFate, HoldoutRecord, LedgerEntry
from gateway.interfaces import Trail
from gateway.ledgers._reader import SqlReader
from gateway.ledgers._writer import Writer
from gateway.ledgers._writes import EntryWrite, FeedbackWrite, HoldoutWrite
from gateway.money.rollups import CallHour, Hour


class SqlLedger:
    """The books and their audit trail. May be used from several event loops."""

    def __init__(self, place: str, reader: SqlReader, writer: Writer, trail: Trail) -> None:
        self.place = place
        self._reader = reader
        self._writer = writer
        self.trail = trail

    async def record(self, entry: LedgerEntry, evidence: Evidence | None = None) -> None:
        """Return once the entry and its record are committed. A cancelled caller's entry is written all the same."""
        told, waiter = evidence or evidence_of(entry), asyncio.get_running_loop().create_future()
        await self._writer.submit(EntryWrite(entry, told, draft(entry, told.facts), waiter))

    async def feedback(self, feedback: Feedback, *, most_a_day: int | None = None) -> FeedbackFate:
        """Keep a judgement about an entry of its tenant, at most `most_a_day` of a tenant; several processes count."""
        waiter = asyncio.get_running_loop().create_future()
        # What the write gives back is its own: see `FeedbackWrite`.
        return cast("FeedbackFate", await self._writer.submit(FeedbackWrite(feedback, most_a_day, waiter)))

    async def holdout(self, record: HoldoutRecord, evidence: Evidence | None = None) -> bool:
        """Keep what a strong backend said beside an entry, once; False where that cannot be."""
        waiter = asyncio.get_running_loop().create_future()
        return bool(await self._writer.submit(HoldoutWrite(record, evidence, waiter)))

    async def holdouts(
        self, *, since: datetime | None = None, until: datetime | None = None
    ) -> Sequence[HoldoutRecord]:
        """Return those with `since` <= at < `until`, oldest first."""
        return await asyncio.to_thread(lambda: list(self._reader.holdouts(since=since, until=until)))

    async def judgements(self) -> Sequence[Feedback]:
        """Return the feedback that counts, of each source the latest about an entry, in the order it came."""
        return await asyncio.to_thread(lambda: list(self._reader.feedback()))

    async def entries(
        self, *, since: datetime | None = None, until: datetime | None = None, limit: int | None = None
    ) -> Sequence[LedgerEntry]:
        """Return the entries with `since` <= at < `until`, oldest first; with `limit`, the newest that many."""
        return await asyncio.to_thread(lambda: list(self._reader.entries(since=since, until=until, limit=limit)))

    async def sums(self, *, since: datetime) -> tuple[Sequence[Hour], Sequence[CallHour]]:
        """Return the sums since a whole hour, by cell."""
        reader = self._reader
        return await asyncio.to_thread(lambda: (list(reader.hours(since=since)), list(reader.calls(since=since))))
