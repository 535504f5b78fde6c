"""What a batch adds to the sums of a ledger, whatever keeps them: by the hour, and of days that are over by the day.

Days are summed up as soon as something of a later one comes; before that, a request costs no more than its hours. So
the days before `summed_until` always hold what their hours add up to, and no later one has a row.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from gateway.entries import AttemptRecord, HoldoutRecord, LedgerEntry
from gateway.errors import UnfitLedgerError
from gateway.money.durations import duration_bucket
from gateway.money.rollups import (
    CallCell,
    CallSums,
    Cell,
    Columns,
    Sums,
    Whose,
    add_call,
    add_request,
    call_cell,
    cell_of,
)
from gateway.times import DAY_HOURS, HOUR_US, hour_of, microseconds


class Table(NamedTuple):
    """Where sums are kept by the hour and by the day, a row each; the `hour` of a day is its first.

    `by` tells the rows of an hour apart; `spans` are a least and a greatest value, `sums` are sums.
    """

    hours: str
    days: str
    sums: tuple[str, ...]
    by: tuple[str, ...] = ("cell",)
    spans: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of either."""
        return ("hour", *self.by, *self.spans, *self.sums)


REQUESTS = Table("hours", "days", Sums._fields, spans=("first_us", "last_us"))
CALLS = Table("call_hours", "call_days", CallSums._fields)
DURATIONS = Table("duration_hours", "duration_days", ("count",), by=("cell", "bucket"))


def end_of_days(until_hour: int | None) -> int:
    """Return until when days are summed up, as books say it; raises `UnfitLedgerError` where they do not."""
    if until_hour is None:
        raise UnfitLedgerError("the ledger has lost until when its days are summed up; restore it from a copy")
    return until_hour


@dataclass(slots=True)
class Requests:
    """What is added to an hour of a cell, in the columns of `Sums`, and when its first and its last entry came."""

    first_us: int
    last_us: int
    columns: Columns

    @property
    def row(self) -> tuple[int, ...]:
        """When the first and the last came, and the sums."""
        return (self.first_us, self.last_us, *self.columns.values())


@dataclass(slots=True)
class Calls:
    """What is added to an hour of a cell of calls, in the columns of `CallSums`."""

    columns: Columns

    @property
    def row(self) -> tuple[int, ...]:
        """The sums."""
        return tuple(self.columns.values())


class HourlySums:
    """Adds up what a batch writes, until `clear`. What happened before `open_hour` counts in it: that is closed.

    What is added before `summed_until` must be added to its days, too.
    """

    def __init__(self) -> None:
        self.hours: dict[tuple[int, Cell], Requests] = {}
        self.calls: dict[tuple[int, CallCell], Calls] = {}
        self.durations: dict[tuple[int, Cell, int], int] = {}
        self.open_hour = 0
        self.summed_until = 0

    @property
    def is_day_over(self) -> bool:
        """Whether something was added to a later day than that of `summed_until`."""
        return self.begun_day > self.summed_until

    @property
    def begun_day(self) -> int:
        """The first hour of the latest day that something was added to, 0 where nothing was."""
        latest = max((hour for hour, _ in (*self.hours, *self.calls)), default=0)
        return latest - latest % DAY_HOURS

    def hour(self, at: datetime) -> int:
        """Return the hour that something is booked in that happened at a time."""
        return max(hour_of(at), self.open_hour)

    def add(self, entry: LedgerEntry) -> int:
        """Add an entry and its calls; return the hour that it is booked in."""
        at_us = microseconds(entry.at)
        hour, cell = max(at_us // HOUR_US, self.open_hour), cell_of(entry)
        known = self.hours.get((hour, cell))
        if known is None:
            known = self.hours[hour, cell] = Requests(at_us, at_us, dict.fromkeys(Sums._fields, 0))
        elif at_us < known.first_us:
            known.first_us = at_us
        elif at_us > known.last_us:
            known.last_us = at_us
        add_request(known.columns, entry)
        for attempt in entry.attempts:
            self._add_call(hour, call_cell(entry, attempt), attempt)
        # An imported history may not say how long an answer took.
        if entry.status == "answered" and entry.duration_s > 0:
            key = (hour, cell, duration_bucket(entry.duration_s))
            self.durations[key] = self.durations.get(key, 0) + 1
        return hour

    def add_holdout(self, record: HoldoutRecord, whose: Whose) -> None:
        """Add the call of a comparison."""
        self._add_call(self.hour(record.at), call_cell(whose, record.attempt), record.attempt)

    def clear(self) -> None:
        """Forget what was added."""
        self.hours.clear()
        self.calls.clear()
        self.durations.clear()

    def _add_call(self, hour: int, cell: CallCell, attempt: AttemptRecord) -> None:
        known = self.calls.get((hour, cell))
        if known is None:
            known = self.calls[hour, cell] = Calls(dict.fromkeys(CallSums._fields, 0))
        add_call(known.columns, attempt)
