"""What is left of a month's budget, by the books."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support.entries import attempt_record, ledger_entry
from support.policies import mock, policy

from gateway.budgets import Budgets
from gateway.entries import HoldoutRecord
from gateway.errors import LedgerError
from gateway.interfaces import Ledger, Summed
from gateway.ledgers import sqlite
from gateway.ledgers.memory import MemoryLedger
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


def budgets(ledger: Ledger, under: Policy | None = None) -> Budgets:
    """Return the budgets of a policy, ten days into a month."""
    given = under or house()
    return Budgets(policy=lambda: given, ledger=ledger, now=lambda: NOW)


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


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
async def test_what_is_left_is_the_budget_less_all_that_was_paid(kind: str, tmp_path: Path) -> None:
    """Calls of this month (2 + 3 + 1), and ten days of hardware (240), of 500."""
    async with sqlite.build(sqlite.Options(path=str(tmp_path / "l.sqlite3"))) as file:
        ledger: Ledger = MemoryLedger(10) if kind == "memory" else file
        assert isinstance(ledger, Summed)
        await spend(ledger)
        one = budgets(ledger)

        await one.look()

    assert one.readings == {"month": BudgetReading(limit=Money(500 * USD), remaining=Money(254 * USD))}


async def test_what_is_overspent_is_below_nothing() -> None:
    """A loss is shown as a loss."""
    one = budgets(MemoryLedger(1), house(budget={"usd_per_month": 100}))

    await one.look()

    assert one.readings["month"].remaining == Money(-140 * USD)


@pytest.mark.parametrize("sums", [True, False])
async def test_without_a_budget_or_without_sums_nothing_is_known(sums: bool) -> None:
    """Unknown is not 0, and nobody reads every entry for it."""

    class Plain:
        """A ledger that keeps no sums."""

    # Of a ledger that keeps no sums, nothing else is asked.
    ledger: Any = MemoryLedger(1) if sums else Plain()
    one = budgets(ledger, house(**({"budget": None} if sums else {})))

    await one.look()

    assert one.readings == {}


class Watched(MemoryLedger):
    """A ledger that says when it was looked at, and whose file may be gone."""

    def __init__(self) -> None:
        super().__init__(10)
        self.looked, self.gone = asyncio.Event(), False

    async def sums(self, *, since: datetime) -> tuple[Sequence[Hour], Sequence[CallHour]]:
        self.looked.set()
        if self.gone:
            raise LedgerError("the file is gone")
        return await super().sums(since=since)


async def test_books_that_cannot_be_read_leave_what_was_known(caplog: pytest.LogCaptureFixture) -> None:
    """A fault is said, and the reading of before stays."""
    ledger = Watched()
    one = budgets(ledger)
    await one.look()
    before = one.readings
    ledger.gone = True

    await one.look()

    assert one.readings == before != {}
    assert "what was spent this month could not be read" in caplog.text


async def test_the_books_are_looked_at_again_and_again() -> None:
    """What other processes book counts with the next look."""
    ledger = Watched()
    one = budgets(ledger)
    await one.look()
    before = one.readings["month"].remaining
    await spend(ledger)
    ledger.looked.clear()

    keeping = asyncio.create_task(one.keep(every_s=0))
    await ledger.looked.wait()
    ledger.looked.clear()
    await ledger.looked.wait()
    keeping.cancel()

    assert one.readings["month"].remaining == before - Money(6 * USD)
