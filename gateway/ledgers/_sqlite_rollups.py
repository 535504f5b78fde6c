"""The hourly and the daily sums of a SQLite ledger: kept in the transaction of what they sum.

What a cell is (`money.rollups`) stands once in `cells` or `call_cells`; an hour holds its number and integers alone.
An entry of a month that is closed counts in the first open hour: what was closed stays as it was.
"""

import json
import sqlite3
from collections.abc import Iterator
from functools import partial
from itertools import chain
from typing import NamedTuple

from gateway.ledgers._hours import CALLS, DURATIONS, REQUESTS, HourlySums, Table, end_of_days
from gateway.ledgers._reports import cells
from gateway.ledgers._sqlite_statements import Inserts, execute, marks
from gateway.money.rollups import CallCell, Cell
from gateway.times import DAY_HOURS


def _cells(name: str, columns: tuple[str, ...]) -> str:
    return f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, {', '.join(columns)})"


def _sums(name: str, table: Table, *, cells: str = "cells") -> str:
    columns = [f"{column} INTEGER NOT NULL" for column in table.columns]
    key = f"PRIMARY KEY (hour, {', '.join(table.by)}), FOREIGN KEY (cell) REFERENCES {cells} (id)"
    return f"CREATE TABLE {name} ({', '.join(columns)}, {key}) WITHOUT ROWID"


TABLES = (
    _cells("cells", Cell._fields),
    _sums(REQUESTS.hours, REQUESTS),
    _cells("call_cells", CallCell._fields),
    _sums(CALLS.hours, CALLS, cells="call_cells"),
    _sums(DURATIONS.hours, DURATIONS),
)
# The days before `until_hour` are summed up.
DAY_TABLES = (
    _sums(REQUESTS.days, REQUESTS),
    _sums(CALLS.days, CALLS, cells="call_cells"),
    _sums(DURATIONS.days, DURATIONS),
    "CREATE TABLE summed (one INTEGER PRIMARY KEY CHECK (one = 1), until_hour INTEGER NOT NULL)",
    "INSERT INTO summed VALUES (1, 0)",
)


class _Kind(NamedTuple):
    """Statements: rows to their hours or to their days, hours to the days that they are of, whether days are theirs."""

    to_hours: Inserts
    to_day: Inserts
    to_days: str
    differ: str

    @classmethod
    def of(cls, table: Table) -> "_Kind":
        """Return the statements for a table."""
        columns, by = ", ".join(table.columns), ", ".join(table.by)
        sums = [f"{name} = {name} + excluded.{name}" for name in table.sums]
        spans = [f"{name} = {of}({name}, excluded.{name})" for name, of in _spans(table)]
        # The names are ours.
        added = f"ON CONFLICT DO UPDATE SET {', '.join((*spans, *sums))}"
        some = "WHERE hour >= ? AND hour < ?"
        # Added one by one, as to hours: a sum that is out of all bounds must not fail whoever sums up the day.
        days = f"SELECT hour - hour % {DAY_HOURS}, {', '.join(table.columns[1:])} FROM {table.hours}"  # noqa: S608
        whole = ", ".join((*(f"{of}({name})" for name, of in _spans(table)), *(f"sum({name})" for name in table.sums)))
        anew = f"SELECT hour - hour % {DAY_HOURS} AS day, {by}, {whole} FROM {table.hours} {some} GROUP BY day, {by}"  # noqa: S608
        kept = f"SELECT {columns} FROM {table.days} {some}"  # noqa: S608
        return cls(
            to_hours=Inserts(table.hours, table.columns, added),
            to_day=Inserts(table.days, table.columns, added),
            to_days=f"INSERT INTO {table.days} ({columns}) {days} {some} {added}",
            differ=f"SELECT EXISTS ({kept} EXCEPT {anew}) OR EXISTS ({anew} EXCEPT {kept})",
        )


def _spans(table: Table) -> Iterator[tuple[str, str]]:
    return zip(table.spans, ("min", "max"), strict=False)


_REQUESTS, _CALLS, _DURATIONS = _KINDS = [_Kind.of(table) for table in (REQUESTS, CALLS, DURATIONS)]
_SELECT_OPEN = "SELECT coalesce(max(until_hour), 0), (SELECT until_hour FROM summed) FROM closes"
_SELECT_LATEST = """
    SELECT coalesce(max(hour), 0) FROM (
        SELECT max(hour) AS hour FROM hours UNION ALL SELECT max(hour) FROM call_hours)"""


class Rollups(HourlySums):
    """Adds up what a batch writes. `flush` writes it; `forget` after a transaction that failed."""

    def __init__(self) -> None:
        super().__init__()
        self._ids: dict[Cell | CallCell, int] = {}

    def begin(self, connection: sqlite3.Connection) -> None:
        """Look from which hour on the books are open, in the transaction that holds the write lock."""
        self.open_hour, until_hour = connection.execute(_SELECT_OPEN).fetchone()
        self.summed_until = end_of_days(until_hour)

    def flush(self, connection: sqlite3.Connection) -> None:
        """Write what was added."""
        for kind, rows in self._rows(connection):
            late = [(row[0] - row[0] % DAY_HOURS, *row[1:]) for row in rows if row[0] < self.summed_until]
            kind.to_hours.insert(connection, list(chain.from_iterable(rows)))
            kind.to_day.insert(connection, list(chain.from_iterable(late)))
        if self.is_day_over:
            _sum_up_days(connection, self.summed_until, self.begun_day)
            self.summed_until = self.begun_day
        self.clear()

    def _rows(self, connection: sqlite3.Connection) -> Iterator[tuple[_Kind, list[tuple[int, ...]]]]:
        number = partial(self._id, connection)
        yield _REQUESTS, [(hour, number(cell), *added.row) for (hour, cell), added in self.hours.items()]
        yield _CALLS, [(hour, number(call), *added.row) for (hour, call), added in self.calls.items()]
        counts = self.durations.items()
        yield _DURATIONS, [(hour, number(cell), bucket, count) for (hour, cell, bucket), count in counts]

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


def sum_up_days(connection: sqlite3.Connection) -> None:
    """Sum up the days of which there are hours alone, but for the latest, which may not be over."""
    (latest,) = connection.execute(_SELECT_LATEST).fetchone()
    _sum_up_days(connection, 0, latest - latest % DAY_HOURS)


def _sum_up_days(connection: sqlite3.Connection, since: int, until: int) -> None:
    for kind in _KINDS:
        connection.execute(kind.to_days, (since, until))
    connection.execute("UPDATE summed SET until_hour = ?", (until,))


def days_differ(connection: sqlite3.Connection, since: int, until: int) -> bool:
    """Return whether days of a period are not what their hours add up to."""
    (until_hour,) = connection.execute("SELECT max(until_hour) FROM summed").fetchone()
    bounds = since, min(until, end_of_days(until_hour))
    return any(connection.execute(kind.differ, bounds * 4).fetchone()[0] for kind in _KINDS)


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
