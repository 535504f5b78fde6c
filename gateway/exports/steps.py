"""The hourly sums step by step, as rows are made of them: who called what, and whose requests were answered. Pure.

A step is read, given on and forgotten, so that a year takes no more memory than a day.
"""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from gateway.exports.hardware import PoolStep
from gateway.money.rollups import CallHour, CallSums, Cell, Hour


class Calls(NamedTuple):
    """Which calls make a group of rows."""

    tenant: str | None
    team: str | None
    backend: str
    model: str
    cost_source: str
    price_version: str


class Answers(NamedTuple):
    """Which answers are compared together: the group of calls that gave them, under the policy's name of the model."""

    tenant: str | None
    team: str | None
    backend: str
    model: str
    price_version: str


@dataclass(slots=True)
class Compared:
    """Requests against what they would have cost; `covered` are those of which that is known."""

    requests: int = 0
    covered: int = 0
    baseline: int = 0
    models: set[str] = field(default_factory=set)
    bases: set[str] = field(default_factory=set)
    licences: set[str] = field(default_factory=set)

    def add(self, hour: Hour) -> None:
        """Add the requests of a cell."""
        cell, sums = hour.cell, hour.sums
        self.requests += sums.requests
        self.covered += sums.covered
        self.baseline += sums.baseline
        if sums.covered and cell.baseline_model:
            self.models.add(cell.baseline_model)
            self.bases.add(cell.token_basis)
        if cell.licence:
            self.licences.add(cell.licence)

    def join(self, other: "Compared") -> None:
        """Add other requests."""
        self.requests += other.requests
        self.covered += other.covered
        self.baseline += other.baseline
        self.models |= other.models
        self.bases |= other.bases
        self.licences |= other.licences


@dataclass(slots=True)
class Step:
    """What happened from the hour `start` on: calls, answers, and the hardware that was there."""

    start: int
    calls: dict[Calls, CallSums] = field(default_factory=dict)
    answers: dict[Answers, Compared] = field(default_factory=dict)
    pools: list[PoolStep] = field(default_factory=list)

    def compared(self) -> tuple[dict[Calls, Compared], dict[Answers, Compared]]:
        """Return the answers by the group of calls that gave them, and those of which there is none."""
        groups: dict[Answers, list[Calls]] = {}
        for calls in sorted(self.calls, key=lambda calls: -self.calls[calls].calls):
            key = Answers(calls.tenant, calls.team, calls.backend, calls.model, calls.price_version)
            groups.setdefault(key, []).append(calls)
            # The provider may have called the model otherwise than the policy does.
            groups.setdefault(key._replace(model=""), []).append(calls)
        found: dict[Calls, Compared] = {}
        rest: dict[Answers, Compared] = {}
        for answers, compared in self.answers.items():
            named = groups.get(answers) or groups.get(answers._replace(model=""))
            if named is None:
                rest[answers] = compared
            else:
                found.setdefault(named[0], Compared()).join(compared)
        return found, rest


def steps(hours: Iterable[Hour], calls: Iterable[CallHour], pools: Iterable[PoolStep]) -> Iterator[Step]:
    """Yield the steps in which anything happened, in their order; each of the three must be in that order."""
    streams = (((each.start, each) for each in stream) for stream in (hours, calls, pools))
    for start, group in groupby(heapq.merge(*streams, key=itemgetter(0)), key=itemgetter(0)):
        step = Step(start)
        for _, each in group:
            _add(step, each)
        yield step


def _add(step: Step, each: Hour | CallHour | PoolStep) -> None:
    if isinstance(each, PoolStep):
        step.pools.append(each)
    elif isinstance(each, CallHour):
        cell = each.cell
        key = Calls(cell.tenant, cell.team, cell.backend, cell.model, cell.cost_source, cell.price_version)
        known = step.calls.get(key)
        step.calls[key] = each.sums if known is None else known.plus(each.sums)
    elif (answers := _answers(each.cell)) is not None:
        step.answers.setdefault(answers, Compared()).add(each)


def _answers(cell: Cell) -> Answers | None:
    """Return whose answers a cell counts, None where nobody answered: there is nothing to compare with."""
    if cell.backend is None:
        return None
    return Answers(cell.tenant, cell.team, cell.backend, cell.model or "", cell.price_version)
