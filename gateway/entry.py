"""`route` and `route_sync`: one call that just works, with one Router an event loop that closes with its loop."""

import asyncio
import atexit
import os
import threading
from typing import TYPE_CHECKING, Unpack
from weakref import WeakKeyDictionary

from gateway.errors import ConfigurationError
from gateway.types import Reply
from gateway.wire.openai import Content, RequestFields

if TYPE_CHECKING:
    from gateway.router import Router

_Loop = asyncio.AbstractEventLoop


class _Resident:
    """The router of one event loop, held open by a task: a loop that ends cancels its tasks, and so closes it."""

    def __init__(self, loop: _Loop) -> None:
        self.opened: asyncio.Future[Router] = loop.create_future()
        self.task = loop.create_task(self._hold_open(), name="gateway-router")

    async def router(self) -> "Router":
        if not self.opened.done():
            await asyncio.wait((self.opened, self.task), return_when=asyncio.FIRST_COMPLETED)
        if not self.opened.done():
            self.task.result()
        return self.opened.result()

    async def _hold_open(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            # All that a router needs takes longer to import than many programs live: whoever routes waits for it.
            from gateway.router import Router  # noqa: PLC0415

            async with Router.from_policy() as router:
                self.opened.set_result(router)
                await loop.create_future()
        finally:
            # The router refers to its loop, which would keep the weak key alive for ever.
            _residents.pop(loop, None)


_residents: WeakKeyDictionary[_Loop, _Resident] = WeakKeyDictionary()


async def route(content: Content, /, **fields: Unpack[RequestFields]) -> Reply:
    """Answer a request by the policy in force; see `Router.route`.

    The policy is `GATEWAY_POLICY`, else `policies/default.yaml`, else the packaged default, which finds a local
    server on its usual loopback port and the closed API whose key is in the environment. The first call in an event
    loop opens a router; it closes when the loop ends.
    """
    loop = asyncio.get_running_loop()
    if (resident := _residents.get(loop)) is None:
        resident = _residents[loop] = _Resident(loop)
    return await (await resident.router()).route(content, **fields)


def route_sync(content: Content, /, **fields: Unpack[RequestFields]) -> Reply:
    """Answer a request from code that has no event loop; raises `ConfigurationError` where one is running."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return _background().call(content, fields)
    raise ConfigurationError("route_sync was called inside a running event loop; write `await route(...)` there")


class _Background:
    """An event loop in a thread of its own, so that connections are kept between calls of `route_sync`."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="gateway-route-sync", daemon=True)
        self._thread.start()

    def call(self, content: Content, fields: RequestFields) -> Reply:
        future = asyncio.run_coroutine_threadsafe(route(content, **fields), self._loop)
        try:
            return future.result()
        except BaseException:
            # Ctrl-C here must not leave a call running there, to be answered and paid for.
            future.cancel()
            raise

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.get_loop().run_forever()


_background_lock = threading.Lock()
_background_loop: _Background | None = None


def _background() -> _Background:
    global _background_loop  # noqa: PLW0603 - one background loop a process, made on first use
    with _background_lock:
        if _background_loop is None:
            _background_loop = _Background()
            atexit.register(close_background)
        return _background_loop


def _forget_after_fork() -> None:
    global _background_lock, _background_loop
    _background_lock, _background_loop = threading.Lock(), None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_after_fork)


def close_background() -> None:
    """End the loop behind `route_sync` and its router; the next call makes a new one. Called at exit."""
    global _background_loop  # noqa: PLW0603 - as above
    with _background_lock:
        if _background_loop is not None:
            _background_loop.close()
            _background_loop = None
