"""The connection that a ledger is written with: between its statements it lets the event loop in."""

import sqlite3
import time
from typing import Any

# A thread that gives up the interpreter for a statement has won it back before one that waits for it is awake: only
# after a sleep, the shortest that there is, does an event loop not wait for a whole transaction.
_BREATH_S = 1e-5


class Connection(sqlite3.Connection):
    """Takes a breath after each statement, for as long as it is told: a transaction takes longer, and no more CPU."""

    _breathes_until = 0.0

    @property
    def breathes(self) -> bool:
        """Whether it takes a breath after the next statement."""
        return time.monotonic() < self._breathes_until

    def breathe(self, most_s: float) -> None:
        """Take breaths for so long from now on: where the event loop never rests each takes as long as many rows do."""
        self._breathes_until = time.monotonic() + most_s

    def execute(self, *statement: Any) -> sqlite3.Cursor:
        """Run a statement; see `sqlite3.Connection.execute`."""
        cursor = super().execute(*statement)
        if self.breathes:
            time.sleep(_BREATH_S)
        return cursor
