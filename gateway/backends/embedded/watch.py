"""Keeps one child up: starts it again when it dies, with growing pauses, and stops when that does not help.

A call that is in flight when its child dies fails and is not repeated here: that is for `cascade` to do.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Protocol

from gateway.errors import BackendUnavailableError, ConfigurationError
from gateway.interfaces import Backend

PAUSES_S = (0.0, 0.5, 1.0, 2.0, 4.0)
WINDOW_S = 300.0

_log = logging.getLogger(__name__)


class Alive(Protocol):
    """A child that serves."""

    @property
    def backend(self) -> Backend:
        """The client of this child."""

    @property
    def pid(self) -> int:
        """Its process id."""

    async def ended(self) -> str:
        """Return, in words, how the child ended, once it has."""


Start = Callable[[], AbstractAsyncContextManager[Alive]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """What pauses are measured with, in seconds; `notice_s` is how long a child's death may take to be noticed."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    notice_s: float = 1.0


@dataclass(frozen=True, slots=True)
class _Life:
    child: Alive
    over: asyncio.Event = field(default_factory=asyncio.Event)


@asynccontextmanager
async def kept_up(start: Start, *, name: str, clock: Clock | None = None) -> AsyncIterator["Watch"]:
    """Start a child and keep it up until the context ends; a first start that fails is the caller's error."""
    watch = Watch(start, name, clock or Clock())
    first = await watch.begin()
    task = asyncio.create_task(watch.keep_up(first))
    try:
        yield watch
    finally:
        task.cancel()
        await asyncio.wait([task])
        await watch.close()


class Watch:
    """The child that serves at the moment, or why none does."""

    def __init__(self, start: Start, name: str, clock: Clock) -> None:
        self._start = start
        self._name = name
        self._clock = clock
        self._open = AsyncExitStack()
        self._settled = asyncio.Event()
        self._life: _Life | None = None
        self._why_down = ""

    @property
    def pid(self) -> int | None:
        """The process id of the child that serves at the moment, None while none does."""
        return None if self._life is None else self._life.child.pid

    @asynccontextmanager
    async def call(self) -> AsyncIterator[Backend]:
        """Lend the child to one call; waits while one is being started, fails at once while none is."""
        await self._settled.wait()
        if self._life is None:
            raise BackendUnavailableError(self._why_down, backend=self._name)
        life = self._life
        try:
            yield life.child.backend
        except BackendUnavailableError as error:
            # No answer at all is most often the child's death, which its watch learns a moment later.
            # Whoever asks again shall be told so here, and not by a closed port.
            if error.status is None:
                await self._over(life)
            raise

    async def begin(self) -> Alive:
        """Start a child, then let go of the one before: the calls that it had have failed by then."""
        async with AsyncExitStack() as opening:
            child = await opening.enter_async_context(self._start())
            await self._open.aclose()
            self._open = opening.pop_all()
        self._life = _Life(child)
        self._settled.set()
        return child

    async def keep_up(self, child: Alive) -> None:
        """Start the child again whenever it ends; return when that is given up."""
        ends: list[float] = []
        how = await child.ended()
        while (pause_s := self._pause_s(ends)) is not None:
            _log.warning("backend %r: llama.cpp %s; it is started again in %g s", self._name, how, pause_s)
            if pause_s:
                self._down(f"llama.cpp {how}; it is started again in {pause_s:g} s")
                await self._clock.sleep(pause_s)
            self._wait()
            how = await self._one_life()
        self._down(f"llama.cpp {how}; it ended {len(ends)} times within {WINDOW_S:g} s and is not started again")
        _log.error("backend %r: %s", self._name, self._why_down)

    async def close(self) -> None:
        """End the child and refuse calls."""
        self._down("it is closed")
        await self._open.aclose()

    async def _one_life(self) -> str:
        try:
            child = await self.begin()
        except (BackendUnavailableError, ConfigurationError) as error:
            return f"did not start: {error}"
        return await child.ended()

    def _pause_s(self, ends: list[float]) -> float | None:
        """Note that a child ended now; return the pause before the next one, None for too many ends."""
        now = self._clock.now()
        ends[:] = [*(end for end in ends if now - end < WINDOW_S), now]
        return PAUSES_S[len(ends) - 1] if len(ends) <= len(PAUSES_S) else None

    def _wait(self) -> None:
        """Let calls wait for the child that is being started."""
        if self._life is not None:
            self._life.over.set()
        self._life = None
        self._settled.clear()

    def _down(self, why: str) -> None:
        """Let calls fail with the reason."""
        self._wait()
        self._why_down = f"backend {self._name!r}: {why}"
        self._settled.set()

    async def _over(self, life: _Life) -> None:
        """Wait until the child is known to be gone, a moment at most: it may live and only have cut a connection."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._clock.notice_s):
                await life.over.wait()
