"""A SQLite ledger in the hands of one command: transactions of its own, beside the thread that writes requests.

What a command writes is short: whoever waits for the lock gives up after seconds.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from gateway.errors import LedgerError
from gateway.ledgers._sqlite_connection import Connection
from gateway.ledgers._sqlite_rollups import Rollups
from gateway.ledgers._sqlite_schema import open_for_writing
from gateway.ledgers._sqlite_trail import TrailEnd
from gateway.ledgers._sqlite_writer import Pages

BUSY_TIMEOUT_S = 30.0


class Session:
    """An open file; `connection` may be read from at any time."""

    def __init__(self, connection: Connection, key: bytes | None) -> None:
        self.connection = connection
        self._pages = Pages(TrailEnd(key), Rollups())

    @contextmanager
    def transaction(self) -> Iterator[Pages]:
        """Hold the write lock; what is written in the block is committed as a whole, or not at all."""
        try:
            with self.connection:
                self.connection.execute("BEGIN IMMEDIATE")
                self._pages.open(self.connection)
                yield self._pages
                self._pages.close(self.connection)
            self._pages.trail.committed()
        except BaseException:
            self._pages.forget()
            raise


@contextmanager
def session(path: Path, *, key: bytes | None, busy_timeout_s: float = BUSY_TIMEOUT_S) -> Iterator[Session]:
    """Open a ledger for a command, and make it where it is missing; raises `LedgerError`."""
    with closing(open_for_writing(path, durable=True, busy_timeout_s=busy_timeout_s)) as connection:
        try:
            yield Session(connection, key)
        except (sqlite3.Error, OverflowError) as error:
            raise LedgerError(f"cannot write to the ledger {str(path)!r}: {error}") from error
