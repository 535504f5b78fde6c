"""Makes a report from the sums of a ledger, read once, in little memory however long the ledger is."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.licences.served import Served
from gateway.money.account import EQUIVALENT_AT, savings
from gateway.money.certainty import Pair, equivalence
from gateway.money.rollups import CallHour, DurationHour, Hour
from gateway.money.savings import Savings
from gateway.policy.models import Policy
from gateway.report import figures
from gateway.report.columns import Table, table
from gateway.report.contents import Contents, Duty
from gateway.report.groups import grouped, hardware
from gateway.report.hardware import Cards
from gateway.report.page import MOST_BYTES, ROWS_BYTES, document
from gateway.report.parts import Gathering
from gateway.report.trace import Trace
from gateway.times import hour_of
from gateway.types import Money

_MILLION = 1_000_000
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What a report is made from: requests and durations by day, calls by hour; `end` is until when hardware costs.

    `corrections` are (the hour in which it counts, amount); `told` finds what is to be known of an account, as
    (severity, text), and `owed` the licence duties of the models that answered.
    """

    policy: Policy
    hours: Iterable[Hour]
    calls: Iterable[CallHour]
    durations: Iterable[DurationHour]
    pairs: Sequence[Pair] = ()
    corrections: Sequence[tuple[int, Money]] = ()
    since: datetime | None = None
    end: datetime | None = None
    told: Callable[[Savings], Iterable[tuple[str, str]]] = lambda _: ()
    owed: Callable[[Sequence[Served]], Iterable[Duty]] = lambda _: ()


def report(sources: Sources, *, made: datetime, ledger: str | None = None, most_bytes: int = MOST_BYTES) -> str:
    """Return the file; `ledger` is the name by which the commands in it call the ledger."""
    rows_bytes = min(ROWS_BYTES, most_bytes)
    gathering = Gathering(Cards(sources.policy))
    account = savings(
        gathering.heard(sources.hours),
        gathering.heard_calls(sources.calls),
        policy=sources.policy,
        since=sources.since,
        until=sources.end,
        by=(),
        pairs=sources.pairs,
        corrections=sum((amount for _, amount in sources.corrections), Money(0)),
    )
    gathering.hear(sources.durations)
    span = _span(account)
    while True:
        made_table = table(gathering, most_bytes=rows_bytes, span=span)
        trace = Trace(ledger=ledger, since=account.since, until=account.until)
        text = document(_contents(sources, gathering, account, made_table, trace), made)
        if len(text) <= most_bytes or rows_bytes < _LEAST_BYTES:
            return text
        rows_bytes //= 2


_LEAST_BYTES = 10_000


def _span(account: Savings) -> tuple[int, int] | None:
    if account.since is None or account.until is None or account.since >= account.until:
        return None
    return hour_of(account.since), hour_of(account.until - _MICROSECOND)


def _contents(sources: Sources, gathering: Gathering, account: Savings, rows: Table, trace: Trace) -> Contents:
    return Contents(
        account=account,
        policy=sources.policy,
        cards=gathering.cards,
        table=rows,
        trace=trace,
        alerts=tuple(sources.told(account)),
        duties=tuple(sources.owed(gathering.served())),
        quality=tuple(_quality(sources.pairs, rows, account)),
        corrections=sources.corrections,
    )


def _quality(pairs: Sequence[Pair], rows: Table, account: Savings) -> Iterable[figures.Row]:
    """Yield how many compared local answers of a rule agree, and what 1,000 requests of it cost."""
    groups = grouped(rows, ("rule",))
    shares = hardware(account, groups)
    for names in groups.keys:
        found = equivalence([pair for pair in pairs if pair.rule == names[0]], at_least=EQUIVALENT_AT)
        sums, share = groups.requests[names], shares[names]
        if found is not None:
            known = share is not None and sums.covered > 0
            yield {
                "names": names,
                "rule": names[0],
                "judged": found.judged,
                "agree": (found.equivalent, found.judged),
                "low": (round(found.low * _MILLION), _MILLION),
                "high": (round(found.high * _MILLION), _MILLION),
                "rate": (sums.cost + (share or 0)) * 1000 // sums.covered if known else None,
            }
