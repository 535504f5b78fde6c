"""How a statement is run: what no text of SQLite can hold is written as its escape."""

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

from gateway.entries import LedgerEntry
from gateway.ledgers._rows import JOINED_COLUMNS, Row, entries_of


def execute(connection: sqlite3.Connection, statement: str, row: Row) -> sqlite3.Cursor:
    """Run a statement with its values."""
    try:
        return connection.execute(statement, row)
    except UnicodeEncodeError:
        # JSON can carry half a surrogate pair in a label, UTF-8 cannot: escaped, the entry is still on the books.
        whole = [v.encode(errors="backslashreplace").decode() if isinstance(v, str) else v for v in row]
        return connection.execute(statement, whole)


class Inserts:
    """The statements that insert so many rows into a table, and then do something about those that are there.

    A statement gives up the interpreter while it runs and must win it back from the event loop: one for each row would
    wait for a busy loop row by row.
    """

    def __init__(self, table: str, columns: Sequence[str], then: str = "") -> None:
        self._width = len(columns)
        row = f"({marks(self._width)})"
        # The names are ours.
        into = f"INSERT INTO {table} ({', '.join(columns)}) VALUES"
        self._statements = {size: f"{into} {', '.join([row] * size)} {then}" for size in _SIZES}

    def insert(self, connection: sqlite3.Connection, values: Sequence[Any]) -> None:
        """Insert rows, given one after the other; raises `sqlite3.IntegrityError` where one is there already."""
        begin = 0
        for size in _parts(len(values) // self._width):
            end = begin + size * self._width
            connection.execute(self._statements[size], values[begin:end])
            begin = end


# A statement for every number of rows would not stay compiled; these sizes make up any number.
_SIZES = (64, 32, 16, 8, 4, 2, 1)


def _parts(count: int) -> Iterator[int]:
    for size in _SIZES:
        while count >= size:
            yield size
            count -= size


def marks(count: int) -> str:
    """Return so many places for values."""
    return ", ".join("?" * count)


def entry_of(connection: sqlite3.Connection, entry_id: str) -> LedgerEntry | None:
    """Return the entry of an id, None where there is none."""
    return next(entries_of(connection.execute(_SELECT_ENTRY, (entry_id,))), None)


# The names are ours.
_SELECT_ENTRY = f"""
    SELECT {JOINED_COLUMNS} FROM entries e LEFT JOIN attempts a ON a.entry = e.n WHERE e.id = ? ORDER BY a.number"""  # noqa: S608
