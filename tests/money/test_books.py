"""Calls are priced at the time of the request, and at the rate of the backend."""

from datetime import UTC, datetime
from typing import Any

import pytest
from support.policies import mock, policy
from support.settling import attempt, completion

from gateway.money import prices
from gateway.money.books import Books
from gateway.types import Money, Usage

SOL = "openai/gpt-5.6-sol"
CALL = Usage(prompt_tokens=1_000, completion_tokens=0)


def books(at: datetime | None = None, **backend: Any) -> Books:
    paid = {"kind": "hosted", "model": SOL, "clearance": "internal", **backend}
    return Books(policy=policy({"llama": mock(), "paid": paid}), prices=prices.load(), at=at)


@pytest.mark.parametrize(
    ("at", "nano_usd"),
    [(datetime(2026, 8, 20, tzinfo=UTC), 5_000_000), (datetime(2026, 8, 21, tzinfo=UTC), 4_000_000)],
)
def test_a_call_is_priced_at_its_time(at: datetime, nano_usd: int) -> None:
    """What was imported of last summer costs what it did then, the baseline too."""
    answer = attempt("llama", completion=completion(CALL))

    assert books(at).estimate("paid", CALL) == Money(nano_usd)
    assert books(at).elsewhere(SOL, answer).baseline == Money(nano_usd)


def test_without_a_time_it_is_priced_now() -> None:
    """For what is thought of and not yet done."""
    assert books().estimate("paid", CALL) is not None


def test_a_call_is_priced_at_the_rate_of_its_backend() -> None:
    """Half for a batch; and that is what it would have cost, where it is the baseline."""
    at = datetime(2026, 11, 23, tzinfo=UTC)
    answer = attempt("llama", completion=completion(CALL))

    assert books(at, rate="batch").estimate("paid", CALL) == Money(2_000_000)
    assert books(at, rate="batch").elsewhere(SOL, answer).baseline == Money(2_000_000)
    assert books(at, rate="priority").estimate("paid", CALL) == Money(8_000_000)


def test_a_rate_without_a_price_costs_nobody_knows_what() -> None:
    """Unknown is not zero, and not the standard price."""
    assert books(rate="flex", model="novita/meta-llama/llama-3.1-8b-instruct").estimate("paid", CALL) is None


def test_your_own_price_wins_at_every_rate() -> None:
    """It is what your contract says."""
    own = books(rate="flex", price={"input": 1, "output": 1})

    assert own.estimate("paid", CALL) == Money(1_000_000)
    assert own.elsewhere(SOL, attempt("llama", completion=completion(CALL))).baseline == Money(1_000_000)


MINI = "openai/gpt-5-mini"
DATED = f"{MINI}-2025-08-07"


@pytest.mark.parametrize(("asked", "declared"), [(DATED, MINI), (MINI, DATED), (DATED, DATED)])
def test_a_dated_release_of_the_baseline_is_the_baseline(asked: str, declared: str) -> None:
    """Asked alone it saved exactly nothing, and its tokens are its own, whatever the policy says of the baseline's."""
    paid = {"kind": "hosted", "model": asked, "clearance": "internal", "price": {"input": 3, "output": 3}}
    given = policy({"llama": mock(), "paid": paid}, baselines={declared: {"tokens": 2}})
    own = Books(policy=given, prices=prices.load())

    answer = attempt("paid", completion=completion(CALL))

    assert own.record(answer).cost == own.elsewhere(declared, answer).baseline == Money(3_000_000)
    assert own.elsewhere(declared, answer).basis == "assumed-equal"
    # What another model answered is compared by your price of it, with the tokens that you say.
    assert own.elsewhere(declared, attempt("llama", completion=completion(CALL))).baseline == Money(6_000_000)


def test_of_two_prices_the_one_of_the_very_name_counts() -> None:
    """A contract may name both."""
    paid = {"kind": "hosted", "clearance": "internal"}
    backends = {
        "dated": {**paid, "model": DATED, "price": {"input": 3, "output": 3}},
        "plain": {**paid, "model": MINI, "price": {"input": 1, "output": 1}},
    }
    own = Books(policy=policy({"llama": mock(), **backends}), prices=prices.load())

    answer = attempt("llama", completion=completion(CALL))

    assert [own.elsewhere(name, answer).baseline for name in (MINI, DATED)] == [Money(1_000_000), Money(3_000_000)]
