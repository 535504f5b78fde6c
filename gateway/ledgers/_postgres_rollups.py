"""The hourly sums of a PostgreSQL ledger: kept in the transaction of what they sum, by whoever holds the head."""

import hashlib
import json
from collections.abc import Iterable, Sequence

from gateway.ledgers._hours import HourlySums
from gateway.ledgers._postgres_door import Link
from gateway.ledgers._postgres_values import kept_row
from gateway.money.rollups import CallCell, CallSums, Cell, Sums

_MOST_IDS = 50_000


def marks(count: int, *, first: int = 1) -> str:
    """Return so many places for values."""
    return ", ".join(f"${number}" for number in range(first, first + count))


def _added(table: str, names: Sequence[str]) -> str:
    return ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in names)


_UPSERT_HOUR = f"""
    INSERT INTO hours (hour, cell, first_us, last_us, {", ".join(Sums._fields)}) VALUES ({marks(4 + len(Sums._fields))})
    ON CONFLICT (hour, cell) DO UPDATE SET first_us = least(hours.first_us, excluded.first_us),
    last_us = greatest(hours.last_us, excluded.last_us), {_added("hours", Sums._fields)}"""  # noqa: S608 - the names are ours
_UPSERT_CALLS = f"""
    INSERT INTO call_hours (hour, cell, {", ".join(CallSums._fields)}) VALUES ({marks(2 + len(CallSums._fields))})
    ON CONFLICT (hour, cell) DO UPDATE SET {_added("call_hours", CallSums._fields)}"""  # noqa: S608 - as above
_UPSERT_DURATIONS = f"""
    INSERT INTO duration_hours (hour, cell, bucket, count) VALUES ({marks(4)})
    ON CONFLICT (hour, cell, bucket) DO UPDATE SET {_added("duration_hours", ("count",))}"""  # noqa: S608 - as above


class Rollups(HourlySums):
    """Adds up what a batch writes. `flush` writes it; `forget` after a transaction that failed."""

    def __init__(self) -> None:
        super().__init__()
        self._ids: dict[Cell | CallCell, int] = {}

    async def begin(self, link: Link) -> None:
        """Look from which hour on the books are open, as whoever holds the head."""
        self.open_hour = await link.fetchval("SELECT coalesce(max(until_hour), 0) FROM closes")

    async def flush(self, link: Link) -> None:
        """Write what was added, in one order for all."""
        if len(self._ids) >= _MOST_IDS:
            self._ids.clear()
        await self._number(link, "cells", {cell for _, cell in self.hours})
        await self._number(link, "call_cells", {call for _, call in self.calls})
        hours = [(hour, self._ids[cell], *requests.row) for (hour, cell), requests in self.hours.items()]
        calls = [(hour, self._ids[call], *made.row) for (hour, call), made in self.calls.items()]
        buckets = [(hour, self._ids[cell], bucket, n) for (hour, cell, bucket), n in self.durations.items()]
        for statement, rows in ((_UPSERT_HOUR, hours), (_UPSERT_CALLS, calls), (_UPSERT_DURATIONS, buckets)):
            if rows:
                await link.executemany(statement, sorted(rows))
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


def key_of(cell: Cell | CallCell) -> bytes:
    """Return what a cell is known by."""
    return hashlib.sha256(json.dumps(cell).encode()).digest()


async def _rename(link: Link, table: str, kind: type[Cell | CallCell], names: tuple[str, str]) -> None:
    tenant, name = names
    # The names are ours, the values are bound.
    found = await link.fetch(f"SELECT id, {', '.join(kind._fields)} FROM {table} WHERE tenant = $1", tenant)  # noqa: S608
    rows = [(key_of(kind._make(values)._replace(tenant=name)), name, number) for number, *values in found]
    await link.executemany(f"UPDATE {table} SET key = $1, tenant = $2 WHERE id = $3", rows)  # noqa: S608
