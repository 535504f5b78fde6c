"""Months in UTC."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.times import Month


@given(st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(2200, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis adds the zone
def test_every_time_is_in_its_month(at: datetime) -> None:
    """And the month is written as it is read."""
    month = Month.of(at)

    assert month.since <= at < month.until
    assert Month.parse(str(month)) == month
    assert Month.of(month.until) > month


def test_a_month_is_one_of_utc() -> None:
    """Whoever asks from where."""
    assert Month.of(datetime(2026, 12, 1, 0, 30, tzinfo=timezone(timedelta(hours=1)))) == Month(2026, 11)


@pytest.mark.parametrize("text", ["2026", "2026-13", "2026-1", "0999-01", "2026-11-01", "november"])
def test_what_is_no_month_is_refused(text: str) -> None:
    """Nobody guesses."""
    with pytest.raises(ValueError, match="no month; write for instance 2026-11"):
        Month.parse(text)
