"""Who may answer, in which order, with which tokens, and why: what `decide` makes and all that follows goes by."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from gateway.clearance import Clearance


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a backend is in a plan or out of it."""

    admitted: bool
    code: str
    text: str

    def __str__(self) -> str:
        return f"{'in' if self.admitted else 'out'}: {self.text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One backend to ask; `judged` says whether the rule's judges read its answer before it is accepted.

    A `redacted` step sees placeholders in the place of what was found.
    """

    backend: str
    judged: bool
    redacted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Who may answer, in order, with a reason for every backend of the policy that is in or out.

    `consultable` may be asked for an opinion beside the answer: admitted backends that the rule or its judges name.
    `clearances` are the tokens to ask them with, by backend: of nobody else is there one, and without one nobody is
    asked. A copy of a plan, a pickled one too, has none.
    """

    rule: str | None
    steps: tuple[Step, ...]
    reasons: Mapping[str, Reason]
    deadline_s: float
    policy_version: str
    clearances: Mapping[str, Clearance] = field(repr=False, compare=False)
    consultable: frozenset[str] = frozenset()

    def __reduce__(self) -> tuple[Any, ...]:
        """Leave the tokens behind: what was admitted here is not admitted by a copy."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return _copied_plan, ({**values, "clearances": {}},)

    @property
    def first(self) -> str | None:
        """The backend that is asked first, None for an empty plan."""
        return self.steps[0].backend if self.steps else None

    @property
    def backends(self) -> tuple[str, ...]:
        """The admitted backends in the order of asking."""
        return tuple(step.backend for step in self.steps)


def _copied_plan(values: Mapping[str, Any]) -> Plan:
    return Plan(**values)
