"""The audit trail of a SQLite ledger, read: as of one moment, beside the entries, while others write."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from gateway.audit.archived import Archived
from gateway.audit.chain import Head, check_key
from gateway.audit.evidence import Erasure, Party
from gateway.audit.proof import Proof, Question, examine
from gateway.audit.records import Noted
from gateway.errors import LedgerError
from gateway.ledgers._sqlite_archives import noted_archives
from gateway.ledgers._sqlite_closes import noted_closes
from gateway.ledgers._sqlite_schema import open_for_reading, open_for_writing
from gateway.ledgers._sqlite_shelf import archived_in
from gateway.ledgers._sqlite_trail import TrailEnd
from gateway.ledgers._view import SqlView, check_sealable
from gateway.ledgers._writer import Writer
from gateway.ledgers._writes import EraseWrite

_SELECT_MISFILED = """
    SELECT n, is_wrong FROM (
        SELECT a.n, a.entry IS NOT NULL AND e.id IS NOT json_extract(CAST(a.body AS TEXT), '$.entry') AS is_elsewhere,
            (CASE WHEN a.subject IS NOT NULL THEN lower(hex(a.subject)) END
                IS NOT json_extract(CAST(a.body AS TEXT), '$.subject'))
            OR (a.entry IS NULL AND json_extract(CAST(a.body AS TEXT), '$.kind') = 'request') AS is_wrong
        FROM audit a LEFT JOIN entries e ON e.n = a.entry WHERE json_valid(CAST(a.body AS TEXT))
    ) WHERE is_elsewhere OR is_wrong ORDER BY n"""


class FileView(SqlView):
    """A file's trail and books in one read transaction."""

    def __init__(self, connection: sqlite3.Connection, archive: Path | None = None) -> None:
        super().__init__(connection.execute)
        self._connection = connection
        self._folder = archive

    def noted(self) -> Iterator[Noted]:
        """Yield what is on the books that is no request."""
        yield from super().noted()
        yield from noted_closes(self._connection)
        yield from noted_archives(self._connection)

    def archived(self) -> Archived:
        """Return what of the books is in archives, with the files of the folder if there is one."""
        return archived_in(self._connection, self._folder)

    def misfiled(self) -> Iterator[int]:
        """Yield the places of records whose columns do not say what the record says: they would be found by them."""
        archived = self.archived()
        for n, is_wrong in self.rows(_SELECT_MISFILED, {}):
            # Of an archived entry only the place is left, which has no id to compare with.
            if is_wrong or n not in archived:
                yield n


@contextmanager
def viewing(path: Path, archive: Path | None = None) -> Iterator[FileView]:
    """Open a file's trail for reading; raises `LedgerError`."""
    with closing(open_for_reading(path)) as connection:
        try:
            connection.execute("BEGIN")
            yield FileView(connection, archive)
        except sqlite3.Error as error:
            raise LedgerError(f"cannot read the audit trail of {str(path)!r}: {error}") from error
        except (ValueError, TypeError, OverflowError) as error:
            # What was written there by somebody else may be anything.
            raise LedgerError(f"{str(path)!r} holds an entry that is none: it was tampered with") from error


def read_proof(
    path: Path,
    question: Question | None = None,
    *,
    key: bytes | None = None,
    anchor: Head | None = None,
    archive: Path | None = None,
) -> Proof:
    """Read the trail of a file from its beginning to its head; see `gateway.audit.proof.examine`.

    Entries that are archived are read as well where `archive` names the folder of their files.
    """
    with viewing(path, archive) as view:
        return examine(view, question, key=key, anchor=anchor)


def read_head(path: Path, *, key: bytes | None = None) -> Head:
    """Return where the trail of a file says that it ends."""
    with viewing(path) as view:
        check_key(view.trail, view.key_check, key)
        return view.head


def seal(path: Path, key: bytes) -> Head:
    """Seal a file's trail from here on; raises `LedgerError` where it is not whole, or is sealed already."""
    check_sealable(read_proof(path, key=key), str(path))
    trail = TrailEnd(key, may_seal=True)
    with closing(open_for_writing(path, durable=True, busy_timeout_s=5)) as connection:
        try:
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                trail.open(connection)
                trail.close(connection)
        except sqlite3.Error as error:
            raise LedgerError(f"cannot seal the audit trail of {str(path)!r}: {error}") from error
    return read_head(path, key=key)


class SqliteTrail:
    """The audit trail of an open ledger."""

    def __init__(self, path: Path, writer: Writer, *, key: bytes | None, busy_timeout_s: float) -> None:
        self._path = path
        self._writer = writer
        self._key = key
        self._busy_timeout_s = busy_timeout_s

    async def head(self) -> Head:
        """Return where the trail ends."""
        return await asyncio.to_thread(read_head, self._path, key=self._key)

    async def prove(self, question: Question | None = None, *, anchor: Head | None = None) -> Proof:
        """Read the whole trail beside the books, and answer a question about it."""
        return await asyncio.to_thread(read_proof, self._path, question, key=self._key, anchor=anchor)

    async def erase(self, party: Party) -> Erasure:
        """Make a party's records nobody's, and leave nothing of the key in the file."""
        count = await self._writer.submit(EraseWrite(party, asyncio.get_running_loop().create_future()))
        # Also where nothing was known: an erasure before may not have got this far.
        wiped = await asyncio.to_thread(_empty_log, self._path, busy_timeout_s=self._busy_timeout_s)
        return Erasure(known=count is not None, records=int(count or 0), wiped=wiped)


def _empty_log(path: Path, *, busy_timeout_s: float) -> bool:
    """Write all that waits in the file's log into the file and cut the log off; False where somebody holds it."""
    with closing(sqlite3.connect(path, timeout=busy_timeout_s, isolation_level=None)) as connection:
        busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not busy
