"""A backend that says back what it was told, so that a test sees which placeholders came and what became of them."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

from pydantic import BaseModel, ConfigDict

from gateway.clearance import Clearance, confirm
from gateway.leaves import scanned_text
from gateway.types import Completion, Delta, Message, Need, Request, ToolCall, ToolCallDelta, Usage

SUPPORTS = frozenset(Need)

# As a third party's module of a kind.
CODE = "from support.echoing import *\n"

__all__ = ["SUPPORTS", "Echo", "Options", "build"]


class Options(BaseModel):
    """Whether it calls a tool with the echo, makes other numbers up, or says something else in its place."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = "echo"
    model: str = "echo"
    calls: bool = False
    makes_up: bool = False
    says: str | None = None


class Echo:
    """Says back the last message; `seen` holds every request, `told` all that was in them."""

    def __init__(self, options: Options) -> None:
        self.seen: list[Request] = []
        self._options = options

    @property
    def told(self) -> str:
        """All that it was ever sent."""
        return "\n".join(map(scanned_text, self.seen))

    @property
    def replica(self) -> str:
        """Its name."""
        return self._options.name

    async def complete(self, request: Request, clearance: Clearance, *, logprobs: bool = False) -> Completion:
        """Echo at once."""
        confirm(clearance, backend=self._options.name)
        self.seen.append(request)
        text = self._options.says or request.messages[-1].text
        text = text.replace("_1_", "_9_") if self._options.makes_up else text
        calls = (ToolCall(id="c1", name="send", arguments=f'{{"to": "{text}"}}'),) if self._options.calls else ()
        message = Message(role="assistant", content=None if calls else text, tool_calls=calls)
        return Completion(message=message, finish_reason="stop", usage=Usage(), model="echo")

    async def stream(self, request: Request, clearance: Clearance) -> AsyncGenerator[Delta, None]:
        """Echo letter by letter."""
        said = (await self.complete(request, clearance)).message
        for letter in said.text:
            yield Delta(text=letter)
        for call in said.tool_calls:
            yield Delta(tool_calls=(ToolCallDelta(index=0, id=call.id, name=call.name),))
            for letter in call.arguments:
                yield Delta(tool_calls=(ToolCallDelta(index=0, arguments=letter),))
        yield Delta(finish_reason="stop", usage=Usage(), model="echo")


@asynccontextmanager
async def build(options: Options) -> AsyncIterator[Echo]:
    """Build it; nothing is opened."""
    yield Echo(options)
