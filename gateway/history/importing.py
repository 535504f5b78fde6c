"""Reads a file twice: first all of it, so that one with a fault changes nothing, then row by row onto the books."""

import importlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol, cast

from gateway.entries import LedgerEntry
from gateway.errors import InvalidRequestError, LedgerError, RowsError
from gateway.history.booking import Booking
from gateway.history.files import Source, Value
from gateway.history.recorded import Asked, LeftOut, Recorded, Unit
from gateway.times import hour_of, hour_start
from gateway.types import Money

FORMATS = ("jsonl", "litellm", "openai-usage")

_MOST_FAULTS = 10
_OLDEST = datetime(2010, 1, 1, tzinfo=UTC)
_SLACK = timedelta(days=1)


class Reader(Protocol):
    """Reads one pass over a file of a format."""

    def values(self, source: Source) -> Iterator[Value]:
        """Yield the rows of a file with their places; raises `RowsError` where the rest cannot be read."""

    def units(self, value: object) -> Iterable[Unit]:
        """Yield what a row records; raises `InvalidRequestError` where it is no row of the format."""


class Format(Protocol):
    """A module of this folder."""

    TENANT_FIELDS: frozenset[str]

    def reading(self, asked: Asked) -> AbstractContextManager[Reader]:
        """Open a reader for one pass."""


@dataclass(slots=True, kw_only=True)
class Tally:
    """What a file holds: rows that were read, the requests that they are, what was left out.

    Of the requests that were made entries: what they cost as far as it is known, and those without a price.
    """

    rows: int = 0
    requests: int = 0
    unpriced: int = 0
    without_baseline: int = 0
    first: datetime | None = None
    last: datetime | None = None
    left_out: Counter[str] = field(default_factory=Counter)
    cost: Money = field(default_factory=lambda: Money(0))
    left_out_cost: Money = field(default_factory=lambda: Money(0))

    def meet(self, row: Recorded) -> None:
        """Count a request."""
        self.requests += 1
        self.first = row.at if self.first is None else min(self.first, row.at)
        self.last = row.at if self.last is None else max(self.last, row.at)

    def add(self, entry: LedgerEntry) -> None:
        """Sum up an entry."""
        if entry.cost is None:
            self.unpriced += 1
        else:
            self.cost += entry.cost
        self.without_baseline += entry.status == "answered" and entry.baseline_cost is None

    def leave_out(self, row: LeftOut) -> None:
        """Count a row that is no request."""
        self.left_out[row.what] += 1
        self.left_out_cost += row.cost or Money(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """A file of a format, and how its rows become entries. `open_hour` is the hour from which on the books are open."""

    source: Source
    format: str
    asked: Asked
    booking: Booking

    def check(self, open_hour: int) -> Tally:
        """Read all of the file; raises `RowsError` with every fault found, `LedgerError` for a month that is closed."""
        tally, faults = Tally(), list[str]()
        with formats(self.format).reading(self.asked) as reader:
            for line, value in reader.values(self.source):
                tally.rows += 1
                try:
                    for unit in reader.units(value):
                        self._count(unit, tally)
                except InvalidRequestError as error:
                    faults.append(f"{self.source.name}:{line}: {error}")
                if len(faults) == _MOST_FAULTS:
                    faults.append(f"{self.source.name}: and what comes after line {line} was not read")
                    break
        if faults:
            raise RowsError(faults)
        if tally.first is not None and hour_of(tally.first) < open_hour:
            raise LedgerError(
                f"{self.source.name} begins on {tally.first:%Y-%m-%d}, and the books are closed up to "
                f"{hour_start(open_hour):%Y-%m-%d}; leave out what is older, nothing was imported"
            )
        return tally

    def units(self, tally: Tally) -> Iterator[Sequence[LedgerEntry]]:
        """Yield the entries of the file that `check` gave this tally of, those of a unit together, and sum them up."""
        self.source.check_unchanged()
        with formats(self.format).reading(self.asked) as reader:
            for _, value in reader.values(self.source):
                for unit in reader.units(value):
                    if isinstance(unit, LeftOut):
                        continue
                    entries = tuple(map(self.booking.entry, unit))
                    for entry in entries:
                        tally.add(entry)
                    yield entries

    def _count(self, unit: Unit, tally: Tally) -> None:
        if isinstance(unit, LeftOut):
            tally.leave_out(unit)
            return
        for row in unit:
            self._check_time(row)
            tally.meet(row)

    def _check_time(self, row: Recorded) -> None:
        if not _OLDEST <= row.at <= self.asked.now + _SLACK:
            raise InvalidRequestError(f"its time, {row.at:%Y-%m-%d}, is before {_OLDEST.year} or to come")


def tenant_fields(name: str) -> frozenset[str]:
    """Return the fields of a format that may say whose a request was."""
    return formats(name).TENANT_FIELDS


def batches(units: Iterable[Sequence[LedgerEntry]], most: int) -> Iterator[list[Sequence[LedgerEntry]]]:
    """Yield units in lists of at least `most` entries, the last one shorter."""
    batch, count = list[Sequence[LedgerEntry]](), 0
    for unit in units:
        batch.append(unit)
        count += len(unit)
        if count >= most:
            yield batch
            batch, count = [], 0
    if batch:
        yield batch


def formats(name: str) -> Format:
    """Return a format by its name."""
    # Any module here that is a format has what the protocol says; `FORMATS` names them all.
    return cast("Format", importlib.import_module(f"gateway.history.{name.replace('-', '_')}"))
