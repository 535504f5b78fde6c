"""How fast the books are written, and what that does to the event loop: idle and paced in the same run."""

import asyncio
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from support.entries import ledger_entry

from gateway.entries import LedgerEntry
from gateway.ledgers import sqlite

# A request makes three rows: its own, one of its call, and its record in the audit trail.
ROWS = 3
_REACH, _LAG = 30_000, 1.5
_PACED, _SECONDS, _TICK_S = 5_000, 6.0, 0.005


def rows() -> list[tuple[str, str, str, bool | None]]:
    """Return the rows of the table."""
    with tempfile.TemporaryDirectory() as folder:
        speed = max(asyncio.run(_flood(Path(folder) / f"{turn}.db", 20_000)) for turn in range(3))
        idle, busy = asyncio.run(_lags(Path(folder) / "paced.db"))
    return [
        (
            "ledger writer unpaced, rows of requests, calls and audit records",
            f">= {_REACH:,} rows/s",
            f"{speed * ROWS:,.0f} rows/s, {speed:,.0f} requests/s",
            speed * ROWS >= _REACH,
        ),
        (
            f"event loop at {_PACED:,} rows/s, lag p99 to the idle loop's",
            f"<= {_LAG}",
            f"{busy / idle:.2f} ({busy * 1000:.1f} ms to {idle * 1000:.1f} ms)",
            busy <= _LAG * idle,
        ),
    ]


def _entries(count: int, name: str) -> list[LedgerEntry]:
    base = ledger_entry("x")
    return [replace(base, id=f"{name}-{number:08d}") for number in range(count)]


async def _flood(path: Path, count: int) -> float:
    entries = _entries(count, "flood")
    async with sqlite.build(sqlite.Options(path=str(path))) as ledger:
        started = time.perf_counter()
        await asyncio.gather(*map(ledger.record, entries))
        return count / (time.perf_counter() - started)


async def _lags(path: Path) -> tuple[float, float]:
    """Return the 99th percentile of the loop's lag, idle and while rows are written at a pace."""
    async with sqlite.build(sqlite.Options(path=str(path))) as ledger:
        idle = await _lag()
        pace = asyncio.create_task(_at_a_pace(ledger))
        busy = await _lag()
        await pace
    return idle, busy


async def _lag() -> float:
    lags = []
    end = time.perf_counter() + _SECONDS
    while (now := time.perf_counter()) < end:
        await asyncio.sleep(_TICK_S)
        lags.append(time.perf_counter() - now - _TICK_S)
    return sorted(lags)[int(len(lags) * 0.99)]


async def _at_a_pace(ledger: sqlite.SqliteLedger) -> None:
    # Every tick as many as are due, of requests that make three rows each.
    due = int(_PACED / ROWS * 0.01)
    entries = iter(_entries(int(_PACED / ROWS * _SECONDS) + due, "paced"))
    async with asyncio.TaskGroup() as tasks:
        for _ in range(int(_SECONDS / 0.01)):
            for _ in range(due):
                tasks.create_task(ledger.record(next(entries)))
            await asyncio.sleep(0.01)
