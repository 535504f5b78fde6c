"""Times as integers: microseconds and hours since 1970 UTC, as the books keep them. Exact both ways."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_HOUR = timedelta(hours=1)


def microseconds(at: datetime) -> int:
    """Return an aware time as microseconds since 1970 UTC."""
    return (at - EPOCH) // _MICROSECOND


def time_of(at_us: int) -> datetime:
    """Return the time of so many microseconds since 1970 UTC."""
    return EPOCH + timedelta(microseconds=at_us)


def hour_of(at: datetime) -> int:
    """Return the whole hours since 1970 UTC."""
    return (at - EPOCH) // _HOUR


def hour_start(hour: int) -> datetime:
    """Return when an hour begins."""
    return EPOCH + timedelta(hours=hour)
