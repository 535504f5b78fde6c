"""A random share of local answers is compared with a strong backend's, without anybody waiting for it."""

import asyncio
import logging
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.policies import assessment, mock, policy
from support.wire_servers import TEXT, serving_openai

from gateway import Router
from gateway.audit.evidence import Evidence
from gateway.backends.mock import Mock
from gateway.decide import Fleet, decide
from gateway.entries import HoldoutRecord, LedgerEntry
from gateway.errors import LedgerError, NoEligibleBackendError
from gateway.holdout import MOST_AT_ONCE, Holdouts
from gateway.ledgers.memory import MemoryLedger
from gateway.policy.models import HoldoutPolicy, Policy
from gateway.types import Level, Money

LATE = {"text": "the answer is 7", "latency_s": 30}
CALL = {"tool_calls": [{"id": "1", "name": "pay", "arguments": "{}"}]}


def held(ours: object = "the answer is 7", theirs: object = "the answer is 7", **holdout: Any) -> Policy:
    """Return a policy with a local backend that answers and a strong one that is compared with it."""
    strong = mock(theirs, clearance="internal", local=False, price={"input": 1_000, "output": 1_000})
    return policy(
        {"llama": mock(ours), "strong": strong},
        {"name": "default", "use": ["llama"]},
        holdout={"backend": "strong", "share": 0.5, **holdout},
    )


def always() -> float:
    """Draw every request."""
    return 0.0


async def compared(
    given: Policy, *, chance: Callable[[], float] = always, **fields: Any
) -> tuple[LedgerEntry, list[HoldoutRecord]]:
    """Route one request; return its entry and what was said beside it."""
    ledger = MemoryLedger(10)
    async with Router.from_policy(given, ledger=ledger, chance=chance) as router:
        await router.route("what is 3 + 4?", **fields)
    (entry,) = await ledger.entries()
    return entry, list(await ledger.holdouts())


async def test_a_local_answer_that_was_drawn_is_compared() -> None:
    """The entry is marked; the strong call is on the books with its cost and how far the two agree."""
    entry, (record,) = await compared(held())

    assert (entry.holdout, entry.backend) == (True, "llama")
    assert (record.entry_id, record.attempt.backend, record.attempt.purpose) == (entry.id, "strong", "holdout")
    assert (record.attempt.score, record.attempt.error) == (1.0, None)
    # Five words in, four out, at 1,000 USD a million.
    assert record.attempt.cost == Money(9 * 10**6)
    assert record.at >= entry.at


@pytest.mark.parametrize(
    ("ours", "theirs", "score"),
    [("the answer is 7", "the answer is 8", 0.0), (CALL, CALL, 1.0), (CALL, "the answer is 7", 0.0)],
)
async def test_the_score_is_how_far_the_answers_agree(ours: object, theirs: object, score: float) -> None:
    """Numbers, texts and calls alike."""
    _, (record,) = await compared(held(ours, theirs))

    assert record.attempt.score == score


async def test_what_was_spent_on_comparing_is_no_cost_of_the_request() -> None:
    """The reply is what it was; the entry was written before."""
    entry, _ = await compared(held())

    assert entry.cost == Money(0)
    assert [attempt.purpose for attempt in entry.attempts] == ["answer"]


async def test_nobody_waits_for_a_comparison() -> None:
    """The reply comes while the strong backend still thinks."""
    ledger = MemoryLedger(10)
    async with Router.from_policy(held(theirs=LATE), ledger=ledger, chance=always) as router:
        async with asyncio.timeout(5):
            reply = await router.route("hello")
        (asking,) = router._holdouts._tasks
        await asyncio.wait({asking}, timeout=0.01)
        asking.cancel()

    (record,) = await ledger.holdouts()
    assert reply.text == "the answer is 7"
    assert (record.attempt.error, record.attempt.score, record.attempt.cost) == ("abandoned", None, None)


async def test_a_streamed_answer_is_compared_too() -> None:
    """How it was given makes no difference."""
    ledger = MemoryLedger(10)
    async with Router.from_policy(held(), ledger=ledger, chance=always) as router:
        stream = router.stream("hello")
        assert "".join([delta.text async for delta in stream]) == "the answer is 7"

    assert [record.attempt.score for record in await ledger.holdouts()] == [1.0]


async def test_a_request_that_was_not_drawn_is_not_compared() -> None:
    """The share is a share."""
    entry, records = await compared(held(share=0.5), chance=lambda: 0.5)

    assert (entry.holdout, records) == (False, [])


async def test_without_the_policy_nothing_is_drawn() -> None:
    """Comparing costs money: somebody must want it."""
    entry, records = await compared(held().model_copy(update={"holdout": None}))

    assert (entry.holdout, records) == (False, [])


async def test_a_failed_comparison_leaves_its_entry_marked() -> None:
    """Leaving out what failed would make the estimate one of the easy requests."""
    entry, (record,) = await compared(held(theirs={"error": "content_filtered"}))

    assert entry.holdout
    assert (record.attempt.error, record.attempt.score) == ("content_filtered", None)


async def test_an_answer_of_a_hosted_backend_is_not_compared() -> None:
    """What was paid for already is no local answer."""
    given = held().model_copy(update={"rules": policy({"strong": mock()}).rules})

    entry, records = await compared(given)

    assert (entry.backend, entry.holdout, records) == ("strong", False, [])


async def test_a_backend_is_not_compared_with_itself() -> None:
    """A local strong backend that answered has nothing to be compared with."""
    given = policy({"llama": mock()}, holdout={"backend": "llama", "share": 1})

    entry, records = await compared(given)

    assert (entry.holdout, records) == (False, [])


# What is not local cannot be cleared for `restricted`, and a holdout above its backend's clearance is refused.
CLEARED = [(clearance, at_most) for clearance in list(Level)[:-1] for at_most in Level if at_most <= clearance]


@pytest.mark.parametrize("level", list(Level))
@pytest.mark.parametrize(("clearance", "at_most"), CLEARED)
async def test_who_may_not_see_a_request_is_not_asked_about_it(level: Level, at_most: Level, clearance: Level) -> None:
    """Law 1: a comparison widens nothing, and the policy may hold it to less."""
    backends = {"llama": mock(), "strong": mock(clearance=str(clearance), local=False)}
    holdout = {"backend": "strong", "share": 1, "at_most": str(at_most)}
    given = policy(backends, {"name": "r", "use": "llama"}, holdout=holdout, default_level="public")
    ledger = MemoryLedger(10)

    async with Router.from_policy(given, ledger=ledger) as router:
        await router.route("hello", tags=[str(level)])
        (strong,) = router.replicas("strong")
        while router._holdouts._tasks:
            await asyncio.wait(router._holdouts._tasks)

    assert isinstance(strong, Mock)
    (entry,) = await ledger.entries()
    may = level <= min(clearance, at_most)
    assert (bool(strong.seen), entry.holdout) == (may, may)


async def test_a_request_that_nobody_answered_is_not_compared() -> None:
    """There is nothing to compare."""
    ledger = MemoryLedger(10)
    given = policy({"strong": mock(clearance="internal")}, holdout={"backend": "strong"})
    async with Router.from_policy(given, ledger=ledger, chance=always) as router:
        with pytest.raises(NoEligibleBackendError):
            await router.route("hello", tags=["phi"])

    assert not (await ledger.entries())[0].holdout


async def test_a_cancelled_request_is_not_compared() -> None:
    """Nobody was given its answer."""
    ledger = MemoryLedger(10)
    async with Router.from_policy(held(ours=LATE), ledger=ledger, chance=always) as router:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(router.route("hello"), timeout=0.05)

    (entry,) = await ledger.entries()
    assert (entry.status, entry.holdout) == ("cancelled", False)


def test_the_share_is_drawn_independently_of_the_request() -> None:
    """Whatever is asked, the same chance decides; 2 % of 20,000 are 400, give or take five deviations."""
    generator = random.Random(7)
    holdouts, given = Holdouts(generator.random), held().holdout
    assert given is not None
    share = given.model_copy(update={"share": 0.02})
    plan = decide(assessment(), held(), Fleet())

    drawn = sum(holdouts.draws(share, assessment(difficulty=n / 20_000), plan) for n in range(20_000))

    assert abs(drawn - 400) < 5 * 20


def test_a_seed_that_the_program_sets_does_not_foretell_the_share() -> None:
    """The randomness is the router's own."""
    share, plan = HoldoutPolicy(backend="strong", share=0.5), decide(assessment(), held(), Fleet())

    def draws() -> list[bool]:
        random.seed(1)
        holdouts = Holdouts()
        return [holdouts.draws(share, assessment(), plan) for _ in range(100)]

    assert draws() != draws()


async def test_more_than_so_many_at_once_are_dropped_and_counted() -> None:
    """A slow strong backend does not pile up calls; what was drawn stays marked."""
    ledger = MemoryLedger(100)
    async with Router.from_policy(held(theirs=LATE), ledger=ledger, chance=always) as router:
        for _ in range(MOST_AT_ONCE + 3):
            await router.route("hello")
        tasks = set(router._holdouts._tasks)
        for task in tasks:
            task.cancel()

    assert (len(tasks), router._holdouts.dropped) == (MOST_AT_ONCE, 3)
    assert all(entry.holdout for entry in await ledger.entries())


async def test_closing_breaks_off_what_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """A router does not wait for ever, and what it breaks off is on the books."""
    monkeypatch.setattr("gateway.holdout.LAST_WAIT_S", 0.01)

    _, (record,) = await compared(held(theirs=LATE))

    assert record.attempt.error == "abandoned"


async def test_a_comparison_that_never_began_gives_back_what_it_held() -> None:
    """A policy's parts are closed also where a task ends before its first step."""
    async with asyncio.timeout(5), Router.from_policy(held(), chance=always) as router:
        task = asyncio.create_task(router.route("hello"))
        await task
        (begun,) = router._holdouts._tasks
        begun.cancel()

    assert router._holdouts._tasks == set()


async def test_a_comparison_ends_on_the_policy_that_it_began_with(tmp_path: Path) -> None:
    """A changed policy does not close the backend that is being asked."""
    text = """\
version: 1
ledger: memory
backends:
  llama: {kind: mock, model: m, clearance: restricted, local: true, answers: ["WORDS"]}
  strong: {kind: openai_http, model: m, urls: ["URL"], clearance: internal, local: false}
rules: [{name: default, use: [llama]}]
holdout: {backend: strong, share: 1}
"""
    path, ledger = tmp_path / "p.yaml", MemoryLedger(10)
    async with serving_openai() as server:
        server.gate = asyncio.Event()
        text = text.replace("URL", server.url)
        path.write_text(text.replace("WORDS", TEXT))
        async with Router.from_policy(path, ledger=ledger) as router:
            await router.route("hello")
            await server.arrived.wait()
            path.write_text(text.replace("WORDS", "something else"))
            # Where a second has passed since it was opened, the router itself may have looked by now.
            await router.refresh()
            retiring = set(router._generations._retiring)
            assert len(retiring) == 1
            server.gate.set()
            await asyncio.wait({*router._holdouts._tasks, *retiring})

    assert [record.attempt.score for record in await ledger.holdouts()] == [1.0]


class Unwritable(MemoryLedger):
    """A ledger that takes no comparisons."""

    async def holdout(self, record: HoldoutRecord, evidence: Evidence | None = None) -> bool:
        raise LedgerError("the disk is full")


async def test_a_comparison_that_cannot_be_written_is_said(caplog: pytest.LogCaptureFixture) -> None:
    """Nobody waits for it, so that the log is where it is seen."""
    async with Router.from_policy(held(), ledger=Unwritable(10), chance=always) as router:
        await router.route("hello")

    assert "could not be written" in caplog.text


async def test_a_comparison_that_cannot_be_scored_is_said_without_words(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of ours loses the score, and neither the call's cost nor anybody's words."""

    def broken(*answers: object, **_: object) -> float:
        raise ValueError(answers)

    monkeypatch.setattr("gateway.judges._similarity.agreement", broken)

    with caplog.at_level(logging.ERROR):
        _, (record,) = await compared(held())

    assert (record.attempt.score, record.attempt.error) == (None, None)
    assert "failed with ValueError" in caplog.text
    assert "answer is 7" not in caplog.text
