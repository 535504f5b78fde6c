"""Ask the backends of a plan in order until a judge accepts an answer; retries live here alone.

Nobody outside the plan is ever asked, and every call is an attempt on the run's list (`calls`).
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from functools import partial
from typing import Any, TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_result, wait_random_exponential

from gateway.calls import Begun, Call, Run, ask_whole, begin_stream, is_transient
from gateway.errors import RateLimitedError
from gateway.judging import judged
from gateway.types import Attempt, Delta, Step
from gateway.wire.deltas import as_deltas

_T = TypeVar("_T")


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
        call = Call(run=run, backend=step.backend, request=run.request)
        begun = await _patiently(partial(begin_stream, call), run)
        if isinstance(begun, Begun):
            async with aclosing(begun.rest) as rest:
                yield begun.first
                async for delta in rest:
                    yield delta
            return


async def _ask(run: Run, step: Step) -> Attempt | None:
    """Ask one backend for a whole answer; None where no time is left."""
    judges = run.crew.judges.get(run.plan.rule or "", ()) if step.judged else ()
    logprobs = any(judge.needs_logprobs for judge in judges)
    call = Call(run=run, backend=step.backend, request=run.request, logprobs=logprobs)
    return await _patiently(partial(ask_whole, call, partial(judged, run, judges) if judges else None), run)


async def _patiently(call: Callable[[], Awaitable[_T]], run: Run) -> _T | None:
    """Make a call, again after a transient fault as often as the policy allows; None where no time is left."""
    if run.is_over:
        return None
    first = await call()
    if run.crew.retries.attempts == 1 or not is_transient(first):
        return first
    return await _again(call, run, first)


async def _again(call: Callable[[], Awaitable[_T]], run: Run, first: _T) -> _T:
    """Go on after a first transient fault. Only here tenacity is woken: it costs as much as a whole call of ours."""
    policy, crew, made = run.crew.retries, run.crew, [first]
    jitter = wait_random_exponential(multiplier=policy.first_wait_s, max=policy.max_wait_s)

    async def next_call() -> _T:
        return made.pop() if made else await call()

    def wait(state: RetryCallState) -> float:
        return max(jitter(state), _asked_to_wait(_result(state)))

    def is_enough(state: RetryCallState) -> bool:
        return state.attempt_number >= policy.attempts or crew.clock() + state.upcoming_sleep >= run.deadline

    retrying = AsyncRetrying(
        wait=wait, stop=is_enough, sleep=crew.sleep, retry=retry_if_result(is_transient), retry_error_callback=_result
    )
    result: _T = await retrying(next_call)
    return result


# What `_patiently` calls returns its faults and never raises them, so that there is always an outcome.
def _result(state: RetryCallState) -> Any:
    return state.outcome.result() if state.outcome else None


def _asked_to_wait(attempt: Attempt) -> float:
    return (attempt.error.retry_after or 0.0) if isinstance(attempt.error, RateLimitedError) else 0.0
