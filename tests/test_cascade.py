"""Asking, judging, retrying, failing over, giving up."""

import asyncio
from contextlib import aclosing
from dataclasses import replace

import pytest
from support.crews import Clock, run, scripted
from support.judges import ScriptedJudge

from gateway.backends.mock import Answer, Mock, Options
from gateway.calls import Crew, Run
from gateway.cascade import cascade, stream_cascade
from gateway.errors import AbandonedError, BackendTimeoutError, BackendUnavailableError, RateLimitedError
from gateway.interfaces import Inquiry
from gateway.types import Attempt, Completion, Delta, Request, Verdict

GOOD = ScriptedJudge(good=frozenset({"good"}))


def outcome(trip: Run) -> list[tuple[str, str]]:
    """Return who was asked and what came of it."""
    return [(attempt.replica, attempt.error.code if attempt.error else text_of(attempt)) for attempt in trip.attempts]


def text_of(attempt: Attempt) -> str:
    """Return the answer of an attempt that has one."""
    assert attempt.completion is not None
    return attempt.completion.message.text


async def streamed(trip: Run) -> list[Delta]:
    """Return all the pieces of a stream."""
    return [delta async for delta in stream_cascade(trip)]


async def test_an_accepted_answer_spares_the_next_backend() -> None:
    """Who is good enough is the last that is asked."""
    b = scripted("b")
    trip = run({"a": [scripted("a", "good")], "b": [b]}, judge=GOOD)

    await cascade(trip)

    assert outcome(trip) == [("a", "good")]
    assert not b.seen


async def test_a_rejected_answer_is_followed_by_the_next_backend() -> None:
    """What the judge does not accept is escalated, and both calls are kept."""
    trip = run({"a": [scripted("a", "poor")], "b": [scripted("b", "fine")]}, judge=GOOD)

    await cascade(trip)

    assert outcome(trip) == [("a", "poor"), ("b", "fine")]
    assert [attempt.accepted for attempt in trip.attempts] == [False, None]


async def test_the_first_judge_that_rejects_is_the_last_that_reads() -> None:
    """A dear judge does not read what a cheap one has rejected."""
    first, second = ScriptedJudge(good=frozenset()), ScriptedJudge(good=frozenset())
    trip = run({"a": [scripted("a", "poor")], "b": [scripted("b")]}, judge=first)
    trip = replace(trip, crew=_with_judges(trip, first, second))

    await cascade(trip)

    assert (first.read, second.read) == (["poor"], [])


async def test_a_transient_fault_is_asked_again() -> None:
    """A fault that may pass is retried, with a pause between."""
    clock = Clock()
    backend = scripted("a", {"error": "unavailable"}, "good")
    trip = run({"a": [backend]}, clock=clock, attempts=2, first_wait_s=1.0)

    await cascade(trip)

    assert outcome(trip) == [("a", "unavailable"), ("a", "good")]
    assert len(clock.slept) == 1


async def test_a_lasting_fault_is_not_asked_again() -> None:
    """A wrong key stays wrong."""
    trip = run({"a": [scripted("a", {"error": "authentication"})]}, attempts=3)

    await cascade(trip)

    assert outcome(trip) == [("a", "authentication")]


async def test_a_server_that_names_a_pause_gets_it() -> None:
    """`Retry-After` is kept."""
    clock = Clock()
    limited = {"error": "rate_limited", "retry_after": 7.0}
    trip = run({"a": [scripted("a", limited, "good")]}, clock=clock, attempts=2, first_wait_s=0.0)

    await cascade(trip)

    assert clock.slept == [7.0]
    assert isinstance(trip.attempts[0].error, RateLimitedError)


async def test_a_pause_beyond_the_deadline_is_not_taken() -> None:
    """Waiting is pointless where no time is left for the answer."""
    clock = Clock()
    limited = {"error": "rate_limited", "retry_after": 70.0}
    trip = run({"a": [scripted("a", limited)], "b": [scripted("b", "fine")]}, clock=clock, attempts=2)

    await cascade(trip)

    assert clock.slept == []
    assert outcome(trip) == [("a", "rate_limited"), ("b", "fine")]


async def test_nobody_is_asked_after_the_deadline() -> None:
    """A request whose time is over ends with what it has."""
    clock = Clock()
    trip = run({"a": [scripted("a")]}, clock=clock, deadline_s=5.0)
    clock.now = 5.0

    await cascade(trip)

    assert trip.attempts == []


async def test_a_dead_replica_gives_way_to_the_next_one() -> None:
    """Replicas stand in for one another, without a pause."""
    dead, alive = scripted("a", {"error": "unavailable"}, replica="a1"), scripted("a", "good", replica="a2")
    trip = run({"a": [dead, alive]})

    await cascade(trip)

    assert outcome(trip) == [("a1", "unavailable"), ("a2", "good")]


async def test_an_answer_that_takes_too_long_is_a_timeout() -> None:
    """The clock of a call runs in `cascade`, not in the client."""
    trip = run({"a": [scripted("a", {"text": "late", "latency_s": 30})]}, deadline_s=0.01)

    await cascade(trip)

    assert isinstance(trip.attempts[0].error, BackendTimeoutError)


async def test_a_cancelled_call_is_on_the_list() -> None:
    """Who walks away is told nothing, but the call is not forgotten."""
    trip = run({"a": [scripted("a", {"text": "late", "latency_s": 30})]})
    task = asyncio.create_task(cascade(trip))
    await asyncio.sleep(0)

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert isinstance(trip.attempts[0].error, AbandonedError)


async def test_the_last_step_streams_piece_by_piece() -> None:
    """An unjudged answer passes on as it comes."""
    trip = run({"a": [scripted("a", "one two three")]})

    pieces = await streamed(trip)

    assert [piece.text for piece in pieces if piece.text] == ["one", " two", " three"]
    assert trip.attempts[0].completion is not None
    assert trip.attempts[0].first_token_s is not None


async def test_a_judged_step_is_asked_whole() -> None:
    """Half a stream cannot be taken back when the judge says no."""
    trip = run({"a": [scripted("a", "poor one")], "b": [scripted("b", "a fine one")]}, judge=GOOD)

    text = "".join(piece.text for piece in await streamed(trip))

    assert text == "a fine one"
    assert [attempt.streamed for attempt in trip.attempts] == [False, True]


async def test_an_accepted_judged_answer_is_given_in_one_piece() -> None:
    """What the judge accepted is passed on at once."""
    trip = run({"a": [scripted("a", "good")], "b": [scripted("b")]}, judge=GOOD)

    pieces = await streamed(trip)

    assert [piece.text for piece in pieces] == ["good", ""]
    assert pieces[-1].finish_reason == "stop"


async def test_a_stream_that_fails_before_its_first_piece_gives_way() -> None:
    """Nothing was said yet, so that somebody else can say it."""
    trip = run({"a": [scripted("a", {"error": "unavailable"})], "b": [scripted("b", "fine")]})

    text = "".join(piece.text for piece in await streamed(trip))

    assert text == "fine"
    assert outcome(trip) == [("a", "unavailable"), ("b", "fine")]


async def test_a_replica_that_cannot_stream_gives_way_to_the_next_one() -> None:
    """Failover holds for streams as well."""
    trip = run({"a": [scripted("a", {"error": "unavailable"}, replica="a1"), scripted("a", "fine", replica="a2")]})

    assert "".join(piece.text for piece in await streamed(trip)) == "fine"


async def test_a_stream_that_does_not_begin_is_asked_again() -> None:
    """A transient fault before the first piece is retried like any other."""
    trip = run({"a": [scripted("a", {"error": "unavailable"}, "fine")]}, attempts=2)

    assert "".join(piece.text for piece in await streamed(trip)) == "fine"


async def test_a_stream_with_a_lasting_fault_does_not_try_the_next_replica() -> None:
    """The same request would be wrong there too."""
    other = scripted("a", replica="a2")
    trip = run({"a": [scripted("a", {"error": "rejected"}, replica="a1"), other]})

    assert await streamed(trip) == []
    assert not other.seen


async def test_a_stream_that_breaks_off_ends_the_request() -> None:
    """What was said cannot be taken back: nobody else continues it."""
    broken = {"text": "one two three", "error": "unavailable", "break_after": 1}
    b = scripted("b")
    trip = run({"a": [scripted("a", broken)], "b": [b]})

    pieces = await streamed(trip)

    assert [piece.text for piece in pieces] == ["one"]
    assert isinstance(trip.attempts[-1].error, BackendUnavailableError)
    assert not b.seen


async def test_closing_the_stream_closes_the_upstream() -> None:
    """A consumer that leaves early does not keep a model busy."""
    backend = scripted("a", "one two three")
    trip = run({"a": [backend]})

    async with aclosing(stream_cascade(trip)) as deltas:
        await anext(deltas)

    assert backend.abandoned == 1
    assert isinstance(trip.attempts[0].error, AbandonedError)


async def test_a_stream_that_stalls_is_a_timeout() -> None:
    """The time limit holds between pieces as well."""
    trip = run({"a": [scripted("a", {"text": "late", "latency_s": 30})]}, deadline_s=0.01)

    assert await streamed(trip) == []
    assert isinstance(trip.attempts[0].error, BackendTimeoutError)


async def test_no_stream_is_opened_after_the_deadline() -> None:
    """A stream whose time is over before it begins is not begun."""
    clock, backend = Clock(), scripted("a", "fine")
    trip = run({"a": [backend]}, clock=clock, deadline_s=5.0)
    clock.now = 5.0

    assert await streamed(trip) == []
    assert not backend.seen


def _with_judges(trip: Run, *judges: ScriptedJudge) -> Crew:
    return replace(trip.crew, judges={"r": judges})


class BrokenJudge(ScriptedJudge):
    """A judge with a fault, or one that thinks for ever."""

    async def judge(self, request: Request, completion: Completion, inquiry: Inquiry) -> Verdict:
        if self.good:
            await asyncio.sleep(30)
        raise ValueError("a canary that no log may hold")


async def test_a_judge_that_fails_has_accepted_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Its fault is logged without its words, and the next backend is asked."""
    trip = run({"a": [scripted("a", "poor")], "b": [scripted("b", "fine")]}, judge=BrokenJudge(good=frozenset()))

    await cascade(trip)

    assert [attempt.accepted for attempt in trip.attempts] == [False, None]
    assert "BrokenJudge" in caplog.text
    assert "canary" not in caplog.text


async def test_a_judge_has_no_more_time_than_the_request() -> None:
    """Thinking counts against the deadline, and the answer is kept."""
    trip = run({"a": [scripted("a", "poor")], "b": [scripted("b")]}, judge=BrokenJudge(good=frozenset("x")))
    trip = replace(trip, plan=replace(trip.plan, deadline_s=0.01))

    await cascade(trip)

    assert trip.attempts[0].verdicts[0].reason == "no verdict before the deadline"
    assert text_of(trip.attempts[0]) == "poor"


async def test_an_answer_is_not_forgotten_when_the_caller_leaves_while_it_is_judged() -> None:
    """The call was made, and may have been paid for."""
    trip = run({"a": [scripted("a", "poor")], "b": [scripted("b")]}, judge=BrokenJudge(good=frozenset("x")))

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(cascade(trip), timeout=0.2)

    assert outcome(trip) == [("a", "poor")]


@pytest.mark.parametrize("streams", [False, True])
async def test_a_backend_whose_own_code_fails_is_an_attempt(caplog: pytest.LogCaptureFixture, *, streams: bool) -> None:
    """A third party's fault is logged without its words; the next backend answers."""

    class Broken(Mock):
        async def _next(self, request: Request) -> Answer:
            raise KeyError("a canary that no log may hold")

    trip = run({"a": [Broken(Options(name="a"))], "b": [scripted("b", "fine")]})

    if streams:
        await streamed(trip)
    else:
        await cascade(trip)

    assert outcome(trip) == [("a", "broken"), ("b", "fine")]
    assert "KeyError" in caplog.text
    assert "canary" not in caplog.text


@pytest.mark.parametrize("streams", [False, True])
async def test_no_replica_is_asked_when_the_time_is_over(*, streams: bool) -> None:
    """A caller's short deadline is no fault of the replicas."""
    other = scripted("a", replica="a2")
    trip = run({"a": [scripted("a", {"text": "late", "latency_s": 30}, replica="a1"), other]}, deadline_s=0.01)
    ticking = replace(trip.crew, clock=asyncio.get_running_loop().time)
    trip = replace(trip, crew=ticking, started=ticking.clock())

    if streams:
        await streamed(trip)
    else:
        await cascade(trip)

    assert outcome(trip) == [("a1", "timeout")]
    assert not other.seen
    assert trip.crew.replicas["a"].in_order(ticking.clock())[0].replica == "a1"
