"""Days, weeks and months as hours since 1970."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.report.calendar import LENGTHS, Length, begin, end
from gateway.times import hour_of, hour_start


def _hour(text: str) -> int:
    return hour_of(datetime.fromisoformat(text).replace(tzinfo=UTC))


@pytest.mark.parametrize(
    ("length", "first", "last"),
    [
        ("day", "2026-11-25", "2026-11-26"),
        ("week", "2026-11-23", "2026-11-30"),
        ("month", "2026-11-01", "2026-12-01"),
    ],
)  # fmt: skip
def test_the_step_around_a_wednesday(length: Length, first: str, last: str) -> None:
    """Weeks begin on Mondays, months on their first day."""
    start = begin(length, _hour("2026-11-25T13:00"))

    assert (start, end(length, start)) == (_hour(first), _hour(last))


@given(st.integers(0, 2_000_000), st.sampled_from(LENGTHS))
def test_every_hour_lies_in_its_step(hour: int, length: Length) -> None:
    """And the next step begins where it ends."""
    start = begin(length, hour)

    assert start <= hour < end(length, start)
    assert begin(length, end(length, start)) == end(length, start)
    assert hour_start(start).hour == 0
