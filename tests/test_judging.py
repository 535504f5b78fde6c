"""Whom judges may ask, what becomes of such a call, and when asking pays."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.clearances import cleared
from support.crews import Clock, run, scripted
from support.policies import assessment, mock, policy

from gateway import Router
from gateway.backends.mock import Mock
from gateway.calls import Run
from gateway.cascade import cascade, stream_cascade
from gateway.decide import Fleet, decide
from gateway.errors import AbandonedError, BackendTimeoutError
from gateway.interfaces import Inquiry
from gateway.judging import Asking
from gateway.label import Label
from gateway.ledgers.memory import MemoryLedger
from gateway.redaction.cover import Cover
from gateway.redaction.redact import Redacted, redact
from gateway.types import Completion, Level, Message, Money, Purpose, Redaction, Request, Usage, Verdict

LOCAL, DEAR = Money(0), Money(1000)


@dataclass
class AskingJudge:
    """Asks backends for an opinion and accepts where the last one says "yes"; remembers what it was told."""

    whom: tuple[str, ...]
    purpose: Purpose = "judge"
    needs_logprobs: bool = False
    heard: list[str | None] = field(default_factory=list)
    knew: list[tuple[str, float | None, str]] = field(default_factory=list)

    async def judge(self, request: Request, completion: Completion, inquiry: Inquiry) -> Verdict:
        self.knew.append((inquiry.backend, inquiry.difficulty, inquiry.stakes))
        for backend in self.whom:
            opinion = await inquiry.ask(backend, request, purpose=self.purpose, logprobs=True)
            self.heard.append(opinion.message.text if opinion else None)
        accepted = self.heard[-1] == "yes"
        return Verdict(accepted=accepted, judge="asking", score=None, reason="as it was told")


def calls(trip: Run) -> list[tuple[str, str, str | None]]:
    """Return who was called, for what, and with what fault."""
    return [(a.backend, a.purpose, a.error.code if a.error else None) for a in trip.attempts]


def judged_run(opinion: Mock, judge: AskingJudge, attempts: int = 1) -> Run:
    """Return a run whose first answer is read by a judge that may ask `opinion`."""
    backends = {"a": [scripted("a", "first")], "b": [scripted("b", "second")], "opinion": [opinion]}
    return run(backends, judge=judge, consultable=frozenset({"opinion"}), attempts=attempts)


async def test_what_a_judge_asks_is_an_attempt_with_its_purpose() -> None:
    """The call is on the list beside the answer that it was about."""
    trip = judged_run(scripted("opinion", "yes"), AskingJudge(("opinion",)))

    await cascade(trip)

    assert calls(trip) == [("opinion", "judge", None), ("a", "answer", None)]


async def test_an_opinion_cannot_pass_for_an_answer() -> None:
    """A judge that calls its question an answer gets an opinion all the same."""
    trip = judged_run(scripted("opinion", "yes"), AskingJudge(("opinion",), purpose="answer"))

    await cascade(trip)

    assert calls(trip)[0] == ("opinion", "judge", None)


async def test_a_judge_knows_whose_answer_it_reads_how_hard_it_is_and_what_is_at_stake() -> None:
    """What the request is was said once, by its assessment."""
    judge = AskingJudge(("opinion",))
    trip = judged_run(scripted("opinion", "yes"), judge)
    trip.assessment = replace(trip.assessment, difficulty=0.7, stakes="high")

    await cascade(trip)

    assert judge.knew == [("a", 0.7, "high")]


async def test_nobody_is_asked_whom_the_plan_does_not_name() -> None:
    """A judge can widen nothing: who is not consultable is not called."""
    judge = AskingJudge(("stranger", "opinion"))
    trip = judged_run(scripted("opinion", "no"), judge)
    stranger = scripted("stranger", "yes")
    trip.crew = replace(trip.crew, replicas={**trip.crew.replicas, "stranger": trip.crew.replicas["opinion"]})

    await cascade(trip)

    assert judge.heard == [None, "no"]
    assert not stranger.seen


async def test_who_gives_no_opinion_is_not_asked_again() -> None:
    """A judge's question is not worth a retry; the judge hears nothing and decides."""
    opinion = scripted("opinion", {"error": "unavailable"}, "yes")
    trip = judged_run(opinion, AskingJudge(("opinion",)), attempts=3)

    await cascade(trip)

    assert calls(trip) == [("opinion", "judge", "unavailable"), ("a", "answer", None), ("b", "answer", None)]
    assert len(opinion.seen) == 1


async def test_an_opinion_comes_from_the_next_replica_where_the_first_is_not_there() -> None:
    """Failover holds for questions as well."""
    judge = AskingJudge(("opinion",))
    backends = {
        "a": [scripted("a", "first")],
        "b": [scripted("b")],
        "opinion": [
            scripted("opinion", {"error": "unavailable"}, replica="o1"),
            scripted("opinion", "yes", replica="o2"),
        ],
    }
    trip = run(backends, judge=judge, consultable=frozenset({"opinion"}))

    await cascade(trip)

    assert judge.heard == ["yes"]
    assert [attempt.replica for attempt in trip.attempts] == ["o1", "o2", "a"]


async def test_an_opinion_that_comes_too_late_is_an_attempt_too() -> None:
    """A question has no more time than the request."""
    trip = judged_run(scripted("opinion", {"text": "yes", "latency_s": 30}), AskingJudge(("opinion",)))
    trip.plan = replace(trip.plan, deadline_s=0.01)

    await cascade(trip)

    assert calls(trip)[0][:2] == ("opinion", "judge")
    assert isinstance(trip.attempts[0].error, BackendTimeoutError | AbandonedError)
    assert trip.attempts[1].accepted is False


async def test_nobody_is_asked_for_an_opinion_when_the_time_is_over() -> None:
    """A request whose time is over ends with what it has."""
    clock, opinion = Clock(), scripted("opinion", "yes")
    backends = {"a": [scripted("a", "first")], "opinion": [opinion]}
    trip = run(backends, clock=clock, deadline_s=5.0, consultable=frozenset({"opinion"}))
    clock.now = 5.0

    assert await inquiry(trip).ask("opinion", trip.request, purpose="judge") is None
    assert not opinion.seen


async def test_a_question_is_on_the_list_when_the_caller_leaves() -> None:
    """Both the answer and the opinion were begun, and may have to be paid for."""
    trip = judged_run(scripted("opinion", {"text": "yes", "latency_s": 30}), AskingJudge(("opinion",)))

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(cascade(trip), timeout=0.2)

    assert calls(trip) == [("opinion", "judge", "abandoned"), ("a", "answer", None)]


async def test_a_judged_stream_is_read_by_judges_that_ask() -> None:
    """A judged step of a stream is asked whole, and its judges may ask as always."""
    trip = judged_run(scripted("opinion", "yes"), AskingJudge(("opinion",)))

    text = "".join([delta.text async for delta in stream_cascade(trip)])

    assert text == "first"
    assert calls(trip)[0] == ("opinion", "judge", None)


def inquiry(trip: Run, usage: Usage | None = None) -> Asking:
    """Return an inquiry about an answer of `a`."""
    message = Message(role="assistant", content="an answer")
    usage = usage or Usage(prompt_tokens=100, completion_tokens=20)
    completion = Completion(message=message, finish_reason="stop", usage=usage, model="m")
    return Asking(run=trip, backend="a", completion=completion)


def costing(**costs: Money | None) -> Callable[[str, Usage], Money | None]:
    """Return what a call costs by backend, whatever its length."""
    return lambda backend, usage: costs[backend]


def priced_run(*steps: str, **costs: Money | None) -> Run:
    """Return a run over `steps` with an `opinion`, at the costs that are given."""
    backends = {name: [scripted(name)] for name in (*steps, "opinion")}
    return run(backends, consultable=frozenset({"opinion"}), estimate=costing(**costs))


@pytest.mark.parametrize(
    ("asking", "spared", "chance", "pays"),
    [
        (Money(99), Money(1000), 0.1, True),
        (Money(100), Money(1000), 0.1, False),
        (Money(0), Money(1000), 0.1, True),
        (None, Money(1000), 1.0, False),
        (None, None, 1.0, False),
        (Money(0), None, 0.1, True),
        (Money(1), None, 1.0, False),
        (Money(0), Money(0), 0.1, True),
        (Money(1), Money(0), 1.0, False),
        (Money(1), Money(1000), float("nan"), False),
    ],
)
def test_asking_pays_where_it_costs_less_than_it_may_spare(
    asking: Money | None, spared: Money | None, chance: float, *, pays: bool
) -> None:
    """An unknown price pays for nothing; what costs nothing is asked before anybody of unknown or no price."""
    trip = priced_run("a", "b", b=spared, opinion=asking)

    assert inquiry(trip).pays("opinion", chance=chance) is pays


def test_asking_pays_for_nothing_where_nobody_comes_after() -> None:
    """The last answer of a plan is given or refused: nothing can be spared."""
    assert not inquiry(priced_run("a", opinion=LOCAL)).pays("opinion", chance=1.0)


def test_what_may_be_spared_is_the_very_next_step() -> None:
    """Whether the one after it is ever asked is not known yet."""
    trip = priced_run("a", "b", "c", b=Money(10), c=DEAR, opinion=Money(500))

    assert not inquiry(trip).pays("opinion", chance=1.0)


@pytest.mark.parametrize(("prompt", "counted"), [(100, 100), (None, 10)])
def test_prices_are_compared_at_the_length_of_this_answer(prompt: int | None, counted: int) -> None:
    """The prompt as the server counted it, else as it was estimated; the answer as it came."""
    seen = list[Usage]()

    def estimate(backend: str, usage: Usage) -> Money:
        seen.append(usage)
        return LOCAL

    trip = run({"a": [scripted("a")], "b": [scripted("b")]}, estimate=estimate)

    inquiry(trip, Usage(prompt_tokens=prompt, completion_tokens=20, cached_tokens=7)).pays("b", chance=1.0)

    assert set(seen) == {Usage(prompt_tokens=counted, completion_tokens=20)}


levels = st.sampled_from(list(Level))


@given(levels, levels, levels, st.booleans())
def test_who_is_asked_by_a_judge_was_cleared_for_the_request(
    level: Level,
    answers: Level,
    opinion: Level,
    local: bool,
) -> None:
    """Law 1: a private request reaches nobody who is not cleared for it, whatever the judges ask."""
    backends = {
        "answers": mock(clearance=str(answers)),
        "last": mock(clearance="restricted"),
        "opinion": mock(clearance=str(opinion), local=local),
    }
    rule = {"name": "r", "use": ["answers", "last"], "accept": {"judge": "asking", "backend": "opinion"}}
    read = assessment(level=level)
    plan = decide(read, policy(backends, rule), Fleet())
    scripts = {name: scripted(name, "no") for name in backends}
    trip = run({name: [script] for name, script in scripts.items()}, judge=AskingJudge(tuple(backends)))
    trip.plan, trip.assessment = plan, read

    asyncio.run(cascade(trip))

    cleared = level <= opinion and (level < Level.RESTRICTED or local)
    judges_read = plan.steps[0].judged
    assert bool(scripts["opinion"].seen) is (cleared and judges_read)
    assert bool(scripts["answers"].seen) is (level <= answers)


@pytest.mark.parametrize(("tag", "asked"), [("internal", ["judge", "answer"]), ("phi", ["answer", "answer"])])
async def test_a_model_that_grades_sees_what_it_is_cleared_for(tag: str, asked: list[str]) -> None:
    """Through the whole router: an uncleared grader is not called, and its silence accepts nothing."""
    backends = {
        "llama": mock("Paris"),
        "grader": mock("5", clearance="internal", local=False),
        "last": mock("surely Paris"),
    }
    rule = {"name": "r", "use": ["llama", "last"], "accept": {"judge": "llm", "backend": "grader"}}
    ledger = MemoryLedger(1)

    async with Router.from_policy(policy(backends, rule), ledger=ledger) as router:
        reply = await router.route("Which city?", tags=[tag])
        (grader,) = router.replicas("grader")

    assert isinstance(grader, Mock)
    (entry,) = await ledger.entries()
    assert [attempt.purpose for attempt in entry.attempts] == asked
    assert len(grader.seen) == asked.count("judge")
    assert (reply.backend, entry.escalated) == (("llama", False) if grader.seen else ("last", True))


MAIL = Request(messages=(Message(role="user", content="mail jane"),), sampling={"temperature": 0.1, "stop": ["x"]})


def redacted_run() -> tuple[Run, Mock]:
    """Return a run whose opinion may see placeholders alone, and `a` and `other` everything."""
    private, less = Label(level=Level.CONFIDENTIAL), Label(level=Level.INTERNAL)
    names = ("a", "b", "other", "opinion")
    backends = {name: [scripted(name, "yes")] for name in names}
    trip = run(backends, consultable=frozenset({"opinion", "other"}))
    trip.request = MAIL
    trip.assessment = replace(
        trip.assessment, level=Level.CONFIDENTIAL, redaction=Redaction(label=less, counts={"EMAIL_ADDRESS": 1})
    )
    labels = {"a": private, "other": private, "b": less, "opinion": less}
    trip.plan = replace(trip.plan, clearances={name: cleared(name, label=labels[name]) for name in names})
    covered = redact(MAIL, (), ())
    assert covered is not None

    async def again(request: Request) -> Redacted | None:
        return redact(request, (), ())

    trip.cover = Cover(redacted=covered, again=again)
    return trip, backends["opinion"][0]


@pytest.mark.parametrize(
    ("changed", "is_asked"),
    [
        ({}, True),
        ({"sampling": {**MAIL.sampling, "temperature": 0.7, "seed": 3}}, True),
        ({"sampling": {}}, True),
        ({"sampling": {**MAIL.sampling, "stop": ["enaj"]}}, False),
        ({"sampling": {**MAIL.sampling, "seed": "enaj"}}, False),
        ({"sampling": {**MAIL.sampling, "enaj": 1}}, False),
        ({"tools": ({"name": "enaj"},)}, False),
        ({"tool_choice": "enaj"}, False),
        ({"response_format": {"type": "enaj"}}, False),
        ({"messages": (*MAIL.messages, Message(role="user", content="enaj"))}, False),
    ],
)
async def test_who_sees_placeholders_is_asked_the_callers_own_words_alone(
    changed: dict[str, Any], is_asked: bool
) -> None:
    """What a backend answered that saw the values may hold them in any writing."""
    trip, opinion = redacted_run()

    answer = await inquiry(trip).ask("opinion", replace(MAIL, **changed), purpose="sample")

    assert (answer is not None, bool(opinion.seen)) == (is_asked, is_asked)


async def test_an_answer_of_who_saw_placeholders_may_be_shown() -> None:
    """But not once somebody was asked who saw the values."""
    trip, opinion = redacted_run()
    asking = replace(inquiry(trip), backend="b")
    shown = replace(MAIL, messages=(Message(role="user", content="is it good?"),))

    assert await asking.ask("opinion", shown, purpose="judge") is not None
    assert await asking.ask("other", shown, purpose="judge") is not None
    assert await asking.ask("opinion", shown, purpose="judge") is None
    assert len(opinion.seen) == 1
