"""A ledger in memory, for tests and trials.

It does not survive the process, and forgets the oldest entries when it is full: a stand-in for the books.
"""

from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field

from gateway.entries import Feedback, FeedbackFate, HoldoutRecord, LedgerEntry

_DAY = timedelta(days=1)


class Options(BaseModel):
    """How many entries are kept."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    capacity: int = Field(default=10_000, gt=0, description="Entries kept; beyond that the oldest is dropped.")


class MemoryLedger:
    """The last `capacity` entries; `dropped` counts those that had to go."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._entries: dict[str, LedgerEntry] = {}
        # Of each entry, the latest of each source, in the order they came.
        self._feedback: dict[str, dict[str, Feedback]] = {}
        self._given: dict[str | None, deque[datetime]] = {}
        self._holdouts: dict[str, HoldoutRecord] = {}
        self.dropped = 0

    @property
    def place(self) -> str:
        """Where the entries are, for people."""
        return "memory"

    async def record(self, entry: LedgerEntry) -> None:
        """Keep an entry; the same id twice is kept once."""
        self._entries.setdefault(entry.id, entry)
        if len(self._entries) > self._capacity:
            oldest = next(iter(self._entries))
            del self._entries[oldest]
            self._feedback.pop(oldest, None)
            self._holdouts.pop(oldest, None)
            self.dropped += 1

    async def feedback(self, feedback: Feedback, *, most_a_day: int | None = None) -> FeedbackFate:
        """Keep a judgement about an entry of its tenant, at most `most_a_day` of a tenant."""
        entry = self._entries.get(feedback.entry_id)
        if entry is None or entry.tenant not in (None, feedback.tenant):
            return "unknown"
        if most_a_day is not None and not self._is_below_cap(entry.tenant, feedback.at, most_a_day):
            return "over_cap"
        said = self._feedback.setdefault(feedback.entry_id, {})
        # A later one takes the last place, too.
        said.pop(feedback.source, None)
        said[feedback.source] = replace(feedback, tenant=entry.tenant)
        return "kept"

    def _is_below_cap(self, tenant: str | None, at: datetime, most: int) -> bool:
        given = self._given.setdefault(tenant, deque())
        while given and given[0] <= at - _DAY:
            given.popleft()
        if len(given) >= most:
            return False
        given.append(at)
        if len(self._given) > self._capacity:
            del self._given[next(iter(self._given))]
        return True

    async def holdout(self, record: HoldoutRecord) -> bool:
        """Keep what a strong backend said beside an entry, once; False where that cannot be."""
        if record.entry_id not in self._entries or record.entry_id in self._holdouts:
            return False
        self._holdouts[record.entry_id] = record
        return True

    async def holdouts(
        self, *, since: datetime | None = None, until: datetime | None = None
    ) -> Sequence[HoldoutRecord]:
        """Return those with `since` <= at < `until`, oldest first."""
        chosen = [record for record in self._holdouts.values() if _is_within(record.at, since, until)]
        return sorted(chosen, key=lambda record: record.at)

    async def judgements(self) -> Sequence[Feedback]:
        """Return the feedback that counts about the entries that are kept, in the order of the entries."""
        return [feedback for entry_id in self._entries for feedback in self._feedback.get(entry_id, {}).values()]

    async def entries(
        self, *, since: datetime | None = None, until: datetime | None = None, limit: int | None = None
    ) -> Sequence[LedgerEntry]:
        """Return the entries with `since` <= at < `until`, oldest first; with `limit`, the newest that many."""
        chosen = [entry for entry in self._entries.values() if _is_within(entry.at, since, until)]
        chosen.sort(key=lambda entry: entry.at)
        return chosen if limit is None else chosen[max(0, len(chosen) - limit) :]


def _is_within(at: datetime, since: datetime | None, until: datetime | None) -> bool:
    return (since is None or at >= since) and (until is None or at < until)


@asynccontextmanager
async def build(options: Options) -> AsyncIterator[MemoryLedger]:
    """Open an empty ledger."""
    yield MemoryLedger(options.capacity)
