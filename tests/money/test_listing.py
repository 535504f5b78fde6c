"""Rows of a price list: prices through time, at each rate, read from what is stated alone."""

from datetime import UTC, date, datetime, time
from typing import Any

import pytest

from gateway.money.listing import Listing, parse
from gateway.money.price import Rates


def listing(row: dict[str, Any]) -> Listing:
    return parse("a/b", row, checked=date(2026, 11, 23), source="somebody")


def at(day: str, hour: int = 12) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(hour), UTC)


HISTORY = {
    "periods": [
        {"input": 1, "output": 1},
        {"from": "2026-03-01", "input": 2, "output": 2},
        {"from": "2026-09-01", "to": "2026-09-30", "input": 3, "output": 3},
        {"hours": ["01:00", "04:00"], "input": 4, "output": 4},
    ]
}


@pytest.mark.parametrize(
    ("day", "hour", "price"),
    [("2026-02-28", 12, 1), ("2026-03-01", 12, 2), ("2026-09-01", 12, 3), ("2026-10-01", 12, 2), ("2026-10-01", 1, 4)],
)
def test_a_later_price_stands_before_an_earlier_one(day: str, hour: int, price: int) -> None:
    """Until it is over, and then the earlier one stands again."""
    found = listing(HISTORY).at(at(day, hour))

    assert found is not None
    assert found.input == price


def test_a_price_without_an_end_ends_before_the_next_one() -> None:
    """So that a page can say from when to when it held."""
    held = [(price.valid_from, price.valid_to, price.hours) for price in listing(HISTORY).prices["standard"]]

    assert held == [
        (None, date(2026, 2, 28), None),
        (date(2026, 3, 1), None, None),
        (date(2026, 9, 1), date(2026, 9, 30), None),
        (None, None, (time(1), time(4))),
    ]


def test_a_tier_goes_on_from_the_one_below_it() -> None:
    """What it does not state stays, also where it is billed as something else."""
    tiers = [{"above": 200, "output": 9}, {"above": 100, "input": 5}]

    found = listing({"input": 1, "output": 2, "cache_read": 1, "tiers": tiers}).at(at("2026-11-23"))

    assert found is not None
    assert [(tier.above, tier.rates.input, tier.rates.cache_read, tier.rates.output) for tier in found.tiers] == [
        (100, 5, 1, 2),
        (200, 5, 1, 9),
    ]
    assert found.tiers[1].rates.reasoning == 9


def test_a_row_says_all_that_is_known_of_a_model() -> None:
    """Its end, who says so and when, and what it serves."""
    row = {"input": 1, "output": 2, "request": 7, "ends": "2027-01-31", "weights": "w", "also": "x 1/2", "kind": "chat"}

    found = listing({**row, "batch": {"input": 1, "output": 1}})

    price = found.at(at("2026-11-23"))
    assert price is not None
    assert (price.rates, price.request, price.ends) == (Rates.of({"input": 1, "output": 2}), 7, date(2027, 1, 31))
    assert (price.source, price.checked) == ("somebody", date(2026, 11, 23))
    assert (found.weights, found.also, found.kind, found.alias) == ("w", "x 1/2", "chat", None)
    assert found.at(at("2026-11-23"), "batch") is not None
    assert found.at(at("2026-11-23"), "flex") is None


def test_days_of_change_are_those_on_which_a_price_begins_or_is_over() -> None:
    """In their order, and only later ones."""
    assert listing(HISTORY).days(date(2026, 2, 28)) == [date(2026, 3, 1), date(2026, 9, 1), date(2026, 10, 1)]
    assert listing(HISTORY).days(date(2026, 9, 1)) == [date(2026, 10, 1)]


@pytest.mark.parametrize(
    "row",
    [
        {"input": 1},
        {"input": -1, "output": 1},
        {"input": 0.5, "output": 1},
        {"input": True, "output": 1},
        {"input": 1, "output": 1, "ends": "soon"},
        {"input": 1, "output": 1, "hours": ["1", "25:00"]},
        {"input": 1, "output": 1, "tiers": [{"input": 1}]},
        {"input": 1, "output": 1, "tiers": 7},
        {"periods": 7},
    ],
)
def test_a_row_that_is_none_is_refused(row: dict[str, Any]) -> None:
    """By an error of Python's, which the reader of the file puts into words."""
    with pytest.raises((ValueError, TypeError, LookupError)):
        listing(row)
