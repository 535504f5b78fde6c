"""From everything at the baseline to what was paid, driver by driver; the drivers add up to the net exactly. Pure.

The order is fixed, since what is saved by one thing cannot be saved by the next: cache, own hardware, cheaper models,
prompt cache, then all that it cost besides. A driver that lost money is negative and stays in the list.
"""

from dataclasses import dataclass

from gateway.money.rollups import Sums
from gateway.types import Money

Name = str


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """One step of the waterfall: what it saved, negative for what it cost; `parts` add up to `amount`."""

    name: Name
    amount: Money
    parts: tuple[tuple[str, Money], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Overheads:
    """What was paid besides the requests' own calls."""

    hardware_used: Money | None
    hardware: Money
    comparisons: Money
    corrections: Money
    engineers: Money


def waterfall(sums: Sums, overheads: Overheads) -> tuple[Driver, ...]:
    """Return the drivers of the covered requests: their sum is `baseline - actual`."""
    api_baseline = sums.baseline - sums.baseline_cache - sums.baseline_pool
    cached_less = (sums.full_first - sums.cost_first) - (sums.full_baseline - api_baseline)
    return (
        _driver("response_cache", baseline=sums.baseline_cache, look_ups=-sums.cost_embedding),
        _self_hosting(sums.baseline_pool, overheads),
        _driver("cheaper_models", baseline=sums.full_baseline, calls=-sums.full_first),
        _driver("prompt_cache", difference=cached_less),
        _driver("escalations", calls=-sums.cost_escalation),
        _driver("failures", calls=-sums.cost_failure),
        _driver("judges", calls=-sums.cost_judge),
        _driver("second_samples", calls=-sums.cost_sample),
        _driver("guards", calls=-sums.cost_guard),
        _driver("comparisons", calls=-overheads.comparisons.nano_usd),
        _driver("corrections", booked=-overheads.corrections.nano_usd),
        _driver("engineers", time=-overheads.engineers.nano_usd),
    )


def _self_hosting(baseline: int, overheads: Overheads) -> Driver:
    if overheads.hardware_used is None:
        return _driver("self_hosting", baseline=baseline, hardware=-overheads.hardware.nano_usd)
    idle = overheads.hardware - overheads.hardware_used
    return _driver("self_hosting", baseline=baseline, used=-overheads.hardware_used.nano_usd, idle=-idle.nano_usd)


def _driver(name: Name, **parts: int) -> Driver:
    kept = tuple((part, Money(amount)) for part, amount in parts.items())
    return Driver(name=name, amount=Money(sum(parts.values())), parts=kept)
