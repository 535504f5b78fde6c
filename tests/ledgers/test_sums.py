"""The hourly sums of every kind of ledger that can be read: the same to the last unit, whatever keeps them."""

import asyncio
import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from support.entries import NOON, attempt_record, ledger_entry
from support.ledgers import options_for
from support.trails import booked, evidence

from gateway import plugins
from gateway.audit.evidence import Party
from gateway.entries import HoldoutRecord, LedgerEntry
from gateway.ledgers import _postgres_rollups, _sqlite_rollups
from gateway.money.rollups import cell_of, summed
from gateway.types import Money, Usage

READABLE = [kind for kind in plugins.kinds("ledgers") if hasattr(plugins.load("ledgers", kind), "reader")]


def traffic(seed: int) -> tuple[list[LedgerEntry], list[HoldoutRecord]]:
    """Return requests of many cells and hours, some of unknown cost, and comparisons with some of them."""
    chance = random.Random(seed)
    entries = [_request(chance, number) for number in range(120)]
    attempt = attempt_record(backend="strong", purpose="holdout", cost=Money(7))
    return entries, [HoldoutRecord(entry_id=entry.id, attempt=attempt, at=entry.at) for entry in entries[::9]]


def _request(chance: random.Random, number: int) -> LedgerEntry:
    attempts = tuple(
        attempt_record(
            backend=chance.choice(["llama", "frontier"]),
            purpose=chance.choice(["answer", "judge", "cache"]),
            error=chance.choice([None, None, "timeout"]),
            duration_s=chance.random(),
            usage=Usage(prompt_tokens=chance.randrange(5_000), completion_tokens=chance.choice([None, 40])),
            cost=chance.choice([None, Money(chance.randrange(10**12)), Money(0)]),
            cost_source=chance.choice(["price", "pool"]),
        )
        for _ in range(chance.randrange(4))
    )
    return ledger_entry(
        f"{number}",
        at=NOON + timedelta(minutes=chance.randrange(300)),
        status=chance.choice(["answered", "answered", "exhausted"]),
        tenant=chance.choice([None, "acme", "half \ud800"]),
        local=chance.choice([None, True, False]),
        attempts=attempts,
        cost=chance.choice([None, Money(chance.randrange(-5, 10**15))]),
        baseline_cost=chance.choice([None, Money(chance.randrange(10**15))]),
        duration_s=chance.random() * 100,
    )


@pytest.fixture(params=READABLE)
def kind(request: pytest.FixtureRequest) -> tuple[Any, Any]:
    """A kind's module, and options of books that nobody has begun."""
    module = plugins.load("ledgers", request.param)
    return module, module.Options.model_validate(options_for(request.param, request))


async def write(kind: tuple[Any, Any], entries: Sequence[LedgerEntry], holdouts: Sequence[HoldoutRecord]) -> Any:
    """Put all on the books, in batches as they come, and return what reads them."""
    module, options = kind
    async with module.build(options) as ledger:
        await asyncio.gather(*map(ledger.record, entries), *map(ledger.holdout, holdouts))
    return module.reader(options)


async def test_the_sums_are_those_of_the_entries(kind: tuple[Any, Any]) -> None:
    """Of requests and of calls, column by column, with comparisons."""
    entries, holdouts = traffic(0)

    reader = await write(kind, entries, holdouts)

    hours, calls = summed(entries, holdouts)
    escaped = [hour.cell._replace(tenant=_escaped(hour.cell.tenant)) for hour in hours]
    assert {hour.cell: (hour.sums, hour.first_us, hour.last_us) for hour in reader.hours()} == {
        cell: (hour.sums, hour.first_us, hour.last_us) for cell, hour in zip(escaped, hours, strict=True)
    }
    assert {call.cell: call.sums for call in reader.calls()} == {
        call.cell._replace(tenant=_escaped(call.cell.tenant)): call.sums for call in calls
    }


def _escaped(name: str | None) -> str | None:
    return None if name is None else name.encode(errors="backslashreplace").decode()


async def test_every_kind_reports_the_same(request: pytest.FixtureRequest) -> None:
    """Whatever a report asks, hour by hour, it gets the same answer to the last unit."""
    entries, holdouts = traffic(1)
    told = []
    for name in READABLE:
        module = plugins.load("ledgers", name)
        reader = await write((module, module.Options.model_validate(options_for(name, request))), entries, holdouts)
        since = NOON + timedelta(hours=1)
        sums = [
            sorted(report(since=since, step=step), key=repr)
            for report in (reader.hours, reader.calls, reader.durations)
            for step in ("hour", "day", "all")
        ]
        told.append((sums, list(reader.entries()), list(reader.pairs()), list(reader.examples())))

    assert len(told) > 1
    assert all(one == told[0] for one in told)


async def test_a_program_that_has_met_too_many_cells_looks_their_numbers_up_again(
    kind: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it keeps in mind has a bound."""
    for module in (_sqlite_rollups, _postgres_rollups):
        monkeypatch.setattr(module, "_MOST_IDS", 0)
    entries, _ = traffic(2)

    reader = await write(kind, entries, ())

    assert sum(hour.sums.requests for hour in reader.hours()) == len(entries)


async def test_a_tenant_who_comes_back_after_an_erasure_is_summed_by_his_name(kind: tuple[Any, Any]) -> None:
    """Also in a process that had his sums in mind when another erased him."""
    module, options = kind
    acme = evidence(tenant="acme")
    async with module.build(options) as erasing, module.build(options) as other:
        await other.record(booked("before", acme), acme)
        await erasing.trail.erase(Party(whose="tenant", name="acme"))
        await other.record(booked("after", acme), acme)
        await other.trail.erase(Party(whose="tenant", name="acme"))
        await other.record(booked("last", acme), acme)

    reader = module.reader(options)
    entries = {cell_of(entry) for entry in reader.entries()}
    assert {hour.cell for hour in reader.hours()} == entries
    assert sorted((cell.tenant or "").startswith("erased-") for cell in entries) == [False, True, True]
    assert {call.cell.tenant for call in reader.calls()} == {cell.tenant for cell in entries}


async def test_whoever_is_erased_the_moment_he_is_recorded_is_nobody_in_the_sums(kind: tuple[Any, Any]) -> None:
    """What one batch brought, the same batch takes."""
    module, options = kind
    acme = evidence(tenant="acme")
    async with module.build(options) as ledger:
        await asyncio.gather(
            ledger.record(booked("a", acme), acme), ledger.trail.erase(Party(whose="tenant", name="acme"))
        )

    reader = module.reader(options)
    (entry,) = reader.entries()
    assert (entry.tenant or "").startswith("erased-")
    assert [hour.cell.tenant for hour in reader.hours()] == [entry.tenant]
    assert [call.cell.tenant for call in reader.calls()] == [entry.tenant]
