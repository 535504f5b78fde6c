"""What an answer would have cost elsewhere: at the declared baseline, at a managed host of the same open model. Pure.

The baseline is one successful call on the same tokens, cached ones included: a baseline that is a little too cheap
flatters nobody. Where the policy says how many tokens the baseline takes (`baselines`), they are scaled:

    tokens in x tokens         tokens out x tokens x verbosity
"""

from datetime import datetime
from fractions import Fraction
from typing import NamedTuple

from gateway.entries import ASSUMED_EQUAL, DECLARED
from gateway.money.open_models import weights_of
from gateway.money.price import PICO_PER_NANO, REQUEST, Price
from gateway.money.prices import PriceList
from gateway.money.split import rounded
from gateway.policy.money import BaselinePolicy
from gateway.types import Money, Usage

_OUTPUT = frozenset({"output", "reasoning", "audio_output"})


class Elsewhere(NamedTuple):
    """An answer's other costs, None where unknown. `uncached` is set where a prompt cache made the baseline cheaper."""

    baseline: Money | None = None
    uncached: Money | None = None
    managed_model: str | None = None
    managed: Money | None = None
    basis: str = ASSUMED_EQUAL


def scaled(price: Price, usage: Usage, factors: BaselinePolicy | None) -> Money | None:
    """Return what a usage costs by a price once its tokens are those of the baseline, rounded once."""
    if factors is None or factors.is_assumed:
        return price.of(usage)
    parts = price.parts(usage)
    if parts is None:
        return None
    tokens, verbosity = Fraction(str(factors.tokens)), Fraction(str(factors.verbosity))
    shares = {REQUEST: Fraction(1), **dict.fromkeys(_OUTPUT, tokens * verbosity)}
    pico = sum((part * shares.get(kind, tokens) for kind, part in parts.items()), Fraction(0))
    return Money(rounded(pico / PICO_PER_NANO))


def basis_of(factors: BaselinePolicy | None) -> str:
    """Return how the tokens of a baseline were taken."""
    return ASSUMED_EQUAL if factors is None or factors.is_assumed else DECLARED


def uncached(usage: Usage) -> Usage | None:
    """Return a usage as if the provider had had no prompt cache; None where that changes nothing."""
    if not usage.cached_tokens and not usage.cache_write_tokens:
        return None
    return Usage(
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        reasoning_tokens=usage.reasoning_tokens,
        audio_tokens=usage.audio_tokens,
        image_tokens=usage.image_tokens,
        audio_output_tokens=usage.audio_output_tokens,
    )


def managed_host(prices: PriceList, model: str, usage: Usage, at: datetime) -> tuple[str, Money] | None:
    """Return the cheapest managed host of the same open weights with its bill, None where there is none."""
    weights = weights_of(model)
    return None if weights is None else prices.cheapest_host(weights, usage, at)
