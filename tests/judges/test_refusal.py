"""`judge: refusal`: an answer that is none."""

from typing import Any

import pytest
from support.answers import asked, said
from support.judges import ALONE

from gateway.judges.refusal import Options, build
from gateway.types import Completion, ToolCall, Verdict

LOOP = "so it goes " * 40


async def verdict(completion: Completion, **options: Any) -> Verdict:
    """Return what the judge says."""
    async with build(Options(**options)) as judge:
        assert not judge.needs_logprobs
        return await judge.judge(asked(), completion, ALONE)


async def test_an_answer_is_accepted() -> None:
    """Without a score: the signs say nothing of its truth."""
    assert await verdict(said("18")) == Verdict(accepted=True, judge="refusal", score=None, reason="the answer is one")


@pytest.mark.parametrize(
    ("completion", "reason", "off"),
    [
        (said(""), "the answer is empty", {"emptiness": False}),
        (said("I can't help with that."), "the answer is a refusal", {"refusals": False}),
        (said("It is", finish_reason="length"), "the answer was cut off", {"truncation": False}),
        (said('{"a": "b'), "the answer was cut off", {"truncation": False}),
        (said(LOOP), "98% of the answer repeats what it said", {"most_repetition": 1}),
        (said("Perhaps 18, maybe."), "the answer has 2 words of doubt, more than 1", {"most_doubts": 2}),
    ],
)
async def test_an_answer_that_is_none_is_rejected(
    completion: Completion, reason: str, off: dict[str, bool | int]
) -> None:
    """For each of the signs, unless the policy leaves it out."""
    told = await verdict(completion, most_doubts=1, most_repetition=0.5)

    assert (told.accepted, told.reason) == (False, reason)
    assert (await verdict(completion, **off)).accepted


async def test_a_call_needs_no_text() -> None:
    """What is said by calling a tool is said."""
    assert (await verdict(said(calls=(ToolCall(id="1", name="f", arguments="{}"),)))).accepted
