"""Holds an invoice against the books, by day and model: what differs, by how much, and what may explain it. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from gateway.entries import Correction
from gateway.exports.invoices import Invoice, model_key
from gateway.exports.parties import party_of
from gateway.money.rollups import CallHour
from gateway.money.split import rounded
from gateway.policy.models import Policy
from gateway.spreadsheets import cell
from gateway.times import Month, hour_start
from gateway.types import Money

# Below a cent nobody asks.
NEGLIGIBLE = Money(10_000_000)
_NANO_PER_USD = 10**9
ALL_MODELS = "(all models)"
NO_MODEL = "(no model)"
TOTAL = "total"


@dataclass(frozen=True, slots=True, kw_only=True)
class Variance:
    """An amount on the invoice and on the books, either None where the other alone knows of it.

    `day` is None for what is of the whole month. `unpriced` calls are on the books without a cost.
    """

    model: str
    day: date | None
    invoice: Money | None
    ledger: Money | None
    calls: int = 0
    unpriced: int = 0

    @property
    def difference(self) -> Money:
        """What the invoice says more than the books; negative where it says less."""
        return (self.invoice or Money(0)) - (self.ledger or Money(0))

    @property
    def share(self) -> Fraction | None:
        """The difference as a share of the invoice, None where nothing was invoiced."""
        invoiced = self.invoice.nano_usd if self.invoice else 0
        return Fraction(self.difference.nano_usd, abs(invoiced)) if invoiced else None

    def is_within(self, tolerance: Fraction) -> bool:
        """Whether the two agree: to the tolerance, or to a cent."""
        if abs(self.difference.nano_usd) <= NEGLIGIBLE.nano_usd:
            return True
        return self.share is not None and abs(self.share) <= tolerance

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON: money in integer nano-USD."""
        return {
            "day": self.day and self.day.isoformat(),
            "model": self.model,
            "invoice_nano_usd": self.invoice and self.invoice.nano_usd,
            "ledger_nano_usd": self.ledger and self.ledger.nano_usd,
            "difference_nano_usd": self.difference.nano_usd,
            "difference_share": None if self.share is None else float(self.share),
            "calls": self.calls,
            "unpriced_calls": self.unpriced,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """An invoice against the books: in total, by model, and by day and model."""

    total: Variance
    models: Sequence[Variance]
    days: Sequence[Variance]
    elsewhere: int

    def beyond(self, tolerance: Fraction) -> list[Variance]:
        """Return the models that disagree, or the total where only all of them together do."""
        models = [variance for variance in self.models if not variance.is_within(tolerance)]
        return models or ([] if self.total.is_within(tolerance) else [self.total])


@dataclass(slots=True)
class _Sum:
    model: str
    invoice: Fraction | None = None
    ledger: int | None = None
    calls: int = 0
    unpriced: int = 0


@dataclass(slots=True)
class _Sums:
    """Sums by day and by the key of a model."""

    by_model: bool
    sums: dict[tuple[date | None, object], _Sum] = field(default_factory=dict)

    def at(self, day: date | None, model: str | None) -> _Sum:
        name = (model or NO_MODEL) if self.by_model else ALL_MODELS
        key = day, model_key(name) if self.by_model else None
        return self.sums.setdefault(key, _Sum(name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """What the books say of a month: its calls by the day, and what was booked afterwards to put it right.

    `provider` is whose calls count, None: those of all providers.
    """

    policy: Policy
    month: Month
    calls: Iterable[CallHour]
    corrections: Iterable[Correction] = ()
    provider: str | None = None

    def are_theirs(self, backend: str, model: str) -> bool:
        """Whether what a backend or a provider charged is in question."""
        party = party_of(self.policy, backend, model)
        return not party.is_ours and self.provider in (None, party.id)


def reconcile(invoice: Invoice, books: Books) -> Reconciliation:
    """Compare an invoice with the books; where a line of it names no model, days are compared as a whole.

    A correction is about the month, and of no day.
    """
    sums = _Sums(invoice.by_model)
    for call in books.calls:
        if books.are_theirs(call.cell.backend, call.cell.model):
            known = sums.at(hour_start(call.start).date(), call.cell.model)
            known.ledger = (known.ledger or 0) + call.sums.cost
            known.calls += call.sums.calls
            known.unpriced += call.sums.unpriced
    for correction in books.corrections:
        about = correction.provider or "", correction.model or ""
        if correction.month == str(books.month) and books.are_theirs(*about):
            known = sums.at(None, correction.model)
            known.ledger = (known.ledger or 0) + correction.amount.nano_usd
    for line in invoice.lines:
        known = sums.at(line.day, line.model)
        known.invoice = (known.invoice or Fraction(0)) + line.usd
    return _reconciled(sums, invoice.elsewhere)


def _reconciled(sums: _Sums, elsewhere: int) -> Reconciliation:
    models = _grouped(sums, lambda _, model: model)
    names = {key: each.model for key, each in models.items()}
    days = [
        replace(_variance(each, day), model=names[model])
        for (day, model), each in sorted(sums.sums.items(), key=_by_day)
    ]
    total = _grouped(sums, lambda *_: None).get(None, _Sum(TOTAL))
    return Reconciliation(
        total=replace(_variance(total, None), model=TOTAL),
        models=sorted((_variance(each, None) for each in models.values()), key=_biggest),
        days=days,
        elsewhere=elsewhere,
    )


def _grouped(sums: _Sums, key: Callable[[date | None, object], object]) -> Mapping[object, _Sum]:
    groups: dict[object, _Sum] = {}
    for (day, model), each in sums.sums.items():
        group = groups.setdefault(key(day, model), _Sum(each.model))
        if each.invoice is not None:
            group.invoice = (group.invoice or Fraction(0)) + each.invoice
        if each.ledger is not None:
            group.ledger = (group.ledger or 0) + each.ledger
        group.calls += each.calls
        group.unpriced += each.unpriced
    return groups


def _by_day(item: tuple[tuple[date | None, object], _Sum]) -> tuple[date, str]:
    (day, _), each = item
    return day or date.max, each.model


def _variance(each: _Sum, day: date | None) -> Variance:
    return Variance(
        model=each.model,
        day=day,
        invoice=None if each.invoice is None else Money(rounded(each.invoice * _NANO_PER_USD)),
        ledger=None if each.ledger is None else Money(each.ledger),
        calls=each.calls,
        unpriced=each.unpriced,
    )


def _biggest(variance: Variance) -> tuple[int, str]:
    return -abs(variance.difference.nano_usd), variance.model


def csv_rows(variances: Iterable[Variance]) -> list[list[str]]:
    """Return variances as rows of CSV, the header first; money is USD, what is not known is empty."""
    header = [
        "day",
        "model",
        "invoice_usd",
        "ledger_usd",
        "difference_usd",
        "difference_share",
        "calls",
        "unpriced_calls",
    ]
    return [header, *(_csv_row(variance) for variance in variances)]


def _csv_row(variance: Variance) -> list[str]:
    share = variance.share
    return [
        variance.day.isoformat() if variance.day else "",
        cell(variance.model),
        *(_usd(money) for money in (variance.invoice, variance.ledger, variance.difference)),
        "" if share is None else format(Decimal(rounded(share * 10**6)).scaleb(-6), "f"),
        str(variance.calls),
        str(variance.unpriced),
    ]


def _usd(money: Money | None) -> str:
    return "" if money is None else format(money.usd, "f")
