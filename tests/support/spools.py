"""Ledgers with a spool for tests, and what happens to their files."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from gateway.interfaces import SpoolPlace
from gateway.ledgers import sqlite
from gateway.ledgers._sqlite_writer import SqliteBooks
from gateway.ledgers.sqlite import SqliteLedger, read_entries
from gateway.spooling import SpooledLedger, Spooling, spooled

NOTES = "somebody's notes, long enough to be no empty database"


class Lock:
    """Another process that is in the middle of writing."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("BEGIN IMMEDIATE")

    def release(self) -> None:
        self._connection.close()


class Naps:
    """Pauses that end when the test says so; `slept` has how long each was to be."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self._over = asyncio.Event()
        self._begun = asyncio.Event()

    async def sleep(self, pause_s: float) -> None:
        self.slept.append(pause_s)
        self._begun.set()
        await self._over.wait()

    async def begun(self) -> None:
        """Wait for the first of them."""
        await self._begun.wait()

    def end(self) -> None:
        """End this pause and all to come."""
        self._over.set()


def place_of(path: Path) -> SpoolPlace:
    return SpoolPlace(path, durable=False)


def write_notes(path: Path) -> None:
    """Put something in the place of a ledger that is none."""
    path.parent.mkdir(exist_ok=True)
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()
    path.write_text(NOTES)


def text(path: Path) -> str:
    return path.read_text()


@asynccontextmanager
async def kept(path: Path, **spooling: Any) -> AsyncIterator[SpooledLedger]:
    """Open a SQLite ledger with a spool beside it; it does not wait for locks."""
    options = sqlite.Options(path=str(path), busy_timeout_s=0)
    given: dict[str, Any] = {"place": place_of(path), "sleep": lambda _: asyncio.sleep(0), **spooling}
    async with spooled(partial(sqlite.build, options), Spooling(**given)) as ledger:
        yield ledger


def connection(ledger: SpooledLedger) -> sqlite3.Connection:
    """Return the writer's own connection."""
    opened = ledger.opened()
    assert isinstance(opened, SqliteLedger)
    books = opened._writer._books
    assert isinstance(books, SqliteBooks)
    return books.connection


async def replayed(ledger: SpooledLedger) -> None:
    """Wait until nothing waits in the spool."""
    assert ledger._task is not None
    await ledger._task


def ids(path: Path) -> list[str]:
    return [entry.id for entry in read_entries(path)]
