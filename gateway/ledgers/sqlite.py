"""A ledger in one SQLite file. `record` returns after the commit: the entry survives `kill -9` of this process.

It does not promise to survive a power cut or a crash of the machine: the last commits may be missing then, the file
stays whole. `durable: true` waits for the disk and survives that too, at a few milliseconds a commit. Several
processes may write to the same file.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from gateway.audit.chain import Head
from gateway.audit.proof import Proof, Question
from gateway.entries import Correction, Example, Feedback, HoldoutRecord, LedgerEntry
from gateway.errors import LedgerError
from gateway.interfaces import SpoolPlace
from gateway.ledgers import _reports
from gateway.ledgers._ledger import SqlLedger
from gateway.ledgers._reader import SqlReader
from gateway.ledgers._reports import Rows
from gateway.ledgers._sqlite_audit import SqliteTrail
from gateway.ledgers._sqlite_audit import read_head as read_head  # noqa: PLC0414 - of this kind of file, too
from gateway.ledgers._sqlite_audit import read_proof as read_proof  # noqa: PLC0414 - as above
from gateway.ledgers._sqlite_audit import seal as seal  # noqa: PLC0414 - as above
from gateway.ledgers._sqlite_schema import open_for_writing, reading
from gateway.ledgers._sqlite_writer import SqliteBooks
from gateway.ledgers._writer import Writer
from gateway.money.certainty import Pair
from gateway.money.rollups import CallHour, DurationHour, Hour, Step


class Options(BaseModel):
    """Where the file is, and how sure a commit must be."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str = Field(min_length=1, description="The file; `~` is the home folder. It is made where it is missing.")
    durable: bool = Field(default=False, description="Wait for the disk, so that a commit survives a power cut.")
    busy_timeout_s: float = Field(default=5.0, ge=0, description="Seconds to wait for another process that writes.")


class SqliteLedger(SqlLedger):
    """The books in one file, and their audit trail. May be used from several event loops."""


@asynccontextmanager
async def build(options: Options) -> AsyncIterator[SqliteLedger]:
    """Open the file, or make it; write what waits and close it at the end."""
    ledger, writer = await asyncio.to_thread(_open, options)
    try:
        yield ledger
    finally:
        # Not in a thread: at the interpreter's end, when `route_sync` closes its router, no pool takes work any more.
        writer.close()


def spool(options: Options) -> SpoolPlace:
    """Return where the spool is: beside the file."""
    return SpoolPlace(Path(options.path).expanduser().absolute(), options.durable)


def reader(options: Options) -> "SqliteReader":
    """Return what reads the file."""
    return SqliteReader(Path(options.path).expanduser())


class SqliteReader(SqlReader):
    """A file, read for reports; see `LedgerReader`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def place(self) -> str:
        """The path of the file."""
        return str(self._path)

    def is_there(self) -> bool:
        """Say whether the file is there."""
        return self._path.exists()

    def is_writable(self) -> bool:
        """Say whether this user may write to the file, or make it."""
        if self._path.exists():
            return os.access(self._path, os.W_OK)
        folder = next(parent for parent in self._path.absolute().parents if parent.exists())
        return folder.is_dir() and os.access(folder, os.W_OK)

    @contextmanager
    def opened(self) -> Iterator[Rows | None]:
        """Open the file; see `SqlReader`."""
        if not self.is_there():
            yield None
            return
        with _snapshot(self._path) as rows:
            yield rows

    def head(self, *, key: bytes | None = None) -> Head:
        """Return where the audit trail says that it ends."""
        return read_head(self._file(), key=key)

    def prove(self, question: Question | None = None, *, key: bytes | None = None, anchor: Head | None = None) -> Proof:
        """Read the whole trail beside the books, and answer a question about it."""
        return read_proof(self._file(), question, key=key, anchor=anchor)

    def seal(self, key: bytes) -> Head:
        """Seal the trail from here on."""
        return seal(self._file(), key)

    def _file(self) -> Path:
        if not self.is_there():
            raise LedgerError(f"there is no ledger at {self.place!r}; name one with --ledger")
        return self._path


def read_entries(
    path: Path, *, since: datetime | None = None, until: datetime | None = None, limit: int | None = None
) -> Iterator[LedgerEntry]:
    """Yield a file's entries one by one in the order of `SqliteLedger.entries`, for reports on big files."""
    with _snapshot(path) as rows:
        yield from _reports.entries(rows, since=since, until=until, limit=limit)


def read_entry(path: Path, entry_id: str) -> LedgerEntry | None:
    """Return one entry of a file by its id, None where it is not there, or not any more."""
    with _snapshot(path) as rows:
        return _reports.entry(rows, entry_id)


def read_hours(
    path: Path, *, since: datetime | None = None, until: datetime | None = None, step: Step = "all"
) -> Iterator[Hour]:
    """Yield the sums of a file's requests by cell and step, of the hours that `since` to `until` touches."""
    with _snapshot(path) as rows:
        yield from _reports.hours(rows, since=since, until=until, step=step)


def read_calls(
    path: Path, *, since: datetime | None = None, until: datetime | None = None, step: Step = "all"
) -> Iterator[CallHour]:
    """Yield the sums of a file's calls, as `read_hours` does."""
    with _snapshot(path) as rows:
        yield from _reports.calls(rows, since=since, until=until, step=step)


def read_durations(
    path: Path, *, since: datetime | None = None, until: datetime | None = None, step: Step = "all"
) -> Iterator[DurationHour]:
    """Yield how long a file's answers took, as `read_hours` does."""
    with _snapshot(path) as rows:
        yield from _reports.durations(rows, since=since, until=until, step=step)


def read_corrections(
    path: Path, *, since: datetime | None = None, until: datetime | None = None
) -> Iterator[Correction]:
    """Yield a file's corrections that count in the hours that `since` to `until` touches, in the order of booking."""
    with _snapshot(path) as rows:
        yield from _reports.corrections(rows, since=since, until=until)


def read_feedback(path: Path) -> Iterator[Feedback]:
    """Yield the feedback of a file that counts, of each source the latest about an entry, in the order it came."""
    with _snapshot(path) as rows:
        yield from _reports.feedback(rows)


def read_holdouts(
    path: Path, *, since: datetime | None = None, until: datetime | None = None
) -> Iterator[HoldoutRecord]:
    """Yield what strong backends said beside a file's entries, with `since` <= at < `until`, oldest first."""
    with _snapshot(path) as rows:
        yield from _reports.holdouts(rows, since=since, until=until)


def read_pairs(path: Path, *, since: datetime | None = None, until: datetime | None = None) -> Iterator[Pair]:
    """Yield the random comparisons of a file's local answers with `since` <= at < `until`, in money and agreement."""
    with _snapshot(path) as rows:
        yield from _reports.pairs(rows, since=since, until=until)


def read_examples(path: Path, *, most_per_tenant: int | None = None) -> Iterator[Example]:
    """Yield a file's answers with an outcome, oldest outcome first; of a tenant the newest that many."""
    with _snapshot(path) as rows:
        yield from _reports.examples(rows, most_per_tenant=most_per_tenant)


@contextmanager
def _snapshot(path: Path) -> Iterator[Rows]:
    with reading(path) as connection:
        # Whoever writes meanwhile may add a cell to the sums, between two statements.
        connection.execute("BEGIN")
        yield connection.execute


def _open(options: Options) -> tuple[SqliteLedger, Writer]:
    # pydantic-settings is a large part of what importing this module would cost.
    from gateway.settings import Settings  # noqa: PLC0415

    path, key = Path(options.path).expanduser().absolute(), Settings().seal()
    open_file = partial(open_for_writing, path, durable=options.durable, busy_timeout_s=options.busy_timeout_s)
    writer = Writer(SqliteBooks(open_file, str(path), audit_key=key))
    trail = SqliteTrail(path, writer, key=key, busy_timeout_s=options.busy_timeout_s)
    return SqliteLedger(str(path), SqliteReader(path), writer, trail), writer
