"""The periods that commands ask about: times and months as people write them."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from gateway.times import Month

_SPAN = re.compile(r"(\d{1,5})([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def month(text: str) -> Month:
    """Return the month that an option says."""
    try:
        return Month.parse(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is {error}") from None


def moment(text: str) -> datetime:
    """Return the time that `7d`, `12h` or an ISO date (in local time) means."""
    span = _SPAN.fullmatch(text)
    if span:
        return datetime.now(UTC) - timedelta(**{_UNITS[span[2]]: int(span[1])})
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"{text!r} is no time; write for instance 7d, 12h or 2026-11-01") from None


def period(
    since: datetime | None, until: datetime | None, of_month: str | None
) -> tuple[datetime | None, datetime | None]:
    """Return the period that the three options ask for."""
    if of_month is not None and (since is not None or until is not None):
        raise typer.BadParameter("--month is a whole period; leave out --since and --until")
    if of_month is not None:
        named = month(of_month)
        return named.since, named.until
    if since is not None and until is not None and since >= until:
        raise typer.BadParameter("the period ends before it begins")
    return since, until


SinceOption = Annotated[
    datetime | None, typer.Option(parser=moment, metavar="7d|DATE", help="Only what came later; unset: all.")
]
UntilOption = Annotated[
    datetime | None, typer.Option(parser=moment, metavar="DATE", help="Only what came before; unset: until now.")
]
MonthOption = Annotated[
    str | None, typer.Option("--month", metavar="YYYY-MM", help="Instead of both: a calendar month, UTC.")
]
