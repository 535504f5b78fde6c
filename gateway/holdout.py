"""Ask a strong backend about a random share of local answers, after the reply, and keep how far the two agree.

What a router saves is known to be worth it only where its local answers are compared with what was spared. The share
is drawn before any answer is known, so that nothing in a request or an answer moves it; every entry that was drawn is
marked, also where the strong backend failed or was not asked because too many comparisons were under way.
"""

import asyncio
import logging
import random
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from gateway.calls import Call, Run, ask_whole
from gateway.entries import HoldoutRecord
from gateway.errors import LedgerError
from gateway.judges._conversation import question
from gateway.money.books import Books, total
from gateway.policy.models import HoldoutPolicy
from gateway.types import Assessment, Completion, Plan, Request
from gateway.witness import Booking, witness

log = logging.getLogger("gateway")

MOST_AT_ONCE = 8
# How long a router that is closed waits for comparisons under way before it breaks them off.
LAST_WAIT_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A local answer that was given, and whom to ask beside it."""

    run: Run
    backend: str
    answer: Completion
    entry_id: str
    books: Books
    subject: str | None = field(default=None, repr=False)


class Holdouts:
    """Draws the share, and owns the calls that it leads to. Close it before the parts that it calls.

    `dropped` counts the comparisons that were not made because too many were under way.
    """

    def __init__(self, chance: Callable[[], float] | None = None) -> None:
        # A generator of our own: one that is seeded elsewhere could be foreseen.
        self._chance = chance or random.Random().random
        self._tasks: set[asyncio.Task[None]] = set()
        self.dropped = 0

    def draws(self, holdout: HoldoutPolicy | None, assessment: Assessment, plan: Plan) -> bool:
        """Say whether this request is in the share, if it is answered by a local backend."""
        if holdout is None or assessment.level > holdout.at_most or holdout.backend not in plan.consultable:
            return False
        return self._chance() < holdout.share

    def begin(self, comparison: Comparison, booking: Booking, parts: AbstractContextManager[None]) -> None:
        """Ask in the background, holding `parts` open for as long."""
        if len(self._tasks) >= MOST_AT_ONCE:
            self.dropped += 1
            return
        with ExitStack() as stack:
            stack.enter_context(parts)
            task = asyncio.create_task(_compare(comparison, booking))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            held = stack.pop_all()
            # Not in the task: one that is cancelled before it begins never runs.
            task.add_done_callback(lambda _: held.close())

    async def aclose(self) -> None:
        """Wait a little for the comparisons under way, and break off the rest; each is on the books."""
        try:
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=LAST_WAIT_S)
        finally:
            for task in self._tasks:
                task.cancel()
            if self._tasks:
                await asyncio.wait(self._tasks)


async def _compare(comparison: Comparison, booking: Booking) -> None:
    asked = comparison.run
    run = Run(
        request=asked.request,
        assessment=asked.assessment,
        plan=asked.plan,
        crew=asked.crew,
        started=asked.crew.clock(),
        cover=asked.cover,
    )
    score = None
    try:
        attempt = await ask_whole(Call(run=run, backend=comparison.backend, request=run.request, purpose="holdout"))
        if attempt.completion is not None:
            # Reading two long answers takes milliseconds.
            score = await asyncio.to_thread(_agreement, run.request, comparison.answer, attempt.completion)
    # Nobody awaits this: what is not logged here is never seen. Its text may quote an answer.
    except Exception as error:  # noqa: BLE001
        log.error("the comparison of an answer failed with %s", type(error).__name__)  # noqa: TRY400
    finally:
        if run.attempts:
            await _keep(comparison, run, score, booking)


async def _keep(comparison: Comparison, run: Run, score: float | None, booking: Booking) -> None:
    records = [comparison.books.record(attempt) for attempt in run.attempts]
    # One record of the call that counts, with what all of them cost.
    last = replace(records[-1], score=score, cost=total(record.cost for record in records))
    record = HoldoutRecord(entry_id=comparison.entry_id, attempt=last, at=datetime.now(UTC))
    policy, subject = comparison.books.policy, comparison.subject
    evidence = witness(run.request, run.assessment, run.plan, run.attempts, policy=policy, subject=subject)
    try:
        await booking.holdout(record, evidence)
    except LedgerError:
        log.exception("the comparison of an answer could not be written")


def _agreement(request: Request, ours: Completion, theirs: Completion) -> float:
    # Its patterns take as long to compile as all the rest takes to import: only who compares answers waits for that.
    from gateway.judges._similarity import completion_agreement  # noqa: PLC0415

    return completion_agreement(ours, theirs, prompt=question(request))
