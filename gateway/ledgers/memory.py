"""A ledger in memory, for tests and trials.

It does not survive the process, and forgets the oldest entries when it is full: a stand-in for the books.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from gateway.entries import Feedback, LedgerEntry


class Options(BaseModel):
    """How many entries are kept."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    capacity: int = Field(default=10_000, gt=0, description="Entries kept; beyond that the oldest is dropped.")


class MemoryLedger:
    """The last `capacity` entries; `dropped` counts those that had to go."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._entries: dict[str, LedgerEntry] = {}
        self._feedback: dict[str, list[Feedback]] = {}
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
            self.dropped += 1

    async def feedback(self, feedback: Feedback) -> bool:
        """Keep a judgement about an entry; False where the entry is unknown or was dropped."""
        if feedback.entry_id not in self._entries:
            return False
        self._feedback.setdefault(feedback.entry_id, []).append(feedback)
        return True

    async def judgements(self) -> Sequence[Feedback]:
        """Return the feedback about the entries that are kept, in the order of the entries."""
        return [feedback for entry_id in self._entries for feedback in self._feedback.get(entry_id, ())]

    async def entries(
        self, *, since: datetime | None = None, until: datetime | None = None, limit: int | None = None
    ) -> Sequence[LedgerEntry]:
        """Return the entries with `since` <= at < `until`, oldest first; with `limit`, the newest that many."""
        chosen = [
            entry
            for entry in self._entries.values()
            if (since is None or entry.at >= since) and (until is None or entry.at < until)
        ]
        chosen.sort(key=lambda entry: entry.at)
        return chosen if limit is None else chosen[max(0, len(chosen) - limit) :]


@asynccontextmanager
async def build(options: Options) -> AsyncIterator[MemoryLedger]:
    """Open an empty ledger."""
    yield MemoryLedger(options.capacity)
