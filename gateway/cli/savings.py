"""`gateway savings`: what the routing saved, from the ledger, hardware included; losses are shown as losses."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from gateway.cli.console import Side, say, say_facts, say_json, say_table
from gateway.cli.inputs import JsonOption, LedgerOption, PolicyOption, booked, compared, ledger_path, policy_of
from gateway.money.savings import HoldoutCost, Row, Savings
from gateway.money.savings import savings as sum_up

_SPAN = re.compile(r"(\d{1,5})([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}

_COLUMNS: dict[str, Side] = {
    "backend": "fold",
    "model": "fold",
    "requests": "right",
    "local": "right",
    "excluded": "right",
    "baseline": "right",
    "cost": "right",
    "saved": "right",
}


def moment(text: str) -> datetime:
    """Return the time that `7d`, `12h` or an ISO date (in local time) means."""
    span = _SPAN.fullmatch(text)
    if span:
        return datetime.now(UTC) - timedelta(**{_UNITS[span[2]]: int(span[1])})
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"{text!r} is no time; write for instance 7d, 12h or 2026-11-01") from None


def savings(
    *,
    ledger: LedgerOption = None,
    policy: PolicyOption = None,
    since: Annotated[
        datetime | None, typer.Option(parser=moment, metavar="7d|DATE", help="Only what came later; unset: all.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say what the routing saved against the baseline.

    Saved is baseline less cost. Requests whose cost or baseline is unknown are left out of the sums and counted under
    "excluded". Pools of the policy are charged for the whole period, busy or not.

    Example: gateway savings --since 7d
    """
    given = policy_of(policy)
    file, named = ledger_path(ledger, policy), ledger is not None
    table = sum_up(
        booked(file, named=named, since=since),
        pools=given.pools,
        pool_of={name: backend.pool for name, backend in given.backends.items()},
        since=since,
        until=None if since is None else datetime.now(UTC),
        holdouts=compared(file, named=named, since=since),
    )
    if as_json:
        say_json(table.as_dict())
    else:
        _print(table)


def _print(table: Savings) -> None:
    if not table.total.requests:
        say("no requests in this period")
        return
    rows = [_cells(row, row.backend or "(no answer)", row.model or "-") for row in table.rows]
    say_table(_COLUMNS, [*rows, _cells(table.total, "total", "")], styles=[*("" for _ in rows), "bold"])
    say()
    say_facts(_facts(table))


def _facts(table: Savings) -> dict[str, list[str]]:
    facts = {
        "period": [f"{_day(table.since)} to {_day(table.until)}, {table.hours:,.1f} h"],
        "hardware": [
            f"{pool.cost} for pool {pool.pool}: {pool.gpus} x ${pool.usd_per_gpu_hour:g} an hour"
            for pool in table.pools
        ],
        "holdout": _holdout(table.holdout),
        "net": [_net(table)],
        "note": _remarks(table),
    }
    return {name: lines for name, lines in facts.items() if lines}


def _holdout(holdout: HoldoutCost) -> list[str]:
    if not holdout.calls:
        return []
    unknown = f", {holdout.excluded:,} more of unknown cost" if holdout.excluded else ""
    return [f"{holdout.cost} for {holdout.calls - holdout.excluded:,} local answers that were compared{unknown}"]


def _remarks(table: Savings) -> list[str]:
    remarks = []
    if table.total.excluded:
        count = f"{table.total.excluded:,} {'request is' if table.total.excluded == 1 else 'requests are'}"
        known = f"; what is known of their cost: {table.total.excluded_cost}"
        remarks.append(f"{count} not in the sums: their cost or baseline is unknown{known}")
    if table.unpooled:
        remarks.append(f"hardware of {', '.join(table.unpooled)} is not included: the policy puts it in no pool")
    return remarks


def _cells(row: Row, backend: str, model: str) -> list[str]:
    counts = f"{row.requests:,}", f"{row.local:,}", f"{row.excluded:,}"
    if not row.is_known:
        return [backend, model, *counts, *(["unknown"] * 3)]
    return [backend, model, *counts, str(row.baseline), str(row.cost), str(row.saved)]


def _net(table: Savings) -> str:
    if not table.total.is_known:
        return "unknown"
    less = [*(["hardware"] if table.pools else []), *(["comparisons"] if table.holdout.calls else [])]
    return f"{table.net} after {' and '.join(less)}" if less else str(table.net)


def _day(at: datetime | None) -> str:
    return "?" if at is None else at.astimezone().strftime("%Y-%m-%d %H:%M")
