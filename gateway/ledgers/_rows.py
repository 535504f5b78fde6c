"""Ledger entries as rows of a database and back. Exact both ways: integers of nano-USD and of microseconds."""

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any

from gateway.entries import AttemptRecord, Example, Feedback, HoldoutRecord, LedgerEntry
from gateway.money.rollups import Whose
from gateway.times import microseconds, time_of
from gateway.types import Level, Money, Usage

# What a database takes and gives: int, float, str, bytes, bool or None.
Row = tuple[Any, ...]

ENTRY_COLUMNS = (
    "id", "at_us", "status", "rule", "policy_version", "tenant", "task", "tags", "level", "kinds", "difficulty",
    "backend", "model", "local", "licence", "duration_s", "cost_nano_usd", "baseline_model", "baseline_nano_usd",
    "price_version", "streamed", "request_id", "classifier", "features", "holdout", "team", "source", "managed_model",
    "managed_nano_usd", "uncached_baseline_nano_usd", "token_basis",
)  # fmt: skip
ATTEMPT_COLUMNS = (
    "number", "backend", "model", "replica", "duration_s", "error", "accepted", "score", "prompt_tokens",
    "completion_tokens", "cached_tokens", "cache_write_tokens", "reasoning_tokens", "cache_write_1h_tokens",
    "audio_tokens", "image_tokens", "audio_output_tokens", "cost_nano_usd", "cost_source", "purpose", "first_token_s",
    "uncached_nano_usd",
)  # fmt: skip
WHOSE_COLUMNS = "tenant, team, rule, tags, task, price_version"
HOLDOUT_COLUMNS = ("at_us", *ATTEMPT_COLUMNS[1:])
# What `entries_of` reads, of entries `e` joined with attempts `a`.
JOINED_COLUMNS = ", ".join(
    ("e.n", *(f"e.{name}" for name in ENTRY_COLUMNS), *(f"a.{name}" for name in ATTEMPT_COLUMNS))
)


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
        entry.team,
        entry.source,
        entry.managed_model,
        _nano_usd(entry.managed_cost),
        _nano_usd(entry.uncached_baseline),
        entry.token_basis,
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
    return Feedback(entry_id=entry_id, score=score, source=source, at=time_of(at_us), tenant=tenant)


def example_of(row: Row) -> Example:
    """Turn a row of the statement that selects examples into one, column by column."""
    features, classifier, difficulty, judge_score, backend, local, tenant, *rest = row
    outcome, source, at_us, model, licence = rest
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
        at=time_of(at_us),
        model=model,
        licence=licence,
    )


def holdout_of(row: Row) -> HoldoutRecord:
    """Turn (entry id, `HOLDOUT_COLUMNS`) into what a strong backend said."""
    entry_id, at_us, *attempt = row
    return HoldoutRecord(entry_id=entry_id, attempt=_attempt(attempt), at=time_of(at_us))


def whose_of(row: Sequence[Any]) -> Whose:
    """Turn `WHOSE_COLUMNS` into whom a call is charged to."""
    tenant, team, rule, tags, task, price_version = row
    return Whose(tenant, team, rule, _from_json(tags), task, price_version)


_SPLIT = 1 + len(ENTRY_COLUMNS)


def _entry(row: Row, attempts: tuple[AttemptRecord, ...]) -> LedgerEntry:
    column = dict(zip(ENTRY_COLUMNS, row[1:_SPLIT], strict=True))
    local = column.pop("local")
    return LedgerEntry(
        at=time_of(column.pop("at_us")),
        tags=_from_json(column.pop("tags")),
        level=Level(column.pop("level")),
        kinds=_from_json(column.pop("kinds")),
        local=None if local is None else bool(local),
        cost=_money(column.pop("cost_nano_usd")),
        baseline_cost=_money(column.pop("baseline_nano_usd")),
        managed_cost=_money(column.pop("managed_nano_usd")),
        uncached_baseline=_money(column.pop("uncached_baseline_nano_usd")),
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
        attempt.usage.cache_write_1h_tokens,
        attempt.usage.audio_tokens,
        attempt.usage.image_tokens,
        attempt.usage.audio_output_tokens,
        _nano_usd(attempt.cost),
        attempt.cost_source,
        attempt.purpose,
        attempt.first_token_s,
        _nano_usd(attempt.uncached_cost),
    )


def _attempt(row: Sequence[Any]) -> AttemptRecord:
    backend, model, replica, duration_s, error, accepted, score, *tokens = row[:-5]
    cost, cost_source, purpose, first_token_s, uncached = row[-5:]
    prompt, completion, cached, cache_write, reasoning, cache_write_1h, audio, image, audio_output = tokens
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
            cache_write_1h_tokens=cache_write_1h,
            audio_tokens=audio,
            image_tokens=image,
            audio_output_tokens=audio_output,
        ),
        cost=_money(cost),
        cost_source=cost_source,
        purpose=purpose,
        first_token_s=first_token_s,
        uncached_cost=_money(uncached),
    )


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
