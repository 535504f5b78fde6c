"""How a statement is run: what no text of SQLite can hold is written as its escape."""

import sqlite3

from gateway.ledgers._sqlite_rows import Row


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
