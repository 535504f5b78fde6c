"""`gateway savings`: what the routing saved, from the ledger, hardware and people included; losses shown as losses."""

import csv
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.accounts import Asked, account_of, asked
from gateway.cli.console import Side, amount, say, say_facts, say_json, say_table
from gateway.cli.inputs import JsonOption, LedgerOption, PolicyOption
from gateway.cli.periods import MonthOption, SinceOption, UntilOption, period
from gateway.cli.shares import share
from gateway.money.groups import DIMENSIONS, By
from gateway.money.savings import BaselineLine, Row, Savings
from gateway.money.told import as_dict, csv_rows
from gateway.spelling import remedy
from gateway.types import Money

_NUMBERS: dict[str, Side] = {
    "requests": "right",
    "local": "right",
    "excluded": "right",
    "baseline": "right",
    "cost": "right",
    "saved": "right",
    "hardware": "right",
    "net": "right",
}
_BASELINES = {"declared": "declared", "managed": "managed host of the open model", "direct": "same models, no router"}


def dimensions(text: str) -> tuple[By, ...]:
    """Return what `model,day` groups by."""
    names = tuple(name.strip() for name in text.split(","))
    for name in names:
        if name not in DIMENSIONS:
            raise typer.BadParameter(f"cannot group by {name!r}; {remedy(name, DIMENSIONS)}")
    return tuple(dict.fromkeys(name for name in DIMENSIONS if name in names))


WhatIfOption = Annotated[
    Path | None, typer.Option("--what-if", metavar="POLICY", help="Instead: what this policy would have cost.")
]
RejectedOption = Annotated[
    float | None,
    typer.Option(
        parser=share, metavar="SHARE", help="With --what-if: judged answers that are not accepted; unset: as observed."
    ),
]
EasyOption = Annotated[
    float | None,
    typer.Option(
        parser=share, metavar="SHARE", help="With --what-if: easy ones of the requests of which no difficulty is known."
    ),
]


def savings(  # noqa: PLR0913 - an option of the command each
    *,
    ledger: LedgerOption = None,
    policy: PolicyOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    of_month: MonthOption = None,
    by: Annotated[str, typer.Option(metavar="LIST", help=f"Rows by any of {', '.join(DIMENSIONS)}.")] = "backend,model",
    as_json: JsonOption = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the rows as CSV.")] = False,
    what_if: WhatIfOption = None,
    rejected: RejectedOption = None,
    easy: EasyOption = None,
) -> None:
    """Say what the routing saved, driver by driver.

    Saved is baseline less cost; net is what remains after the hardware, comparisons and people. Requests whose cost or
    baseline is unknown are left out of the sums and counted under "excluded". Pools of the policy are charged for the
    whole period, busy or not. The period is of whole hours, UTC. With --what-if: what another policy would have cost on
    the same requests, with all that is assumed.

    Example: gateway savings --since 7d --by model,day
    """
    groups = dimensions(by)
    start, end = period(since, until, of_month)
    question = asked(ledger, policy, since=start, until=end)
    if what_if is not None and as_csv:
        raise typer.BadParameter("--what-if has no rows for --csv; take --json")
    if what_if is not None:
        # It takes a router's imports, which a report has no use for.
        from gateway.cli.what_if import say_what_if  # noqa: PLC0415

        say_what_if(question, what_if, rejected=rejected, easy=easy, as_json=as_json)
        return
    account = account_of(question, by=groups)
    if as_json:
        say_json(as_dict(account))
    elif as_csv:
        csv.writer(sys.stdout, lineterminator="\n").writerows(csv_rows(account))
    else:
        _print(account, question)


def _print(account: Savings, question: Asked) -> None:
    if not account.total.sums.requests:
        say("no requests in this period")
        # Idle hardware and people cost all the same.
        if account.overhead.nano_usd:
            say()
            say_facts(_facts(account, question))
            say()
            _print_waterfall(account)
        return
    columns: dict[str, Side] = {**dict.fromkeys(account.by, "fold"), **_NUMBERS}
    rows = [_cells(row, _names(row)) for row in account.rows]
    total = _cells(account.total, ["total", *("" for _ in account.by[1:])])
    say_table(columns, [*rows, total], styles=[*("" for _ in rows), "bold"])
    say()
    say_facts(_facts(account, question))
    say()
    _print_waterfall(account)
    say()
    _print_baselines(account)


def _names(row: Row) -> list[str]:
    if not row.sums.answered and not any(row.group):
        return ["(no answer)", *("-" for _ in row.group[1:])]
    return [value or "-" for value in row.group]


def _cells(row: Row, names: list[str]) -> list[str]:
    sums = row.sums
    counts = f"{sums.requests:,}", f"{sums.local:,}", f"{sums.excluded:,}"
    if not row.is_known:
        return [*names, *counts, "unknown", "unknown", "unknown", amount(row.hardware), "unknown"]
    return [*names, *counts, str(row.baseline), str(row.cost), str(row.saved), amount(row.hardware), amount(row.net)]


def _print_waterfall(account: Savings) -> None:
    if not account.total.is_known:
        return
    drivers = [driver for driver in account.drivers if any(part.nano_usd for _, part in driver.parts)]
    rows = [["baseline", str(account.total.baseline), ""]]
    for driver in drivers:
        parts = ", ".join(f"{name.replace('_', ' ')} {part}" for name, part in driver.parts if part.nano_usd)
        rows.append([driver.name.replace("_", " "), _signed(driver.amount), parts if len(driver.parts) > 1 else ""])
    rows.append(["net", str(account.net), f"baseline less the {account.actual} that were paid"])
    say_table(
        {"driver": "left", "saved": "right", "of which": "fold"}, rows, styles=["", *("" for _ in drivers), "bold"]
    )


def _print_baselines(account: Savings) -> None:
    rows = [_baseline(line) for line in account.baselines]
    columns: dict[str, Side] = {"baseline": "left", "would have cost": "right", "was paid": "right", "net": "right"}
    say_table({**columns, "share": "right", "requests": "right", "models": "fold"}, rows)


def _baseline(line: BaselineLine) -> list[str]:
    share = "" if line.share is None else f"{line.share:.1%}"
    models = ", ".join(line.models) or ("not declared" if line.name == "declared" else "-")
    requests = f"{line.requests:,} of {line.of:,}"
    name = _BASELINES[line.name]
    return [name, amount(line.baseline), str(line.actual), amount(line.net), share, requests, models]


def _facts(account: Savings, question: Asked) -> dict[str, list[str]]:
    comparisons = account.comparisons
    facts = {
        "period": [period_line(account, question)],
        "coverage": [_coverage(account)] if account.total.sums.requests else [],
        "hardware": _hardware(account),
        "engineers": [amount(account.engineers) if account.engineers is not None else "not included"],
        "holdout": _holdout(comparisons.calls, comparisons.unpriced, Money(comparisons.cost))
        if comparisons.calls
        else [],
        "net": [_net(account)],
        "sure": _certainty(account),
        "note": _remarks(account),
    }
    return {name: lines for name, lines in facts.items() if lines}


def period_line(account: Savings, question: Asked) -> str:
    """Return for which period hardware and people are charged, in words."""
    begins = "" if question.since is not None else ", from the first request"
    ends = " to the last" if begins and question.end is None else " on" if begins else ""
    return f"{_day(account.since)} to {_day(account.until)} UTC, {account.hours:,.1f} h{begins}{ends}"


def _coverage(account: Savings) -> str:
    sums = account.total.sums
    # Rounded down: 100% means all of them.
    per_mille = sums.covered * 1000 // sums.requests
    return f"{per_mille / 10}% of {sums.requests:,} requests are in the sums"


def _hardware(account: Savings) -> list[str]:
    lines = []
    for pool in account.pools:
        cards = f"{pool.gpus} x GPU" + (f", {pool.standby} on standby" if pool.standby else "")
        used = "used part unknown: give input_us and output_us, or gpu"
        if pool.used is not None and pool.busy is not None:
            used = f"used {pool.used} ({pool.busy:.1%}), idle {pool.idle}, load {pool.load or 0:.1%} of what is usable"
        paid = f"{pool.cost} for pool {pool.pool}: {cards}, ${pool.usd_per_hour:,.2f} an hour for {pool.hours:,.1f} h"
        lines.append(f"{paid}; {used}")
    return lines


def _holdout(calls: int, unpriced: int, cost: Money) -> list[str]:
    unknown = f", {unpriced:,} more of unknown cost" if unpriced else ""
    return [f"{cost} for {calls - unpriced:,} local answers that were compared{unknown}"]


def _certainty(account: Savings) -> list[str]:
    lines, equal = [], account.equivalence
    if account.estimate is not None and account.ratio is not None:
        estimate, low, high = account.estimate
        lines.append(f"{estimate} net ({low} to {high}, 95 %) by {account.ratio.pairs:,} random comparisons")
    if equal is not None:
        lines.append(
            f"{equal.equivalent:,} of {equal.judged:,} compared local answers agree ({equal.low:.1%} at least); "
            f"net on as good answers {account.equivalent_net}"
        )
    if account.rework_net is not None:
        observed, low = account.rework_net
        lines.append(f"{observed} net after bad answers, {low} where as many are bad as could be")
    return lines


def _remarks(account: Savings) -> list[str]:
    remarks, sums = [], account.total.sums
    if sums.excluded:
        count = f"{sums.excluded:,} {'request is' if sums.excluded == 1 else 'requests are'}"
        known = f"; what is known of their cost: {Money(sums.excluded_cost)}"
        remarks.append(f"{count} not in the sums: their cost or baseline is unknown{known}")
    if "tag" in account.by:
        remarks.append("a request with several tags stands in the row of each; the total counts it once")
    idle = [pool for pool in account.pools if not pool.gpu_s and pool.gpu_s is not None]
    if idle:
        unused = sum((pool.cost for pool in idle), Money(0))
        names = ", ".join(pool.pool for pool in idle)
        remarks.append(f"nobody used {names}: its {unused} stand in the total, and in no row")
    if account.unpooled:
        remarks.append(f"hardware of {', '.join(account.unpooled)} is not included: the policy puts it in no pool")
    if account.token_bases and account.token_bases != ("declared",):
        remarks.append("the baseline's tokens are taken to be as many as the answer's (tokens=assumed-equal)")
    return remarks


def _net(account: Savings) -> str:
    if not account.total.is_known:
        return "unknown"
    less = [
        *(["hardware"] if account.pools else []),
        *(["comparisons"] if account.comparisons.calls else []),
        *(["corrections"] if account.corrections.nano_usd else []),
        *(["engineers"] if account.engineers is not None else []),
    ]
    share = "" if account.share is None else f", {account.share:.1%} of the baseline"
    if not less:
        return f"{account.net}{share}"
    return f"{account.net} after {' and '.join(filter(None, (', '.join(less[:-1]), less[-1])))}{share}"


def _signed(money: Money) -> str:
    return f"+{money}" if money.nano_usd > 0 else str(money)


def _day(at: datetime | None) -> str:
    return "?" if at is None else at.astimezone(UTC).strftime("%Y-%m-%d %H:%M")
