"""Days, weeks and months in UTC as hours since 1970: what a report's rows are summed by. Pure."""

from datetime import timedelta
from functools import lru_cache
from typing import Literal

from gateway.times import hour_of, hour_start

Length = Literal["day", "week", "month"]
LENGTHS: tuple[Length, ...] = ("day", "week", "month")
_DAY, _WEEK = 24, 168
# 1970 began on a Thursday; weeks begin on Mondays.
_MONDAY = 72


@lru_cache(maxsize=100_000)
def begin(length: Length, hour: int) -> int:
    """Return the hour in which the step around an hour begins."""
    if length == "day":
        return hour - hour % _DAY
    if length == "week":
        return hour - (hour + _MONDAY) % _WEEK
    return hour_of(hour_start(hour).replace(day=1, hour=0))


def end(length: Length, start: int) -> int:
    """Return the hour that follows a step's last."""
    if length != "month":
        return start + (_DAY if length == "day" else _WEEK)
    return begin("month", hour_of(hour_start(start) + timedelta(days=31)))
