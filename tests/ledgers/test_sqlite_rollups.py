"""The hourly sums of a file: always what its entries add up to, whoever writes and whatever fails."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from support.entries import NOON, attempt_record, ledger_entry
from support.older_ledgers import older

from gateway.audit.evidence import Party
from gateway.entries import HoldoutRecord, LedgerEntry
from gateway.errors import LedgerError
from gateway.ledgers import sqlite
from gateway.ledgers._sqlite_schema import open_for_writing
from gateway.money.rollups import CallSums, Cell, Sums, cell_of, sums_of
from gateway.times import hour_of
from gateway.types import Money


def entries() -> Iterator[LedgerEntry]:
    for number in range(40):
        at = NOON + timedelta(minutes=20 * number)
        team = ("sales", "support")[number % 2]
        yield ledger_entry(f"entry-{number}", at=at, team=team, duration_s=0.1 * (number + 1))
    yield ledger_entry("half \ud800", at=NOON, tenant="half \ud800", status="refused", backend=None, attempts=())


async def written(path: Path, *more: LedgerEntry) -> None:
    async with sqlite.build(sqlite.Options(path=str(path))) as ledger:
        for entry in (*entries(), *more):
            await ledger.record(entry)


def expected(path: Path) -> dict[tuple[int, Cell], Sums]:
    """Return the sums of the entries as they stand in the file."""
    sums: dict[tuple[int, Cell], Sums] = {}
    for entry in sqlite.read_entries(path):
        key = hour_of(entry.at), cell_of(entry)
        sums[key] = sums.get(key, Sums()).plus(sums_of(entry))
    return sums


def kept(path: Path) -> dict[tuple[int, Cell], Sums]:
    return {(hour.start, hour.cell): hour.sums for hour in sqlite.read_hours(path, step="hour")}


async def test_the_sums_are_those_of_the_entries(tmp_path: Path) -> None:
    """Hour by hour and cell by cell, also where an id came twice."""
    path = tmp_path / "ledger.db"

    await written(path, *entries())

    assert kept(path) == expected(path)
    assert sum(sums.requests for sums in kept(path).values()) == 41


async def test_an_older_file_is_summed_up_when_it_is_opened(tmp_path: Path) -> None:
    """Nothing of what was booked before is missing from the reports."""
    path = tmp_path / "ledger.db"
    await written(path)
    older(path, 3)

    open_for_writing(path, durable=False, busy_timeout_s=1).close()

    assert kept(path) == expected(path)
    assert sum(sums.requests for sums in kept(path).values()) == 41


async def test_an_erased_tenant_is_nobody_in_the_sums(tmp_path: Path) -> None:
    """The sums stay, the name goes."""
    path = tmp_path / "ledger.db"
    await written(path)

    async with sqlite.build(sqlite.Options(path=str(path))) as ledger:
        await ledger.trail.erase(Party(whose="tenant", name="acme"))
        await ledger.record(ledger_entry("after", tenant="acme"))

    tenants = {cell.tenant for _, cell in kept(path)}
    calls = {hour.cell.tenant for hour in sqlite.read_calls(path, step="all")}
    assert kept(path) == expected(path)
    assert len([name for name in tenants if name is not None and name.startswith("erased-")]) == 1
    assert len([name for name in calls if name is not None and name.startswith("erased-")]) == 1


async def test_a_transaction_that_failed_leaves_nothing_in_the_sums(tmp_path: Path) -> None:
    """What is written after it is summed as if it had not been tried."""
    path = tmp_path / "ledger.db"
    too_big = ledger_entry("big", cost=Money(2**63))

    async with sqlite.build(sqlite.Options(path=str(path))) as ledger:
        for entry in (too_big, ledger_entry("good")):
            try:
                await ledger.record(entry)
            except LedgerError:
                continue

    assert kept(path) == expected(path)
    assert sum(sums.requests for sums in kept(path).values()) == 1


async def test_a_comparison_is_summed_with_the_calls(tmp_path: Path) -> None:
    """What was spent to know whether the rest was well saved is a call by itself."""
    path = tmp_path / "ledger.db"
    attempt = attempt_record(backend="frontier", purpose="holdout", cost=Money(900))

    async with sqlite.build(sqlite.Options(path=str(path))) as ledger:
        await ledger.record(ledger_entry("one", team="sales"))
        for _ in range(2):
            await ledger.holdout(HoldoutRecord(entry_id="one", attempt=attempt, at=NOON))

    (comparison,) = [hour for hour in sqlite.read_calls(path, step="all") if hour.cell.purpose == "holdout"]
    assert (comparison.cell.team, comparison.sums.calls, comparison.sums.cost) == ("sales", 1, 900)


async def test_longer_steps_hold_the_same(tmp_path: Path) -> None:
    """Days and the whole are sums of hours; so are calls and durations."""
    path = tmp_path / "ledger.db"
    await written(path)

    for step in ("hour", "day", "all"):
        hours = [hour.sums for hour in sqlite.read_hours(path, step=step)]
        calls = [hour.sums for hour in sqlite.read_calls(path, step=step)]
        durations = [hour.answers for hour in sqlite.read_durations(path, step=step)]
        assert sum(sums.requests for sums in hours) == 41
        assert sum(sums.calls for sums in calls) == 40
        assert sum(durations) == 40


async def test_a_period_is_of_whole_hours(tmp_path: Path) -> None:
    """From the hour of `since` on, up to and with the hour that `until` lies in."""
    path = tmp_path / "ledger.db"
    await written(path)
    since, until = NOON + timedelta(hours=1), NOON + timedelta(hours=2)

    hours = list(sqlite.read_hours(path, since=since, until=until, step="hour"))

    assert {hour.start for hour in hours} == {hour_of(since), hour_of(until)}


def test_sums_of_sums_are_exact() -> None:
    """Two hours together are the sum of their columns."""
    one = sums_of(ledger_entry("one"))

    assert one.plus(one)._asdict() == {name: 2 * value for name, value in one._asdict().items()}
    assert CallSums(calls=1).plus(CallSums(calls=2)).calls == 3
