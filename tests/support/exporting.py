"""An exporter with a memory, and clocks that a test sets."""

from collections.abc import Callable

from gateway.entries import HoldoutRecord, LedgerEntry
from gateway.vitals import Vitals


class Remembering:
    """Keeps what it is told; with `fault`, raises it instead."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.entries: list[LedgerEntry] = []
        self.records: list[HoldoutRecord] = []
        self.vitals: Callable[[], Vitals] = Vitals
        self._fault = fault

    def watch(self, vitals: Callable[[], Vitals]) -> None:
        self.vitals = vitals

    def booked(self, entry: LedgerEntry) -> None:
        if self._fault is not None:
            raise self._fault
        self.entries.append(entry)

    def compared(self, record: HoldoutRecord) -> None:
        if self._fault is not None:
            raise self._fault
        self.records.append(record)


class Clock:
    """A clock that stands until it is set on."""

    def __init__(self) -> None:
        self.ns = 1_000_000_000_000

    def __call__(self) -> int:
        return self.ns

    def pass_s(self, seconds: float) -> None:
        """Let time pass."""
        self.ns += round(seconds * 1_000_000_000)
