"""From a recorded request to an entry of the books: its cost, its baseline, and how private it counts as. Pure.

What the record says of its cost counts; else it is reckoned from the price list of its day. What neither knows is
unknown. Nobody has read the request: of its level no more is known than its record and its tags say.
"""

import hashlib
from dataclasses import dataclass, field
from functools import reduce
from operator import or_

from gateway.entries import AttemptRecord, CostSource, LedgerEntry
from gateway.history.recorded import Recorded
from gateway.money.books import FREE, Books, total
from gateway.money.comparing import Elsewhere, basis_of, managed_host, scaled, uncached
from gateway.money.naming import DATED, is_one_model
from gateway.money.prices import Price, PriceList
from gateway.policy.models import Policy
from gateway.types import Label, Level, Money

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
        answered = row.status == "answered"
        call = self._call(row)
        calls = () if row.status == "refused" else (call,)
        elsewhere = self._elsewhere(row, call) if answered else Elsewhere()
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
            attempts=calls,
            duration_s=row.duration_s,
            cost=total(call.cost for call in calls),
            baseline_model=self.policy.baseline,
            baseline_cost=elsewhere.baseline,
            price_version=self.prices.version,
            streamed=row.first_token_s is not None,
            request_id=row.request_id,
            team=row.team,
            source=self.source,
            managed_model=elsewhere.managed_model,
            managed_cost=elsewhere.managed,
            uncached_baseline=elsewhere.uncached,
            token_basis=elsewhere.basis,
        )

    def _call(self, row: Recorded) -> AttemptRecord:
        cost, cost_source = self._cost(row)
        return AttemptRecord(
            backend=row.provider or _ELSEWHERE,
            model=row.model or _ELSEWHERE,
            replica=_ELSEWHERE,
            duration_s=row.duration_s,
            error=None if row.status == "answered" else row.error or _FAULTS.get(row.status),
            accepted=None,
            score=None,
            usage=row.usage,
            cost=cost,
            cost_source=cost_source,
            purpose="cache" if row.cached else "answer",
            first_token_s=row.first_token_s,
            uncached_cost=self._uncached(row, cost),
        )

    def _cost(self, row: Recorded) -> tuple[Money | None, CostSource]:
        if row.cost is not None:
            return row.cost, row.cost_source
        if row.cached:
            return FREE, "price"
        if row.local:
            return FREE, "pool"
        price = self._price(row.model, row)
        cost = None if price is None else price.of(row.usage)
        return cost, "unknown" if cost is None else "price"

    def _uncached(self, row: Recorded, cost: Money | None) -> Money | None:
        """Return what a call would have cost without its provider's prompt cache, None where that is the same."""
        full, price = uncached(row.usage), self._price(row.model, row)
        if cost is None or full is None or price is None or row.cached or row.local:
            return None
        dear, cheap = price.of(full), price.of(row.usage)
        return None if dear is None or cheap is None else cost + dear - cheap

    def _elsewhere(self, row: Recorded, call: AttemptRecord) -> Elsewhere:
        """Return what an answer would have cost at the baseline, and at a managed host where it was local."""
        baseline = self.policy.baseline
        if self._is_baseline(row):
            # The call was the baseline: what it cost is the comparison.
            return Elsewhere(baseline=call.cost, uncached=call.uncached_cost)
        host = managed_host(self.prices, call.model, row.usage, row.at) if row.local else None
        price = self._price(baseline, row)
        factors, full = self.policy.baselines.get(baseline or ""), uncached(row.usage)
        return Elsewhere(
            baseline=None if price is None else scaled(price, row.usage, factors),
            uncached=None if price is None or full is None else scaled(price, full, factors),
            managed_model=host and host[0],
            managed=host and host[1],
            basis=basis_of(factors),
        )

    def _is_baseline(self, row: Recorded) -> bool:
        """Whether the baseline itself was asked, by its name or by that of a release of it at the same price."""
        baseline, model = self.policy.baseline, row.model
        if baseline is None or model is None or row.cached:
            return False
        dated = DATED.fullmatch(model)
        if dated is None or dated[1] != baseline:
            return is_one_model(model, baseline)
        asked, meant = self._price(model, row), self._price(baseline, row)
        return asked is not None and meant is not None and _bills(asked) == _bills(meant)

    def _price(self, model: str | None, row: Recorded) -> Price | None:
        if model is None:
            return None
        books, dated = Books(policy=self.policy, prices=self.prices, at=row.at), DATED.fullmatch(model)
        return books.price(model, rate=row.rate) or (books.price(dated[1], rate=row.rate) if dated else None)

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


def _bills(price: Price) -> tuple[object, ...]:
    return price.rates, price.tiers, price.request


# The usual faults of requests that nobody says the fault of.
_FAULTS = {"exhausted": "unavailable", "cancelled": "abandoned"}


def entry_id(source: str, key: str) -> str:
    """Return the id of an imported request: the same each time that it is imported."""
    return f"{source}-{hashlib.sha256(f'{source} {key}'.encode()).hexdigest()[:32]}"
