"""What the routing saved: three baselines, a waterfall that adds up, losses shown as losses.

`money.account` reckons it.

An answered request is covered where its cost and its baseline are known, any other where its cost is; the rest is
counted and left out of the sums. A request without an answer saved nothing and costs what it cost. Hardware is charged
for the whole period, idle hours included, and so are the people that the policy names.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from gateway.money.certainty import Equivalence, Interval
from gateway.money.groups import By, Group
from gateway.money.pools import PoolCost
from gateway.money.rollups import CallSums, Sums
from gateway.money.waterfall import Driver
from gateway.types import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The sums of a group of requests. `group` has a value for each dimension, None where there is none.

    `hardware` is the group's share of what the pools cost, by GPU time (absorbed cost); None where it is unknown.
    """

    group: Group
    sums: Sums
    hardware: Money | None = None

    @property
    def is_known(self) -> bool:
        """Whether any answer is in the sums: where all are excluded, what was saved is unknown and not 0.

        That a refusal cost nothing says nothing of answers.
        """
        sums = self.sums
        unanswered = sums.refused + sums.exhausted + sums.cancelled
        return not sums.requests or sums.covered > (unanswered if sums.answered and not sums.baseline else 0)

    @property
    def coverage(self) -> float | None:
        """The share of requests that are in the sums, None without requests."""
        return self.sums.covered / self.sums.requests if self.sums.requests else None

    @property
    def local_share(self) -> float | None:
        """The share of answers that stayed local, None without answers."""
        return self.sums.local / self.sums.answered if self.sums.answered else None

    @property
    def cost(self) -> Money:
        """What the calls of covered requests cost at the margin."""
        return Money(self.sums.cost)

    @property
    def baseline(self) -> Money:
        """What covered requests would have cost at their declared baseline."""
        return Money(self.sums.baseline)

    @property
    def saved(self) -> Money:
        """Baseline less cost, before hardware; negative where routing cost more."""
        return self.baseline - self.cost

    @property
    def net(self) -> Money | None:
        """What was saved after the group's share of the hardware; None where that is unknown."""
        return None if self.hardware is None else self.saved - self.hardware


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineLine:
    """One of the baselines: what `requests` requests would have cost there, and what they cost here.

    `actual` holds their calls and all overheads; `baseline` and `net` are None where no request has it.
    """

    name: Literal["declared", "managed", "direct"]
    models: tuple[str, ...]
    requests: int
    of: int
    baseline: Money | None
    actual: Money

    @property
    def net(self) -> Money | None:
        """What was saved against it; negative where it would have been cheaper."""
        return None if self.baseline is None else self.baseline - self.actual

    @property
    def share(self) -> float | None:
        """The net as a share of the baseline."""
        return _share(self.net, self.baseline)


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineUse:
    """What was compared with one declared baseline: answers and their tokens.

    `baseline` is what they would have cost there, `cost` what the calls cost that were really made of the same model.
    """

    model: str
    answers: int
    prompt_tokens: int
    completion_tokens: int
    baseline: Money
    cost: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Savings:
    """The whole account of a period.

    `net` = `baseline` - `actual` = the sum of `drivers`. `naive` is what others would claim: local and cached answers
    taken as free. `unpooled` names the local backends whose hardware cost is not included, because the policy puts them
    in no pool; `unrated` the pools whose used part is unknown; `engineers` is None where nobody is counted.
    `estimate` is the net with the baseline that the holdout found; `equivalent_net` counts of local answers only the
    share that surely is as good, and `rework_net` takes off what the rest costs: (as observed, at the lower bound).
    """

    since: datetime | None
    until: datetime | None
    by: tuple[By, ...]
    rows: tuple[Row, ...]
    total: Row
    baselines: tuple[BaselineLine, ...]
    drivers: tuple[Driver, ...]
    pools: tuple[PoolCost, ...]
    unpooled: tuple[str, ...]
    unrated: tuple[str, ...]
    comparisons: CallSums
    corrections: Money
    engineers: Money | None
    price_versions: tuple[str, ...]
    token_bases: tuple[str, ...]
    uses: tuple[BaselineUse, ...] = ()
    ratio: Interval | None = None
    equivalence: Equivalence | None = None
    estimate: tuple[Money, Money, Money] | None = None
    equivalent_net: Money | None = None
    rework_net: tuple[Money, Money] | None = None

    @property
    def hours(self) -> float:
        """The length of the period, 0 for an empty one."""
        return (self.until - self.since).total_seconds() / 3600 if self.since and self.until else 0.0

    @property
    def hardware(self) -> Money:
        """What all pools cost in the period."""
        return sum((pool.cost for pool in self.pools), Money(0))

    @property
    def idle(self) -> Money | None:
        """What of the hardware nobody used, None where that is unknown."""
        idle = Money(0)
        for pool in self.pools:
            if pool.idle is None:
                return None
            idle += pool.idle
        return idle

    @property
    def overhead(self) -> Money:
        """What was paid besides the requests' own calls."""
        engineers = self.engineers or Money(0)
        return self.hardware + Money(self.comparisons.cost) + self.corrections + engineers

    @property
    def actual(self) -> Money:
        """All that was paid for the covered requests, and for what serves them."""
        return self.total.cost + self.overhead

    @property
    def net(self) -> Money:
        """What was saved; negative where it did not pay."""
        return self.total.baseline - self.actual

    @property
    def share(self) -> float | None:
        """The net as a share of the baseline."""
        return _share(self.net, self.total.baseline)

    @property
    def naive(self) -> Money:
        """What a count without hardware, failures and overheads would claim."""
        return Money(self.total.sums.baseline_cache + self.total.sums.baseline_pool)


def _share(part: Money | None, whole: Money | None) -> float | None:
    if part is None or whole is None or whole.nano_usd <= 0:
        return None
    return part.nano_usd / whole.nano_usd
