"""The price list: dated, plausible, and what its sources say."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.money import prices
from gateway.money.listing import RATES, periods_of
from gateway.money.price import Price, pico, usd_per_mtok
from gateway.money.prices import PriceList
from gateway.money.snapshot import Snapshot
from gateway.types import Money, Usage

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
TICKET = Usage(prompt_tokens=2_400, completion_tokens=500)
TICKETS = 5_000_000

# USD per million tokens on 2026-11-23: input, cached input, output.
CLOSED = {
    "openai/gpt-6-astra": (10, 1, 50),
    "openai/gpt-5.5": (5, 0.5, 30),
    "openai/gpt-6.1-sol": (2, 0.1, 10),
    "openai/gpt-6-sol": (2, 0.2, 10),
    "openai/gpt-5.6-sol": (4, 0.4, 20),
    "openai/gpt-5.4": (2.5, 0.25, 15),
    "openai/gpt-6-luna": (0.10, 0.01, 0.50),
    "openai/gpt-6.1-terra": (1, 0.05, 5),
    "openai/gpt-5.6-luna": (0.2, 0.02, 1.2),
    "openai/gpt-5.4-mini": (0.75, 0.075, 4.5),
    "openai/gpt-5.4-nano": (0.2, 0.02, 1.25),
    "openai/gpt-5-mini": (0.25, 0.025, 2),
    "openai/gpt-5-nano": (0.05, 0.005, 0.4),
    "anthropic/claude-fable-5-1": (10, 0.25, 50),
    "anthropic/claude-opus-5-5": (4, 0.2, 20),
    "anthropic/claude-opus-5": (5, 0.5, 25),
    "anthropic/claude-sonnet-5-5": (2, 0.1, 10),
    "anthropic/claude-sonnet-5": (2, 0.2, 10),
    "anthropic/claude-haiku-5-5": (0.10, 0.01, 0.50),
    "anthropic/claude-haiku-4-5": (1, 0.1, 5),
    "gemini/gemini-3.1-pro-preview": (2, 0.2, 12),
    "gemini/gemini-4-argon": (2, 0.1, 10),
    "gemini/gemini-3.8-flash": (0.75, 0.075, 3.75),
    "gemini/gemini-3.5-flash-lite": (0.3, 0.03, 2.5),
    "gemini/gemini-3.1-flash-lite": (0.25, 0.025, 1.5),
    "gemini/gemini-2.5-flash-lite": (0.1, 0.01, 0.4),
}
# As above: input and output of hosts of open weights.
HOSTED = {
    "bedrock/meta.llama3-1-8b-instruct-v1:0": ("llama-3.1-8b", 0.22, 0.22),
    "fireworks_ai/accounts/fireworks/models/llama-v3p1-8b-instruct": ("llama-3.1-8b", 0.10, 0.10),
    "novita/meta-llama/llama-3.1-8b-instruct": ("llama-3.1-8b", 0.02, 0.05),
    "deepinfra/meta-llama/Meta-Llama-3.1-8B-Instruct-Turbo": ("llama-3.1-8b", 0.02, 0.04),
    "nscale/meta-llama/Llama-3.1-8B-Instruct": ("llama-3.1-8b", 0.03, 0.03),
    "lambda_ai/llama3.1-8b-instruct": ("llama-3.1-8b", 0.025, 0.04),
    "bedrock/meta.llama3-3-70b-instruct-v1:0": ("llama-3.3-70b", 0.72, 0.72),
    "azure_ai/Llama-3.3-70B-Instruct": ("llama-3.3-70b", 0.71, 0.71),
    "vertex_ai/meta/llama-3.3-70b-instruct-maas": ("llama-3.3-70b", 0.72, 0.72),
    "fireworks_ai/accounts/fireworks/models/llama-v3p3-70b-instruct": ("llama-3.3-70b", 0.90, 0.90),
    "together_ai/meta-llama/Llama-3.3-70B-Instruct-Turbo": ("llama-3.3-70b", 1.04, 1.04),
    "deepinfra/meta-llama/Llama-3.3-70B-Instruct-Turbo": ("llama-3.3-70b", 0.10, 0.32),
    "deepinfra/meta-llama/Llama-3.3-70B-Instruct": ("llama-3.3-70b", 0.23, 0.40),
    "novita/meta-llama/llama-3.3-70b-instruct": ("llama-3.3-70b", 0.135, 0.40),
    "sambanova/Meta-Llama-3.3-70B-Instruct": ("llama-3.3-70b", 0.6, 1.2),
    "lambda_ai/llama3.3-70b-instruct-fp8": ("llama-3.3-70b", 0.12, 0.30),
    "bedrock/meta.llama3-1-405b-instruct-v1:0": ("llama-3.1-405b", 2.4, 2.4),
    "fireworks_ai/accounts/fireworks/models/llama-v3p1-405b-instruct": ("llama-3.1-405b", 3, 3),
    "together_ai/meta-llama/Llama-3.1-405B-Instruct": ("llama-3.1-405b", 3.5, 3.5),
    "vertex_ai/meta/llama-3.1-405b-instruct-maas": ("llama-3.1-405b", 5, 16),
    "bedrock/meta.llama4-scout-17b-instruct-v1:0": ("llama-4-scout", 0.17, 0.66),
    "azure_ai/Llama-4-Scout-17B-16E-Instruct": ("llama-4-scout", 0.20, 0.78),
    "vertex_ai/meta/llama-4-scout-17b-16e-instruct-maas": ("llama-4-scout", 0.25, 0.70),
    "fireworks_ai/accounts/fireworks/models/llama4-scout-instruct-basic": ("llama-4-scout", 0.15, 0.60),
    "deepinfra/meta-llama/Llama-4-Scout-17B-16E-Instruct": ("llama-4-scout", 0.10, 0.30),
    "bedrock/meta.llama4-maverick-17b-instruct-v1:0": ("llama-4-maverick", 0.24, 0.97),
    "azure_ai/Llama-4-Maverick-17B-128E-Instruct-FP8": ("llama-4-maverick", 0.25, 1.0),
    "vertex_ai/meta/llama-4-maverick-17b-128e-instruct-maas": ("llama-4-maverick", 0.35, 1.15),
    "deepinfra/meta-llama/Llama-4-Maverick-17B-128E-Instruct-FP8": ("llama-4-maverick", 0.20, 0.80),
}
ENDS = {
    "openai/gpt-5-mini": date(2026, 12, 11),
    "openai/gpt-5-nano": date(2026, 12, 11),
    "vertex_ai/meta/llama-3.3-70b-instruct-maas": date(2026, 10, 21),
    "together_ai/meta-llama/Llama-3.3-70B-Instruct-Turbo": date(2026, 10, 22),
    "bedrock/meta.llama3-1-405b-instruct-v1:0": date(2026, 7, 7),
    "azure_ai/Llama-4-Maverick-17B-128E-Instruct-FP8": date(2026, 11, 19),
}
SUSPICIOUS = (
    "azure_ai/Meta-Llama-3-70B-Instruct",
    "fireworks_ai/accounts/fireworks/models/llama-v2-70b",
    "fireworks_ai/accounts/fireworks/models/llama-v3p1-405b-instruct-long",
    "hyperbolic/meta-llama/Meta-Llama-3.1-405B-Instruct",
    "vertex_ai/meta/llama-3.1-70b-instruct-maas",
    "vertex_ai/meta/llama3-405b-instruct-maas",
)


def month(price: Price | None) -> Decimal | None:
    """Return what a month of tickets costs, in USD."""
    cost = price.of(TICKET) if price else None
    return None if cost is None else Money(cost.nano_usd * TICKETS).usd


@pytest.mark.parametrize(("model", "usd"), CLOSED.items())
def test_the_packaged_list_has_the_prices_of_its_day(model: str, usd: tuple[float, float, float]) -> None:
    """USD per million tokens, as the snapshot's sources state them."""
    listed = prices.load().get(model, NOON)

    assert listed is not None
    assert (listed.input, listed.cached_input, listed.output) == tuple(map(pico, usd))


@pytest.mark.parametrize(("model", "offer"), HOSTED.items())
def test_hosts_of_open_weights_are_listed_with_what_they_serve(model: str, offer: tuple[str, float, float]) -> None:
    """Each one's price, under the open model that it serves."""
    listed = prices.load().get(model, NOON)

    assert listed is not None
    assert (listed.input, listed.output) == (pico(offer[1]), pico(offer[2]))
    assert model in prices.load().hosts(offer[0])


@pytest.mark.parametrize(("model", "day"), ENDS.items())
def test_a_model_that_is_withdrawn_says_when(model: str, day: date) -> None:
    """A baseline that is about to disappear can be warned about."""
    listed = prices.load().get(model, NOON)

    assert listed is not None
    assert listed.ends == day


@pytest.mark.parametrize("model", SUSPICIOUS)
def test_a_price_that_nobody_should_believe_is_left_out_with_its_reason(model: str) -> None:
    """A slip of a source is no baseline."""
    assert prices.load().get(model) is None
    assert prices.load().left_out[model]


def test_writing_to_a_cache_of_an_hour_costs_twice_the_input() -> None:
    """And to one of five minutes a quarter more, at Anthropic."""
    listed = prices.load().get("anthropic/claude-opus-5-5", NOON)

    assert listed is not None
    assert [usd_per_mtok(rate) for rate in listed.rates[:4]] == [4, Decimal("0.2"), 5, 8]


@pytest.mark.parametrize(
    ("model", "above", "input_", "output"),
    [("openai/gpt-5.5", 272_000, 10, 45), ("gemini/gemini-3.1-pro-preview", 200_000, 4, 18)],
)
def test_a_long_prompt_has_its_own_prices(model: str, above: int, input_: int, output: int) -> None:
    """The whole request is billed at them."""
    listed = prices.load().get(model, NOON)

    assert listed is not None
    rates = listed.rates_for(above + 1)
    assert [usd_per_mtok(rate) for rate in (rates.input, rates.output)] == [input_, output]
    assert listed.rates_for(above) == listed.rates


def test_history_keeps_its_prices() -> None:
    """What a request cost in spring is not reckoned with the prices of autumn."""
    listed = prices.load()

    before = listed.get("openai/gpt-5.6-sol", datetime(2026, 8, 20, 23, 59, tzinfo=UTC))
    after = listed.get("openai/gpt-5.6-sol", datetime(2026, 8, 21, tzinfo=UTC))

    assert before is not None
    assert after is not None
    assert [usd_per_mtok(rate) for rate in (before.input, before.output)] == [5, 30]
    assert [usd_per_mtok(rate) for rate in (after.input, after.output)] == [4, 20]
    assert (before.valid_to, after.valid_from) == (date(2026, 8, 20), date(2026, 8, 21))


def test_the_prices_of_the_worked_example_are_still_there() -> None:
    """5 million tickets in August 2025: $8,000 at GPT-5-mini; on today's prices of its successor $2,450."""
    listed = prices.load()

    then = listed.get("openai/gpt-5-mini", datetime(2025, 8, 15, tzinfo=UTC))
    now = listed.get("openai/gpt-6-luna", NOON)

    assert [month(price) for price in (then, now)] == [8_000, 2_450]


def test_the_cheapest_host_of_open_weights_is_found() -> None:
    """Managed Llama 3.1 8B answers the same tickets for $340."""
    offer = prices.load().cheapest_host("llama-3.1-8b", TICKET, NOON)

    assert offer == ("deepinfra/meta-llama/Meta-Llama-3.1-8B-Instruct-Turbo", Money(340 * 10**9 // TICKETS))


def test_who_has_retired_the_weights_is_no_host_any_more() -> None:
    """Before that day he was."""
    rows: dict[str, Any] = {
        "a/gone": {"input": 1, "output": 1, "weights": "w", "ends": "2026-11-23"},
        "b/here": {"input": 5, "output": 5, "weights": "w"},
        "c/later": {"periods": [{"from": "2026-12-01", "input": 0, "output": 0}], "weights": "w"},
    }
    listed = PriceList.of(Snapshot(date=date(2026, 11, 23), rows=rows))
    call = Usage(prompt_tokens=1000, completion_tokens=0)

    assert listed.cheapest_host("w", call, NOON) == ("b/here", Money(5))
    assert listed.cheapest_host("w", call, datetime(2026, 11, 22, tzinfo=UTC)) == ("a/gone", Money(1))
    assert listed.cheapest_host("w", Usage(), NOON) is None
    assert listed.cheapest_host("unheard-of", call, NOON) is None


@pytest.mark.parametrize("rate", ["batch", "flex", "priority"])
def test_a_rate_that_is_not_listed_has_no_price(rate: Any) -> None:
    """Half the price is no rule: who has no batch price is not billed by a guess."""
    listed = prices.load()

    assert listed.get("deepinfra/meta-llama/Llama-3.3-70B-Instruct-Turbo", NOON, rate=rate) is None
    assert listed.get("openai/gpt-5-mini", NOON, rate=rate) not in (None, listed.get("openai/gpt-5-mini", NOON))


def test_other_names_of_a_model_have_its_price() -> None:
    """A dated version is the same model, and may end on another day."""
    listed = prices.load()

    dated = listed.listing("openai/gpt-5-mini-2025-08-07")

    assert dated is not None
    assert dated.alias == "openai/gpt-5-mini"
    assert dated.at(NOON) == listed.get("openai/gpt-5-mini", NOON)


def test_an_unknown_model_has_no_price() -> None:
    """Nobody is billed by a guess."""
    assert prices.load().get("openai/gpt-99") is None
    assert "openai/gpt-99" not in prices.load()


def test_every_row_of_the_packaged_list_can_be_read_and_is_plausible() -> None:
    """An answer costs no less than a prompt, and a cached token no more than a fresh one."""
    listed = prices.load()

    for model in listed:
        listing = listed.listing(model)
        assert listing is not None
        assert set(listing.prices) <= set(RATES)
        for price in listing.prices["standard"]:
            assert listing.kind == "embedding" or price.output >= price.input, model
            assert price.rates.cache_read <= price.input, model


def test_the_packaged_list_is_small_and_wide() -> None:
    """It is read at every start; models of every kind that people route to are in it."""
    listed = prices.load()

    assert len(listed) == len(list(listed)) > 3_000
    for provider in (
        "openai",
        "anthropic",
        "gemini",
        "mistral",
        "cohere",
        "deepseek",
        "xai",
        "groq",
        "bedrock",
        "azure",
    ):
        assert any(model.startswith(f"{provider}/") for model in listed)
    assert listed.get("openai/text-embedding-3-small", NOON) is not None


def test_the_version_names_the_day_and_the_content() -> None:
    """A ledger entry says which prices it was made with."""
    assert prices.load().version.startswith("2026-11-23-")
    assert prices.load().date == date(2026, 11, 23)


def test_the_list_is_read_once() -> None:
    """Asking again costs nothing."""
    assert prices.load() is prices.load()


def test_a_list_may_be_made_in_code() -> None:
    """For tests, and for who has no use for ours."""
    listed = PriceList({"a/b": Price.per_mtok(input=1, output=2)}, version="v1")

    assert (list(listed), len(listed), "a/b" in listed) == (["a/b"], 1, True)
    assert listed.get("a/b") == Price.per_mtok(input=1, output=2)
    assert listed.get("a/c") is None
    assert (listed.hosts("w"), listed.left_out) == ((), {})


def test_a_row_states_its_standard_price_flat_or_by_periods() -> None:
    """Both are read the same."""
    flat, dated = {"input": 1, "output": 2}, {"periods": [{"input": 1, "output": 2}]}

    assert periods_of({**flat, "ends": "2027-01-01"}, "standard") == [flat]
    assert periods_of(dated, "standard") == [flat]
    assert periods_of(flat, "batch") == []


@given(
    st.sampled_from(["llama-3.1-8b", "llama-3.3-70b", "qwen-2.5-72b"]),
    st.integers(0, 200_000),
    st.integers(0, 20_000),
    st.integers(0, 1),
)
def test_who_is_undercut_would_never_have_been_cheapest(weights: str, prompt: int, answer: int, cached: int) -> None:
    """The offers that are looked at for every answer give what all of them would."""
    usage = Usage(prompt_tokens=prompt, completion_tokens=answer, cached_tokens=cached * prompt // 2)
    listed = prices.load()
    at = datetime(2026, 11, 23, 12, tzinfo=UTC)
    every = [
        bill.nano_usd
        for model in listed.hosts(weights)
        if (price := listed.get(model, at)) is not None
        and not (price.ends is not None and price.ends <= at.date())
        and (bill := price.of(usage)) is not None
    ]

    found = listed.cheapest_host(weights, usage, at)

    assert (None if found is None else found[1].nano_usd) == min(every, default=None)


def test_offers_of_many_times_are_forgotten() -> None:
    """Memory stays flat, however long a process lives."""
    listed = prices.load()

    for quarter in range(300):
        listed.cheapest_host("llama-3.1-8b", TICKET, NOON + timedelta(minutes=15 * quarter))

    assert len(listed._offered) <= 256
