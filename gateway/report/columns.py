"""The parts as columns that a browser reads: names once, integers exact, deflated; as many as fit, or fewer, said so.

Integers beyond 2^53 are written as text: a browser's numbers end there, its BigInt does not.
"""

import base64
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.money.rollups import Sums
from gateway.report.calendar import Length, begin, end
from gateway.report.parts import Calls, Durations, Gathering, Made, Part, Requests, called, timed, together

# A name that stands for all that are not listed; nobody is called so.
OTHER = "\x00other"
# Sums that no panel needs beside these.
_LEFT_OUT = ("refused", "duration_us")
COLUMNS = tuple(name for name in Sums._fields if name not in _LEFT_OUT)
_SAFE = 2**53 - 1
# How many names of a kind are listed, in turns; the last turn is what fits in any case.
_MOST_STEPS = 1_200
_MOST_NAMES = (100, 40, 20, 10, 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What is embedded. `notes` say what had to be summed up so that it fits."""

    requests: Requests
    calls: Calls
    durations: Durations
    is_timed_by_part: bool
    length: str
    steps: tuple[tuple[int, int], ...]
    embedded: dict[str, Any]
    notes: tuple[str, ...]


def table(gathering: Gathering, *, most_bytes: int, span: tuple[int, int] | None = None) -> Table:
    """Return as much of what was gathered as fits, the coarser the more there is; `span` is of hours, both in it."""
    turns = iter(_MOST_NAMES)
    names = next(turns)
    while True:
        made = _table(gathering, names, span)
        if len(made.embedded["columns"]) <= most_bytes and len(made.steps) <= _MOST_STEPS:
            return made
        if gathering.is_timed_by_part and most_bytes < len(made.embedded["columns"]) <= 2 * most_bytes:
            gathering.forget_parts_of_durations()
        elif gathering.length != "month":
            gathering.lengthen()
        else:
            fewer = next(turns, None)
            if fewer is None:
                return made
            names = fewer


def _table(gathering: Gathering, most: int, span: tuple[int, int] | None) -> Table:
    folded = _Folded(gathering, most)
    requests, calls, durations = gathering.requests, gathering.calls, gathering.durations
    if folded.lost:
        requests, calls, durations = together(requests, folded), called(calls, folded), timed(durations, folded)
    requests = dict(sorted(requests.items(), key=_place))
    calls = dict(sorted(calls.items(), key=lambda item: (_place_of(item[0][0]), item[0][1])))
    steps = _steps(gathering.length, {part.start for part in requests} | {part.start for part, _ in calls}, span)
    names = _Names([start for start, _ in steps])
    columns = {
        "requests": {**names.of(requests), **_sums(COLUMNS, requests.values())},
        "calls": {
            **names.of(part for part, _ in calls),
            "pool": [pool for _, pool in calls],
            **_sums(Made._fields, calls.values()),
        },
        "durations": _durations(durations, names),
        "hours": [_hours(worked) for worked in gathering.hours],
    }
    text = json.dumps(columns, separators=(",", ":"))
    embedded = {
        "length": gathering.length,
        "steps": [list(step) for step in steps],
        "timed_by_part": gathering.is_timed_by_part,
        "names": names.as_dict(),
        "other": OTHER,
        "columns": base64.b64encode(zlib.compress(text.encode(), 6)).decode(),
    }
    return Table(
        requests=requests,
        calls=calls,
        durations=durations,
        is_timed_by_part=gathering.is_timed_by_part,
        length=gathering.length,
        steps=steps,
        embedded=embedded,
        notes=tuple(_notes(gathering, folded)),
    )


def _steps(length: Length, starts: set[int], span: tuple[int, int] | None) -> tuple[tuple[int, int], ...]:
    """Return all steps of a period, those without a request too."""
    bounds = [*starts, *(begin(length, hour) for hour in span or ())]
    if not bounds:
        return ()
    steps, start, last = [], min(bounds), max(bounds)
    while start <= last:
        steps.append((start, end(length, start)))
        start = end(length, start)
    return tuple(steps)


class _Folded:
    """Gives the names that are not among the most costly of their kind another: `OTHER`."""

    def __init__(self, gathering: Gathering, most: int) -> None:
        self.lost: dict[str, int] = {}
        self._kept = {name: self._keep(gathering, name, most) for name in ("tenant", "team", "rule", "tags", "model")}

    def _keep(self, gathering: Gathering, name: str, most: int) -> frozenset[Any]:
        weights: dict[Any, int] = {}
        for part, sums in gathering.requests.items():
            value = getattr(part, name)
            weights[value] = weights.get(value, 0) + sums.cost + sums.baseline + sums.excluded_cost + sums.requests
        for part, _ in gathering.calls:
            weights.setdefault(getattr(part, name), 0)
        kept = sorted(weights, key=lambda value: (-weights[value], str(value)))[:most]
        if len(weights) > len(kept):
            self.lost[name] = len(weights) - len(kept)
        return frozenset(kept)

    def __call__(self, part: Part) -> Part:
        kept = self._kept
        return Part(
            part.start,
            part.tenant if part.tenant in kept["tenant"] else OTHER,
            part.team if part.team in kept["team"] else OTHER,
            part.rule if part.rule in kept["rule"] else OTHER,
            part.tags if part.tags in kept["tags"] else (OTHER,),
            part.model if part.model in kept["model"] else OTHER,
        )


class _Names:
    """Numbers for names, in the order in which they are met."""

    def __init__(self, starts: Sequence[int]) -> None:
        self._starts = {start: place for place, start in enumerate(starts)}
        self._known: dict[str, dict[Any, int]] = {name: {} for name in ("tenant", "team", "rule", "tags", "model")}

    def of(self, parts: Any) -> dict[str, list[int]]:
        parts = list(parts)
        found = {"step": [self._starts.get(part.start, 0) for part in parts]}
        for name, known in self._known.items():
            found[name] = [known.setdefault(getattr(part, name), len(known)) for part in parts]
        return found

    def as_dict(self) -> dict[str, list[Any]]:
        return {name: list(known) for name, known in self._known.items()}


def _durations(durations: Durations, names: _Names) -> dict[str, list[int]]:
    rows = [
        (part, bucket, answers)
        for part, buckets in sorted(durations.items(), key=_place)
        for bucket, answers in sorted(buckets.items())
    ]
    return {
        **names.of(part for part, _, _ in rows),
        "bucket": [bucket for _, bucket, _ in rows],
        "answers": [answers for _, _, answers in rows],
    }


def _sums(fields: Sequence[str], rows: Any) -> dict[str, list[int | str]]:
    rows = list(rows)
    return {name: [_number(getattr(row, name)) for row in rows] for name in fields}


def _hours(worked: dict[int, int]) -> dict[str, list[int | str]]:
    ordered = sorted(worked.items())
    return {"hour": [hour for hour, _ in ordered], "work": [_number(work) for _, work in ordered]}


def _number(value: int) -> int | str:
    return value if abs(value) <= _SAFE else str(value)


def _place(item: tuple[Part, object]) -> tuple[Any, ...]:
    return _place_of(item[0])


def _place_of(part: Part) -> tuple[Any, ...]:
    # What is alike stands together, step by step: it deflates best so.
    return (part.model or "", part.rule or "", part.team or "", part.tenant or "", part.tags, part.start)


def _notes(gathering: Gathering, folded: _Folded) -> Iterator[str]:
    if gathering.length != "day":
        yield f"There is more than one file may hold: days are summed up by the {gathering.length}."
    if not gathering.is_timed_by_part:
        yield "There is more than one file may hold: p50 and p95 are those of the whole period, whatever is selected."
    for name, count in folded.lost.items():
        plural = "combinations of tags" if name == "tags" else f"{name}s"
        yield f"There is more than one file may hold: {count:,} {plural}, the least costly, are shown as “other”."
