"""Tables and panels as HTML; every word that is not ours is escaped here."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from gateway.report import shown
from gateway.report.figures import Column, Row
from gateway.report.trace import Trace, sql, sums_sql

_RATE_DIGITS = 2
_WORDS = ("name", "text", "model")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A table: `by` names the columns of the ledger that name its rows; `command` prints them."""

    id: str
    caption: str
    columns: tuple[Column, ...]
    by: tuple[str, ...] = ()
    command: str | None = None

    @property
    def as_dict(self) -> dict[str, Any]:
        """The table for the browser."""
        columns = [[column.key, column.kind] for column in self.columns]
        return {"id": self.id, "columns": columns, "by": list(self.by)}


def table(sheet: Sheet, rows: Sequence[Row], digits: int, trace: Trace) -> str:
    """Return a table, each row with the way to what it sums up."""
    heads = "".join(
        f'<th scope="col" data-key="{column.key}"{_side(column)}>{escape(column.label)}</th>'
        for column in sheet.columns
        if _shown(column, rows)
    )
    body = "".join(_row(sheet, row, rows, digits, trace) for row in rows)
    if not rows:
        body = f'<tr><td colspan="{len(sheet.columns)}">No rows in this period.</td></tr>'
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(sheet.caption)}">'
        f'<table id="t-{sheet.id}"><caption>{escape(sheet.caption)}</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>{_command(sheet, trace)}"
    )


def _shown(column: Column, rows: Sequence[Row]) -> bool:
    """Whether a column is shown: that of tenants only where there is one."""
    return column.key != "tenant" or any(row.get("tenant") is not None for row in rows)


def _row(sheet: Sheet, row: Row, rows: Sequence[Row], digits: int, trace: Trace) -> str:
    shown_columns = [column for column in sheet.columns if _shown(column, rows)]
    cells = "".join(_cell(column, row, digits) for column in shown_columns[1:])
    first = shown_columns[0]
    head = _text(first, row, digits)
    way = _way(sheet, row, trace)
    if way is not None:
        head = f"<details><summary>{head}</summary><code>{escape(way)}</code></details>"
    weight = ' class="sum"' if row.get("sum") else ""
    return f'<tr{weight}><th scope="row">{head}</th>{cells}</tr>'


def _way(sheet: Sheet, row: Row, trace: Trace) -> str | None:
    if row.get("names") is not None:
        return sql(dict(zip(sheet.by, row["names"], strict=True)), trace.hours)
    if row.get("sql") is not None:
        return sums_sql(row["sql"], row.get("hours", trace.hours))
    return None


def _cell(column: Column, row: Row, digits: int) -> str:
    if column.key not in row:
        return f"<td{_side(column)}></td>"
    return f"<td{_side(column)}{_sign(column, row)}>{_text(column, row, digits)}</td>"


def _sign(column: Column, row: Row) -> str:
    value = row[column.key]
    is_loss = column.key in ("net", "saved") and isinstance(value, int) and value < 0
    return ' data-loss="1"' if is_loss else ""


def _text(column: Column, row: Row, digits: int) -> str:
    value = row[column.key]
    if column.kind == "money":
        return shown.amount_of(value, digits)
    if column.kind == "signed":
        return shown.amount_of(value, digits, signed=True)
    if column.kind == "rate":
        return shown.amount_of(value, digits + _RATE_DIGITS)
    return escape(_PLAIN[column.kind](value))


_PLAIN: Mapping[str, Any] = {
    "name": shown.name,
    "model": shown.model,
    "text": str,
    "count": shown.count,
    "share": lambda pair: shown.share(*pair),
    "time": shown.time,
}


def _side(column: Column) -> str:
    if column.kind == "bar":
        return ' class="bar"'
    return "" if column.kind in _WORDS else ' class="n"'


def _command(sheet: Sheet, trace: Trace) -> str:
    if sheet.command is None:
        return ""
    command = escape(trace.command(sheet.command))
    return f'<p class="trace">The same in a terminal: <code>{command}</code></p>'


def panel(name: str, title: str, *parts: str, wide: bool = False) -> str:
    """Return a panel with a heading."""
    size = " wide" if wide else ""
    body = "".join(parts)
    heading = f'<h2 id="h-{name}">{escape(title)}</h2>'
    return f'<section class="panel{size}" id="{name}" aria-labelledby="h-{name}">{heading}{body}</section>'


def chart(name: str, about: str) -> str:
    """Return the place of a chart; it is drawn by the browser, and without JavaScript the table tells the same."""
    return f'<div class="chart" id="c-{name}" data-about="{escape(about)}" hidden></div>'


def note(text: str) -> str:
    """Return a remark."""
    return f'<p class="note">{escape(text)}</p>'


def terms(lines: Iterable[tuple[str, str]]) -> str:
    """Return words with their explanations."""
    return f"<dl>{''.join(f'<dt>{escape(term)}</dt><dd>{escape(text)}</dd>' for term, text in lines)}</dl>"
