"""One model's prices as a page for people, and as a record for programs: USD per million tokens."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from gateway.cli.console import Side
from gateway.money.listing import RATES, Listing, Rate
from gateway.money.outlook import brief, outlook
from gateway.money.overrides import SOURCE
from gateway.money.price import BILLED_AS, Price, Rates, usd_per_mtok
from gateway.money.prices import PriceList
from gateway.types import Usage

COLUMNS: dict[str, Side] = {
    "model": "fold",
    "input": "right",
    "cached": "right",
    "output": "right",
    "ends": "left",
    "source": "left",
}
_KINDS = {
    "input": "input",
    "cache_read": "input from a cache",
    "cache_write_5m": "kept for 5 minutes",
    "cache_write_1h": "kept for an hour",
    "audio_input": "audio in",
    "image_input": "images in",
    "output": "output",
    "reasoning": "reasoning",
    "audio_output": "audio out",
}
# What a customer of a help desk asks, and what he is told.
_CALL = Usage(prompt_tokens=2_400, completion_tokens=500)
_MOST_HOSTS = 6
_UNKNOWN = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A table, or facts."""

    columns: Mapping[str, Side] = field(default_factory=dict)
    rows: Sequence[Sequence[object]] = ()
    facts: Mapping[str, Sequence[str]] = field(default_factory=dict)


def row_of(prices: PriceList, model: str, at: datetime) -> Sequence[object]:
    """Return a model's row of a table of many."""
    listing, price = prices.listing(model), prices.get(model, at)
    if listing is None or price is None:
        return (model, *(["unknown"] * 3), "", "")
    return (model, *map(_usd, price.rates[:2]), _usd(price.output), price.ends or "", listing.source)


def described(prices: PriceList) -> str:
    """Return which list the prices are of."""
    return f"USD per million tokens, by price list {prices.version} with {len(prices):,} models"


def page(prices: PriceList, listing: Listing, at: datetime) -> Iterator[Block]:
    """Give the page of a model of a list."""
    rates = {rate: price for rate in RATES if (price := listing.at(at, rate)) is not None}
    yield Block(columns={listing.model: "left", **dict.fromkeys(rates, "right")}, rows=list(_price_rows(rates)))
    yield Block(facts={name: lines for name, lines in _facts(prices, listing, at).items() if lines})
    offers = list(_offers(prices, listing, at))
    if offers:
        heads: dict[str, Side] = {f"hosts of {listing.weights}": "fold", "input": "right", "output": "right"}
        yield Block(columns={**heads, "ends": "left"}, rows=offers[:_MOST_HOSTS])


def record(prices: PriceList, model: str, at: datetime) -> dict[str, Any]:
    """Return what is known of a model, for programs."""
    listing = prices.listing(model)
    known = {rate: price for rate in RATES if listing and (price := listing.at(at, rate))}
    return {
        "model": model,
        "at": at.astimezone(UTC).isoformat(),
        "price_version": prices.version,
        "usd_per_million_tokens": {rate: _record(price) for rate, price in known.items()} or None,
        "ends": listing and listing.ends and listing.ends.isoformat(),
        "changes": [
            {"on": event.on.isoformat(), "what": event.what} for event in outlook(prices, [model], since=at.date())
        ],
        "source": listing and listing.source,
        "checked": listing and listing.checked and listing.checked.isoformat(),
        "weights": listing and listing.weights,
        "alias_of": listing and listing.alias,
        "also": listing and listing.also,
    }


def _record(price: Price) -> dict[str, Any]:
    tiers = [{"above_tokens": tier.above, **_by_kind(tier.rates)} for tier in price.tiers]
    request = {"usd_per_request": price.request / 1e12} if price.request else {}
    return {**_by_kind(price.rates), **request, **({"tiers": tiers} if tiers else {})}


def _by_kind(rates: Rates) -> dict[str, float]:
    return {kind: float(usd_per_mtok(rate)) for kind, rate in rates._asdict().items()}


def _price_rows(prices: Mapping[Rate, Price]) -> Iterator[Sequence[str]]:
    kinds = [kind for kind in Rates._fields if any(_is_its_own(price, kind) for price in prices.values())]
    for kind in kinds:
        yield _KINDS[kind], *(_usd(getattr(price.rates, kind)) for price in prices.values())
    if any(price.request for price in prices.values()):
        yield "USD a call", *(f"{price.request / 1e12:g}" for price in prices.values())
    for above in sorted({tier.above for price in prices.values() for tier in price.tiers}):
        yield f"prompt above {above:,} tokens:", *([""] * len(prices))
        for kind in kinds:
            rates = [price.rates_for(above + 1) for price in prices.values()]
            yield f"  {_KINDS[kind]}", *(_usd(getattr(of, kind)) for of in rates)


def _is_its_own(price: Price, kind: str) -> bool:
    """Whether a kind of token has another price than what it is a part of."""
    return kind not in BILLED_AS or getattr(price.rates, kind) != getattr(price.rates, BILLED_AS[kind])


def _facts(prices: PriceList, listing: Listing, at: datetime) -> dict[str, list[str]]:
    price = listing.at(at)
    cost = price and price.of(_CALL)
    prompt, answer = f"{_CALL.prompt_tokens:,}", f"{_CALL.completion_tokens:,}"
    return {
        "a call": [f"{cost} for {prompt} tokens in and {answer} out, {at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"]
        if cost
        else [],
        "history": list(_history(listing)),
        "hours": list(_hours(listing)),
        "changes": [
            f"{event.on}: {brief(event.new)}"
            for event in outlook(prices, [listing.model], since=at.date())
            if not event.ends
        ],
        "ends": [_end(listing.ends, at.date())] if listing.ends else [],
        "another name": [f"of {listing.alias}"] if listing.alias else [],
        "source": [_source(prices, listing)],
        "in doubt": [f"{listing.also} (input/output) by another source"] if listing.also else [],
    }


def _source(prices: PriceList, listing: Listing) -> str:
    checked = f", of {listing.checked}" if listing.checked and listing.source != SOURCE else ""
    return f"{listing.source or 'unknown'}{checked}, list {prices.version}"


def _history(listing: Listing) -> Iterator[str]:
    for price in listing.prices.get("standard", ()):
        if price.hours is None and (price.valid_from or price.valid_to):
            yield f"{price.valid_from or '...'} to {price.valid_to or '...'}: {brief(price)}"


def _hours(listing: Listing) -> Iterator[str]:
    for price in listing.prices.get("standard", ()):
        if price.hours is not None:
            yield f"{price.hours[0]:%H:%M} to {price.hours[1]:%H:%M} UTC: {brief(price)}"


def _end(ends: date, today: date) -> str:
    days = (ends - today).days
    return f"{ends}, in {days:,} days" if days > 0 else f"{ends}: the provider has retired it"


def _offers(prices: PriceList, listing: Listing, at: datetime) -> Iterator[Sequence[object]]:
    if listing.weights is None:
        return
    offers = [(cost, host, price) for host in prices.hosts(listing.weights) for cost, price in _bill(prices, host, at)]
    for _, host, price in sorted(offers, key=lambda offer: (offer[0], offer[1])):
        yield host, _usd(price.input), _usd(price.output), price.ends or ""


def _bill(prices: PriceList, model: str, at: datetime) -> Iterator[tuple[int, Price]]:
    price = prices.get(model, at)
    cost = price and price.of(_CALL)
    if price and cost and not (price.ends and price.ends <= at.date()):
        yield cost.nano_usd, price


def _usd(pico: int) -> str:
    return f"{usd_per_mtok(pico).normalize():f}"
