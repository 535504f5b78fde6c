"""A kind of backend that fails at random, tells back what it is told, and remembers every request that it saw.

Models quote what they are asked, so what they answer is as private as that. `seen` is shared by all backends of a
process: it is what has left the router.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

from pydantic import BaseModel, ConfigDict

from gateway.backends import mock
from gateway.clearance import Clearance, confirm
from gateway.types import Completion, Delta, Message, Need, Request, ToolCall, Usage
from gateway.wire.deltas import as_deltas

SUPPORTS = frozenset(Need)
FAULTS = tuple(mock.FAULTS.values())
_OWN_FAULTS = 0.2

# By backend: the requests that it was sent, in order.
seen: dict[str, list[Request]] = {}


class Options(BaseModel):
    """How often it fails, from which seed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = "faulty"
    model: str = "faulty"
    seed: int = 0
    failing: float = 0.4


class Faulty:
    """The backend: its faults are ours to choose, its answers hold the prompt."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._chance = random.Random(options.seed)

    @property
    def replica(self) -> str:
        """The backend's name."""
        return self._options.name

    async def complete(self, request: Request, clearance: Clearance, *, logprobs: bool = False) -> Completion:
        """Answer, or fail in one of the ways in which servers fail."""
        confirm(clearance, backend=self._options.name)
        seen.setdefault(self._options.name, []).append(request)
        await asyncio.sleep(self._chance.choice((0, 0, 0, 0.001)))
        if self._chance.random() < self._options.failing:
            self._fail(request)
        return self._answer(request)

    async def stream(self, request: Request, clearance: Clearance) -> AsyncGenerator[Delta, None]:
        """Answer word by word, and break off where it fails."""
        confirm(clearance, backend=self._options.name)
        seen.setdefault(self._options.name, []).append(request)
        breaks = self._chance.randrange(3) if self._chance.random() < self._options.failing else None
        for number, delta in enumerate(as_deltas(self._answer(request), by_word=True)):
            if number == breaks:
                self._fail(request)
            await asyncio.sleep(0)
            yield delta

    def _fail(self, request: Request) -> None:
        if self._chance.random() < _OWN_FAULTS:
            # A third party's own fault may quote what it read.
            raise ValueError(request.messages[-1].text)
        raise self._chance.choice(FAULTS)("it failed", backend=self._options.name)

    def _answer(self, request: Request) -> Completion:
        told = "\n".join(message.text for message in request.messages)
        form = self._chance.randrange(4)
        calls = (ToolCall(id="call_1", name="look_up", arguments=f'{{"about": "{told[:80]!r}"}}'),) if form == 1 else ()
        text = "" if form in (0, 1) else f"You said: {told}"
        return Completion(
            message=Message(role="assistant", content=text, tool_calls=calls),
            finish_reason="tool_calls" if calls else "stop",
            usage=Usage(prompt_tokens=len(told) // 4, completion_tokens=len(text) // 4),
            model=self._options.model,
        )


@asynccontextmanager
async def build(options: Options) -> AsyncIterator[Faulty]:
    """Build the backend; nothing is opened."""
    yield Faulty(options)
