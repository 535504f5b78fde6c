"""The real litellm against loopback servers that speak OpenAI's, Anthropic's and Gemini's formats."""

import asyncio
import gzip
import json
import logging
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass, replace
from typing import Any

import pytest
from pydantic import ValidationError
from support.clearances import cleared
from support.unmeasured import unmeasured
from support.wire_servers import (
    ANTHROPIC_TOOL_USE,
    GEMINI_FUNCTION_CALL,
    OPENAI_TOOL_CALL,
    TEXT,
    Answer,
    Seen,
    WireServer,
    anthropic_error,
    anthropic_message,
    anthropic_plain,
    anthropic_stream,
    event,
    gemini_content,
    gemini_error,
    gemini_plain,
    gemini_stream,
    openai_chunk,
    openai_completion,
    openai_plain,
    openai_stream,
    serving,
)

from gateway import errors
from gateway.backends import hosted
from gateway.backends.hosted import HostedBackend, Options
from gateway.types import Completion, Delta, Message, Money, Need, Request, Usage
from gateway.wire.openai import parse_request

# What litellm does with pydantic is litellm's to mend, and is seen once a process.
pytestmark = [
    pytest.mark.filterwarnings("ignore::pydantic.PydanticDeprecatedSince211"),
    pytest.mark.filterwarnings("ignore:Item .* on TypedDict class:UserWarning"),
]

KEY = "sk-Zebra7741"
SECRET = "the quick Zebra"
REQUEST = parse_request(SECRET)
MINE = cleared("frontier")
TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """One provider's format, in the pieces that the tests need."""

    model: str
    plain: Callable[[Any], Answer]
    tool_call: Any
    stream: Callable[..., list[bytes]]
    # Pieces of a stream of two words that come before anything says it ends.
    opening: int
    error: Callable[[int, str, str], Any]
    key_header: str

    @property
    def provider(self) -> str:
        return self.model.partition("/")[0]


OPENAI = Wire(
    model="openai/gpt-4o-mini",
    plain=openai_plain,
    tool_call=openai_completion(None, finish_reason="tool_calls", tool_calls=[OPENAI_TOOL_CALL]),
    stream=openai_stream,
    opening=3,
    error=lambda status, kind, text: {"error": {"message": text, "type": kind, "code": kind}},
    key_header="Authorization",
)
ANTHROPIC = Wire(
    model="anthropic/claude-sonnet-4-5",
    plain=anthropic_plain,
    tool_call=anthropic_message(ANTHROPIC_TOOL_USE, stop_reason="tool_use"),
    stream=anthropic_stream,
    opening=4,
    error=lambda status, kind, text: anthropic_error(kind, text),
    key_header="x-api-key",
)
GEMINI = Wire(
    model="gemini/gemini-2.5-flash",
    plain=gemini_plain,
    tool_call=gemini_content(GEMINI_FUNCTION_CALL),
    stream=lambda *words: gemini_stream(*words, ""),
    opening=2,
    error=gemini_error,
    key_header="x-goog-api-key",
)


@pytest.fixture(params=[OPENAI, ANTHROPIC, GEMINI], ids=lambda wire: wire.provider)
def wire(request: pytest.FixtureRequest) -> Wire:
    found: Wire = request.param
    return found


@pytest.fixture
async def server(wire: Wire) -> AsyncIterator[WireServer]:
    """The provider's server."""
    async with serving(wire.plain) as server:
        yield server


def _open(server: WireServer, model: str, **options: Any) -> AbstractAsyncContextManager[HostedBackend]:
    fields = {"model": model, "name": "frontier", "api_key": KEY, "api_base": server.url, **options}
    return hosted.build(Options.model_validate(fields))


async def _fault(server: WireServer, model: str, answer: Answer, request: Request = REQUEST) -> errors.BackendError:
    server.answers = [answer]
    async with _open(server, model) as backend:
        with pytest.raises(errors.BackendError) as raised:
            await backend.complete(request, MINE)
    return raised.value


async def _all(stream: AsyncIterator[Delta]) -> list[Delta]:
    return [delta async for delta in stream]


def _sent_image(url: str) -> Request:
    parts = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": url}}]
    return parse_request([{"role": "user", "content": parts}])


async def test_an_answer_is_read_whole(server: WireServer, wire: Wire) -> None:
    """Text, reason, model and usage with cached tokens are OpenAI's, whoever answered."""
    async with _open(server, wire.model) as backend:
        completion = await backend.complete(REQUEST, MINE)

    assert completion.message == Message(role="assistant", content=TEXT)
    assert (completion.finish_reason, completion.model) == ("stop", "served-model")
    usage = completion.usage
    assert (usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens) == (20, 7, 16)


async def test_the_key_is_sent_to_the_server_of_the_policy(server: WireServer, wire: Wire) -> None:
    """One request, with the key and the prompt in it, to the one server."""
    async with _open(server, wire.model) as backend:
        await backend.complete(REQUEST, MINE)

    assert len(server.seen) == 1
    assert KEY in server.seen[0].headers[wire.key_header]
    assert KEY not in server.seen[0].path
    assert SECRET in json.dumps(server.seen[0].body)


async def test_a_stream_is_passed_on(server: WireServer, wire: Wire) -> None:
    """Words, the end and the usage arrive in order."""
    async with _open(server, wire.model) as backend:
        deltas = await _all(backend.stream(REQUEST, MINE))

    assert "".join(delta.text for delta in deltas) == TEXT
    assert [delta.finish_reason for delta in deltas if delta.finish_reason] == ["stop"]
    usage = deltas[-1].usage
    assert usage is not None
    assert (usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens) == (20, 7, 16)


@pytest.mark.parametrize("stream", [False, True])
async def test_what_anthropic_writes_to_its_caches_is_read(*, stream: bool) -> None:
    """Written tokens are inside the prompt; those that are kept for an hour cost more, and are told apart."""
    lives = {"ephemeral_5m_input_tokens": 50, "ephemeral_1h_input_tokens": 20}
    counted = {"input_tokens": 4, "cache_read_input_tokens": 16, "cache_creation_input_tokens": 70, "output_tokens": 7}
    message = {**anthropic_message({"type": "text", "text": TEXT}), "usage": {**counted, "cache_creation": lives}}
    _, *rest = anthropic_stream(TEXT)
    opening = {"type": "message_start", "message": {**message, "content": [], "stop_reason": None}}
    answer = Answer(pieces=[event(opening, name="message_start"), *rest]) if stream else Answer(body=message)

    async with serving(lambda _: answer) as server, _open(server, ANTHROPIC.model) as backend:
        if stream:
            usage = (await _all(backend.stream(REQUEST, MINE)))[-1].usage
        else:
            usage = (await backend.complete(REQUEST, MINE)).usage

    assert usage == Usage(
        prompt_tokens=90,
        completion_tokens=7,
        cached_tokens=16,
        cache_write_tokens=70,
        cache_write_1h_tokens=20,
    )


@pytest.mark.parametrize("stream", [False, True])
async def test_what_xai_charges_and_thinks_is_read(*, stream: bool) -> None:
    """Its thinking is billed beside the answer, and what it charges is in ticks."""
    thought = {"completion_tokens_details": {"reasoning_tokens": 30}, "cost_in_usd_ticks": 37_756_000}
    counted = {"prompt_tokens": 20, "completion_tokens": 7, "total_tokens": 57, **thought}
    *pieces, _, done = openai_stream(TEXT)
    last = event({**openai_chunk(), "choices": [], "usage": counted})
    answer = Answer(pieces=[*pieces, last, done]) if stream else Answer(body={**openai_completion(), "usage": counted})

    async with serving(lambda _: answer) as server, _open(server, "xai/grok-4") as backend:
        if stream:
            read: Completion | Delta = (await _all(backend.stream(REQUEST, MINE)))[-1]
        else:
            read = await backend.complete(REQUEST, MINE)

    assert read.usage == Usage(prompt_tokens=20, completion_tokens=37, reasoning_tokens=30)
    assert read.reported_cost == Money(3_775_600)


@pytest.mark.parametrize("stream", [False, True])
async def test_what_openrouter_charges_is_read_with_the_bill_behind_it(*, stream: bool) -> None:
    """With a key of one's own, the provider behind it sends a bill beside OpenRouter's fee."""
    billed = {"cost": 0.0005, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.01}}
    counted = {"prompt_tokens": 20, "completion_tokens": 7, "total_tokens": 27, **billed}
    *pieces, _, done = openai_stream(TEXT)
    last = event({**openai_chunk(), "choices": [], "usage": counted})
    answer = Answer(pieces=[*pieces, last, done]) if stream else Answer(body={**openai_completion(), "usage": counted})

    async with serving(lambda _: answer) as server, _open(server, "openrouter/some/model") as backend:
        if stream:
            read: Completion | Delta = (await _all(backend.stream(REQUEST, MINE)))[-1]
        else:
            read = await backend.complete(REQUEST, MINE)

    assert read.reported_cost == Money(10_500_000)


async def test_the_first_token_does_not_wait_for_the_rest(server: WireServer, wire: Wire) -> None:
    """A delta is passed on while the provider is still writing."""
    server.answers = [Answer(pieces=wire.stream("A", "B")[: wire.opening], then="hang")]

    async with _open(server, wire.model) as backend, aclosing(backend.stream(REQUEST, MINE)) as stream:
        delta = await anext(stream)

    assert delta.text == "A"


async def test_a_tool_call_is_read(server: WireServer, wire: Wire) -> None:
    """A function call has OpenAI's shape, whoever made it."""
    server.answers = [Answer(body=wire.tool_call)]

    async with _open(server, wire.model) as backend:
        completion = await backend.complete(parse_request("Rome?", tools=[TOOL], tool_choice="auto"), MINE)

    call = completion.message.tool_calls[0]
    assert (call.name, json.loads(call.arguments)) == ("weather", {"city": "Rome"})
    assert completion.finish_reason == "tool_calls"
    assert "weather" in json.dumps(server.seen[0].body)
    assert "mcp" not in json.dumps(server.seen[0].body)


async def test_a_streamed_tool_call_is_read() -> None:
    """Fragments of a call are passed on as such."""
    call = {"index": 0, **OPENAI_TOOL_CALL}
    pieces = [openai_chunk(tool_calls=[call]), openai_chunk(finish_reason="tool_calls")]

    async with serving(openai_plain) as server, _open(server, OPENAI.model) as backend:
        server.answers = [Answer(pieces=[*map(event, pieces), b"data: [DONE]\n\n"])]
        deltas = await _all(backend.stream(parse_request("Rome?", tools=[TOOL]), MINE))

    assert deltas[0].tool_calls[0].name == "weather"
    assert deltas[-1].finish_reason == "tool_calls"


@pytest.mark.parametrize("status", [307, 400, 401, 403, 404, 408, 422, 429, 500, 503, 529])
async def test_a_status_has_its_error_whatever_litellm_makes_of_it(server: WireServer, wire: Wire, status: int) -> None:
    """The provider's own status decides; one request was sent, and nothing of it is quoted."""
    kinds: dict[int, type[errors.BackendError]] = {
        401: errors.AuthenticationError,
        403: errors.AuthenticationError,
        408: errors.BackendTimeoutError,
        429: errors.RateLimitedError,
        500: errors.BackendUnavailableError,
        503: errors.BackendUnavailableError,
        529: errors.BackendUnavailableError,
    }
    body = wire.error(status, "some_kind", f"{SECRET} {KEY}")
    headers = {"Retry-After": "7", "Location": f"{server.url}/elsewhere"}

    fault = await _fault(server, wire.model, Answer(status=status, body=body, headers=headers))

    assert type(fault) is kinds.get(status, errors.RequestRejectedError)
    assert (fault.status, fault.backend, len(server.seen)) == (status, "frontier", 1)
    assert SECRET not in str(fault)
    assert KEY not in str(fault)
    assert fault.__context__ is None


async def test_a_rate_limit_says_how_long_to_wait(server: WireServer, wire: Wire) -> None:
    """The provider's own word on when to come back is kept, in a stream as well."""
    server.answers = [Answer(status=429, body=wire.error(429, "rate_limit", "slow"), headers={"Retry-After": "7"})]

    async with _open(server, wire.model) as backend:
        with pytest.raises(errors.RateLimitedError) as raised:
            await anext(backend.stream(REQUEST, MINE))

    assert raised.value.retry_after == 7.0


@pytest.mark.parametrize(
    ("wire", "text"),
    [
        (OPENAI, "This model's maximum context length is 8192 tokens."),
        (ANTHROPIC, "prompt is too long: 210000 tokens > 200000 maximum"),
        (GEMINI, "The input token count (2000000) exceeds the maximum number of tokens allowed"),
    ],
    ids=["openai", "anthropic", "gemini"],
)
async def test_a_prompt_that_is_too_long_is_told_apart(server: WireServer, wire: Wire, text: str) -> None:
    """Each provider has its own way of saying so."""
    answer = Answer(status=400, body=wire.error(400, "invalid_request_error", text))

    fault = await _fault(server, wire.model, answer)

    assert isinstance(fault, errors.ContextWindowExceededError)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("context_length_exceeded", errors.ContextWindowExceededError),
        ("content_filter", errors.ContentFilteredError),
        ("content_policy_violation", errors.ContentFilteredError),
        ("insufficient_quota", errors.RequestRejectedError),
    ],
)
async def test_openais_codes_are_understood(code: str, kind: type[errors.BackendError]) -> None:
    """A machine code says what litellm does not see."""
    async with serving(openai_plain) as server:
        fault = await _fault(server, OPENAI.model, Answer(status=400, body=OPENAI.error(400, code, SECRET)))

    assert type(fault) is kind


async def test_a_refusal_by_policy_is_told_apart() -> None:
    """Each provider has its own words for it."""
    body = anthropic_error("invalid_request_error", "Output blocked by content filtering policy")

    async with serving(anthropic_plain) as server:
        fault = await _fault(server, ANTHROPIC.model, Answer(status=400, body=body))

    assert isinstance(fault, errors.ContentFilteredError)


async def test_a_refusal_that_is_no_json_is_read_by_its_status(server: WireServer, wire: Wire) -> None:
    """A proxy's error page says enough by its number."""
    fault = await _fault(server, wire.model, Answer(status=502, body=f"<html>{SECRET}</html>".encode()))

    assert (type(fault), str(fault)) == (errors.BackendUnavailableError, "'frontier' answered 502")


async def test_a_request_that_litellm_cannot_write_is_rejected() -> None:
    """A tool that is none ends the attempt; nothing is sent, and nobody is asked again."""
    tool = {"type": "function", "function": {"name": "f", "parameters": SECRET}}

    async with serving(anthropic_plain) as server, _open(server, ANTHROPIC.model) as backend:
        with pytest.raises(errors.RequestRejectedError, match="litellm cannot write") as raised:
            await backend.complete(parse_request("Hi", tools=[tool]), MINE)

    assert SECRET not in str(raised.value)
    assert server.seen == []


@pytest.mark.parametrize("body", [f"no json {SECRET}".encode(), {"said": SECRET}])
async def test_an_answer_that_is_none_is_malformed(server: WireServer, wire: Wire, body: object) -> None:
    """Nothing that is not a whole answer passes for one, and nothing of it is quoted."""
    fault = await _fault(server, wire.model, Answer(body=body))

    assert isinstance(fault, errors.MalformedResponseError)
    assert SECRET not in str(fault)
    assert fault.__context__ is None


@pytest.mark.parametrize("pieces", [None, [b'{"']])
async def test_a_connection_that_breaks_is_asked_no_second_time(
    server: WireServer, wire: Wire, pieces: Sequence[bytes] | None
) -> None:
    """A call that may have been billed is not repeated behind our back."""
    fault = await _fault(server, wire.model, Answer(pieces=pieces, then="break"))

    assert isinstance(fault, errors.BackendUnavailableError)
    assert "closed the connection before its answer was complete" in str(fault)
    assert (fault.reached, len(server.seen)) == (True, 1)


async def test_nobody_there_is_said_plainly(wire: Wire, closed_port: int) -> None:
    """The message names the place."""
    options = Options.model_validate(
        {"name": "frontier", "model": wire.model, "api_key": KEY, "api_base": f"http://127.0.0.1:{closed_port}"}
    )

    async with hosted.build(options) as backend:
        with pytest.raises(
            errors.BackendUnavailableError, match=f"no connection to '127.0.0.1:{closed_port}'"
        ) as raised:
            await backend.complete(REQUEST, MINE)

    assert not raised.value.reached


@pytest.mark.parametrize(
    ("then", "kind"), [("end", errors.MalformedResponseError), ("break", errors.BackendUnavailableError)]
)
async def test_a_truncated_stream_is_an_error(
    server: WireServer, wire: Wire, then: Any, kind: type[errors.BackendError]
) -> None:
    """Half an answer is passed on and then said to be half; litellm would call it complete."""
    server.answers = [Answer(pieces=wire.stream("Half", "an")[: wire.opening], then=then)]
    texts: list[str] = []

    async def read() -> None:
        async with _open(server, wire.model) as backend:
            texts.extend([delta.text async for delta in backend.stream(REQUEST, MINE)])

    with pytest.raises(kind):
        await read()


async def test_an_error_in_a_stream_ends_it(server: WireServer, wire: Wire) -> None:
    """A provider that fails after its 200 is heard."""
    error = event(wire.error(503, "overloaded_error", SECRET), name="error" if wire is ANTHROPIC else None)
    server.answers = [Answer(pieces=[*wire.stream("Half", "an")[: wire.opening], error])]

    async with _open(server, wire.model) as backend:
        with pytest.raises(errors.BackendUnavailableError) as raised:
            await _all(backend.stream(REQUEST, MINE))

    assert SECRET not in str(raised.value)


@pytest.mark.parametrize("streamed", [False, True])
async def test_an_answer_is_read_up_to_a_bound(
    server: WireServer, wire: Wire, monkeypatch: pytest.MonkeyPatch, *, streamed: bool
) -> None:
    """No answer without end fills the memory, and the provider is asked once."""
    await asyncio.to_thread(hosted._load)
    monkeypatch.setattr("gateway.backends._upstream.ANSWER_BYTES", 2_000)
    pieces = wire.stream(*["more"] * 99)[:-3] if streamed else [b" " * 500] * 9
    server.answers = [Answer(pieces=pieces, then="hang")]

    async with _open(server, wire.model) as backend:
        with pytest.raises(errors.MalformedResponseError, match="'frontier' answered with more than 2000 bytes"):
            await (_all(backend.stream(REQUEST, MINE)) if streamed else backend.complete(REQUEST, MINE))

    assert len(server.seen) == 1


async def test_a_compressed_answer_is_refused(server: WireServer, wire: Wire) -> None:
    """None is asked for; unpacked, a few bytes could fill the memory."""
    packed = gzip.compress(b" " * 100_000)

    fault = await _fault(server, wire.model, Answer(body=packed, headers={"Content-Encoding": "gzip"}))

    assert (type(fault), str(fault)) == (
        errors.MalformedResponseError,
        "'frontier' compressed its answer, unasked",
    )
    assert server.seen[0].headers["Accept-Encoding"] == "identity"


async def test_nothing_after_a_streams_end_is_passed_on(openai_server: WireServer) -> None:
    """A text that comes after the finish reason is no part of the answer."""
    raw, late = openai_stream("A"), event(openai_chunk(content="more"))
    openai_server.answers = [Answer(pieces=[*raw[:-2], late, *raw[-2:]])]

    async with _open(openai_server, OPENAI.model) as backend:
        deltas = await _all(backend.stream(REQUEST, MINE))

    assert "".join(delta.text for delta in deltas) == "A"


async def test_a_cancelled_call_closes_the_connection(server: WireServer, wire: Wire) -> None:
    """A caller that goes away stops the provider's meter."""
    server.answers = [Answer(then="hang")]

    async with _open(server, wire.model) as backend:
        call = asyncio.ensure_future(backend.complete(REQUEST, MINE))
        await server.arrived.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

        async with asyncio.timeout(5):
            await server.client_left.wait()


async def test_closing_a_stream_closes_the_connection(server: WireServer, wire: Wire) -> None:
    """When nobody listens any more, nobody pays any more."""
    server.answers = [Answer(pieces=wire.stream("A", "B")[: wire.opening], then="hang")]

    async with _open(server, wire.model) as backend:
        async with aclosing(backend.stream(REQUEST, MINE)) as stream:
            await anext(stream)

        async with asyncio.timeout(5):
            await server.client_left.wait()


async def test_silence_ends_with_the_read_timeout(server: WireServer, wire: Wire) -> None:
    """A provider that says nothing is given up where the policy bounds its silence."""
    server.answers = [Answer(then="hang")]

    async with _open(server, wire.model, read_timeout_s=0.05) as backend:
        with pytest.raises(errors.BackendTimeoutError):
            await backend.complete(REQUEST, MINE)


async def test_a_usage_that_was_not_sent_is_unknown(server: WireServer, wire: Wire) -> None:
    """No tokens at all is no report."""
    silent: dict[str, Any] = {
        "openai": {"usage": None},
        "anthropic": {"usage": {"input_tokens": 0, "output_tokens": 0}},
        "gemini": {"usageMetadata": {}},
    }
    server.answers = [Answer(body={**wire.plain(_asked()).body, **silent[wire.provider]})]

    async with _open(server, wire.model) as backend:
        completion = await backend.complete(REQUEST, MINE)

    assert completion.usage == Usage()


async def test_a_stream_without_a_usage_has_an_unknown_one() -> None:
    """What litellm would count for itself is no report."""
    pieces = [openai_chunk(content="A"), openai_chunk(finish_reason="stop")]

    async with serving(openai_plain) as server, _open(server, OPENAI.model) as backend:
        server.answers = [Answer(pieces=[*map(event, pieces), b"data: [DONE]\n\n"])]
        deltas = await _all(backend.stream(REQUEST, MINE))

    assert {delta.usage for delta in deltas} == {None}


async def test_parameters_that_a_model_does_not_know_are_left_out() -> None:
    """A request written for a local model can be asked of any other."""
    request = parse_request("Hi", seed=7, frequency_penalty=0.5, temperature=0.25, max_tokens=9)

    async with serving(anthropic_plain) as server, _open(server, ANTHROPIC.model) as backend:
        await backend.complete(request, MINE)

    body = server.seen[0].body
    assert (body["temperature"], body["max_tokens"], "seed" in body) == (0.25, 9, False)


@pytest.mark.parametrize(
    ("model", "kept"),
    [
        (OPENAI.model, []),
        (ANTHROPIC.model, ["top_k"]),
        (GEMINI.model, ["top_k"]),
        ("openrouter/some/model", ["min_p", "repetition_penalty", "top_k"]),
        ("together_ai/some-model", ["min_p", "repetition_penalty", "top_k"]),
        ("fireworks_ai/some-model", ["min_p", "repetition_penalty", "top_k"]),
    ],
)
async def test_local_servers_parameters_reach_who_knows_them(model: str, kept: list[str]) -> None:
    """`top_k` and its like are sent where the provider documents them, and left out elsewhere."""
    given: dict[str, Any] = {"top_k": 40, "min_p": 0.125, "repetition_penalty": 1.5, "repeat_penalty": 1.5}
    plain = {ANTHROPIC.model: anthropic_plain, GEMINI.model: gemini_plain}.get(model, openai_plain)

    async with serving(plain) as server, _open(server, model) as backend:
        await backend.complete(parse_request("Hi", **given), MINE)

    body = server.seen[0].body
    body |= body.get("generationConfig", {})
    assert sorted(given.keys() & body.keys()) == kept


@pytest.mark.parametrize("name", ["fallbacks", "api_base", "client", "model_list", "mock_response", "model"])
async def test_nothing_in_a_request_leads_litellm_elsewhere(openai_server: WireServer, name: str) -> None:
    """What litellm would read as an order of ours is refused; no other server and no other model is asked."""
    request = replace(REQUEST, sampling={name: SECRET})

    async with _open(openai_server, OPENAI.model) as backend:
        with pytest.raises(errors.RequestRejectedError):
            await backend.complete(request, MINE)
        with pytest.raises(errors.RequestRejectedError):
            await anext(backend.stream(request, MINE))

    assert openai_server.seen == []


@pytest.mark.parametrize(
    ("name", "value"), [("model_fallbacks", ["openai/gpt-4o"]), ("model_alias_map", {OPENAI.model: "openai/gpt-4o"})]
)
async def test_a_detour_that_the_process_ordered_is_not_taken(
    openai_server: WireServer, monkeypatch: pytest.MonkeyPatch, name: str, value: object
) -> None:
    """Settings of litellm's must not send a request to a model that is not in the plan."""
    litellm, _ = await asyncio.to_thread(hosted._load)
    monkeypatch.setattr(litellm, name, value)

    async with _open(openai_server, OPENAI.model) as backend:
        with pytest.raises(errors.RequestRejectedError, match=name):
            await backend.complete(REQUEST, MINE)

    assert openai_server.seen == []


async def test_a_limit_reaches_a_reasoning_model() -> None:
    """What bounds the cost is sent under the name that the model reads."""
    async with serving(openai_plain) as server, _open(server, "openai/gpt-5-mini") as backend:
        await backend.complete(parse_request("Hi", max_tokens=9, temperature=0), MINE)

    body = server.seen[0].body
    assert (body.get("max_completion_tokens"), "temperature" in body) == (9, False)


@pytest.mark.parametrize(
    "needs", [{"tools": [TOOL]}, {"response_format": {"type": "json_object"}}], ids=["tools", "response_format"]
)
async def test_what_changes_the_answer_is_never_left_out(openai_server: WireServer, needs: dict[str, Any]) -> None:
    """A model that cannot call tools or keep a format is not asked to answer without."""
    async with _open(openai_server, "openai/gpt-3.5-turbo-instruct") as backend:
        await backend.open()
        opened = backend._opened
        assert opened is not None
        backend._opened = replace(opened, supported=opened.supported - needs.keys())
        with pytest.raises(errors.RequestRejectedError, match="cannot take"):
            await backend.complete(parse_request("Hi", **needs), MINE)

    assert openai_server.seen == []


async def test_logprobs_are_asked_for_and_read() -> None:
    """A judge of confidence gets its figures from a closed model too."""
    answer = openai_completion()
    answer["choices"][0]["logprobs"] = {"content": [{"token": "A", "logprob": -0.5, "bytes": None, "top_logprobs": []}]}

    async with serving(openai_plain) as server, _open(server, OPENAI.model) as backend:
        server.answers = [Answer(body=answer)]
        completion = await backend.complete(REQUEST, MINE, logprobs=True)

    assert server.seen[0].body["logprobs"] is True
    assert completion.logprobs is not None
    assert completion.logprobs[0].logprob == -0.5


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/a.png", "https://example.org/a.png", "FILE:///etc/passwd"])
@pytest.mark.parametrize("wire", [ANTHROPIC, GEMINI], ids=["anthropic", "gemini"])
async def test_no_image_is_fetched_on_a_callers_behalf(server: WireServer, wire: Wire, url: str) -> None:
    """It would be fetched from our network; the caller gets told how to send it."""
    async with _open(server, wire.model) as backend:
        with pytest.raises(errors.RequestRejectedError, match="data: URLs"):
            await backend.complete(_sent_image(url), MINE)

    assert server.seen == []


async def test_an_image_inside_the_request_is_sent(server: WireServer, wire: Wire) -> None:
    """A data: URL reaches every provider."""
    async with _open(server, wire.model) as backend:
        completion = await backend.complete(_sent_image("data:image/png;base64,iVBORw0KGgo="), MINE)

    assert completion.message.text == TEXT
    assert "iVBORw0KGgo=" in json.dumps(server.seen[0].body)


async def test_an_image_by_url_is_left_to_who_fetches_it_himself() -> None:
    """OpenAI gets the URL as it is."""
    url = "https://example.org/a.png"

    async with serving(openai_plain) as server, _open(server, OPENAI.model) as backend:
        await backend.complete(_sent_image(url), MINE)

    assert url in json.dumps(server.seen[0].body)


async def test_an_estimate_of_litellms_is_no_reported_cost(server: WireServer, wire: Wire) -> None:
    """Only what a provider says it charged counts as reported."""
    async with _open(server, wire.model) as backend:
        completion = await backend.complete(REQUEST, MINE)
        deltas = await _all(backend.stream(REQUEST, MINE))

    assert completion.reported_cost is None
    assert {delta.reported_cost for delta in deltas} == {None}


async def test_a_cost_that_the_provider_reports_is_kept() -> None:
    """OpenRouter says what a call cost."""
    answer = openai_completion()
    answer["usage"] = {**answer["usage"], "cost": 0.00125}

    async with serving(openai_plain) as server, _open(server, "openrouter/some/model") as backend:
        server.answers = [Answer(body=answer)]
        completion = await backend.complete(REQUEST, MINE)

    assert completion.reported_cost == Money(1_250_000)


@pytest.mark.parametrize("provider", sorted(hosted.KEYS))
@pytest.mark.parametrize("needs", [{}, {"tools": [TOOL]}], ids=["text", "tools"])
async def test_no_provider_that_is_asked_can_send_a_prompt_elsewhere(provider: str, needs: dict[str, Any]) -> None:
    """A redirect is refused with its true status, whole and streamed; nobody else hears of the prompt."""
    request = parse_request(SECRET, **needs)
    async with serving(openai_plain) as server, serving(openai_plain) as other:
        server.answers = [Answer(status=307, headers={"Location": f"{other.url}/v1/chat/completions"})]

        async with _open(server, f"{provider}/some-model") as backend:
            with pytest.raises(errors.RequestRejectedError) as whole:
                await backend.complete(request, MINE)
            with pytest.raises(errors.RequestRejectedError) as streamed:
                await _all(backend.stream(request, MINE))

    assert (whole.value.status, streamed.value.status, other.seen) == (307, 307, [])


@pytest.mark.parametrize("provider", sorted(hosted.KEYS))
async def test_a_prompt_in_the_clear_takes_no_proxy(provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the environment calls a proxy would read it."""
    async with serving(openai_plain) as server, serving(openai_plain) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)

        await _fault(server, f"{provider}/some-model", Answer(status=401, body={}))

    assert (len(server.seen), proxy.seen) == (1, [])


@pytest.mark.parametrize("model", ["gpt-5-codex", "responses/some-model"])
async def test_a_model_of_openais_other_endpoint_is_asked_over_our_client(model: str) -> None:
    """For these litellm would open a client of its own, which follows redirects."""
    async with serving(openai_plain) as server:
        fault = await _fault(server, f"openai/{model}", Answer(status=307, headers={"Location": "http://127.0.0.1:9/"}))

    assert (fault.status, server.seen[0].path) == (307, "/chat/completions")


@pytest.mark.parametrize("provider", sorted(hosted.KEYS.keys() - {"anthropic", "gemini"}))
async def test_a_broken_off_stream_is_an_error_for_every_provider(provider: str) -> None:
    """Who speaks OpenAI's format has its end read from the format, not from litellm."""
    async with serving(openai_plain) as server, _open(server, f"{provider}/some-model") as backend:
        server.answers = [Answer(pieces=openai_stream("Half", "an")[:3])]

        with pytest.raises(errors.MalformedResponseError, match="broke its stream off"):
            await _all(backend.stream(REQUEST, MINE))


@pytest.mark.parametrize(
    "provider", ["azure", "bedrock", "cohere", "hosted_vllm", "ollama", "perplexity", "vertex_ai", "opnai"]
)
def test_whom_litellm_asks_over_its_own_clients_is_refused(provider: str) -> None:
    """Those follow redirects and proxies; the message names the way that does not, and a typo finds it too."""
    with pytest.raises(ValidationError, match="take kind openai_http"):
        Options(model=f"{provider}/some-model")


async def test_nothing_is_logged_or_printed(
    server: WireServer, wire: Wire, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """With every logger on DEBUG, neither prompt nor key nor answer is seen."""
    caplog.set_level(logging.DEBUG)
    server.answers = [Answer(body=wire.plain(_asked()).body), Answer(status=500, body=wire.error(500, "x", SECRET))]

    async with _open(server, wire.model) as backend:
        await backend.complete(REQUEST, MINE)
        with pytest.raises(errors.BackendUnavailableError):
            await backend.complete(REQUEST, MINE)

    written = caplog.text + "".join(capfd.readouterr())
    assert [word for word in (SECRET, KEY, TEXT) if word in written] == []


async def test_what_litellm_reports_to_hears_of_no_call(
    openai_server: WireServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What else the process lets litellm report its successes to gets none of our calls."""
    litellm, _ = await asyncio.to_thread(hosted._load)
    seen: list[object] = []

    async def log(kwargs: object, *_: object) -> None:
        seen.append(kwargs)

    spy = litellm.integrations.custom_logger.CustomLogger()
    spy.async_log_success_event = log
    monkeypatch.setattr(litellm, "callbacks", [spy])

    async with _open(openai_server, OPENAI.model) as backend:
        await backend.complete(REQUEST, MINE)
        await litellm.litellm_core_utils.logging_worker.GLOBAL_LOGGING_WORKER.flush()

    assert seen == []


async def test_a_hook_of_the_process_sees_a_call_before_it_is_sent(
    openai_server: WireServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing switches these off for one call: whoever sets them in this process reads our prompts."""
    litellm, _ = await asyncio.to_thread(hosted._load)
    seen: list[object] = []

    async def look(kwargs: dict[str, object], *_: object) -> None:
        seen.append(kwargs["messages"])

    spy = litellm.integrations.custom_logger.CustomLogger()
    spy.async_pre_call_deployment_hook = look
    monkeypatch.setattr(litellm, "callbacks", [spy])

    async with _open(openai_server, OPENAI.model) as backend:
        await backend.complete(REQUEST, MINE)

    assert seen == [[{"role": "user", "content": SECRET}]]


async def test_an_error_of_no_known_class_does_not_pass_the_border(
    openai_server: WireServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bare exceptions of litellm's quote; what such a call cost is unknown, so it counts as reached."""
    litellm, _ = await asyncio.to_thread(hosted._load)

    async def fail(*_: object) -> None:
        raise Exception(f"{SECRET} {KEY}")  # noqa: TRY002 - as litellm does

    spy = litellm.integrations.custom_logger.CustomLogger()
    spy.async_pre_call_deployment_hook = fail
    monkeypatch.setattr(litellm, "callbacks", [spy])

    fault = await _fault(openai_server, OPENAI.model, Answer(body={}))

    assert type(fault) is errors.MalformedResponseError
    assert SECRET not in str(fault)
    assert KEY not in str(fault)
    assert fault.__context__ is None


async def test_loggers_of_other_users_keep_their_warnings(monkeypatch: pytest.MonkeyPatch) -> None:
    """What holds content is silenced; a warning of the same library, and a stricter level, stay."""
    for name, level in [("openai", logging.DEBUG), ("httpx", logging.NOTSET), ("httpcore", logging.ERROR)]:
        monkeypatch.setattr(logging.getLogger(name), "level", level)

    await asyncio.to_thread(hosted._load)

    levels = {name: logging.getLogger(name).level for name in ("openai", "httpx", "httpcore", "LiteLLM")}
    assert levels == {
        "openai": logging.WARNING,
        "httpx": logging.WARNING,
        "httpcore": logging.ERROR,
        "LiteLLM": logging.CRITICAL,
    }


async def test_two_first_calls_open_one_client(openai_server: WireServer) -> None:
    """Calls that begin together share what they need."""
    async with _open(openai_server, OPENAI.model) as backend:
        first, second = await asyncio.gather(backend.open(), backend.open())

    assert first is second


async def test_litellm_can_be_imported_at_start(openai_server: WireServer) -> None:
    """With `preload` the first caller does not wait for the import."""
    async with _open(openai_server, OPENAI.model, preload=True) as backend:
        assert backend._opened is not None


@pytest.mark.parametrize(("model", "place"), [("openai/gpt-5-mini", "openai"), ("gemini/gemini-2.5-flash", "gemini")])
async def test_a_replica_is_named_by_its_provider(model: str, place: str) -> None:
    """A ledger entry says who answered."""
    async with hosted.build(Options.model_validate({"model": model, "api_key": KEY})) as backend:
        assert backend.replica == place


async def test_a_replica_at_another_address_is_named_by_it(openai_server: WireServer) -> None:
    """Host and port tell one gateway from another."""
    async with _open(openai_server, OPENAI.model) as backend:
        assert f"http://{backend.replica}" == openai_server.url


@pytest.mark.parametrize(
    ("model", "names"),
    [
        ("openai/gpt-5-mini", "OPENAI_API_KEY"),
        ("anthropic/claude-sonnet-4-5", "ANTHROPIC_API_KEY"),
        ("gemini/gemini-2.5-flash", "GEMINI_API_KEY or GOOGLE_API_KEY"),
    ],
)
async def test_a_missing_key_is_known_at_start(monkeypatch: pytest.MonkeyPatch, model: str, names: str) -> None:
    """The message says which variable to set; nobody is connected to."""
    for name in names.split(" or "):
        monkeypatch.delenv(name, raising=False)

    with pytest.raises(errors.AuthenticationError, match=f"set {names}"):
        async with hosted.build(Options(model=model)):
            pass


async def test_a_key_is_taken_from_the_environment(openai_server: WireServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The provider's usual variable is enough."""
    monkeypatch.setenv("OPENAI_API_KEY", f"{KEY}\n")

    async with _open(openai_server, OPENAI.model, api_key=None) as backend:
        await backend.complete(REQUEST, MINE)

    assert openai_server.seen[0].headers["Authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"model": "gpt-5-mini"}, "write provider/model"),
        ({"model": "/gpt"}, "write provider/model"),
        ({"api_base": "localhost:8000"}, "no plain URL"),
        ({"api_base": "http://][x@@"}, "no URL of a server"),
        ({"api_base": f"https://me:{KEY}@host"}, "no plain URL"),
        ({"fallbacks": ["openai/gpt"]}, "Extra inputs are not permitted"),
    ],
)
def test_wrong_options_are_refused_without_being_quoted(fields: dict[str, Any], fault: str) -> None:
    """A policy's mistake is named, and a key that stands in the wrong place is not."""
    with pytest.raises(ValidationError) as refused:
        Options.model_validate({"model": "openai/gpt-5-mini", **fields})

    assert fault in str(refused.value)
    assert KEY not in str(refused.value)


def test_a_closed_api_takes_tools_formats_and_images() -> None:
    """The plan knows what it deals with."""
    assert {Need.TOOLS, Need.RESPONSE_FORMAT, Need.IMAGES} == hosted.SUPPORTS


def test_the_module_is_light() -> None:
    """Reading a policy that names a closed API does not pay for it."""
    heavy = "{'litellm', 'openai', 'httpx', 'aiohttp'}"
    code = f"import sys, gateway.backends.hosted; sys.exit(bool({heavy} & sys.modules.keys()))"

    done = subprocess.run([sys.executable, "-c", code], env=unmeasured(), check=False, timeout=60)  # noqa: S603 - our own interpreter

    assert done.returncode == 0


def _asked() -> Seen:
    return Seen(method="POST", path="/", headers={}, raw=b"", body={})
