"""What is left of a month's budget, by the books."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Semaphore
from typing import Any

import pytest
from support.entries import attempt_record, ledger_entry
from support.exporting import Remembering
from support.policies import mock, policy

from gateway import Router
from gateway.budgets import Budgets
from gateway.entries import Correction, HoldoutRecord
from gateway.errors import LedgerError
from gateway.interfaces import Ledger, LedgerReader
from gateway.ledgers import sqlite
from gateway.ledgers.memory import MemoryLedger
from gateway.ledgers.sqlite import SqliteReader
from gateway.money.rollups import CallHour, Hour
from gateway.policy.models import Policy
from gateway.types import Money
from gateway.vitals import BudgetReading

NOW = datetime(2026, 11, 11, 0, tzinfo=UTC)
USD = 10**9


def house(**keys: Any) -> Policy:
    """Return a policy with a budget of 500 USD, and hardware of 1 USD an hour."""
    pools = {"cards": {"gpus": 1, "usd_per_gpu_hour": 1}}
    return policy({"llama": mock()}, **{"pools": pools, "budget": {"usd_per_month": 500}, **keys})


def budgets(books: LedgerReader | None, under: Policy | None = None) -> Budgets:
    """Return the budgets of a policy, ten days into a month."""
    given = under or house()
    return Budgets(policy=lambda: given, books=books, now=lambda: NOW)


async def spend(ledger: Ledger) -> None:
    """Book a request of 2 USD, one of 3 whose baseline is unknown, a comparison of 1, and one of the month before."""
    paid = attempt_record(cost=Money(2 * USD), cost_source="price")
    unpriced = attempt_record(cost=Money(3 * USD), cost_source="price")
    for name, attempt, fields in (
        ("1", paid, {"baseline_cost": Money(9 * USD)}),
        ("2", unpriced, {"baseline_cost": None}),
        ("3", paid, {"at": datetime(2026, 10, 31, 23, 59, tzinfo=UTC)}),
    ):
        given = {"at": datetime(2026, 11, 2, tzinfo=UTC), **fields}
        await ledger.record(ledger_entry(name, attempts=(attempt,), cost=attempt.cost, **given))
    call = attempt_record(cost=Money(USD), cost_source="price", purpose="holdout")
    await ledger.holdout(HoldoutRecord(entry_id="1", attempt=call, at=datetime(2026, 11, 3, tzinfo=UTC)))
    await ledger.holdout(HoldoutRecord(entry_id="3", attempt=call, at=datetime(2026, 10, 31, 23, 59, tzinfo=UTC)))


class Watched(SqliteReader):
    """Books that say when they were looked at, and whose file may be gone."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.looks, self.gone = Semaphore(0), False

    def hours(self, **period: Any) -> Iterator[Hour]:
        if self.gone:
            raise LedgerError("the file is gone")
        return super().hours(**period)

    def corrections(self, **period: Any) -> Iterator[Correction]:
        at = datetime(2026, 11, 4, tzinfo=UTC)
        yield Correction(id="1", at=at, counted=at, amount=Money(-2 * USD), reason="credit", month="2026-11")

    def calls(self, **period: Any) -> Iterator[CallHour]:
        self.looks.release()
        return super().calls(**period)


@pytest.fixture
async def books(tmp_path: Path) -> Watched:
    """Books in which money was spent."""
    async with sqlite.build(sqlite.Options(path=str(tmp_path / "l.sqlite3"))) as ledger:
        await spend(ledger)
    return Watched(tmp_path / "l.sqlite3")


async def test_what_is_left_is_the_budget_less_all_that_was_paid(books: Watched) -> None:
    """Calls of this month (2 + 3 + 1) less a credit (2), and ten days of hardware (240), of 500."""
    one = budgets(books)

    await one.look()

    assert one.readings == {"month": BudgetReading(limit=Money(500 * USD), remaining=Money(256 * USD))}


async def test_what_is_overspent_is_below_nothing(tmp_path: Path) -> None:
    """A loss is shown as a loss; of books that nobody has begun there is the hardware."""
    one = budgets(SqliteReader(tmp_path / "none.sqlite3"), house(budget={"usd_per_month": 100}))

    await one.look()

    assert one.readings["month"].remaining == Money(-140 * USD)


async def test_without_a_budget_or_without_books_nothing_is_known(books: Watched) -> None:
    """Unknown is not 0."""
    for one in (budgets(books, house(budget=None)), budgets(None)):
        await one.look()

        assert one.readings == {}


async def test_books_that_cannot_be_read_leave_what_was_known(books: Watched, caplog: pytest.LogCaptureFixture) -> None:
    """A fault is said, and the reading of before stays."""
    one = budgets(books)
    await one.look()
    before = one.readings
    books.gone = True

    await one.look()

    assert one.readings == before != {}
    assert "what was spent this month could not be read" in caplog.text


async def test_the_books_are_looked_at_again_and_again(books: Watched) -> None:
    """What other processes book counts with the next look."""
    one = budgets(books)
    keeping = asyncio.create_task(one.keep(every_s=0))

    looked = await asyncio.to_thread(lambda: [books.looks.acquire(timeout=30) for _ in range(2)])
    keeping.cancel()

    assert looked == [True, True]
    assert one.readings["month"].remaining == Money(256 * USD)


async def test_a_router_shows_what_is_left_by_its_own_books(tmp_path: Path) -> None:
    """From the moment that it is opened; a ledger that is given in code, or leaves no books, shows nothing."""
    given = house(ledger={"kind": "sqlite", "path": str(tmp_path / "ours.sqlite3")}, pools={})
    left = []
    for under, ledger in ((given, None), (given, MemoryLedger(1)), (house(ledger="memory"), None)):
        exporter = Remembering()
        async with Router.from_policy(under, ledger=ledger, exporters={"mine": exporter}):
            left.append(exporter.vitals().budgets)

    assert left == [{"month": BudgetReading(limit=Money(500 * USD), remaining=Money(500 * USD))}, {}, {}]
