"""How the demo drives a router."""

from pathlib import Path

import pytest
from support.policies import mock, policy

from gateway.audit.evidence import Evidence
from gateway.demo.rows import load_rows
from gateway.demo.run import DemoOptions, closed_side, private_seen, route_all
from gateway.demo.stage import PROVIDERS, Closed
from gateway.entries import LedgerEntry
from gateway.errors import CascadeExhaustedError, LedgerError, NoClearedBackendError
from gateway.ledgers.memory import MemoryLedger
from gateway.router import Router
from gateway.types import Reply
from gateway.wire.request import parse_request


class FullDisk(MemoryLedger):
    """A ledger that cannot be written."""

    async def record(self, entry: LedgerEntry, evidence: Evidence | None = None) -> None:
        raise LedgerError("the disk is full")


async def test_answers_refusals_and_failures_are_told_apart() -> None:
    """Every caller is told what became of the request; nothing ends the others."""
    requests = [
        parse_request("hello", id="answered"),
        parse_request("hello", id="refused", tags={"phi"}),
        parse_request("hello", id="failed", task="broken"),
    ]
    given = policy(
        {
            "well": mock("hi", clearance="internal"),
            "broken": mock({"error": "unavailable"}, clearance="internal"),
        },
        {"name": "broken", "when": {"task": "broken"}, "use": "broken"},
        {"name": "default", "use": "well"},
    )

    async with Router.from_policy(given) as router:
        told = await route_all(router, requests)

    kinds = {name: type(end) for name, end in told.items()}
    assert kinds == {"answered": Reply, "refused": NoClearedBackendError, "failed": CascadeExhaustedError}


async def test_progress_is_told_after_every_request() -> None:
    """A progress bar can follow."""
    steps: list[tuple[int, int]] = []
    requests = [parse_request("hello", id=str(number)) for number in range(3)]

    async with Router.from_policy(policy({"well": mock("hi")})) as router:
        await route_all(router, requests, lambda done, total: steps.append((done, total)))

    assert steps == [(1, 3), (2, 3), (3, 3)]


async def test_a_ledger_that_cannot_be_written_ends_the_demo() -> None:
    """The demo does not go on without its books, and the error comes as it is."""
    ledger = FullDisk(capacity=10)

    async with Router.from_policy(policy({"well": mock("hi")}), ledger=ledger) as router:
        with pytest.raises(LedgerError, match="the disk is full"):
            await route_all(router, [parse_request("hello", id="one")])


async def test_a_chosen_provider_takes_the_place_of_the_stand_in() -> None:
    """With --real nothing is scripted and nothing listens."""
    options = DemoOptions(ledger=Path("ledger.sqlite3"), provider=PROVIDERS[0])

    async with closed_side(options, load_rows()) as closed:
        pass

    assert closed == Closed(model=PROVIDERS[0].model)


async def test_the_stand_in_knows_every_row_that_may_reach_it() -> None:
    """Without --real the closed side is on loopback and has seen nothing yet."""
    options = DemoOptions(ledger=Path("ledger.sqlite3"))

    async with closed_side(options, load_rows()) as closed:
        pass

    assert closed.base_url is not None
    assert closed.base_url.startswith("http://127.0.0.1:")
    assert list(closed.seen or ()) == []


def test_a_private_prompt_inside_a_longer_text_is_found() -> None:
    """The stand-in's memory is searched for the whole prompt, wherever it stands; a provider's cannot be."""
    rows = load_rows()
    private = next(row for row in rows if row.private)
    leaked = Closed(model="m", base_url="http://127.0.0.1:1/v1", seen=["fine", f"System.\n{private.prompt}"])

    counts = private_seen(rows, leaked), private_seen(rows, Closed(model="m"))

    assert counts == (1, None)
