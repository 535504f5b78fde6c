"""A ledger as an earlier version of its schema would have kept it."""

import sqlite3
from contextlib import closing
from pathlib import Path

from gateway.ledgers._sqlite_schema import MIGRATIONS


def older(path: Path, version: int) -> None:
    """Make of a ledger one of that version: what it had no place for is gone."""
    old = path.with_name(f"{path.name}.old")
    with closing(sqlite3.connect(old, isolation_level=None)) as connection:
        for statements in MIGRATIONS[:version]:
            for statement in statements:
                connection.execute(statement)
        connection.execute("INSERT INTO meta VALUES ('schema', ?)", (str(version),))
        connection.execute("ATTACH ? AS new", (str(path),))
        tables = connection.execute("SELECT name FROM main.sqlite_master WHERE type = 'table' AND name <> 'meta'")
        for (table,) in tables.fetchall():
            names = [row[1] for row in connection.execute(f"PRAGMA main.table_info({table})")]
            columns = ", ".join(names)
            copy = f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM new.{table}"  # noqa: S608 - our own names
            connection.execute(copy)
    for suffix in ("-wal", "-shm"):
        path.with_name(f"{path.name}{suffix}").unlink(missing_ok=True)
    old.replace(path)
