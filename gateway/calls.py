"""One call of one backend: its replicas in turn, its time limits, its faults. Every call becomes an attempt.

Faults of backends become attempts, not exceptions; every attempt is appended to the run's list as soon as it ends, so
that a cancelled request still knows what it did. Nothing here retries: that is `cascade`'s. Whoever has a backend asked
comes through here, and the clearance that it is asked with is the plan's. What it is sent is what the clearance covers:
the request, or the request with placeholders, whose values are back in the answer before anybody reads it.
"""

import asyncio
import logging
import time
import traceback
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from gateway.clearance import Clearance
from gateway.errors import AbandonedError, BackendBrokenError, BackendError, BackendTimeoutError, NotClearedError
from gateway.fleet.failover import Replicas
from gateway.interfaces import Backend, Judge
from gateway.policy.models import RetryPolicy, StakesPolicy
from gateway.redaction.answers import DeltaRestorer, restored_completion, speaks_json
from gateway.redaction.cover import Cover
from gateway.redaction.redact import Redacted
from gateway.redaction.vault import Vault
from gateway.types import Assessment, Attempt, Completion, Delta, Money, Plan, Purpose, Request, Usage
from gateway.wire.deltas import DeltaCollector

log = logging.getLogger("gateway")


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """Whom the cascade may call: replicas and time limits by backend, judges by rule.

    `estimate` says what a call of a backend would cost at the margin, None where that is unknown.
    """

    replicas: Mapping[str, Replicas]
    timeouts_s: Mapping[str, float]
    judges: Mapping[str, Sequence[Judge]]
    retries: RetryPolicy
    estimate: Callable[[str, Usage], Money | None]
    stakes: StakesPolicy = field(default_factory=StakesPolicy)
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


@dataclass(slots=True, kw_only=True)
class Run:
    """One request on its way through its plan; `attempts` grows. `cover` is what goes to who may see no more."""

    request: Request
    assessment: Assessment
    plan: Plan
    crew: Crew
    started: float
    attempts: list[Attempt] = field(default_factory=list)
    cover: Cover | None = None

    @property
    def deadline(self) -> float:
        """The moment on the crew's clock when the request is over."""
        return self.started + self.plan.deadline_s

    @property
    def is_over(self) -> bool:
        """Whether no time is left."""
        return self.crew.clock() >= self.deadline

    def sees_values(self, backend: str) -> bool:
        """Whether a backend that the plan cleared is sent the request as it is, without placeholders."""
        clearance = self.plan.clearances.get(backend)
        if clearance is None:
            return False
        return self.assessment.redaction is None or clearance.label.covers(self.assessment.label)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What is asked of a backend, whichever of its replicas answers."""

    run: Run
    backend: str
    request: Request
    purpose: Purpose = "answer"
    logprobs: bool = False

    @property
    def clearance(self) -> Clearance:
        """The token of the plan for this backend; raises `NotClearedError` where the plan has none."""
        clearance = self.run.plan.clearances.get(self.backend)
        if clearance is None:
            raise NotClearedError(f"the plan has no clearance for {self.backend!r}", backend=self.backend)
        return clearance

    async def sent(self) -> "Sent":
        """Return what the clearance covers; raises `NotClearedError` where it covers nothing that could be made."""
        run = self.run
        if run.assessment.redaction is None or run.sees_values(self.backend):
            return Sent(request=self.request)
        made = await self._covered(run.cover) if run.cover is not None else None
        if made is None:
            text = f"{self.backend!r} may see this redacted alone, and it is not surely redacted; nothing was sent"
            raise NotClearedError(text, backend=self.backend)
        return Sent(request=made.request, vault=made.vault)

    async def _covered(self, cover: Cover) -> Redacted | None:
        return cover.redacted if self.request is self.run.request else await cover.again(self.request)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What a backend is sent, and where it has placeholders, what they stand for."""

    request: Request
    vault: Vault | None = None


Read = Callable[[Attempt, Completion], Awaitable[Attempt]]


async def ask_whole(call: Call, read: Read | None = None) -> Attempt:
    """Ask a backend once for a whole answer; where a replica cannot be reached, the next one.

    `read` sees what came back before the attempt is on the list, and gives the attempt that is put there.
    """
    run = call.run
    replicas = run.crew.replicas[call.backend]
    for replica in replicas.in_order(run.crew.clock()):
        attempt = await _ask(call, replica, read)
        run.attempts.append(attempt)
        if not is_transient(attempt):
            replicas.answered(replica)
            break
        if run.is_over:
            break
        replicas.failed(replica, run.crew.clock())
    return attempt


async def begin_stream(call: Call) -> "Begun | Attempt":
    """Open a stream at the first replica that gives a piece; the last failed attempt where none does."""
    run = call.run
    replicas = run.crew.replicas[call.backend]
    for replica in replicas.in_order(run.crew.clock()):
        rest = _stream(_Watch(call=call, replica=replica, started=run.crew.clock()))
        first = await anext(rest, None)
        if first is not None:
            replicas.answered(replica)
            return Begun(first=first, rest=rest)
        if not is_transient(run.attempts[-1]) or run.is_over:
            break
        replicas.failed(replica, run.crew.clock())
    return run.attempts[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A stream that has given its first piece."""

    first: Delta
    rest: AsyncGenerator[Delta, None]


def is_transient(result: object) -> bool:
    """Whether this is a failed attempt that may go through later."""
    return isinstance(result, Attempt) and result.error is not None and result.error.transient


def log_fault(part: str, name: str, error: Exception) -> None:
    """Log that a part's own code failed, and where; never what it said."""
    # The error's own text may quote the prompt: the place in the code is enough to mend it.
    frames = traceback.extract_tb(error.__traceback__)
    places = "".join(f"\n  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames)
    log.error("the %s %r failed with %s%s", part, name, type(error).__name__, places)


async def _ask(call: Call, replica: Backend, read: Read | None) -> Attempt:
    watch = _Watch(call=call, replica=replica, started=call.run.crew.clock())
    try:
        async with asyncio.timeout(watch.time_left_s()):
            sent = watch.sent = await call.sent()
            completion = await replica.complete(sent.request, call.clearance, logprobs=call.logprobs)
        completion = watch.restored(completion)
    except BackendError as error:
        return watch.attempt(error=error)
    except TimeoutError:
        return watch.attempt(error=watch.too_late())
    except asyncio.CancelledError:
        call.run.attempts.append(watch.attempt(error=watch.abandoned()))
        raise
    # A third party's backend may raise anything: its fault is an attempt too, and what it cost is unknown.
    except Exception as error:  # noqa: BLE001
        return watch.attempt(error=watch.broken(error))
    attempt = watch.attempt(completion=completion)
    return await read(attempt, completion) if read else attempt


async def _stream(watch: "_Watch") -> AsyncGenerator[Delta, None]:
    """Pass one stream on and append how it ended to the attempts, however it ends."""
    call = watch.call
    collector = DeltaCollector(backend=call.backend)
    completion: Completion | None = None
    error: BackendError | None = None
    try:
        sent = watch.sent = await call.sent()
        async with aclosing(watch.replica.stream(sent.request, call.clearance)) as deltas:
            while (delta := await watch.next_delta(deltas)) is not None:
                if (given := watch.restored_delta(delta)) is not None:
                    collector.add(given)
                    watch.saw_first()
                    yield given
        completion = collector.completion()
    except BackendError as fault:
        error = fault
    except TimeoutError:
        error = watch.too_late()
    except (asyncio.CancelledError, GeneratorExit):
        error = watch.abandoned()
        raise
    # As in `_ask`: a third party's fault.
    except Exception as fault:  # noqa: BLE001
        error = watch.broken(fault)
    finally:
        call.run.attempts.append(watch.attempt(error=error, completion=completion, streamed=True))


@dataclass(slots=True, kw_only=True)
class _Watch:
    """The clock of one call."""

    call: Call
    replica: Backend
    started: float
    first_token_s: float | None = None
    sent: Sent | None = None
    misses: int = 0
    _restorer: DeltaRestorer | None = None

    def time_left_s(self) -> float:
        allowed = self.call.run.crew.timeouts_s[self.call.backend]
        now = self.call.run.crew.clock()
        return max(0.0, min(self.call.run.deadline, self.started + allowed) - now)

    async def next_delta(self, deltas: AsyncIterator[Delta]) -> Delta | None:
        async with asyncio.timeout(self.time_left_s()):
            return await anext(deltas, None)

    def restored(self, completion: Completion) -> Completion:
        """Bring the values back into an answer."""
        vault = self.sent.vault if self.sent is not None else None
        if vault is None:
            return completion
        completion, self.misses = restored_completion(completion, vault, as_json=speaks_json(self.call.request))
        return completion

    def restored_delta(self, delta: Delta) -> Delta | None:
        """Bring the values back into a piece of an answer; None where none of it is certain yet."""
        vault = self.sent.vault if self.sent is not None else None
        if vault is None:
            return delta
        if self._restorer is None:
            self._restorer = DeltaRestorer(vault, as_json=speaks_json(self.call.request))
        given = self._restorer.feed(delta)
        self.misses = self._restorer.misses
        return given

    def saw_first(self) -> None:
        if self.first_token_s is None:
            self.first_token_s = self.call.run.crew.clock() - self.started

    def too_late(self) -> BackendTimeoutError:
        waited = self.call.run.crew.clock() - self.started
        return BackendTimeoutError(f"no complete answer within {waited:.1f} s", backend=self.call.backend)

    def abandoned(self) -> AbandonedError:
        return AbandonedError("the caller went away", backend=self.call.backend)

    def broken(self, fault: Exception) -> BackendBrokenError:
        log_fault("backend", self.call.backend, fault)
        name = type(fault).__name__
        return BackendBrokenError(f"the backend's own code failed with {name}; see the log", backend=self.call.backend)

    def attempt(
        self,
        *,
        completion: Completion | None = None,
        error: BackendError | None = None,
        streamed: bool = False,
    ) -> Attempt:
        return Attempt(
            backend=self.call.backend,
            replica=self.replica.replica,
            duration_s=self.call.run.crew.clock() - self.started,
            completion=completion,
            error=error,
            first_token_s=self.first_token_s,
            streamed=streamed,
            purpose=self.call.purpose,
            redacted=self.sent is not None and self.sent.vault is not None,
            restore_misses=self.misses,
            unsent=self.sent is None,
        )
