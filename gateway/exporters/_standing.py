"""How the ledgers of a program stand, as instruments that OpenTelemetry reads by itself: lag, and what the spools did.

An instrument of a name is one in a program, however many routers it has: they are summed up, and the worst lag counts.
What a router counted that is closed stays counted.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterable

from opentelemetry.metrics import CallbackOptions, Meter, Observation

from gateway.vitals import FATES, LedgerState, Vitals

Look = Callable[[], Vitals]


class Standing:
    """The routers that are open, and what those counted that are not. Read from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[object, Look] = {}
        self._past: Counter[str] = Counter()

    def measure(self, meter: Meter) -> None:
        """Have a meter read it; a second time changes nothing."""
        lag, entries, waiting = "gateway.ledger.lag", "gateway.ledger.spool.entries", "gateway.ledger.spool.waiting"
        meter.create_observable_gauge(lag, [self._lag], "s", "How long the oldest entry has waited to be on the books.")
        meter.create_observable_counter(
            entries, [self._entries], "{entry}", "What became of entries that the ledger did not take."
        )
        meter.create_observable_up_down_counter(
            waiting, [self._waiting], "{entry}", "Entries that wait in a spool to be on the books."
        )

    def open(self, key: object, look: Look) -> None:
        """Look at a router from now on."""
        with self._lock:
            self._open[key] = look

    def close(self, key: object) -> None:
        """Look at it no more."""
        with self._lock:
            look = self._open.pop(key, None)
            if look is not None:
                self._past.update(_counts(look()))

    def _looks(self) -> tuple[list[Vitals], Counter[str]]:
        with self._lock:
            return [look() for look in self._open.values()], self._past.copy()

    def _lag(self, _: CallbackOptions) -> Iterable[Observation]:
        found, _past = self._looks()
        return [Observation(max(vitals.ledger_lag_s for vitals in found))] if found else []

    def _entries(self, _: CallbackOptions) -> Iterable[Observation]:
        found, counts = self._looks()
        for vitals in found:
            counts.update(_counts(vitals))
        return [Observation(counts[fate], {"gateway.fate": fate}) for fate in FATES]

    def _waiting(self, _: CallbackOptions) -> Iterable[Observation]:
        found, _past = self._looks()
        return [Observation(sum(vitals.ledger.waiting for vitals in found if vitals.ledger))]


def _counts(vitals: Vitals) -> dict[str, int]:
    stands = vitals.ledger or LedgerState(place="")
    return {fate: getattr(stands, fate) for fate in FATES}
