"""A ledger in one SQLite file. `record` returns after the commit: the entry survives `kill -9` of this process.

It does not promise to survive a power cut or a crash of the machine: the last commits may be missing then, the file
stays whole. `durable: true` waits for the disk and survives that too, at a few milliseconds a commit. Several
processes may write to the same file.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field

from gateway.audit.chain import Head
from gateway.audit.evidence import Evidence
from gateway.audit.proof import Proof, Question
from gateway.entries import HOLDOUT, Correction, Example, Feedback, FeedbackFate, HoldoutRecord, LedgerEntry
from gateway.errors import LedgerError
from gateway.ledgers import _sqlite_corrections, _sqlite_keeping, _sqlite_rollups
from gateway.ledgers._rows import (
    HOLDOUT_COLUMNS,
    JOINED_COLUMNS,
    entries_of,
    example_of,
    feedback_of,
    holdout_of,
)
from gateway.ledgers._sqlite_audit import SqliteTrail
from gateway.ledgers._sqlite_audit import read_head as read_head  # noqa: PLC0414 - of this kind of file, too
from gateway.ledgers._sqlite_audit import read_proof as read_proof  # noqa: PLC0414 - as above
from gateway.ledgers._sqlite_audit import seal as seal  # noqa: PLC0414 - as above
from gateway.ledgers._sqlite_schema import open_for_writing, reading
from gateway.ledgers._sqlite_statements import entry_of
from gateway.ledgers._sqlite_writer import SqliteBooks
from gateway.ledgers._writer import Writer
from gateway.ledgers._writes import EVER, EntryWrite, FeedbackWrite, HoldoutWrite
from gateway.money.certainty import Pair
from gateway.money.rollups import CallHour, DurationHour, Hour, Step
from gateway.times import hour_of, microseconds
from gateway.types import Money

# What commands do to a file beside its requests.
keeping = _sqlite_keeping

_HOUR_US = 3_600_000_000
Found = TypeVar("Found")


class Options(BaseModel):
    """Where the file is, and how sure a commit must be."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str = Field(min_length=1, description="The file; `~` is the home folder. It is made where it is missing.")
    durable: bool = Field(default=False, description="Wait for the disk, so that a commit survives a power cut.")
    busy_timeout_s: float = Field(default=5.0, ge=0, description="Seconds to wait for another process that writes.")


class SqliteLedger:
    """The books in one file, and their audit trail. May be used from several event loops."""

    def __init__(self, path: Path, writer: Writer, trail: SqliteTrail) -> None:
        self._path = path
        self._writer = writer
        self.trail = trail

    @property
    def place(self) -> str:
        """The path of the file."""
        return str(self._path)

    async def record(self, entry: LedgerEntry, evidence: Evidence | None = None) -> None:
        """Return once the entry and its record are committed. A cancelled caller's entry is written all the same."""
        waiter = asyncio.get_running_loop().create_future()
        await self._writer.submit(EntryWrite(entry, evidence, waiter))

    async def feedback(self, feedback: Feedback, *, most_a_day: int | None = None) -> FeedbackFate:
        """Keep a judgement about an entry of its tenant, at most `most_a_day` of a tenant; several processes count."""
        waiter = asyncio.get_running_loop().create_future()
        # What the write gives back is its own: see `FeedbackWrite`.
        return cast("FeedbackFate", await self._writer.submit(FeedbackWrite(feedback, most_a_day, waiter)))

    async def holdout(self, record: HoldoutRecord, evidence: Evidence | None = None) -> bool:
        """Keep what a strong backend said beside an entry, once; False where that cannot be."""
        waiter = asyncio.get_running_loop().create_future()
        return bool(await self._writer.submit(HoldoutWrite(record, evidence, waiter)))

    async def holdouts(
        self, *, since: datetime | None = None, until: datetime | None = None
    ) -> Sequence[HoldoutRecord]:
        """Return those with `since` <= at < `until`, oldest first."""
        return await asyncio.to_thread(lambda: list(read_holdouts(self._path, since=since, until=until)))

    async def judgements(self) -> Sequence[Feedback]:
        """Return the feedback that counts, of each source the latest about an entry, in the order it came."""
        return await asyncio.to_thread(lambda: list(read_feedback(self._path)))

    async def entries(
        self, *, since: datetime | None = None, until: datetime | None = None, limit: int | None = None
    ) -> Sequence[LedgerEntry]:
        """Return the entries with `since` <= at < `until`, oldest first; with `limit`, the newest that many."""
        return await asyncio.to_thread(lambda: list(read_entries(self._path, since=since, until=until, limit=limit)))


@asynccontextmanager
async def build(options: Options) -> AsyncIterator[SqliteLedger]:
    """Open the file, or make it; write what waits and close it at the end."""
    path, writer, trail = await asyncio.to_thread(_open, options)
    try:
        yield SqliteLedger(path, writer, trail)
    finally:
        # Not in a thread: at the interpreter's end, when `route_sync` closes its router, no pool takes work any more.
        writer.close()


def reader(options: Options) -> "SqliteReader":
    """Return what reads the file."""
    return SqliteReader(Path(options.path).expanduser())


class SqliteReader:
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

    def entries(
        self, *, since: datetime | None = None, until: datetime | None = None, limit: int | None = None
    ) -> Iterator[LedgerEntry]:
        """Yield the entries, oldest first; with `limit`, the newest that many."""
        return self._begun(read_entries(self._path, since=since, until=until, limit=limit))

    def holdouts(self, *, since: datetime | None = None, until: datetime | None = None) -> Iterator[HoldoutRecord]:
        """Yield what strong backends said beside them, oldest first."""
        return self._begun(read_holdouts(self._path, since=since, until=until))

    def pairs(self, *, since: datetime | None = None, until: datetime | None = None) -> Iterator[Pair]:
        """Yield the random comparisons of local answers, in money and agreement."""
        return self._begun(read_pairs(self._path, since=since, until=until))

    def corrections(self, *, since: datetime | None = None, until: datetime | None = None) -> Iterator[Correction]:
        """Yield what was booked afterwards, by the hours that it counts in."""
        return self._begun(read_corrections(self._path, since=since, until=until))

    def feedback(self) -> Iterator[Feedback]:
        """Yield the feedback that counts."""
        return self._begun(read_feedback(self._path))

    def examples(self, *, most_per_tenant: int | None = None) -> Iterator[Example]:
        """Yield the answers with an outcome."""
        return self._begun(read_examples(self._path, most_per_tenant=most_per_tenant))

    def hours(
        self, *, since: datetime | None = None, until: datetime | None = None, step: Step = "all"
    ) -> Iterator[Hour]:
        """Yield the sums of the requests by cell and step."""
        return self._begun(read_hours(self._path, since=since, until=until, step=step))

    def calls(
        self, *, since: datetime | None = None, until: datetime | None = None, step: Step = "all"
    ) -> Iterator[CallHour]:
        """Yield the sums of the calls by cell and step."""
        return self._begun(read_calls(self._path, since=since, until=until, step=step))

    def durations(
        self, *, since: datetime | None = None, until: datetime | None = None, step: Step = "all"
    ) -> Iterator[DurationHour]:
        """Yield how long the answers took, by cell and step."""
        return self._begun(read_durations(self._path, since=since, until=until, step=step))

    def head(self, *, key: bytes | None = None) -> Head:
        """Return where the audit trail says that it ends."""
        return read_head(self._file(), key=key)

    def prove(self, question: Question | None = None, *, key: bytes | None = None, anchor: Head | None = None) -> Proof:
        """Read the whole trail beside the books, and answer a question about it."""
        return read_proof(self._file(), question, key=key, anchor=anchor)

    def seal(self, key: bytes) -> Head:
        """Seal the trail from here on."""
        return seal(self._file(), key)

    # A generator opens nothing before it is asked for its first.
    def _begun(self, found: Iterator[Found]) -> Iterator[Found]:
        return found if self.is_there() else iter(())

    def _file(self) -> Path:
        if not self.is_there():
            raise LedgerError(f"there is no ledger at {self.place!r}; name one with --ledger")
        return self._path


def read_entries(
    path: Path, *, since: datetime | None = None, until: datetime | None = None, limit: int | None = None
) -> Iterator[LedgerEntry]:
    """Yield a file's entries one by one in the order of `SqliteLedger.entries`, for reports on big files."""
    bounds = {**_period(since, until), "limit": limit}
    with reading(path) as connection:
        yield from entries_of(connection.execute(_select_entries(limited=limit is not None), bounds))


def read_entry(path: Path, entry_id: str) -> LedgerEntry | None:
    """Return one entry of a file by its id, None where it is not there, or not any more."""
    with reading(path) as connection:
        return entry_of(connection, entry_id)


def read_hours(
    path: Path, *, since: datetime | None = None, until: datetime | None = None, step: Step = "all"
) -> Iterator[Hour]:
    """Yield the sums of a file's requests by cell and step, of the hours that `since` to `until` touches."""
    with reading(path) as connection:
        yield from _sqlite_rollups.read_hours(connection, *_hours(since, until), step)


def read_calls(
    path: Path, *, since: datetime | None = None, until: datetime | None = None, step: Step = "all"
) -> Iterator[CallHour]:
    """Yield the sums of a file's calls, as `read_hours` does."""
    with reading(path) as connection:
        yield from _sqlite_rollups.read_calls(connection, *_hours(since, until), step)


def read_durations(
    path: Path, *, since: datetime | None = None, until: datetime | None = None, step: Step = "all"
) -> Iterator[DurationHour]:
    """Yield how long a file's answers took, as `read_hours` does."""
    with reading(path) as connection:
        yield from _sqlite_rollups.read_durations(connection, *_hours(since, until), step)


def read_corrections(
    path: Path, *, since: datetime | None = None, until: datetime | None = None
) -> Iterator[Correction]:
    """Yield a file's corrections that count in the hours that `since` to `until` touches, in the order of booking."""
    with reading(path) as connection:
        yield from _sqlite_corrections.read_corrections(connection, *_hours(since, until))


def read_feedback(path: Path) -> Iterator[Feedback]:
    """Yield the feedback of a file that counts, of each source the latest about an entry, in the order it came."""
    statement = """
        SELECT id, score, f.source, f.at_us, f.tenant FROM feedback f JOIN entries e ON e.n = f.entry
        WHERE f.n IN (SELECT max(n) FROM feedback GROUP BY entry, source) ORDER BY f.n"""
    with reading(path) as connection:
        yield from map(feedback_of, connection.execute(statement))


def read_holdouts(
    path: Path, *, since: datetime | None = None, until: datetime | None = None
) -> Iterator[HoldoutRecord]:
    """Yield what strong backends said beside a file's entries, with `since` <= at < `until`, oldest first."""
    statement = f"""
        SELECT id, {", ".join(f"h.{name}" for name in HOLDOUT_COLUMNS)} FROM holdouts h JOIN entries e ON e.n = h.entry
        WHERE h.at_us >= :since AND h.at_us < :until ORDER BY h.at_us, h.entry"""  # noqa: S608 - the names are ours
    with reading(path) as connection:
        yield from map(holdout_of, connection.execute(statement, _period(since, until)))


def read_pairs(path: Path, *, since: datetime | None = None, until: datetime | None = None) -> Iterator[Pair]:
    """Yield the random comparisons of a file's local answers with `since` <= at < `until`, in money and agreement."""
    statement = """
        SELECT e.baseline_nano_usd, CASE WHEN h.model = e.baseline_model THEN h.cost_nano_usd END, h.score
        FROM holdouts h JOIN entries e ON e.n = h.entry
        WHERE h.at_us >= :since AND h.at_us < :until ORDER BY h.at_us, h.entry"""
    with reading(path) as connection:
        for assumed, real, agreement in connection.execute(statement, _period(since, until)):
            yield Pair(assumed=_money(assumed), real=_money(real), agreement=agreement)


def read_examples(path: Path, *, most_per_tenant: int | None = None) -> Iterator[Example]:
    """Yield a file's answers with an outcome, oldest outcome first: the latest feedback of each source, and holdouts.

    Of a tenant the newest `most_per_tenant` are given, so that nobody teaches alone; those without one count as one.
    """
    most = EVER[1] if most_per_tenant is None else most_per_tenant
    with reading(path) as connection:
        yield from map(example_of, connection.execute(_SELECT_EXAMPLES, {"most": most}))


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


def _period(since: datetime | None, until: datetime | None) -> dict[str, int]:
    return {
        "since": EVER[0] if since is None else microseconds(since),
        "until": EVER[1] if until is None else microseconds(until),
    }


def _hours(since: datetime | None, until: datetime | None) -> tuple[int, int]:
    start = 0 if since is None else hour_of(since)
    return start, EVER[1] if until is None else -(-microseconds(until) // _HOUR_US)


def _money(nano_usd: int | None) -> Money | None:
    return None if nano_usd is None else Money(nano_usd)


def _open(options: Options) -> tuple[Path, Writer, SqliteTrail]:
    # pydantic-settings is a large part of what importing this module would cost.
    from gateway.settings import Settings  # noqa: PLC0415

    path, key = Path(options.path).expanduser().absolute(), Settings().seal()
    open_file = partial(open_for_writing, path, durable=options.durable, busy_timeout_s=options.busy_timeout_s)
    writer = Writer(SqliteBooks(open_file, str(path), audit_key=key))
    return path, writer, SqliteTrail(path, writer, key=key, busy_timeout_s=options.busy_timeout_s)


def _select_entries(*, limited: bool) -> str:
    newest = "ORDER BY at_us DESC, n DESC LIMIT :limit" if limited else ""
    # The names are ours, the values are bound.
    return f"""
        SELECT {JOINED_COLUMNS}
        FROM (
            SELECT * FROM entries
            WHERE at_us >= :since AND at_us < :until {newest}
        ) e LEFT JOIN attempts a ON a.entry = e.n
        ORDER BY e.at_us, e.n, a.number"""  # noqa: S608
