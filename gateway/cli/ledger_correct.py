"""`gateway ledger correct` and `corrections`: amounts that are booked afterwards; nothing that stands is changed."""

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway import keeping
from gateway.cli.bookkeeping import existing_ledger, refuse
from gateway.cli.console import Side, remark, say, say_json, say_table
from gateway.cli.inputs import JsonOption, LedgerOption, PolicyOption
from gateway.cli.periods import moment
from gateway.cli.periods import month as month_of
from gateway.entries import Correction
from gateway.errors import LedgerError
from gateway.history.recorded import plain
from gateway.ledgers import sqlite
from gateway.settings import Settings
from gateway.times import Month
from gateway.types import Money

MOST_USD = 1_000_000_000

_COLUMNS: dict[str, Side] = {
    "booked": "left",
    "counts": "left",
    "id": "left",
    "about": "fold",
    "team": "fold",
    "reason": "fold",
    "amount": "right",
}


def _amount(text: str) -> Money:
    try:
        usd = Decimal(text)
        nano_usd = usd.scaleb(9) if usd.is_finite() and abs(usd) <= MOST_USD else Decimal("NaN")
        exact = nano_usd == nano_usd.to_integral_value()
    except InvalidOperation:
        exact = False
    if not exact or not usd:
        raise typer.BadParameter(f"{text!r} is no amount in USD; write for instance -12.50, with at most 9 decimals")
    return Money(int(nano_usd))


MonthOption = Annotated[
    Month | None, typer.Option(parser=month_of, metavar="2026-10", help="The month that it is about.")
]
AmountOption = Annotated[
    Money, typer.Option(parser=_amount, metavar="USD", help="What it cost more; negative: what it cost less.")
]


def correct(  # noqa: PLR0913 - a parameter an option
    entry: Annotated[str | None, typer.Argument(metavar="ENTRY", help="The entry that it is about, by its id.")] = None,
    *,
    amount: AmountOption,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why. It is kept for good: name nobody.")],
    month: MonthOption = None,
    provider: Annotated[str | None, typer.Option(metavar="NAME", help="Instead of an entry: whose bill.")] = None,
    model: Annotated[str | None, typer.Option(metavar="NAME", help="Instead, or besides: which model.")] = None,
    team: Annotated[str | None, typer.Option(metavar="NAME", help="Who pays for it; unset: the entry's.")] = None,
    name: Annotated[
        str | None, typer.Option("--id", metavar="NAME", help="What it is called: a second one of the name is none.")
    ] = None,
    ledger: LedgerOption = None,
    policy: PolicyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Book what something cost more or less than is on the books: a credit note, a rounded invoice, a wrong price.

    Entries and sums stay as they are; the correction is a row of its own and counts in the open period, now.

    Example: gateway ledger correct --provider openai --month 2026-10 --amount -12.50 --reason "credit note 4711"
    """
    file = existing_ledger(ledger, policy)
    about = {"provider": provider, "model": model, "team": team}
    wanted = Correction(
        id=plain(name, "--id") or secrets.token_hex(8),
        at=datetime.now(UTC),
        counted=datetime.now(UTC),
        amount=amount,
        reason=plain(reason, "--reason") or refuse("--reason is empty; say why"),
        **_about(file, entry, month, {option: plain(said, f"--{option}") for option, said in about.items()}),
    )
    with keeping.session(file, key=Settings().seal()) as books:
        booked, is_new = keeping.correct(books, wanted)
    if as_json:
        say_json({**record(booked), "new": is_new})
        return
    what = "booked" if is_new else "is booked already:"
    say(f"{what} {_signed(booked.amount)} as correction {booked.id}; it counts in {booked.counted:%Y-%m-%d %H}:00 UTC")


def corrections(
    *,
    since: Annotated[
        datetime | None, typer.Option(parser=moment, metavar="90d|DATE", help="Only from then on; unset: all.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(parser=moment, metavar="90d|DATE", help="Only before that; unset: all.")
    ] = None,
    ledger: LedgerOption = None,
    policy: PolicyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the corrections that count in a period, and their sum.

    Example: gateway ledger corrections --since 2026-11-01
    """
    file = existing_ledger(ledger, policy)
    found = list(sqlite.read_corrections(file, since=since, until=until))
    total = sum((correction.amount for correction in found), Money(0))
    if as_json:
        say_json({"corrections": [record(one) for one in found], "total_nano_usd": total.nano_usd})
        return
    if not found:
        remark("no corrections in this period")
        return
    rows = [*map(_cells, found), ["total", "", "", "", "", "", _signed(total)]]
    say_table(_COLUMNS, rows, styles=[*("" for _ in found), "bold"])


def record(correction: Correction) -> dict[str, Any]:
    """Return a correction for programs."""
    return {
        "id": correction.id,
        "at": correction.at.isoformat(),
        "counted": correction.counted.isoformat(),
        "amount_nano_usd": correction.amount.nano_usd,
        "reason": correction.reason,
        "month": correction.month,
        "entry": correction.entry_id,
        "provider": correction.provider,
        "model": correction.model,
        "tenant": correction.tenant,
        "team": correction.team,
    }


def _about(file: Path, entry: str | None, month: Month | None, said: dict[str, str | None]) -> dict[str, Any]:
    if entry is None:
        if month is None or not (said["provider"] or said["model"]):
            refuse("say what it is about: an ENTRY, or --month with --provider or --model")
        if month > Month.of(datetime.now(UTC)):
            refuse(f"{month} is still to come; nothing of it is on the books that could be put right")
        return {**said, "month": str(month)}
    if month is not None or said["provider"] or said["model"]:
        refuse("an ENTRY has its month, provider and model; leave out --month, --provider and --model")
    found = sqlite.read_entry(file, entry)
    if found is None:
        raise LedgerError(f"there is no entry {entry!r} in {str(file)!r}; `gateway ledger tail --json` shows ids")
    return {
        "entry_id": found.id,
        "month": str(Month.of(found.at)),
        "provider": found.backend,
        "model": found.model,
        "tenant": found.tenant,
        "team": said["team"] or found.team,
    }


def _cells(correction: Correction) -> list[str]:
    return [
        f"{correction.at:%Y-%m-%d %H:%M}",
        f"{correction.counted:%Y-%m-%d %H}:00",
        correction.id,
        ", ".join(_about_cells(correction)),
        correction.team or "-",
        correction.reason,
        _signed(correction.amount),
    ]


def _about_cells(correction: Correction) -> Iterator[str]:
    yield correction.month
    if correction.entry_id:
        yield f"entry {correction.entry_id}"
    yield from filter(None, (correction.provider, correction.model))


def _signed(money: Money) -> str:
    return f"+{money}" if money.nano_usd > 0 else str(money)
