"""A router with a ledger that is down: replies are given and kept, or refused before anybody is asked."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from support.entries import ledger_entry
from support.policies import mock, policy
from support.spools import Lock, ids, replayed

from gateway import Router
from gateway.backends.mock import Mock
from gateway.errors import LedgerError
from gateway.ledgers.memory import MemoryLedger
from gateway.opening import open_ledger, reader_of, spool_place
from gateway.policy.models import Policy
from gateway.policy.parts import LedgerPolicy
from gateway.spool import Spool, Spooled, spools
from gateway.spooling import SpooledLedger
from gateway.vitals import LedgerState


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


def kept_in(path: Path, **keys: Any) -> Policy:
    return policy({"llama": mock("good")}, ledger={"kind": "sqlite", "path": str(path), "busy_timeout_s": 0, **keys})


def asked(router: Router) -> int:
    """Return how many requests the backend has seen."""
    (backend,) = router.replicas("llama")
    assert isinstance(backend, Mock)
    return len(backend.seen)


async def until_it_works(router: Router) -> LedgerState:
    assert isinstance(router.ledger, SpooledLedger)
    await replayed(router.ledger)
    return router.ledger_state


async def test_a_reply_is_given_while_the_ledger_is_down_and_gets_on_the_books(path: Path) -> None:
    """A stream's end as well; the router says how things stand."""
    async with Router.from_policy(kept_in(path)) as router:
        lock = Lock(path)
        reply = await router.route("hello")
        stream = router.stream("hello")
        text = "".join([delta.text async for delta in stream])
        down = router.ledger_state
        lock.release()
        up = await until_it_works(router)

    assert stream.reply is not None
    assert (reply.text, text) == ("good", "good")
    assert sorted(ids(path)) == sorted([reply.entry_id, stream.reply.entry_id])
    assert (down.waiting, up.waiting, up.replayed, up.problem) == (2, 0, 2, None)


async def test_a_required_ledger_that_is_down_refuses_requests_before_anybody_is_asked(path: Path) -> None:
    """No money is spent on what could not be recorded; the one call that showed the fault is recorded later."""
    async with Router.from_policy(kept_in(path, required=True)) as router:
        lock = Lock(path)
        with pytest.raises(LedgerError, match="locked"):
            await router.route("hello")
        with pytest.raises(LedgerError, match="nobody was asked"):
            await router.route("hello")
        with pytest.raises(LedgerError, match="nobody was asked"):
            async for _ in router.stream("hello"):
                pass
        plan = (await router.explain("hello")).plan
        calls = asked(router)
        lock.release()
        await until_it_works(router)
        reply = await router.route("hello")

    assert (calls, [step.backend for step in plan.steps]) == (1, ["llama"])
    assert len(ids(path)) == 2
    assert ids(path)[-1] == reply.entry_id


async def test_a_ledger_that_was_given_has_no_spool() -> None:
    """Whoever makes it looks after it."""
    async with Router.from_policy(policy({"llama": mock()}), ledger=MemoryLedger(9)) as router:
        state = router.ledger_state

    assert state == LedgerState(place="memory")


async def test_the_spool_may_be_in_another_folder(tmp_path: Path, path: Path) -> None:
    """On another disk, which is not full when the ledger's is; ledgers of one name do not meet there."""
    folder = tmp_path / "other disk"
    part, other = (
        LedgerPolicy.model_validate({"kind": "sqlite", "path": str(file), "spool": {"folder": str(folder)}})
        for file in (path, tmp_path / "elsewhere" / path.name)
    )
    place, others = spool_place(part), spool_place(other)
    assert place is not None
    assert others is not None
    spool = Spool.make(place, most=1 << 20)
    spool.append(Spooled(ledger_entry("one"), None))
    spool.close()

    async with Router.from_policy(kept_in(path, spool={"folder": str(folder)})) as router:
        await until_it_works(router)

    assert (place.stem.parent, others.stem.parent) == (folder, folder)
    assert place.stem.name.startswith("ledger.db-")
    assert place.stem != others.stem
    assert (ids(path), spools(place)) == (["one"], [])


def test_a_ledger_in_memory_has_no_spool() -> None:
    """It takes all."""
    assert spool_place(LedgerPolicy(kind="memory")) is None


async def test_many_requests_at_once_are_all_kept_once(path: Path) -> None:
    """Those that wait for the lock when it fails, and those that come after."""
    async with Router.from_policy(kept_in(path)) as router:
        lock = Lock(path)
        replies = await asyncio.gather(*(router.route("hello") for _ in range(50)))
        lock.release()
        await until_it_works(router)
        replies += await asyncio.gather(*(router.route("hello") for _ in range(50)))

    assert sorted(ids(path)) == sorted(reply.entry_id for reply in replies)


async def test_a_kind_without_a_spool_is_opened_as_it_is() -> None:
    """And leaves nothing to read."""
    part = LedgerPolicy(kind="memory")

    async with open_ledger(part) as ledger:
        assert isinstance(ledger, MemoryLedger)

    assert reader_of(part) is None


def test_a_file_is_read_by_its_kind(path: Path) -> None:
    """For reports and budgets."""
    reader = reader_of(LedgerPolicy.model_validate({"kind": "sqlite", "path": str(path)}))

    assert reader is not None
    assert reader.place == str(path)
