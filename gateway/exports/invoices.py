"""Reads what a provider says it charged, from the CSV that it offers; a line that is not understood is a fault.

`openai` is the export of the costs page, or of /v1/organization/costs; `anthropic` that of the console's cost report;
`generic` has the columns date, model and amount_usd, and line_item if you like.
"""

import csv
import re
from codecs import iterdecode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from fractions import Fraction
from types import MappingProxyType
from typing import BinaryIO, Literal, Protocol, get_args

from gateway.errors import RowsError
from gateway.times import Month

Source = Literal["openai", "anthropic", "generic"]
SOURCES: tuple[Source, ...] = get_args(Source)

_MOST_FAULTS = 20
_AMOUNT = re.compile(r"-?\d{1,15}(?:\.\d{1,40})?(?:[eE]-?\d{1,2})?")
_SECONDS = re.compile(r"\d{9,11}")
# A date at the end of a model's name says which release it is: `-2025-08-07`, `-20251001`.
_RELEASE = re.compile(r"(?:-20\d\d-?\d\d-?\d\d|-latest)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of an invoice: USD, exact. `model` is None where the file does not go into models."""

    number: int
    day: date
    model: str | None
    usd: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """The lines of a month; `elsewhere` counts those of other days."""

    lines: Sequence[Line]
    elsewhere: int

    @property
    def by_model(self) -> bool:
        """Whether every line names a model."""
        return all(line.model is not None for line in self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Columns:
    """How a provider calls what is read; `nothing` is a day without charges, which has no amount."""

    days: tuple[str, ...]
    amount: str
    model: str
    currency: str | None = None
    nothing: bool = False


_COLUMNS: Mapping[Source, _Columns] = MappingProxyType(
    {
        "openai": _Columns(
            days=("start_time_iso", "start_time"),
            amount="amount_value",
            model="line_item",
            currency="amount_currency",
            nothing=True,
        ),
        "anthropic": _Columns(days=("usage_date_utc",), amount="cost_usd", model="model"),
        "generic": _Columns(days=("date",), amount="amount_usd", model="model"),
    }
)


def model_key(name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return by what a model is found, however it is written: its words in any order, and its numbers in theirs.

    `anthropic/claude-haiku-4-5-20251001` and `Claude Haiku 4.5` are one model.
    """
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower().rpartition("/")[2]).strip("-")
    words = _RELEASE.sub("", plain).split("-")
    return tuple(sorted(word for word in words if not word.isdecimal())), tuple(filter(str.isdecimal, words))


def read_invoice(file: BinaryIO, source: Source, month: Month, *, name: str) -> Invoice:
    """Read an invoice; raises `RowsError` with every fault and its line."""
    reading = _Reading(name=name, columns=_COLUMNS[source])
    try:
        lines = list(reading.lines(csv.reader(iterdecode(file, "utf-8-sig"), strict=True)))
    except (UnicodeDecodeError, csv.Error) as error:
        raise RowsError([f"{name}: no CSV in UTF-8: {error}"]) from error
    if reading.faults:
        more = len(reading.faults) - _MOST_FAULTS
        raise RowsError(reading.faults[:_MOST_FAULTS] + ([f"{name}: {more:,} more faults"] if more > 0 else []))
    within = [line for line in lines if month.since.date() <= line.day < month.until.date()]
    return Invoice(lines=within, elsewhere=len(lines) - len(within))


class _Rows(Protocol):
    """What `csv.reader` gives."""

    @property
    def line_num(self) -> int: ...
    def __iter__(self) -> Iterator[list[str]]: ...
    def __next__(self) -> list[str]: ...


@dataclass(slots=True, kw_only=True)
class _Reading:
    name: str
    columns: _Columns
    faults: list[str] = field(default_factory=list)

    def lines(self, rows: _Rows) -> Iterator[Line]:
        names = [cell.strip() for cell in next(rows, [])]
        day = next((column for column in self.columns.days if column in names), None)
        wanted = [self.columns.amount, *([self.columns.currency] if self.columns.currency else [])]
        missing = [*([] if day else [self.columns.days[0]]), *(column for column in wanted if column not in names)]
        if self.columns.model not in names and self.columns.model == "model":
            missing.append("model")
        if missing or day is None:
            self.faults.append(f"{self.name}:1: no column {', '.join(missing)}; is it the file that --from says?")
            return
        # A cell may hold line breaks: the reader knows on which line it is.
        for row in rows:
            if any(row):
                yield from self._line(rows.line_num, names, day, row)

    def _line(self, number: int, names: list[str], day: str, row: list[str]) -> Iterator[Line]:
        if len(row) != len(names):
            self._fault(number, f"{len(row)} cells, not {len(names)}")
            return
        cells = dict(zip(names, (cell.strip() for cell in row), strict=True))
        amount = cells[self.columns.amount]
        if not amount and self.columns.nothing:
            return
        when = _day(cells[day])
        if when is None:
            self._fault(number, f"{day} {cells[day]!r} is no day; write for instance 2026-11-23")
        if not _AMOUNT.fullmatch(amount):
            self._fault(number, f"{self.columns.amount} {amount!r} is no amount in USD; write for instance 12.34")
        currency = cells[self.columns.currency].lower() if self.columns.currency else "usd"
        if currency != "usd":
            self._fault(number, f"{self.columns.currency} {currency!r} is not usd; the books are in USD")
        elif when is not None and _AMOUNT.fullmatch(amount):
            model = cells.get(self.columns.model, "").partition(",")[0].strip()
            yield Line(number=number, day=when, model=model or None, usd=Fraction(amount))

    def _fault(self, number: int, what: str) -> None:
        self.faults.append(f"{self.name}:{number}: {what}")


def _day(text: str) -> date | None:
    """Return the day in UTC that a date, a time or seconds since 1970 mean."""
    try:
        if _SECONDS.fullmatch(text):
            return datetime.fromtimestamp(int(text), UTC).date()
        at = datetime.fromisoformat(text)
        return at.date() if at.tzinfo is None else at.astimezone(UTC).date()
    except (ValueError, OverflowError):
        return None
