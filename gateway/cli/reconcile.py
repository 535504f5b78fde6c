"""`gateway reconcile`: a provider's invoice against the ledger."""

import csv
import re
import shlex
import sys
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Literal

import typer

from gateway.cli.accounts import Asked, asked
from gateway.cli.console import NO, Side, amount, remark, say, say_json, say_table
from gateway.cli.inputs import JsonOption, LedgerOption, PolicyOption
from gateway.cli.periods import month
from gateway.errors import ConfigurationError
from gateway.exports.invoices import SOURCES, Invoice, Source, read_invoice
from gateway.exports.reconciliation import ALL_MODELS, NO_MODEL, TOTAL, Books, Reconciliation, Variance, csv_rows
from gateway.exports.reconciliation import reconcile as compare
from gateway.times import Month

_COLUMNS: dict[str, Side] = {
    "model": "fold",
    "invoice": "right",
    "ledger": "right",
    "difference": "right",
    "%": "right",
    "calls": "right",
    "unpriced": "right",
}
_TOLERANCE = re.compile(r"(\d{1,3}(?:\.\d{1,6})?)%?")


def percent(text: str) -> Fraction:
    """Return the share that `1%` or `1` means."""
    found = _TOLERANCE.fullmatch(text)
    if found is None:
        raise typer.BadParameter(f"{text!r} is no percentage; write for instance 1%")
    return Fraction(found[1]) / 100


def reconcile(  # noqa: PLR0913 - an option of the command each
    *,
    invoice: Annotated[Path, typer.Option("--invoice", metavar="FILE", help="The provider's costs as CSV.")],
    source: Annotated[Source, typer.Option("--from", metavar="|".join(SOURCES), help="Whose file it is.")],
    of_month: Annotated[
        Month, typer.Option("--month", parser=month, metavar="YYYY-MM", help="The calendar month, UTC.")
    ],
    provider: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Whose calls count, as before the slash of a model; unset: by --from, or all."
        ),
    ] = None,
    tolerance: Annotated[str, typer.Option(metavar="PERCENT", help="How far a model may be off.")] = "1%",
    by: Annotated[Literal["model", "day"], typer.Option(metavar="model|day", help="Rows.")] = "model",
    ledger: LedgerOption = None,
    policy: PolicyOption = None,
    as_json: JsonOption = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the rows as CSV.")] = False,
) -> None:
    """Hold a provider's invoice against the ledger.

    They are matched by day (UTC) and model. Where a model, or all together, is off by more than the tolerance and more
    than a cent, the command ends with 1. Difference is invoice less ledger. Unpriced calls are on the books without a
    cost, and may be what the invoice says more.

    Example: gateway reconcile --invoice costs.csv --from openai --month 2026-11
    """
    question = asked(ledger, policy, since=of_month.since, until=of_month.until)
    whose = provider or (None if source == "generic" else source)
    result = compare(_read(invoice, source, of_month), _books(question, of_month, whose))
    rows = result.models if by == "model" else result.days
    beyond = result.beyond(percent(tolerance))
    if as_json:
        say_json(_as_dict(result, beyond))
    elif as_csv:
        csv.writer(sys.stdout, lineterminator="\n").writerows(csv_rows(rows))
    else:
        _print(result, rows, beyond)
    _tell(result, beyond)
    for variance in beyond:
        _propose(variance, of_month, whose)
    if beyond:
        raise typer.Exit(NO)


def _books(question: Asked, of_month: Month, provider: str | None) -> Books:
    ledger = question.ledger
    return Books(
        policy=question.policy,
        month=of_month,
        calls=ledger.calls(since=of_month.since, until=of_month.until, step="day"),
        # What puts a month right may count in any later one.
        corrections=ledger.corrections(since=of_month.since),
        provider=provider,
    )


def _read(file: Path, source: Source, of_month: Month) -> Invoice:
    try:
        with file.open("rb") as lines:
            return read_invoice(lines, source, of_month, name=str(file))
    except OSError as error:
        raise ConfigurationError(f"cannot read {str(file)!r}: {error.strerror}") from error


def _print(result: Reconciliation, rows: Sequence[Variance], beyond: Sequence[Variance]) -> None:
    if not rows:
        say("no charges in this month, neither on the invoice nor in the ledger")
        return
    shown: dict[str, Side] = {"day": "left", **_COLUMNS} if rows[0].day else _COLUMNS
    off = {variance.model for variance in beyond}
    cells = [_cells(row, shown) for row in [*rows, result.total]]
    say_table(shown, cells, styles=[*("yellow" if row.model in off else "" for row in rows), "bold"])


def _cells(row: Variance, shown: dict[str, Side]) -> list[str]:
    cells = {
        "day": row.day.isoformat() if row.day else "",
        "model": row.model,
        "invoice": "-" if row.invoice is None else amount(row.invoice),
        "ledger": "-" if row.ledger is None else amount(row.ledger),
        "difference": amount(row.difference),
        "%": "-" if row.share is None else f"{float(row.share):+.2%}",
        "calls": f"{row.calls:,}",
        "unpriced": f"{row.unpriced:,}",
    }
    return [cells[name] for name in shown]


def _tell(result: Reconciliation, beyond: list[Variance]) -> None:
    if result.elsewhere:
        lines = "1 line is" if result.elsewhere == 1 else f"{result.elsewhere:,} lines are"
        remark(f"note: {lines} of other months and left out")
    for variance in beyond:
        if variance.unpriced and variance.difference.nano_usd > 0:
            calls = "1 call" if variance.unpriced == 1 else f"{variance.unpriced:,} calls"
            remark(f"note: {variance.model}: {calls} without a price may be what the invoice says more")


def _propose(variance: Variance, of_month: Month, provider: str | None) -> None:
    """Say how the difference is booked, where it is known whose it is."""
    named = variance.model not in (ALL_MODELS, NO_MODEL, TOTAL)
    about = {"--provider": provider, "--model": variance.model if named else None}
    known = [part for option, value in about.items() if value for part in (option, value)]
    if known:
        amount = ["--amount", format(variance.difference.usd.normalize(), "f"), "--reason", "invoice"]
        words = ["gateway", "ledger", "correct", *known, "--month", str(of_month), *amount]
        remark(f"to book the difference: {shlex.join(words)}")


def _as_dict(result: Reconciliation, beyond: list[Variance]) -> dict[str, object]:
    return {
        "agrees": not beyond,
        "beyond": [variance.model for variance in beyond],
        "total": result.total.as_dict(),
        "models": [variance.as_dict() for variance in result.models],
        "days": [variance.as_dict() for variance in result.days],
        "lines_of_other_months": result.elsewhere,
    }
