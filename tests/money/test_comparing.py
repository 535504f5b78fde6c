"""What an answer would have cost elsewhere: on the same tokens, or on as many as the policy says."""

from datetime import UTC, date, datetime

from support.policies import mock, policy
from support.settling import completion

from gateway.money import prices
from gateway.money.books import Books
from gateway.money.comparing import scaled, uncached
from gateway.money.prices import Price, PriceList
from gateway.policy.models import Policy
from gateway.policy.money import BaselinePolicy
from gateway.types import Attempt, Money, Usage

AT = datetime(2026, 11, 23, tzinfo=UTC)
MINI = "openai/gpt-5-mini"
TICKET = Usage(prompt_tokens=2_400, completion_tokens=500)
CACHED = Usage(prompt_tokens=2_400, completion_tokens=500, cached_tokens=2_000)
PRICES = PriceList({MINI: Price.per_mtok(input="0.25", output=2, cached_input="0.025")}, version="v1")
OWNED = {"usd": 3000, "months": 36, "idle_w": 100, "load_w": 600, "usd_per_kwh": 0.15}


def books(given: Policy, listed: PriceList = PRICES) -> Books:
    return Books(policy=given, prices=listed, at=AT)


def answer(backend: str = "llama", usage: Usage = TICKET) -> Attempt:
    return Attempt(backend=backend, replica="r", duration_s=1.0, completion=completion(usage, model="m"))


def house(**keys: object) -> Policy:
    llama = {**mock(), "model": "llama-3.1-8b-instruct"}
    return policy({"llama": llama, "mini": {**mock(local=False), "model": MINI}}, baseline=MINI, **keys)


def test_the_same_tokens_at_the_baseline() -> None:
    """Without a word of the policy as many tokens are taken, and it is called an assumption."""
    found = books(house()).elsewhere(MINI, answer())

    assert (found.baseline, found.basis) == (Money(1_600_000), "assumed-equal")


def test_tokens_and_verbosity_are_scaled_and_rounded_once() -> None:
    """0.96 tokens for each one: 0.001536; twice as many words only in the answer."""
    fewer = books(house(baselines={MINI: {"tokens": 0.96}})).elsewhere(MINI, answer())
    wordy = books(house(baselines={MINI: {"verbosity": 2}})).elsewhere(MINI, answer())

    assert (fewer.baseline, fewer.basis) == (Money(1_536_000), "declared")
    assert wordy.baseline == Money(2_600_000)
    assert scaled(Price.per_mtok(input=1, output=1), Usage(), BaselinePolicy(tokens=2)) is None


def test_the_baseline_itself_is_not_scaled() -> None:
    """A call of the baseline cost what it cost, and saved nothing."""
    found = books(house(baselines={MINI: {"tokens": 0.5}})).elsewhere(MINI, answer("mini"))

    assert (found.baseline, found.basis) == (Money(1_600_000), "assumed-equal")


def test_a_prompt_cache_is_told_on_both_sides() -> None:
    """What it spared here, and what it would have spared there."""
    record = books(house()).record(answer("mini", CACHED))
    found = books(house()).elsewhere(MINI, answer("mini", CACHED))

    assert (record.cost, record.uncached_cost) == (Money(1_150_000), Money(1_600_000))
    assert (found.baseline, found.uncached) == (Money(1_150_000), Money(1_600_000))
    assert books(house()).record(answer("mini")).uncached_cost is None
    assert uncached(TICKET) is None


def test_our_own_prefix_cache_is_no_providers() -> None:
    """Hardware of ours is paid by the hour, cached or not; the baseline would have cached as much."""
    record = books(house()).record(answer(usage=CACHED))
    found = books(house()).elsewhere(MINI, answer(usage=CACHED))

    assert record.uncached_cost is None
    assert (found.baseline, found.uncached) == (Money(1_150_000), Money(1_600_000))


def test_the_cheapest_managed_host_of_the_same_weights() -> None:
    """Second baseline: the open model that answered, at whoever serves it for least."""
    found = books(house(), prices.load()).elsewhere(None, answer())

    assert found.managed_model is not None
    assert "llama" in found.managed_model
    assert found.managed is not None
    assert Money(0) < found.managed < Money(1_600_000)
    assert found.baseline is None


def test_a_closed_model_has_no_managed_host() -> None:
    """Nor has an open one that nobody serves."""
    assert books(house(), prices.load()).elsewhere(MINI, answer("mini")).managed_model is None
    assert books(house()).elsewhere(MINI, answer()).managed_model is None


def test_an_unknown_price_is_unknown() -> None:
    """Never 0."""
    found = books(house()).elsewhere("unheard/of", answer())
    failed = Attempt(backend="mini", replica="r", duration_s=1.0)

    assert (found.baseline, found.uncached) == (None, None)
    assert books(house()).elsewhere(MINI, failed).baseline is None


def test_prices_are_those_of_the_time_of_the_request() -> None:
    """A price that rose since does not change what was paid then."""
    early = datetime(2026, 8, 20, tzinfo=UTC)
    sol = policy({"sol": {**mock(local=False), "model": "openai/gpt-5.6-sol"}})

    before = Books(policy=sol, prices=prices.load(), at=early).record(answer("sol")).cost
    after = Books(policy=sol, prices=prices.load(), at=AT).record(answer("sol")).cost

    assert before is not None
    assert after is not None
    assert after <= before
    assert date(2026, 8, 20) == early.date()


def test_a_decision_sees_the_electricity_of_owned_cards_alone() -> None:
    """Rented cards are paid for; owned ones take more power under load. The books charge the pool by the hour."""
    rented = house(pools={"p": {"gpus": 1, "usd_per_gpu_hour": 1}})
    cards = {"gpus": 1, "owned": OWNED, "input_us": 27, "output_us": 212}
    llama = {**mock(), "model": "llama-3.1-8b-instruct", "pool": "p"}
    owned = policy({"llama": llama}, pools={"p": cards})

    assert books(rented).estimate("llama", TICKET) == Money(0)
    # 0.1708 s at 500 W more and 0.15 USD a kWh.
    assert books(owned).estimate("llama", TICKET) == Money(3_558)
    assert books(owned).record(answer()).cost == Money(0)
    assert books(owned).estimate("llama", Usage()) is None
