"""What the price list foretells of models: the day on which one is withdrawn, or costs something else. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from gateway.money.price import Price, usd_per_mtok
from gateway.money.prices import PriceList


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """On a day a model is withdrawn (`ends`), or its price is `new`: None where none is known from then on."""

    model: str
    on: date
    ends: bool = False
    old: Price | None = None
    new: Price | None = None

    @property
    def what(self) -> str:
        """What happens, as a sentence goes on after the model's name."""
        if self.ends:
            return f"ends on {self.on}"
        before = f" (before: {brief(self.old)})" if self.old else ""
        if self.new is None:
            return f"has no price from {self.on}{before}"
        return f"costs {brief(self.new)} USD per million tokens from {self.on}{before}"


def outlook(
    prices: PriceList, models: Iterable[str], *, since: date | None = None, days: int | None = None
) -> Iterator[Event]:
    """Give what happens to models after a day, in its order; `days` says how far to look.

    Unset, `since` is the day of the list, and what has ended before it is told too: nobody should go on with it.
    """
    start = since or prices.date or date.min
    last = date.max if days is None else start + timedelta(days=days)
    events = [event for model in models for event in _events(prices, model, start)]
    yield from sorted((event for event in events if event.on <= last), key=lambda event: (event.on, event.model))


def brief(price: Price | None) -> str:
    """Return a price as people say it: input and output in USD per million tokens."""
    if price is None:
        return "unknown"
    return f"{usd_per_mtok(price.input).normalize():f}/{usd_per_mtok(price.output).normalize():f}"


def _events(prices: PriceList, model: str, after: date) -> Iterator[Event]:
    listing = prices.listing(model)
    if listing is None:
        return
    old = listing.at(_noon(after))
    for day in listing.days(after):
        new = listing.at(_noon(day))
        if _rates(new) != _rates(old):
            yield Event(model=model, on=day, old=old, new=new)
            old = new
    if listing.ends is not None:
        yield Event(model=model, on=listing.ends, ends=True)


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)


def _rates(price: Price | None) -> tuple[object, ...]:
    return () if price is None else (price.rates, price.tiers, price.request)
