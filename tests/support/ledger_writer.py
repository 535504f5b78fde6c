"""A program that fills a SQLite ledger until it is killed: 200 writers at once, each id printed once it is recorded."""

import asyncio
import os
import sys
from functools import partial
from pathlib import Path

from gateway.interfaces import AuditedLedger, SpoolPlace
from gateway.ledgers import sqlite
from gateway.spooling import Spooling, spooled
from support.entries import ledger_entry

WRITERS = 200
ENTRIES_EACH = 1000


async def write(ledger: AuditedLedger, writer: int) -> None:
    """Record one entry after the other and say so."""
    for number in range(ENTRIES_EACH):
        entry = ledger_entry(f"{writer}-{number}")
        await ledger.record(entry)
        # One write an entry, past every buffer: what is read was recorded.
        os.write(1, f"{entry.id}\n".encode())


async def main(path: str) -> None:
    """Run all writers; a lock is a fault at once."""
    build = partial(sqlite.build, sqlite.Options(path=path, busy_timeout_s=0))
    spooling = Spooling(place=SpoolPlace(Path(path), durable=False))
    async with spooled(build, spooling) as ledger, asyncio.TaskGroup() as writers:
        for writer in range(WRITERS):
            writers.create_task(write(ledger, writer))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
