"""What a call costs: exact integers, rounded once. An unknown model or usage has no cost, which is not a cost of 0.

The packaged list is a dated snapshot (`prices.json`, with its sources); nothing is ever fetched.
"""

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import cache, lru_cache
from importlib import resources
from typing import Any, Self

from gateway.errors import ConfigurationError
from gateway.types import Money, Usage

Amount = Decimal | float | str

_PICO_PER_NANO = 1000
# One USD per million tokens is a millionth of a USD, 10^6 pico-USD, for each token.
_PICO_PER_TOKEN = 10**6
_MOST_USD_PER_MTOK = 10**6


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What a model costs, in integer pico-USD (10^-12 USD) a token.

    Tokens that have no price of their own (cached, written to a cache) are billed as input. `above` holds the prices
    of a whole request whose prompt is longer than `above_tokens`. `ends` is the day the provider retires the model.
    """

    input: int
    output: int
    cached_input: int | None = None
    cache_write: int | None = None
    above_tokens: int | None = None
    above: "Price | None" = None
    ends: date | None = None

    @classmethod
    def per_mtok(cls, *, input: Amount, output: Amount, cached_input: Amount | None = None) -> Self:  # noqa: A002
        """Return a price from USD per million tokens, as contracts state it."""
        return cls(
            input=_pico_usd(input),
            output=_pico_usd(output),
            cached_input=None if cached_input is None else _pico_usd(cached_input),
        )

    def of(self, usage: Usage) -> Money | None:
        """Return the cost of a call, rounded half up to a nano-USD; None where the usage is unknown or impossible."""
        prompt, completion = usage.prompt_tokens, usage.completion_tokens
        if prompt is None or completion is None:
            return None
        cached, written = usage.cached_tokens, usage.cache_write_tokens
        fresh = prompt - cached - written
        if min(fresh, cached, written, completion) < 0:
            return None
        price = self.above if self.above is not None and prompt > (self.above_tokens or 0) else self
        pico_usd = (
            fresh * price.input
            + cached * _first(price.cached_input, price.input)
            + written * _first(price.cache_write, price.input)
            + completion * price.output
        )
        return Money((pico_usd + _PICO_PER_NANO // 2) // _PICO_PER_NANO)


class PriceList:
    """Prices by model, named as litellm names them: `provider/model`. `version` tells one list from another."""

    def __init__(self, prices: Mapping[str, Price], *, version: str) -> None:
        self._prices = dict(prices)
        self.version = version

    def get(self, model: str) -> Price | None:
        """Return a model's price, None where it is unknown."""
        return self._prices.get(model)


@cache
def load() -> PriceList:
    """Return the packaged snapshot; it is read once, from the package alone."""
    text = resources.files("gateway.money").joinpath("prices.json").read_text(encoding="utf-8")
    snapshot = json.loads(text)
    prices = {model: _listed(row) for model, row in snapshot["models"].items()}
    return PriceList(prices, version=f"{snapshot['date']}-{_digest(text)}")


# Any: a row of our own JSON file, which the tests check.
def _listed(row: Mapping[str, Any]) -> Price:
    above = row.get("above")
    return Price(
        input=row["input"],
        output=row["output"],
        cached_input=row.get("cached_input"),
        cache_write=row.get("cache_write"),
        above_tokens=above and above["prompt_tokens"],
        above=above and _listed(above),
        ends=date.fromisoformat(row["ends"]) if "ends" in row else None,
    )


@lru_cache(maxsize=256)
def _pico_usd(usd_per_mtok: Amount) -> int:
    with suppress(InvalidOperation):
        amount = Decimal(str(usd_per_mtok))
        if 0 <= amount <= _MOST_USD_PER_MTOK:
            return int((amount * _PICO_PER_TOKEN).to_integral_value(rounding=ROUND_HALF_UP))
    raise ConfigurationError(f"{usd_per_mtok!r} is no price in USD per million tokens")


def _first(price: int | None, otherwise: int) -> int:
    return otherwise if price is None else price


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
