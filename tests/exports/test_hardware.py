"""A pool, step by step: what was used and what was idle are its cost, and no step is idle for less than nothing."""

from datetime import UTC, date, datetime
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st
from support.charges import NOVEMBER

from gateway.exports.hardware import pool_steps
from gateway.exports.periods import Grain
from gateway.money.pools import Period, pool_cost
from gateway.policy.money import PoolPolicy
from gateway.times import hour_of

RENTED = PoolPolicy(gpus=2, usd_per_gpu_hour=1.37, input_us=27, output_us=212)
OWNED = PoolPolicy.model_validate(
    {
        "gpus": 1,
        "owned": {"usd": 3000, "residual": 0.2, "months": 36, "idle_w": 100, "load_w": 600, "usd_per_kwh": 0.15},
        "input_us": 27,
        "output_us": 212,
    }
)
DAY = Period(since=datetime(2026, 11, 23, tzinfo=UTC), until=datetime(2026, 11, 24, tzinfo=UTC))
FIRST = hour_of(DAY.since)


@settings(max_examples=50)
@given(
    st.sampled_from([RENTED, OWNED]),
    st.dictionaries(st.integers(FIRST, FIRST + 23), st.builds(Fraction, st.integers(0, 10**10)), max_size=24),
)
def test_the_steps_are_the_invoice(pool: PoolPolicy, work: dict[int, Fraction]) -> None:
    """Whatever it worked, also more than it could: nothing is lost, and nobody is paid for idle time."""
    cost = pool_cost("p", pool, DAY, sum(work.values(), Fraction(0)))

    steps = list(pool_steps("p", pool, DAY, Grain.HOUR, work))

    assert len(steps) == 24
    assert sum(step.used or 0 for step in steps) == (cost.used and cost.used.nano_usd)
    assert sum((step.used or 0) + step.idle for step in steps) == cost.cost.nano_usd
    assert min(min(step.used or 0, step.idle) for step in steps) >= 0


def test_idle_cost_lies_where_there_was_idle_time() -> None:
    """A full hour is all used, an empty one all idle."""
    full = Fraction(2 * 3_600_000_000)

    first, *rest = pool_steps("p", RENTED, DAY, Grain.HOUR, {FIRST: full})

    assert (first.used, first.idle) == (2_740_000_000, 0)
    assert {(step.used, step.idle) for step in rest} == {(0, 2_740_000_000)}


def test_a_pool_costs_from_its_first_day_to_its_last() -> None:
    """Steps before and after are none."""
    pool = RENTED.model_copy(update={"since": date(2026, 11, 10), "until": date(2026, 11, 12)})

    steps = list(pool_steps("p", pool, NOVEMBER, Grain.DAY, {}))

    assert [step.since.day for step in steps] == [10, 11]


def test_a_period_within_an_hour_is_a_part_of_it() -> None:
    """From a quarter past one to two: three quarters of two cards."""
    period = Period(since=DAY.since.replace(hour=1, minute=15), until=DAY.since.replace(hour=2))

    (step,) = pool_steps("p", RENTED, period, Grain.DAY, {})

    assert (step.since, step.until, step.idle) == (period.since, period.until, 2_055_000_000)
