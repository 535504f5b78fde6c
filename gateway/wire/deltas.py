"""Between a whole answer and its pieces: Deltas collected into a Completion, and a Completion given as Deltas."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from gateway.errors import MalformedResponseError
from gateway.types import Completion, Delta, Message, Money, TokenLogprob, ToolCall, ToolCallDelta, Usage

# Events that are read after an answer's end: its usage is among the first, the rest is no part of it.
AFTERWARDS = 16

_WORDS = re.compile(r"\s*\S+|\s+")


class Ending:
    """Where a streamed answer ends: `take` every Delta; `over` says to read no further."""

    def __init__(self) -> None:
        self.finished = False
        self._left = AFTERWARDS

    @property
    def over(self) -> bool:
        """Whether all has come that may follow the end."""
        return self._left <= 0

    def take(self, delta: Delta) -> Delta:
        """Return what counts of a Delta: after the one with the finish reason, a usage and nothing else."""
        if not self.finished:
            self.finished = delta.finish_reason is not None
            return delta
        self._left -= 1
        return replace(delta, text="", tool_calls=(), finish_reason=None, logprobs=())


class DeltaCollector:
    """Collects a streamed answer: `add` every Delta, then ask for the `completion`."""

    def __init__(self, *, backend: str = "", model: str = "") -> None:
        self.finish_reason: str | None = None
        self.usage = Usage()
        self.model = model
        self.reported_cost: Money | None = None
        self._backend = backend
        self._texts: list[str] = []
        self._calls: list[_Call] = []
        self._logprobs: list[TokenLogprob] = []

    @property
    def text(self) -> str:
        """The text so far."""
        return "".join(self._texts)

    def add(self, delta: Delta) -> None:
        """Take the next piece."""
        if delta.text:
            self._texts.append(delta.text)
        for call in delta.tool_calls:
            self._add_call(call)
        self._logprobs.extend(delta.logprobs)
        self.finish_reason = delta.finish_reason or self.finish_reason
        self.usage = delta.usage or self.usage
        self.model = delta.model or self.model
        self.reported_cost = delta.reported_cost or self.reported_cost

    def completion(self) -> Completion:
        """Return the whole answer; raises `MalformedResponseError` where it never ended or a call has no name."""
        if self.finish_reason is None:
            raise MalformedResponseError("the stream ended before the answer was complete", backend=self._backend)
        calls = tuple(self._tool_call(number, call) for number, call in enumerate(self._calls))
        return Completion(
            message=Message(role="assistant", content="".join(self._texts) or None, tool_calls=calls),
            finish_reason=self.finish_reason,
            usage=self.usage,
            model=self.model,
            logprobs=tuple(self._logprobs) or None,
            reported_cost=self.reported_cost,
        )

    def _add_call(self, delta: ToolCallDelta) -> None:
        call = next((call for call in reversed(self._calls) if call.index == delta.index), None)
        # Some servers number every call 0: another id begins another call.
        if call is None or (delta.id and call.id and delta.id != call.id):
            call = _Call(index=delta.index)
            self._calls.append(call)
        call.id = call.id or delta.id
        call.name = call.name or delta.name
        call.arguments.append(delta.arguments)

    def _tool_call(self, number: int, call: "_Call") -> ToolCall:
        if call.name is None:
            raise MalformedResponseError(f"the streamed tool call {number} has no name", backend=self._backend)
        return ToolCall(id=call.id or f"call_{number}", name=call.name, arguments="".join(call.arguments))


@dataclass(slots=True, kw_only=True)
class _Call:
    index: int
    id: str | None = None
    name: str | None = None
    arguments: list[str] = field(default_factory=list)


def as_deltas(completion: Completion, *, by_word: bool = False) -> Iterator[Delta]:
    """Give a whole answer in pieces: its text at once or word by word, its tool calls, then its end with the usage."""
    text = completion.message.text
    logprobs = completion.logprobs or ()
    for piece in _WORDS.findall(text) if by_word else [text] if text else []:
        yield Delta(text=piece, model=completion.model)
    calls = tuple(
        ToolCallDelta(index=number, id=call.id, name=call.name, arguments=call.arguments)
        for number, call in enumerate(completion.message.tool_calls)
    )
    if calls:
        yield Delta(tool_calls=calls, model=completion.model)
    end = Delta(finish_reason=completion.finish_reason, usage=completion.usage, model=completion.model)
    yield replace(end, logprobs=logprobs, reported_cost=completion.reported_cost)
