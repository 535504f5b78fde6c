"""`gateway ledger close`: a month is over, and what it came to stays as it is."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway import keeping
from gateway.cli.bookkeeping import existing_ledger, refuse, refuse_waiting
from gateway.cli.console import NO, say, say_facts, say_json
from gateway.cli.focus import MonthFile
from gateway.cli.inputs import JsonOption, LedgerOption, PolicyOption, ledger_part
from gateway.cli.periods import month as month_of
from gateway.settings import Settings
from gateway.times import Month
from gateway.types import Money

MonthArgument = Annotated[Month, typer.Argument(parser=month_of, metavar="MONTH", help="Such as 2026-11, in UTC.")]
OutOption = Annotated[
    Path | None, typer.Option("--out", "-o", metavar="DIR", help="Where what it came to is written, or was.")
]
FocusOption = Annotated[
    Path | None,
    typer.Option("--focus", metavar="FILE", help="Where its charges are written by the FOCUS standard, or were."),
]


def close(  # noqa: PLR0913 - a parameter an option
    month: MonthArgument,
    *,
    out: OutOption = None,
    focus: FocusOption = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Instead: say whether a month is still what it was closed as.")
    ] = False,
    ledger: LedgerOption = None,
    policy: PolicyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Close a month: what it came to is frozen under a SHA-256, and nothing is added to it any more.

    Written are its hourly sums of requests and calls, its corrections, and the price lists and policies behind them, as
    canonical JSON: the same books give the same bytes. With --focus its charges are written beside, as `gateway export
    focus --month` does, and their SHA-256 is kept. What comes late counts in the first hour that is open. With --verify
    the month is reckoned anew; exit code 1 says that it came to something else.

    Example: gateway ledger close 2026-11 --out closed
    """
    if focus == Path("-"):
        refuse("--focus needs a file: its SHA-256 is kept; name one")
    file = existing_ledger(ledger, policy)
    charges = None if focus is None else focus.expanduser()
    if verify:
        _verify(file, month, out, charges, as_json=as_json)
        return
    refuse_waiting(ledger_part(ledger, policy))
    exported = None if charges is None else MonthFile.of(ledger, policy, month)
    wanted = None if exported is None or charges is None else keeping.Charges(path=charges, write=exported.write)
    folder = None if out is None else out.expanduser()
    with keeping.session(file, key=Settings().seal()) as books:
        made = keeping.close(books, month, now=datetime.now(UTC), out=folder, charges=wanted)
    if as_json:
        say_json(_record(made))
    else:
        say_facts(_facts(made))
    if exported is not None and charges is not None:
        exported.tell(charges)


def _verify(file: Path, month: Month, out: Path | None, charges: Path | None, *, as_json: bool) -> None:
    frozen = None if out is None else out.expanduser() / keeping.file_of(month)
    verdict = keeping.verify_close(file, month, frozen, charges)
    if as_json:
        say_json(_verdict(verdict))
    else:
        for line in _told(verdict, frozen, charges):
            say(line)
    if not verdict.holds:
        raise typer.Exit(NO)


def _record(made: keeping.Closing) -> dict[str, Any]:
    return {
        "schema": "gateway.ledger.closed/1",
        "month": str(made.close.month),
        "sha256": made.close.sha256,
        "file": None if made.file is None else str(made.file),
        "focus": None
        if made.charges is None
        else {"file": str(made.charges), "sha256": made.close.parts[keeping.CHARGES]},
        "totals": {name: made.totals.get(name, 0) for name in _TOTALS},
        "policies": list(made.close.policies),
    }


_TOTALS = (
    "requests",
    "excluded",
    "cost_nano_usd",
    "excluded_cost_nano_usd",
    "baseline_nano_usd",
    "corrections_nano_usd",
    "comparisons_nano_usd",
)


def _facts(made: keeping.Closing) -> dict[str, list[str]]:
    requests, excluded, cost, known, baseline, *besides = (made.totals.get(name, 0) for name in _TOTALS)
    corrections, comparisons = besides
    note = [] if requests else [f"no requests in {made.close.month}"]
    excluded_cost = f", and {Money(known)} known of {excluded:,} that are not in the sums" if excluded else ""
    facts = {
        "closed": [f"{made.close.month}: {requests:,} requests"],
        "cost": [f"{Money(cost)} at the margin{excluded_cost}"],
        "baseline": [str(Money(baseline))],
        "comparisons": [str(Money(comparisons))] if comparisons else [],
        "corrections": [str(Money(corrections))] if corrections else [],
        "sha256": [made.close.sha256],
        "file": [] if made.file is None else [str(made.file)],
        "focus": [] if made.charges is None else [f"{made.charges}, sha256 {made.close.parts[keeping.CHARGES]}"],
        "note": note,
    }
    return {name: lines for name, lines in facts.items() if lines}


def _verdict(verdict: keeping.Verdict) -> dict[str, Any]:
    return {
        "schema": "gateway.ledger.close.verify/1",
        "month": str(verdict.close.month),
        "holds": verdict.holds,
        "closed": verdict.close.at.isoformat(),
        "sha256": verdict.close.sha256,
        "sha256_now": verdict.sha256,
        "different": list(verdict.different),
        "tenants_erased": verdict.erased,
        "file_is_the_one": verdict.file,
        "focus_is_the_one": verdict.charges,
    }


def _told(verdict: keeping.Verdict, frozen: Path | None, charges: Path | None) -> list[str]:
    month, closed = verdict.close.month, f"{verdict.close.at:%Y-%m-%d %H:%M} UTC"
    but = ", but for the names of tenants who were erased since" if verdict.erased else ""
    lines = [f"{month} comes to what it was closed as on {closed}{but}"]
    if verdict.different:
        lines = [f"{month} does NOT come to what it was closed as on {closed}: {', '.join(verdict.different)} differ"]
    if verdict.file is not None:
        lines.append(f"{frozen} is {'' if verdict.file else 'NOT '}what was frozen then")
    if verdict.charges is not None:
        lines.append(f"{charges} is {'' if verdict.charges else 'NOT '}what was written then")
    return [*lines, f"sha256 {verdict.close.sha256}"]
