"""From which volume on own hardware pays: N = (F + O) / (b - c). An estimate, in floats; nothing of it is booked.

F is what the hardware costs a month and O the people, b what a request would have cost at the baseline and c what its
calls cost. It holds for the mix of requests as it was.
"""

from dataclasses import dataclass

from gateway.money.pools import HOURS_PER_MONTH
from gateway.money.savings import Savings
from gateway.types import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakEven:
    """A month at any volume, in USD; a volume is None where it is never reached, or nobody knows.

    `capacity` is what the hardware reaches at the load that is usable.
    """

    fixed: float
    baseline: float
    calls: float
    managed: float | None
    now: float
    pays_from: float | None
    pays_from_managed: float | None
    capacity: float | None


def break_even(account: Savings) -> BreakEven | None:
    """Return what a month costs by volume, None where no request is in the sums or nothing is fixed."""
    sums, fixed = account.total.sums, account.hardware + (account.engineers or Money(0))
    if not sums.covered or not account.hours or not fixed.nano_usd:
        return None
    months = account.hours / HOURS_PER_MONTH
    monthly = _usd(fixed.nano_usd) / months
    baseline, calls = _usd(sums.baseline) / sums.covered, _usd(sums.cost) / sums.covered
    managed = _usd(sums.managed) / sums.managed_covered if sums.managed_covered else None
    now = sums.covered / months
    loads = [pool.load for pool in account.pools if pool.load]
    return BreakEven(
        fixed=monthly,
        baseline=baseline,
        calls=calls,
        managed=managed,
        now=now,
        pays_from=_crossing(monthly, baseline - calls),
        pays_from_managed=None if managed is None else _crossing(monthly, managed - calls),
        capacity=now / max(loads) if loads else None,
    )


def _crossing(fixed: float, gain: float) -> float | None:
    return fixed / gain if gain > 0 else None


def _usd(nano: int) -> float:
    return nano / 1_000_000_000
