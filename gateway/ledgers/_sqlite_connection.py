"""The connection that a ledger is written with: between its statements it lets the event loop in."""

import sqlite3
import time
from typing import Any

# A thread that gives up the interpreter for a statement has won it back before one that waits for it is awake: only
# after a sleep, the shortest that there is, does an event loop not wait for a whole transaction.
_BREATH_S = 1e-5


class Connection(sqlite3.Connection):
    """Takes a breath after each statement, where `breathes`: a transaction takes longer then, and no more CPU."""

    breathes = False

    def execute(self, *statement: Any) -> sqlite3.Cursor:
        """Run a statement; see `sqlite3.Connection.execute`."""
        cursor = super().execute(*statement)
        if self.breathes:
            time.sleep(_BREATH_S)
        return cursor
