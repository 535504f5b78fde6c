"""Prices: how many are those of genai-prices, on how many days, and how long one computation takes.

The whole sweep: every model that both know, every day on which its price changes, every rate, usages of all kinds.
"""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

from support.price_oracle import CONTEXTS, DIFFERENT, Shared, shared, usage

from gateway.money import prices
from gateway.money.listing import RATES, Rate
from gateway.money.price import Price
from gateway.types import Usage

Row = tuple[str, str, str, bool | None]

TODAY = datetime(2026, 11, 23, 12, tzinfo=UTC)
EQUAL = Decimal("1e-9")
# Models of the closed providers that anybody routes to, and more than the issue asks for.
FEWEST = 140
LONGEST_US = 5.0
USAGES = 20
CALLS = 20_000
TRIES = 7


def rows() -> list[Row]:
    """Return the rows of the table: measure, reach, what was measured, whether it was reached."""
    models = [model for model in shared(prices.load()) if model.name not in DIFFERENT and model.is_whole]
    equal, tried, wrong = _compared(models)
    us, long_us = _us("openai/gpt-5-mini"), _us("anthropic/claude-haiku-5-5")
    return [
        ("prices: models equal to genai-prices", f">= {FEWEST}", f"{equal:,} of {len(models):,}", equal >= FEWEST),
        ("prices: computations that differ by more than 1e-9 USD", "0", f"{wrong} of {tried:,}", wrong == 0),
        ("prices: deliberately different, each with its reason", "", f"{len(DIFFERENT)}", None),
        ("prices: one computation, us", f"<= {LONGEST_US:g}", f"{us:.2f}", us <= LONGEST_US),
        ("prices: one computation with tiers, us", f"<= {LONGEST_US:g}", f"{long_us:.2f}", long_us <= LONGEST_US),
        ("prices: look-up at a time and computation, us", "", f"{_us_at('openai/gpt-5.6-sol'):.2f}", None),
        ("prices: models, of which hosts of open weights", "", f"{len(prices.load()):,}, {_hosts():,}", None),
        ("prices: reading the packaged list", "", f"{_read_ms():.1f} ms", None),
    ]


def _compared(models: list[Shared]) -> tuple[int, int, int]:
    """Return how many models are equal throughout, how many computations were compared, how many differ."""
    random = Random(23)
    equal = tried = wrong = 0
    for model in models:
        before = wrong
        for at, rate in _when(model):
            price = prices.load().get(model.name, at, rate=rate)
            for prompt in _prompts(random, model):
                call = usage(random, prompt=prompt, kinds=_kinds(price))
                cost = None if price is None else price.of(call)
                tried += 1
                wrong += cost is None or abs(cost.usd - model.theirs(call, at, rate=rate)) > EQUAL
        equal += wrong == before
    return equal, tried, wrong


def _when(model: Shared) -> Iterator[tuple[datetime, Rate]]:
    yield from ((at, "standard") for at in model.moments(TODAY))
    variants = {tuple(variant.when.items()) for variant in model.model.price_variants or ()}
    for rate in RATES[1:]:
        if tuple(CONTEXTS[rate].items()) in variants:
            yield from ((TODAY + timedelta(days=days), rate) for days in (0, 10, 60))


def _prompts(random: Random, model: Shared) -> list[int]:
    borders = [length + more for length in model.tiers for more in (0, 1)]
    return [*borders, *(random.randint(1, 10 ** random.randint(1, 6)) for _ in range(USAGES))]


def _kinds(price: Price | None) -> tuple[str, ...]:
    told = price is not None and price.rates.audio_input != price.rates.input
    return ("audio_input", "audio_output") if told else ()


def _us(model: str) -> float:
    price = prices.load().get(model, TODAY)
    call = Usage(prompt_tokens=2_400, completion_tokens=500, cached_tokens=1_024, reasoning_tokens=128)
    assert price is not None
    return _least_us(lambda: price.of(call))


def _us_at(model: str) -> float:
    listed, call = prices.load(), Usage(prompt_tokens=2_400, completion_tokens=500)

    def both() -> object:
        price = listed.get(model, TODAY)
        return price and price.of(call)

    return _least_us(both)


def _least_us(call: object) -> float:
    """Return the CPU of one call, in the best of several tries: what else the machine does is not ours."""
    assert callable(call)
    tries = []
    for _ in range(TRIES):
        started = time.process_time()
        for _ in range(CALLS):
            call()
        tries.append((time.process_time() - started) / CALLS * 1e6)
    return min(tries)


def _hosts() -> int:
    return sum(
        listing is not None and listing.weights is not None for listing in map(prices.load().listing, prices.load())
    )


def _read_ms() -> float:
    started = time.process_time()
    prices.packaged.__wrapped__()
    return (time.process_time() - started) * 1e3
