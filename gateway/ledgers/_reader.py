"""Reads a ledger that is kept in SQL for reports: the part of a `LedgerReader` that is the same for each."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from functools import partial
from typing import TypeVar

from gateway.entries import Correction, Example, Feedback, HoldoutRecord, LedgerEntry
from gateway.ledgers import _reports
from gateway.ledgers._reports import Rows
from gateway.money.certainty import Pair
from gateway.money.rollups import CallHour, DurationHour, Hour, Step

Found = TypeVar("Found")


class SqlReader(ABC):
    """What is read by statements. A kind says how it is opened."""

    @abstractmethod
    def opened(self) -> AbstractContextManager[Rows | None]:
        """Open the books for reading, as of one moment; None where nobody has begun them. Raises `LedgerError`."""

    def entries(
        self, *, since: datetime | None = None, until: datetime | None = None, limit: int | None = None
    ) -> Iterator[LedgerEntry]:
        """Yield the entries, oldest first; with `limit`, the newest that many."""
        return self._read(partial(_reports.entries, since=since, until=until, limit=limit))

    def holdouts(self, *, since: datetime | None = None, until: datetime | None = None) -> Iterator[HoldoutRecord]:
        """Yield what strong backends said beside them, oldest first."""
        return self._read(partial(_reports.holdouts, since=since, until=until))

    def pairs(self, *, since: datetime | None = None, until: datetime | None = None) -> Iterator[Pair]:
        """Yield the random comparisons of local answers, in money and agreement."""
        return self._read(partial(_reports.pairs, since=since, until=until))

    def corrections(self, *, since: datetime | None = None, until: datetime | None = None) -> Iterator[Correction]:
        """Yield the corrections that count in the hours that a period touches, in the order of booking."""
        return self._read(partial(_reports.corrections, since=since, until=until))

    def feedback(self) -> Iterator[Feedback]:
        """Yield the feedback that counts, of each source the latest about an entry, in the order it came."""
        return self._read(_reports.feedback)

    def examples(self, *, most_per_tenant: int | None = None) -> Iterator[Example]:
        """Yield the answers with an outcome, oldest outcome first; of a tenant the newest that many."""
        return self._read(partial(_reports.examples, most_per_tenant=most_per_tenant))

    def hours(
        self, *, since: datetime | None = None, until: datetime | None = None, step: Step = "all"
    ) -> Iterator[Hour]:
        """Yield the sums of the requests by cell and step."""
        return self._read(partial(_reports.hours, since=since, until=until, step=step))

    def calls(
        self, *, since: datetime | None = None, until: datetime | None = None, step: Step = "all"
    ) -> Iterator[CallHour]:
        """Yield the sums of the calls by cell and step."""
        return self._read(partial(_reports.calls, since=since, until=until, step=step))

    def durations(
        self, *, since: datetime | None = None, until: datetime | None = None, step: Step = "all"
    ) -> Iterator[DurationHour]:
        """Yield how long the answers took, by cell and step."""
        return self._read(partial(_reports.durations, since=since, until=until, step=step))

    def _read(self, report: Callable[[Rows], Iterator[Found]]) -> Iterator[Found]:
        with self.opened() as rows:
            if rows is not None:
                yield from report(rows)
