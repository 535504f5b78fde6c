"""`gateway report`: the dashboard in one file, for who pays: it is mailed, opened from a disk, filtered and printed."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.accounts import Asked, asked
from gateway.cli.alerts import month_under_way
from gateway.cli.console import remark
from gateway.cli.inputs import LedgerOption, PolicyOption
from gateway.cli.licences_case import Case, uses_of
from gateway.cli.periods import MonthOption, SinceOption, UntilOption, period
from gateway.errors import ConfigurationError
from gateway.licences.register import duties
from gateway.licences.served import Served
from gateway.money.alerts import alerts
from gateway.money.overrides import in_force
from gateway.money.savings import Savings
from gateway.report.build import Sources
from gateway.report.build import report as build
from gateway.report.contents import Duty
from gateway.times import hour_of
from gateway.training.files import replacing

_OURS = b'<meta name="generator" content="hybrid-gateway'
_HEAD_BYTES = 4096


def report(  # noqa: PLR0913 - an option of the command each
    *,
    html: Annotated[Path, typer.Option("--html", metavar="FILE", help="The file to write.")],
    ledger: LedgerOption = None,
    policy: PolicyOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    of_month: MonthOption = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file also where it is no report.")] = False,
) -> None:
    """Write a dashboard in one HTML file that works offline.

    It holds the period's account, by model, rule, team and tag, with filters, and every assumption that the figures
    rest on. It loads nothing, works without JavaScript and prints. At most 1 MB: what does not fit is summed up by
    week or month, and the report says so.

    Example: gateway report --html report.html --month 2026-11
    """
    begin, end = period(since, until, of_month)
    _look_at(html, force=force)
    question = asked(ledger, policy, since=begin, until=end)
    now = datetime.now(UTC)
    text = build(_sources(question, now), made=now, ledger=_called(ledger))
    with replacing(html) as fresh:
        fresh.write_text(text, encoding="utf-8")
    if 'class="empty"' in text:
        remark("no requests in this period: the report says so")


def _look_at(file: Path, *, force: bool) -> None:
    """Refuse a place that holds something else than a report; raises `ConfigurationError`."""
    if file.is_dir():
        raise ConfigurationError(f"{str(file)!r} is a folder; name a file in it")
    if not file.parent.is_dir():
        raise ConfigurationError(f"there is no folder {str(file.parent)!r}; make it first")
    if force or not file.exists():
        return
    with suppress(OSError), file.open("rb") as found:
        if _OURS in found.read(_HEAD_BYTES):
            return
    raise ConfigurationError(f"{str(file)!r} is there and is no report; name another file, or add --force")


def _called(ledger: str | None) -> str | None:
    """Return how commands in the report call the ledger: no path of this machine, no password."""
    return None if ledger is None or "://" in ledger else Path(ledger).name


def _sources(question: Asked, now: datetime) -> Sources:
    ledger, asked_for = question.ledger, {"since": question.since, "until": question.until}
    return Sources(
        policy=question.policy,
        hours=ledger.hours(**asked_for, step="day"),
        calls=ledger.calls(**asked_for, step="hour"),
        durations=ledger.durations(**asked_for, step="day"),
        pairs=list(ledger.pairs(**asked_for)),
        corrections=[(hour_of(one.counted), one.amount) for one in ledger.corrections(**asked_for)],
        since=question.since,
        end=question.end,
        told=lambda account: _told(account, question, now),
        owed=lambda served: _owed(served, question, now),
    )


def _told(account: Savings, question: Asked, now: datetime) -> Iterator[tuple[str, str]]:
    found = alerts(
        account, policy=question.policy, prices=in_force(question.policy), now=now, month=month_under_way(question, now)
    )
    for alert in found:
        yield alert.severity, alert.text


def _owed(served: Sequence[Served], question: Asked, now: datetime) -> Iterator[Duty]:
    case = Case(policy=question.policy, uses=uses_of(question.policy, served, configured=False), now=now)
    for duty in duties(case.uses, case.facts()):
        yield Duty(licence=duty.licence, text=duty.text, models=", ".join(duty.models), state=duty.state)
