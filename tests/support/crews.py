"""Crews of scripted backends, on a clock that stands still unless somebody sleeps."""

from collections.abc import Mapping, Sequence
from typing import Any

from gateway.backends.mock import Mock, Options
from gateway.cascade import Crew, Run
from gateway.fleet.failover import Replicas
from gateway.interfaces import Judge
from gateway.policy.models import RetryPolicy
from gateway.types import Plan, Reason, Step
from gateway.wire.openai import parse_request


class Clock:
    """Time that passes only by sleeping on it."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def scripted(name: str, *answers: object) -> Mock:
    """Return a mock with a script."""
    return Mock(Options.model_validate({"name": name, "answers": list(answers)} if answers else {"name": name}))


def run(
    backends: Mapping[str, Sequence[Mock]],
    *,
    judge: Judge | None = None,
    clock: Clock | None = None,
    deadline_s: float = 60.0,
    judge_last: bool = False,
    **retries: Any,
) -> Run:
    """Return a run over all backends in order; with a judge, every answer but the last is judged."""
    clock = clock or Clock()
    names = list(backends)
    steps = tuple(Step(backend=name, judged=judge is not None and (judge_last or name != names[-1])) for name in names)
    fine = Reason(admitted=True, code="admitted", text="in the test")
    plan = Plan(rule="r", steps=steps, reasons=dict.fromkeys(names, fine), deadline_s=deadline_s, policy_version="test")
    crew = Crew(
        replicas={name: Replicas(parts) for name, parts in backends.items()},
        timeouts_s=dict.fromkeys(names, 30.0),
        judges={"r": (judge,) if judge else ()},
        retries=RetryPolicy(**{"attempts": 1, **retries}),
        clock=clock,
        sleep=clock.sleep,
    )
    return Run(request=parse_request("hello"), plan=plan, crew=crew, started=clock())
