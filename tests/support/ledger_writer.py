"""A program that fills a SQLite ledger until it is killed: 200 writers at once, each id printed once it is recorded."""

import asyncio
import sys

from gateway.ledgers import sqlite
from support.entries import ledger_entry

WRITERS = 200
ENTRIES_EACH = 100


async def write(ledger: sqlite.SqliteLedger, writer: int) -> None:
    """Record one entry after the other and say so."""
    for number in range(ENTRIES_EACH):
        entry = ledger_entry(f"{writer}-{number}")
        await ledger.record(entry)
        sys.stdout.write(f"{entry.id}\n")
        sys.stdout.flush()


async def main(path: str) -> None:
    """Run all writers."""
    async with sqlite.build(sqlite.Options(path=path)) as ledger, asyncio.TaskGroup() as writers:
        for writer in range(WRITERS):
            writers.create_task(write(ledger, writer))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
