"""Months as they are invoiced and steps as they are exported: whole hours since 1970, in UTC. Pure."""

from collections.abc import Iterator
from datetime import UTC, datetime
from enum import IntEnum

from gateway.money.pools import Period

_DECEMBER = 12


class Grain(IntEnum):
    """How long a row's period is, in hours."""

    HOUR = 1
    DAY = 24


def month_of(at: datetime) -> Period:
    """Return the month that a time lies in."""
    at = at.astimezone(UTC)
    return _month(at.year, at.month)


def months(period: Period) -> Iterator[Period]:
    """Yield a period month by month."""
    since = period.since
    while since < period.until:
        until = min(month_of(since).until, period.until)
        yield Period(since=since, until=until)
        since = until


def _month(year: int, month: int) -> Period:
    after = (year + 1, 1) if month == _DECEMBER else (year, month + 1)
    return Period(since=datetime(year, month, 1, tzinfo=UTC), until=datetime(*after, 1, tzinfo=UTC))
