"""What a pool costs as time goes by: each part only grows, and together they are all of it."""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.money.meter import WINDOW_NS, CardTime, PoolMeter
from gateway.money.pools import Rates
from gateway.policy.money import PoolPolicy
from gateway.types import Money, Usage
from gateway.vitals import PoolReading

TODAY = date(2026, 11, 28)
SECOND = 10**9
CARD_SECOND = 10**12


def pool(**keys: Any) -> PoolPolicy:
    """Return one card at 3.60 USD an hour: 0.001 a second."""
    return PoolPolicy.model_validate({"gpus": 1, "usd_per_gpu_hour": 3.6, **keys})


def meter(of: PoolPolicy | None = None, *, rated: bool = True) -> PoolMeter:
    """Return the meter of a pool that begins at 0."""
    return PoolMeter(of or pool(), rated=rated, today=TODAY, now_ns=0)


def total(reading: PoolReading) -> int:
    """Return all parts together, in nano-USD."""
    return sum(cost.nano_usd for cost in reading.costs.values())


STEPS = st.lists(
    st.tuples(
        st.integers(0, 100 * SECOND),
        st.one_of(st.none(), st.integers(0, 200 * CARD_SECOND)),
    ),
    max_size=30,
)


@given(STEPS, st.integers(1, 4))
def test_no_part_ever_falls_and_together_they_are_the_cost(steps: Sequence[tuple[int, int | None]], gpus: int) -> None:
    """A counter that falls counts as one that began again: all that it had counted would be counted twice."""
    one, now_ns, before = meter(pool(gpus=gpus)), 0, {"used": Money(0), "idle": Money(0)}

    for passed_ns, card_ps in steps:
        now_ns += passed_ns
        if card_ps is not None:
            one.use(card_ps, now_ns=now_ns)
            continue
        reading = one.read(now_ns=now_ns)
        assert all(reading.costs[state] >= cost for state, cost in before.items())
        # Each part is rounded down.
        assert 0 <= Fraction(now_ns * gpus, 1000) - total(reading) < 2
        before = dict(reading.costs)


def test_used_is_the_share_of_the_time_that_calls_took() -> None:
    """Half of one card of two for a quarter of the time is an eighth... of the money, to the nano."""
    one = meter(pool(gpus=2))

    one.use(25 * CARD_SECOND, now_ns=60 * SECOND)
    reading = one.read(now_ns=100 * SECOND)

    assert reading.costs == {"used": Money(25_000_000), "idle": Money(175_000_000)}
    assert reading.utilization == pytest.approx(0.125)


def test_what_took_longer_than_there_was_waits_for_time_to_come() -> None:
    """A call that ends has used time from before the last look."""
    one = meter()
    one.read(now_ns=10 * SECOND)
    one.use(8 * CARD_SECOND, now_ns=12 * SECOND)

    early, late = one.read(now_ns=12 * SECOND), one.read(now_ns=30 * SECOND)

    assert early.costs == {"used": Money(2_000_000), "idle": Money(10_000_000)}
    assert late.costs == {"used": Money(8_000_000), "idle": Money(22_000_000)}


def test_a_pool_that_is_not_rated_has_a_cost_alone() -> None:
    """What was used of it is unknown, and not 0."""
    reading = meter(rated=False).read(now_ns=10 * SECOND)

    assert (reading.costs, reading.utilization) == ({"unrated": Money(10_000_000)}, None)


def test_a_pool_that_is_rated_later_keeps_what_it_had_cost() -> None:
    """The past stays unknown."""
    one = meter(rated=False)

    one.change(pool(), rated=True, today=TODAY, now_ns=10 * SECOND)

    assert one.read(now_ns=15 * SECOND).costs == {
        "used": Money(0),
        "idle": Money(5_000_000),
        "unrated": Money(10_000_000),
    }


@pytest.mark.parametrize("dates", [{"since": "2026-11-29"}, {"until": "2026-11-28"}])
def test_outside_of_its_dates_a_pool_costs_nothing(dates: dict[str, str]) -> None:
    """Not yet, or no more."""
    assert total(meter(pool(**dates)).read(now_ns=10 * SECOND)) == 0


def test_within_its_dates_a_pool_costs() -> None:
    """The first day counts, the last is the one before `until`."""
    reading = meter(pool(since="2026-11-28", until="2026-11-29")).read(now_ns=10 * SECOND)

    assert total(reading) == 10_000_000


def test_owned_hardware_needs_more_electricity_when_it_works() -> None:
    """Watts between idle and load, by the share of what can be used."""
    owned = {"usd": 0, "months": 1, "idle_w": 1_000, "load_w": 3_000, "usd_per_kwh": 3.6}
    one = meter(PoolPolicy.model_validate({"gpus": 1, "owned": owned, "usable": 0.5}))

    idle = one.read(now_ns=100 * SECOND)
    one.use(25 * CARD_SECOND, now_ns=100 * SECOND)
    busy = one.read(now_ns=200 * SECOND)

    # A kilowatt is a thousandth of a USD a second; a quarter of the time is half of what can be used: 2 kW.
    assert total(idle) == 100_000_000
    assert busy.costs == {"used": Money(50_000_000), "idle": Money(250_000_000)}


def test_the_utilization_is_that_of_the_last_minutes() -> None:
    """What was long ago says nothing of now."""
    one = meter()
    one.use(30 * CARD_SECOND, now_ns=SECOND)
    one.use(30 * CARD_SECOND, now_ns=2 * SECOND)
    one.use(15 * CARD_SECOND, now_ns=WINDOW_NS + 20 * SECOND)

    assert one.read(now_ns=WINDOW_NS + 20 * SECOND).utilization == pytest.approx(0.05)
    assert one.read(now_ns=3 * WINDOW_NS).utilization == 0


def test_at_the_first_moment_the_utilization_is_unknown() -> None:
    """Nothing has passed of which a part could be used."""
    assert meter().read(now_ns=0).utilization is None


def test_a_card_takes_its_time_by_the_kind_of_token() -> None:
    """A cached prefix is read faster; what is unknown took none that anybody knows of."""
    rates = Rates(input_us=Fraction("12.2"), cached_us=Fraction("0.5"), output_us=Fraction("95.3"))
    time = CardTime.of(rates)

    assert time.ps(Usage(prompt_tokens=110, completion_tokens=10, cached_tokens=10)) == 1_220_000_000 + 958_000_000
    assert time.ps(Usage()) == 0
