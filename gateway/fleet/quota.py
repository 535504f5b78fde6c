"""How large a share of each tenant's last requests left for backends that are not local. Holds no text.

It bounds the damage of prompts that are built to drive everything to the dear model: a full share keeps requests on
local backends, and never refuses one.
"""

from collections import OrderedDict
from dataclasses import dataclass
from fractions import Fraction

from gateway.policy.models import EscalationPolicy

MOST_TENANTS = 10_000


@dataclass(slots=True)
class _Window:
    """The last requests of a tenant as bits, the newest lowest: 1 where the request left."""

    bits: int = 0
    length: int = 0


class Quota:
    """Counts by tenant, None being one too; beyond `most_tenants` the tenant that asked longest ago is forgotten."""

    def __init__(self, *, most_tenants: int = MOST_TENANTS) -> None:
        self._windows: OrderedDict[str | None, _Window] = OrderedDict()
        self._most_tenants = most_tenants

    def is_used_up(self, tenant: str | None, limits: EscalationPolicy) -> bool:
        """Say whether one more request that leaves would be above the tenant's share. Changes nothing."""
        seen = self._windows.get(tenant) or _Window()
        if seen.length < min(limits.least, limits.window):
            return False
        # With the next request the oldest one drops out of a full window.
        kept = min(seen.length, limits.window - 1)
        left = (seen.bits & _ones(kept)).bit_count()
        return left + 1 > Fraction(str(limits.per_tenant)) * (kept + 1)

    def count(self, tenant: str | None, limits: EscalationPolicy, *, left: bool) -> None:
        """Count a request that is over, and whether a backend that is not local was asked for its answer."""
        window = self._windows.setdefault(tenant, _Window())
        self._windows.move_to_end(tenant)
        window.bits = (window.bits << 1 | left) & _ones(limits.window)
        window.length = min(window.length + 1, limits.window)
        if len(self._windows) > self._most_tenants:
            self._windows.popitem(last=False)


def _ones(count: int) -> int:
    return (1 << count) - 1
