"""The judges of a rule read an answer, and ask whom the plan lets them ask.

An inquiry asks admitted backends only and makes no retries; what it asks are attempts of the request like any other.
What a backend answered that saw values may say them in other words, which nobody can replace: whoever may see
placeholders alone is never shown it.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from gateway.calls import Call, Run, ask_whole, log_fault
from gateway.interfaces import Judge
from gateway.types import Attempt, Completion, Money, Purpose, Request, Stakes, Usage, Verdict

# What a judge may set of a request that it asks again: numbers.
_DRAWN = frozenset({"temperature", "seed", "top_p", "n", "max_tokens"})


async def judged(run: Run, judges: Sequence[Judge], attempt: Attempt, completion: Completion) -> Attempt:
    """Let the judges read in order; the first that rejects is the last that reads."""
    inquiry = Asking(run=run, backend=attempt.backend, completion=completion)
    verdicts: list[Verdict] = []
    for judge in judges:
        try:
            verdicts.append(await _verdict(judge, inquiry))
        except asyncio.CancelledError:
            # The answer was made, and may have been paid for.
            run.attempts.append(replace(attempt, verdicts=tuple(verdicts)))
            raise
        if not verdicts[-1].accepted:
            break
    return replace(attempt, verdicts=tuple(verdicts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """The inquiry about one answer: what a judge may know, and whom it may ask."""

    run: Run
    backend: str
    completion: Completion
    _asked: set[str] = field(default_factory=set, init=False, repr=False)

    @property
    def difficulty(self) -> float | None:
        """What the classifier said of the request."""
        return self.run.assessment.difficulty

    @property
    def stakes(self) -> Stakes:
        """What hangs on the answer."""
        return self.run.assessment.stakes

    @property
    def stake(self) -> float:
        """What an error costs at these stakes."""
        return self.run.crew.stakes.of(self.stakes)

    async def ask(
        self, backend: str, request: Request, *, purpose: Purpose, logprobs: bool = False
    ) -> Completion | None:
        """Ask a backend once that the plan names as consultable; None where it does not, or nothing came back.

        None as well where the backend may see placeholders alone, a backend that was asked before it saw values, and
        the request is not the caller's own.
        """
        run = self.run
        if backend not in run.plan.consultable or run.is_over or self._tells_values(backend, request):
            return None
        self._asked.add(backend)
        call = Call(run=run, backend=backend, request=request, purpose=_opinion(purpose), logprobs=logprobs)
        return (await ask_whole(call)).completion

    def pays(self, backend: str, *, chance: float) -> bool:
        """Compare what asking costs with `chance` times the next step's cost, both at this answer's length."""
        spared = self._next()
        cost = None if spared is None else self._cost(backend)
        if spared is None or cost is None:
            return False
        worth = self._cost(spared)
        if worth is None or worth.nano_usd == 0:
            return cost.nano_usd == 0
        return cost.nano_usd < chance * worth.nano_usd

    def _tells_values(self, backend: str, request: Request) -> bool:
        run = self.run
        if run.assessment.redaction is None or run.sees_values(backend) or _says_the_same(request, run.request):
            return False
        return any(map(run.sees_values, {self.backend, *self._asked}))

    def _next(self) -> str | None:
        backends = self.run.plan.backends
        following = backends[backends.index(self.backend) + 1 :]
        return following[0] if following else None

    def _cost(self, backend: str) -> Money | None:
        tokens, run = self.completion.usage, self.run
        prompt = run.assessment.prompt_tokens if tokens.prompt_tokens is None else tokens.prompt_tokens
        return run.crew.estimate(backend, Usage(prompt_tokens=prompt, completion_tokens=tokens.completion_tokens))


def _says_the_same(request: Request, own: Request) -> bool:
    """Whether a request is one of the caller's, but for how its answer is drawn."""
    kept = {
        key: value for key, value in request.sampling.items() if key not in _DRAWN or not isinstance(value, int | float)
    }
    return (
        request.messages == own.messages
        and request.tools == own.tools
        and request.tool_choice == own.tool_choice
        and request.response_format == own.response_format
        and all(key in own.sampling and own.sampling[key] == value for key, value in kept.items())
    )


def _opinion(purpose: Purpose) -> Purpose:
    # Whatever a judge says it is for: what it asked is never the answer.
    return "judge" if purpose == "answer" else purpose


async def _verdict(judge: Judge, inquiry: Asking) -> Verdict:
    name, run = type(judge).__name__, inquiry.run
    try:
        async with asyncio.timeout(max(0.0, run.deadline - run.crew.clock())):
            return await judge.judge(run.request, inquiry.completion, inquiry)
    except TimeoutError:
        return Verdict(accepted=False, judge=name, score=None, reason="no verdict before the deadline")
    # A judge that fails has accepted nothing.
    except Exception as error:  # noqa: BLE001
        log_fault("judge", name, error)
        return Verdict(accepted=False, judge=name, score=None, reason="the judge failed")
