"""What is left of the policy's budget, by the books: all that was paid this month, hardware and people included.

The books are looked at every few minutes, so that what other processes booked counts as well.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from gateway.errors import LedgerError
from gateway.interfaces import LedgerReader
from gateway.policy.models import Policy
from gateway.types import Money
from gateway.vitals import BudgetReading

log = logging.getLogger("gateway")

LOOKS_EVERY_S = 300.0
_NANO_USD = 10**9


class Budgets:
    """The readings of the last look; none before the first, and none of books that nobody can read."""

    def __init__(
        self,
        *,
        policy: Callable[[], Policy],
        books: LedgerReader | None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._policy = policy
        self._books = books
        self._now = now
        self.readings: Mapping[str, BudgetReading] = {}

    async def look(self) -> None:
        """Look at the books now; a fault is logged, and the readings of before stay."""
        policy, books = self._policy(), self._books
        if policy.budget is None or books is None:
            self.readings = {}
            return
        try:
            spent = await asyncio.to_thread(_spent, books, policy, self._now())
        except LedgerError:
            log.exception("what was spent this month could not be read")
            return
        limit = Money(round(policy.budget.usd_per_month * _NANO_USD))
        self.readings = {"month": BudgetReading(limit=limit, remaining=limit - spent)}

    async def keep(self, *, every_s: float = LOOKS_EVERY_S) -> None:
        """Look again and again, until cancelled."""
        while True:
            await asyncio.sleep(every_s)
            await self.look()


def _spent(books: LedgerReader, policy: Policy, now: datetime) -> Money:
    """Return all that was paid since the month began, as far as it is known."""
    # What reads accounts is no part of a request: only who has a budget loads it.
    from gateway.money.account import savings  # noqa: PLC0415
    from gateway.money.alerts import paid  # noqa: PLC0415

    begin = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    account = savings(
        books.hours(since=begin),
        books.calls(since=begin),
        policy=policy,
        since=begin,
        until=now,
        corrections=sum((one.amount for one in books.corrections(since=begin)), Money(0)),
    )
    return paid(account)
