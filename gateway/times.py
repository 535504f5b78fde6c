"""Times as integers: microseconds and hours since 1970 UTC, as the books keep them. Exact both ways. And months."""

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Self

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOUR_US = 3_600_000_000
DAY_HOURS = 24
_MICROSECOND = timedelta(microseconds=1)
_HOUR = timedelta(hours=1)
_MONTH = re.compile(r"([12]\d{3})-(0[1-9]|1[0-2])")


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


class Month(NamedTuple):
    """A calendar month in UTC, written `2026-11`. Months compare in their order."""

    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the month that a text says; raises `ValueError`."""
        found = _MONTH.fullmatch(text)
        if found is None:
            raise ValueError("no month; write for instance 2026-11")
        return cls(int(found[1]), int(found[2]))

    @classmethod
    def of(cls, at: datetime) -> Self:
        """Return the month of an aware time."""
        at = at.astimezone(UTC)
        return cls(at.year, at.month)

    @property
    def since(self) -> datetime:
        """When it begins."""
        return datetime(self.year, self.number, 1, tzinfo=UTC)

    @property
    def until(self) -> datetime:
        """When the next one begins."""
        return datetime(self.year + self.number // 12, self.number % 12 + 1, 1, tzinfo=UTC)

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"
