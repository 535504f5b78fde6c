"""A backend that answers from a script, for your tests: answers, faults, latency, and a memory of what it saw.

It never opens a connection. What it saw stays in memory only.
"""

import asyncio
import math
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from gateway import errors
from gateway.clearance import Clearance, confirm
from gateway.types import Completion, Delta, Message, Need, Request, TokenLogprob, ToolCall, Usage
from gateway.wire.deltas import as_deltas

SUPPORTS = frozenset(Need)

FAULTS: dict[str, type[errors.BackendError]] = {
    fault.code: fault
    for fault in (
        errors.BackendTimeoutError,
        errors.BackendUnavailableError,
        errors.RateLimitedError,
        errors.AuthenticationError,
        errors.ContextWindowExceededError,
        errors.ContentFilteredError,
        errors.RequestRejectedError,
        errors.MalformedResponseError,
        errors.NotClearedError,
    )
}


class Answer(BaseModel):
    """One scripted answer, or with `error` one fault (`unavailable`, `timeout`, `rate_limited` ...).

    `confidence` is the probability of every token, as log-probabilities report it. `break_after` ends a stream with
    the fault after that many words.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str = ""
    tool_calls: tuple[dict[str, Any], ...] = ()
    finish_reason: str | None = None
    confidence: float | None = Field(default=None, gt=0, le=1)
    latency_s: float = Field(default=0.0, ge=0)
    error: str | None = None
    retry_after: float | None = None
    break_after: int | None = Field(default=None, ge=0)

    @field_validator("error")
    @classmethod
    def _known(cls, value: str | None) -> str | None:
        if value is not None and value not in FAULTS:
            raise ValueError(f"unknown fault {value!r}; known: {', '.join(FAULTS)}")
        return value


def _answers(value: object) -> object:
    if isinstance(value, (list, tuple)):
        return tuple({"text": item} if isinstance(item, str) else item for item in value)
    return value


class Options(BaseModel):
    """The script: `answers` in order, the last one again and again."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = "mock"
    model: str = "mock"
    answers: Annotated[tuple[Answer, ...], BeforeValidator(_answers, json_schema_input_type=list[str | Answer])] = (
        Field(default=(Answer(text="This is a scripted answer of a mock."),), min_length=1)
    )


class Mock:
    """The scripted backend; `seen` holds every request it was asked, in order."""

    def __init__(self, options: Options) -> None:
        self.seen: list[Request] = []
        self.abandoned = 0
        self._options = options

    @property
    def replica(self) -> str:
        """The mock's name."""
        return self._options.name

    async def complete(self, request: Request, clearance: Clearance, *, logprobs: bool = False) -> Completion:
        """Give the next answer of the script, or its fault."""
        confirm(clearance, backend=self._options.name)
        answer = await self._next(request)
        self._fail(answer)
        return self._completion(request, answer, logprobs=logprobs)

    async def stream(self, request: Request, clearance: Clearance) -> AsyncGenerator[Delta, None]:
        """Give the next answer word by word, or its fault at the place that the script says."""
        confirm(clearance, backend=self._options.name)
        answer = await self._next(request)
        if answer.break_after is None:
            self._fail(answer)
        finished = False
        try:
            for number, delta in enumerate(as_deltas(self._completion(request, answer, logprobs=False), by_word=True)):
                if number == answer.break_after:
                    self._fail(answer)
                yield delta
            finished = True
        finally:
            self.abandoned += not finished

    async def _next(self, request: Request) -> Answer:
        self.seen.append(request)
        script = self._options.answers
        answer = script[min(len(self.seen), len(script)) - 1]
        if answer.latency_s:
            await asyncio.sleep(answer.latency_s)
        return answer

    def _fail(self, answer: Answer) -> None:
        if answer.error is None:
            return
        message = f"scripted fault {answer.error!r} of the mock {self._options.name!r}"
        if answer.error == errors.RateLimitedError.code:
            raise errors.RateLimitedError(message, backend=self._options.name, retry_after=answer.retry_after)
        raise FAULTS[answer.error](message, backend=self._options.name)

    def _completion(self, request: Request, answer: Answer, *, logprobs: bool) -> Completion:
        calls = tuple(ToolCall(**call) for call in answer.tool_calls)
        words = answer.text.split()
        return Completion(
            message=Message(role="assistant", content=answer.text or None, tool_calls=calls),
            finish_reason=answer.finish_reason or ("tool_calls" if calls else "stop"),
            usage=Usage(
                prompt_tokens=sum(len(message.text.split()) for message in request.messages),
                completion_tokens=len(words),
            ),
            model=self._options.model,
            logprobs=_logprobs(words, answer.confidence) if logprobs else None,
        )


def _logprobs(words: list[str], confidence: float | None) -> tuple[TokenLogprob, ...] | None:
    if confidence is None:
        return None
    return tuple(TokenLogprob(token=word, logprob=math.log(confidence)) for word in words)


@asynccontextmanager
async def build(options: Options) -> AsyncIterator[Mock]:
    """Give a mock with an empty memory."""
    yield Mock(options)
