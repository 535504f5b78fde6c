"""`gateway alerts`: what should be known before the month ends, for people and for whatever pages them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import typer

from gateway.cli.accounts import Asked, account_of, asked, hour_begun, hour_ended
from gateway.cli.console import NO, Side, say, say_json, say_table
from gateway.cli.inputs import JsonOption, LedgerOption, PolicyOption
from gateway.cli.periods import SinceOption
from gateway.interfaces import LedgerReader
from gateway.money.alerts import Alert, Month, month_of
from gateway.money.alerts import alerts as look_for
from gateway.money.overrides import in_force
from gateway.times import Month as Calendar
from gateway.times import time_of

_RECENT, _SHORTEST = timedelta(days=7), timedelta(days=1)
_COLUMNS: dict[str, Side] = {"severity": "left", "code": "left", "what": "fold"}
_STYLES = {"critical": "bold red", "warning": "yellow", "note": ""}


def alerts(
    *, ledger: LedgerOption = None, policy: PolicyOption = None, since: SinceOption = None, as_json: JsonOption = False
) -> None:
    """Say what to know of money: budgets, baselines, idle hardware.

    Looks at the time since `--since`, unset the last 30 days, and for the budget at the calendar month (UTC).
    Exit code 1 where there is a warning or worse.

    Example: gateway alerts --json
    """
    now = datetime.now(UTC)
    question = asked(ledger, policy, since=since or now - timedelta(days=30), until=None)
    found = look_for(
        account_of(question),
        policy=question.policy,
        prices=in_force(question.policy),
        now=now,
        month=month_under_way(question, now),
    )
    if as_json:
        say_json([{"code": alert.code, "severity": alert.severity, "text": alert.text} for alert in found])
    else:
        _print(found)
    if any(alert.severity != "note" for alert in found):
        raise typer.Exit(NO)


def month_under_way(question: Asked, now: datetime) -> Month | None:
    """Return the calendar month so far and at its end, None without a budget; raises `LedgerError`."""
    if question.policy.budget is None:
        return None
    month, until = Calendar.of(now), hour_ended(now)
    so_far = account_of(replace(question, since=month.since, until=until))
    recent = account_of(replace(question, since=_recently(question.ledger, now), until=until))
    return month_of(so_far, recent, pools=question.policy.pools, now=now, end=month.until)


def _recently(ledger: LedgerReader, now: datetime) -> datetime:
    """Return since when the pace is taken: a week, or from a younger ledger's first entry on, but at least a day."""
    week = hour_begun(now - _RECENT)
    if next(iter(ledger.hours(until=week)), None) is not None:
        return week
    first = min((time_of(hour.first_us) for hour in ledger.hours(since=week)), default=week)
    return hour_begun(max(week, min(first, now - _SHORTEST)))


def _print(found: list[Alert]) -> None:
    if not found:
        say("nothing to report")
        return
    rows = [[alert.severity, alert.code.replace("_", " "), alert.text] for alert in found]
    say_table(_COLUMNS, rows, styles=[_STYLES[alert.severity] for alert in found])
