"""The backend that we ship for users' tests."""

import pytest
from pydantic import ValidationError
from support.clearances import cleared
from support.crews import scripted

from gateway.backends.mock import FAULTS, Options
from gateway.errors import BackendError, RateLimitedError
from gateway.wire.openai import parse_request

HELLO = parse_request("hello there")
MINE = cleared("m")


async def test_answers_come_in_the_order_of_the_script_and_the_last_stays() -> None:
    """A script is read line by line."""
    mock = scripted("m", "one", "two")

    texts = [(await mock.complete(HELLO, MINE)).message.text for _ in range(3)]

    assert texts == ["one", "two", "two"]


async def test_it_remembers_what_it_saw() -> None:
    """A test can ask what would have left the house."""
    mock = scripted("m")

    await mock.complete(HELLO, MINE)

    assert mock.seen == [HELLO]


@pytest.mark.parametrize("code", list(FAULTS))
async def test_every_fault_can_be_scripted(code: str) -> None:
    """Each leaf of the error tree has its word."""
    with pytest.raises(FAULTS[code]) as caught:
        await scripted("m", {"error": code}).complete(HELLO, MINE)

    assert isinstance(caught.value, BackendError)
    assert caught.value.code == code


async def test_a_rate_limit_names_its_pause() -> None:
    """`retry_after` is part of the script."""
    with pytest.raises(RateLimitedError) as caught:
        await scripted("m", {"error": "rate_limited", "retry_after": 3}).complete(HELLO, MINE)

    assert caught.value.retry_after == 3


async def test_confidence_comes_as_log_probabilities_when_asked_for() -> None:
    """A judge can be tested without a model."""
    mock = scripted("m", {"text": "billing", "confidence": 0.5})

    asked = await mock.complete(HELLO, MINE, logprobs=True)
    unasked = await mock.complete(HELLO, MINE)

    assert asked.logprobs is not None
    assert asked.logprobs[0].logprob == pytest.approx(-0.693, abs=1e-3)
    assert unasked.logprobs is None


async def test_tool_calls_can_be_scripted() -> None:
    """The finish reason follows."""
    mock = scripted("m", {"tool_calls": [{"id": "1", "name": "look", "arguments": "{}"}]})

    completion = await mock.complete(HELLO, MINE)

    assert (completion.message.tool_calls[0].name, completion.finish_reason) == ("look", "tool_calls")


async def test_a_missing_script_still_answers() -> None:
    """`kind: mock` alone is enough."""
    assert "mock" in (await scripted("m").complete(HELLO, MINE)).message.text


def test_an_unknown_fault_is_refused() -> None:
    """A script with a misspelt fault would never fail."""
    with pytest.raises(ValidationError, match="unknown fault 'timeot'"):
        Options.model_validate({"answers": [{"error": "timeot"}]})
