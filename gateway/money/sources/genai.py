"""The prices of the genai-prices package, read from what is installed: with their history and their hours of the day.

What a usage cannot count is no price here: searches, pages, seconds. A model that is billed by those alone, or for
images and videos that it makes, is left out.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from gateway.errors import ConfigurationError
from gateway.money.listing import Rate, Row
from gateway.money.price import PICO_PER_MTOK, PICO_PER_USD, REQUEST
from gateway.money.sources.providers import Provider, with_genai

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, ModelPrice

_FIELDS: Mapping[str, str] = {
    "input_mtok": "input",
    "cache_read_mtok": "cache_read",
    "cache_write_mtok": "cache_write_5m",
    "cache_write_1h_mtok": "cache_write_1h",
    "input_audio_mtok": "audio_input",
    "input_image_mtok": "image_input",
    "output_mtok": "output",
    "output_reasoning_mtok": "reasoning",
    "output_audio_mtok": "audio_output",
}
# Beside the tokens, or of a kind that a usage does not tell from its whole: billed as what is there.
_PASSED_OVER = frozenset(
    {"web_searches_kcount", "storage_searches_kcount", "cache_audio_read_mtok", "cache_image_read_mtok"}
)
_PER_CALL = "requests_kcount"
_CALLS = 1000
_CONTEXTS: Mapping[Rate, dict[str, str]] = {
    "batch": {"processing": "batch"},
    "flex": {"service_tier": "flex"},
    "priority": {"service_tier": "priority"},
}
_FREE = "Free of charge"
# Before anything is dated.
_EVER = date(2000, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Genai:
    """What the package has: rows by our names, and a look-up of other names."""

    version: str
    rows: Mapping[str, Row]
    # By provider: a name that may be another one of a model, to the model's name in `rows`.
    known: Mapping[str, Callable[[str], str | None]] = field(repr=False)


def read() -> Genai:
    """Return what the installed package has; raises `ConfigurationError` where there is none."""
    try:
        from genai_prices.data import providers  # noqa: PLC0415 - a second of work, and not always installed
    except ImportError:
        raise ConfigurationError(
            "genai-prices is not installed, and the price list is made of it; install hybrid-gateway[prices]"
        ) from None
    by_id = {provider.id: provider for provider in providers}
    rows: dict[str, Row] = {}
    known: dict[str, Callable[[str], str | None]] = {}
    for provider in with_genai():
        found = by_id[str(provider.genai)]
        for model in found.models:
            if not re.fullmatch(provider.only, model.id):
                continue
            row = row_of(model)
            if row is not None:
                rows[name_of(provider, model.id)] = row
        if not provider.exact:
            known[provider.name] = _look_up(provider, found, rows)
    return Genai(version=version("genai-prices"), rows=rows, known=known)


def name_of(provider: Provider, model: str) -> str:
    """Return a model's name in the list by its name at genai-prices."""
    inside = "" if "/" in model else provider.inside
    return f"{provider.name}/{inside}{model}"


# The package's provider; its look-up gives the model or None.
def _look_up(provider: Provider, found: Any, rows: Mapping[str, Row]) -> Callable[[str], str | None]:
    def look_up(model: str) -> str | None:
        known = found.find_model(model)
        name = None if known is None else name_of(provider, known.id)
        return name if name in rows else None

    return look_up


def row_of(model: "ModelInfo") -> Row | None:
    """Return a model's row; None where it has no price, or none that a usage can tell."""
    periods = list(_periods(model))
    stated = [{**when, **period} for when, period in periods if period is not None]
    if len(stated) < len(periods) or not all("input" in period for period in stated):
        is_free = not any(stated) and _FREE in str(model.price_comments)
        return {"free": True, "input": 0, "output": 0} if is_free else None
    embeds = not any("output" in period for period in stated)
    row: dict[str, Any] = {"kind": "embedding"} if embeds else {}
    stated = [{**period, **({} if "output" in period else {"output": 0})} for period in stated]
    row |= stated[0] if len(stated) == 1 else {"periods": stated}
    return row | dict(_rates(model, {"output": 0} if embeds else {}))


def _periods(model: "ModelInfo") -> Iterator[tuple[dict[str, Any], dict[str, Any] | None]]:
    """Give when each price holds, and the price; None for one that a usage cannot tell."""
    if not isinstance(model.prices, list):
        yield {}, _stated(model.prices)
        return
    for number, conditional in enumerate(model.prices):
        yield (_when(conditional.constraint) if number else {}), _stated(conditional.prices)


def _when(constraint: object) -> dict[str, Any]:
    start = getattr(constraint, "start_date", None)
    if isinstance(start, date):
        return {"from": start.isoformat()}
    hours = [getattr(constraint, name, None) for name in ("start_time", "end_time")]
    return {"hours": [_utc(hour).isoformat("minutes") for hour in hours if isinstance(hour, time)]}


def _utc(hour: time) -> time:
    aware = hour if hour.tzinfo else hour.replace(tzinfo=UTC)
    return datetime.combine(date(2000, 1, 2), aware).astimezone(UTC).time()


def _rates(model: "ModelInfo", missing: dict[str, Any]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Give the rates that are not the standard one, from the day that each is known from."""
    for rate, context in _CONTEXTS.items():
        variants = [variant for variant in model.price_variants or () if variant.when == context]
        if not variants:
            continue
        days = {getattr(variant.constraint, "start_date", _EVER) for variant in variants}
        starts = sorted(day for day in {*days, *_standard_days(model)} if day >= min(days))
        yield rate, [_rate(model, start, context, missing) for start in starts]


def _rate(model: "ModelInfo", start: date, context: dict[str, str], missing: dict[str, Any]) -> dict[str, Any]:
    price = model.get_prices(datetime.combine(start, time(12), UTC), context)
    since: dict[str, Any] = {} if start == _EVER else {"from": start.isoformat()}
    return since | missing | (_stated(price) or {})


def _standard_days(model: "ModelInfo") -> Sequence[date]:
    conditionals = model.prices if isinstance(model.prices, list) else ()
    days = (getattr(conditional.constraint, "start_date", None) for conditional in conditionals)
    return [day for day in days if isinstance(day, date)]


def _stated(price: "ModelPrice") -> dict[str, Any] | None:
    """Return a price as a period states it; None where a usage does not count what is billed."""
    stated: dict[str, Any] = {}
    tiers: dict[int, dict[str, int]] = {}
    for key, value in price.__dict__.items():
        if value is None or key in _PASSED_OVER:
            continue
        if key == _PER_CALL:
            stated[REQUEST] = _whole(value * PICO_PER_USD / _CALLS)
            continue
        kind = _FIELDS.get(key)
        if kind is None:
            return None
        stated[kind] = _whole(getattr(value, "base", value) * PICO_PER_MTOK)
        for tier in getattr(value, "tiers", ()):
            tiers.setdefault(tier.start, {})[kind] = _whole(tier.price * PICO_PER_MTOK)
    if tiers:
        stated["tiers"] = [{"above": above, **tiers[above]} for above in sorted(tiers)]
    return stated


def _whole(pico: Decimal) -> int:
    return int(pico.to_integral_value(ROUND_HALF_UP))
