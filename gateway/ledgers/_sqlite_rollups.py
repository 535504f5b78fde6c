"""The hourly sums of a SQLite ledger: kept in the transaction of what they sum.

What a cell is (`money.rollups`) stands once in `cells` or `call_cells`; the hours hold its number and integers alone.
An entry of a month that is closed counts in the first open hour: what was closed stays as it was.
"""

import json
import sqlite3

from gateway.ledgers._hours import HourlySums
from gateway.ledgers._reports import cells
from gateway.ledgers._sqlite_statements import execute, marks
from gateway.money.rollups import (
    CallCell,
    CallSums,
    Cell,
    Sums,
)

_SUMS, _CALL_SUMS = ", ".join(Sums._fields), ", ".join(CallSums._fields)

TABLES = (
    f"""CREATE TABLE cells (
        id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, {", ".join(Cell._fields)})""",
    f"""CREATE TABLE hours (
        hour INTEGER NOT NULL, cell INTEGER NOT NULL REFERENCES cells (id), first_us INTEGER NOT NULL,
        last_us INTEGER NOT NULL, {", ".join(f"{name} INTEGER NOT NULL" for name in Sums._fields)},
        PRIMARY KEY (hour, cell)) WITHOUT ROWID""",
    f"""CREATE TABLE call_cells (
        id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, {", ".join(CallCell._fields)})""",
    f"""CREATE TABLE call_hours (
        hour INTEGER NOT NULL, cell INTEGER NOT NULL REFERENCES call_cells (id),
        {", ".join(f"{name} INTEGER NOT NULL" for name in CallSums._fields)},
        PRIMARY KEY (hour, cell)) WITHOUT ROWID""",
    """CREATE TABLE duration_hours (
        hour INTEGER NOT NULL, cell INTEGER NOT NULL REFERENCES cells (id), bucket INTEGER NOT NULL,
        count INTEGER NOT NULL, PRIMARY KEY (hour, cell, bucket)) WITHOUT ROWID""",
)


def _added(names: tuple[str, ...]) -> str:
    return ", ".join(f"{name} = {name} + excluded.{name}" for name in names)


_UPSERT_HOUR = f"""
    INSERT INTO hours (hour, cell, first_us, last_us, {_SUMS}) VALUES ({marks(4 + len(Sums._fields))})
    ON CONFLICT DO UPDATE SET first_us = min(first_us, excluded.first_us), last_us = max(last_us, excluded.last_us),
    {_added(Sums._fields)}"""  # noqa: S608 - the names are ours
_UPSERT_CALLS = f"""
    INSERT INTO call_hours (hour, cell, {_CALL_SUMS}) VALUES ({marks(2 + len(CallSums._fields))})
    ON CONFLICT DO UPDATE SET {_added(CallSums._fields)}"""  # noqa: S608 - as above
_UPSERT_DURATIONS = """
    INSERT INTO duration_hours (hour, cell, bucket, count) VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET count = count + excluded.count"""


class Rollups(HourlySums):
    """Adds up what a batch writes. `flush` writes it; `forget` after a transaction that failed."""

    def __init__(self) -> None:
        super().__init__()
        self._ids: dict[Cell | CallCell, int] = {}

    def begin(self, connection: sqlite3.Connection) -> None:
        """Look from which hour on the books are open, in the transaction that holds the write lock."""
        self.open_hour = connection.execute("SELECT coalesce(max(until_hour), 0) FROM closes").fetchone()[0]

    def flush(self, connection: sqlite3.Connection) -> None:
        """Write what was added."""
        for (hour, cell), requests in self.hours.items():
            connection.execute(_UPSERT_HOUR, (hour, self._id(connection, cell), *requests.row))
        for (hour, call), calls in self.calls.items():
            connection.execute(_UPSERT_CALLS, (hour, self._id(connection, call), *calls.row))
        for (hour, cell, bucket), count in self.durations.items():
            connection.execute(_UPSERT_DURATIONS, (hour, self._id(connection, cell), bucket, count))
        self.clear()

    def forget(self) -> None:
        """Forget what was added, and the numbers of cells: those made in the transaction that failed are no numbers."""
        self.clear()
        self.forget_cells()

    def forget_cells(self) -> None:
        """Forget the numbers of cells: one whose tenant was erased is another cell now."""
        self._ids.clear()

    def rename_tenant(self, connection: sqlite3.Connection, tenant: str, name: str) -> None:
        """Give the sums of a tenant another name."""
        self.flush(connection)
        self.forget_cells()
        _rename_tenant(connection, tenant, name)

    def _id(self, connection: sqlite3.Connection, cell: Cell | CallCell) -> int:
        known = self._ids.get(cell)
        if known is None:
            if len(self._ids) >= _MOST_IDS:
                self._ids.clear()
            known = self._ids[cell] = _id_of(connection, cell)
        return known


_MOST_IDS = 50_000


def _id_of(connection: sqlite3.Connection, cell: Cell | CallCell) -> int:
    table, key = "cells" if isinstance(cell, Cell) else "call_cells", json.dumps(cell)
    # The names are ours, the values are bound.
    columns = ", ".join(cell._fields)
    insert = f"INSERT INTO {table} (key, {columns}) VALUES ({marks(1 + len(cell))}) ON CONFLICT DO NOTHING"  # noqa: S608
    execute(connection, insert, (key, *cell))
    return int(connection.execute(f"SELECT id FROM {table} WHERE key = ?", (key,)).fetchone()[0])  # noqa: S608


def _rename_tenant(connection: sqlite3.Connection, tenant: str, name: str) -> None:
    """Give the sums of a tenant another name."""
    for number, cell in list(cells(connection.execute, "cells", Cell)):
        if cell.tenant == tenant:
            row = json.dumps(cell._replace(tenant=name)), name, number
            connection.execute("UPDATE cells SET key = ?, tenant = ? WHERE id = ?", row)
    for number, call in list(cells(connection.execute, "call_cells", CallCell)):
        if call.tenant == tenant:
            row = json.dumps(call._replace(tenant=name)), name, number
            connection.execute("UPDATE call_cells SET key = ?, tenant = ? WHERE id = ?", row)
