"""Route the demo's requests through the real pipeline and say what became of each.

The demo decides nothing: what it shows comes from the ledger, the replies and the errors of the router.
"""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from gateway.demo.outcome import DemoResult, Told, accuracy, decision_of
from gateway.demo.rows import DemoRow, load_rows
from gateway.demo.stage import FRONTIER, STAND_IN_MODEL, Closed, Provider, find_models, set_stage
from gateway.demo.standin import stand_in
from gateway.errors import CascadeExhaustedError, NoEligibleBackendError
from gateway.money.account import savings
from gateway.money.rollups import summed
from gateway.router import Router
from gateway.types import Reply, Request

# Two small models that answer one call at a time: more callers would only wait.
_AT_ONCE = 4

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """How to run the demo: where the books are kept, and whose closed model answers (None: the stand-in)."""

    ledger: Path
    provider: Provider | None = None
    latency_s: float = 0.05


async def run(options: DemoOptions, on_progress: Progress | None = None) -> DemoResult:
    """Open two models and the closed side, route all requests, and return what became of them.

    `on_progress` is told how many requests are done, and of how many. Raises `ConfigurationError` where a model or
    llama.cpp is not installed.
    """
    started, models, rows = time.monotonic(), find_models(), load_rows()
    async with closed_side(options, rows) as closed:
        policy = set_stage(models, closed=closed, ledger=options.ledger)
        requests = _requests(rows, closed)
        async with Router.from_policy(policy) as router:
            opened = datetime.now(UTC)
            told = await route_all(router, requests, on_progress)
            books = {entry.request_id: entry for entry in await router.ledger.entries(since=opened)}
            place = router.ledger.place
    entries = [books[request.id] for request in requests]
    decisions = tuple(map(decision_of, rows, [told[request.id] for request in requests], entries))
    account = savings(*summed(entries), policy=policy)
    return DemoResult(
        decisions=decisions,
        accuracy=accuracy(decisions),
        totals=account.total,
        unpooled=account.unpooled,
        baseline_model=policy.baseline,
        stand_in=closed.seen is not None,
        private=sum(row.private for row in rows),
        private_kept=sum(
            row.private and FRONTIER not in decision.asked for row, decision in zip(rows, decisions, strict=True)
        ),
        private_at_stand_in=private_seen(rows, closed),
        licences={backend.model: backend.licence for backend in policy.backends.values() if backend.licence},
        attribution=_attribution(told.values()),
        ledger=place,
        duration_s=time.monotonic() - started,
    )


@asynccontextmanager
async def closed_side(options: DemoOptions, rows: Sequence[DemoRow]) -> AsyncIterator[Closed]:
    """Give the provider that was chosen, else start the stand-in."""
    if options.provider is not None:
        yield Closed(model=options.provider.model)
        return
    answers = {row.prompt: row.stand_in for row in rows if row.stand_in is not None}
    async with stand_in(answers, latency_s=options.latency_s) as server:
        yield Closed(model=STAND_IN_MODEL, base_url=server.base_url, seen=server.seen)


def _requests(rows: Sequence[DemoRow], closed: Closed) -> list[Request]:
    run_name = f"demo-{secrets.token_hex(4)}"
    return [row.request(run=run_name, reasoning=closed.seen is None) for row in rows]


async def route_all(
    router: Router, requests: Sequence[Request], on_progress: Progress | None = None
) -> dict[str | None, Told]:
    """Return what the caller of each request was told, by the request's id; the first other fault ends all."""
    told: dict[str | None, Told] = {}
    gate = asyncio.Semaphore(_AT_ONCE)

    async def route(request: Request) -> None:
        async with gate:
            told[request.id] = await _route(router, request)
        if on_progress is not None:
            on_progress(len(told), len(requests))

    try:
        async with asyncio.TaskGroup() as group:
            for request in requests:
                group.create_task(route(request))
    except ExceptionGroup as faults:
        # The first fault cancels the rest; whoever called wants it plain.
        raise faults.exceptions[0] from None
    return told


async def _route(router: Router, request: Request) -> Told:
    try:
        return await router.route(request)
    except (NoEligibleBackendError, CascadeExhaustedError) as refusal:
        return refusal


def private_seen(rows: Sequence[DemoRow], closed: Closed) -> int | None:
    """Return how many private prompts reached the stand-in, None where a provider answered."""
    if closed.seen is None:
        return None
    return sum(any(row.prompt in text for text in closed.seen) for row in rows if row.private)


def _attribution(told: Iterable[Told]) -> tuple[str, ...]:
    lines = (line for reply in told if isinstance(reply, Reply) for line in reply.attribution)
    return tuple(dict.fromkeys(lines))
