"""What a call costs by a price: exact integers of pico-USD (10^-12 USD), rounded once to nano-USD.

Every token has one kind and one price. A kind without a price of its own is billed as what it is a part of: cached
and written tokens, audio and images as input, thinking and speech as output. A usage that is not known, or that
contradicts itself, has no cost, which is not a cost of 0.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from operator import mul
from typing import NamedTuple, Self

from gateway.errors import ConfigurationError
from gateway.money.tokens import Tokens
from gateway.types import Money, Usage

Amount = Decimal | float | str

# One USD per million tokens is a millionth of a USD, 10^6 pico-USD, for each token.
PICO_PER_MTOK = 10**6
PICO_PER_USD = 10**12
PICO_PER_NANO = 1000
MOST_USD_PER_MTOK = 10**6

# A kind without a price of its own is billed as the one behind it.
BILLED_AS: Mapping[str, str] = {
    "cache_read": "input",
    "cache_write_5m": "input",
    "cache_write_1h": "cache_write_5m",
    "audio_input": "input",
    "image_input": "input",
    "reasoning": "output",
    "audio_output": "output",
}
REQUEST = "request"


class Rates(NamedTuple):
    """Pico-USD a token, by kind: the kinds of `Tokens` in their order."""

    input: int
    cache_read: int
    cache_write_5m: int
    cache_write_1h: int
    audio_input: int
    image_input: int
    output: int
    reasoning: int
    audio_output: int

    @classmethod
    def of(cls, stated: Mapping[str, int]) -> Self:
        """Return the rates where some kinds have a price; `input` and `output` must."""
        full = dict(stated)
        for kind, whole in BILLED_AS.items():
            full.setdefault(kind, full[whole])
        return cls(*(full[kind] for kind in cls._fields))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """The rates of a whole request whose prompt is longer than `above` tokens."""

    above: int
    rates: Rates


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What a model costs, and when: `valid_from` to `valid_to`, both days included, in UTC.

    `tiers` stand in the order of their lengths. `request` is pico-USD a call. `hours` are those of a day in UTC, the
    end left out. `ends` is the day on which the provider retires the model, `source` who says all this, `checked` when.
    """

    rates: Rates
    tiers: tuple[Tier, ...] = ()
    request: int = 0
    valid_from: date | None = None
    valid_to: date | None = None
    hours: tuple[time, time] | None = None
    ends: date | None = None
    source: str = ""
    checked: date | None = None

    @classmethod
    def per_mtok(cls, *, input: Amount, output: Amount, cached_input: Amount | None = None) -> Self:  # noqa: A002
        """Return a price from USD per million tokens, as contracts state it."""
        stated = {"input": pico(input), "output": pico(output)}
        return cls(rates=Rates.of(stated if cached_input is None else {**stated, "cache_read": pico(cached_input)}))

    @property
    def input(self) -> int:
        """Pico-USD for a token of a short prompt."""
        return self.rates.input

    @property
    def output(self) -> int:
        """Pico-USD for a token of an answer to a short prompt."""
        return self.rates.output

    @property
    def cached_input(self) -> int:
        """Pico-USD for a token of a short prompt that a cache knew."""
        return self.rates.cache_read

    def rates_for(self, prompt_tokens: int) -> Rates:
        """Return the rates of a whole request with a prompt of that length."""
        rates = self.rates
        for tier in self.tiers:
            if prompt_tokens <= tier.above:
                break
            rates = tier.rates
        return rates

    def of(self, usage: Usage) -> Money | None:
        """Return the cost of a call, rounded half up to a nano-USD; None where the usage is unknown or impossible."""
        tokens = Tokens.of(usage)
        return None if tokens is None else Money(self.nano_usd(tokens))

    def nano_usd(self, tokens: Tokens) -> int:
        """Return the cost of a call in nano-USD, rounded half up: for who asks many prices about the same tokens."""
        rates = self.rates_for(tokens.prompt) if self.tiers else self.rates
        cost: int = sum(map(mul, tokens, rates)) + self.request
        return (cost + PICO_PER_NANO // 2) // PICO_PER_NANO

    def parts(self, usage: Usage) -> dict[str, int] | None:
        """Return what each kind of token and the call itself cost, in pico-USD: `of` rounds their sum. Else None."""
        tokens = Tokens.of(usage)
        if tokens is None:
            return None
        rates = self.rates_for(usage.prompt_tokens or 0)
        costs = {kind: tokens[index] * rates[index] for index, kind in enumerate(Tokens._fields) if tokens[index]}
        return costs | {REQUEST: self.request} if self.request else costs

    def holds(self, at: datetime) -> bool:
        """Whether this is the price at a time."""
        if self.valid_from is None and self.valid_to is None and self.hours is None:
            return True
        at = at.astimezone(UTC)
        day = at.date()
        if (self.valid_from and day < self.valid_from) or (self.valid_to and day > self.valid_to):
            return False
        if self.hours is None:
            return True
        start, end = self.hours
        now = at.time()
        return start <= now < end if start <= end else now >= start or now < end


@lru_cache(maxsize=1024)
def pico(usd_per_mtok: Amount) -> int:
    """Return USD per million tokens as pico-USD a token; raises `ConfigurationError` for what is no price."""
    with suppress(InvalidOperation):
        amount = Decimal(str(usd_per_mtok))
        if 0 <= amount <= MOST_USD_PER_MTOK:
            return int((amount * PICO_PER_MTOK).to_integral_value(rounding=ROUND_HALF_UP))
    raise ConfigurationError(f"{usd_per_mtok!r} is no price in USD per million tokens")


def usd_per_mtok(pico_usd: int) -> Decimal:
    """Return pico-USD a token as USD per million tokens, exact."""
    return Decimal(pico_usd).scaleb(-6)
