"""Prices: exact, dated, and never guessed."""

import json
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import ConfigurationError
from gateway.money import prices
from gateway.money.prices import Price
from gateway.types import Money, Usage

PER_MTOK = {
    "openai/gpt-6-astra": ("10", "1", "50"),
    "openai/gpt-5-mini": ("0.25", "0.025", "2"),
    "openai/gpt-5-nano": ("0.05", "0.005", "0.4"),
    "openai/gpt-6-luna": ("0.10", "0.01", "0.50"),
    "anthropic/claude-sonnet-5-5": ("2", "0.1", "10"),
    "anthropic/claude-haiku-4-5": ("1", "0.1", "5"),
    "gemini/gemini-3.1-pro-preview": ("2", "0.2", "12"),
    "gemini/gemini-2.5-flash-lite": ("0.1", "0.01", "0.4"),
    "bedrock/meta.llama3-1-8b-instruct-v1:0": ("0.22", None, "0.22"),
    "deepinfra/meta-llama/Llama-3.3-70B-Instruct-Turbo": ("0.10", None, "0.32"),
}

tokens = st.integers(min_value=0, max_value=10**7)
rates = st.integers(min_value=0, max_value=10**9)


@pytest.mark.parametrize(("model", "per_mtok"), PER_MTOK.items())
def test_the_packaged_list_has_the_prices_of_its_day(model: str, per_mtok: tuple[str, str | None, str]) -> None:
    """USD per million tokens, as the snapshot's sources state them."""
    listed = prices.load().get(model)

    expected = Price.per_mtok(input=per_mtok[0], cached_input=per_mtok[1], output=per_mtok[2])
    assert listed is not None
    assert (listed.input, listed.cached_input, listed.output) == (
        expected.input,
        expected.cached_input,
        expected.output,
    )


def test_every_listed_price_is_plausible() -> None:
    """Cached is cheaper than fresh, written is dearer, an answer costs no less than a prompt, nothing is free."""
    text = resources.files("gateway.money").joinpath("prices.json").read_text(encoding="utf-8")
    rows = json.loads(text)["models"].values()

    assert all(
        0 < row.get("cached_input", row["input"]) <= row["input"] <= min(row.get("cache_write", 10**9), row["output"])
        for row in [*rows, *(row["above"] for row in rows if "above" in row)]
    )


def test_the_version_names_the_day_and_the_content() -> None:
    """A ledger entry says which prices it was made with."""
    assert prices.load().version.startswith("2026-11-23-")


def test_the_list_is_read_once() -> None:
    """Asking again costs nothing."""
    assert prices.load() is prices.load()


def test_a_million_tickets_cost_what_the_contract_says() -> None:
    """2,400 tokens in and 500 out at $0.25 and $2.00 per Mtok are $0.0016: 5 million of them $8,000.00."""
    price = Price.per_mtok(input="0.25", output="2.00")

    cost = price.of(Usage(prompt_tokens=2_400, completion_tokens=500))

    assert cost == Money(1_600_000)
    assert Money(cost.nano_usd * 5_000_000).usd == Decimal(8000)


def test_cached_tokens_are_inside_the_prompt() -> None:
    """They are billed once, at their own price."""
    price = Price(input=1_000_000, output=0, cached_input=100_000, cache_write=1_250_000)

    cost = price.of(Usage(prompt_tokens=100, completion_tokens=0, cached_tokens=60, cache_write_tokens=30))

    assert cost == Money(10 * 1000 + 60 * 100 + 30 * 1250)


def test_tokens_without_a_price_of_their_own_are_input() -> None:
    """A provider that lists no discount gives none."""
    usage = Usage(prompt_tokens=100, completion_tokens=0, cached_tokens=60, cache_write_tokens=30)

    assert Price(input=1_000, output=0).of(usage) == Money(100)


@pytest.mark.parametrize(("prompt", "nano_usd"), [(200_000, 200_000), (200_001, 400_002)])
def test_a_long_prompt_reprices_the_whole_request(prompt: int, nano_usd: int) -> None:
    """Beyond the threshold every token is dearer, not only those beyond."""
    price = Price(input=1_000, output=0, above_tokens=200_000, above=Price(input=2_000, output=0))

    assert price.of(Usage(prompt_tokens=prompt, completion_tokens=0)) == Money(nano_usd)


@pytest.mark.parametrize(
    "usage",
    [
        Usage(),
        Usage(prompt_tokens=1),
        Usage(completion_tokens=1),
        Usage(prompt_tokens=5, completion_tokens=1, cached_tokens=6),
        Usage(prompt_tokens=5, completion_tokens=1, cached_tokens=3, cache_write_tokens=3),
        Usage(prompt_tokens=5, completion_tokens=-1),
        Usage(prompt_tokens=5, completion_tokens=1, cached_tokens=-1),
    ],
)
def test_unknown_or_impossible_usage_has_no_cost(usage: Usage) -> None:
    """Unknown is not zero."""
    assert Price(input=1, output=1).of(usage) is None


@pytest.mark.parametrize(("pico_usd", "nano_usd"), [(499, 0), (500, 1), (1499, 1), (1500, 2)])
def test_half_a_nano_usd_is_rounded_up(pico_usd: int, nano_usd: int) -> None:
    """Rounding happens once, at the end."""
    assert Price(input=pico_usd, output=0).of(Usage(prompt_tokens=1, completion_tokens=0)) == Money(nano_usd)


@given(st.tuples(rates, rates, rates, rates), st.tuples(tokens, tokens, tokens, tokens))
def test_a_cost_is_exact(rate: tuple[int, int, int, int], count: tuple[int, int, int, int]) -> None:
    """Integer arithmetic agrees with decimals to the last nano-USD."""
    price = Price(input=rate[0], cached_input=rate[1], cache_write=rate[2], output=rate[3])
    usage = Usage(
        prompt_tokens=sum(count[:3]), cached_tokens=count[1], cache_write_tokens=count[2], completion_tokens=count[3]
    )

    cost = price.of(usage)

    usd = sum((Decimal(pico).scaleb(-12) * number for pico, number in zip(rate, count, strict=True)), Decimal(0))
    assert cost is not None
    assert cost.usd == usd.quantize(Decimal("1e-9"), rounding=ROUND_HALF_UP)


@given(st.lists(st.tuples(tokens, tokens), max_size=20))
def test_costs_of_whole_nano_prices_add_up(calls: list[tuple[int, int]]) -> None:
    """The bill of many calls is the bill of their tokens: nothing is lost between them."""
    price = Price.per_mtok(input="0.25", output=2)

    costs = [price.of(Usage(prompt_tokens=p, completion_tokens=c)) for p, c in calls]

    whole = price.of(Usage(prompt_tokens=sum(p for p, _ in calls), completion_tokens=sum(c for _, c in calls)))
    assert sum((cost for cost in costs if cost), Money(0)) == whole


def test_an_unknown_model_has_no_price() -> None:
    """Nobody is billed by a guess."""
    assert prices.load().get("openai/gpt-99") is None


def test_a_price_that_ends_says_when() -> None:
    """A baseline that is about to disappear can be warned about."""
    listed = prices.load().get("openai/gpt-5-mini")

    assert listed is not None
    assert listed.ends == date(2026, 12, 11)


@pytest.mark.parametrize("amount", ["0.2", 0.2, Decimal("0.2")])
def test_a_price_is_the_same_however_it_is_written(amount: Decimal | float | str) -> None:
    """A contract's 0.2 is two tenths exactly, as a number of YAML too."""
    assert Price.per_mtok(input=amount, output=1) == Price(input=200_000, output=1_000_000)


@pytest.mark.parametrize("amount", ["-1", "nan", "inf", "1e999999999", "cheap"])
def test_what_is_no_price_is_refused(amount: str) -> None:
    """A slip in a contract's price is an error at start, not a strange bill."""
    with pytest.raises(ConfigurationError, match="no price in USD per million tokens"):
        Price.per_mtok(input=amount, output=1)
