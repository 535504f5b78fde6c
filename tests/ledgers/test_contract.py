"""What every kind of ledger promises; a new kind is tested without an edit here, unless it needs options."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from support.entries import NOON, attempt_record, ledger_entry

from gateway import plugins
from gateway.entries import AttemptRecord, Feedback, LedgerEntry
from gateway.interfaces import Ledger
from gateway.types import Level, Money, Usage


@pytest.fixture(params=plugins.kinds("ledgers"))
async def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Ledger]:
    options: dict[str, dict[str, Any]] = {"sqlite": {"path": str(tmp_path / "ledger.db")}}
    module = plugins.load("ledgers", request.param)
    async with module.build(module.Options.model_validate(options.get(request.param, {}))) as part:
        yield part


UNKNOWN = LedgerEntry(
    id="refused",
    at=NOON,
    status="refused",
    rule=None,
    policy_version="",
    tenant=None,
    task=None,
    tags=(),
    level=Level.RESTRICTED,
    kinds=(),
    difficulty=None,
    backend=None,
    model=None,
    local=None,
    licence=None,
    attempts=(),
    duration_s=0.0,
    cost=None,
    baseline_model=None,
    baseline_cost=None,
    price_version="none",
)
ESCALATED = ledger_entry(
    "escalated",
    streamed=True,
    local=False,
    cost=Money(-5),
    attempts=(
        attempt_record(accepted=False, score=0.2),
        AttemptRecord(
            backend="frontier",
            model="openai/gpt-5-mini",
            replica="api.openai.com",
            duration_s=1.0 / 3,
            error="timeout",
            accepted=None,
            score=None,
            usage=Usage(),
            cost=None,
            cost_source="unknown",
        ),
        attempt_record(purpose="judge", cost=Money(7)),
        attempt_record(usage=Usage(prompt_tokens=1, completion_tokens=2, cache_write_tokens=3, reasoning_tokens=4)),
    ),
)


@pytest.mark.parametrize("entry", [ledger_entry("answered"), UNKNOWN, ESCALATED], ids=lambda entry: entry.id)
async def test_an_entry_comes_back_as_it_was_recorded(ledger: Ledger, entry: LedgerEntry) -> None:
    """Nothing is rounded, and what is unknown stays unknown."""
    await ledger.record(entry)

    assert list(await ledger.entries()) == [entry]


async def test_a_ledger_is_a_ledger(ledger: Ledger) -> None:
    """A part has all that the pipeline asks of it, and says where it is."""
    assert isinstance(ledger, Ledger)
    assert ledger.place


async def test_the_same_id_twice_is_kept_once(ledger: Ledger) -> None:
    """A request that is recorded again does not cost twice; the first record stands."""
    first = ledger_entry("same", cost=Money(1))

    await ledger.record(first)
    await ledger.record(replace(first, cost=Money(2), attempts=first.attempts * 2))

    assert list(await ledger.entries()) == [first]


async def test_many_at_once_are_all_kept_once(ledger: Ledger) -> None:
    """A hundred requests that end together, each told twice, are a hundred entries."""
    entries = [ledger_entry(f"{number}", at=NOON + timedelta(microseconds=number)) for number in range(100)]

    await asyncio.gather(*(ledger.record(entry) for entry in entries * 2))

    assert list(await ledger.entries()) == entries


async def test_entries_are_chosen_by_time_and_come_oldest_first(ledger: Ledger) -> None:
    """`since` is inclusive and `until` exclusive, whatever the order of recording."""
    hours = {hour: ledger_entry(f"hour-{hour}", at=NOON + timedelta(hours=hour)) for hour in (3, 1, 0, 2)}
    for entry in hours.values():
        await ledger.record(entry)

    chosen = await ledger.entries(since=hours[1].at, until=hours[3].at)

    assert list(chosen) == [hours[1], hours[2]]


@pytest.mark.parametrize(("limit", "expected"), [(0, []), (2, ["c", "d"]), (9, ["a", "b", "c", "d"])])
async def test_a_limit_keeps_the_newest(ledger: Ledger, limit: int, expected: list[str]) -> None:
    """The tail of the books is their newest part, still oldest first."""
    for number, name in enumerate("abcd"):
        await ledger.record(ledger_entry(name, at=NOON + timedelta(seconds=number)))

    assert [entry.id for entry in await ledger.entries(limit=limit)] == expected


async def test_times_of_other_zones_are_the_same_moment(ledger: Ledger) -> None:
    """An entry made in Berlin is found by a question in UTC."""
    berlin = timezone(timedelta(hours=1))
    await ledger.record(ledger_entry("berlin", at=datetime(2026, 11, 23, 13, 0, tzinfo=berlin)))

    (found,) = await ledger.entries(since=datetime(2026, 11, 23, 12, 0, tzinfo=UTC))

    assert found.at == datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


async def test_feedback_is_kept_for_a_known_entry_only(ledger: Ledger) -> None:
    """Who judges an answer that is not on the books is told so."""
    await ledger.record(ledger_entry("known"))
    known, unknown = (Feedback(entry_id=name, score=0.5, source="caller", at=NOON) for name in ("known", "unknown"))

    kept = [await ledger.feedback(known), await ledger.feedback(unknown), await ledger.feedback(known)]

    assert kept == [True, False, True]
    # Any: reading judgements is no part of the socket yet, the kinds of ours offer it.
    reader: Any = ledger
    assert list(await reader.judgements()) == [known, known]
