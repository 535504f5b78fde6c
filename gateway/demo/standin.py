"""A scripted server in the place of a closed API: real wire format, no model. It says so in every answer.

It listens on a free loopback port, answers known prompts with prepared answers, and remembers the texts it was sent
(in memory), so that a test can show what never reached it. Usage is an estimate: four characters a token, images free.
"""

import asyncio
import hashlib
import itertools
import json
import math
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from gateway.demo.rows import StandInAnswer, StandInToolCalls
from gateway.types import JsonObject

UNKNOWN_PROMPT = "I am a scripted stand-in for a closed model and have no answer to this prompt."
CHARACTERS_PER_TOKEN = 4
_REQUEST_BYTES = 4_000_000


@dataclass(slots=True, kw_only=True)
class StandIn:
    """A running stand-in: where it listens, and every text that reached it."""

    answers: Mapping[str, StandInAnswer] = field(repr=False)
    latency_s: float
    base_url: str = ""
    seen: list[str] = field(default_factory=list, repr=False)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1), repr=False)

    async def chat(self, request: web.Request) -> web.StreamResponse:
        """Answer `POST /v1/chat/completions`, whole or as a stream of server-sent events."""
        try:
            body = await request.json()
            messages, model = body["messages"], str(body["model"])
            self.seen.append("\n".join(_text(message) for message in messages))
        except (KeyError, TypeError, AttributeError, ValueError):
            return _rejected("the body must be a JSON object with 'model' and 'messages'")
        await asyncio.sleep(self.latency_s)
        answer = self.answers.get(digest(_last_user_text(messages)), UNKNOWN_PROMPT)
        reply = _Reply(number=next(self._numbers), model=f"{model}(stand-in)", answer=answer, prompt=self.seen[-1])
        if not body.get("stream"):
            return web.json_response(reply.whole())
        usage = bool((body.get("stream_options") or {}).get("include_usage"))
        return await _send_events(request, reply.chunks(usage=usage))

    async def models(self, _: web.Request) -> web.Response:
        """Answer `GET /v1/models`."""
        return web.json_response(
            {"object": "list", "data": [{"id": "stand-in", "object": "model", "owned_by": "demo"}]}
        )


@asynccontextmanager
async def stand_in(answers: Mapping[str, StandInAnswer], *, latency_s: float = 0.05) -> AsyncIterator[StandIn]:
    """Serve `answers`, by prompt, on a free loopback port until the context ends; a call takes `latency_s`."""
    server = StandIn(answers={digest(prompt): answer for prompt, answer in answers.items()}, latency_s=latency_s)
    application = web.Application(client_max_size=_REQUEST_BYTES)
    application.router.add_post("/v1/chat/completions", server.chat)
    application.router.add_get("/v1/models", server.models)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        server.base_url = f"http://{host}:{port}/v1"
        yield server
    finally:
        await runner.cleanup()


def digest(prompt: str) -> str:
    """Return the key under which the answer to a prompt is kept."""
    return hashlib.sha256(prompt.encode()).hexdigest()


def tokens(text: str) -> int:
    """Estimate the tokens of a text: four characters each."""
    return math.ceil(len(text) / CHARACTERS_PER_TOKEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reply:
    number: int
    model: str
    answer: StandInAnswer
    prompt: str

    def whole(self) -> JsonObject:
        choice = {"index": 0, "message": self._message(), "finish_reason": self._finish, "logprobs": None}
        return {**self._head("chat.completion"), "choices": [choice], "usage": self._usage()}

    def chunks(self, *, usage: bool) -> Iterator[JsonObject]:
        head = self._head("chat.completion.chunk")
        for delta in ({"role": "assistant", "content": ""}, *self._deltas()):
            yield {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
        yield {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": self._finish}]}
        if usage:
            yield {**head, "choices": [], "usage": self._usage()}

    @property
    def _finish(self) -> str:
        return "stop" if isinstance(self.answer, str) else "tool_calls"

    def _head(self, kind: str) -> dict[str, Any]:
        return {
            "id": f"chatcmpl-stand-in-{self.number}",
            "object": kind,
            "created": int(time.time()),
            "model": self.model,
            "system_fingerprint": "stand-in",
        }

    def _message(self) -> JsonObject:
        if isinstance(self.answer, str):
            return {"role": "assistant", "content": self.answer}
        return {"role": "assistant", "content": None, "tool_calls": self._tool_calls(self.answer)}

    def _deltas(self) -> Iterator[JsonObject]:
        if isinstance(self.answer, str):
            yield from ({"content": word} for word in _words(self.answer))
            return
        for index, call in enumerate(self._tool_calls(self.answer)):
            yield {"tool_calls": [{"index": index, **call}]}

    def _tool_calls(self, answer: StandInToolCalls) -> Sequence[JsonObject]:
        return [
            {
                "id": f"call_{self.number}_{index}",
                "type": "function",
                "function": {"name": call.name, "arguments": json.dumps(call.arguments)},
            }
            for index, call in enumerate(answer.tool_calls)
        ]

    def _usage(self) -> JsonObject:
        written = self.answer if isinstance(self.answer, str) else self.answer.model_dump_json()
        prompt, completion = tokens(self.prompt), tokens(written)
        return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


async def _send_events(request: web.Request, chunks: Iterator[JsonObject]) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
    await response.prepare(request)
    for chunk in chunks:
        await response.write(f"data: {json.dumps(chunk)}\n\n".encode())
    await response.write(b"data: [DONE]\n\n")
    await response.write_eof()
    return response


def _rejected(message: str) -> web.Response:
    error = {"message": f"stand-in: {message}", "type": "invalid_request_error", "param": None, "code": None}
    return web.json_response({"error": error}, status=400)


def _last_user_text(messages: Sequence[JsonObject]) -> str:
    return next((_text(message) for message in reversed(messages) if message.get("role") == "user"), "")


def _text(message: JsonObject) -> str:
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "\n".join(part["text"] for part in content if part.get("type") == "text")


def _words(text: str) -> Iterator[str]:
    head, *rest = text.split(" ")
    yield head
    yield from (f" {word}" for word in rest)
