"""`judge: agreement`: what further answers say of an answer."""

import asyncio
from typing import Any

import pytest
from pydantic import ValidationError
from support.answers import asked, said
from support.judges import ScriptedInquiry

from gateway.interfaces import Inquiry
from gateway.judges.agreement import Options, build
from gateway.types import Completion, Request, ToolCall, Verdict

WORKED = "She sells 16 - 3 - 4 = 9 eggs, so she makes 9 * 2 = $18."


async def verdict(completion: Completion, inquiry: Inquiry, request: Request | None = None, **options: Any) -> Verdict:
    """Return what the judge says."""
    async with build(Options(**options)) as judge:
        return await judge.judge(request or asked(), completion, inquiry)


async def test_an_answer_that_is_given_again_is_accepted() -> None:
    """However it is said."""
    inquiry = ScriptedInquiry(answers={"llama": ["18", "#### 18"]})

    assert await verdict(said(WORKED), inquiry) == Verdict(
        accepted=True, judge="agreement", score=1.0, reason="2 further answers agree by 1.00, at least 0.6"
    )
    assert inquiry.asked == [("llama", "sample"), ("llama", "sample")]


async def test_an_answer_that_is_not_given_again_is_rejected() -> None:
    """Half of them are not enough where 0.6 is asked for."""
    told = await verdict(said(WORKED), ScriptedInquiry(answers={"llama": ["18", "20"]}))

    assert (told.accepted, told.score) == (False, 0.5)
    assert told.reason == "2 further answers agree by 0.50, below 0.6"


async def test_stakes_move_what_is_enough() -> None:
    """Half of them are enough where an error costs half."""
    told = await verdict(said("18"), ScriptedInquiry(answers={"llama": ["18", "20"]}, stakes="low", stake=0.5))

    assert told.accepted


async def test_samples_are_drawn_anew() -> None:
    """With a temperature, and a seed each, and all else as the request has it."""
    inquiry = ScriptedInquiry(answers={"llama": "18"})

    await verdict(said("18"), inquiry, asked(max_tokens=9, temperature=0, seed=5, n=1), samples=2, temperature=0.5)

    assert [request.sampling for request in inquiry.requests] == [
        {"max_tokens": 9, "temperature": 0.5, "seed": 6},
        {"max_tokens": 9, "temperature": 0.5, "seed": 7},
    ]


async def test_other_models_are_asked_the_same() -> None:
    """Once each, and the one that answered not again."""
    inquiry = ScriptedInquiry(answers={"qwen": "18"})
    request = asked(temperature=0)

    told = await verdict(said(WORKED), inquiry, request, samples=0, backends=["llama", "qwen"])

    assert told.accepted
    assert told.reason == "another answer agrees by 1.00, at least 0.6"
    assert inquiry.asked == [("qwen", "sample")]
    assert inquiry.requests == [request]


async def test_who_does_not_answer_does_not_count() -> None:
    """A model that is down has not disagreed."""
    told = await verdict(said("18"), ScriptedInquiry(answers={"qwen": "18"}), samples=1, backends=("qwen", "gone"))

    assert told.score == 1.0


@pytest.mark.parametrize(("when_unasked", "accepted"), [("reject", False), ("accept", True)])
@pytest.mark.parametrize(
    ("inquiry", "because"),
    [
        (ScriptedInquiry(answers={"llama": "18"}, paying=False), "asking again would cost more than it may spare"),
        (ScriptedInquiry(), "none of those that were asked again has answered"),
    ],
)
async def test_an_answer_that_nobody_was_asked_about_is_as_the_policy_says(
    inquiry: ScriptedInquiry, because: str, when_unasked: str, accepted: bool
) -> None:
    """Rejected, unless it says otherwise; and the reason says why."""
    told = await verdict(said("18"), inquiry, when_unasked=when_unasked)

    assert (told.accepted, told.score) == (accepted, None)
    assert told.reason == f"{because}: {'accepted' if accepted else 'rejected'} unasked"


async def test_nobody_is_asked_where_it_does_not_pay() -> None:
    """All calls together are compared with the one that they may spare."""
    inquiry = ScriptedInquiry(answers={"llama": "18"}, paying=False)

    await verdict(said("18"), inquiry, samples=3, expected_agreement=0.6)

    assert inquiry.asked == []
    assert inquiry.chances == [pytest.approx(0.2)]


async def test_nobody_else_than_the_one_that_answered_is_nobody() -> None:
    """A model's word about itself is a sample, and none was asked for."""
    told = await verdict(said("18"), ScriptedInquiry(answers={"llama": "18"}), samples=0, backends="llama")

    assert not told.accepted


async def test_an_empty_answer_is_rejected_unasked() -> None:
    """There is nothing to agree with."""
    inquiry = ScriptedInquiry(answers={"llama": ""})

    assert not (await verdict(said(" "), inquiry, when_unasked="accept")).accepted
    assert inquiry.asked == []


async def test_calls_agree_by_their_arguments() -> None:
    """And a text agrees with no call."""
    call = ToolCall(id="1", name="weather", arguments='{"city": "Rome", "days": 1}')
    other = ToolCall(id="2", name="weather", arguments='{"days": 2, "city": "rome"}')

    told = await verdict(said(calls=(call,)), ScriptedInquiry(answers={"llama": said(calls=(other,))}))
    assert told.score == pytest.approx(0.5)
    assert (await verdict(said(calls=(call,)), ScriptedInquiry(answers={"llama": "Rome"}))).score == 0


async def test_all_are_asked_at_once() -> None:
    """Waiting for one is waiting for all."""

    class Meeting(ScriptedInquiry):
        async def ask(self, backend: str, request: Request, **rest: Any) -> Completion | None:
            await barrier.wait()
            return await super().ask(backend, request, **rest)

    barrier = asyncio.Barrier(3)

    assert (await verdict(said("18"), Meeting(answers={"llama": "18"}), samples=3)).accepted


def test_a_judge_that_asks_nobody_is_refused() -> None:
    """Without samples and backends there is nothing to compare."""
    with pytest.raises(ValidationError, match="nobody is asked"):
        Options(samples=0)


async def test_the_judge_needs_no_log_probabilities() -> None:
    """What is compared is what was said."""
    async with build(Options()) as judge:
        assert not judge.needs_logprobs
