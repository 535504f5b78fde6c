"""`kind: llamacpp` against a real llama.cpp that serves SmolLM2."""

import asyncio
import json
import math
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest
from support import models
from support.clearances import cleared
from support.llamacpp_server import serving_llamacpp

from gateway.backends import llamacpp
from gateway.backends.openai_http import OpenAIBackend
from gateway.errors import ContextWindowExceededError
from gateway.types import Message, Request

pytestmark = pytest.mark.engine

MINE = cleared("llama")

PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string", "maxLength": 20}, "age": {"type": "integer", "maximum": 150}},
    "required": ["name", "age"],
    "additionalProperties": False,
}


def request(text: str, response_format: dict[str, Any] | None = None, **sampling: Any) -> Request:
    greedy = {"temperature": 0, "max_tokens": 12}
    message = Message(role="user", content=text)
    return Request(id="r", messages=(message,), response_format=response_format, sampling=greedy | sampling)


@pytest.fixture
async def backend(llamacpp_server: str) -> AsyncIterator[OpenAIBackend]:
    async with llamacpp.build(llamacpp.Options(name="llama", model="smollm2", url=llamacpp_server)) as backend:
        yield backend


async def test_a_question_is_answered(backend: OpenAIBackend) -> None:
    """The plain call works against the real thing."""
    completion = await backend.complete(request("Which city is the capital of France"), MINE)

    assert "Paris" in completion.message.text


async def test_an_answer_is_counted(backend: OpenAIBackend) -> None:
    """Tokens of prompt and answer are what llama.cpp counted."""
    completion = await backend.complete(request("Which city is the capital of France", max_tokens=3), MINE)

    assert (completion.usage.prompt_tokens, completion.usage.completion_tokens) == (37, 3)


async def test_the_beginning_of_a_repeated_prompt_counts_as_cached(backend: OpenAIBackend) -> None:
    """llama.cpp computes only what is new, and says so."""
    await backend.complete(request("Repeat the word: banana"), MINE)

    completion = await backend.complete(request("Repeat the word: banana"), MINE)

    assert completion.usage.cached_tokens > 20


async def test_a_streamed_answer_equals_the_whole_one(backend: OpenAIBackend) -> None:
    """The pieces joined are the answer."""
    question = request("Which city is the capital of France")
    whole = await backend.complete(question, MINE)

    pieces = [delta.text async for delta in backend.stream(question, MINE)]

    assert "".join(pieces) == whole.message.text
    assert len([piece for piece in pieces if piece]) > 3


async def test_a_stream_ends_with_its_reason_and_usage(backend: OpenAIBackend) -> None:
    """A streamed answer is counted like a whole one."""
    deltas = [delta async for delta in backend.stream(request("Tell me a story.", max_tokens=5), MINE)]

    reasons = [delta.finish_reason for delta in deltas if delta.finish_reason]
    counts = [delta.usage.completion_tokens for delta in deltas if delta.usage]
    assert (reasons, counts) == (["length"], [5])


async def test_log_probabilities_come_with_the_tokens(backend: OpenAIBackend) -> None:
    """Each token carries its probability, and the greedy one is the likeliest of those listed."""
    completion = await backend.complete(request("Which city is the capital of France"), MINE, logprobs=True)

    tokens = completion.logprobs or ()
    assert "".join(token.token for token in tokens) == completion.message.text
    assert all(math.isclose(token.logprob, max(value for _, value in token.top)) for token in tokens)


async def test_a_json_schema_is_kept(backend: OpenAIBackend) -> None:
    """An answer that must be of a form is of that form: llama.cpp allows no other token."""
    form = {"type": "json_schema", "json_schema": {"name": "person", "schema": PERSON, "strict": True}}

    completion = await backend.complete(request("Invent a person.", form, max_tokens=60), MINE)

    person = json.loads(completion.message.text)
    assert {name: type(value) for name, value in person.items()} == {"name": str, "age": int}


async def test_a_prompt_that_is_too_long_is_an_error_of_its_own(backend: OpenAIBackend) -> None:
    """The cascade can choose somebody with a larger window."""
    with pytest.raises(ContextWindowExceededError):
        await backend.complete(request("word " * 2_000), MINE)


async def test_auto_takes_the_model_that_is_loaded(llamacpp_server: str) -> None:
    """Nobody has to know what a local server serves."""
    async with llamacpp.build(llamacpp.Options(name="llama", model="auto", url=llamacpp_server)) as backend:
        completion = await backend.complete(request("Hello!", max_tokens=1), MINE)

    assert (backend.model, completion.model) == ("smollm2", "smollm2")


async def test_closing_a_stream_frees_its_slot(backend: OpenAIBackend) -> None:
    """Callers who go away do not keep the server's slots busy: the rest of these answers takes ten seconds each."""
    # The two tokens that end a text of SmolLM2's are never chosen.
    endless = request("Tell me a story.", max_tokens=900, logit_bias={"0": -1e6, "2": -1e6})
    for _ in range(3):
        async with aclosing(backend.stream(endless, MINE)) as deltas:
            await anext(deltas)

    started = time.monotonic()
    await backend.complete(request("Hello!", max_tokens=1), MINE)

    assert time.monotonic() - started < 5


@pytest.mark.parametrize("attempt", range(3))
def test_callers_wait_for_one_another_and_for_nothing_else(attempt: int) -> None:
    """Bursts of calls are served at once: kept connections would make some wait 4 s or longer, every second time."""
    with serving_llamacpp(models.specialist(), name="tickets") as url:
        assert max(asyncio.run(burst(url, calls)) for calls in (8, 32)) < 2


async def burst(url: str, calls: int) -> float:
    """Return the seconds until the last of many calls at once is answered."""
    async with llamacpp.build(llamacpp.Options(name="llama", model="tickets", url=url)) as backend:
        started = time.monotonic()
        await asyncio.gather(
            *(backend.complete(request(f"Ticket {number}: no refund"), MINE) for number in range(calls))
        )
        return time.monotonic() - started
