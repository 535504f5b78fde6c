"""What calls cost at the margin: your own prices in the policy, else the price list. Pure.

Hardware of ours is paid by the hour (`money.savings` charges it), so its calls cost 0 unless the policy prices them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from gateway.entries import AttemptRecord, CostSource
from gateway.errors import (
    AuthenticationError,
    BackendError,
    BackendTimeoutError,
    BackendUnavailableError,
    ContextWindowExceededError,
    RateLimitedError,
    RequestRejectedError,
)
from gateway.money.comparing import Elsewhere, basis_of, managed_host, scaled, uncached
from gateway.money.listing import Rate
from gateway.money.naming import is_one_model
from gateway.money.open_models import weights_of
from gateway.money.pools import marginal, rates_of
from gateway.money.prices import Price, PriceList
from gateway.money.rollups import CallSums
from gateway.money.tokens import Tokens
from gateway.policy.models import AUTO, BackendPolicy, Policy
from gateway.policy.money import BaselinePolicy
from gateway.policy.place import is_local
from gateway.types import Attempt, Money, Usage

FREE = Money(0)
# The provider said no before it did any work.
_UNBILLED = (AuthenticationError, RateLimitedError, ContextWindowExceededError, RequestRejectedError)
_REFUSALS = range(400, 500)
_OVERLOADED = (503, 529)


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """What prices a call, made or thought of, by the backend's name in the policy. Prices are those of `at`, or now."""

    policy: Policy
    prices: PriceList
    at: datetime | None = None

    def record(self, attempt: Attempt) -> AttemptRecord:
        """Return an attempt as the ledger keeps it."""
        backend, completion = self.policy.backends[attempt.backend], attempt.completion
        cost, source = self._cost(attempt, backend)
        usage = completion.usage if completion else Usage()
        scores = [verdict.score for verdict in attempt.verdicts if verdict.score is not None]
        return AttemptRecord(
            backend=attempt.backend,
            model=(completion and completion.model) or backend.model,
            replica=attempt.replica,
            duration_s=attempt.duration_s,
            error=attempt.error.code if attempt.error else None,
            accepted=attempt.accepted,
            score=min(scores, default=None),
            usage=usage,
            cost=cost,
            cost_source=source,
            purpose=attempt.purpose,
            first_token_s=attempt.first_token_s,
            uncached_cost=None if cost is None else self._uncached(backend, usage, cost),
        )

    def estimate(self, backend: str, usage: Usage) -> Money | None:
        """Return what a call of that many tokens would cost more, None where a price or the usage is unknown.

        That is the marginal cost: of hardware of ours, the electricity that work takes.
        """
        given = self.policy.backends[backend]
        cost, source = self._priced(given, usage)
        return self._electricity(given, usage) if source == "pool" else cost

    def bill(self, backend: str, usage: Usage) -> Money | None:
        """Return what a call of that many tokens is booked at: nothing on hardware of ours, None where unknown."""
        return self._priced(self.policy.backends[backend], usage)[0]

    def price(self, model: str, *, rate: Rate = "standard") -> Price | None:
        """Return a model's price: of your contract, where the policy has one, else of the list; None: unknown."""
        if rate == "standard":
            own = (_own_price(backend) for backend in self._backends_of(model))
            contract = next(filter(None, own), None)
            if contract is not None:
                return contract
        return self.prices.get(model, self.at, rate=rate)

    def elsewhere(self, model: str | None, answer: Attempt) -> Elsewhere:
        """Return what an answer would have cost at a baseline, and at the cheapest managed host of its open model."""
        completion, backend = answer.completion, self.policy.backends[answer.backend]
        if completion is None:
            return Elsewhere()
        host = None
        if is_local(backend):
            named = completion.model if backend.model == AUTO else backend.model
            host = managed_host(self.prices, named, completion.usage, self.at or datetime.now(UTC))
        baseline, full = (None, None) if model is None else self._at_baseline(model, answer, backend)
        return Elsewhere(
            baseline=baseline,
            uncached=full,
            managed_model=host and host[0],
            managed=host and host[1],
            basis=basis_of(self._factors(model, backend)),
        )

    def _at_baseline(self, model: str, answer: Attempt, backend: BackendPolicy) -> tuple[Money | None, Money | None]:
        usage = answer.completion.usage if answer.completion else Usage()
        if is_one_model(backend.model, model):
            # The call was the baseline: what it cost is the comparison, and asked alone it saved exactly nothing.
            cost = self._cost(answer, backend)[0]
            return cost, None if cost is None else self._uncached(backend, usage, cost)
        rates = (other.rate for other in self._backends_of(model) if other.price is None)
        price = self.price(model, rate=next(rates, "standard"))
        if price is None:
            return None, None
        factors, full = self._factors(model, backend), uncached(usage)
        return scaled(price, usage, factors), None if full is None else scaled(price, full, factors)

    def _factors(self, model: str | None, backend: BackendPolicy) -> BaselinePolicy | None:
        return None if model is None or is_one_model(backend.model, model) else self.policy.baselines.get(model)

    def _backends_of(self, model: str) -> list[BackendPolicy]:
        """Return the backends that name a model so, else those that ask it by another name."""
        backends = self.policy.backends.values()
        named = [backend for backend in backends if backend.model == model]
        return named or [backend for backend in backends if is_one_model(backend.model, model)]

    def _uncached(self, backend: BackendPolicy, usage: Usage, cost: Money) -> Money | None:
        """Return what a call would have cost without its provider's prompt cache, None where that is the same."""
        full = uncached(usage)
        if full is None or (_own_price(backend) is None and is_local(backend)):
            return None
        dear, cheap = self._priced(backend, full)[0], self._priced(backend, usage)[0]
        return None if dear is None or cheap is None else cost + dear - cheap

    def _electricity(self, backend: BackendPolicy, usage: Usage) -> Money | None:
        pool = self.policy.pools.get(backend.pool or "")
        tokens = Tokens.of(usage)
        if pool is None or pool.owned is None:
            return FREE
        rates = rates_of(pool, weights_of(backend.model))
        return None if rates is None or tokens is None else marginal(pool, rates.gpu_us(CallSums(**tokens._asdict())))

    def _cost(self, attempt: Attempt, backend: BackendPolicy) -> tuple[Money | None, CostSource]:
        completion = attempt.completion
        if completion is None:
            if is_local(backend):
                return FREE, "pool"
            return (FREE, "price") if _is_unbilled(attempt) else (None, "unknown")
        if completion.reported_cost is not None:
            return completion.reported_cost, "provider"
        return self._priced(backend, completion.usage)

    def _priced(self, backend: BackendPolicy, usage: Usage) -> tuple[Money | None, CostSource]:
        own = _own_price(backend)
        if own is None and is_local(backend):
            return FREE, "pool"
        price = own or self.prices.get(backend.model, self.at, rate=backend.rate)
        cost = price.of(usage) if price else None
        return cost, "unknown" if cost is None else "price"


def total(costs: Iterable[Money | None]) -> Money | None:
    """Return the sum, None where a part is unknown."""
    known = FREE
    for cost in costs:
        if cost is None:
            return None
        known += cost
    return known


def _own_price(backend: BackendPolicy) -> Price | None:
    own = backend.price
    return None if own is None else Price.per_mtok(input=own.input, output=own.output, cached_input=own.cached_input)


def _is_unbilled(attempt: Attempt) -> bool:
    """Whether a failed call surely cost nothing; after a timeout or half a stream nobody knows."""
    error = attempt.error
    if attempt.first_token_s is not None or isinstance(error, BackendTimeoutError):
        return False
    if isinstance(error, BackendUnavailableError):
        return not error.reached and (error.status is None or error.status in _OVERLOADED)
    if isinstance(error, _UNBILLED):
        return True
    return isinstance(error, BackendError) and error.status in _REFUSALS
