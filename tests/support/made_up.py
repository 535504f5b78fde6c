"""A made-up ledger of any size, for the report: entries, calls and hourly sums that agree, written straight to it.

Nothing of it happened. A desk of eight teams asks a small model on two cards and two closed ones; seeds make it the
same every time.
"""

import random
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple

from gateway.entries import AttemptRecord, HoldoutRecord, LedgerEntry
from gateway.ledgers._hours import Calls, Requests
from gateway.ledgers._rows import (
    ATTEMPT_COLUMNS,
    ENTRY_COLUMNS,
    HOLDOUT_COLUMNS,
    attempt_rows,
    entry_row,
    holdout_row,
)
from gateway.ledgers._sqlite_rollups import Rollups
from gateway.ledgers._sqlite_schema import open_for_writing
from gateway.ledgers._sqlite_statements import marks
from gateway.money.durations import duration_bucket
from gateway.money.price import Price
from gateway.money.rollups import CallCell, CallSums, Cell, Sums, Whose, call_cells, cell_of, sums_of
from gateway.times import hour_of, microseconds
from gateway.types import Money, Usage
from support.entries import attempt_record, ledger_entry

FIRST = datetime(2026, 10, 1, tzinfo=UTC)
SOL, LUNA, LLAMA = "openai/gpt-6.1-sol", "openai/gpt-6-luna", "llama-3.1-8b-instruct"
POLICY = """\
version: 1
baseline: openai/gpt-6.1-sol
backends:
  llama: {kind: mock, model: llama-3.1-8b-instruct, local: true, clearance: restricted, licence: llama-3.1, pool: a100s}
  luna: {kind: mock, model: openai/gpt-6-luna, local: false, clearance: internal}
  sol: {kind: mock, model: openai/gpt-6.1-sol, local: false, clearance: internal}
pools:
  a100s: {gpus: 2, usd_per_gpu_hour: 1.37, gpu: A100-80}
engineers: {usd_per_month: 600}
bad_answer_usd: 0.02
licences: {attribution: {url: "https://desk.example/about"}}
rules:
  - {name: tickets, when: {task: tickets}, use: [llama, sol]}
  - {name: search, when: {task: search}, use: [llama, luna]}
  - {name: drafts, when: {task: drafts}, use: [luna, sol]}
  - {name: default, use: [sol, llama]}
ledger: {kind: sqlite, path: made-up.sqlite3}
"""
_PRICES = {SOL: Price.per_mtok(input=2, output=10), LUNA: Price.per_mtok(input="0.10", output="0.50")}
_OPEN = Price.per_mtok(input="0.22", output="0.22")
_BACKENDS = {LLAMA: "llama", LUNA: "luna", SOL: "sol"}
# By rule: how often, who is asked first and then, how often the first is enough, tokens in and out.
_RULES = {
    "tickets": (46, LLAMA, SOL, 0.94, 2_400, 500),
    "search": (30, LLAMA, LUNA, 0.97, 1_100, 180),
    "drafts": (15, LUNA, SOL, 0.90, 1_800, 900),
    "default": (9, SOL, SOL, 1.0, 3_200, 1_100),
}
_TEAMS = {"support": 30, "billing": 18, "returns": 14, "shop": 12, "logistics": 10, "legal": 6, "people": 5, None: 5}
_TAGS = {(): 60, ("pii",): 24, ("pii", "pci"): 8, ("legal_privilege",): 4, ("phi",): 4}
_TASKS = {"tickets": "tickets", "search": "search", "drafts": "drafts", "default": None}
_VARIANTS = 5
_KINDS_SEED = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """How large the ledger is."""

    requests: int = 1_000_000
    days: int = 31
    seed: int = 7
    compared: int = 0


class _Kind(NamedTuple):
    weight: int
    entry: LedgerEntry
    cell: Cell
    sums: Sums
    calls: list[tuple[CallCell, CallSums]]
    entry_row: tuple[object, ...]
    attempt_rows: list[tuple[object, ...]]


def make(path: Path, desk: Desk) -> None:
    """Write the ledger."""
    chance = random.Random(desk.seed)
    kinds, weights = _all_kinds()
    with closing(open_for_writing(path, durable=False, busy_timeout_s=5)) as connection, connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA secure_delete = OFF")
        connection.execute("BEGIN")
        rollups, number = Rollups(), 0
        for hour, count in _hours(desk, chance):
            drawn = chance.choices(kinds, cum_weights=weights, k=count)
            entries, attempts = [], []
            start_us = microseconds(hour)
            for place, kind in enumerate(drawn):
                number += 1
                at_us = start_us + place * 3_600_000_000 // len(drawn)
                entries.append((number, hour_of(hour), f"{desk.seed}-{number}", at_us, *kind.entry_row[2:]))
                attempts += [(number, *row) for row in kind.attempt_rows]
            _add(rollups, hour_of(hour), drawn, start_us)
            connection.executemany(_INSERT_ENTRY, entries)
            connection.executemany(_INSERT_ATTEMPT, attempts)
        _compare(connection, rollups, desk, chance)
        rollups.flush(connection)
        connection.execute("COMMIT")


_INSERT_ENTRY = f"INSERT INTO entries (n, hour, {', '.join(ENTRY_COLUMNS)}) VALUES ({marks(2 + len(ENTRY_COLUMNS))})"  # noqa: S608
_INSERT_ATTEMPT = (
    f"INSERT INTO attempts (entry, {', '.join(ATTEMPT_COLUMNS)}) VALUES ({marks(1 + len(ATTEMPT_COLUMNS))})"  # noqa: S608
)
_INSERT_HOLDOUT = (
    f"INSERT INTO holdouts (entry, {', '.join(HOLDOUT_COLUMNS)}) VALUES ({marks(1 + len(HOLDOUT_COLUMNS))})"  # noqa: S608
)


def _add(rollups: Rollups, hour: int, drawn: list[_Kind], start_us: int) -> None:
    """Add the sums of an hour's requests, kind by kind: as the writer does it one by one."""
    counts: dict[int, int] = {}
    kinds = {id(kind): kind for kind in drawn}
    for kind in drawn:
        counts[id(kind)] = counts.get(id(kind), 0) + 1
    last_us = start_us + (len(drawn) - 1) * 3_600_000_000 // len(drawn)
    for key, count in counts.items():
        kind = kinds[key]
        known = rollups.hours.setdefault((hour, kind.cell), Requests(start_us, last_us, dict.fromkeys(Sums._fields, 0)))
        _plus(known.columns, kind.sums, count)
        for cell, more in kind.calls:
            called = rollups.calls.setdefault((hour, cell), Calls(dict.fromkeys(CallSums._fields, 0)))
            _plus(called.columns, more, count)
        if kind.entry.status == "answered":
            bucket = (hour, kind.cell, duration_bucket(kind.entry.duration_s))
            rollups.durations[bucket] = rollups.durations.get(bucket, 0) + count


def _plus(columns: dict[str, int], sums: Sums | CallSums, count: int) -> None:
    for name, value in zip(columns, sums, strict=True):
        if value:
            columns[name] += count * value


def _hours(desk: Desk, chance: random.Random) -> Iterator[tuple[datetime, int]]:
    """Yield hours with their requests: busy on weekday afternoons, quiet at night."""
    hours = [FIRST + timedelta(hours=hour) for hour in range(24 * desk.days)]
    weights = [_pace(hour) * chance.uniform(0.85, 1.15) for hour in hours]
    total, given, seen = sum(weights), 0, 0.0
    for hour, weight in zip(hours, weights, strict=True):
        seen += weight
        upto = round(desk.requests * seen / total)
        if upto > given:
            yield hour, upto - given
        given = upto


def _pace(hour: datetime) -> float:
    daily = 0.25 + (1.0 if 7 <= hour.hour < 19 else 0.15) + (0.5 if 12 <= hour.hour < 16 else 0)
    return daily * (0.35 if hour.weekday() >= 5 else 1.0)


@cache
def _all_kinds() -> tuple[list[_Kind], list[int]]:
    """Return all kinds of requests, and their weights added up."""
    kinds = list(_kinds(random.Random(_KINDS_SEED)))
    return kinds, list(accumulate(kind.weight for kind in kinds))


def _kinds(chance: random.Random) -> Iterator[_Kind]:
    for rule, (often, first, then, enough, tokens_in, tokens_out) in _RULES.items():
        for team, people in _TEAMS.items():
            for tags, share in _TAGS.items():
                for variant in range(_VARIANTS):
                    usage = Usage(
                        prompt_tokens=int(tokens_in * chance.uniform(0.6, 1.5)),
                        completion_tokens=int(tokens_out * chance.uniform(0.5, 1.7)),
                    )
                    whose = {"rule": rule, "team": team, "tags": tags, "task": _TASKS[rule], "tenant": None}
                    weight = often * people * share
                    yield _kind(int(weight * enough * 100), _answered(whose, usage, chance, (first,)), variant)
                    if enough < 1:
                        entry = _answered(whose, usage, chance, (first, then))
                        yield _kind(int(weight * (1 - enough) * 97), entry, variant)
                        yield _kind(int(weight * (1 - enough) * 3), _lost(whose, usage, chance, first), variant)


def _kind(weight: int, entry: LedgerEntry, variant: int) -> _Kind:
    entry = replace(entry, id=f"{entry.rule}-{variant}")
    return _Kind(
        weight, entry, cell_of(entry), sums_of(entry), list(call_cells(entry)), entry_row(entry), attempt_rows(entry)
    )


def _answered(whose: Mapping[str, Any], usage: Usage, chance: random.Random, models: tuple[str, ...]) -> LedgerEntry:
    attempts = tuple(
        _call(model, usage, chance, error="timeout" if place < len(models) - 1 and chance.random() < 0.2 else None,
              accepted=place == len(models) - 1)
        for place, model in enumerate(models)
    )  # fmt: skip
    last = attempts[-1]
    local = last.model == LLAMA
    return ledger_entry(
        "made-up",
        **whose,
        at=FIRST,
        kinds=(),
        backend=last.backend,
        model=last.model,
        local=local,
        licence="llama-3.1" if local else None,
        attempts=attempts,
        duration_s=sum(attempt.duration_s for attempt in attempts),
        cost=sum((attempt.cost for attempt in attempts if attempt.cost), Money(0)),
        baseline_model=SOL,
        baseline_cost=last.cost if last.model == SOL else _PRICES[SOL].of(usage),
        managed_model="bedrock/meta.llama3-1-8b-instruct-v1:0" if local else None,
        managed_cost=_OPEN.of(usage) if local else None,
    )


def _lost(whose: Mapping[str, Any], usage: Usage, chance: random.Random, model: str) -> LedgerEntry:
    """A request whose calls timed out: of a closed model nobody knows what that cost."""
    attempt = _call(model, usage, chance, error="timeout", accepted=None)
    return ledger_entry(
        "made-up", **whose, at=FIRST, kinds=(), status="exhausted", backend=None, model=None, local=None, licence=None,
        attempts=(attempt,), duration_s=attempt.duration_s, cost=attempt.cost, baseline_model=SOL, baseline_cost=None,
    )  # fmt: skip


def _call(
    model: str, usage: Usage, chance: random.Random, *, error: str | None = None, accepted: bool | None = True
) -> AttemptRecord:
    slow = {LLAMA: 0.0042, LUNA: 0.0050, SOL: 0.0090}[model]
    given = Usage() if error else usage
    cost = Money(0) if model == LLAMA else None if error else _PRICES[model].of(usage)
    return attempt_record(
        backend=_BACKENDS[model],
        model=model,
        duration_s=round(0.2 + (usage.completion_tokens or 0) * slow * chance.lognormvariate(0, 0.35), 4),
        error=error,
        accepted=accepted,
        usage=given,
        cost=cost,
        cost_source="pool" if model == LLAMA else "unknown" if cost is None else "price",
    )


def _compare(connection: object, rollups: Rollups, desk: Desk, chance: random.Random) -> None:
    """Compare some local answers with the baseline's own."""
    assert hasattr(connection, "execute")
    rows = connection.execute(
        "SELECT n, at_us, rule, team, tags, task, price_version, baseline_nano_usd FROM entries"
        " WHERE local = 1 ORDER BY (n * 7919) % 1000003 LIMIT ?",
        (desk.compared,),
    ).fetchall()
    for n, at_us, rule, team, tags, task, version, baseline in rows:
        good = chance.random() < {"tickets": 0.955, "search": 0.985}.get(rule, 0.9)
        attempt = attempt_record(
            backend="sol", model=SOL, cost=Money(round(baseline * chance.uniform(0.9, 1.25))), cost_source="price",
            purpose="holdout", score=1.0 if good else 0.0, accepted=None,
        )  # fmt: skip
        record = HoldoutRecord(
            entry_id="", attempt=attempt, at=FIRST + timedelta(microseconds=at_us - microseconds(FIRST))
        )
        connection.execute(_INSERT_HOLDOUT, (n, *holdout_row(record)))
        names: tuple[str, ...] = tuple(filter(None, tags.strip("[]").replace('"', "").split(", ")))
        rollups.add_holdout(record, Whose(None, team, rule, names, task, version))
