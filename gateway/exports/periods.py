"""Months as they are invoiced, and steps as they are exported: whole hours since 1970, in UTC. Pure."""

from collections.abc import Iterator
from enum import IntEnum

from gateway.money.pools import Period
from gateway.times import Month


class Grain(IntEnum):
    """How long a row's period is, in hours."""

    HOUR = 1
    DAY = 24


def months(period: Period) -> Iterator[Period]:
    """Yield a period month by month."""
    since = period.since
    while since < period.until:
        until = min(Month.of(since).until, period.until)
        yield Period(since=since, until=until)
        since = until
