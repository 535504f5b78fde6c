"""Ledger entries as rows of SQLite and back. Exact both ways: integers of nano-USD and of microseconds."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any

from gateway.entries import AttemptRecord, Example, Feedback, HoldoutRecord, LedgerEntry
from gateway.types import Level, Money, Usage

# What sqlite3 takes and gives: int, float, str, bytes or None.
Row = tuple[Any, ...]

ENTRY_COLUMNS = (
    "id", "at_us", "status", "rule", "policy_version", "tenant", "task", "tags", "level", "kinds", "difficulty",
    "backend", "model", "local", "licence", "duration_s", "cost_nano_usd", "baseline_model", "baseline_nano_usd",
    "price_version", "streamed", "request_id", "classifier", "features", "holdout",
)  # fmt: skip
ATTEMPT_COLUMNS = (
    "number", "backend", "model", "replica", "duration_s", "error", "accepted", "score", "prompt_tokens",
    "completion_tokens", "cached_tokens", "cache_write_tokens", "reasoning_tokens", "cost_nano_usd", "cost_source",
    "purpose",
)  # fmt: skip
HOLDOUT_COLUMNS = ("at_us", *ATTEMPT_COLUMNS[1:])
# What `entries_of` reads, of entries `e` joined with attempts `a`.
JOINED_COLUMNS = ", ".join(
    ("e.n", *(f"e.{name}" for name in ENTRY_COLUMNS), *(f"a.{name}" for name in ATTEMPT_COLUMNS))
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(at: datetime) -> int:
    """Return an aware time as microseconds since 1970 UTC."""
    return (at - _EPOCH) // _MICROSECOND


def entry_row(entry: LedgerEntry) -> Row:
    """Return the values of `ENTRY_COLUMNS`."""
    return (
        entry.id,
        microseconds(entry.at),
        entry.status,
        entry.rule,
        entry.policy_version,
        entry.tenant,
        entry.task,
        _to_json(entry.tags),
        int(entry.level),
        _to_json(entry.kinds),
        entry.difficulty,
        entry.backend,
        entry.model,
        entry.local,
        entry.licence,
        entry.duration_s,
        _nano_usd(entry.cost),
        entry.baseline_model,
        _nano_usd(entry.baseline_cost),
        entry.price_version,
        entry.streamed,
        entry.request_id,
        entry.classifier,
        entry.features,
        entry.holdout,
    )


def attempt_rows(entry: LedgerEntry) -> list[Row]:
    """Return the values of `ATTEMPT_COLUMNS` for each attempt, numbered from 1."""
    return [(number, *_attempt_row(attempt)) for number, attempt in enumerate(entry.attempts, start=1)]


def holdout_row(record: HoldoutRecord) -> Row:
    """Return the values of `HOLDOUT_COLUMNS`."""
    return (microseconds(record.at), *_attempt_row(record.attempt))


def entries_of(rows: Iterable[Row]) -> Iterator[LedgerEntry]:
    """Turn joined rows (`JOINED_COLUMNS`), those of an entry together, into entries."""
    for _, group in groupby(rows, key=itemgetter(0)):
        joined = list(group)
        yield _entry(joined[0], tuple(_attempt(row[_SPLIT + 1 :]) for row in joined if row[_SPLIT] is not None))


def feedback_of(row: Row) -> Feedback:
    """Turn (entry id, score, source, at_us, tenant) into feedback."""
    entry_id, score, source, at_us, tenant = row
    return Feedback(entry_id=entry_id, score=score, source=source, at=_time(at_us), tenant=tenant)


def example_of(row: Row) -> Example:
    """Turn a row of the statement that selects examples into one, column by column."""
    features, classifier, difficulty, judge_score, backend, local, tenant, outcome, source, at_us = row
    return Example(
        features=features,
        classifier=classifier,
        difficulty=difficulty,
        judge_score=judge_score,
        backend=backend,
        local=None if local is None else bool(local),
        tenant=tenant,
        outcome=outcome,
        source=source,
        at=_time(at_us),
    )


def holdout_of(row: Row) -> HoldoutRecord:
    """Turn (entry id, `HOLDOUT_COLUMNS`) into what a strong backend said."""
    entry_id, at_us, *attempt = row
    return HoldoutRecord(entry_id=entry_id, attempt=_attempt(attempt), at=_time(at_us))


_SPLIT = 1 + len(ENTRY_COLUMNS)


def _entry(row: Row, attempts: tuple[AttemptRecord, ...]) -> LedgerEntry:
    column = dict(zip(ENTRY_COLUMNS, row[1:_SPLIT], strict=True))
    local = column.pop("local")
    return LedgerEntry(
        at=_time(column.pop("at_us")),
        tags=_from_json(column.pop("tags")),
        level=Level(column.pop("level")),
        kinds=_from_json(column.pop("kinds")),
        local=None if local is None else bool(local),
        cost=_money(column.pop("cost_nano_usd")),
        baseline_cost=_money(column.pop("baseline_nano_usd")),
        streamed=bool(column.pop("streamed")),
        holdout=bool(column.pop("holdout")),
        attempts=attempts,
        **column,
    )


def _attempt_row(attempt: AttemptRecord) -> Row:
    return (
        attempt.backend,
        attempt.model,
        attempt.replica,
        attempt.duration_s,
        attempt.error,
        attempt.accepted,
        attempt.score,
        attempt.usage.prompt_tokens,
        attempt.usage.completion_tokens,
        attempt.usage.cached_tokens,
        attempt.usage.cache_write_tokens,
        attempt.usage.reasoning_tokens,
        _nano_usd(attempt.cost),
        attempt.cost_source,
        attempt.purpose,
    )


def _attempt(row: Sequence[Any]) -> AttemptRecord:
    backend, model, replica, duration_s, error, accepted, score, *tokens, cost, cost_source, purpose = row
    prompt, completion, cached, cache_write, reasoning = tokens
    return AttemptRecord(
        backend=backend,
        model=model,
        replica=replica,
        duration_s=duration_s,
        error=error,
        accepted=None if accepted is None else bool(accepted),
        score=score,
        usage=Usage(
            prompt_tokens=prompt,
            completion_tokens=completion,
            cached_tokens=cached,
            cache_write_tokens=cache_write,
            reasoning_tokens=reasoning,
        ),
        cost=_money(cost),
        cost_source=cost_source,
        purpose=purpose,
    )


def _time(at_us: int) -> datetime:
    return _EPOCH + timedelta(microseconds=at_us)


def _nano_usd(money: Money | None) -> int | None:
    return None if money is None else money.nano_usd


def _money(nano_usd: int | None) -> Money | None:
    return None if nano_usd is None else Money(nano_usd)


@lru_cache(maxsize=1024)
def _to_json(names: tuple[str, ...]) -> str:
    return json.dumps(names)


@lru_cache(maxsize=1024)
def _from_json(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))
