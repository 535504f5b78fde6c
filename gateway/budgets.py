"""What is left of the policy's budget, by the books: all that was paid this month, hardware and people included.

The books are looked at every few minutes, so that what other processes booked counts as well.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from gateway.errors import LedgerError
from gateway.interfaces import Ledger, Summed
from gateway.policy.models import Policy
from gateway.types import Money
from gateway.vitals import BudgetReading

log = logging.getLogger("gateway")

LOOKS_EVERY_S = 300.0
_NANO_USD = 10**9


class Budgets:
    """The readings of the last look; there is none before the first, and of a ledger that keeps no sums."""

    def __init__(
        self,
        *,
        policy: Callable[[], Policy],
        ledger: Ledger,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._policy = policy
        self._ledger = ledger if isinstance(ledger, Summed) else None
        self._now = now
        self.readings: Mapping[str, BudgetReading] = {}

    async def look(self) -> None:
        """Look at the books now; a fault is logged, and the readings of before stay."""
        policy = self._policy()
        if policy.budget is None or self._ledger is None:
            self.readings = {}
            return
        # What reads accounts is no part of a request: only who has a budget loads it.
        from gateway.money.account import savings  # noqa: PLC0415

        now = self._now()
        begin = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        try:
            hours, calls = await self._ledger.sums(since=begin)
        except LedgerError:
            log.exception("what was spent this month could not be read")
            return
        account = savings(hours, calls, policy=policy, since=begin, until=now)
        # What requests cost that are in no sum of savings was paid as well.
        paid = account.actual + Money(account.total.sums.excluded_cost)
        limit = Money(round(policy.budget.usd_per_month * _NANO_USD))
        self.readings = {"month": BudgetReading(limit=limit, remaining=limit - paid)}

    async def keep(self, *, every_s: float = LOOKS_EVERY_S) -> None:
        """Look again and again, until cancelled."""
        while True:
            await asyncio.sleep(every_s)
            await self.look()
