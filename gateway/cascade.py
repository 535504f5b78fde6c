"""Ask the backends of a plan in order until a judge accepts an answer; retries, deadlines and failover live here alone.

Nobody outside the plan is ever asked. Faults of backends become attempts, not exceptions; every attempt is appended to
the caller's list as soon as it ends, so that a cancelled request still knows what it did.
"""

import asyncio
import logging
import time
import traceback
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_result, wait_random_exponential

from gateway.errors import (
    AbandonedError,
    BackendBrokenError,
    BackendError,
    BackendTimeoutError,
    RateLimitedError,
)
from gateway.fleet.failover import Replicas
from gateway.interfaces import Backend, Inquiry, Judge
from gateway.policy.models import RetryPolicy, StakesPolicy
from gateway.types import Attempt, Completion, Delta, Plan, Purpose, Request, Stakes, Step, Verdict
from gateway.wire.deltas import DeltaCollector, as_deltas

log = logging.getLogger("gateway")

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """Whom the cascade may call: replicas and time limits by backend, judges by rule."""

    replicas: Mapping[str, Replicas]
    timeouts_s: Mapping[str, float]
    judges: Mapping[str, Sequence[Judge]]
    retries: RetryPolicy
    stakes: StakesPolicy = field(default_factory=StakesPolicy)
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


@dataclass(slots=True, kw_only=True)
class Run:
    """One request on its way through its plan; `attempts` grows."""

    request: Request
    plan: Plan
    crew: Crew
    started: float
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def deadline(self) -> float:
        """The moment on the crew's clock when the request is over."""
        return self.started + self.plan.deadline_s

    def judges(self, step: Step) -> Sequence[Judge]:
        """The judges that read this step's answer."""
        return self.crew.judges.get(self.plan.rule or "", ()) if step.judged else ()

    def inquiry(self, backend: str) -> Inquiry:
        """What the judges of this backend's answer may know and ask."""
        stakes = self.request.stakes
        return _Inquiry(backend=backend, stakes=stakes, stake=self.crew.stakes.of(stakes))


async def cascade(run: Run) -> None:
    """Fill `run.attempts`: ask step by step until an answer is accepted, the plan ends or the deadline passes."""
    for step in run.plan.steps:
        attempt = await _ask(run, step)
        if attempt is not None and attempt.completion is not None and attempt.accepted is not False:
            return


async def stream_cascade(run: Run) -> AsyncGenerator[Delta, None]:
    """Yield an answer in pieces as they come and fill `run.attempts`.

    A judged step is asked whole: half a stream cannot be taken back when the judge says no. A stream that fails
    before its first piece gives way to the next step; one that fails later ends the request.
    """
    for step in run.plan.steps:
        if step.judged:
            attempt = await _ask(run, step)
            if attempt is not None and attempt.completion is not None and attempt.accepted:
                for delta in as_deltas(attempt.completion):
                    yield delta
                return
            continue
        begun = await _patiently(_begin, run, step)
        if begun is not None and not isinstance(begun, Attempt):
            async with aclosing(begun.rest) as rest:
                yield begun.first
                async for delta in rest:
                    yield delta
            return


async def _ask(run: Run, step: Step) -> Attempt | None:
    """Ask one backend for a whole answer; None where no time is left."""
    return await _patiently(_round, run, step)


async def _patiently(call: Callable[[Run, Step], Awaitable[_T]], run: Run, step: Step) -> _T | None:
    """Make a call, again after a transient fault as often as the policy allows; None where no time is left."""
    if run.crew.clock() >= run.deadline:
        return None
    first = await call(run, step)
    if run.crew.retries.attempts == 1 or not _is_transient(first):
        return first
    return await _again(call, run, step, first)


async def _again(call: Callable[[Run, Step], Awaitable[_T]], run: Run, step: Step, first: _T) -> _T:
    """Go on after a first transient fault. Only here tenacity is woken: it costs as much as a whole call of ours."""
    policy, crew, made = run.crew.retries, run.crew, [first]
    jitter = wait_random_exponential(multiplier=policy.first_wait_s, max=policy.max_wait_s)

    async def next_call() -> _T:
        return made.pop() if made else await call(run, step)

    def wait(state: RetryCallState) -> float:
        return max(jitter(state), _asked_to_wait(_result(state)))

    def is_enough(state: RetryCallState) -> bool:
        return state.attempt_number >= policy.attempts or crew.clock() + state.upcoming_sleep >= run.deadline

    retrying = AsyncRetrying(
        wait=wait, stop=is_enough, sleep=crew.sleep, retry=retry_if_result(_is_transient), retry_error_callback=_result
    )
    result: _T = await retrying(next_call)
    return result


# What `_patiently` calls returns its faults and never raises them, so that there is always an outcome.
def _result(state: RetryCallState) -> Any:
    return state.outcome.result() if state.outcome else None


def _asked_to_wait(attempt: Attempt) -> float:
    return (attempt.error.retry_after or 0.0) if isinstance(attempt.error, RateLimitedError) else 0.0


def _is_transient(result: object) -> bool:
    return isinstance(result, Attempt) and result.error is not None and result.error.transient


async def _round(run: Run, step: Step) -> Attempt:
    """Call a backend once; where a replica cannot be reached, the next one."""
    replicas = run.crew.replicas[step.backend]
    for replica in replicas.in_order(run.crew.clock()):
        attempt = await _call(run, step, replica)
        run.attempts.append(attempt)
        if not _is_transient(attempt):
            replicas.answered(replica)
            break
        if run.crew.clock() >= run.deadline:
            break
        replicas.failed(replica, run.crew.clock())
    return attempt


async def _call(run: Run, step: Step, replica: Backend) -> Attempt:
    """Make one call and let the judges read what came back."""
    watch = _Watch(run=run, step=step, replica=replica, started=run.crew.clock())
    judges = run.judges(step)
    try:
        async with asyncio.timeout(watch.time_left_s()):
            completion = await replica.complete(run.request, logprobs=any(judge.needs_logprobs for judge in judges))
    except BackendError as error:
        return watch.attempt(error=error)
    except TimeoutError:
        return watch.attempt(error=watch.too_late())
    except asyncio.CancelledError:
        run.attempts.append(watch.attempt(error=watch.abandoned()))
        raise
    # A third party's backend may raise anything: its fault is an attempt too, and what it cost is unknown.
    except Exception as error:  # noqa: BLE001
        return watch.attempt(error=watch.broken(error))
    attempt = watch.attempt(completion=completion)
    return await _judged(run, judges, attempt, completion) if judges else attempt


async def _judged(run: Run, judges: Sequence[Judge], attempt: Attempt, completion: Completion) -> Attempt:
    """Let the judges read in order; the first that rejects is the last that reads."""
    verdicts: list[Verdict] = []
    for judge in judges:
        try:
            verdicts.append(await _verdict(run, judge, completion, attempt.backend))
        except asyncio.CancelledError:
            # The answer was made, and may have been paid for.
            run.attempts.append(replace(attempt, verdicts=tuple(verdicts)))
            raise
        if not verdicts[-1].accepted:
            break
    return replace(attempt, verdicts=tuple(verdicts))


async def _verdict(run: Run, judge: Judge, completion: Completion, backend: str) -> Verdict:
    name = type(judge).__name__
    try:
        async with asyncio.timeout(max(0.0, run.deadline - run.crew.clock())):
            return await judge.judge(run.request, completion, run.inquiry(backend))
    except TimeoutError:
        return Verdict(accepted=False, judge=name, score=None, reason="no verdict before the deadline")
    # A judge that fails has accepted nothing.
    except Exception as error:  # noqa: BLE001
        _log_fault("judge", name, error)
        return Verdict(accepted=False, judge=name, score=None, reason="the judge failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Inquiry:
    """What a judge may know and ask: for now it asks nobody."""

    backend: str
    difficulty: float | None = None
    stakes: Stakes
    stake: float

    async def ask(self, backend: str, request: Request, *, purpose: Purpose, logprobs: bool = False) -> None:
        """Ask nobody."""

    def pays(self, backend: str, *, chance: float) -> bool:  # noqa: ARG002
        """Say no: nobody can be asked."""
        return False


def _log_fault(part: str, name: str, error: Exception) -> None:
    # The error's own text may quote the prompt: the place in the code is enough to mend it.
    frames = traceback.extract_tb(error.__traceback__)
    places = "".join(f"\n  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames)
    log.error("the %s %r failed with %s%s", part, name, type(error).__name__, places)


async def _begin(run: Run, step: Step) -> "_Begun | Attempt":
    """Open a stream at the first replica that gives a piece; the last failed attempt where none does."""
    replicas = run.crew.replicas[step.backend]
    for replica in replicas.in_order(run.crew.clock()):
        rest = _stream_call(_Watch(run=run, step=step, replica=replica, started=run.crew.clock()))
        first = await anext(rest, None)
        if first is not None:
            replicas.answered(replica)
            return _Begun(first=first, rest=rest)
        if not _is_transient(run.attempts[-1]) or run.crew.clock() >= run.deadline:
            break
        replicas.failed(replica, run.crew.clock())
    return run.attempts[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Begun:
    """A stream that has given its first piece."""

    first: Delta
    rest: AsyncGenerator[Delta, None]


async def _stream_call(watch: "_Watch") -> AsyncGenerator[Delta, None]:
    """Pass one stream on and append how it ended to the attempts, however it ends."""
    collector = DeltaCollector(backend=watch.step.backend)
    completion: Completion | None = None
    error: BackendError | None = None
    try:
        async with aclosing(watch.replica.stream(watch.run.request)) as deltas:
            while (delta := await watch.next_delta(deltas)) is not None:
                collector.add(delta)
                watch.saw_first()
                yield delta
        completion = collector.completion()
    except BackendError as fault:
        error = fault
    except TimeoutError:
        error = watch.too_late()
    except (asyncio.CancelledError, GeneratorExit):
        error = watch.abandoned()
        raise
    # As in `_call`: a third party's fault.
    except Exception as fault:  # noqa: BLE001
        error = watch.broken(fault)
    finally:
        watch.run.attempts.append(watch.attempt(error=error, completion=completion, streamed=True))


@dataclass(slots=True, kw_only=True)
class _Watch:
    """The clock of one call."""

    run: Run
    step: Step
    replica: Backend
    started: float
    first_token_s: float | None = None

    def time_left_s(self) -> float:
        allowed = self.run.crew.timeouts_s[self.step.backend]
        now = self.run.crew.clock()
        return max(0.0, min(self.run.deadline, self.started + allowed) - now)

    async def next_delta(self, deltas: AsyncIterator[Delta]) -> Delta | None:
        async with asyncio.timeout(self.time_left_s()):
            return await anext(deltas, None)

    def saw_first(self) -> None:
        if self.first_token_s is None:
            self.first_token_s = self.run.crew.clock() - self.started

    def too_late(self) -> BackendTimeoutError:
        waited = self.run.crew.clock() - self.started
        return BackendTimeoutError(f"no complete answer within {waited:.1f} s", backend=self.step.backend)

    def abandoned(self) -> AbandonedError:
        return AbandonedError("the caller went away", backend=self.step.backend)

    def broken(self, fault: Exception) -> BackendBrokenError:
        _log_fault("backend", self.step.backend, fault)
        name = type(fault).__name__
        return BackendBrokenError(f"the backend's own code failed with {name}; see the log", backend=self.step.backend)

    def attempt(
        self,
        *,
        completion: Completion | None = None,
        error: BackendError | None = None,
        verdicts: tuple[Verdict, ...] = (),
        streamed: bool = False,
    ) -> Attempt:
        return Attempt(
            backend=self.step.backend,
            replica=self.replica.replica,
            duration_s=self.run.crew.clock() - self.started,
            completion=completion,
            error=error,
            verdicts=verdicts,
            first_token_s=self.first_token_s,
            streamed=streamed,
        )
