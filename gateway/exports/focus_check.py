"""Checks a file against the rules of FOCUS that a machine can check, row by row. Pure, and it never raises for a row.

Mandatory columns by version, nulls, types, enumerations, the order of columns, periods that lie in one another, unit
prices that give their cost, and for each billing period and currency: what was effective is what was billed.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from gateway.exports.columns import COLUMNS, OURS, Column, Kind, Version, columns_of

_DECIMAL = re.compile(r"-?(?:0|[1-9]\d*)\.\d+(?:[Ee][-+]?\d+)?")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_INTEGER = re.compile(r"-?\d+")
_CURRENCY = re.compile(r"[A-Z]{3}")
_BY_NAME = {column.name: column for column in COLUMNS}
# Half a thousand-millionth of a USD at each of two roundings.
_TOLERANCE = Decimal("1e-9")


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """What is wrong: in which row (the header is 1, None: in the file) and column."""

    row: int | None
    column: str | None
    what: str

    def __str__(self) -> str:
        places = [f"row {self.row}" if self.row else "", self.column or ""]
        return f"{', '.join(filter(None, places)) or 'file'}: {self.what}"


def version_of(names: Sequence[str]) -> Version:
    """Return the version that a file's columns are those of, by how they call the provider."""
    if "ServiceProviderName" not in names:
        return "1.2"
    return "1.3" if "ProviderName" in names else "1.4"


def check(names: Sequence[str], rows: Iterable[Mapping[str, Any]], version: Version) -> Iterator[Flaw]:
    """Yield the flaws of a file: of its header first, then of its rows, at last of its sums."""
    yield from _header(names, version)
    present = [column for column in columns_of(version) if column.name in set(names)]
    sums: dict[tuple[Any, Any], list[Decimal]] = {}
    for number, row in enumerate(rows, start=2):
        yield from _row(number, row, present, sums)
    for (currency, month), (billed, effective) in sums.items():
        if billed != effective:
            what = f"{effective} effective is not {billed} billed in {currency}, period from {month:%Y-%m-%d}"
            yield Flaw(row=None, column="EffectiveCost", what=what)


def _needed(version: Version) -> set[str]:
    return {column.name for column in columns_of(version) if column.needed}


def _header(names: Sequence[str], version: Version) -> Iterator[Flaw]:
    for name in sorted(_needed(version) - set(names)):
        yield Flaw(row=1, column=name, what=f"missing; FOCUS {version} needs it")
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Flaw(row=1, column=name, what="stands twice")
    for name in names:
        if name in _BY_NAME and not _BY_NAME[name].is_in(version):
            yield Flaw(row=1, column=name, what=f"is no column of FOCUS {version}")
    ours = [name.startswith(OURS) for name in names]
    if ours != sorted(ours):
        yield Flaw(row=1, column=None, what=f"columns of our own ({OURS}...) stand before columns of FOCUS")


def _row(
    number: int, row: Mapping[str, Any], columns: Sequence[Column], sums: dict[tuple[Any, Any], list[Decimal]]
) -> Iterator[Flaw]:
    values: dict[str, Any] = {}
    flaws: list[tuple[str | None, str]] = [(None, "has more cells than the header")] if row.get("") else []
    for column in columns:
        values[column.name], what = _read(column, row.get(column.name))
        if what is not None:
            flaws.append((column.name, what))
    # What a cell says is held against others where all can be read.
    for name, what in flaws or (*_periods(values), *_nulls(values), *_products(values)):
        yield Flaw(row=number, column=name, what=what)
    billed, effective = values.get("BilledCost"), values.get("EffectiveCost")
    if billed is not None and effective is not None:
        totals = sums.setdefault((values.get("BillingCurrency"), values.get("BillingPeriodStart")), [Decimal(0)] * 2)
        totals[0] += billed
        totals[1] += effective


def _read(column: Column, raw: Any) -> tuple[Any, str | None]:
    """Return a value and None, or what is there and what is wrong with it."""
    if raw is None or raw == "":
        return None, None if column.nulls else "is empty"
    return _READERS[column.kind](column, raw)


def _text(column: Column, raw: Any) -> tuple[Any, str | None]:
    if column.among and raw not in column.among:
        return raw, f"{raw!r} is none of {', '.join(column.among)}"
    if column.name == "BillingCurrency" and not _CURRENCY.fullmatch(str(raw)):
        return raw, f"{raw!r} is no currency code of ISO 4217"
    return raw, None


def _integer(_column: Column, raw: Any) -> tuple[Any, str | None]:
    return raw, None if _INTEGER.fullmatch(str(raw)) else f"{raw!r} is no whole number"


def _object(_column: Column, raw: Any) -> tuple[Any, str | None]:
    try:
        is_object = isinstance(json.loads(raw), dict)
    except ValueError:
        is_object = False
    return raw, None if is_object else f"{raw!r} is no JSON object"


def _decimal(_column: Column, raw: Any) -> tuple[Decimal | None, str | None]:
    if isinstance(raw, Decimal):
        return raw, None
    if _DECIMAL.fullmatch(str(raw)):
        return Decimal(raw), None
    return None, f"{raw!r} is no decimal; write it with a point and without separators"


def _time(_column: Column, raw: Any) -> tuple[datetime | None, str | None]:
    if isinstance(raw, datetime):
        return raw, None
    try:
        if _TIME.fullmatch(raw):
            return datetime.fromisoformat(raw).astimezone(UTC), None
    except ValueError:
        pass
    return None, f"{raw!r} is no time in UTC; write for instance 2026-11-23T00:00:00Z"


_READERS: Mapping[Kind, Callable[[Column, Any], tuple[Any, str | None]]] = MappingProxyType(
    {"text": _text, "decimal": _decimal, "integer": _integer, "time": _time, "json": _object}
)


def _periods(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in ("Billing", "Charge"):
        start, end = values.get(f"{name}PeriodStart"), values.get(f"{name}PeriodEnd")
        if start and end and not start < end:
            yield f"{name}PeriodEnd", "is not after its start"
    bounds = [values.get(f"{name}Period{bound}") for bound in ("Start", "End") for name in ("Billing", "Charge")]
    # A correction is billed when it is made.
    known = [bound for bound in bounds if bound is not None]
    if len(known) == len(bounds) and values.get("ChargeClass") != "Correction":
        billed_from, since, billed_until, until = known
        if since < billed_from or until > billed_until:
            yield "ChargePeriodStart", "the charge period is not within the billing period"


def _nulls(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, unit in (("PricingQuantity", "PricingUnit"), ("ConsumedQuantity", "ConsumedUnit")):
        if (values.get(name) is None) != (values.get(unit) is None):
            yield unit, f"is empty where {name} is not, or the other way round"
    if values.get("ChargeCategory") == "Usage" and values.get("ChargeClass") is None:
        for name in ("PricingQuantity", "SkuPriceId"):
            if name in values and values[name] is None:
                yield name, "is empty in a row of usage"
    if (values.get("CapacityReservationId") is None) != (values.get("CapacityReservationStatus") is None):
        yield "CapacityReservationStatus", "stands without its reservation, or the other way round"


def _products(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    price, quantity, cost = values.get("ListUnitPrice"), values.get("PricingQuantity"), values.get("ListCost")
    if price is not None and quantity is not None and cost is not None and abs(price * quantity - cost) > _TOLERANCE:
        yield "ListCost", f"{cost} is not {price} for each of {quantity}"
