"""How a statement is run: what no text of SQLite can hold is written as its escape."""

import sqlite3

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


def marks(count: int) -> str:
    """Return so many places for values."""
    return ", ".join("?" * count)


def entry_of(connection: sqlite3.Connection, entry_id: str) -> LedgerEntry | None:
    """Return the entry of an id, None where there is none."""
    return next(entries_of(connection.execute(_SELECT_ENTRY, (entry_id,))), None)


# The names are ours.
_SELECT_ENTRY = f"""
    SELECT {JOINED_COLUMNS} FROM entries e LEFT JOIN attempts a ON a.entry = e.n WHERE e.id = ? ORDER BY a.number"""  # noqa: S608
