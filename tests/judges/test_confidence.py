"""`kind: confidence`: what a model's own probabilities are worth."""

from dataclasses import replace
from math import inf, log, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from support.judges import ALONE, ScriptedInquiry

from gateway.judges.confidence import Options, Over, build
from gateway.types import Completion, Message, Request, TokenLogprob, Usage, Verdict

REQUEST = Request(messages=(Message(role="user", content="Which label?"),), id="r1")


def answer(*tokens: tuple[str, float] | float) -> Completion:
    """Return an answer with these tokens; a bare number is the probability of some token."""
    pairs = [(token if isinstance(token, tuple) else ("x", log(token) if token else -inf)) for token in tokens]
    return Completion(
        message=Message(role="assistant", content="billing"),
        finish_reason="stop",
        usage=Usage(),
        model="small",
        logprobs=tuple(TokenLogprob(token=token, logprob=logprob) for token, logprob in pairs),
    )


async def verdict(completion: Completion, **options: Any) -> Verdict:
    """Return what the judge says."""
    async with build(Options(**options)) as judge:
        return await judge.judge(REQUEST, completion, ALONE)


@pytest.mark.parametrize(("at_least", "accepted"), [(0.9, True), (0.91, False)])
async def test_an_answer_is_accepted_from_the_threshold_on(at_least: float, accepted: bool) -> None:
    """The threshold itself is enough."""
    given_ = answer(("x", log(0.9) + 1e-12))

    assert (await verdict(given_, at_least=at_least)).accepted is accepted


@pytest.mark.parametrize(
    ("over", "score"), [("first", 0.9), ("min", 0.4), ("mean", (0.9 * 0.4 * 1.0) ** (1 / 3)), ("auto", 0.4)]
)
async def test_confidence_is_measured_over_the_tokens_that_are_asked_for(over: Over, score: float) -> None:
    """First token, least certain token, or the geometric mean of all."""
    assert (await verdict(answer(0.9, 0.4, 1.0), over=over)).score == pytest.approx(score)


async def test_a_short_answer_stands_with_its_least_certain_token() -> None:
    """A label of several tokens is decided by one of them, and the others would hide it."""
    assert (await verdict(answer(*[1.0] * 15, 0.3), over="auto")).score == pytest.approx(0.3)


async def test_a_long_answer_stands_with_the_mean_of_its_tokens() -> None:
    """In prose some word is always a free choice."""
    assert (await verdict(answer(*[1.0] * 16, 0.3), over="auto")).score == pytest.approx(0.3 ** (1 / 17))


async def test_white_space_and_control_tokens_do_not_count() -> None:
    """What the model was sure of must be something that it said."""
    given_ = answer((" \n", log(0.1)), ("yes", log(0.9)), ("", log(0.1)))

    assert (await verdict(given_)).score == pytest.approx(0.9)


@pytest.mark.parametrize("logprobs", [None, (), (TokenLogprob(token=" ", logprob=-0.1),)])
async def test_an_answer_without_log_probabilities_is_rejected(logprobs: tuple[TokenLogprob, ...] | None) -> None:
    """What cannot be read is not trusted."""
    bare = Completion(
        message=Message(role="assistant", content="billing"),
        finish_reason="stop",
        usage=Usage(),
        model="small",
        logprobs=logprobs,
    )

    assert await verdict(bare) == Verdict(
        accepted=False, judge="confidence", score=None, reason="the backend gave no log-probabilities"
    )


@pytest.mark.parametrize("logprob", [nan, inf, 1000.0, 0.9, -1e308, -(10**400), 10**400])
@pytest.mark.parametrize("over", ["auto", "first", "mean", "min"])
async def test_a_number_that_is_no_log_probability_rejects_the_answer(logprob: float, over: Over) -> None:
    """A server that sends probabilities, or nonsense, has said nothing about how sure it was."""
    assert await verdict(answer(("x", logprob), 0.9), over=over) == Verdict(
        accepted=False,
        judge="confidence",
        score=None,
        reason="the backend's log-probabilities are no logarithms of probabilities",
    )


@given(
    st.lists(st.floats() | st.integers(-(10**400), 10**400), max_size=40),
    st.sampled_from(["auto", "first", "margin", "mean", "min"]),
    st.floats(0, 1),
)
async def test_no_number_makes_the_judge_fail(logprobs: list[float], over: Over, at_least: float) -> None:
    """Whatever a backend calls a log-probability, there is a verdict, and only a probability is a score."""
    said = await verdict(answer(*[("x", logprob) for logprob in logprobs]), over=over, at_least=at_least)

    assert said.score is None or 0 <= said.score <= 1
    assert not said.accepted or (said.score is not None and said.score >= at_least)


async def test_the_reason_says_how_far_it_was() -> None:
    """Both numbers, and nothing of the answer."""
    assert (await verdict(answer(0.42), at_least=0.9)).reason == "confidence 0.420 is below 0.9"


async def test_the_judge_asks_for_log_probabilities() -> None:
    """So that the backend is told to send them."""
    async with build(Options()) as judge:
        assert judge.needs_logprobs


@pytest.mark.parametrize("at_least", [-0.1, 1.1])
def test_a_threshold_beyond_0_and_1_is_refused(at_least: float) -> None:
    """A probability is asked for."""
    with pytest.raises(ValidationError):
        Options(at_least=at_least)


@given(st.lists(st.floats(-1000, 0.001), min_size=1, max_size=40), st.sampled_from(["auto", "first", "mean", "min"]))
async def test_the_score_is_a_probability(logprobs: list[float], over: Over) -> None:
    """Also where a backend rounds a log-probability above zero."""
    score = (await verdict(answer(*[("x", logprob) for logprob in logprobs]), over=over)).score

    assert score is not None
    assert 0 <= score <= 1


@pytest.mark.parametrize(("stake", "accepted"), [(0.5, True), (1.0, True), (2.0, False)])
async def test_higher_stakes_ask_for_more_confidence(stake: float, accepted: bool) -> None:
    """Where an error costs twice as much, half the doubt is allowed."""
    inquiry = ScriptedInquiry(stakes="high", stake=stake)

    async with build(Options(at_least=0.8)) as judge:
        given_ = await judge.judge(REQUEST, answer(0.85), inquiry)

    assert given_.accepted is accepted


def told(*tokens: tuple[str, float, dict[str, float]]) -> Completion:
    """Return a text of these tokens, with the others that might have stood there."""
    return replace(
        answer(1.0),
        message=Message(role="assistant", content="".join(token for token, _, _ in tokens).removesuffix("<end>")),
        logprobs=tuple(
            TokenLogprob(token=token, logprob=log(chance), top=tuple((text, log(share)) for text, share in top.items()))
            for token, chance, top in tokens
        ),
    )


async def test_the_margin_is_the_lead_over_the_next_best_token() -> None:
    """A token may be likely and hardly likelier than another."""
    close = told(("bill", 0.5, {"bill": 0.5, "ref": 0.4}), ("ing", 0.9, {"ing": 0.9, "ed": 0.05}))

    assert (await verdict(close, over="margin")).score == pytest.approx(0.1)


async def test_the_margin_of_a_long_answer_is_a_mean() -> None:
    """As the probability of its tokens is."""
    tokens = [("a ", 0.8, {"b ": 0.2})] * 16 + [("c", 0.2, {"d": 0.8, "e": 0.1})]

    assert (await verdict(told(*tokens), over="margin")).score == pytest.approx(0.6 * 16 / 17)


async def test_without_other_tokens_there_is_no_margin() -> None:
    """A backend that lists the chosen token alone has not said what came next."""
    said = await verdict(told(("a", 0.8, {"a": 0.8})), over="margin")

    assert (said.accepted, said.reason) == (False, "the backend listed no other tokens to compare with")


async def test_the_way_to_an_answer_need_not_be_certain() -> None:
    """Where the span is the answer, the tokens that say it are read alone."""
    worked = told(
        ("So ", 0.2, {}),
        ("we get 9*2=", 0.3, {}),
        ("17.\n", 0.4, {}),
        ("#### ", 0.5, {}),
        ("1", 0.9, {}),
        ("8", 0.8, {}),
    )

    assert (await verdict(worked, span="answer")).score == pytest.approx(0.8)
    assert (await verdict(worked)).score == pytest.approx(0.2)


async def test_tokens_of_control_do_not_move_the_span() -> None:
    """They stand in the stream, and not in the text."""
    worked = told(("The answer is ", 0.2, {}), ("18", 0.7, {}), ("<end>", 0.1, {}))

    assert (await verdict(worked, span="answer")).score == pytest.approx(0.7)


async def test_a_stream_that_does_not_make_the_text_is_read_itself() -> None:
    """Halves of a letter are not what the text shows."""
    odd = replace(told(("The answer is ", 0.2, {}), ("18", 0.7, {})), message=Message(role="assistant", content="x18"))

    assert (await verdict(odd, span="answer")).score == pytest.approx(0.7)
    assert (await verdict(told(("<end>", 0.7, {})), span="answer")).score == pytest.approx(0.7)
