"""Loopback servers that speak the providers' wire formats, answer from a script and remember what they saw.

They stand in for OpenAI, Anthropic and Gemini: the formats are theirs, the answers are ours.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from aiohttp import web

TEXT = "Paris is the capital of France."


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    headers: Mapping[str, str]
    raw: bytes
    body: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One scripted answer: a body (an object is sent as JSON), or with `pieces` a stream, sent one by one.

    `then` says what follows the pieces: an orderly end, a broken connection, or silence until the client goes.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    pieces: Sequence[bytes] | None = None
    then: Literal["end", "break", "hang"] = "end"


@dataclass(slots=True)
class WireServer:
    """A running server. `answers` are given in order, the last again and again; empty: the format's plain answer.

    With a `gate` whoever sends something waits for his answer until it is set.
    """

    plain: Callable[[Seen], Answer]
    url: str = ""
    seen: list[Seen] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    connections: set[Any] = field(default_factory=set)
    client_left: asyncio.Event = field(default_factory=asyncio.Event)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    gate: asyncio.Event | None = None

    async def handle(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        body = json.loads(raw) if raw else None
        path = request.path_qs
        seen = Seen(method=request.method, path=path, headers=dict(request.headers), raw=raw, body=body)
        self.seen.append(seen)
        self.connections.add(request.transport)
        self.arrived.set()
        answer = self._next() or self.plain(seen)
        try:
            if self.gate is not None and raw:
                await self.gate.wait()
            return await self._give(request, answer)
        except (asyncio.CancelledError, ConnectionError):
            self.client_left.set()
            raise

    def _next(self) -> Answer | None:
        return self.answers.pop(0) if len(self.answers) > 1 else next(iter(self.answers), None)

    async def _give(self, request: web.Request, answer: Answer) -> web.StreamResponse:
        if answer.pieces is None and answer.then == "end":
            raw = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
            headers = {"Content-Type": "application/json", **answer.headers}
            return web.Response(status=answer.status, headers=headers, body=raw)
        headers = {"Content-Type": "text/event-stream", **answer.headers}
        response = web.StreamResponse(status=answer.status, headers=headers)
        if answer.pieces is not None:
            await response.prepare(request)
        for piece in answer.pieces or ():
            await response.write(piece)
        if answer.then == "hang":
            await asyncio.Event().wait()
        if answer.then == "break":
            assert request.transport is not None
            request.transport.abort()
        return response


@asynccontextmanager
async def serving(plain: Callable[[Seen], Answer]) -> AsyncIterator[WireServer]:
    """Serve on a free port of the loopback until the context ends."""
    server = WireServer(plain)
    app = web.Application(client_max_size=2**26)
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        server.url = f"http://{host}:{port}"
        yield server
    finally:
        await runner.cleanup()


def event(payload: object, *, name: str | None = None) -> bytes:
    """Return one server-sent event."""
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(payload)}\n\n".encode()


def serving_openai() -> AbstractAsyncContextManager[WireServer]:
    """Serve OpenAI's format."""
    return serving(openai_plain)


def openai_plain(seen: Seen) -> Answer:
    if seen.path.endswith("/models"):
        return Answer(body={"object": "list", "data": [{"id": "first-model"}, {"id": "second-model"}]})
    if seen.body.get("stream"):
        return Answer(pieces=openai_stream(*TEXT.split(" ")))
    return Answer(body=openai_completion())


def openai_completion(text: str | None = TEXT, *, finish_reason: str = "stop", **message: Any) -> dict[str, Any]:
    """Return a chat.completion; further keywords go into its message."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "served-model",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text, **message},
                "finish_reason": finish_reason,
                "logprobs": None,
            }
        ],
        "usage": OPENAI_USAGE,
    }


OPENAI_USAGE = {
    "prompt_tokens": 20,
    "completion_tokens": 7,
    "total_tokens": 27,
    "prompt_tokens_details": {"cached_tokens": 16},
    "completion_tokens_details": {"reasoning_tokens": 2},
}

OPENAI_TOOL_CALL = {"id": "call_9", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Rome"}'}}


def openai_chunk(*, finish_reason: str | None = None, **delta: Any) -> dict[str, Any]:
    """Return a chat.completion.chunk whose delta has the given keywords."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "served-model",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}],
    }


def openai_stream(*words: str) -> list[bytes]:
    """Return a whole stream: a role, the words, the end, the usage, `[DONE]`."""
    texts = [word if number == 0 else f" {word}" for number, word in enumerate(words)]
    return [
        event(openai_chunk(role="assistant", content="")),
        *(event(openai_chunk(content=text)) for text in texts),
        event(openai_chunk(finish_reason="stop")),
        event({**openai_chunk(), "choices": [], "usage": OPENAI_USAGE}),
        b"data: [DONE]\n\n",
    ]


def serving_anthropic() -> AbstractAsyncContextManager[WireServer]:
    """Serve Anthropic's format (`/v1/messages`)."""
    return serving(anthropic_plain)


def anthropic_plain(seen: Seen) -> Answer:
    if seen.body.get("stream"):
        return Answer(pieces=anthropic_stream(*TEXT.split(" ")))
    return Answer(body=anthropic_message({"type": "text", "text": TEXT}))


# Anthropic counts cached tokens beside the input tokens: 4 + 16 + 0 are the prompt.
ANTHROPIC_USAGE = {
    "input_tokens": 4,
    "cache_read_input_tokens": 16,
    "cache_creation_input_tokens": 0,
    "output_tokens": 7,
}

ANTHROPIC_TOOL_USE = {"type": "tool_use", "id": "toolu_9", "name": "weather", "input": {"city": "Rome"}}


def anthropic_message(*content: dict[str, Any], stop_reason: str = "end_turn") -> dict[str, Any]:
    """Return a message with the given content blocks."""
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "served-model",
        "content": list(content),
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "usage": ANTHROPIC_USAGE,
    }


def anthropic_error(kind: str, text: str) -> dict[str, Any]:
    """Return Anthropic's error object."""
    return {"type": "error", "error": {"type": kind, "message": text}}


def anthropic_stream(*words: str) -> list[bytes]:
    """Return a whole stream of one text block."""
    texts = [word if number == 0 else f" {word}" for number, word in enumerate(words)]
    opening = {**anthropic_message(), "stop_reason": None, "usage": {**ANTHROPIC_USAGE, "output_tokens": 1}}
    block: dict[str, Any] = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    pieces: list[dict[str, Any]] = [
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}} for text in texts
    ]
    payloads: list[dict[str, Any]] = [
        {"type": "message_start", "message": opening},
        block,
        *pieces,
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 7}},
        {"type": "message_stop"},
    ]
    return [event(payload, name=payload["type"]) for payload in payloads]


def serving_gemini() -> AbstractAsyncContextManager[WireServer]:
    """Serve Gemini's format (`generateContent`, `streamGenerateContent`)."""
    return serving(gemini_plain)


def gemini_plain(seen: Seen) -> Answer:
    if "streamGenerateContent" in seen.path:
        return Answer(pieces=gemini_stream(*TEXT.split(" ")))
    return Answer(body=gemini_content({"text": TEXT}))


GEMINI_USAGE = {
    "promptTokenCount": 20,
    "cachedContentTokenCount": 16,
    "candidatesTokenCount": 7,
    "totalTokenCount": 27,
}

GEMINI_FUNCTION_CALL = {"functionCall": {"name": "weather", "args": {"city": "Rome"}}}


def gemini_content(*parts: dict[str, Any], finish_reason: str | None = "STOP", usage: bool = True) -> dict[str, Any]:
    """Return a GenerateContentResponse with the given parts."""
    candidate: dict[str, Any] = {"index": 0, "content": {"role": "model", "parts": list(parts)}}
    if finish_reason is not None:
        candidate["finishReason"] = finish_reason
    content: dict[str, Any] = {"candidates": [candidate], "modelVersion": "served-model", "responseId": "r1"}
    return content | {"usageMetadata": GEMINI_USAGE} if usage else content


def gemini_error(status: int, kind: str, text: str) -> dict[str, Any]:
    """Return Google's error object."""
    return {"error": {"code": status, "status": kind, "message": text}}


def gemini_stream(*words: str) -> list[bytes]:
    """Return a whole stream; the last piece has the end and the usage."""
    texts = [word if number == 0 else f" {word}" for number, word in enumerate(words)]
    pieces = [gemini_content({"text": text}, finish_reason=None, usage=False) for text in texts[:-1]]
    return [event(payload) for payload in (*pieces, gemini_content({"text": texts[-1]}))]
