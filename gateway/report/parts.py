"""What a reader can pick out: the sums of requests and calls by step and part. Filled while the account reads them.

Memory is bounded: where the parts become too many, days become weeks and weeks months.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sized
from dataclasses import dataclass
from functools import lru_cache
from operator import add
from typing import NamedTuple

from gateway.licences.served import Served
from gateway.money.rollups import CallCell, CallHour, CallSums, Cell, DurationHour, Hour, Sums
from gateway.report.calendar import LENGTHS, Length, begin
from gateway.report.hardware import NO_POOL, Cards
from gateway.times import time_of

MOST_PARTS = 60_000
MOST_BUCKETS = 200_000
_ANSWERS = ("answer", "cache")


class Part(NamedTuple):
    """Requests, or the calls made for them, that are told apart; `model` is the one that answered, or was called."""

    start: int
    tenant: str | None
    team: str | None
    rule: str | None
    tags: tuple[str, ...]
    model: str | None


class Made(NamedTuple):
    """Calls: those for answers, of which failed; random comparisons; and work in units of the pool (`Cards`)."""

    calls: int = 0
    failed: int = 0
    comparisons: int = 0
    unpriced: int = 0
    comparison_cost: int = 0
    work: int = 0

    def plus(self, other: "Made") -> "Made":
        """Return both together."""
        return Made._make(map(int.__add__, self, other))


Requests = dict[Part, Sums]
Calls = dict[tuple[Part, int], Made]
Durations = dict[Part, dict[int, int]]
Renaming = Callable[[Part], Part]


@dataclass(slots=True)
class _Answers:
    licence: str | None
    answers: int
    calls: int
    tenants: set[str]
    first_us: int
    last_us: int


class Gathering:
    """Listens to the sums on their way to the account."""

    def __init__(self, cards: Cards, *, most: int = MOST_PARTS) -> None:
        self.cards = cards
        self.length: Length = "day"
        self.requests: Requests = {}
        self.calls: Calls = {}
        self.durations: Durations = {}
        # Units of work by pool and hour.
        self.hours: tuple[dict[int, int], ...] = tuple({} for _ in cards.pools)
        self._most = most
        # Whether durations are told apart by all that parts are, or by model and rule alone.
        self.is_timed_by_part = True
        self._buckets = 0
        self._models: set[str | None] = set()
        self._answers: dict[tuple[str, str], _Answers] = {}

    def heard(self, hours: Iterable[Hour]) -> Iterator[Hour]:
        """Yield the sums of requests by day, keeping them by part."""
        for hour in hours:
            part = self._part(hour.start, hour.cell, hour.cell.model)
            self._models.add(hour.cell.model)
            self.requests[part] = self.requests.get(part, _NO_REQUESTS).plus(hour.sums)
            self._serve(hour)
            self._bound(self.requests)
            yield hour

    def heard_calls(self, calls: Iterable[CallHour]) -> Iterator[CallHour]:
        """Yield the sums of calls, read by the hour, by day; what each hour worked is kept by pool."""
        days: dict[int, dict[CallCell, tuple[int, ...]]] = {}
        for start, cell, sums in calls:
            place = self.cards.place(cell)
            if place != NO_POOL:
                self.hours[place][start] = self.hours[place].get(start, 0) + self.cards.work(cell, sums)
            day = days.setdefault(begin("day", start), {})
            known = day.get(cell)
            day[cell] = sums if known is None else tuple(map(add, known, sums))
        for start, day in days.items():
            for cell, values in day.items():
                call = CallHour(start, cell, CallSums._make(values))
                self._call(call)
                yield call

    def hear(self, durations: Iterable[DurationHour]) -> None:
        """Keep how long answers took by part."""
        for found in durations:
            part = self._part(found.start, found.cell, found.cell.model)
            buckets = self.durations.setdefault(part if self.is_timed_by_part else by_model(part), {})
            self._buckets += found.bucket not in buckets
            buckets[found.bucket] = buckets.get(found.bucket, 0) + found.answers
            if self._buckets > MOST_BUCKETS and self.is_timed_by_part:
                self.forget_parts_of_durations()

    def served(self) -> tuple[Served, ...]:
        """Return which models answered, for their licences."""
        return tuple(
            Served(
                backend=backend,
                model=model,
                licence=one.licence,
                answers=one.answers,
                calls=one.calls,
                tenants=len(one.tenants),
                first=time_of(one.first_us),
                last=time_of(one.last_us),
            )
            for (backend, model), one in sorted(self._answers.items())
        )

    def forget_parts_of_durations(self) -> None:
        """Tell durations apart by model and rule alone."""
        self.is_timed_by_part = False
        self.durations = timed(self.durations, by_model)

    def lengthen(self) -> None:
        """Sum up by the next longer step."""
        self.length = LENGTHS[LENGTHS.index(self.length) + 1]
        self.requests = together(self.requests, self._longer)
        self.calls = called(self.calls, self._longer)
        if self.is_timed_by_part:
            self.durations = timed(self.durations, self._longer)

    def _longer(self, part: Part) -> Part:
        return part._replace(start=begin(self.length, part.start))

    def _model(self, cell: CallCell) -> str:
        """Return the model of a call: servers may call it otherwise than the policy, and requests, do."""
        named = self.cards.models.get(cell.backend)
        return cell.model if named is None or cell.model in self._models else named

    def _part(self, start: int, cell: Cell | CallCell, model: str | None) -> Part:
        return Part(begin(self.length, start), cell.tenant, cell.team, cell.rule, _tags(cell.tags), model)

    def _call(self, call: CallHour) -> None:
        start, cell, sums = call
        place = self.cards.place(cell)
        work = 0 if place == NO_POOL else self.cards.work(cell, sums)
        compared, answers = cell.purpose == "holdout", cell.purpose in _ANSWERS
        made = Made(
            calls=sums.calls if answers else 0,
            failed=sums.failed if answers else 0,
            comparisons=sums.calls if compared else 0,
            unpriced=sums.unpriced if compared else 0,
            comparison_cost=sums.cost if compared else 0,
            work=work,
        )
        key = self._part(start, cell, self._model(cell)), place
        self.calls[key] = self.calls.get(key, _NO_CALLS).plus(made)
        self._bound(self.calls)

    def _bound(self, parts: Sized) -> None:
        if len(parts) > self._most and self.length != LENGTHS[-1]:
            self.lengthen()

    def _serve(self, hour: Hour) -> None:
        cell, sums = hour.cell, hour.sums
        if cell.backend is None or cell.model is None:
            return
        one = self._answers.setdefault(
            (cell.backend, cell.model), _Answers(None, 0, 0, set(), hour.first_us, hour.last_us)
        )
        one.licence = cell.licence or one.licence
        one.answers += sums.answered
        one.calls += sums.answered
        one.first_us, one.last_us = min(one.first_us, hour.first_us), max(one.last_us, hour.last_us)
        if cell.tenant is not None:
            one.tenants.add(cell.tenant)


_NO_REQUESTS, _NO_CALLS = Sums(), Made()


@lru_cache(maxsize=4096)
def _tags(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))


def together(requests: Requests, renamed: Renaming) -> Requests:
    """Return the requests of parts that are told apart no more, summed."""
    fewer: Requests = {}
    for part, sums in requests.items():
        key = renamed(part)
        fewer[key] = fewer.get(key, _NO_REQUESTS).plus(sums)
    return fewer


def called(calls: Calls, renamed: Renaming) -> Calls:
    """Return the calls of parts that are told apart no more, summed."""
    fewer: Calls = {}
    for (part, pool), made in calls.items():
        key = renamed(part), pool
        fewer[key] = fewer.get(key, _NO_CALLS).plus(made)
    return fewer


def timed(durations: Durations, renamed: Renaming) -> Durations:
    """Return how long the answers of parts took that are told apart no more."""
    fewer: Durations = {}
    for part, buckets in durations.items():
        known = fewer.setdefault(renamed(part), {})
        for bucket, answers in buckets.items():
            known[bucket] = known.get(bucket, 0) + answers
    return fewer


def by_model(part: Part) -> Part:
    """Return what tells durations apart where parts are too many: the model and the rule."""
    return Part(0, None, None, part.rule, (), part.model)
