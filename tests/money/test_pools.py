"""What hardware costs: exact, used and idle apart, also where nobody used it."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gateway.money.pools import (
    HOURS_PER_MONTH,
    Period,
    Rates,
    absorbed,
    marginal,
    pool_cost,
    pool_hours,
    rates_of,
    usd_per_hour,
)
from gateway.money.rollups import CallSums
from gateway.money.split import rounded, split
from gateway.policy.money import EngineersPolicy, OwnedPolicy, PoolPolicy
from gateway.times import hour_of
from gateway.types import Money

DAWN = datetime(2026, 11, 23, tzinfo=UTC)
MONTH = Period(since=DAWN, until=DAWN + timedelta(hours=HOURS_PER_MONTH))
DAY = Period(since=DAWN, until=DAWN + timedelta(days=1))
CARDS = PoolPolicy(gpus=2, usd_per_gpu_hour=1.37)


def test_two_a100_for_a_month() -> None:
    """2 x 730 h x $1.37."""
    assert pool_cost("a", CARDS, MONTH, None).cost.usd == Fraction("2000.20")


def test_a_bought_card_is_written_off_and_fed() -> None:
    """$3,000, a fifth left after 36 months; 100 W idle, 600 W under load, 30 % loaded, $0.15 a kWh: $94.04 a month."""
    owned = OwnedPolicy(usd=3000, residual=0.2, months=36, idle_w=100, load_w=600, usd_per_kwh=0.15)
    pool = PoolPolicy(gpus=1, owned=owned, usable=1)
    work = Fraction(3, 10) * MONTH.microseconds

    assert f"{pool_cost('pc', pool, MONTH, work).cost.usd:.2f}" == "94.04"
    assert f"{float(usd_per_hour(pool)) * 730:.2f}" == "66.67"


def test_operations_and_colocation_are_hours_too() -> None:
    """What is paid by the month is spread over its 730 hours."""
    rented = PoolPolicy(gpus=1, usd_per_gpu_hour=0, operations_usd_per_month=730)
    owned = PoolPolicy(gpus=1, owned=OwnedPolicy(usd=0, months=1, colocation_usd_per_month=1460))

    assert [usd_per_hour(rented), usd_per_hour(owned)] == [Fraction(1), Fraction(2)]


def test_used_and_idle_are_the_whole() -> None:
    """13,664 GPU-seconds of two cards in a day."""
    found = pool_cost("a", CARDS, DAY, Fraction(13_664 * 10**6))

    assert found.used is not None
    assert found.idle is not None
    assert found.used + found.idle == found.cost
    assert found.load is not None
    assert round(found.load, 4) == 0.1581


def test_standby_cards_cost_and_take_no_work() -> None:
    """They are in the cost and not in what can be used."""
    with_one = pool_cost("a", PoolPolicy(gpus=3, standby=1, usd_per_gpu_hour=1), DAY, Fraction(DAY.microseconds))

    assert (with_one.cost, with_one.load) == (Money(72 * 10**9), 1.0)


def test_more_work_than_there_was_is_all_of_it() -> None:
    """Rates that are too high do not make the cards dearer; the load says so."""
    found = pool_cost("a", CARDS, DAY, Fraction(10 * DAY.microseconds))

    assert (found.used, found.idle) == (found.cost, Money(0))
    assert found.load is not None
    assert found.load > 1


def test_a_pool_costs_in_its_days_alone() -> None:
    """Rented from the second day on, given back on the third."""
    pool = PoolPolicy(gpus=1, usd_per_gpu_hour=1, since=date(2026, 11, 24), until=date(2026, 11, 25))

    assert pool_cost("a", pool, MONTH, None).cost == Money(24 * 10**9)
    assert pool_cost("a", pool, Period(since=DAWN, until=DAWN), None).cost == Money(0)
    assert pool_hours(pool_cost("a", pool, Period(since=DAWN, until=DAWN), None), pool, DAY, {}) == []


@given(
    st.integers(0, 90),
    st.integers(1, 2 * 10**11),
    st.lists(st.integers(0, 10**9), max_size=30),
)
def test_the_hours_of_a_pool_add_up(offset: int, length: int, work: list[int]) -> None:
    """Cost, used and idle part of the hours are those of the period, to the nano-USD."""
    period = Period(since=DAWN + timedelta(minutes=offset), until=DAWN + timedelta(minutes=offset, microseconds=length))
    by_hour = {hour_of(DAWN) + number: Fraction(value) for number, value in enumerate(work)}
    total = sum((by_hour.get(hour, Fraction(0)) for hour, _ in period.hours()), Fraction(0))

    found = pool_cost("a", CARDS, period, total)
    hours = pool_hours(found, CARDS, period, by_hour)

    assert sum(hour.cost.nano_usd for hour in hours) == found.cost.nano_usd
    assert sum(hour.used.nano_usd for hour in hours if hour.used) == (found.used or Money(0)).nano_usd
    assert sum(hour.idle.nano_usd for hour in hours if hour.idle) == (found.idle or Money(0)).nano_usd


def test_the_hours_of_an_unrated_pool_have_no_parts() -> None:
    """What was used is not known, and not nothing."""
    found = pool_cost("a", CARDS, DAY, None)

    assert {(hour.used, hour.idle) for hour in pool_hours(found, CARDS, DAY, {})} == {(None, None)}
    assert (found.used, found.idle, found.busy, found.load, found.gpu_s) == (None, None, None, None, None)


def test_rates_come_from_the_policy_else_from_the_table() -> None:
    """The policy's word wins; a card that nobody measured has none."""
    said = PoolPolicy(gpus=1, usd_per_gpu_hour=1, gpu="H100", input_us=1, output_us=2, cached_us=0.5)
    listed = PoolPolicy(gpus=1, usd_per_gpu_hour=1, gpu="H100")

    assert rates_of(said) == Rates(input_us=Fraction(1), output_us=Fraction(2), cached_us=Fraction(1, 2))
    assert rates_of(listed, "llama-3.1-8b") == Rates(input_us=Fraction("12.2"), output_us=Fraction("95.3"))
    assert rates_of(listed, "unheard-of") is None


def test_every_kind_of_token_takes_time() -> None:
    """Thinking takes as long as speaking; what the server had cached takes none, unless said."""
    rates = Rates(input_us=Fraction(1), output_us=Fraction(10))

    assert rates.gpu_us(CallSums(input=1, cache_write_5m=2, cache_read=100, output=3, reasoning=4)) == 73


def test_all_of_a_pool_is_charged_to_those_who_worked_on_it() -> None:
    """Absorbed cost adds up; a pool that nobody used is nobody's."""
    costs = [pool_cost(name, CARDS, DAY, Fraction(1)) for name in ("busy", "quiet")]

    shares = absorbed(costs, {"busy": {"a": Fraction(1), "b": Fraction(2)}})

    assert shares == {"a": 21_920_000_000, "b": 43_840_000_000}


def test_a_rented_card_costs_nothing_more() -> None:
    """It is paid for."""
    assert marginal(CARDS, Fraction(10**9)) == Money(0)


@given(st.integers(-(10**18), 10**18), st.lists(st.integers(0, 10**9), min_size=1, max_size=20))
def test_a_split_adds_up(amount: int, weights: list[int]) -> None:
    """No part is further than one from its share."""
    parts = split(amount, weights)

    assert sum(parts) == amount
    total = sum(weights)
    if total:
        assert all(abs(part - Fraction(amount * w, total)) < 1 for part, w in zip(parts, weights, strict=True))


def test_nothing_is_split_into_nothing() -> None:
    """Without weights there are no parts, and halves are rounded upwards."""
    assert (split(5, []), split(5, [0, 0]), rounded(Fraction(1, 2)), rounded(Fraction(-1, 2))) == ([], [3, 2], 1, 0)


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"gpus": 1}, "either usd_per_gpu_hour"),
        ({"gpus": 1, "usd_per_gpu_hour": 1, "standby": 1}, "standby is as many as gpus"),
        ({"gpus": 1, "usd_per_gpu_hour": 1, "input_us": 1}, "go together"),
        ({"gpus": 1, "usd_per_gpu_hour": 1, "since": "2026-11-02", "until": "2026-11-01"}, "until is not after since"),
        ({"gpus": 1, "owned": {"usd": 1, "months": 1, "idle_w": 2, "load_w": 1}}, "load_w is below idle_w"),
        ({"gpus": 1, "owned": {"usd": 1, "months": 1, "load_w": 1}}, "watts without usd_per_kwh"),
    ],
)
def test_a_pool_that_contradicts_itself_is_refused(fields: dict[str, object], what: str) -> None:
    """With what is wrong and what to do."""
    with pytest.raises(ValidationError, match=what):
        PoolPolicy.model_validate(fields)


@pytest.mark.parametrize("fields", [{}, {"fte": 1}, {"usd_per_month": 1, "fte": 1, "usd_per_fte_month": 1}])
def test_engineers_are_one_sum(fields: dict[str, float]) -> None:
    """Either what they cost, or how many at how much."""
    with pytest.raises(ValidationError, match="either usd_per_month, or fte"):
        EngineersPolicy.model_validate(fields)
