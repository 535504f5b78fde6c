"""Sums by the hour: what each request and each call adds to them. Pure integers, so that sums of sums are exact.

Two tables. An hour of a `Cell` sums the requests of one tenant, team, rule, backend, model ...; an hour of a `CallCell`
sums the calls that were made for them. Every column is a plain sum, so that a driver of the savings (`money.savings`)
is the same whether it is reckoned from hours or from entries. Money is nano-USD, durations are microseconds.

Of a covered request (its cost is known, and its baseline where it was answered) each call's cost is in one column:
`cost_failure` where it failed or the request was not answered, `cost_judge`, `cost_sample`, `cost_guard` and
`cost_embedding` by its purpose, `cost_first` for the first answer that came, `cost_escalation` for those after it.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from operator import add
from types import MappingProxyType
from typing import Literal, NamedTuple

from gateway.entries import ANSWERS, AttemptRecord, HoldoutRecord, LedgerEntry
from gateway.money.tokens import Tokens
from gateway.times import microseconds
from gateway.types import Money, Purpose

# What hours are read as: each, or summed by the day, or all together.
Step = Literal["hour", "day", "all"]

# Sums by the name of their column, in the order of the columns.
Columns = dict[str, int]


class Cell(NamedTuple):
    """Which requests are summed together."""

    tenant: str | None
    team: str | None
    rule: str | None
    tags: str
    task: str | None
    backend: str | None
    model: str | None
    licence: str | None
    local: bool | None
    baseline_model: str | None
    managed_model: str | None
    token_basis: str
    price_version: str
    source: str

    @property
    def tag_names(self) -> tuple[str, ...]:
        """The tags that the requests had, all of them each."""
        return tuple(json.loads(self.tags))


class CallCell(NamedTuple):
    """Which calls are summed together."""

    tenant: str | None
    team: str | None
    rule: str | None
    tags: str
    task: str | None
    purpose: Purpose
    backend: str
    model: str
    cost_source: str
    price_version: str

    @property
    def tag_names(self) -> tuple[str, ...]:
        """The tags that the requests had, all of them each."""
        return tuple(json.loads(self.tags))


class Whose(NamedTuple):
    """Whom a call is charged to."""

    tenant: str | None
    team: str | None
    rule: str | None
    tags: tuple[str, ...]
    task: str | None
    price_version: str


class Sums(NamedTuple):
    """What an hour of a cell sums up.

    `covered` counts the requests in the sums of money; those that are not add to `excluded` and, as far as it is known,
    to `excluded_cost` alone. `baseline` is split by where the first answer came from: `baseline_cache`, `baseline_pool`
    (hardware of ours), and the rest. `full_first` and `full_baseline` are `cost_first` and that rest without prompt
    caches. `managed` is the second baseline, of the `managed_covered` requests of which it is known; those cost
    `managed_cost`. `direct` is the third: the answering calls alone.
    """

    requests: int = 0
    answered: int = 0
    refused: int = 0
    exhausted: int = 0
    cancelled: int = 0
    local: int = 0
    cached: int = 0
    escalated: int = 0
    unaccepted: int = 0
    covered: int = 0
    excluded: int = 0
    cost: int = 0
    excluded_cost: int = 0
    baseline: int = 0
    baseline_cache: int = 0
    baseline_pool: int = 0
    full_baseline: int = 0
    cost_first: int = 0
    full_first: int = 0
    cost_escalation: int = 0
    cost_failure: int = 0
    cost_judge: int = 0
    cost_sample: int = 0
    cost_guard: int = 0
    cost_embedding: int = 0
    managed: int = 0
    managed_covered: int = 0
    managed_cost: int = 0
    direct: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    duration_us: int = 0

    def plus(self, other: "Sums") -> "Sums":
        """Return both together."""
        return Sums._make(map(add, self, other))


class CallSums(NamedTuple):
    """What an hour of a call cell sums up; tokens are in disjoint kinds (`money.tokens`).

    `unpriced` counts the calls of unknown cost, `unmetered` those that answered without saying how many tokens.
    """

    calls: int = 0
    failed: int = 0
    unpriced: int = 0
    unmetered: int = 0
    cost: int = 0
    input: int = 0
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    audio_input: int = 0
    image_input: int = 0
    output: int = 0
    reasoning: int = 0
    audio_output: int = 0
    duration_us: int = 0

    def plus(self, other: "CallSums") -> "CallSums":
        """Return both together."""
        return CallSums._make(map(add, self, other))


class Hour(NamedTuple):
    """The sums of a cell in an hour or a longer step that begins with it, and when its first and last entry came."""

    start: int
    cell: Cell
    sums: Sums
    first_us: int
    last_us: int


class CallHour(NamedTuple):
    """The sums of a cell of calls in an hour or a longer step that begins with it."""

    start: int
    cell: CallCell
    sums: CallSums


class DurationHour(NamedTuple):
    """How many answers of a cell took a duration of that bucket, in an hour or a longer step that begins with it."""

    start: int
    cell: Cell
    bucket: int
    answers: int


def cell_of(entry: LedgerEntry) -> Cell:
    """Return which requests an entry is summed with."""
    return Cell(
        entry.tenant,
        entry.team,
        entry.rule,
        _tags(entry.tags),
        entry.task,
        entry.backend,
        entry.model,
        entry.licence,
        entry.local,
        entry.baseline_model,
        entry.managed_model,
        entry.token_basis,
        entry.price_version,
        entry.source,
    )


def sums_of(entry: LedgerEntry) -> Sums:
    """Return what an entry adds to its cell's hour."""
    columns = dict.fromkeys(Sums._fields, 0)
    add_request(columns, entry)
    return Sums(*columns.values())


def add_request(columns: Columns, entry: LedgerEntry) -> None:
    """Add an entry to columns by the names of `Sums`: what a ledger does once a request."""
    status, cost = entry.status, entry.cost
    columns["requests"] += 1
    columns[status] += 1
    columns["duration_us"] += round(entry.duration_s * 1_000_000)
    if len(entry.attempts) > 1 and entry.escalated:
        columns["escalated"] += 1
    last = None
    if status == "answered":
        last = _last(entry)
        _add_answer(columns, entry, last)
    if cost is None or (status == "answered" and entry.baseline_cost is None):
        columns["excluded"] += 1
        columns["excluded_cost"] += _known(entry)
        return
    columns["covered"] += 1
    columns["cost"] += cost.nano_usd
    first = _first(entry) if status == "answered" else None
    for attempt in entry.attempts:
        if attempt.cost is not None:
            column = _OF_PURPOSE.get(attempt.purpose) or _column(attempt, first)
            columns[column] += attempt.cost.nano_usd
    if status == "answered":
        _add_compared(columns, entry, first, last)


def call_cells(entry: LedgerEntry) -> Iterator[tuple[CallCell, CallSums]]:
    """Yield each call of an entry with the cell that it is summed in."""
    for attempt in entry.attempts:
        yield call_cell(entry, attempt), call_sums(attempt)


def call_cell(whose: Whose | LedgerEntry, attempt: AttemptRecord) -> CallCell:
    """Return which calls a call is summed with."""
    return CallCell(
        whose.tenant,
        whose.team,
        whose.rule,
        _tags(whose.tags),
        whose.task,
        attempt.purpose,
        attempt.backend,
        attempt.model,
        attempt.cost_source,
        whose.price_version,
    )


def summed(
    entries: Iterable[LedgerEntry], holdouts: Iterable[HoldoutRecord] = ()
) -> "tuple[list[Hour], list[CallHour]]":
    """Return the sums of entries, all in one step that begins at 0: what a ledger keeps by the hour."""
    cells: dict[Cell, Hour] = {}
    calls: dict[CallCell, CallSums] = {}
    whose: dict[str, Whose] = {}
    for entry in entries:
        cell, sums, at_us = cell_of(entry), sums_of(entry), microseconds(entry.at)
        known = cells.get(cell, Hour(0, cell, Sums(), at_us, at_us))
        cells[cell] = Hour(0, cell, known.sums.plus(sums), min(known.first_us, at_us), max(known.last_us, at_us))
        whose[entry.id] = Whose(entry.tenant, entry.team, entry.rule, entry.tags, entry.task, entry.price_version)
        for call, call_sums_ in call_cells(entry):
            calls[call] = calls.get(call, CallSums()).plus(call_sums_)
    for record in holdouts:
        call = call_cell(whose[record.entry_id], record.attempt)
        calls[call] = calls.get(call, CallSums()).plus(call_sums(record.attempt))
    return list(cells.values()), [CallHour(0, cell, sums) for cell, sums in calls.items()]


def call_sums(attempt: AttemptRecord) -> CallSums:
    """Return what a call adds to its cell's hour."""
    columns = dict.fromkeys(CallSums._fields, 0)
    add_call(columns, attempt)
    return CallSums(*columns.values())


def add_call(columns: Columns, attempt: AttemptRecord) -> None:
    """Add a call to columns by the names of `CallSums`."""
    kinds, cost = Tokens.of(attempt.usage), attempt.cost
    columns["calls"] += 1
    columns["duration_us"] += round(attempt.duration_s * 1_000_000)
    if attempt.error is not None:
        columns["failed"] += 1
    elif kinds is None:
        columns["unmetered"] += 1
    if cost is None:
        columns["unpriced"] += 1
    else:
        columns["cost"] += cost.nano_usd
    for name, tokens in zip(Tokens._fields, kinds or (), strict=False):
        columns[name] += tokens


_FREE = Money(0)
# The column of a call's cost by its purpose; an answer's depends on what became of it.
_OF_PURPOSE: Mapping[Purpose, str] = MappingProxyType(
    {
        "judge": "cost_judge",
        "sample": "cost_sample",
        "guard": "cost_guard",
        "embedding": "cost_embedding",
        "holdout": "cost_judge",
    }
)


def _first(entry: LedgerEntry) -> AttemptRecord | None:
    """Return the first call that brought an answer."""
    return next((call for call in entry.attempts if call.error is None and call.purpose in ANSWERS), None)


def _last(entry: LedgerEntry) -> AttemptRecord | None:
    """Return the call whose answer was given: the last of the backend that the entry names."""
    for call in reversed(entry.attempts):
        if call.backend == entry.backend and call.error is None and call.purpose in ANSWERS:
            return call
    return None


def _add_answer(columns: Columns, entry: LedgerEntry, last: AttemptRecord | None) -> None:
    """Add what is counted of an answer, whatever is known of its cost."""
    if entry.local is True:
        columns["local"] += 1
    if last is None:
        return
    if last.purpose == "cache":
        columns["cached"] += 1
    if last.accepted is False:
        columns["unaccepted"] += 1
    columns["prompt_tokens"] += last.usage.prompt_tokens or 0
    columns["completion_tokens"] += last.usage.completion_tokens or 0


def _column(answer: AttemptRecord, first: AttemptRecord | None) -> str:
    """Return the column of an answer's cost; `first` is None where the request was not answered."""
    if first is None or answer.error is not None:
        return "cost_failure"
    return "cost_first" if answer is first else "cost_escalation"


def _add_compared(
    columns: Columns, entry: LedgerEntry, first: AttemptRecord | None, last: AttemptRecord | None
) -> None:
    """Add a covered answer's baselines, each in its columns."""
    baseline, direct = (entry.baseline_cost or _FREE).nano_usd, last.cost if last is not None else None
    columns["baseline"] += baseline
    columns["direct"] += (direct or _FREE).nano_usd
    managed = entry.managed_cost if entry.managed_cost is not None or entry.local else direct
    if managed is not None:
        columns["managed"] += managed.nano_usd
        columns["managed_covered"] += 1
        columns["managed_cost"] += (entry.cost or _FREE).nano_usd
    if first is not None and first.purpose == "cache":
        columns["baseline_cache"] += baseline
    elif first is not None and first.cost_source == "pool":
        columns["baseline_pool"] += baseline
    else:
        columns["full_baseline"] += (entry.uncached_baseline or entry.baseline_cost or _FREE).nano_usd
        columns["full_first"] += _uncached(first).nano_usd


def _uncached(first: AttemptRecord | None) -> Money:
    return _FREE if first is None else first.uncached_cost or first.cost or _FREE


def _known(entry: LedgerEntry) -> int:
    """Return what is known of the cost of an entry that is not covered."""
    if entry.cost is not None:
        return entry.cost.nano_usd
    return sum(attempt.cost.nano_usd for attempt in entry.attempts if attempt.cost is not None)


@lru_cache(maxsize=1024)
def _tags(names: tuple[str, ...]) -> str:
    return json.dumps(names)
