"""A program that writes numbered entries to a PostgreSQL ledger, many at once, and prints each id once it is recorded.

The URL comes from the environment: a command line is seen by everybody on the machine.
"""

import asyncio
import os
import sys
from collections.abc import Iterator

from gateway.ledgers import postgres
from support.many_entries import numbered

AT_ONCE = 200


async def main(schema: str, first: int, count: int) -> None:
    """Record so many entries."""
    options = postgres.Options.model_validate(
        {"dsn": os.environ["LEDGER_DSN"], "in_schema": schema, "retry_s": 60, "timeout_s": 30}
    )
    numbers = iter(range(first, first + count))

    async def write(taken: Iterator[int]) -> None:
        for number in taken:
            entry = numbered(number)
            await ledger.record(entry)
            sys.stdout.write(f"{entry.id}\n")
            sys.stdout.flush()

    async with postgres.build(options) as ledger, asyncio.TaskGroup() as writers:
        for _ in range(AT_ONCE):
            writers.create_task(write(numbers))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
