"""`judge: learned`: one estimate of everything that is known of an answer."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from support.answers import asked, said
from support.judges import ScriptedInquiry
from support.policies import mock, policy
from support.trained import answering_model, prompt_model

from gateway import Router
from gateway.errors import ConfigurationError, ModelFileError
from gateway.estimate.model import Model
from gateway.interfaces import Inquiry
from gateway.judges.learned import Options, build
from gateway.training.rows import Row
from gateway.training.scoring import difficulties
from gateway.types import Completion, TokenLogprob, ToolCall, Verdict

QUESTION = asked("What is 400 + 1?")
GOOD, BAD = "The answer is 401.", "I am not sure. Perhaps it could be 404?"
VOICES = {"small": "phi", "other": "qwen"}
AGREEING = {"phi": "The answer is 401.", "qwen": "The answer is 401."}

WriteModel = Callable[[Model], str]


@pytest.fixture
def path(tmp_path: Path) -> str:
    """The file of a model that has learned from answers."""
    answering_model().save(tmp_path / "router.model")
    return str(tmp_path / "router.model")


def row(answer: str, **others: str) -> Row:
    return Row(request=QUESTION, weak=0, strong=0, answers={"weak": answer, **others})


def chance(*rows: Row) -> list[float]:
    return [1 - value for value in difficulties(answering_model(), rows, use="answers")]


async def verdict(completion: Completion, inquiry: Inquiry, path: str, **options: Any) -> Verdict:
    """Return what the judge says."""
    async with build(Options(model=path, **options)) as judge:
        return await judge.judge(QUESTION, completion, inquiry)


@pytest.mark.parametrize(("answer", "accepted"), [(GOOD, True), (BAD, False)])
async def test_an_answer_is_judged_by_itself(path: str, answer: str, accepted: bool) -> None:
    """The score is the very chance that training measures for the same answer."""
    told = await verdict(said(answer), ScriptedInquiry(), path, at_least=0.5)

    assert told.accepted is accepted
    assert told.score == pytest.approx(chance(row(answer))[0], abs=1e-6)
    assert f"P(good enough) {told.score:.2f} by the answer alone is" in told.reason


async def test_a_model_that_reads_the_prompt_too_is_given_it(tmp_path: Path) -> None:
    """The same chance as in training, of prompt and answer together."""
    model = answering_model(use="all")
    model.save(tmp_path / "router.model")

    told = await verdict(said(GOOD), ScriptedInquiry(), str(tmp_path / "router.model"))

    assert told.score == pytest.approx(1 - difficulties(model, [row(GOOD)], use="all")[0], abs=1e-6)


async def test_stakes_move_what_is_enough(path: str) -> None:
    """Where an error costs ten times as much, a tenth of the doubt is allowed."""
    (score,) = chance(row(GOOD))
    at_least = score - 0.01

    normal = await verdict(said(GOOD), ScriptedInquiry(), path, at_least=at_least)
    high = await verdict(said(GOOD), ScriptedInquiry(stakes="high", stake=10.0), path, at_least=at_least)

    assert (normal.accepted, high.accepted) == (True, False)


async def test_second_opinions_are_asked_in_between(path: str) -> None:
    """All at once, and the estimate is the one with them, as training measures it."""
    inquiry = ScriptedInquiry(answers=AGREEING)

    told = await verdict(said(GOOD), inquiry, path, voices=VOICES, ask_from=0.0, ask_to=1.0)

    assert sorted(inquiry.asked) == [("phi", "sample"), ("qwen", "sample")]
    assert told.score == pytest.approx(chance(row(GOOD, small=AGREEING["phi"], other=AGREEING["qwen"]))[0], abs=1e-6)
    assert "by it and 2 second opinions" in told.reason


async def test_second_opinions_stand_in_the_order_of_the_model(path: str) -> None:
    """Which voice said what is a part of the evidence, however the policy orders them."""
    answers = {"phi": "The answer is 405.", "qwen": GOOD}
    options = {"ask_from": 0.0, "ask_to": 1.0}
    backwards = dict(reversed(VOICES.items()))

    one = await verdict(said(GOOD), ScriptedInquiry(answers=answers), path, voices=VOICES, **options)
    other = await verdict(said(GOOD), ScriptedInquiry(answers=answers), path, voices=backwards, **options)

    assert one.score == other.score
    assert one.score == pytest.approx(chance(row(GOOD, small=answers["phi"], other=GOOD))[0], abs=1e-6)


@pytest.mark.parametrize(("answer", "bounds"), [(GOOD, {"ask_to": 0.3}), (BAD, {"ask_from": 0.9})])
async def test_nobody_is_asked_where_it_changes_nothing(path: str, answer: str, bounds: dict[str, float]) -> None:
    """An answer beyond the bounds stands or falls by itself."""
    inquiry = ScriptedInquiry(answers=AGREEING)

    told = await verdict(said(answer), inquiry, path, voices=VOICES, **bounds)

    assert inquiry.asked == []
    assert told.score == pytest.approx(chance(row(answer))[0], abs=1e-6)


async def test_nobody_is_asked_where_it_does_not_pay(path: str) -> None:
    """All voices together must cost less than the chance that the next step is spared."""
    inquiry = ScriptedInquiry(answers=AGREEING, paying=False)

    told = await verdict(said(GOOD), inquiry, path, voices=VOICES, ask_from=0.0, ask_to=1.0)

    assert inquiry.asked == []
    assert inquiry.chances == [pytest.approx(told.score / 2)] if told.score else False


@pytest.mark.parametrize("answers", [{}, {"phi": GOOD}, {"phi": GOOD, "qwen": " "}])
async def test_without_all_opinions_the_answers_own_estimate_stands(path: str, answers: dict[str, str]) -> None:
    """A voice that is silent is no evidence, and neither is half of them."""
    told = await verdict(
        said(GOOD), ScriptedInquiry(answers=answers), path, voices=VOICES, ask_from=0.0, ask_to=1.0, at_least=0.5
    )

    assert told.accepted
    assert told.score == pytest.approx(chance(row(GOOD))[0], abs=1e-6)


async def test_a_policy_may_reject_what_nobody_confirmed(path: str) -> None:
    """With `when_unasked: reject` an answer in between needs its second opinions."""
    told = await verdict(
        said(GOOD), ScriptedInquiry(), path, voices=VOICES, ask_from=0.0, ask_to=1.0, when_unasked="reject"
    )

    assert (told.accepted, told.score) == (False, None)
    assert "has none" in told.reason


async def test_nobody_is_a_second_opinion_on_itself(path: str) -> None:
    """Where a voice's backend gave the answer, its word would count twice."""
    inquiry = ScriptedInquiry(backend="phi", answers=AGREEING)

    await verdict(said(GOOD), inquiry, path, voices=VOICES, ask_from=0.0, ask_to=1.0)

    assert inquiry.asked == []


async def test_an_empty_answer_is_rejected(path: str) -> None:
    """There is nothing to read."""
    assert not (await verdict(said("  "), ScriptedInquiry(), path, at_least=0.0)).accepted


async def test_calls_are_compared_by_what_they_call(path: str) -> None:
    """A call reads as the JSON that a model writes for it, so that arguments in another order agree."""
    call = ToolCall(id="1", name="add", arguments='{"a": 1, "b": 2}')
    same = ToolCall(id="2", name="add", arguments='{"b": 2, "a": 1}')
    other = ToolCall(id="2", name="drop", arguments="")
    options = {"voices": VOICES, "ask_from": 0.0, "ask_to": 1.0}

    def answers(each: ToolCall) -> dict[str, Completion]:
        return {"phi": said(calls=(each,)), "qwen": said(calls=(each,))}

    alike = await verdict(said(calls=(call,)), ScriptedInquiry(answers=answers(same)), path, **options)
    apart = await verdict(said(calls=(call,)), ScriptedInquiry(answers=answers(other)), path, **options)

    assert alike.score is not None
    assert apart.score is not None
    assert alike.score > apart.score


async def test_several_calls_and_broken_arguments_are_read(path: str) -> None:
    """What a model calls may be anything."""
    calls = (ToolCall(id="1", name="add", arguments="{broken"), ToolCall(id="2", name="add", arguments=""))

    assert (await verdict(said(calls=calls), ScriptedInquiry(), path)).score is not None


async def test_a_long_answer_is_read_beside_the_event_loop(path: str) -> None:
    """The verdict is the same as training's for the same text."""
    answer = "The answer is 401. " * 5_000

    told = await verdict(said(answer), ScriptedInquiry(), path)

    assert told.score == pytest.approx(chance(row(answer))[0], abs=1e-6)


async def test_logprobs_are_asked_for_where_the_model_read_them(tmp_path: Path) -> None:
    """A model that learned from them rejects an answer without, for it would read their absence as certainty."""
    answering_model(logprobs=True).save(tmp_path / "router.model")
    path = str(tmp_path / "router.model")

    def sure(logprob: float) -> Completion:
        return said(GOOD, logprobs=(TokenLogprob(token="a", logprob=logprob),) * 5)

    async with build(Options(model=path)) as judge:
        assert judge.needs_logprobs
    high = await verdict(sure(-0.01), ScriptedInquiry(), path)
    low = await verdict(sure(-2.0), ScriptedInquiry(), path)
    none = await verdict(said(GOOD), ScriptedInquiry(), path)

    assert high.score is not None
    assert low.score is not None
    assert high.score > low.score
    assert (none.accepted, none.score) == (False, None)


async def test_logprobs_are_not_asked_for_where_the_model_knows_none(path: str) -> None:
    """They would cost, and be read as nothing that was learned."""
    logprobs = (TokenLogprob(token="a", logprob=-2.0),) * 5

    async with build(Options(model=path)) as judge:
        assert not judge.needs_logprobs
    with_them = await verdict(said(GOOD, logprobs=logprobs), ScriptedInquiry(), path)

    assert with_them.score == pytest.approx(chance(row(GOOD))[0], abs=1e-6)


async def test_a_model_of_prompts_alone_is_no_judge(tmp_path: Path) -> None:
    """The error says what to train."""
    prompt_model().save(tmp_path / "router.model")

    with pytest.raises(ConfigurationError, match=r"router\.model.*prompts alone.*`answers`"):
        async with build(Options(model=str(tmp_path / "router.model"))):
            pass


@pytest.mark.parametrize(
    ("voices", "fault"),
    [
        ({"small": "phi"}, "leaves out 'other'"),
        ({**VOICES, "big": "gpt"}, "never heard 'big'; it compares with other, small"),
    ],
)
async def test_voices_are_those_of_the_model(path: str, voices: dict[str, str], fault: str) -> None:
    """All of them or none, by the names that the rows gave them."""
    with pytest.raises(ConfigurationError, match=fault):
        async with build(Options(model=path, voices=voices)):
            pass


async def test_another_model_than_the_pinned_one_is_not_opened(path: str) -> None:
    """As for the classifier."""
    with pytest.raises(ModelFileError, match="asks for 012345678901"):
        async with build(Options(model=path, sha256="0123456789012345")):
            pass


def test_a_range_that_asks_nobody_is_refused() -> None:
    """A slip in the bounds is said, and not obeyed."""
    with pytest.raises(ValidationError, match="nobody is ever asked"):
        Options(ask_from=0.9, ask_to=0.5)


async def test_a_router_asks_the_voices_of_its_policy(path: str) -> None:
    """Through the whole pipeline: backends that only `voices` names may be asked, and their calls are on the books."""
    judge = {"judge": "learned", "model": path, "voices": VOICES, "ask_from": 0.0, "ask_to": 1.0, "at_least": 0.5}
    given = policy(
        {"llama": mock(GOOD), "phi": mock(GOOD), "qwen": mock(GOOD), "frontier": mock("401", clearance="internal")},
        {"name": "default", "use": ["llama", "frontier"], "accept": [judge]},
    )

    async with Router.from_policy(given) as router:
        reply = await router.route("What is 400 + 1?")
        (entry,) = await router.ledger.entries()

    assert reply.plan.consultable == {"llama", "phi", "qwen", "frontier"}
    assert sorted((one.backend, one.purpose) for one in entry.attempts) == [
        ("llama", "answer"), ("phi", "sample"), ("qwen", "sample"),
    ]  # fmt: skip
    assert reply.backend == "llama"
