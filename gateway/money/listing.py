"""Everything a price list knows of one model: its prices through time and at each rate. Rows are its form in a file.

A row holds what is stated, and nothing else: which kind is billed as which is reckoned when the row is read, so that
an override of one price never loses another.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any, Literal, cast, get_args

from gateway.money.price import REQUEST, Price, Rates, Tier

Rate = Literal["standard", "batch", "flex", "priority"]
RATES: tuple[Rate, ...] = get_args(Rate)

KINDS = Rates._fields
# What a period may hold beside its prices.
_WHEN = ("from", "to", "hours", "tiers", REQUEST)
# A row of a price list's JSON; `parse` says what is wrong with it.
Row = Mapping[str, Any]
Period = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One model: `prices` by rate, a later one before an earlier one where both hold.

    `weights` names the open weights that it serves. `also` is what another source says, where they differ.
    `alias` is the name of the model that this one is another name of.
    """

    model: str
    prices: Mapping[Rate, tuple[Price, ...]]
    ends: date | None = None
    source: str = ""
    checked: date | None = None
    weights: str | None = None
    also: str | None = None
    alias: str | None = None
    kind: str = "chat"

    def at(self, at: datetime, rate: Rate = "standard") -> Price | None:
        """Return the price at a time, None where none is known."""
        prices = self.prices.get(rate, ())
        return next((price for price in reversed(prices) if price.holds(at)), None)

    def days(self, after: date) -> Sequence[date]:
        """Return the later days on which a price begins, or is over."""
        prices = self.prices.get("standard", ())
        days = {price.valid_from for price in prices} | {
            price.valid_to + timedelta(days=1) for price in prices if price.valid_to
        }
        return sorted(day for day in days if day is not None and day > after)


def parse(model: str, row: Row, *, checked: date | None, source: str = "") -> Listing:
    """Read a row; raises `ValueError`, `TypeError` or `LookupError` where it is none."""
    ends = _day(row.get("ends"))
    source = str(row.get("source", source))
    return Listing(
        model=model,
        prices={
            rate: _prices(periods_of(row, rate), ends=ends, source=source, checked=checked)
            for rate in RATES
            if periods_of(row, rate)
        },
        ends=ends,
        source=source,
        checked=checked,
        weights=row.get("weights"),
        also=row.get("also"),
        alias=row.get("as"),
        kind=str(row.get("kind", "chat")),
    )


def periods_of(row: Row, rate: Rate) -> Sequence[Period]:
    """Return the periods of a row at a rate, a later one last."""
    periods = row.get("periods", row if "input" in row else ()) if rate == "standard" else row.get(rate, ())
    listed = (periods,) if isinstance(periods, Mapping) else periods
    return [{key: period[key] for key in (*KINDS, *_WHEN) if key in period} for period in listed]


def _prices(periods: Sequence[Period], *, ends: date | None, source: str, checked: date | None) -> tuple[Price, ...]:
    last = _last_days(periods)
    return tuple(
        Price(
            rates=Rates.of(_stated(period)),
            tiers=tuple(_tiers(period)),
            request=_whole(period.get(REQUEST, 0)),
            valid_from=_day(period.get("from")),
            valid_to=_day(period.get("to")) or (None if "hours" in period else last.get(period.get("from"))),
            hours=_hours(period.get("hours")),
            ends=ends,
            source=source,
            checked=checked,
        )
        for period in periods
    )


def _last_days(periods: Sequence[Period]) -> dict[str | None, date]:
    """Return on which day a price ends that says only when it began: before the next one that does."""
    starts = {period.get("from") for period in periods if "to" not in period and "hours" not in period}
    ordered = sorted(starts, key=lambda start: start or "")
    return {earlier: date.fromisoformat(later) - timedelta(days=1) for earlier, later in pairwise(ordered) if later}


def _tiers(period: Period) -> Iterator[Tier]:
    stated = _stated(period)
    for tier in sorted(period.get("tiers", ()), key=lambda tier: int(tier["above"])):
        stated = {**stated, **_stated(tier)}
        yield Tier(above=int(tier["above"]), rates=Rates.of(stated))


def _stated(period: Period) -> dict[str, int]:
    return {kind: _whole(period[kind]) for kind in KINDS if kind in period}


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{value!r} is no whole number of pico-USD")
    return value


def _day(value: object) -> date | None:
    return None if value is None else date.fromisoformat(str(value))


def _hours(value: object) -> tuple[time, time] | None:
    if value is None:
        return None
    start, end = cast("Sequence[str]", value)
    return time.fromisoformat(start), time.fromisoformat(end)
