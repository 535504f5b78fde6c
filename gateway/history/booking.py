"""From a recorded request to an entry of the books: its cost, its baseline, and how private it counts as. Pure.

What the record says of its cost counts; else it is reckoned from the price list of its day. What neither knows is
unknown. Nobody has read the request: of its level no more is known than its record and its tags say.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import reduce
from operator import or_

from gateway.entries import AttemptRecord, CostSource, LedgerEntry
from gateway.history.recorded import Recorded
from gateway.money.prices import Price, PriceList
from gateway.policy.models import Policy
from gateway.types import Label, Level, Money

_FREE = Money(0)
# A provider's dated name of a model that a price list may know without its date.
_DATED = re.compile(r"(.+?)-(?:\d{4}-\d{2}-\d{2}|\d{8})")
_ELSEWHERE = "unknown"
_MOST_LEVELS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """Makes entries of the requests of one format, by a policy: its baseline, its default level, its tags.

    `level` is how private a request is of which nobody said it; None: as the policy says.
    """

    source: str
    policy: Policy
    prices: PriceList
    level: Level | None = None
    _levels: dict[tuple[object, ...], Level] = field(default_factory=dict, repr=False)

    def entry(self, row: Recorded) -> LedgerEntry:
        """Return the entry of a request."""
        cost, cost_source = self._cost(row)
        answered = row.status == "answered"
        return LedgerEntry(
            id=entry_id(self.source, row.key),
            at=row.at,
            status=row.status,
            rule=None,
            policy_version=self.policy.fingerprint,
            tenant=row.tenant,
            task=row.task,
            tags=row.tags,
            level=self._level(row),
            kinds=row.kinds,
            difficulty=row.difficulty,
            backend=row.provider or _ELSEWHERE if answered else None,
            model=row.model if answered else None,
            local=row.local if answered else None,
            licence=None,
            attempts=tuple(self._attempts(row, cost, cost_source)),
            duration_s=row.duration_s,
            cost=_FREE if row.status == "refused" else cost,
            baseline_model=self.policy.baseline,
            baseline_cost=self._baseline(row, cost) if answered else None,
            price_version=self.prices.version,
            streamed=row.first_token_s is not None,
            request_id=row.request_id,
            team=row.team,
            source=self.source,
        )

    def _attempts(self, row: Recorded, cost: Money | None, cost_source: CostSource) -> Iterator[AttemptRecord]:
        if row.status == "refused":
            return
        yield AttemptRecord(
            backend=row.provider or _ELSEWHERE,
            model=row.model or _ELSEWHERE,
            replica=_ELSEWHERE,
            duration_s=row.duration_s,
            error=None if row.status == "answered" else row.error or _FAULTS[row.status],
            accepted=None,
            score=None,
            usage=row.usage,
            cost=cost,
            cost_source=cost_source,
            purpose="cache" if row.cached else "answer",
            first_token_s=row.first_token_s,
        )

    def _cost(self, row: Recorded) -> tuple[Money | None, CostSource]:
        if row.cost is not None:
            return row.cost, row.cost_source
        if row.cached:
            return _FREE, "price"
        if row.local:
            return _FREE, "pool"
        cost = self._price(row.model, row)
        return cost, "unknown" if cost is None else "price"

    def _baseline(self, row: Recorded, cost: Money | None) -> Money | None:
        baseline = self.policy.baseline
        if baseline is None:
            return None
        # The call was the baseline: what it cost is the comparison.
        return cost if row.model == baseline and not row.cached else self._price(baseline, row)

    def _price(self, model: str | None, row: Recorded) -> Money | None:
        price = None if model is None else self._listed(model)
        return None if price is None else price.of(row.usage)

    def _listed(self, model: str) -> Price | None:
        dated = _DATED.fullmatch(model)
        return self.prices.get(model) or (self.prices.get(dated[1]) if dated else None)

    def _level(self, row: Recorded) -> Level:
        told = row.level, row.tags, row.kinds
        if told not in self._levels:
            if len(self._levels) >= _MOST_LEVELS:
                self._levels.clear()
            self._levels[told] = self._joined(row)
        return self._levels[told]

    def _joined(self, row: Recorded) -> Level:
        said = row.level if row.level is not None else self.level
        default = Label(level=self.policy.default_level if said is None else said)
        # A tag that the policy does not know is a name of somebody else's: it is no reason to call all restricted.
        known = (self.policy.label(name) for name in (*row.tags, *row.kinds))
        return reduce(or_, filter(None, known), default).level


# The usual faults of requests that nobody says the fault of.
_FAULTS = {"exhausted": "unavailable", "cancelled": "abandoned"}


def entry_id(source: str, key: str) -> str:
    """Return the id of an imported request: the same each time that it is imported."""
    return f"{source}-{hashlib.sha256(f'{source} {key}'.encode()).hexdigest()[:32]}"
