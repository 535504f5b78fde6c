"""What a request cost, and what it would have cost."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from support.policies import policy
from support.settling import (
    BACKENDS,
    MINI,
    MINI_COST,
    POLICY,
    PRICES,
    USAGE,
    attempt,
    completion,
    fault,
    judged,
    ruled,
    settled,
)
from support.settling_strategies import attempts_of

from gateway import errors
from gateway.money.books import Books
from gateway.money.prices import PriceList
from gateway.policy.models import Policy
from gateway.types import Attempt, Money, Usage


@pytest.mark.parametrize(
    ("answer", "cost", "source"),
    [
        (attempt("llama"), Money(0), "pool"),
        (attempt("llama", completion=completion(Usage())), Money(0), "pool"),
        (attempt("frontier"), MINI_COST, "price"),
        (attempt("frontier", completion=completion(Usage())), None, "unknown"),
        (attempt("frontier", completion=completion(reported_cost=Money(7))), Money(7), "provider"),
        (attempt("strange"), None, "unknown"),
        (attempt("strange", completion=completion(reported_cost=Money(7))), Money(7), "provider"),
    ],
)
def test_an_answer_costs_what_is_known_of_it(answer: Attempt, cost: Money | None, source: str) -> None:
    """The provider's word wins, then the price; own hardware costs nothing more; unknown is unknown."""
    (record,) = settled(answer).entry.attempts

    assert (record.cost, record.cost_source) == (cost, source)


@pytest.mark.parametrize("backend", ["llama", "frontier"])
def test_prices_of_your_own_win(backend: str) -> None:
    """A contract's price is used before the list, and for own hardware that somebody charges for."""
    own = {name: {**keys, "price": {"input": 1, "output": 1}} for name, keys in BACKENDS.items()}

    (record,) = settled(attempt(backend), under=policy(own, baseline="big/one")).entry.attempts

    assert (record.cost, record.cost_source) == (Money(2_900_000), "price")


@pytest.mark.parametrize(
    "error",
    [
        fault(errors.BackendUnavailableError),
        fault(errors.BackendUnavailableError, status=503),
        fault(errors.RateLimitedError, status=429),
        fault(errors.AuthenticationError, status=401),
        fault(errors.ContextWindowExceededError),
        fault(errors.RequestRejectedError, status=422),
        fault(errors.ContentFilteredError, status=400),
    ],
)
def test_a_call_that_was_refused_costs_nothing(error: errors.BackendError) -> None:
    """No connection, no key, no quota: nobody bills for that."""
    assert settled(attempt("frontier", error=error)).entry.cost == Money(0)


@pytest.mark.parametrize(
    "failed",
    [
        {"error": fault(errors.BackendTimeoutError)},
        {"error": fault(errors.BackendTimeoutError, status=408)},
        {"error": fault(errors.BackendUnavailableError, status=500)},
        {"error": fault(errors.BackendUnavailableError), "first_token_s": 0.1, "streamed": True},
        {"error": fault(errors.MalformedResponseError)},
        {"error": fault(errors.MalformedResponseError, status=200)},
        {"error": fault(errors.ContentFilteredError)},
        {"error": fault(errors.AbandonedError)},
    ],
)
def test_a_call_that_may_have_been_billed_makes_the_cost_unknown(failed: dict[str, Any]) -> None:
    """After a timeout or half a stream nobody knows: unknown is not zero."""
    entry = settled(attempt("frontier", **failed), attempt("llama")).entry

    assert (entry.cost, entry.saved, entry.attempts[0].cost_source) == (None, None, "unknown")


def test_a_failed_call_of_our_own_hardware_costs_nothing() -> None:
    """The hour is paid, whatever came of it."""
    entry = settled(attempt("llama", error=fault(errors.BackendTimeoutError)), attempt("frontier")).entry

    assert (entry.cost, entry.attempts[0].cost_source) == (MINI_COST, "pool")


def test_a_request_costs_the_sum_of_its_attempts() -> None:
    """An escalation is paid twice."""
    paid = attempt("frontier", completion=completion(reported_cost=Money(5)))

    assert settled(paid, attempt("llama"), attempt("frontier")).entry.cost == Money(MINI_COST.nano_usd + 5)


def test_a_local_answer_saves_what_the_baseline_costs() -> None:
    """The same tokens, at the price of the model that would have been used."""
    reply = settled(attempt("llama")).reply()

    assert (reply.cost, reply.saved, reply.baseline_model) == (Money(0), MINI_COST, MINI)


def test_a_rule_has_its_own_baseline() -> None:
    """What would have been used differs from task to task."""
    entry = settled(attempt("llama"), under=ruled(baseline="big/one")).entry

    assert (entry.baseline_model, entry.baseline_cost) == ("big/one", Money(27_000_000))


def test_the_baseline_has_the_price_of_your_contract() -> None:
    """Savings are not counted against a list price that nobody pays."""
    own = {**BACKENDS, "frontier": {**BACKENDS["frontier"], "price": {"input": 0.1, "output": 0.1, "cached_input": 0}}}

    entry = settled(attempt("llama"), under=policy(own, baseline=MINI)).entry

    assert entry.baseline_cost == Money(290_000)


def test_what_a_judge_asked_is_paid_for_and_on_the_books_as_such() -> None:
    """An opinion is money spent on the request, and lowers what was saved."""
    entry = settled(attempt("frontier", purpose="judge"), judged("llama", accepted=True)).entry

    assert [record.purpose for record in entry.attempts] == ["judge", "answer"]
    assert (entry.cost, entry.saved) == (MINI_COST, Money(0))


@pytest.mark.parametrize(
    ("backend", "usage", "cost"),
    [
        ("llama", USAGE, Money(0)),
        ("llama", Usage(), Money(0)),
        ("frontier", USAGE, MINI_COST),
        ("frontier", Usage(prompt_tokens=2_400), None),
        ("strange", USAGE, None),
    ],
)
def test_a_call_is_estimated_as_it_would_be_booked(backend: str, usage: Usage, cost: Money | None) -> None:
    """Our own hardware costs nothing more, and a price or a length that is unknown stays unknown."""
    assert Books(policy=POLICY, prices=PRICES).estimate(backend, usage) == cost


@pytest.mark.parametrize("reported", [None, Money(1_234_567)])
def test_the_baseline_itself_saves_exactly_nothing(reported: Money | None) -> None:
    """Also where the provider's bill differs from the price list."""
    answer = attempt("frontier", completion=completion(reported_cost=reported))

    assert settled(answer).entry.saved == Money(0)


def test_an_escalation_to_the_baseline_loses_what_the_first_try_cost() -> None:
    """Negative savings are shown."""
    first = judged("strange", accepted=False, completion=completion(reported_cost=Money(9)))

    assert settled(first, attempt("frontier")).entry.saved == Money(-9)


@pytest.mark.parametrize(
    ("under", "answer"),
    [
        (policy(BACKENDS), attempt("llama")),
        (policy(BACKENDS, baseline="nobody/knows"), attempt("llama")),
        (POLICY, attempt("llama", completion=completion(Usage(prompt_tokens=5)))),
        (policy(BACKENDS, baseline="unheard/of"), attempt("strange")),
    ],
)
def test_without_a_price_or_a_usage_there_is_no_saving(under: Policy, answer: Attempt) -> None:
    """A baseline that nobody can price is unknown, not free."""
    assert settled(answer, under=under).entry.saved is None


def test_where_nobody_answered_nothing_is_compared() -> None:
    """A refusal is cheap, and saves nothing."""
    entry = settled(attempt("llama", error=fault(errors.BackendUnavailableError))).entry

    assert (entry.status, entry.cost, entry.baseline_model, entry.baseline_cost) == ("exhausted", Money(0), MINI, None)


@settings(deadline=None)
@given(attempts_of)
def test_a_total_is_the_sum_of_its_parts_or_unknown(attempts: list[Attempt]) -> None:
    """Not a nano-USD is lost, and one unknown part makes the whole unknown."""
    entry = settled(*attempts).entry

    parts = [record.cost for record in entry.attempts]
    known = [part.usd for part in parts if part is not None]
    assert (entry.cost is None) == (None in parts)
    assert entry.cost is None or entry.cost.usd == sum(known, Decimal(0))


@settings(deadline=None)
@given(attempts_of)
def test_a_price_that_is_forgotten_never_raises_the_savings(attempts: list[Attempt]) -> None:
    """Without a price list a saving is unknown or rests on what providers said."""
    known, forgotten = (
        settled(*attempts).entry.saved,
        settled(*attempts, prices=PriceList({}, version="v0")).entry.saved,
    )

    assert forgotten in (None, known)
