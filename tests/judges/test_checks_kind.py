"""`judge: checks`: an answer with a fault that can be proven."""

from typing import Any

import pytest
from support.answers import asked, said
from support.judges import ALONE

from gateway.judges.checks import Options, build
from gateway.types import Message, Request, Verdict

GIVEN = "The tenant shall give notice three months before the end of the term. " * 4


async def verdict(text: str, request: Request | None = None, **options: Any) -> Verdict:
    """Return what the judge says."""
    async with build(Options(**options)) as judge:
        assert not judge.needs_logprobs
        return await judge.judge(request or asked(), said(text), ALONE)


async def test_an_answer_without_a_fault_is_accepted() -> None:
    """The score is the share of what was checked and right."""
    assert await verdict("9 * 2 = 18\n```json\n{}\n```") == Verdict(
        accepted=True, judge="checks", score=1.0, reason="all 2 things that could be checked are right"
    )


async def test_an_answer_with_nothing_to_check_is_accepted_without_a_score() -> None:
    """Nothing was proven, so nothing is said."""
    assert await verdict("Paris") == Verdict(
        accepted=True, judge="checks", score=None, reason="there is nothing to check"
    )


async def test_every_fault_is_counted() -> None:
    """The reason counts, and quotes nothing."""
    text = '9 * 2 = 19, 1 + 1 = 2\n```python\nx = = 1\n```\nIt says "there is no notice at all".'

    told = await verdict(text, asked(GIVEN), citations=True)

    assert (told.accepted, told.score) == (False, 0.25)
    assert told.reason == "wrong: 1 of 2 sums, 1 of 1 blocks of code, 1 of 1 quotations"


@pytest.mark.parametrize(
    ("text", "option"),
    [("1 + 1 = 3", "arithmetic"), ("```python\n=\n```", "code"), ('"there is no notice at all"', "citations")],
)
async def test_each_check_can_be_switched(text: str, option: str) -> None:
    """What does not fit a task is left out."""
    assert not (await verdict(text, asked(GIVEN), **{option: True})).accepted
    assert (await verdict(text, asked(GIVEN), **{option: False})).accepted


async def test_what_a_model_said_before_is_no_source() -> None:
    """A made-up quotation stays one when it is said again."""
    before = Message(role="assistant", content="there is no notice at all")
    request = Request(messages=(Message(role="user", content=GIVEN), before, Message(role="user", content="Sure?")))

    assert not (await verdict('Yes: "there is no notice at all"', request, citations=True)).accepted
