"""Threads for work that may never end: it is waited for so long, and left behind then. Few, even where all are stuck.

A thread cannot be ended from outside. One that is left goes on until its work ends, and does not keep the process from
ending; meanwhile another takes its place. Where too many are left, work waits in a queue until its time is over.
"""

import asyncio
import contextvars
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

MOST_AT_WORK = 4
MOST_LEFT = 8

Result = TypeVar("Result")


class Workers:
    """Runs functions in threads; used from any number of event loops."""

    def __init__(self, name: str, *, most_at_work: int = MOST_AT_WORK, most_left: int = MOST_LEFT) -> None:
        self._name = name
        self._at_work, self._left_behind = most_at_work, most_left
        self._forget()
        if hasattr(os, "register_at_fork"):
            # Threads do not survive a fork.
            os.register_at_fork(after_in_child=self._forget)

    @property
    def threads(self) -> int:
        """How many threads there are, those that were left included."""
        return self._threads

    async def run(self, work: Callable[[], Result], *, limit_s: float) -> Result:
        """Return what `work` returns in a thread, or raise what it raises; `TimeoutError` after `limit_s` seconds."""
        job = _Job(partial(contextvars.copy_context().run, work))
        self._queue.put(job)
        self._grow()
        try:
            async with asyncio.timeout(limit_s):
                return await asyncio.wrap_future(job.future)
        finally:
            # What still waits in the queue is passed over; what was begun goes on without us.
            if not job.future.cancel():
                self._leave(job)

    def _forget(self) -> None:
        self._lock = threading.Lock()
        # Their results are of any type: each goes to whoever gave the work.
        self._queue: SimpleQueue[_Job[Any]] = SimpleQueue()
        self._threads = self._idle = self._left = 0

    def _grow(self) -> None:
        """Start a thread for what waits, where all are busy and there may be more."""
        with self._lock:
            wanted = self._queue.qsize() > self._idle
            if not wanted or self._threads - min(self._left, self._left_behind) >= self._at_work:
                return
            self._threads += 1
        threading.Thread(target=self._serve, name=self._name, daemon=True).start()

    def _leave(self, job: "_Job[Any]") -> None:
        with self._lock:
            if job.ended:
                return
            job.left = True
            self._left += 1
        self._grow()

    def _serve(self) -> None:
        with self._lock:
            self._idle += 1
        while True:
            job = self._queue.get()
            with self._lock:
                self._idle -= 1
            tell = job.run()
            with self._lock:
                job.ended = True
                if job.left:
                    self._left -= 1
                # Another thread has taken this one's place.
                is_surplus = job.left and self._threads - min(self._left, self._left_behind) > self._at_work
                if is_surplus:
                    self._threads -= 1
                else:
                    # Before anybody hears of it: who comes with more work then finds this thread, and starts none.
                    self._idle += 1
            tell()
            if is_surplus:
                return
            # Until the next work comes, this thread holds nothing of what it read.
            del job, tell


class _Job(Generic[Result]):
    """One function on its way through a thread."""

    __slots__ = ("_work", "ended", "future", "left")

    def __init__(self, work: Callable[[], Result]) -> None:
        self._work = work
        self.future: Future[Result] = Future()
        self.left = self.ended = False

    def run(self) -> Callable[[], object]:
        """Do the work; return what tells its end to who waits for it."""
        if not self.future.set_running_or_notify_cancel():
            return _nobody
        try:
            return partial(self.future.set_result, self._work())
        except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
            # No future takes a StopIteration, and what ends a process is not for the loop to raise.
            is_fit = isinstance(error, Exception) and not isinstance(error, StopIteration)
            fault = error if is_fit else RuntimeError(f"the work ended with {type(error).__name__}")
            return partial(self.future.set_exception, fault)


def _nobody() -> None:
    """Tell nobody: who waited is gone."""
