"""`gateway export focus`: all charges by the FOCUS standard, and whether a file keeps its rules."""

import heapq
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from itertools import chain, islice
from operator import attrgetter
from pathlib import Path
from typing import Annotated, BinaryIO, Literal, Self

import typer

from gateway.cli.accounts import Asked, asked
from gateway.cli.console import NO, remark, say
from gateway.cli.inputs import LedgerOption, PolicyOption
from gateway.cli.periods import MonthOption, SinceOption, UntilOption, period
from gateway.errors import ConfigurationError
from gateway.exports.columns import VERSIONS, Row, Version
from gateway.exports.files import FORMATS, WRITERS, Format, read_table
from gateway.exports.focus import Focus, Question, Told
from gateway.exports.focus_check import check, version_of
from gateway.exports.hardware import Cards, PoolStep, pool_steps
from gateway.exports.periods import Grain
from gateway.exports.steps import Step, steps
from gateway.money.pools import Period
from gateway.money.prices import load
from gateway.money.rollups import CallHour
from gateway.times import Month, hour_start
from gateway.training.files import replacing

Length = Literal["hour", "day"]
_STDOUT = Path("-")
_VERSION: Version = "1.3"
_MOST_FLAWS = 50


def focus(  # noqa: PLR0913 - an option of the command each
    *,
    ledger: LedgerOption = None,
    policy: PolicyOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    of_month: MonthOption = None,
    version: Annotated[
        Version | None, typer.Option("--version", metavar="|".join(VERSIONS), help="Of FOCUS; unset: 1.3.")
    ] = None,
    form: Annotated[Format, typer.Option("--format", metavar="|".join(FORMATS), help="Of the file.")] = "csv",
    grain: Annotated[Length, typer.Option(metavar="hour|day", help="How long the period of a row is.")] = "day",
    account: Annotated[
        str | None, typer.Option("--account", metavar="ID", help="BillingAccountId; unset: the policy's entity.")
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE|-", help="Where to; - is standard output.")
    ] = _STDOUT,
    checked: Annotated[
        Path | None, typer.Option("--check", metavar="FILE", help="Instead: check a file against the rules of FOCUS.")
    ] = None,
) -> None:
    """Write all charges by the FOCUS standard: calls by kind of token, hardware as used and idle.

    BilledCost and EffectiveCost add up to the ledger and the pools, to the nano-USD. Neither savings nor engineers'
    time are charges: the former stand in columns that begin with x_, the latter in `gateway savings`.

    Example: gateway export focus --month 2026-11 --out focus.csv
    """
    if checked is not None:
        _check(checked, version)
        return
    begin, end = period(since, until, of_month)
    question = asked(ledger, policy, since=begin, until=end)
    made, rows = _focus(question, Grain[grain.upper()], account)
    with _writing(out) as file:
        WRITERS[form](file, rows, version or _VERSION)
    _tell(question, made.told, out)


@dataclass(slots=True, kw_only=True)
class MonthFile:
    """The charges of a calendar month as a file: as the command writes them that is given nothing but the month."""

    question: Asked
    told: Told = field(default_factory=Told)

    @classmethod
    def of(cls, ledger: str | None, policy: Path | None, month: Month) -> Self:
        """Return what writes the charges of a month."""
        return cls(question=asked(ledger, policy, since=month.since, until=month.until))

    def write(self, path: Path) -> None:
        """Write the file, in place of what is there."""
        made, rows = _focus(self.question, Grain.DAY, None)
        with path.open("wb") as file:
            WRITERS["csv"](file, rows, _VERSION)
        self.told = made.told

    def tell(self, path: Path) -> None:
        """Say on standard error what a reader of the file must know."""
        _tell(self.question, self.told, path)


def _focus(question: Asked, grain: Grain, account: str | None) -> tuple[Focus, Iterator[Row]]:
    """Return what makes the rows, and the rows."""
    cards = Cards(question.policy)
    wanted = Question(
        policy=question.policy,
        prices=load(),
        grain=grain,
        since=question.since,
        until=question.until,
        account=account,
    )
    made = Focus(wanted, cards)
    corrections = question.ledger.corrections(since=question.since, until=question.until)
    return made, made.rows(_steps(question, cards, grain), corrections)


def _steps(question: Asked, cards: Cards, grain: Grain) -> Iterator[Step]:
    ledger, since, until = question.ledger, question.since, question.until
    length: Length = "hour" if grain is Grain.HOUR else "day"
    # Twice: how much of the hardware a step used is known when all of its month is.
    first, work = _work(cards, ledger.calls(since=since, until=until, step=length))
    hours = ledger.hours(since=since, until=until, step=length)
    calls = ledger.calls(since=since, until=until, step=length)
    return steps(hours, calls, _hardware(question, cards, grain, since or first, work))


def _work(cards: Cards, calls: Iterator[CallHour]) -> tuple[datetime | None, dict[str, dict[int, Fraction]]]:
    """Return when the first call was made, and the work of each pool."""
    first = next(calls, None)
    if first is None:
        return None, {}
    return hour_start(first.start), cards.work(chain([first], calls))


def _hardware(
    question: Asked, cards: Cards, grain: Grain, since: datetime | None, work: dict[str, dict[int, Fraction]]
) -> Iterator[PoolStep]:
    """Yield what the pools cost until now: not what they will."""
    now = datetime.now(UTC)
    until = min(question.until or now, now).replace(microsecond=0)
    if since is None:
        return iter(())
    period = Period(since=since, until=until)
    pools = (
        pool_steps(name, pool, period, grain, None if name in cards.unrated else work.get(name, {}))
        for name, pool in question.policy.pools.items()
    )
    return heapq.merge(*pools, key=attrgetter("start"))


@contextmanager
def _writing(out: Path) -> Iterator[BinaryIO]:
    if out == _STDOUT:
        yield sys.stdout.buffer
        return
    with replacing(out) as fresh, fresh.open("wb") as file:
        yield file


def _tell(question: Asked, told: Told, out: Path) -> None:
    """Say on standard error what a reader of the file must know."""
    if not told.rows:
        remark("no charges in this period: the file has its header alone")
    elif out != _STDOUT:
        remark(f"{told.rows:,} {'row' if told.rows == 1 else 'rows'} in {out}")
    if told.unpriced:
        calls = "1 call is" if told.unpriced == 1 else f"{told.unpriced:,} calls are"
        models = ", ".join(sorted(told.unpriced_models))
        remark(f"note: {calls} of unknown cost ({models}) and cost 0 in the file; x_UnpricedCalls counts them")
    if told.unrated:
        pools = ", ".join(sorted(told.unrated))
        remark(f"note: what was used of {pools} is unknown; give the policy input_us and output_us, or the gpu")
    if told.unpooled:
        backends = ", ".join(sorted(told.unpooled))
        remark(f"note: hardware of {backends} is not in the file: the policy puts it in no pool")
    if question.policy.engineers is not None and told.rows:
        remark("note: engineers' time is no charge and not in the file; see `gateway savings`")


def _check(file: Path, version: Version | None) -> None:
    """Print what is wrong with a file; ends with 1 where something is."""
    try:
        with file.open("rb") as source:
            names, rows = read_table(source)
            as_version = version or version_of(names)
            flaws = check(names, rows, as_version)
            shown = list(islice(flaws, _MOST_FLAWS))
            more = sum(1 for _ in flaws)
    except OSError as error:
        raise ConfigurationError(f"cannot read {str(file)!r}: {error.strerror}") from error
    for flaw in shown:
        say(f"{file}: {flaw}")
    if more:
        say(f"{file}: {more:,} more")
    if shown:
        raise typer.Exit(NO)
    say(f"{file}: as FOCUS {as_version} asks")
