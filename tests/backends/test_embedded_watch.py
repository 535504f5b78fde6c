"""The watch over the child of `kind: embedded`, with children and a clock of the test's own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from gateway.backends import mock
from gateway.backends.embedded.watch import PAUSES_S, WINDOW_S, Clock, Watch, kept_up
from gateway.errors import BackendUnavailableError, ConfigurationError, GatewayError, RequestRejectedError


class FakeChild:
    """A child that ends when the test says so."""

    def __init__(self, number: int) -> None:
        self.pid = number
        self.backend = mock.Mock(mock.Options(name=f"child-{number}"))
        self.closed = False
        self._end = asyncio.Event()

    async def ended(self) -> str:
        await self._end.wait()
        return "was ended by SIGKILL"

    def kill(self) -> None:
        self._end.set()


class Births:
    """Starts fake children and remembers them; `faults` are raised by the next starts, one each."""

    def __init__(self, *faults: GatewayError | None) -> None:
        self.children: list[FakeChild] = []
        self.attempts = 0
        self.open = asyncio.Event()
        self.open.set()
        self._faults = list(faults)

    @asynccontextmanager
    async def start(self) -> AsyncIterator[FakeChild]:
        self.attempts += 1
        await self.open.wait()
        fault = self._faults.pop(0) if self._faults else None
        if fault is not None:
            raise fault
        child = FakeChild(len(self.children))
        self.children.append(child)
        try:
            yield child
        finally:
            child.closed = True


class FakeTime:
    """A clock that stands still but for sleeps, which last until the test lets them end."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.slept: list[float] = []
        self.asleep = asyncio.Event()
        self._wake = asyncio.Event()

    @property
    def clock(self) -> Clock:
        return Clock(now=lambda: self.now_s, sleep=self._sleep)

    def wake(self) -> None:
        self.asleep.clear()
        self._wake.set()

    async def _sleep(self, pause_s: float) -> None:
        self.slept.append(pause_s)
        self._wake.clear()
        self.asleep.set()
        await self._wake.wait()
        self.now_s += pause_s


async def serving(watch: Watch) -> str:
    """Return which child serves a call; waits as a call does."""
    async with asyncio.timeout(5), watch.call() as backend:
        return backend.replica


async def settled() -> None:
    """Let the watch's task come to rest: it needs a few turns of the event loop, never time."""
    for _ in range(20):
        await asyncio.sleep(0)


async def worn_out(births: Births, time: FakeTime) -> None:
    """Kill every child until the watch has used up its starts."""
    for number in range(len(PAUSES_S)):
        births.children[number].kill()
        await settled()
        time.wake()
        await settled()
    births.children[-1].kill()
    await settled()


async def test_a_dead_child_is_followed_by_another_one() -> None:
    """After a crash the next call is served by a new child, without a pause."""
    births = Births()
    async with kept_up(births.start, name="small") as watch:
        births.children[0].kill()
        await settled()

        replica = await serving(watch)

    assert replica == "child-1"


async def test_the_process_is_known_while_it_serves() -> None:
    """People can be told which process to look at, and none is named while none is up."""
    births = Births()
    async with kept_up(births.start, name="small") as watch:
        births.children[0].kill()
        await settled()
        up = watch.pid

    assert (up, watch.pid) == (1, None)


async def test_the_dead_child_is_let_go_when_the_new_one_is_up() -> None:
    """Restarts for years keep nothing of the children before."""
    births = Births()
    async with kept_up(births.start, name="small"):
        births.children[0].kill()
        await settled()

        assert [child.closed for child in births.children] == [True, False]


async def test_a_call_waits_for_the_child_that_is_being_started() -> None:
    """A call that arrives during a restart is late, not lost."""
    births = Births()
    async with kept_up(births.start, name="small") as watch:
        births.open.clear()
        births.children[0].kill()
        await settled()
        call = asyncio.create_task(serving(watch))
        await settled()
        waiting = not call.done()

        births.open.set()

        assert (waiting, await call) == (True, "child-1")


async def test_a_call_during_a_pause_fails_at_once() -> None:
    """While nothing is started, somebody else can be asked instead of waiting."""
    births, time = Births(), FakeTime()
    async with kept_up(births.start, name="small", clock=time.clock) as watch:
        births.children[0].kill()
        await settled()
        births.children[1].kill()
        await time.asleep.wait()

        with pytest.raises(BackendUnavailableError, match=r"'small': .*SIGKILL; it is started again in 0.5 s"):
            await serving(watch)


async def test_the_child_comes_back_after_the_pause() -> None:
    """A pause ends."""
    births, time = Births(), FakeTime()
    async with kept_up(births.start, name="small", clock=time.clock) as watch:
        births.children[0].kill()
        await settled()
        births.children[1].kill()
        await time.asleep.wait()
        time.wake()

        await settled()

        assert await serving(watch) == "child-2"


async def test_pauses_grow_while_children_keep_dying() -> None:
    """A child that crashes at once does not keep the machine busy."""
    births, time = Births(), FakeTime()
    async with kept_up(births.start, name="small", clock=time.clock):
        await worn_out(births, time)

    assert time.slept == [pause for pause in PAUSES_S if pause]


async def test_a_child_that_keeps_dying_stays_down() -> None:
    """After five restarts within five minutes the backend says that it is not started again."""
    births, time = Births(), FakeTime()
    async with kept_up(births.start, name="small", clock=time.clock) as watch:
        await worn_out(births, time)

        with pytest.raises(BackendUnavailableError, match="ended 6 times within 300 s and is not started again"):
            await serving(watch)


async def test_ends_long_ago_are_forgotten() -> None:
    """A crash a day is followed by an immediate restart, every day."""
    births, time = Births(), FakeTime()
    async with kept_up(births.start, name="small", clock=time.clock) as watch:
        for day in range(10):
            births.children[day].kill()
            await settled()
            time.now_s += WINDOW_S

        assert (await serving(watch), time.slept) == ("child-10", [])


async def test_a_first_start_that_fails_is_the_callers_error() -> None:
    """A wrong path is told when the policy is opened, and nothing is tried again."""
    births = Births(ConfigurationError("no such model"))

    with pytest.raises(ConfigurationError, match="no such model"):
        async with kept_up(births.start, name="small"):
            pass

    assert births.attempts == 1


async def test_a_restart_that_fails_is_tried_again() -> None:
    """A start that fails for want of memory counts as an end: the next one comes after a pause."""
    births = Births(None, BackendUnavailableError("no memory", backend="small"))
    time = FakeTime()
    async with kept_up(births.start, name="small", clock=time.clock) as watch:
        births.children[0].kill()
        await time.asleep.wait()
        time.wake()
        await settled()

        assert (await serving(watch), births.attempts) == ("child-1", 3)


async def test_a_call_that_got_no_answer_ends_after_its_childs_death_is_known() -> None:
    """Whoever asks again after such a failure meets the new child, not the dead one's port."""
    births = Births()
    async with kept_up(births.start, name="small") as watch:

        async def cut_off() -> None:
            async with watch.call():
                raise BackendUnavailableError("connection reset", backend="small")

        call = asyncio.create_task(cut_off())
        await settled()
        births.children[0].kill()

        with pytest.raises(BackendUnavailableError, match="connection reset"):
            await call

        assert await serving(watch) == "child-1"


async def test_a_call_that_got_no_answer_from_a_living_child_still_fails() -> None:
    """A connection that breaks while the child lives is reported all the same."""
    births = Births()
    async with kept_up(births.start, name="small", clock=Clock(notice_s=0)) as watch:
        with pytest.raises(BackendUnavailableError, match="connection reset"):
            async with watch.call():
                raise BackendUnavailableError("connection reset", backend="small")

        assert await serving(watch) == "child-0"


@pytest.mark.parametrize(
    "fault",
    [
        BackendUnavailableError("503", backend="small", status=503),
        RequestRejectedError("400", backend="small", status=400),
    ],
)
async def test_an_answer_that_is_an_error_is_passed_on_at_once(fault: GatewayError) -> None:
    """A server that answers is alive: nothing is waited for."""
    births = Births()
    async with kept_up(births.start, name="small") as watch:
        with pytest.raises(type(fault)):
            async with asyncio.timeout(0.5), watch.call():
                raise fault


async def test_closing_ends_the_child() -> None:
    """No child outlives the context."""
    births = Births()

    async with kept_up(births.start, name="small"):
        pass

    assert births.children[0].closed


async def test_cancelling_ends_the_child() -> None:
    """A program that is torn down leaves no child behind."""
    births = Births()
    up = asyncio.Event()

    async def program() -> None:
        async with kept_up(births.start, name="small"):
            up.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(program())
    await up.wait()
    task.cancel()
    await asyncio.wait([task])

    assert births.children[0].closed


async def test_closing_during_a_restart_leaves_no_child() -> None:
    """A context that ends while llama.cpp loads again ends that start too."""
    births = Births()

    async with kept_up(births.start, name="small"):
        births.open.clear()
        births.children[0].kill()
        await settled()

    assert (births.attempts, [child.closed for child in births.children]) == (2, [True])


async def test_a_closed_watch_refuses_calls() -> None:
    """A call after the end fails instead of waiting for ever."""
    births = Births()
    async with kept_up(births.start, name="small") as watch:
        pass

    with pytest.raises(BackendUnavailableError, match="closed"):
        await serving(watch)
