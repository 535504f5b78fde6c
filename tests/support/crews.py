"""Crews of scripted backends, on a clock that stands still unless somebody sleeps."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gateway.backends.mock import Mock, Options
from gateway.calls import Crew, Run
from gateway.fleet.failover import Replicas
from gateway.interfaces import Judge
from gateway.policy.models import RetryPolicy
from gateway.types import Money, Plan, Reason, Step, Usage
from gateway.wire.openai import parse_request
from support.clearances import cleared
from support.policies import assessment


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


class _Replica(Mock):
    """One of a backend's mocks, told from the others by a name of its own."""

    def __init__(self, options: Options, replica: str) -> None:
        super().__init__(options)
        self._replica = replica

    @property
    def replica(self) -> str:
        return self._replica


def scripted(name: str, *answers: object, replica: str | None = None) -> Mock:
    """Return a mock of the backend `name` with a script; `replica` is its own name where there are several."""
    options = Options.model_validate({"name": name, "answers": list(answers)} if answers else {"name": name})
    return _Replica(options, replica or name)


def _unpriced(_backend: str, _usage: Usage) -> Money | None:
    return None


def run(  # noqa: PLR0913 - each by its name
    backends: Mapping[str, Sequence[Mock]],
    *,
    judge: Judge | None = None,
    clock: Clock | None = None,
    deadline_s: float = 60.0,
    judge_last: bool = False,
    consultable: frozenset[str] = frozenset(),
    estimate: Callable[[str, Usage], Money | None] = _unpriced,
    **retries: Any,
) -> Run:
    """Return a run over all backends in order; with a judge, every answer but the last is judged.

    Those of `consultable` are asked by judges alone.
    """
    clock = clock or Clock()
    names = [name for name in backends if name not in consultable]
    steps = tuple(Step(backend=name, judged=judge is not None and (judge_last or name != names[-1])) for name in names)
    fine = Reason(admitted=True, code="admitted", text="in the test")
    plan = Plan(
        rule="r",
        steps=steps,
        reasons=dict.fromkeys(names, fine),
        deadline_s=deadline_s,
        policy_version="test",
        consultable=consultable | frozenset(names),
        clearances={name: cleared(name) for name in backends},
    )
    crew = Crew(
        replicas={name: Replicas(parts) for name, parts in backends.items()},
        timeouts_s=dict.fromkeys(backends, 30.0),
        judges={"r": (judge,) if judge else ()},
        retries=RetryPolicy(**{"attempts": 1, **retries}),
        clock=clock,
        sleep=clock.sleep,
        estimate=estimate,
    )
    return Run(request=parse_request("hello"), assessment=assessment(), plan=plan, crew=crew, started=clock())
