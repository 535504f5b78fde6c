"""What a batch adds to the hourly sums of a ledger, whatever keeps them."""

from dataclasses import dataclass
from datetime import datetime

from gateway.entries import AttemptRecord, HoldoutRecord, LedgerEntry
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
    duration_bucket,
)
from gateway.times import HOUR_US, hour_of, microseconds


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
    """Adds up what a batch writes, until `clear`. What happened before `open_hour` counts in it: that is closed."""

    def __init__(self) -> None:
        self.hours: dict[tuple[int, Cell], Requests] = {}
        self.calls: dict[tuple[int, CallCell], Calls] = {}
        self.durations: dict[tuple[int, Cell, int], int] = {}
        self.open_hour = 0

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
