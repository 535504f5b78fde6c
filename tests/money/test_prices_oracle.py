"""Our prices beside those of genai-prices, an implementation of others: the same call costs the same."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest
from support.price_oracle import CONTEXTS, DIFFERENT, Shared, shared, usage

from gateway.money import prices
from gateway.money.listing import RATES
from gateway.money.price import Price

TODAY = datetime(2026, 11, 23, 12, tzinfo=UTC)
EQUAL = Decimal("1e-9")


@pytest.fixture(scope="module")
def models() -> list[Shared]:
    return shared(prices.load())


def test_they_know_most_of_our_models(models: list[Shared]) -> None:
    """The comparison is worth something: all closed models, and hosts of open ones."""
    providers = {model.name.partition("/")[0] for model in models}

    assert len({model.name for model in models}) >= 1_400
    assert providers >= {"openai", "anthropic", "gemini", "mistral", "cohere", "deepseek", "xai", "groq", "bedrock"}


def test_every_call_costs_what_it_costs_by_genai_prices(models: list[Shared]) -> None:
    """At every price that a model ever had, with cached, written, spoken and reasoned tokens, to the nano-dollar."""
    random = Random(7)
    wrong = []

    for model in models:
        if model.name in DIFFERENT or not model.is_whole:
            continue
        for at in model.moments(TODAY) * 2:
            ours = prices.load().get(model.name, at)
            assert ours is not None
            call = usage(random, prompt=random.randint(1, 400_000), kinds=_kinds(ours))
            cost = ours.of(call)
            if cost is None or abs(cost.usd - model.theirs(call, at)) > EQUAL:
                wrong.append((model.name, at, call, cost, model.theirs(call, at)))

    assert wrong == []


def test_a_long_prompt_is_dear_from_the_same_token_on(models: list[Shared]) -> None:
    """On the border of every tier, and one token beyond."""
    random = Random(8)
    wrong = []
    tiered = [model for model in models if model.tiers and model.name not in DIFFERENT]

    for model in tiered:
        for prompt in (length + more for length in model.tiers for more in (0, 1)):
            ours = prices.load().get(model.name, TODAY)
            assert ours is not None
            call = usage(random, prompt=prompt, kinds=_kinds(ours))
            cost = ours.of(call)
            if cost is None or abs(cost.usd - model.theirs(call, TODAY)) > EQUAL:
                wrong.append((model.name, prompt, cost, model.theirs(call, TODAY)))

    assert len(tiered) >= 100
    assert wrong == []


def test_other_rates_cost_the_same(models: list[Shared]) -> None:
    """Batch, flex and priority, on the day of the list and after every change that is foretold."""
    random = Random(9)
    wrong = []
    compared = 0

    for model in models:
        variants = {tuple(variant.when.items()) for variant in model.model.price_variants or ()}
        for rate in RATES[1:]:
            if tuple(CONTEXTS[rate].items()) not in variants or model.name in DIFFERENT:
                continue
            for at in (TODAY, TODAY + timedelta(days=10), TODAY + timedelta(days=60)):
                ours = prices.load().get(model.name, at, rate=rate)
                assert ours is not None
                call = usage(random, prompt=random.randint(1, 400_000), kinds=_kinds(ours))
                cost, compared = ours.of(call), compared + 1
                if cost is None or abs(cost.usd - model.theirs(call, at, rate=rate)) > EQUAL:
                    wrong.append((model.name, rate, at, cost, model.theirs(call, at, rate=rate)))

    assert compared >= 300
    assert wrong == []


def test_what_is_different_is_meant_to_be(models: list[Shared]) -> None:
    """Every exception is one still, and has its reason; prices finer than ours are rounded to a pico-dollar."""
    random = Random(10)
    by_name = {model.name: model for model in models}

    for name, reason in DIFFERENT.items():
        call = usage(random, prompt=10_000, kinds=())
        ours = prices.load().get(name, TODAY)
        assert reason
        assert ours is not None
        assert ours.of(call) is not None
        assert ours.of(call).usd != by_name[name].theirs(call, TODAY)  # type: ignore[union-attr]
    assert sum(not model.is_whole for model in models) <= 10


def _kinds(price: Price) -> tuple[str, ...]:
    return ("audio_input", "audio_output") if price.rates.audio_input != price.rates.input else ()
