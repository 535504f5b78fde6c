"""The whole pipeline over scripted backends: from a request to its entry in the ledger."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.policies import mock, policy

from gateway import Router
from gateway.audit.evidence import Evidence
from gateway.backends.mock import Mock
from gateway.entries import LedgerEntry
from gateway.errors import (
    CascadeExhaustedError,
    ConfigurationError,
    InvalidRequestError,
    LedgerError,
    NoEligibleBackendError,
    PolicyError,
)
from gateway.ledgers.memory import MemoryLedger
from gateway.policy.models import Policy, RetryPolicy
from gateway.types import Level, Money, Need, Reply, Stakes, Usage
from gateway.wire.openai import parse_request

LATE = {"text": "late", "latency_s": 30}
JUDGED = {"accept": {"judge": "format", "one_of": ["billing", "refund"]}}
PIXEL = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}


def script(router: Router, name: str) -> Mock:
    """Return the one scripted replica of a backend."""
    (backend,) = router.replicas(name)
    assert isinstance(backend, Mock)
    return backend


def two(*answers: object, frontier: object = "a strong answer", **rule: object) -> Policy:
    """Return a policy with a local model and a frontier model whose price is known."""
    return policy(
        {
            "llama": mock(*answers, licence="llama-3.1"),
            "frontier": mock(
                frontier, clearance="internal", local=False, price={"input": 1, "output": 10}, region="us"
            ),
        },
        {"name": "default", "use": ["llama", "frontier"], **rule},
        baseline="openai/gpt-5-mini",
    )


async def entries(router: Router) -> list[LedgerEntry]:
    """Return what the books say."""
    return list(await router.ledger.entries())


async def test_a_reply_carries_its_answer_and_its_reasons() -> None:
    """Who answered, who could have, what it cost, what must be shown."""
    async with Router.from_policy(two("hello back")) as router:
        reply = await router.route("hello")

    assert (reply.text, reply.backend, reply.model) == ("hello back", "llama", "mock-1")
    assert reply.plan.reasons["frontier"].admitted
    assert reply.cost == Money(0)
    assert reply.saved is not None
    assert reply.saved > Money(0)
    assert reply.attribution == ("Built with Llama",)


async def test_an_answered_request_is_on_the_books() -> None:
    """The entry has the same id, and no word of the prompt or the answer."""
    async with Router.from_policy(two("a secret answer")) as router:
        reply = await router.route("a secret question", task="chat", tags={"pii"})
        (entry,) = await entries(router)

    assert (entry.id, entry.status, entry.backend) == (reply.entry_id, "answered", "llama")
    assert (entry.task, entry.tags, entry.level) == ("chat", ("pii",), Level.CONFIDENTIAL)
    assert "secret" not in repr(entry)


async def test_a_rejected_answer_is_escalated_and_both_calls_are_booked() -> None:
    """The cheap answer was read and found wanting."""
    async with Router.from_policy(two("whatever", **JUDGED)) as router:
        reply = await router.route("hello")
        (entry,) = await entries(router)

    assert reply.backend == "frontier"
    assert entry.escalated
    assert [attempt.backend for attempt in entry.attempts] == ["llama", "frontier"]


@pytest.mark.parametrize(("stakes", "backend"), [("low", "llama"), ("normal", "llama"), ("high", "frontier")])
async def test_a_doubt_that_is_fine_at_normal_stakes_escalates_at_high_ones(stakes: Stakes, backend: str) -> None:
    """What hangs on an answer reaches the judge that reads it."""
    sure = {"text": "billing", "confidence": 0.85}

    async with Router.from_policy(two(sure, accept={"judge": "confidence", "at_least": 0.8})) as router:
        reply = await router.route("hello", stakes=stakes)

    assert reply.backend == backend


async def test_a_pinned_backend_is_asked_again_after_a_transient_fault() -> None:
    """A pin chooses whom to ask, not how patiently."""
    given_ = two("unused", frontier={"error": "unavailable"}).model_copy(
        update={"retries": RetryPolicy(attempts=2, first_wait_s=0)}
    )

    async with Router.from_policy(given_) as router:
        with pytest.raises(CascadeExhaustedError):
            await router.route("hello", pin="frontier")
        (entry,) = await entries(router)

    assert [attempt.backend for attempt in entry.attempts] == ["frontier", "frontier"]


async def test_a_pin_that_admits_nobody_is_refused_with_reasons() -> None:
    """A private prompt stays, whoever pins what; in pieces too."""
    async with Router.from_policy(two("unused")) as router:
        with pytest.raises(NoEligibleBackendError) as caught:
            await router.route("hello", tags={"phi"}, pin="frontier")
        with pytest.raises(NoEligibleBackendError):
            await anext(aiter(router.stream("hello", tags={"phi"}, pin="frontier")))
        explanation = await router.explain("hello", tags={"phi"}, pin="frontier")

    assert caught.value.reasons["llama"] == "out: the caller pinned 'frontier'"
    assert explanation.plan.backends == ()


async def test_a_private_request_stays_when_its_answer_is_rejected() -> None:
    """Escalation never leaves the house: the weak answer is given, marked."""
    async with Router.from_policy(two("whatever", **JUDGED, unaccepted="answer")) as router:
        reply = await router.route("hello", tags={"phi"})

        assert script(router, "frontier").seen == []
    assert reply.backend == "llama"


async def test_a_private_request_is_refused_rather_than_escalated() -> None:
    """A private prompt that the small model fails at is refused, not sent to a third party."""
    async with Router.from_policy(two("whatever", **JUDGED, unaccepted="refuse")) as router:
        with pytest.raises(CascadeExhaustedError):
            await router.route("hello", tags={"phi"})

        assert script(router, "frontier").seen == []


async def test_a_refused_request_is_recorded_once_with_its_reasons() -> None:
    """Nobody may answer: the error says why, the books say that."""
    rules = policy({"frontier": mock(clearance="internal", local=False)})
    async with Router.from_policy(rules) as router:
        with pytest.raises(NoEligibleBackendError) as caught:
            await router.route("hello", tags={"phi"})
        (entry,) = await entries(router)

    assert "phi" in caught.value.reasons["frontier"]
    assert (entry.status, entry.id, entry.attempts) == ("refused", caught.value.entry_id, ())


async def test_a_failed_request_is_recorded_with_every_attempt() -> None:
    """Everybody was asked, nobody answered."""
    async with Router.from_policy(two({"error": "unavailable"}, frontier={"error": "rate_limited"})) as router:
        with pytest.raises(CascadeExhaustedError) as caught:
            await router.route("hello")
        (entry,) = await entries(router)

    assert len(caught.value.attempts) == 2
    assert [attempt.error for attempt in entry.attempts] == ["unavailable", "rate_limited"]
    assert entry.status == "exhausted"


async def test_a_cancelled_request_is_recorded() -> None:
    """What the caller walked away from is on the books, with the call that was cut."""
    async with Router.from_policy(two({"text": "late", "latency_s": 30})) as router:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(router.route("hello"), timeout=0.3)
        (entry,) = await entries(router)

    assert entry.status == "cancelled"
    assert [attempt.error for attempt in entry.attempts] == ["abandoned"]


async def test_a_deadline_ends_a_request() -> None:
    """The caller's time limit covers everything."""
    async with Router.from_policy(two({"text": "late", "latency_s": 30})) as router:
        with pytest.raises(CascadeExhaustedError):
            await router.route("hello", deadline_s=0.02)
        (entry,) = await entries(router)

    assert entry.attempts[0].error == "timeout"


async def test_an_image_goes_to_who_can_read_it() -> None:
    """Capabilities count as well as clearance: an image that nobody has read is as private as can be."""
    rules = policy({"text": mock(supports=[]), "eyes": mock("a cat", supports=[str(need) for need in Need])})
    async with Router.from_policy(rules) as router:
        reply = await router.route([{"role": "user", "content": [{"type": "text", "text": "what is it"}, PIXEL]}])

    assert reply.backend == "eyes"
    assert reply.plan.reasons["text"].code == "needs"


async def test_messages_tools_and_formats_reach_the_backend() -> None:
    """The OpenAI shape goes in whole and comes out whole."""
    call = {"id": "1", "name": "look_up", "arguments": '{"q": 1}'}
    tool = {"type": "function", "function": {"name": "look_up", "parameters": {"type": "object"}}}
    rules = policy({"a": mock({"tool_calls": [call]})})
    async with Router.from_policy(rules) as router:
        reply = await router.route([{"role": "user", "content": "hi"}], tools=[tool], temperature=0)
        seen = script(router, "a").seen[0]

    assert seen.tools == (tool,)
    assert seen.sampling == {"temperature": 0}
    assert reply.tool_calls[0].name == "look_up"
    assert reply.openai()["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"] == '{"q": 1}'


async def test_a_malformed_request_is_neither_sent_nor_recorded() -> None:
    """Bad input is refused whole."""
    async with Router.from_policy(two()) as router:
        with pytest.raises(InvalidRequestError, match="messages"):
            await router.route([])

        assert await entries(router) == []
        assert script(router, "llama").seen == []


async def test_a_prompt_beyond_the_limit_is_refused_with_the_remedy() -> None:
    """Ten megabytes of text do not stall the process."""
    async with Router.from_policy(two()) as router:
        with pytest.raises(InvalidRequestError, match="prompt_characters"):
            await router.route("x" * 10_000_000)

        assert script(router, "llama").seen == []


async def test_explaining_calls_nobody_and_writes_nothing() -> None:
    """The plan can be looked at beforehand."""
    async with Router.from_policy(two()) as router:
        explanation = await router.explain("hello", tags={"pii"})

        assert script(router, "llama").seen == []
        assert await entries(router) == []
    assert explanation.plan.backends == ("llama",)
    assert explanation.assessment.level == Level.CONFIDENTIAL


async def test_a_closed_router_says_how_to_open_it() -> None:
    """The remedy stands in the message."""
    router = Router.from_policy(two())

    with pytest.raises(ConfigurationError, match="async with"):
        await router.route("hello")
    with pytest.raises(ConfigurationError, match="async with"):
        router.replicas("llama")


async def test_a_stream_gives_pieces_then_the_reply() -> None:
    """The pieces add up to the reply, and the entry is there."""
    async with Router.from_policy(two("one two three")) as router, router.stream("hello") as stream:
        pieces = [delta.text async for delta in stream]
        (entry,) = await entries(router)

    assert stream.reply is not None
    assert "".join(pieces) == stream.reply.text == "one two three"
    assert stream.reply.usage.completion_tokens == 3
    assert (entry.status, entry.streamed) == ("answered", True)


async def test_the_end_of_a_stream_comes_after_its_entry() -> None:
    """Whoever got the whole answer can find it on the books."""
    seen: list[LedgerEntry] = []
    async with Router.from_policy(two("one two")) as router:
        async for delta in router.stream("hello"):
            if delta.finish_reason:
                seen = await entries(router)

    assert len(seen) == 1


async def test_closing_a_stream_closes_the_upstream_and_books_it() -> None:
    """A consumer that leaves early costs nothing more."""
    async with Router.from_policy(two("one two three")) as router:
        async with router.stream("hello") as stream:
            await anext(stream)
        (entry,) = await entries(router)

        assert script(router, "llama").abandoned == 1
    assert entry.status == "cancelled"


@pytest.mark.parametrize("at_the_end", [False, True])
async def test_a_stream_that_its_reader_left_does_not_hold_the_router_open(*, at_the_end: bool) -> None:
    """`break` in a loop is enough: the router closes the stream when it closes, and the entry is there."""
    ledger = MemoryLedger(capacity=10)
    async with Router.from_policy(two("one two three"), ledger=ledger) as router:
        stream = router.stream("hello")
        async for delta in stream:
            if delta.finish_reason or not at_the_end:
                break

    (entry,) = await ledger.entries()
    assert entry.status == ("answered" if at_the_end else "cancelled")


async def test_the_same_request_twice_is_two_entries() -> None:
    """The caller's own id is kept beside the entry's, which is always new."""
    request = parse_request("hello", id="order-1")
    async with Router.from_policy(two()) as router:
        replies = [await router.route(request) for _ in range(2)]
        booked = await entries(router)

    assert [entry.id for entry in booked] == [reply.entry_id for reply in replies]
    assert [entry.request_id for entry in booked] == ["order-1", "order-1"]


async def test_a_router_can_be_opened_again() -> None:
    """What was closed is closed, and what is opened is new."""
    router = Router.from_policy(two())
    for _ in range(2):
        async with router:
            await router.route("hello")
            assert len(await entries(router)) == 1


async def test_a_router_that_cannot_wait_ends_its_requests_and_books_them() -> None:
    """Who is cut off while closing still finds every request on the books."""
    ledger = MemoryLedger(capacity=10)

    async def hurried() -> None:
        async with asyncio.timeout(0.3), Router.from_policy(two(LATE), ledger=ledger) as router:
            tasks.append(asyncio.create_task(router.route("hello")))
            await asyncio.sleep(0)

    tasks: list[asyncio.Task[Reply]] = []
    with pytest.raises(TimeoutError):
        await hurried()

    (entry,) = await ledger.entries()
    assert tasks[0].cancelled()
    assert entry.status == "cancelled"


async def test_an_unknown_usage_is_shown_as_unknown() -> None:
    """Unknown is not zero, in OpenAI's shape either."""
    async with Router.from_policy(two("hello")) as router:
        reply = await router.route("hello")

    assert reply.openai()["usage"]["total_tokens"] == 2
    assert replace(reply, usage=Usage()).openai()["usage"] is None


async def test_a_stream_that_breaks_off_raises() -> None:
    """Half an answer is not passed off as a whole one, and nobody else continues it."""
    broken = {"text": "one two three", "error": "unavailable", "break_after": 2}
    async with Router.from_policy(two(broken)) as router:
        stream = router.stream("hello")
        with pytest.raises(CascadeExhaustedError):
            [delta async for delta in stream]
        (entry,) = await entries(router)

        assert script(router, "frontier").seen == []
    assert entry.status == "exhausted"


async def test_a_stream_gives_the_rejected_answer_when_nobody_else_can() -> None:
    """The marked answer is better than none, and it is streamed like any other."""
    rules = two("whatever", frontier={"error": "unavailable"}, **JUDGED)
    async with Router.from_policy(rules) as router:
        stream = router.stream("hello")
        text = "".join([delta.text async for delta in stream])

    assert text == "whatever"
    assert stream.reply is not None
    assert stream.reply.accepted is False


class Full(MemoryLedger):
    """A ledger whose disk is full."""

    async def record(self, entry: LedgerEntry, evidence: Evidence | None = None) -> None:
        raise LedgerError("the disk is full")


async def test_a_cancelled_request_stays_cancelled_when_its_entry_cannot_be_written(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The caller's time-out is not turned into something else; the loss is logged."""
    async with Router.from_policy(two({"text": "late", "latency_s": 30}), ledger=Full(1)) as router:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(router.route("hello"), timeout=0.2)

    assert "could not be written" in caplog.text


async def test_an_entry_that_cannot_be_written_is_an_error() -> None:
    """A reply that is not on the books is not given."""
    async with Router.from_policy(two(), ledger=Full(1)) as router:
        with pytest.raises(LedgerError, match="full"):
            await router.route("hello")


async def test_no_log_line_holds_the_prompt(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever happens, the logs stay free of content."""
    caplog.set_level(logging.DEBUG)
    async with Router.from_policy(two("canary-answer", **JUDGED)) as router:
        reply = await router.route("canary-prompt canary@example.com")

    assert "canary" not in caplog.text
    assert "canary" not in repr(reply)
    assert "canary" not in repr(reply.attempts)


FAULTS = ["unavailable", "timeout", "rate_limited", "rejected", "authentication", "context_window"]
answers = st.sampled_from(["billing", "nonsense", ""]) | st.sampled_from(FAULTS).map(lambda code: {"error": code})


@asynccontextmanager
async def opened(rules: Policy) -> AsyncIterator[Router]:
    """Open a router inside a property."""
    async with Router.from_policy(rules) as router:
        yield router


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(answers, min_size=1, max_size=3),
    answers,
    st.sets(st.sampled_from(["phi", "secret", "restricted", "misspelt-tag"]), min_size=1),
    st.sampled_from(["answer", "refuse"]),
    st.booleans(),
)
def test_a_private_request_never_reaches_an_uncleared_backend(
    local: list[object], frontier: object, tags: set[str], unaccepted: str, streams: bool
) -> None:
    """Whatever fails and whatever the judges say, retries, fallbacks and streams included."""

    async def once() -> None:
        rules = two(*local, frontier=frontier, **JUDGED, unaccepted=unaccepted)
        async with opened(rules) as router:
            try:
                if streams:
                    [delta async for delta in router.stream("hello", tags=tags)]
                else:
                    await router.route("hello", tags=tags)
            except (CascadeExhaustedError, NoEligibleBackendError):
                pass
            assert script(router, "frontier").seen == []
            assert len(await entries(router)) == 1

    asyncio.run(once())


def test_a_policy_built_in_code_is_held_to_what_a_file_is_held_to() -> None:
    """A dangling name is refused before anything is opened."""
    rules = policy({"a": mock()}, {"name": "r", "use": ["b"]})

    with pytest.raises(PolicyError, match="no backend 'b'"):
        Router.from_policy(rules)
