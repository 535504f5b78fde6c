"""What waits to be written to a ledger, whatever keeps it. Each has a waiter, who is told what became of it."""

import asyncio
from dataclasses import dataclass

from gateway.audit.evidence import Evidence, Party
from gateway.audit.records import Draft
from gateway.entries import Feedback, FeedbackFate, HoldoutRecord, LedgerEntry
from gateway.times import microseconds

# How many records an erasure concerned is an integer, None where nobody of that name was known.
Result = bool | FeedbackFate | int | None

EVER = (-(2**63), 2**63 - 1)
_DAY_US = 86_400_000_000


@dataclass(slots=True, eq=False)
class EntryWrite:
    """An entry, its attempts and its record; told False where the entry's id is there already, which stays.

    `drafted` is what its caller could write of the record: the writer's thread holds the interpreter for no longer than
    it must.
    """

    entry: LedgerEntry
    evidence: Evidence
    drafted: Draft
    waiter: asyncio.Future[Result]


@dataclass(slots=True, eq=False)
class FeedbackWrite:
    """A judgement, if it is one of at most `most` in a day of its tenant; told its fate."""

    feedback: Feedback
    most_a_day: int | None
    waiter: asyncio.Future[Result]

    @property
    def since_us(self) -> int:
        """After when its tenant's judgements are counted."""
        return microseconds(self.feedback.at) - _DAY_US if self.most_a_day else EVER[1]

    @property
    def most(self) -> int:
        """How many there may be of its tenant."""
        return EVER[1] if self.most_a_day is None else self.most_a_day


@dataclass(slots=True, eq=False)
class HoldoutWrite:
    """What a strong backend said beside an entry; told False where its entry is unknown or has one already."""

    record: HoldoutRecord
    evidence: Evidence | None
    waiter: asyncio.Future[Result]


@dataclass(slots=True, eq=False)
class EraseWrite:
    """A party whose records shall be nobody's any more; told how many entries were his."""

    party: Party
    waiter: asyncio.Future[Result]


Write = EntryWrite | FeedbackWrite | HoldoutWrite | EraseWrite
