"""The hourly and daily sums of a PostgreSQL ledger: kept in the transaction of what they sum, by who holds the head."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from gateway.ledgers._hours import CALLS, DURATIONS, REQUESTS, HourlySums, Table, end_of_days
from gateway.ledgers._postgres_door import LONG_S, Link
from gateway.ledgers._postgres_values import kept_row
from gateway.money.rollups import CallCell, Cell
from gateway.times import DAY_HOURS

_MOST_IDS = 50_000


def marks(count: int, *, first: int = 1) -> str:
    """Return so many places for values."""
    return ", ".join(f"${number}" for number in range(first, first + count))


class _Kind(NamedTuple):
    """What is summed: the statements that add a row to its hour or its day, and hours to the days that they are of."""

    to_hour: str
    to_day: str
    to_days: str

    @classmethod
    def of(cls, table: Table) -> "_Kind":
        """Return the statements for a table."""
        whole = [f"{of}({name})" for name, of in zip(table.spans, ("min", "max"), strict=False)]
        whole += [f"sum({name})" for name in table.sums]
        by = ", ".join(table.by)
        # The names are ours.
        to_days = f"""
            INSERT INTO {table.days} ({", ".join(table.columns)})
            SELECT hour - hour % {DAY_HOURS} AS day, {by}, {", ".join(whole)}
            FROM {table.hours} WHERE hour >= $1 AND hour < $2 GROUP BY day, {by}"""  # noqa: S608
        return cls(_upsert(table, table.hours), _upsert(table, table.days), to_days)


def _upsert(table: Table, name: str) -> str:
    added = [f"{sum_} = {name}.{sum_} + excluded.{sum_}" for sum_ in table.sums]
    for span, of in zip(table.spans, ("least", "greatest"), strict=False):
        added.append(f"{span} = {of}({name}.{span}, excluded.{span})")
    return f"""
        INSERT INTO {name} ({", ".join(table.columns)}) VALUES ({marks(len(table.columns))})
        ON CONFLICT (hour, {", ".join(table.by)}) DO UPDATE SET {", ".join(added)}"""  # noqa: S608


_REQUESTS, _CALLS, _DURATIONS = _KINDS = [_Kind.of(table) for table in (REQUESTS, CALLS, DURATIONS)]
_SELECT_OPEN = "SELECT coalesce(max(until_hour), 0), (SELECT until_hour FROM summed) FROM closes"
_SELECT_LATEST = """
    SELECT coalesce(greatest((SELECT max(hour) FROM hours), (SELECT max(hour) FROM call_hours)), 0)"""


class Rollups(HourlySums):
    """Adds up what a batch writes. `flush` writes it; `forget` after a transaction that failed."""

    def __init__(self) -> None:
        super().__init__()
        self._ids: dict[Cell | CallCell, int] = {}

    async def begin(self, link: Link) -> None:
        """Look from which hour on the books are open, as whoever holds the head."""
        (self.open_hour, until_hour), *_ = await link.fetch(_SELECT_OPEN)
        self.summed_until = end_of_days(until_hour)

    async def flush(self, link: Link) -> None:
        """Write what was added, in one order for all."""
        if len(self._ids) >= _MOST_IDS:
            self._ids.clear()
        await self._number(link, "cells", {cell for _, cell in self.hours})
        await self._number(link, "call_cells", {call for _, call in self.calls})
        hours = [(hour, self._ids[cell], *requests.row) for (hour, cell), requests in self.hours.items()]
        calls = [(hour, self._ids[call], *made.row) for (hour, call), made in self.calls.items()]
        buckets = [(hour, self._ids[cell], bucket, n) for (hour, cell, bucket), n in self.durations.items()]
        for kind, rows in ((_REQUESTS, hours), (_CALLS, calls), (_DURATIONS, buckets)):
            await self._add(link, kind, sorted(rows))
        if self.is_day_over:
            await _sum_up_days(link, self.summed_until, self.begun_day)
            self.summed_until = self.begun_day
        self.clear()

    def forget(self) -> None:
        """Forget what was added, and the numbers of cells: those made in the transaction that failed are no numbers."""
        self.clear()
        self.forget_cells()

    def forget_cells(self) -> None:
        """Forget the numbers of cells: one whose tenant was erased is another cell now."""
        self._ids.clear()

    async def rename_tenant(self, link: Link, tenant: str, name: str) -> None:
        """Give the sums of a tenant another name."""
        await self.flush(link)
        self.forget_cells()
        await _rename(link, "cells", Cell, (tenant, name))
        await _rename(link, "call_cells", CallCell, (tenant, name))

    async def _add(self, link: Link, kind: _Kind, rows: Sequence[tuple[int, ...]]) -> None:
        late = [(row[0] - row[0] % DAY_HOURS, *row[1:]) for row in rows if row[0] < self.summed_until]
        for statement, added in ((kind.to_hour, rows), (kind.to_day, late)):
            if added:
                await link.executemany(statement, added)

    async def _number(self, link: Link, table: str, cells: Iterable[Cell | CallCell]) -> None:
        """Learn the numbers of cells, and give one to those that are new."""
        keys = {key_of(cell): cell for cell in cells if cell not in self._ids}
        if not keys:
            return
        columns = next(iter(keys.values()))._fields
        # The names are ours, the values are bound.
        await link.executemany(
            f"""INSERT INTO {table} (key, {", ".join(columns)}) VALUES ({marks(1 + len(columns))})
            ON CONFLICT (key) DO NOTHING""",  # noqa: S608
            [(key, *kept_row(keys[key])) for key in sorted(keys)],
        )
        for row in await link.fetch(f"SELECT id, key FROM {table} WHERE key = ANY($1::bytea[])", list(keys)):  # noqa: S608
            self._ids[keys[row["key"]]] = row["id"]


async def sum_up_days(link: Link) -> None:
    """Sum up the days of which there are hours alone, but for the latest, which may not be over."""
    latest = await link.fetchval(_SELECT_LATEST)
    await _sum_up_days(link, 0, latest - latest % DAY_HOURS)


async def _sum_up_days(link: Link, since: int, until: int) -> None:
    # Of a ledger that has never been summed up that is long; of one day it is not.
    for kind in _KINDS:
        await link.execute(kind.to_days, since, until, timeout=LONG_S)
    await link.execute("UPDATE summed SET until_hour = $1", until)


def key_of(cell: Cell | CallCell) -> bytes:
    """Return what a cell is known by."""
    return hashlib.sha256(json.dumps(cell).encode()).digest()


async def _rename(link: Link, table: str, kind: type[Cell | CallCell], names: tuple[str, str]) -> None:
    tenant, name = names
    # The names are ours, the values are bound.
    found = await link.fetch(f"SELECT id, {', '.join(kind._fields)} FROM {table} WHERE tenant = $1", tenant)  # noqa: S608
    rows = [(key_of(kind._make(values)._replace(tenant=name)), name, number) for number, *values in found]
    await link.executemany(f"UPDATE {table} SET key = $1, tenant = $2 WHERE id = $3", rows)  # noqa: S608
