"""The stand-in speaks OpenAI's format and never passes for a model."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from gateway.demo.rows import StandInAnswer, StandInToolCall, StandInToolCalls
from gateway.demo.standin import UNKNOWN_PROMPT, StandIn, stand_in

ANSWERS: dict[str, StandInAnswer] = {
    "Which label?": "billing is right",
    "Look it up.": StandInToolCalls(tool_calls=(StandInToolCall(name="look_up", arguments={"id": "A-1"}),)),
}


@pytest.fixture
async def server() -> AsyncIterator[StandIn]:
    async with stand_in(ANSWERS, latency_s=0) as running:
        yield running


@pytest.fixture
async def client(server: StandIn) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=server.base_url, trust_env=False) as opened:
        yield opened


def asked(text: Any, **more: Any) -> dict[str, Any]:
    return {"model": "gpt-x", "messages": [{"role": "user", "content": text}], **more}


def events(text: str) -> list[Any]:
    lines = [line.removeprefix("data: ") for line in text.splitlines() if line]
    assert lines[-1] == "[DONE]"
    return [json.loads(line) for line in lines[:-1]]


async def test_a_known_prompt_gets_its_prepared_answer(client: httpx.AsyncClient) -> None:
    """The answer is looked up by the last user text, whatever else was said."""
    body = asked("Which label?")
    body["messages"].insert(0, {"role": "system", "content": "Sort tickets."})

    reply = (await client.post("/chat/completions", json=body)).json()

    assert reply["choices"][0]["message"] == {"role": "assistant", "content": "billing is right"}
    assert reply["choices"][0]["finish_reason"] == "stop"


async def test_every_answer_names_the_stand_in(client: httpx.AsyncClient) -> None:
    """Nobody who reads an answer can take it for a model's."""
    reply = (await client.post("/chat/completions", json=asked("Which label?"))).json()

    assert reply["model"] == "gpt-x(stand-in)"
    assert reply["system_fingerprint"] == "stand-in"


async def test_an_unknown_prompt_is_told_that_nobody_thought_about_it(client: httpx.AsyncClient) -> None:
    """The stand-in never makes an answer up."""
    reply = (await client.post("/chat/completions", json=asked("Something else"))).json()

    assert reply["choices"][0]["message"]["content"] == UNKNOWN_PROMPT


async def test_a_conversation_without_a_user_is_an_unknown_prompt(client: httpx.AsyncClient) -> None:
    """A system message alone has no prepared answer."""
    body = {"model": "gpt-x", "messages": [{"role": "system", "content": None}]}

    reply = (await client.post("/chat/completions", json=body)).json()

    assert reply["choices"][0]["message"]["content"] == UNKNOWN_PROMPT


async def test_usage_is_four_characters_a_token(client: httpx.AsyncClient) -> None:
    """Prices are computed from text lengths, rounded up."""
    reply = (await client.post("/chat/completions", json=asked("Which label?"))).json()

    assert reply["usage"] == {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}


async def test_a_prepared_tool_call_is_asked_for(client: httpx.AsyncClient) -> None:
    """Function calls come in OpenAI's shape, arguments as JSON text."""
    reply = (await client.post("/chat/completions", json=asked("Look it up."))).json()

    choice = reply["choices"][0]
    function = choice["message"]["tool_calls"][0]["function"]
    assert choice["finish_reason"] == "tool_calls"
    assert (function["name"], json.loads(function["arguments"])) == ("look_up", {"id": "A-1"})


async def test_a_stream_adds_up_to_the_answer_and_ends_with_usage(client: httpx.AsyncClient) -> None:
    """Server-sent events: pieces, finish reason, usage where asked for, and the end mark."""
    body = asked("Which label?", stream=True, stream_options={"include_usage": True})

    chunks = events((await client.post("/chat/completions", json=body)).text)

    pieces = [chunk["choices"][0]["delta"].get("content", "") for chunk in chunks[:-1]]
    assert "".join(pieces) == "billing is right"
    assert chunks[-2]["choices"][0]["finish_reason"] == "stop"
    assert chunks[-1]["usage"]["total_tokens"] == 7


async def test_a_streamed_tool_call_comes_with_its_index(client: httpx.AsyncClient) -> None:
    """Fragments of a call are told apart by their index; no usage unless asked for."""
    chunks = events((await client.post("/chat/completions", json=asked("Look it up.", stream=True))).text)

    assert chunks[1]["choices"][0]["delta"]["tool_calls"][0]["index"] == 0
    assert chunks[-1]["choices"][0]["finish_reason"] == "tool_calls"


async def test_it_remembers_the_texts_that_reached_it(server: StandIn, client: httpx.AsyncClient) -> None:
    """What left the house can be shown afterwards, text parts of a mixed message included."""
    parts = [{"type": "text", "text": "Which label?"}, {"type": "image_url", "image_url": {"url": "data:,"}}]

    await client.post("/chat/completions", json=asked(parts))

    assert server.seen == ["Which label?"]


@pytest.mark.parametrize("body", [b"no json", b"[]", b'{"model": "m"}', b'{"model": "m", "messages": [1]}'])
async def test_a_malformed_request_is_rejected_in_openais_words(client: httpx.AsyncClient, body: bytes) -> None:
    """A client bug shows as a 400 with an error object."""
    response = await client.post("/chat/completions", content=body)

    assert response.status_code == 400
    assert response.json()["error"]["type"] == "invalid_request_error"


async def test_the_only_model_listed_is_the_stand_in(client: httpx.AsyncClient) -> None:
    """A look at the models shows what is behind the address."""
    listed = (await client.get("/models")).json()

    assert [model["id"] for model in listed["data"]] == ["stand-in"]
