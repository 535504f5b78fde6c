"""PostgreSQL ledgers for tests: in a schema of their own, and what another program sees and does there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from gateway.entries import Feedback
from gateway.ledgers import postgres
from support.entries import NOON
from support.ledgers import postgres_options
from support.postgres_server import PostgresServer

# Ends every connection of ours.
CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'hybrid-gateway'"


def impatient(server: PostgresServer) -> postgres.Options:
    """Return a schema that nobody has begun, and a ledger that does not wait long."""
    return postgres.Options(**postgres_options(server.dsn), timeout_s=0.5, retry_s=0, connect_timeout_s=5)


@asynccontextmanager
async def linked(options: postgres.Options) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """Connect as another program would, with the tables at hand."""
    link = await asyncpg.connect(options.dsn.get_secret_value(), server_settings={"search_path": options.in_schema})
    try:
        yield link
    finally:
        await link.close()


async def tell(options: postgres.Options, *statements: str) -> list[Any]:
    """Run statements; return the rows of the last."""
    async with linked(options) as link:
        return [await link.fetch(statement) for statement in statements][-1]


def ids(options: postgres.Options) -> list[str]:
    """Return the ids on the books."""
    return [entry.id for entry in postgres.reader(options).entries()]


def said(entry_id: str, **fields: Any) -> Feedback:
    """Return a judgement of the tenant whose entries `ledger_entry` makes."""
    return Feedback(entry_id=entry_id, **{"score": 0.5, "source": "caller", "at": NOON, "tenant": "acme", **fields})
