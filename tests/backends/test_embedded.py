"""`kind: embedded` as a whole: our options, a real llama.cpp, real models."""

import asyncio
import math
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from support import models
from support.clearances import cleared

from gateway.backends import embedded
from gateway.backends.embedded import EmbeddedBackend
from gateway.errors import BackendUnavailableError, ConfigurationError, ContextWindowExceededError
from gateway.types import Delta, Message, Request, Usage

# One event loop for the file: the model that chats is loaded once.
pytestmark = [pytest.mark.engine, pytest.mark.asyncio(loop_scope="module")]

# The tokens that end a text are never chosen: 0 and 2 of SmolLM2, 2 of the specialist.
ENDLESS = {"logit_bias": {"0": -1e6, "2": -1e6}}

CAPITAL = "Which city is the capital of France"

MINE = cleared("embedded")


def request(text: str, **sampling: Any) -> Request:
    greedy = {"temperature": 0, "max_tokens": 8}
    return Request(id="r", messages=(Message(role="user", content=text),), sampling=greedy | sampling)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chat() -> AsyncIterator[EmbeddedBackend]:
    """A model that chats; shared, so no test may kill it."""
    async with embedded.build(embedded.Options(model="small", path=models.smollm2())) as backend:
        yield backend


@pytest_asyncio.fixture(loop_scope="module")
async def specialist() -> AsyncIterator[EmbeddedBackend]:
    """A tiny model that is up fast, one for each test."""
    async with embedded.build(embedded.Options(model="tickets", path=models.specialist())) as backend:
        yield backend


async def cut_off(backend: EmbeddedBackend) -> None:
    """Kill the child in the middle of an answer, which must fail."""
    async with aclosing(backend.stream(request("Tell me a story.", max_tokens=1_000, **ENDLESS), MINE)) as deltas:
        await anext(deltas)
        assert backend.pid is not None
        os.kill(backend.pid, signal.SIGKILL)
        with pytest.raises(BackendUnavailableError):
            await rest(deltas)


async def rest(deltas: AsyncIterator[Delta]) -> None:
    async for _ in deltas:
        pass


async def test_the_model_answers(chat: EmbeddedBackend) -> None:
    """A question gets a real answer."""
    completion = await chat.complete(request(CAPITAL), MINE)

    assert "Paris" in completion.message.text


async def test_the_answer_names_the_model_of_the_policy(chat: EmbeddedBackend) -> None:
    """An answer carries the alias, never the path of a file."""
    completion = await chat.complete(request("Hello!"), MINE)

    assert completion.model == "small"


async def test_the_answer_is_counted(chat: EmbeddedBackend) -> None:
    """Tokens of prompt and answer are known."""
    completion = await chat.complete(request("Hello!", max_tokens=3, **ENDLESS), MINE)

    assert (completion.finish_reason, completion.usage.completion_tokens, completion.usage.prompt_tokens) == (
        "length",
        3,
        32,
    )


async def test_a_repeated_prompt_is_taken_from_the_cache(chat: EmbeddedBackend) -> None:
    """A slot remembers the beginning of its last prompt."""
    await chat.complete(request(CAPITAL), MINE)

    completion = await chat.complete(request(CAPITAL), MINE)

    assert completion.usage.cached_tokens > 0


async def test_an_answer_is_streamed_token_by_token(chat: EmbeddedBackend) -> None:
    """Every token arrives by itself."""
    deltas = [delta async for delta in chat.stream(request("Tell me a story.", max_tokens=6, **ENDLESS), MINE)]

    assert len([delta for delta in deltas if delta.text]) == 6


async def test_a_stream_ends_with_its_reason_and_usage(chat: EmbeddedBackend) -> None:
    """A streamed answer is counted like a whole one."""
    deltas = [delta async for delta in chat.stream(request("Tell me a story.", max_tokens=6, **ENDLESS), MINE)]

    reasons = [delta.finish_reason for delta in deltas if delta.finish_reason]
    usages = [delta.usage for delta in deltas if isinstance(delta.usage, Usage)]
    assert (reasons, [usage.completion_tokens for usage in usages]) == (["length"], [6])


async def test_log_probabilities_come_with_the_tokens(chat: EmbeddedBackend) -> None:
    """A judge can read how sure the model was of each token."""
    completion = await chat.complete(request(CAPITAL), MINE, logprobs=True)

    tokens = completion.logprobs or ()
    assert "".join(token.token for token in tokens) == completion.message.text
    assert all(0 < math.exp(token.logprob) <= 1 and token.top for token in tokens)


async def test_a_specialist_answers_with_one_label(specialist: EmbeddedBackend) -> None:
    """The model that we ship says one word and stops."""
    completion = await specialist.complete(request("My card was charged twice for the same order."), MINE)

    assert (completion.usage.completion_tokens or 0) <= 2
    assert completion.finish_reason == "stop"


async def test_a_prompt_that_is_too_long_is_an_error_of_its_own() -> None:
    """The cascade can choose somebody with a larger window."""
    options = embedded.Options(model="tickets", path=models.specialist(), context_tokens=256)
    async with embedded.build(options) as backend:
        with pytest.raises(ContextWindowExceededError):
            await backend.complete(request("late " * 1_000), MINE)


async def test_many_callers_at_once_are_served_in_turn(specialist: EmbeddedBackend) -> None:
    """One slot serves 32 callers one after the other, without the pauses of seconds that idle connections can cause."""
    started = time.monotonic()

    await asyncio.gather(*(specialist.complete(request(f"Ticket {n}: no refund yet"), MINE) for n in range(32)))

    assert time.monotonic() - started < 3


async def test_two_slots_answer_at_the_same_time() -> None:
    """With `parallel: 2` a short answer overtakes a long one."""
    options = embedded.Options(model="small", path=models.smollm2(), parallel=2)
    async with embedded.build(options) as backend:
        long = backend.stream(request("Tell me a story.", max_tokens=1_500, **ENDLESS), MINE)
        async with aclosing(long) as deltas:
            await anext(deltas)

            completion = await asyncio.wait_for(backend.complete(request("Hello!", max_tokens=2), MINE), 5)

    assert completion.usage.completion_tokens is not None


async def test_closing_a_stream_frees_its_slot(chat: EmbeddedBackend) -> None:
    """A caller who goes away does not keep the only slot busy: the rest of the answer would take some 15 seconds."""
    async with aclosing(chat.stream(request("Tell me a story.", max_tokens=1_500, **ENDLESS), MINE)) as deltas:
        await anext(deltas)

    started = time.monotonic()
    await chat.complete(request("Hello!", max_tokens=1), MINE)

    assert time.monotonic() - started < 5


async def test_a_call_whose_child_dies_fails_for_now(specialist: EmbeddedBackend) -> None:
    """A crash in the middle of an answer is a transient fault: the cascade may ask again."""
    await cut_off(specialist)

    assert BackendUnavailableError.transient


async def test_a_call_after_a_crash_is_answered_by_the_next_child(specialist: EmbeddedBackend) -> None:
    """Nobody has to start anything by hand."""
    before = specialist.pid
    await cut_off(specialist)

    completion = await specialist.complete(request("My card was charged twice."), MINE)

    assert completion.message.text
    assert specialist.pid not in (None, before)


async def test_the_child_is_gone_after_the_context() -> None:
    """Closing the policy ends its processes."""
    async with embedded.build(embedded.Options(model="tickets", path=models.specialist())) as backend:
        pid = backend.pid
    assert pid is not None

    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_crash_is_logged_without_content(specialist: EmbeddedBackend, caplog: pytest.LogCaptureFixture) -> None:
    """The log says that llama.cpp ended and how; it quotes nobody."""
    await cut_off(specialist)
    await specialist.complete(request("Hello!", max_tokens=1), MINE)

    assert caplog.messages == ["backend 'embedded': llama.cpp was ended by SIGKILL; it is started again in 0 s"]


async def test_the_replica_is_the_file_and_stays_the_same(specialist: EmbeddedBackend) -> None:
    """The records name the model's file, not a port that changes with every start."""
    assert specialist.replica == "ticket-specialist.gguf"


async def test_a_missing_model_stops_the_policy() -> None:
    """A wrong path is one clear error."""
    with pytest.raises(ConfigurationError, match=r"no-such\.gguf"):
        async with embedded.build(embedded.Options(model="m", path=Path("no-such.gguf"))):
            pass
