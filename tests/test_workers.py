"""Work that does not end is left behind in its thread: the loop goes on, threads stay few, and others are served."""

import asyncio
import gc
import threading
import weakref
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from functools import partial

import pytest

from gateway.workers import Workers

SOON = 0.02
LONG = 30.0


class Stuck:
    """Work that waits until it is let go."""

    def __init__(self) -> None:
        self.begun = 0
        self.go = threading.Event()

    def __call__(self) -> str:
        self.begun += 1
        self.go.wait(LONG)
        return "late"


@pytest.fixture
def stuck() -> Iterator[Stuck]:
    """Work that is let go at the end of a test, whatever becomes of it."""
    work = Stuck()
    yield work
    work.go.set()


async def left(workers: Workers, stuck: Stuck) -> None:
    """Wait for the work in vain."""
    with pytest.raises(TimeoutError):
        await workers.run(stuck, limit_s=SOON)


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(LONG):
        # A thread says nothing to a loop when it ends.
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.001)


async def test_work_is_done_in_another_thread() -> None:
    """Its result comes back, and what the caller's context holds goes with it."""
    name, workers = ContextVar("name", default=""), Workers("w")
    name.set("caller")

    result = await workers.run(lambda: (name.get(), threading.current_thread().name), limit_s=LONG)

    assert result == ("caller", "w")


@pytest.mark.parametrize("error", [ValueError, StopIteration, SystemExit])
async def test_what_work_raises_is_raised_where_it_is_waited_for(error: type[BaseException]) -> None:
    """And never ends the loop, or the thread."""

    def fails() -> None:
        raise error

    workers = Workers("w", most_at_work=1)

    with pytest.raises(ValueError if error is ValueError else RuntimeError):
        await workers.run(fails, limit_s=LONG)

    assert await workers.run(lambda: 1, limit_s=LONG) == 1
    assert workers.threads == 1


async def test_one_thread_serves_many_one_after_another() -> None:
    """Threads are started where all are busy, not before."""
    workers = Workers("w")

    for number in range(20):
        assert await workers.run(partial(int, number), limit_s=LONG) == number

    assert workers.threads == 1


async def test_no_more_work_at_once_than_there_are_threads() -> None:
    """What comes on top waits its turn, and is done."""
    workers, running, most = Workers("w", most_at_work=2), 0, 0
    lock = threading.Lock()

    def counted() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        threading.Event().wait(0.002)
        with lock:
            running -= 1

    await asyncio.gather(*(workers.run(counted, limit_s=LONG) for _ in range(20)))

    assert (most <= 2, workers.threads <= 2) == (True, True)


async def test_work_that_is_late_is_left_and_another_thread_takes_its_place(stuck: Stuck) -> None:
    """Whoever comes next is served at once; when the late one ends after all, its thread goes."""
    workers = Workers("w", most_at_work=1)

    await left(workers, stuck)
    served = await workers.run(lambda: "served", limit_s=LONG)
    threads = workers.threads
    stuck.go.set()
    await until(lambda: workers.threads == 1)

    assert (served, threads) == ("served", 2)
    assert await workers.run(lambda: "still served", limit_s=LONG) == "still served"


async def test_late_threads_do_not_pile_up(stuck: Stuck) -> None:
    """Beyond the bound nothing is begun any more: work times out in the queue, and costs nothing."""
    workers = Workers("w", most_at_work=1, most_left=2)

    for _ in range(10):
        await left(workers, stuck)

    assert (workers.threads, stuck.begun) == (3, 3)
    stuck.go.set()
    assert await workers.run(lambda: "served again", limit_s=LONG) == "served again"
    await until(lambda: workers.threads == 1)


async def test_a_caller_who_goes_away_leaves_the_work_behind(stuck: Stuck) -> None:
    """As if it had been late."""
    workers = Workers("w", most_at_work=1)
    waiting = asyncio.create_task(workers.run(stuck, limit_s=LONG))
    await until(lambda: stuck.begun == 1)

    waiting.cancel()
    await asyncio.wait([waiting])

    assert await workers.run(lambda: "served", limit_s=LONG) == "served"


async def test_the_loop_goes_on_meanwhile(stuck: Stuck) -> None:
    """Nothing waits for a late thread but its own caller."""
    workers = Workers("w", most_at_work=1)
    waiting = asyncio.create_task(left(workers, stuck))

    turns = 0
    while not waiting.done():
        await asyncio.sleep(0)
        turns += 1

    assert turns > 10


class Text:
    """What work reads."""


async def test_a_thread_that_waits_holds_nothing_of_its_last_work() -> None:
    """What was read may be private, and the next work may be long in coming."""
    workers, text = Workers("test"), Text()
    kept = weakref.ref(text)
    await workers.run(partial(repr, text), limit_s=LONG)

    del text

    # The thread puts down its work after it has told of its end.
    for _ in range(100):
        gc.collect()
        if kept() is None:
            break
        await asyncio.sleep(0.01)
    assert kept() is None
