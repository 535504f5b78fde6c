"""Months that are closed: what they came to is frozen under a hash, and nothing is added to them any more.

What comes late counts in the first hour that is open: see `_sqlite_rollups.Rollups.hour`.
"""

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gateway.audit.records import Noted, noted_body
from gateway.errors import LedgerError
from gateway.ledgers._files import Fresh, fresh
from gateway.ledgers._sqlite_frozen import Frozen, additions, bounds, erased_in, policies_of
from gateway.ledgers._sqlite_rollups import days_differ
from gateway.ledgers._sqlite_session import Session
from gateway.times import Month, hour_start, microseconds, time_of

# What the digest of the charges is called, beside those of the frozen parts.
CHARGES = "charges"
_TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """A month that is closed. `parts` are the digests of its parts, `policies` those of its requests.

    Where its charges were written as well, their digest is among the parts.
    """

    month: Month
    at: datetime
    sha256: str
    parts: Mapping[str, str]
    policies: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Charges:
    """The charges of a month, by whatever standard: where they belong, and who writes them into a file."""

    path: Path
    write: Callable[[Path], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """A month that was just closed: what it came to, and the files that say it, if they were asked for."""

    close: Close
    totals: Mapping[str, int]
    file: Path | None
    charges: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a month is still what it was closed as: which parts are not, and whether tenants were erased since.

    Of a month that is otherwise the same, `days` is different where its daily sums are not those of its hours. `file`
    and `charges` say of a file that was looked at whether it is the one that was written then.
    """

    close: Close
    sha256: str
    different: tuple[str, ...]
    erased: bool
    file: bool | None
    charges: bool | None = None

    @property
    def holds(self) -> bool:
        """Whether nothing but the names of erased tenants is another."""
        return not self.different and self.file is not False and self.charges is not False


def file_of(month: Month) -> str:
    """Return what the file of a closed month is called."""
    return f"ledger-{month}.json"


def close(
    ledger: Session, month: Month, *, now: datetime, out: Path | None = None, charges: Charges | None = None
) -> Closing:
    """Freeze a month, write what it came to into a folder, and let nothing be added to it any more.

    `charges` are written beside, of the same books. Raises `LedgerError` where it is not over, is closed already, or an
    earlier one is open; nothing is changed then.
    """
    _check(ledger.connection, month, now)
    path = None if out is None else out / file_of(month)
    with ExitStack() as stack:
        file = None if path is None else stack.enter_context(fresh(path))
        told = None if charges is None else stack.enter_context(fresh(charges.path))
        # What is added meanwhile is seen under the lock: reading a month takes longer than others wait.
        for _ in range(_TRIES):
            frozen, seen = _frozen(ledger.connection, month, file)
            parts = {**frozen.parts, **_charged(charges, told)}
            with ledger.transaction() as pages:
                _check(ledger.connection, month, now)
                if additions(ledger.connection, month) != seen:
                    continue
                made = Close(month=month, at=now, sha256=frozen.sha256, parts=parts, policies=frozen.policies)
                ledger.connection.execute("INSERT INTO closes VALUES (?, ?, ?, ?, ?, ?)", _row(made))
                pages.trail.append(ledger.connection, noted_body(_noted(made)), at=now)
                for one in filter(None, (file, told)):
                    one.put()
                exported = None if charges is None else charges.path
                return Closing(close=made, totals=frozen.totals, file=path, charges=exported)
    raise LedgerError(f"{month} is still being added to; close it when that is over, nothing was changed")


def _charged(charges: Charges | None, told: Fresh | None) -> dict[str, str]:
    if charges is None or told is None:
        return {}
    charges.write(told.fresh)
    return {CHARGES: _digest(told.fresh)}


def verify(
    connection: sqlite3.Connection, month: Month, file: Path | None = None, charges: Path | None = None
) -> Verdict:
    """Reckon anew what a closed month came to, and compare; in a read transaction of the caller's."""
    known = {closed.month: closed for closed in read_closes(connection)}
    closed = known.get(month)
    if closed is None:
        raise LedgerError(f"{month} was never closed; closed are: {', '.join(map(str, known)) or 'none'}")
    if charges is not None and CHARGES not in closed.parts:
        raise LedgerError(f"{month} was closed without a file of its charges: there is nothing to compare with")
    frozen = Frozen(month=month, policies=closed.policies)
    for _ in frozen.text(connection):
        pass
    different = {name for name, digest in frozen.parts.items() if closed.parts.get(name) != digest}
    named = {name for name in different if f"{name}~" in frozen.parts}
    erased = bool(named) and erased_in(connection, month)
    if erased:
        # Without its tenants the part is as it was: somebody's name was taken, and nothing else.
        different -= {name for name in named if f"{name}~" not in different}
    if not different and not erased and frozen.sha256 != closed.sha256:
        different.add("sha256")
    if not different and days_differ(connection, *bounds(month)):
        # Reports read them instead of the hours, which are what was frozen.
        different.add("days")
    return Verdict(
        close=closed,
        sha256=frozen.sha256,
        different=tuple(sorted(name for name in different if name.removesuffix("~") == name)),
        erased=erased,
        file=None if file is None else _digest(file) == closed.sha256,
        charges=None if charges is None else _digest(charges) == closed.parts[CHARGES],
    )


def read_closes(connection: sqlite3.Connection) -> Iterator[Close]:
    """Yield the months that are closed, in their order."""
    rows = connection.execute("SELECT month, at_us, sha256, parts, policies FROM closes ORDER BY month")
    for text, at_us, sha256, parts, policies in rows:
        yield Close(
            month=Month.parse(text),
            at=time_of(at_us),
            sha256=sha256,
            parts=json.loads(parts),
            policies=json.loads(policies),
        )


def noted_closes(connection: sqlite3.Connection) -> Iterator[Noted]:
    """Yield what the records of all closes must say."""
    yield from map(_noted, read_closes(connection))


def _check(connection: sqlite3.Connection, month: Month, now: datetime) -> None:
    if now < month.until:
        raise LedgerError(f"{month} is not over before {month.until:%Y-%m-%d} UTC; nothing was changed")
    closed = [close.month for close in read_closes(connection)]
    if month in closed:
        raise LedgerError(
            f"{month} is closed already; see `gateway ledger close --verify {month}`, nothing was changed"
        )
    if closed and month < closed[-1]:
        raise LedgerError(f"{month} was closed with {closed[-1]}: nothing had been booked in it; nothing was changed")
    open_from = bounds(closed[-1])[1] if closed else 0
    statement = """
        SELECT min(hour) FROM (
            SELECT hour FROM hours UNION ALL SELECT hour FROM call_hours UNION ALL SELECT hour FROM corrections)
        WHERE hour >= ? AND hour < ?"""
    (earlier,) = connection.execute(statement, (open_from, bounds(month)[0])).fetchone()
    if earlier is not None:
        first = Month.of(hour_start(earlier))
        raise LedgerError(f"{first} is still open; close the months in their order, nothing was changed")


def _frozen(connection: sqlite3.Connection, month: Month, file: Fresh | None) -> tuple[Frozen, tuple[int, ...]]:
    connection.execute("BEGIN")
    try:
        frozen = Frozen(month=month, policies=policies_of(connection, month))
        pieces = frozen.text(connection)
        if file is None:
            for _ in pieces:
                pass
        else:
            with file.fresh.open("w", encoding="ascii", newline="\n") as written:
                written.writelines(pieces)
        return frozen, additions(connection, month)
    finally:
        connection.execute("ROLLBACK")


def _noted(close: Close) -> Noted:
    said = json.dumps([close.sha256, close.parts, close.policies], sort_keys=True)
    return Noted("close", str(close.month), hashlib.sha256(said.encode()).hexdigest())


def _row(close: Close) -> tuple[object, ...]:
    parts, policies = json.dumps(close.parts, sort_keys=True), json.dumps(close.policies)
    return str(close.month), bounds(close.month)[1], microseconds(close.at), close.sha256, parts, policies


def _digest(file: Path) -> str:
    try:
        with file.open("rb") as written:
            return hashlib.file_digest(written, "sha256").hexdigest()
    except OSError as error:
        raise LedgerError(f"cannot read {str(file)!r}: {error.strerror}; check the path") from error
