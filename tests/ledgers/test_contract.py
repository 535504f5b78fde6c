"""What every kind of ledger promises; a new kind is tested without an edit here, unless it needs options."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from support.entries import NOON, attempt_record, ledger_entry
from support.ledgers import options_for

from gateway import plugins
from gateway.entries import AttemptRecord, Feedback, HoldoutRecord, LedgerEntry
from gateway.interfaces import Ledger
from gateway.types import Level, Money, Usage


@pytest.fixture(params=plugins.kinds("ledgers"))
async def ledger(request: pytest.FixtureRequest) -> AsyncIterator[Ledger]:
    module = plugins.load("ledgers", request.param)
    async with module.build(module.Options.model_validate(options_for(request.param, request))) as part:
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
    classifier="model-7",
    features=b"\x00\xff\x80",
    holdout=True,
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
    known, unknown = feedback("known"), feedback("unknown")

    kept = [await ledger.feedback(known), await ledger.feedback(unknown)]

    assert kept == ["kept", "unknown"]
    assert await judgements(ledger) == [known]


def feedback(entry_id: str, **fields: Any) -> Feedback:
    """Return a judgement of the tenant whose entries `ledger_entry` makes."""
    given: dict[str, Any] = {"score": 0.5, "source": "caller", "at": NOON, "tenant": "acme"}
    return Feedback(entry_id=entry_id, **{**given, **fields})


async def judgements(ledger: Ledger) -> list[Feedback]:
    """Return the feedback that counts."""
    # Any: reading judgements is no part of the socket yet, the kinds of ours offer it.
    reader: Any = ledger
    return list(await reader.judgements())


async def test_of_one_source_the_latest_judgement_counts(ledger: Ledger) -> None:
    """Who changes his mind is heard once; another source is another voice."""
    await ledger.record(ledger_entry("a"))
    first, other, last = feedback("a"), feedback("a", source="agent"), feedback("a", score=1.0)

    for said in (first, other, last):
        await ledger.feedback(said)

    assert await judgements(ledger) == [other, last]


@pytest.mark.parametrize(("tenant", "fate"), [("acme", "kept"), ("other", "unknown"), (None, "unknown")])
async def test_a_tenants_entry_is_judged_by_that_tenant_alone(ledger: Ledger, tenant: str | None, fate: str) -> None:
    """To anybody else the entry is not there."""
    await ledger.record(ledger_entry("a"))

    assert await ledger.feedback(feedback("a", tenant=tenant)) == fate


@pytest.mark.parametrize("tenant", ["acme", None])
async def test_an_entry_of_no_tenant_is_judged_by_anybody(ledger: Ledger, tenant: str | None) -> None:
    """Where nobody is told apart, nobody is kept out; the judgement is no tenant's."""
    await ledger.record(ledger_entry("a", tenant=None))

    assert await ledger.feedback(feedback("a", tenant=tenant)) == "kept"
    assert await judgements(ledger) == [feedback("a", tenant=None)]


@pytest.mark.parametrize("tenant", ["acme", None])
async def test_a_tenant_gives_so_many_judgements_in_24_hours(ledger: Ledger, tenant: str | None) -> None:
    """The cap slides with the time, counts what was replaced, and is every tenant's own."""
    for entry in (ledger_entry("a", tenant=tenant), ledger_entry("b", tenant="second")):
        await ledger.record(entry)

    async def say(hours: float, entry_id: str = "a", tenant: str | None = tenant) -> str:
        at = NOON + timedelta(hours=hours)
        return await ledger.feedback(feedback(entry_id, at=at, tenant=tenant), most_a_day=2)

    assert [await say(0), await say(1), await say(2)] == ["kept", "kept", "over_cap"]
    assert await say(2, "b", "second") == "kept"
    assert await say(3, "none") == "unknown"
    assert [await say(24), await say(24.5), await say(25)] == ["kept", "over_cap", "kept"]


async def test_a_cap_holds_for_judgements_that_come_at_once(ledger: Ledger) -> None:
    """Counting and keeping are one step."""
    await ledger.record(ledger_entry("a"))

    fates = await asyncio.gather(
        *(ledger.feedback(feedback("a", source=f"{n}"), most_a_day=7) for n in range(50)),
    )

    assert (fates.count("kept"), fates.count("over_cap")) == (7, 43)


HOLDOUT = HoldoutRecord(
    entry_id="a", attempt=attempt_record(purpose="holdout", score=0.75, cost=Money(9), accepted=None), at=NOON
)


async def test_what_a_strong_backend_said_comes_back_as_it_was_kept(ledger: Ledger) -> None:
    """It belongs to an entry, and there is one of it."""
    await ledger.record(ledger_entry("a"))

    kept = [
        await ledger.holdout(HOLDOUT),
        await ledger.holdout(replace(HOLDOUT, at=NOON + timedelta(1))),
        await ledger.holdout(replace(HOLDOUT, entry_id="unknown")),
    ]

    assert kept == [True, False, False]
    assert list(await ledger.holdouts()) == [HOLDOUT]


async def test_holdouts_are_chosen_by_time_and_come_oldest_first(ledger: Ledger) -> None:
    """A report reads the same period as of the entries."""
    for number, name in enumerate("cab"):
        await ledger.record(ledger_entry(name))
        await ledger.holdout(replace(HOLDOUT, entry_id=name, at=NOON + timedelta(hours=-number)))

    chosen = await ledger.holdouts(since=NOON - timedelta(hours=2), until=NOON)

    assert [record.entry_id for record in chosen] == ["b", "a"]
