"""The one thread that writes to a ledger: when it rests, and how its waiters wake."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest
from support.entries import ledger_entry

from gateway.audit.evidence import evidence_of
from gateway.audit.records import draft
from gateway.ledgers import _writer
from gateway.ledgers._writer import FLOOD, Writer
from gateway.ledgers._writes import EntryWrite, Result, Write


class Books:
    """Books that take every batch, and do something while they do."""

    place = "nowhere"

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.meanwhile: Callable[[int], None] = lambda _: None

    def commit(self, batch: Sequence[Write]) -> Sequence[Result]:
        self.batches.append(len(batch))
        self.meanwhile(len(self.batches))
        return [True] * len(batch)

    def close(self) -> None:
        """Nothing is open."""


def write(name: str, loop: asyncio.AbstractEventLoop) -> EntryWrite:
    entry = ledger_entry(name)
    told = evidence_of(entry)
    return EntryWrite(entry, told, draft(entry, told.facts), loop.create_future())


@pytest.fixture
def rests(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the thread rested each time; it does not really."""
    rested: list[float] = []
    monkeypatch.setattr(time, "sleep", rested.append)
    return rested


@contextmanager
def opened(books: Books) -> Iterator[Writer]:
    writer = Writer(books)
    try:
        yield writer
    finally:
        writer.close()


async def test_one_caller_alone_never_waits_for_others(rests: list[float]) -> None:
    """It goes on as soon as it is told, maybe before the thread has looked whether anybody waits."""
    loop = asyncio.get_running_loop()
    with opened(Books()) as writer:
        for number in range(200):
            await writer.submit(write(str(number), loop))

    assert rests == []


async def test_the_writer_rests_where_others_came_while_it_wrote(rests: list[float]) -> None:
    """So that they come together in one transaction."""
    loop, books = asyncio.get_running_loop(), Books()
    first, *later = (write(str(number), loop) for number in range(4))
    with opened(books) as writer:

        def come(batch: int) -> None:
            for one in later if batch == 1 else ():
                writer.submit(one)

        books.meanwhile = come
        await writer.submit(first)
        await asyncio.gather(*(one.waiter for one in later))

    assert (books.batches, rests) == ([1, 3], [_writer.REST_S])


@pytest.mark.parametrize(("count", "most"), [(FLOOD, 4), (FLOOD + 1, 64)])
async def test_waiters_wake_a_few_in_a_turn_of_their_loop(count: int, most: int) -> None:
    """What else is due has its turn between, and all of them wake in their order."""
    loop, books = asyncio.get_running_loop(), Books()
    first, *writes = (write(str(number), loop) for number in range(count + 1))
    is_writing, may_go_on = threading.Event(), threading.Event()

    def wait(batch: int) -> None:
        is_writing.set()
        assert batch > 1 or may_go_on.wait(10)

    books.meanwhile = wait
    turns: list[int] = []
    with opened(books) as writer:
        writer.submit(first)
        assert is_writing.wait(10)
        for one in writes:
            writer.submit(one)
        may_go_on.set()
        while not writes[-1].waiter.done():
            await asyncio.sleep(0)
            turns.append(sum(one.waiter.done() for one in writes))

    assert books.batches == [1, count]
    woken = [after - before for before, after in zip([0, *turns], turns, strict=False)]
    assert (max(woken), turns[-1]) == (most, count)
