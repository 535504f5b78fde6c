"""What calls cost at the margin: your own prices in the policy, else the price list. Pure.

Hardware of ours is paid by the hour (`money.savings` charges it), so its calls cost 0 unless the policy prices them.
"""

from collections.abc import Iterable
from dataclasses import dataclass

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
from gateway.money.prices import Price, PriceList
from gateway.policy.models import BackendPolicy, Policy
from gateway.policy.place import is_local
from gateway.types import Attempt, Money, Usage

FREE = Money(0)
# The provider said no before it did any work.
_UNBILLED = (AuthenticationError, RateLimitedError, ContextWindowExceededError, RequestRejectedError)
_REFUSALS = range(400, 500)
_OVERLOADED = (503, 529)


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """What prices a call, made or thought of, by the backend's name in the policy."""

    policy: Policy
    prices: PriceList

    def record(self, attempt: Attempt) -> AttemptRecord:
        """Return an attempt as the ledger keeps it."""
        backend, completion = self.policy.backends[attempt.backend], attempt.completion
        cost, source = self._cost(attempt, backend)
        scores = [verdict.score for verdict in attempt.verdicts if verdict.score is not None]
        return AttemptRecord(
            backend=attempt.backend,
            model=(completion and completion.model) or backend.model,
            replica=attempt.replica,
            duration_s=attempt.duration_s,
            error=attempt.error.code if attempt.error else None,
            accepted=attempt.accepted,
            score=min(scores, default=None),
            usage=completion.usage if completion else Usage(),
            cost=cost,
            cost_source=source,
            purpose=attempt.purpose,
            first_token_s=attempt.first_token_s,
        )

    def estimate(self, backend: str, usage: Usage) -> Money | None:
        """Return what a call of that many tokens would cost, None where a price or the usage is unknown."""
        return self._priced(self.policy.backends[backend], usage)[0]

    def at_baseline(self, model: str, answer: Attempt) -> Money | None:
        """Return what an answer would have cost at the baseline, None where a price or the usage is unknown.

        Tokens are taken as equal, cached ones included: a baseline that is a little too cheap flatters nobody.
        """
        backends = self.policy.backends
        if backends[answer.backend].model == model:
            # The call was the baseline: what it cost is the comparison, and asked alone it saved exactly nothing.
            return self._cost(answer, backends[answer.backend])[0]
        own = (_own_price(backend) for backend in backends.values() if backend.model == model)
        price = next(filter(None, own), None) or self.prices.get(model)
        return price.of(answer.completion.usage) if price and answer.completion else None

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
        price = own or self.prices.get(backend.model)
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
