"""What a batch adds to the hourly sums of a ledger, whatever keeps them."""

from datetime import datetime

from gateway.entries import HoldoutRecord, LedgerEntry
from gateway.money.rollups import (
    CallCell,
    CallSums,
    Cell,
    Sums,
    Whose,
    call_cell,
    call_cells,
    cell_of,
    duration_bucket,
    sums_of,
)
from gateway.money.rollups import call_sums as call_sums_of
from gateway.times import hour_of, microseconds


class HourlySums:
    """Adds up what a batch writes, until `clear`. What happened before `open_hour` counts in it: that is closed."""

    def __init__(self) -> None:
        self.hours: dict[tuple[int, Cell], tuple[int, int, Sums]] = {}
        self.calls: dict[tuple[int, CallCell], CallSums] = {}
        self.durations: dict[tuple[int, Cell, int], int] = {}
        self.open_hour = 0

    def hour(self, at: datetime) -> int:
        """Return the hour that something is booked in that happened at a time."""
        return max(hour_of(at), self.open_hour)

    def add(self, entry: LedgerEntry) -> None:
        """Add an entry and its calls."""
        hour, cell, sums, at_us = self.hour(entry.at), cell_of(entry), sums_of(entry), microseconds(entry.at)
        known = self.hours.get((hour, cell))
        span = (at_us, at_us, sums)
        self.hours[hour, cell] = span if known is None else _joined(known, span)
        for call, call_sums in call_cells(entry):
            self._add_call(hour, call, call_sums)
        # An imported history may not say how long an answer took.
        if entry.status == "answered" and entry.duration_s > 0:
            key = (hour, cell, duration_bucket(entry.duration_s))
            self.durations[key] = self.durations.get(key, 0) + 1

    def add_holdout(self, record: HoldoutRecord, whose: Whose) -> None:
        """Add the call of a comparison."""
        hour = self.hour(record.at)
        self._add_call(hour, call_cell(whose, record.attempt), call_sums_of(record.attempt))

    def clear(self) -> None:
        """Forget what was added."""
        self.hours.clear()
        self.calls.clear()
        self.durations.clear()

    def _add_call(self, hour: int, cell: CallCell, sums: CallSums) -> None:
        known = self.calls.get((hour, cell))
        self.calls[hour, cell] = sums if known is None else known.plus(sums)


def _joined(one: tuple[int, int, Sums], other: tuple[int, int, Sums]) -> tuple[int, int, Sums]:
    return min(one[0], other[0]), max(one[1], other[1]), one[2].plus(other[2])
