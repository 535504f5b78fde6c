"""What a month of a SQLite ledger comes to, as one canonical JSON text: the same books give the same bytes.

A row a line: hourly sums of requests and of calls, corrections; then the price lists and policies behind
them, and totals. Each part has a digest of its own, and one without tenants: who was erased since is no change.
"""

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from gateway.audit.books import ERASED
from gateway.money.rollups import CallCell, CallSums, Cell, Sums
from gateway.times import Month, hour_of, hour_start

_AMOUNTS = ("cost", "excluded_cost", "baseline")
SCHEMA = "gateway.ledger.close/1"

_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False).encode


def _of(alias: str, cell: type[Cell | CallCell]) -> tuple[str, ...]:
    return tuple(f"{alias}.{name}" for name in cell._fields)


class _Part(NamedTuple):
    """A table of sums: what tells its rows apart, what each sums up, and the columns that are kept and not summed."""

    name: str
    tables: str
    dimensions: tuple[str, ...]
    sums: tuple[str, ...]
    spans: tuple[str, ...] = ()


_PARTS = (
    _Part("hours", "hours h JOIN cells c ON c.id = h.cell", _of("c", Cell), Sums._fields, ("first_us", "last_us")),
    _Part("calls", "call_hours h JOIN call_cells c ON c.id = h.cell", _of("c", CallCell), CallSums._fields),
)
_CORRECTION = ("id", "at_us", "hour", "nano_usd", "reason", "month", "entry", "provider", "model", "team")


@dataclass(slots=True, kw_only=True)
class Frozen:
    """The digests of a month's text, once all of it was taken; `parts` by name, those without tenants after a tilde."""

    month: Month
    policies: Sequence[str]
    sha256: str = ""
    parts: dict[str, str] = field(default_factory=dict)
    totals: Counter[str] = field(default_factory=Counter)

    def text(self, connection: sqlite3.Connection) -> Iterator[str]:
        """Yield the text piece by piece, in one transaction of the caller's; then the digests are known."""
        whole = hashlib.sha256()
        for piece in self._pieces(connection):
            whole.update(piece.encode())
            yield piece
        self.sha256 = whole.hexdigest()

    def _pieces(self, connection: sqlite3.Connection) -> Iterator[str]:
        yield f'{{"schema":"{SCHEMA}","month":"{self.month}"'
        for part in _PARTS:
            yield from self._part(part.name, _rows(connection, part, self.month))
            self.parts[f"{part.name}~"] = _digest(_rows(connection, part, self.month, anonymous=True))
        yield from self._part("corrections", _corrections(connection, self.month, ("tenant", *_CORRECTION)))
        self.parts["corrections~"] = _digest(_corrections(connection, self.month, _CORRECTION))
        told = {"policies": list(self.policies), "price_versions": _price_versions(connection, self.month)}
        for name, values in told.items():
            self.parts[name] = hashlib.sha256(_encode(values).encode()).hexdigest()
            yield f',\n"{name}":{_encode(values)}'
        yield f',\n"totals":{_encode(self.totals)}}}\n'

    def _part(self, name: str, rows: Iterator[Mapping[str, Any]]) -> Iterator[str]:
        digest = hashlib.sha256()
        yield f',\n"{name}":['
        for number, row in enumerate(rows):
            line = _encode(row)
            digest.update(line.encode())
            yield f"{',' if number else ''}\n{line}"
            self._total(name, row)
        yield "]"
        self.parts[name] = digest.hexdigest()

    def _total(self, name: str, row: Mapping[str, Any]) -> None:
        if name == "hours":
            sums = row["sums"]
            self.totals.update({f"{column}_nano_usd": sums.get(column, 0) for column in _AMOUNTS})
            self.totals.update({column: sums.get(column, 0) for column in ("requests", "excluded")})
        if name == "calls" and row["cell"]["purpose"] == "holdout":
            # No request's own: they were made to know what the answers were worth.
            self.totals["comparisons_nano_usd"] += row["sums"].get("cost", 0)
        if name == "corrections":
            self.totals["corrections_nano_usd"] += row["nano_usd"]


def bounds(month: Month) -> tuple[int, int]:
    """Return the hours from which on and before which a month is."""
    return hour_of(month.since), hour_of(month.until)


def policies_of(connection: sqlite3.Connection, month: Month) -> list[str]:
    """Return the policies of the requests that count in a month, as far as they are not archived."""
    found = connection.execute(
        "SELECT DISTINCT policy_version FROM entries WHERE hour >= ? AND hour < ? ORDER BY 1", bounds(month)
    )
    return [version for (version,) in found]


def erased_in(connection: sqlite3.Connection, month: Month) -> bool:
    """Return whether a tenant of the month was erased."""
    since, until = bounds(month)
    tables = "SELECT tenant FROM hours JOIN cells ON id = cell WHERE hour >= :since AND hour < :until"
    statement = f"""
        SELECT 1 FROM ({tables} UNION SELECT tenant FROM corrections WHERE hour >= :since AND hour < :until)
        WHERE tenant GLOB :erased"""  # noqa: S608 - our own names
    bound = {"since": since, "until": until, "erased": f"{ERASED}*"}
    return connection.execute(statement, bound).fetchone() is not None


def additions(connection: sqlite3.Connection, month: Month) -> tuple[int, ...]:
    """Return what grows with whatever is added to a month: where it is the same, nothing was."""
    statements = (
        "SELECT coalesce(sum(requests), 0) FROM hours",
        "SELECT coalesce(sum(calls), 0) FROM call_hours",
        "SELECT count(*) FROM corrections",
    )
    where = "WHERE hour >= ? AND hour < ?"
    added = [connection.execute(f"{statement} {where}", bounds(month)).fetchone()[0] for statement in statements]
    return *added, connection.execute("SELECT erasures FROM audit_head").fetchone()[0]


def _rows(
    connection: sqlite3.Connection, part: _Part, month: Month, *, anonymous: bool = False
) -> Iterator[dict[str, Any]]:
    names = [name for name in part.dimensions if not (anonymous and name == "c.tenant")]
    sums = [f"sum(h.{name})" for name in part.sums]
    spans = [f"{'min' if name.startswith('first') else 'max'}(h.{name})" for name in part.spans]
    statement = f"""
        SELECT h.hour, {", ".join((*names, *sums, *spans))} FROM {part.tables}
        WHERE h.hour >= ? AND h.hour < ? GROUP BY h.hour, {", ".join(names)} ORDER BY h.hour, {", ".join(names)}"""  # noqa: S608
    begun, ended = 1 + len(names), 1 + len(names) + len(sums)
    for row in connection.execute(statement, bounds(month)):
        summed = zip(part.sums, row[begun:ended], strict=True)
        yield {
            "hour": _hour(row[0]),
            "cell": {name.partition(".")[2]: value for name, value in zip(names, row[1:begun], strict=True)},
            # What is 0 is not said.
            "sums": {name: value for name, value in summed if value},
            **dict(zip(part.spans, row[ended:], strict=True)),
        }


def _corrections(connection: sqlite3.Connection, month: Month, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
    statement = f"SELECT {', '.join(columns)} FROM corrections WHERE hour >= ? AND hour < ? ORDER BY n"  # noqa: S608
    for row in connection.execute(statement, bounds(month)):
        values = dict(zip(columns, row, strict=True))
        yield {**values, "hour": _hour(values["hour"])}


def _price_versions(connection: sqlite3.Connection, month: Month) -> list[str]:
    statement = """
        SELECT DISTINCT price_version FROM hours JOIN cells ON id = cell WHERE hour >= ? AND hour < ? ORDER BY 1"""
    return [version for (version,) in connection.execute(statement, bounds(month))]


def _hour(hour: int) -> str:
    return f"{hour_start(hour):%Y-%m-%dT%H:00Z}"


def _digest(rows: Iterator[Mapping[str, Any]]) -> str:
    digest = hashlib.sha256()
    for row in rows:
        digest.update(_encode(row).encode())
    return digest.hexdigest()
