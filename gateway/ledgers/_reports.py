"""What reports read from a ledger that is kept in SQL, whatever keeps it: the statements, and what becomes of rows.

Values are bound by name (`:since`); the statements are the common part of SQLite's SQL and PostgreSQL's.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, TypeVar

from gateway.entries import HOLDOUT, Correction, Example, Feedback, HoldoutRecord, LedgerEntry
from gateway.ledgers._corrections import SELECT_CORRECTIONS, corrections_of
from gateway.ledgers._hours import CALLS, DURATIONS, REQUESTS, Table, end_of_days
from gateway.ledgers._rows import (
    HOLDOUT_COLUMNS,
    JOINED_COLUMNS,
    Row,
    entries_of,
    example_of,
    feedback_of,
    holdout_of,
)
from gateway.ledgers._writes import EVER
from gateway.money.certainty import Pair
from gateway.money.naming import answers_as, is_one_model
from gateway.money.rollups import CallCell, CallHour, CallSums, Cell, DurationHour, Hour, Step, Sums
from gateway.times import DAY_HOURS, hour_of, microseconds
from gateway.types import Money

# Runs a statement with its values. Any: what a database takes.
Rows = Callable[[str, Mapping[str, Any]], Iterable[Row]]
AnyCell = TypeVar("AnyCell", Cell, CallCell)

_HOUR_US = 3_600_000_000


def entries(
    rows: Rows, *, since: datetime | None = None, until: datetime | None = None, limit: int | None = None
) -> Iterator[LedgerEntry]:
    """Yield the entries with `since` <= at < `until`, oldest first; with `limit`, the newest that many."""
    newest = "" if limit is None else "ORDER BY at_us DESC, n DESC LIMIT :limit"
    # The names are ours, the values are bound.
    statement = f"""
        SELECT {JOINED_COLUMNS}
        FROM (
            SELECT * FROM entries
            WHERE at_us >= :since AND at_us < :until {newest}
        ) e LEFT JOIN attempts a ON a.entry = e.n
        ORDER BY e.at_us, e.n, a.number"""  # noqa: S608
    yield from entries_of(rows(statement, {**period(since, until), "limit": limit}))


def entry(rows: Rows, entry_id: str) -> LedgerEntry | None:
    """Return the entry of an id, None where there is none."""
    return next(entries_of(rows(_SELECT_ENTRY, {"id": entry_id})), None)


_SELECT_ENTRY = f"""
    SELECT {JOINED_COLUMNS} FROM entries e LEFT JOIN attempts a ON a.entry = e.n WHERE e.id = :id ORDER BY a.number"""  # noqa: S608


def feedback(rows: Rows) -> Iterator[Feedback]:
    """Yield the feedback that counts, of each source the latest about an entry, in the order it came."""
    yield from map(feedback_of, rows(_SELECT_FEEDBACK, {}))


_SELECT_FEEDBACK = """
    SELECT id, score, f.source, f.at_us, f.tenant FROM feedback f JOIN entries e ON e.n = f.entry
    WHERE f.n IN (SELECT max(n) FROM feedback GROUP BY entry, source) ORDER BY f.n"""


def holdouts(rows: Rows, *, since: datetime | None = None, until: datetime | None = None) -> Iterator[HoldoutRecord]:
    """Yield what strong backends said beside entries, with `since` <= at < `until`, oldest first."""
    yield from map(holdout_of, rows(_SELECT_HOLDOUTS, period(since, until)))


_SELECT_HOLDOUTS = f"""
    SELECT id, {", ".join(f"h.{name}" for name in HOLDOUT_COLUMNS)} FROM holdouts h JOIN entries e ON e.n = h.entry
    WHERE h.at_us >= :since AND h.at_us < :until ORDER BY h.at_us, h.entry"""  # noqa: S608 - the names are ours


def pairs(rows: Rows, *, since: datetime | None = None, until: datetime | None = None) -> Iterator[Pair]:
    """Yield the random comparisons of local answers with `since` <= at < `until`, in money and agreement."""
    for assumed, cost, source, model, baseline, agreement, rule in rows(_SELECT_PAIRS, period(since, until)):
        # Of a server of ours a bare name says nothing of whose model it is.
        known = answers_as if source != "pool" else is_one_model
        real = cost if baseline is not None and known(model, baseline) else None
        yield Pair(assumed=_money(assumed), real=_money(real), agreement=agreement, rule=rule)


_SELECT_PAIRS = """
    SELECT e.baseline_nano_usd, h.cost_nano_usd, h.cost_source, h.model, e.baseline_model, h.score, e.rule
    FROM holdouts h JOIN entries e ON e.n = h.entry
    WHERE h.at_us >= :since AND h.at_us < :until ORDER BY h.at_us, h.entry"""


def corrections(rows: Rows, *, since: datetime | None = None, until: datetime | None = None) -> Iterator[Correction]:
    """Yield the corrections that count in the hours that a period touches, in the order of booking."""
    start, end = whole_hours(since, until)
    statement = f"{SELECT_CORRECTIONS} WHERE hour >= :since AND hour < :until ORDER BY n"
    yield from corrections_of(rows(statement, {"since": start, "until": end}))


def examples(rows: Rows, *, most_per_tenant: int | None = None) -> Iterator[Example]:
    """Yield the answers with an outcome, oldest outcome first: the latest feedback of each source, and holdouts.

    Of a tenant the newest `most_per_tenant` are given, so that nobody teaches alone; those without one count as one.
    """
    most = EVER[1] if most_per_tenant is None else most_per_tenant
    yield from map(example_of, rows(_SELECT_EXAMPLES, {"most": most}))


_SELECT_EXAMPLES = f"""
    WITH outcomes AS (
        SELECT entry, score, source, at_us FROM feedback
        WHERE n IN (SELECT max(n) FROM feedback GROUP BY entry, source)
        UNION ALL SELECT entry, score, '{HOLDOUT}', at_us FROM holdouts WHERE score IS NOT NULL
    ), ranked AS (
        SELECT o.*, e.features, e.classifier, e.difficulty, e.backend, e.local, e.tenant,
            e.model, e.licence,
            row_number() OVER (PARTITION BY e.tenant ORDER BY o.at_us DESC, o.entry DESC, o.source) AS place
        FROM outcomes o JOIN entries e ON e.n = o.entry WHERE e.backend IS NOT NULL
    )
    SELECT features, classifier, difficulty, (
            SELECT a.score FROM attempts a
            WHERE a.entry = r.entry AND a.purpose = 'answer' AND a.backend = r.backend AND a.error IS NULL
            ORDER BY a.number DESC LIMIT 1
        ), backend, local, tenant, score, source, at_us, model, licence
    FROM ranked r WHERE place <= :most ORDER BY at_us, entry, source"""  # noqa: S608 - our own word


def hours(
    rows: Rows, *, since: datetime | None = None, until: datetime | None = None, step: Step = "all"
) -> Iterator[Hour]:
    """Yield the sums of the requests by cell and step, of the hours that `since` to `until` touches."""
    kept = dict(cells(rows, "cells", Cell))
    for start, cell, first_us, last_us, *values in _summed(rows, REQUESTS, since=since, until=until, step=step):
        yield Hour(start, kept[cell], Sums._make(values), first_us, last_us)


def calls(
    rows: Rows, *, since: datetime | None = None, until: datetime | None = None, step: Step = "all"
) -> Iterator[CallHour]:
    """Yield the sums of the calls by cell and step, as `hours` does."""
    kept = dict(cells(rows, "call_cells", CallCell))
    for start, cell, *values in _summed(rows, CALLS, since=since, until=until, step=step):
        yield CallHour(start, kept[cell], CallSums._make(values))


def durations(
    rows: Rows, *, since: datetime | None = None, until: datetime | None = None, step: Step = "all"
) -> Iterator[DurationHour]:
    """Yield how long the answers took by cell and step, as `hours` does."""
    kept = dict(cells(rows, "cells", Cell))
    for start, cell, bucket, count in _summed(rows, DURATIONS, since=since, until=until, step=step):
        yield DurationHour(start, kept[cell], bucket, count)


def cells(rows: Rows, table: str, kind: type[AnyCell]) -> Iterator[tuple[int, AnyCell]]:
    """Yield the cells with their numbers."""
    for number, *values in rows(f"SELECT id, {', '.join(kind._fields)} FROM {table}", {}):  # noqa: S608 - names of ours
        yield number, _cell(kind, values)


def period(since: datetime | None, until: datetime | None) -> dict[str, int]:
    """Return a period as the bounds of a statement."""
    return {
        "since": EVER[0] if since is None else microseconds(since),
        "until": EVER[1] if until is None else microseconds(until),
    }


def whole_hours(since: datetime | None, until: datetime | None) -> tuple[int, int]:
    """Return the first hour that a period touches, and the one after its last."""
    start = 0 if since is None else hour_of(since)
    return start, EVER[1] if until is None else -(-microseconds(until) // _HOUR_US)


def _summed(rows: Rows, table: Table, *, since: datetime | None, until: datetime | None, step: Step) -> Iterable[Row]:
    """Return the rows of a table, each an hour's, or a step's: its whole days come summed up, as far as they are."""
    start, end = whole_hours(since, until)
    bounds = {"since": start, "until": end}
    if step == "hour":
        return rows(_select_hours(table), bounds)
    ((until_hour,),) = rows("SELECT max(until_hour) FROM summed", {})
    summed_until = end_of_days(until_hour)
    first_day, end_day = -(-start // DAY_HOURS) * DAY_HOURS, min(end // DAY_HOURS * DAY_HOURS, summed_until)
    # Where no day is whole, all is read by the hour.
    days = (first_day, end_day) if first_day < end_day else (start, start)
    select = _select_days if step == "day" else _select_all
    return rows(select(table), {**bounds, "first_day": days[0], "end_day": days[1]})


# The names are ours, the values are bound.
def _select_hours(table: Table) -> str:
    columns = ", ".join(table.columns)
    return f"""
        SELECT {columns} FROM {table.hours} WHERE hour >= :since AND hour < :until
        ORDER BY hour, {", ".join(table.by)}"""  # noqa: S608


def _select_days(table: Table) -> str:
    # Whole days are read as they are: to sort them costs more than to read them.
    by, as_they_are = ", ".join(table.by), ", ".join((*table.by, *table.spans, *map(_bounded, table.sums)))
    of_hours = f"SELECT hour - hour % {DAY_HOURS} AS start, {by}, {_added(table)} FROM {table.hours}"  # noqa: S608
    return f"""
        SELECT hour AS start, {as_they_are} FROM {table.days} WHERE hour >= :first_day AND hour < :end_day
        UNION ALL {of_hours} WHERE hour >= :since AND hour < :first_day GROUP BY start, {by}
        UNION ALL {of_hours} WHERE hour >= :end_day AND hour < :until GROUP BY start, {by}
        ORDER BY start, {by}"""  # noqa: S608


def _select_all(table: Table) -> str:
    by, columns = ", ".join(table.by), ", ".join(table.columns)
    return f"""
        SELECT CAST(:since AS BIGINT) AS start, {by}, {_added(table)} FROM (
            SELECT {columns} FROM {table.days} WHERE hour >= :first_day AND hour < :end_day
            UNION ALL SELECT {columns} FROM {table.hours} WHERE hour >= :since AND hour < :first_day
            UNION ALL SELECT {columns} FROM {table.hours} WHERE hour >= :end_day AND hour < :until
        ) parts GROUP BY {by} ORDER BY {by}"""  # noqa: S608


def _added(table: Table) -> str:
    spans = [f"{least}({name})" for least, name in zip(("min", "max"), table.spans, strict=False)]
    return ", ".join((*spans, *(_bounded(f"sum({name})") for name in table.sums)))


def _bounded(number: str) -> str:
    # PostgreSQL's sums of integers have no bounds unless they are given some.
    return f"CAST({number} AS BIGINT)"


def _cell(kind: type[AnyCell], values: list[Any]) -> AnyCell:
    cell = kind._make(values)
    return cell._replace(local=None if cell.local is None else bool(cell.local)) if isinstance(cell, Cell) else cell


def _money(nano_usd: int | None) -> Money | None:
    return None if nano_usd is None else Money(nano_usd)
