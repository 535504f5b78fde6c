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
