"""The one thread that writes to a ledger: whatever waits goes into one transaction, then its waiters wake.

A failed transaction is told to its waiters and the thread lives on. Nothing that was handed in is forgotten: closing
writes what waits, and a waiter that was cancelled takes nothing with it.
"""

import asyncio
import logging
import os
import threading
import time
import traceback
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Protocol

from gateway.errors import LedgerError, UnbookableError
from gateway.ledgers._writes import Result, Write

log = logging.getLogger("gateway")

BATCH = 10_000
# How long it lets requests come together where one came while it wrote: a transaction costs more than its rows.
REST_S = 0.005
# A batch of more comes from callers that all wait for it: the sooner it is written, the better.
FLOOD = 256
# How many waiters wake in one turn of their loop: what else is due has its turn between.
_A_TURN, _A_TURN_OF_FLOOD = 4, 64

Told = list[tuple["asyncio.Future[Result]", Result | LedgerError]]


class Books(Protocol):
    """Where batches are committed. Used by the writer's thread alone."""

    @property
    def place(self) -> str:
        """Where they are, for people."""

    def commit(self, batch: Sequence[Write]) -> Sequence[Result]:
        """Write all of a batch, or nothing of it; return what each is told.

        Raises `LedgerError` where it is everybody's fault, and `RowError` or anything else where it may be one row's:
        alone, the others may go through.
        """

    def close(self) -> None:
        """Let go of what is open."""


class RowError(Exception):
    """What was to be written cannot be kept; says why, and quotes nothing of it."""


class Writer:
    """Owns the books and their thread. `submit` may be called from any event loop or thread."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._place = books.place
        self._process = os.getpid()
        self._queue: SimpleQueue[Write | None] = SimpleQueue()
        self._open = True
        self._gate = threading.Lock()
        # A daemon: a program that ends without closing its router must not hang on this thread.
        self._thread = threading.Thread(target=self._run, name="gateway-ledger", daemon=True)
        self._thread.start()

    def submit(self, write: Write) -> asyncio.Future[Result]:
        """Hand in a write; the future is done after the commit, with what became of it."""
        # The gate makes the closing mark the last thing in the queue: nothing is put where nobody reads.
        with self._gate:
            if not self._open:
                raise LedgerError(f"the ledger {self._place!r} is closed")
            if os.getpid() != self._process:
                raise LedgerError(f"the ledger {self._place!r} was opened before a fork; open a router in the child")
            self._queue.put(write)
        return write.waiter

    def close(self) -> None:
        """Write what waits and close the books; blocks until that is done."""
        with self._gate:
            if self._open:
                self._open = False
                self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        go_on = True
        while go_on:
            batch, go_on = self._take()
            # Closed with nothing to write: neither a lock nor a file that is gone is anybody's matter any more.
            if batch and self._write(batch):
                time.sleep(REST_S)
        self._books.close()

    def _take(self) -> tuple[list[Write], bool]:
        """Wait for a write and take all that wait with it, without lingering for more; False after the last."""
        batch: list[Write] = []
        write = self._queue.get()
        while write is not None:
            batch.append(write)
            if len(batch) == BATCH:
                return batch, True
            try:
                write = self._queue.get_nowait()
            except Empty:
                return batch, True
        return batch, False

    def _write(self, batch: Sequence[Write]) -> bool:
        """Commit a batch and wake its waiters; return whether to rest, for more come one by one."""
        more = False
        try:
            results = self._books.commit(batch)
        except LedgerError as error:
            _wake(batch, [error for _ in batch])
        except RowError as error:
            self._fail(batch, error)
        # The thread's outer edge: without it every later request would wait for ever.
        except Exception as error:  # noqa: BLE001
            _log_fault(error)
            self._fail(batch, error)
        else:
            # Asked before anybody wakes: one caller alone, who goes on at once, does not wait.
            more = len(batch) <= FLOOD and not self._queue.empty()
            _wake(batch, results)
        return more

    def _fail(self, batch: Sequence[Write], fault: Exception) -> None:
        if len(batch) > 1:
            for write in batch:
                self._write([write])
            return
        # What an unexpected fault says may quote what was to be written.
        known = isinstance(fault, RowError)
        text = f"cannot write to the ledger {self._place!r}: {fault if known else type(fault).__name__}"
        error = UnbookableError(text)
        error.__cause__ = fault.__cause__ if known else None
        _wake(batch, [error])


def _log_fault(error: Exception) -> None:
    frames = traceback.extract_tb(error.__traceback__)
    places = "".join(f"\n  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames)
    log.error("the ledger's writer failed with %s%s", type(error).__name__, places)


def _wake(batch: Sequence[Write], results: Sequence[Result | LedgerError]) -> None:
    """Tell every waiter, with one call for each event loop."""
    by_loop: defaultdict[asyncio.AbstractEventLoop, Told] = defaultdict(list)
    for write, result in zip(batch, results, strict=True):
        by_loop[write.waiter.get_loop()].append((write.waiter, result))
    for loop, told in by_loop.items():
        # A loop that is closed has nobody left who waits.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(_tell, loop, told)


def _tell(loop: asyncio.AbstractEventLoop, told: Told, begin: int = 0) -> None:
    end = begin + (_A_TURN if len(told) <= FLOOD else _A_TURN_OF_FLOOD)
    if end < len(told):
        loop.call_soon(_tell, loop, told, end)
    for waiter, result in told[begin:end]:
        if not isinstance(result, LedgerError):
            if not waiter.done():
                waiter.set_result(result)
        elif not waiter.done():
            waiter.set_exception(result)
        else:
            log.error("%s; nobody waits for this entry any more: it is not on the books", result)
