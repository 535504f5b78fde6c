"""The policy in force with its open parts. A changed file makes a new generation; requests finish on the old one."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from typing import Self

from gateway.assembly import House, assemble
from gateway.errors import ConfigurationError, PolicyError
from gateway.policy.models import Policy
from gateway.policy.watch import PolicyFile

log = logging.getLogger("gateway")

LOOK_AGAIN_S = 1.0


class _Generation:
    """One policy's open parts, closed when it is retired and nobody uses it any more."""

    def __init__(self, house: House, stack: AsyncExitStack) -> None:
        self.house = house
        self.stack = stack
        self.users = 0
        self.idle = asyncio.Event()
        self.idle.set()


class Generations:
    """Opens the parts of a policy, and those of its next version when the file changes.

    A file that breaks is logged once a change, and the last good policy stays. Use `lease` around every request.
    """

    def __init__(self, source: Policy | PolicyFile, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._file = source if isinstance(source, PolicyFile) else None
        self._policy = source if isinstance(source, Policy) else source.policy
        self._clock = clock
        self._looked_at = clock()
        self._current: _Generation | None = None
        self._refreshing: asyncio.Task[None] | None = None
        self._retiring: set[asyncio.Task[None]] = set()

    @property
    def policy(self) -> Policy:
        """The policy in force."""
        return self._policy

    async def __aenter__(self) -> Self:
        self._current = await _open(self._policy)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._refreshing is not None:
            self._refreshing.cancel()
            await asyncio.wait([self._refreshing])
        current, self._current = self._current, None
        if current is not None:
            self._retire(current)
        if self._retiring:
            await asyncio.wait(self._retiring)

    @contextmanager
    def lease(self) -> Iterator[House]:
        """Hold the present generation open; what is leased does not change under a request."""
        self._look()
        generation = self._current
        if generation is None:
            raise ConfigurationError("the router is not open; write `async with Router.from_policy(...) as router:`")
        generation.users += 1
        generation.idle.clear()
        try:
            yield generation.house
        finally:
            generation.users -= 1
            if not generation.users:
                generation.idle.set()

    async def refresh(self) -> bool:
        """Read the policy's file again now; True where a new version is in force. Raises for a broken one."""
        policy = await asyncio.to_thread(self._file.refresh) if self._file else None
        if policy is None:
            return False
        fresh = await _open(policy)
        stale, self._current, self._policy = self._current, fresh, policy
        if stale is not None:
            self._retire(stale)
        log.info("policy %s is in force", policy.fingerprint)
        return True

    def _look(self) -> None:
        if self._file is None or self._clock() - self._looked_at < LOOK_AGAIN_S:
            return
        self._looked_at = self._clock()
        if self._refreshing is None or self._refreshing.done():
            self._refreshing = asyncio.create_task(self._refresh_quietly())

    async def _refresh_quietly(self) -> None:
        try:
            await self.refresh()
        except (PolicyError, ConfigurationError) as error:
            # A broken file is the user's mistake, said with its place: a trace would hide it.
            log.error(  # noqa: TRY400
                "the changed policy was refused, the last good one stays in force:\n%s", error
            )

    def _retire(self, generation: _Generation) -> None:
        task = asyncio.create_task(_close_when_idle(generation))
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)


async def _open(policy: Policy) -> _Generation:
    async with AsyncExitStack() as stack:
        house = await stack.enter_async_context(assemble(policy))
        return _Generation(house, stack.pop_all())


async def _close_when_idle(generation: _Generation) -> None:
    await generation.idle.wait()
    await generation.stack.aclose()
