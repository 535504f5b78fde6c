"""The example of a day: every driver beside what was reckoned with fractions; and once through a real ledger."""

import asyncio
import tempfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from support.one_day import DAWN, DUSK, NEW_PRICE, POLICY, day, kinds

from gateway.entries import LedgerEntry
from gateway.ledgers import sqlite
from gateway.money.account import savings
from gateway.money.savings import Savings
from gateway.types import Money

# USD, as the example states them.
EXPECTED = {
    "baseline": 176.0,
    "actual": 125.295027,
    "net": 50.704973,
    "naive claim": 144.0,
    "response_cache": 15.78,
    "self_hosting": 62.24,
    "escalations": -6.4,
    "failures": -0.144,
    "judges": -1.045,
    "engineers": -19.726027,
    "pool used": 5.199911,
    "pool idle": 60.560089,
}
_CLOSE = 1e-6


def rows() -> list[tuple[str, str, str, bool | None]]:
    """Return the rows of the table."""
    account = savings(*day(), policy=POLICY, since=DAWN, until=DUSK)
    rebased = savings(*day(baseline=Money(1_536_000)), policy=POLICY, since=DAWN, until=DUSK)
    repriced = savings(*day(NEW_PRICE), policy=POLICY, since=DAWN, until=DUSK)
    return [
        _agreement("drivers of the day, largest difference", amounts(account)),
        _row("net at 0.96 tokens of the baseline", rebased.net, 43.664973),
        _row("net repriced to the successor", repriced.net, -44.008627),
        _agreement("the same day from a ledger of 110,000 requests", amounts(asyncio.run(_booked()))),
    ]


def amounts(account: Savings) -> dict[str, Money]:
    """Return what the example states of an account."""
    (pool,) = account.pools
    drivers = {driver.name: driver.amount for driver in account.drivers}
    return {
        "baseline": account.total.baseline,
        "actual": account.actual,
        "net": account.net,
        "naive claim": account.naive,
        "pool used": pool.used or Money(0),
        "pool idle": pool.idle or Money(0),
        **drivers,
    }


def _agreement(name: str, found: dict[str, Money]) -> tuple[str, str, str, bool]:
    worst = max(abs(float(found[key].usd) - value) for key, value in EXPECTED.items())
    return name, f"<= {_CLOSE:g} USD", f"{worst:.1e} USD of {len(EXPECTED)} amounts", worst <= _CLOSE


def _row(name: str, found: Money, expected: float) -> tuple[str, str, str, bool]:
    return name, f"{expected} USD", f"{found.usd:.6f} USD", abs(float(found.usd) - expected) <= _CLOSE


async def _booked() -> Savings:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.db"
        async with sqlite.build(sqlite.Options(path=str(path))) as ledger:
            every = [entry for count, entry in kinds() for entry in _copies(entry, count)]
            for start in range(0, len(every), 5_000):
                await asyncio.gather(*(ledger.record(entry) for entry in every[start : start + 5_000]))
        hours, calls = sqlite.read_hours(path, step="all"), sqlite.read_calls(path, step="all")
        return savings(hours, calls, policy=POLICY, since=DAWN, until=DUSK)


def _copies(entry: LedgerEntry, count: int) -> list[LedgerEntry]:
    step = (DUSK - DAWN - timedelta(seconds=1)) / count
    return [replace(entry, id=f"{entry.id}-{number}", at=DAWN + number * step) for number in range(count)]
