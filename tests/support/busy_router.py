"""A router under 200 concurrent requests that tells each reply it got, until it is killed: `busy_router.py LEDGER`."""

import asyncio
import os
import sys

from gateway import Router
from support.policies import mock, policy

CONCURRENT = 200
MOST_EACH = 1000


async def _caller(router: Router) -> None:
    for _ in range(MOST_EACH):
        reply = await router.route("hello")
        # One write a reply, past every buffer: what the parent reads, the caller had.
        os.write(1, f"{reply.entry_id}\n".encode())


async def _main(ledger: str) -> None:
    backends = {
        "llama": mock({"text": "poor", "latency_s": 0.001}, "good", {"error": "unavailable"}, "good"),
        "frontier": mock("fine", clearance="internal", local=False),
    }
    rule = {"name": "default", "use": ["llama", "frontier"], "accept": {"judge": "format", "one_of": ["good"]}}
    # A lock is a fault at once.
    rules = policy(backends, rule, ledger={"kind": "sqlite", "path": ledger, "busy_timeout_s": 0})
    async with Router.from_policy(rules) as router, asyncio.TaskGroup() as group:
        for _ in range(CONCURRENT):
            group.create_task(_caller(router))


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1]))
