"""The tables of a SQLite ledger, and how a file becomes one. A file that is something else is refused untouched."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from gateway.errors import LedgerError, UnfitLedgerError
from gateway.ledgers import _sqlite_months, _sqlite_rollups
from gateway.ledgers._rows import (
    HOLDOUT_COLUMNS,
    JOINED_COLUMNS,
    WHOSE_COLUMNS,
    entries_of,
    holdout_of,
    whose_of,
)
from gateway.ledgers._sqlite_connection import Connection
from gateway.ledgers._sqlite_rollups import Rollups, sum_up_days
from gateway.ledgers._sqlite_trail import begin
from gateway.money.rollups import Whose

_ENTRY_COLUMNS_4 = (
    "team TEXT",
    "source TEXT NOT NULL DEFAULT 'gateway'",
    "managed_model TEXT",
    "managed_nano_usd INTEGER",
    "uncached_baseline_nano_usd INTEGER",
    "token_basis TEXT NOT NULL DEFAULT 'assumed-equal'",
    # The hour that it counts in: its own, unless its month was closed by then.
    "hour INTEGER NOT NULL DEFAULT 0",
)
_CALL_COLUMNS_4 = (
    "cache_write_1h_tokens INTEGER NOT NULL DEFAULT 0",
    "audio_tokens INTEGER NOT NULL DEFAULT 0",
    "image_tokens INTEGER NOT NULL DEFAULT 0",
    "audio_output_tokens INTEGER NOT NULL DEFAULT 0",
    "first_token_s REAL",
    "uncached_nano_usd INTEGER",
)

# One tuple of statements a version, applied in order; a released one is never edited.
# Money is integer nano-USD, `at_us` microseconds since 1970 UTC; NULL means unknown.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
        """CREATE TABLE entries (
            n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, at_us INTEGER NOT NULL, status TEXT NOT NULL, rule TEXT,
            policy_version TEXT NOT NULL, tenant TEXT, task TEXT, tags TEXT NOT NULL, level INTEGER NOT NULL,
            kinds TEXT NOT NULL, difficulty REAL, backend TEXT, model TEXT, local INTEGER, licence TEXT,
            duration_s REAL NOT NULL, cost_nano_usd INTEGER, baseline_model TEXT, baseline_nano_usd INTEGER,
            price_version TEXT NOT NULL, streamed INTEGER NOT NULL, request_id TEXT,
            saved_nano_usd INTEGER GENERATED ALWAYS AS (baseline_nano_usd - cost_nano_usd) VIRTUAL)""",
        "CREATE INDEX entries_at ON entries (at_us)",
        """CREATE TABLE attempts (
            entry INTEGER NOT NULL REFERENCES entries (n), number INTEGER NOT NULL, backend TEXT NOT NULL,
            model TEXT NOT NULL, replica TEXT NOT NULL, duration_s REAL NOT NULL, error TEXT, accepted INTEGER,
            score REAL, prompt_tokens INTEGER, completion_tokens INTEGER, cached_tokens INTEGER NOT NULL,
            cache_write_tokens INTEGER NOT NULL, reasoning_tokens INTEGER NOT NULL, cost_nano_usd INTEGER,
            cost_source TEXT NOT NULL, PRIMARY KEY (entry, number)) WITHOUT ROWID""",
        """CREATE TABLE feedback (
            n INTEGER PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entries (n), score REAL NOT NULL,
            source TEXT NOT NULL, at_us INTEGER NOT NULL)""",
    ),
    (
        "ALTER TABLE attempts ADD COLUMN purpose TEXT NOT NULL DEFAULT 'answer'",
        "ALTER TABLE entries ADD COLUMN features BLOB",
        "ALTER TABLE entries ADD COLUMN classifier TEXT",
        "ALTER TABLE entries ADD COLUMN holdout INTEGER NOT NULL DEFAULT 0",
        # The tenant of the entry, so that a tenant's judgements of a day are counted in an index.
        "ALTER TABLE feedback ADD COLUMN tenant TEXT",
        "UPDATE feedback SET tenant = (SELECT tenant FROM entries WHERE n = entry)",
        "CREATE INDEX feedback_tenant ON feedback (tenant, at_us)",
        "CREATE INDEX feedback_entry ON feedback (entry, source)",
        """CREATE TABLE holdouts (
            entry INTEGER PRIMARY KEY REFERENCES entries (n), at_us INTEGER NOT NULL, backend TEXT NOT NULL,
            model TEXT NOT NULL, replica TEXT NOT NULL, duration_s REAL NOT NULL, error TEXT, accepted INTEGER,
            score REAL, prompt_tokens INTEGER, completion_tokens INTEGER, cached_tokens INTEGER NOT NULL,
            cache_write_tokens INTEGER NOT NULL, reasoning_tokens INTEGER NOT NULL, cost_nano_usd INTEGER,
            cost_source TEXT NOT NULL, purpose TEXT NOT NULL)""",
        "CREATE INDEX holdouts_at ON holdouts (at_us)",
    ),
    (
        # The audit trail. What a record says stands in `body`, whose hash the next one holds; the other columns only
        # find it: `entry` is the place of the entry, `subject` its pseudonym.
        """CREATE TABLE audit (
            n INTEGER PRIMARY KEY, entry INTEGER REFERENCES entries (n), subject BLOB, body TEXT NOT NULL)""",
        "CREATE INDEX audit_subject ON audit (subject) WHERE subject IS NOT NULL",
        """CREATE TABLE audit_head (
            one INTEGER PRIMARY KEY CHECK (one = 1), trail TEXT NOT NULL, pepper BLOB NOT NULL, count INTEGER NOT NULL,
            hash TEXT NOT NULL, seal TEXT, erasures INTEGER NOT NULL, key_check TEXT)""",
        "CREATE TABLE audit_keys (lookup BLOB PRIMARY KEY, key BLOB NOT NULL) WITHOUT ROWID",
    ),
    (
        *(f"ALTER TABLE entries ADD COLUMN {column}" for column in _ENTRY_COLUMNS_4),
        *(
            f"ALTER TABLE {table} ADD COLUMN {column}"
            for table in ("attempts", "holdouts")
            for column in _CALL_COLUMNS_4
        ),
        "UPDATE entries SET hour = at_us / 3600000000",
        *_sqlite_rollups.TABLES,
        *_sqlite_months.TABLES,
    ),
    _sqlite_rollups.DAY_TABLES,
)
# From these versions on a file has an audit trail, hourly sums, and daily ones.
_AUDITED = 3
_SUMMED = 4
_SUMMED_BY_DAY = 5
SCHEMA_VERSION = len(MIGRATIONS)


def open_for_writing(path: Path, *, durable: bool, busy_timeout_s: float) -> Connection:
    """Open or create a ledger and bring it to our schema; raises `LedgerError` and changes nothing where it cannot."""
    _create(path)
    # The connection is made here and used by the writer thread alone.
    connection = sqlite3.connect(
        path, timeout=busy_timeout_s, isolation_level=None, check_same_thread=False, factory=Connection
    )
    try:
        _migrate(connection, path)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        connection.execute("PRAGMA wal_autocheckpoint = 4000")
        # What is deleted or moved leaves nothing behind in the file: see `SqliteTrail.erase`.
        connection.execute("PRAGMA secure_delete = ON")
    except sqlite3.Error as error:
        connection.close()
        raise _unreadable(path, error) from error
    except LedgerError:
        connection.close()
        raise
    return connection


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Open an existing ledger read-only; raises `LedgerError` where it is none or of another version."""
    try:
        connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, isolation_level=None)
    except sqlite3.Error as error:
        raise _unreadable(path, error) from error
    try:
        version = _version(connection, path)
    except sqlite3.Error as error:
        connection.close()
        raise _unreadable(path, error) from error
    except LedgerError:
        connection.close()
        raise
    if version != SCHEMA_VERSION:
        connection.close()
        raise LedgerError(
            f"the ledger {str(path)!r} has schema {version}, this program reads {SCHEMA_VERSION}; "
            "open it once for writing to bring it up to date"
        )
    return connection


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Yield a connection that only reads; raises `LedgerError`, also for what fails in the block."""
    with closing(open_for_reading(path)) as connection:
        try:
            yield connection
        except sqlite3.Error as error:
            raise LedgerError(f"cannot read the ledger {str(path)!r}: {error}") from error


def _create(path: Path) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        kind = UnfitLedgerError if isinstance(error, (IsADirectoryError, NotADirectoryError)) else LedgerError
        text = f"cannot open the ledger {str(path)!r}: {error.strerror}; name a path that this user may write"
        raise kind(text) from error


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    if _version(connection, path) == SCHEMA_VERSION:
        return
    with connection:
        # Another process may have done it while we waited for the lock: look again inside.
        connection.execute("BEGIN IMMEDIATE")
        version = _version(connection, path)
        for statements in MIGRATIONS[version:]:
            for statement in statements:
                connection.execute(statement)
        if version < _AUDITED:
            begin(connection)
        if version < _SUMMED:
            sum_up(connection)
        elif version < _SUMMED_BY_DAY:
            sum_up_days(connection)
        connection.execute("INSERT OR REPLACE INTO meta VALUES ('schema', ?)", (str(SCHEMA_VERSION),))


def sum_up(connection: sqlite3.Connection) -> None:
    """Write the sums of all that is on the books; there must be none yet."""
    rollups = Rollups()
    rollups.begin(connection)
    for entry in entries_of(connection.execute(_SELECT_ENTRIES)):
        rollups.add(entry)
    for row in connection.execute(_SELECT_HOLDOUTS):
        rollups.add_holdout(holdout_of(row[_WHOSE:]), whose_of(row[:_WHOSE]))
    rollups.flush(connection)


_WHOSE = len(Whose._fields)
# The names are ours.
_SELECT_ENTRIES = f"""
    SELECT {JOINED_COLUMNS} FROM entries e LEFT JOIN attempts a ON a.entry = e.n ORDER BY e.n, a.number"""  # noqa: S608
_SELECT_HOLDOUTS = f"""
    SELECT {WHOSE_COLUMNS}, id, {", ".join(f"h.{name}" for name in HOLDOUT_COLUMNS)}
    FROM holdouts h JOIN entries e ON e.n = h.entry"""  # noqa: S608


def _version(connection: sqlite3.Connection, path: Path) -> int:
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables:
        return 0
    if not {"meta", "entries", "attempts"} <= tables:
        raise UnfitLedgerError(f"{str(path)!r} is a database, but not a ledger; name another path, nothing was changed")
    found = connection.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()
    if found is None or not str(found[0]).isdecimal():
        raise UnfitLedgerError(f"the ledger {str(path)!r} has lost its version; {_RESTORE}")
    version = int(found[0])
    if version > SCHEMA_VERSION:
        raise UnfitLedgerError(
            f"the ledger {str(path)!r} has schema {version}, this program knows {SCHEMA_VERSION}; "
            "update hybrid-gateway or name another path, nothing was changed"
        )
    return version


_RESTORE = "restore it from a copy or name another path, nothing was changed"


def _unreadable(path: Path, error: sqlite3.Error) -> LedgerError:
    # A lock or a full disk passes; what is no database stays none.
    kind = LedgerError if isinstance(error, sqlite3.OperationalError) else UnfitLedgerError
    return kind(f"cannot open the ledger {str(path)!r}: {error}; {_RESTORE}")
