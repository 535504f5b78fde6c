"""A ledger in memory, for tests and trials.

It does not survive the process, and forgets the oldest entries when it is full: a stand-in for the books.
"""

import secrets
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field

from gateway.audit.books import ERASED
from gateway.audit.chain import Head
from gateway.audit.evidence import Erasure, Evidence, Party, evidence_of
from gateway.audit.proof import Proof, Question, examine
from gateway.audit.records import erasure_body, holdout_body, request_body
from gateway.entries import Feedback, FeedbackFate, HoldoutRecord, LedgerEntry
from gateway.ledgers._memory_trail import MemoryChain, MemoryView

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
        self._chain = MemoryChain()
        self.dropped = 0

    @property
    def place(self) -> str:
        """Where the entries are, for people."""
        return "memory"

    @property
    def trail(self) -> "MemoryTrail":
        """The audit trail of the entries that are kept."""
        return MemoryTrail(self)

    async def record(self, entry: LedgerEntry, evidence: Evidence | None = None) -> None:
        """Keep an entry and its record; the same id twice is kept once."""
        if entry.id in self._entries:
            return
        self._entries[entry.id] = entry
        told = evidence or evidence_of(entry)
        self._chain.append(request_body(entry, self._chain.names(told)), told.facts, at=entry.at)
        if len(self._entries) > self._capacity:
            oldest = next(iter(self._entries))
            del self._entries[oldest]
            self._feedback.pop(oldest, None)
            self._holdouts.pop(oldest, None)
            self._chain.drop(oldest)
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

    async def holdout(self, record: HoldoutRecord, evidence: Evidence | None = None) -> bool:
        """Keep what a strong backend said beside an entry, once; False where that cannot be."""
        kept = record.entry_id in self._entries and record.entry_id not in self._holdouts
        if kept:
            self._holdouts[record.entry_id] = record
        if evidence is not None:
            body = holdout_body(record.entry_id, self._chain.names(evidence), kept=kept)
            self._chain.append(body, evidence.facts, at=record.at)
        return kept

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

    def view(self) -> MemoryView:
        """Return the trail beside the books."""
        return MemoryView(chain=self._chain, booked=self._entries, booked_holdouts=frozenset(self._holdouts))

    def erase(self, party: Party) -> int | None:
        """Make a party's records nobody's; None where nobody of that name is known."""
        pseudonym = self._chain.delete_key(party)
        if pseudonym is None:
            return None
        if party.whose == "tenant":
            theirs = {entry.id for entry in self._entries.values() if entry.tenant == party.name}
            self._rename(theirs, f"{ERASED}{secrets.token_hex(8)}")
        else:
            theirs = self._chain.entries_about(pseudonym) & self._entries.keys()
        for entry_id in theirs:
            self._entries[entry_id] = replace(self._entries[entry_id], request_id=None, features=None, classifier=None)
        self._chain.append(erasure_body(party.whose, len(theirs)), at=datetime.now(UTC))
        return len(theirs)

    def _rename(self, entry_ids: set[str], tenant: str) -> None:
        for entry_id in entry_ids:
            self._entries[entry_id] = replace(self._entries[entry_id], tenant=tenant)
            said = self._feedback.get(entry_id, {})
            said.update({source: replace(feedback, tenant=tenant) for source, feedback in said.items()})


class MemoryTrail:
    """The audit trail of a ledger in memory. It ends with the process, and nobody's key seals it."""

    def __init__(self, ledger: MemoryLedger) -> None:
        self._ledger = ledger

    async def head(self) -> Head:
        """Return where the trail ends."""
        return self._ledger.view().head

    async def prove(self, question: Question | None = None, *, anchor: Head | None = None) -> Proof:
        """Read the records that are kept beside the entries that are kept."""
        return examine(self._ledger.view(), question, anchor=anchor)

    async def erase(self, party: Party) -> Erasure:
        """Make a party's records nobody's."""
        count = self._ledger.erase(party)
        return Erasure(known=count is not None, records=count or 0, wiped=True)


def _is_within(at: datetime, since: datetime | None, until: datetime | None) -> bool:
    return (since is None or at >= since) and (until is None or at < until)


@asynccontextmanager
async def build(options: Options) -> AsyncIterator[MemoryLedger]:
    """Open an empty ledger."""
    yield MemoryLedger(options.capacity)
