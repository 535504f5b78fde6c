"""How a reader comes from a figure to its rows: the command that prints it and the SQL that finds what it sums up.

Names are strangers' words: what is not plainly a name is written as hex, so that it can be pasted anywhere.
"""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from gateway.report.columns import OTHER
from gateway.times import hour_of

_PLAIN = re.compile(r"[\w ./:@+-]*", re.ASCII)
_NEARLY_AN_HOUR = timedelta(hours=1, microseconds=-1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Whose books of which period; `ledger` is None where the policy's own is meant."""

    ledger: str | None
    since: datetime | None
    until: datetime | None

    def command(self, by: str) -> str:
        """Return the command that prints the rows by some dimensions."""
        return f"gateway savings --by {by}{self.options}"

    @property
    def options(self) -> str:
        """The options that name the period and the ledger."""
        ledger = "" if self.ledger is None else f" --ledger {shlex.quote(self.ledger)}"
        since = "" if self.since is None else f" --since {_time(self.since)}"
        until = "" if self.until is None else f" --until {_time(self.until)}"
        return f"{since}{until}{ledger}"

    @property
    def hours(self) -> tuple[int, int] | None:
        """From which hour on and before which, None of an empty period."""
        if self.since is None or self.until is None:
            return None
        return hour_of(self.since), hour_of(self.until + _NEARLY_AN_HOUR)


def sql(of: Mapping[str, str | None], hours: tuple[int, int] | None) -> str:
    """Return the SQL that finds the requests of a row; nobody finds those of `other` by a name."""
    conditions = [f"{column} {_equals(value)}" for column, value in of.items() if value != OTHER]
    conditions += [f"hour >= {hours[0]} AND hour < {hours[1]}"] if hours else []
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return f"SELECT * FROM entries{where};"  # noqa: S608 - shown, not run; see the module


def sums_sql(expression: str, hours: tuple[int, int] | None) -> str:
    """Return the SQL that sums columns of the hourly sums."""
    period = f" WHERE hour >= {hours[0]} AND hour < {hours[1]}" if hours else ""
    return f"SELECT {expression} FROM hours JOIN cells c ON c.id = hours.cell{period};"  # noqa: S608 - as above


def _equals(value: str | None) -> str:
    if value is None:
        return "IS NULL"
    return f"= '{value}'" if _PLAIN.fullmatch(value) else f"= CAST(x'{value.encode().hex()}' AS TEXT)"


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds" if at.microsecond else "minutes")
