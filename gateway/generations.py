"""The policy in force with its open parts. A changed file makes a new generation; requests finish on the old one."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from typing import TYPE_CHECKING, Self

from gateway.errors import ConfigurationError, PolicyError
from gateway.policy.models import Policy

if TYPE_CHECKING:
    from gateway.assembly import House
    from gateway.policy.watch import PolicyFile

log = logging.getLogger("gateway")

LOOK_AGAIN_S = 1.0


class _Generation:
    """One policy's open parts, closed when it is retired and nobody uses it any more."""

    def __init__(self, house: "House", stack: AsyncExitStack) -> None:
        self.house = house
        self.stack = stack
        self.users: dict[object, asyncio.Task[object] | None] = {}
        self.idle = asyncio.Event()
        self.idle.set()

    @contextmanager
    def used(self, *, by: asyncio.Task[object] | None) -> "Iterator[House]":
        lease = object()
        self.users[lease] = by
        self.idle.clear()
        try:
            yield self.house
        finally:
            del self.users[lease]
            if not self.users:
                self.idle.set()


class Generations:
    """Opens the parts of a policy, and those of its next version when the file changes.

    A file that breaks is logged once a change, and the last good policy stays. Use `lease` around every request.
    """

    def __init__(self, source: "Policy | PolicyFile", *, clock: Callable[[], float] = time.monotonic) -> None:
        self._file = None if isinstance(source, Policy) else source
        self._policy = source if isinstance(source, Policy) else source.policy
        self._clock = clock
        self._looked_at = clock()
        self._current: _Generation | None = None
        self._changing = asyncio.Lock()
        self._refreshing: asyncio.Task[None] | None = None
        self._said = ""
        self._retiring: dict[asyncio.Task[None], _Generation] = {}

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
        try:
            await self._retired()
        except asyncio.CancelledError:
            # Who cannot wait ends the requests on their way; each still writes its entry before the ledger closes.
            for task in {task for generation in self._retiring.values() for task in generation.users.values() if task}:
                task.cancel()
            await self._retired()
            raise

    @contextmanager
    def lease(self) -> "Iterator[House]":
        """Hold the present generation open; what is leased does not change under a request."""
        generation = self._present()
        self._look()
        with generation.used(by=asyncio.current_task()) as house:
            yield house

    @contextmanager
    def hold(self, house: "House") -> Iterator[None]:
        """Keep a house that is leased just now open beyond its lease, for work that somebody else owns and ends."""
        generations = (self._present(), *self._retiring.values())
        with next(one for one in generations if one.house is house).used(by=None):
            yield

    @property
    def house(self) -> "House":
        """The present generation's parts, for a look at them."""
        return self._present().house

    async def refresh(self) -> bool:
        """Read the policy's file again now; True where a new version is in force. Raises for a broken one."""
        if self._file is None:
            return False
        async with self._changing:
            policy = await asyncio.to_thread(self._file.refresh)
            if policy is None:
                return False
            fresh = await _open(policy)
            self._file.accept(policy)
            self._put_in_force(policy, fresh)
        return True

    def _put_in_force(self, policy: Policy, fresh: _Generation) -> None:
        if policy.ledger != self._policy.ledger:
            log.warning("the policy's ledger changed; the router keeps writing to the one that it opened")
        if policy.exporters != self._policy.exporters:
            log.warning("the policy's exporters changed; the router goes on with those that it opened")
        stale, self._current, self._policy = self._current, fresh, policy
        if stale is not None:
            self._retire(stale)
        log.info("policy %s is in force", policy.fingerprint)

    def _present(self) -> _Generation:
        if self._current is None:
            raise ConfigurationError("the router is not open; write `async with Router.from_policy(...) as router:`")
        return self._current

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
            # A policy that cannot be opened is tried at every look: its fault is said once.
            if str(error) == self._said:
                return
            self._said = str(error)
            # A broken file is the user's mistake, said with its place: a trace would hide it.
            log.error("the changed policy was refused, the last good one stays in force:\n%s", error)  # noqa: TRY400
        # Nobody awaits this task: what is not logged here is never seen.
        except Exception:
            log.exception("the changed policy could not be read, the last good one stays in force")
        else:
            self._said = ""

    def _retire(self, generation: _Generation) -> None:
        task = asyncio.create_task(_close_when_idle(generation))
        self._retiring[task] = generation
        task.add_done_callback(self._retiring.pop)

    async def _retired(self) -> None:
        if self._retiring:
            await asyncio.wait(self._retiring)


async def _open(policy: Policy) -> _Generation:
    # Prices, licences and their rules: whoever only imports the router opens none of it.
    from gateway.assembly import assemble  # noqa: PLC0415

    async with AsyncExitStack() as stack:
        house = await stack.enter_async_context(assemble(policy))
        return _Generation(house, stack.pop_all())


async def _close_when_idle(generation: _Generation) -> None:
    await generation.idle.wait()
    await generation.stack.aclose()
