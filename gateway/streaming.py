"""A reply that is still coming in: an async iterator of its pieces."""

from collections.abc import AsyncGenerator
from types import TracebackType
from typing import Self

from gateway.types import Delta, Reply


class ReplyStream:
    """The pieces of a reply as they come; `reply` is complete once the last piece was taken.

    Closing it (`aclose`, or leaving its `async with`) before the end closes the upstream connection. Iterating raises
    the same errors as `Router.route`; where pieces were already given, a failure ends the stream with
    `CascadeExhaustedError`, since what was said cannot be taken back.
    """

    def __init__(self) -> None:
        self.reply: Reply | None = None
        self._deltas: AsyncGenerator[Delta, None] | None = None
        self._waiting = False

    def attach(self, deltas: AsyncGenerator[Delta, None]) -> None:
        """Give the stream its source."""
        self._deltas = deltas

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Delta:
        if self._deltas is None:
            raise StopAsyncIteration
        self._waiting = True
        try:
            return await anext(self._deltas)
        finally:
            self._waiting = False

    @property
    def is_left(self) -> bool:
        """Whether nobody waits for the next piece just now: who broke off may never come back."""
        return not self._waiting

    async def aclose(self) -> None:
        """Stop; closes the upstream connection and keeps what happened in the ledger."""
        if self._deltas is not None:
            await self._deltas.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
