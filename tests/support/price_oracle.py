"""genai-prices beside our price list: the same call at the same time, by both."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random

from genai_prices.data import providers
from genai_prices.types import ModelInfo, ModelPrice, PriceContext, Provider, TieredPrices
from genai_prices.types import Usage as TheirUsage

from gateway.money.listing import Rate
from gateway.money.prices import PriceList
from gateway.money.sources.exceptions import LITELLM_IS_RIGHT
from gateway.money.sources.genai import name_of
from gateway.money.sources.providers import with_genai
from gateway.money.tokens import Tokens
from gateway.types import Usage

# What is deliberately different, and why.
DIFFERENT = {
    **LITELLM_IS_RIGHT,
    "deepseek/deepseek-r1": "another name of deepseek/deepseek-reasoner",
}
CONTEXTS: dict[Rate, PriceContext] = {
    "batch": {"processing": "batch"},
    "flex": {"service_tier": "flex"},
    "priority": {"service_tier": "priority"},
}
_COUNTED = {
    *("input_mtok", "cache_read_mtok", "cache_write_mtok", "cache_write_1h_mtok", "input_audio_mtok"),
    *("output_mtok", "output_reasoning_mtok", "output_audio_mtok", "requests_kcount"),
    *("web_searches_kcount", "storage_searches_kcount", "cache_audio_read_mtok", "cache_image_read_mtok"),
    "input_image_mtok",
}
_THEIRS = {provider.id: provider for provider in providers}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """A model that both know, by our name."""

    name: str
    model: ModelInfo
    provider: Provider

    def theirs(self, usage: Usage, at: datetime, *, rate: Rate = "standard") -> Decimal:
        """Return their cost in USD."""
        kinds = Tokens.of(usage)
        assert kinds is not None
        counted = TheirUsage(
            input_tokens=kinds.prompt,
            output_tokens=kinds.completion,
            cache_read_tokens=kinds.cache_read,
            cache_write_tokens=usage.cache_write_tokens,
            cache_write_1h_tokens=kinds.cache_write_1h,
            input_audio_tokens=kinds.audio_input,
            output_audio_tokens=kinds.audio_output,
            output_reasoning_tokens=kinds.reasoning,
            # They tell cached audio from cached text, and a usage of ours does not.
            cache_audio_read_tokens=0,
            cache_image_read_tokens=0,
        )
        context = CONTEXTS.get(rate)
        return self.model.calc_price(
            counted, self.provider, genai_request_timestamp=at, price_context=context
        ).total_price

    @property
    def days(self) -> list[date]:
        """The days on which the price changes."""
        conditionals = self.model.prices if isinstance(self.model.prices, list) else []
        starts = (getattr(conditional.constraint, "start_date", None) for conditional in conditionals)
        return sorted({day for day in starts if isinstance(day, date)})

    @property
    def tiers(self) -> list[int]:
        """The lengths of prompts above which the prices are others."""
        tiered = (price for of in self._prices() for price in of.__dict__.values() if isinstance(price, TieredPrices))
        return sorted({tier.start for price in tiered for tier in price.tiers})

    @property
    def is_counted(self) -> bool:
        """Whether they bill tokens alone (and searches, which a call of ours has none of): not seconds or pages."""
        return all(key in _COUNTED for of in self._prices() for key, price in of.__dict__.items() if price is not None)

    @property
    def is_whole(self) -> bool:
        """Whether every price is a whole number of pico-USD a token, which ours are."""
        return all(price == round(price, 6) for of in self._prices() for price in _numbers(of))

    def moments(self, today: datetime) -> list[datetime]:
        """Return times of every price: today at night and in the day, and before and after each change."""
        noons = [datetime.combine(day, time(12), UTC) for day in self.days]
        around = [noon + timedelta(days=days) for noon in noons for days in (-1, 0)]
        return [today.replace(hour=2), today.replace(hour=20), *around]

    def _prices(self) -> Iterator[ModelPrice]:
        if isinstance(self.model.prices, list):
            yield from (conditional.prices for conditional in self.model.prices)
        else:
            yield self.model.prices
        yield from (variant.prices for variant in self.model.price_variants or ())


def shared(prices: PriceList) -> list[Shared]:
    """Return every model of the list that genai-prices knows, by its own name or by another."""
    found = []
    for ours in with_genai():
        theirs = _THEIRS[str(ours.genai)]
        exact = {name_of(ours, model.id): model for model in theirs.models}
        for name in prices:
            if name.startswith(f"{ours.name}/"):
                other = None if ours.exact else theirs.find_model(name.removeprefix(f"{ours.name}/"))
                model = exact.get(name) or other
                if model is not None:
                    found.append(Shared(name=name, model=model, provider=theirs))
    return [model for model in found if model.is_counted]


def usage(random: Random, *, prompt: int, kinds: tuple[str, ...]) -> Usage:
    """Return a random usage with a prompt of that length, and tokens of these kinds in it."""
    cuts = sorted(random.randint(0, prompt) for _ in range(4))
    read, written, hour, audio = (later - earlier for earlier, later in zip([0, *cuts], cuts, strict=False))
    completion = random.randint(0, 20_000)
    reasoning = random.randint(0, completion)
    return Usage(
        prompt_tokens=prompt,
        completion_tokens=completion,
        cached_tokens=read,
        cache_write_tokens=written + hour,
        cache_write_1h_tokens=hour,
        audio_tokens=audio if "audio_input" in kinds else 0,
        reasoning_tokens=reasoning,
        audio_output_tokens=random.randint(0, completion - reasoning) if "audio_output" in kinds else 0,
    )


def _numbers(of: ModelPrice) -> Iterator[Decimal]:
    for price in of.__dict__.values():
        if isinstance(price, TieredPrices):
            yield price.base
            yield from (tier.price for tier in price.tiers)
        elif isinstance(price, Decimal):
            yield price
