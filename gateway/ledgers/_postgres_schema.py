"""The tables of a PostgreSQL ledger, and how a schema becomes one. What is something else is refused untouched."""

from gateway.audit.records import Before
from gateway.errors import UnfitLedgerError
from gateway.ledgers._pen import begun
from gateway.ledgers._postgres_door import Door, Link
from gateway.ledgers._postgres_rollups import sum_up_days
from gateway.money.rollups import CallCell, CallSums, Cell, Sums

_ATTEMPT = """
    backend TEXT NOT NULL, model TEXT NOT NULL, replica TEXT NOT NULL, duration_s DOUBLE PRECISION NOT NULL, error TEXT,
    accepted BOOLEAN, score DOUBLE PRECISION, prompt_tokens BIGINT, completion_tokens BIGINT,
    cached_tokens BIGINT NOT NULL, cache_write_tokens BIGINT NOT NULL, reasoning_tokens BIGINT NOT NULL,
    cache_write_1h_tokens BIGINT NOT NULL, audio_tokens BIGINT NOT NULL, image_tokens BIGINT NOT NULL,
    audio_output_tokens BIGINT NOT NULL, cost_nano_usd BIGINT, cost_source TEXT NOT NULL, purpose TEXT NOT NULL,
    first_token_s DOUBLE PRECISION, uncached_nano_usd BIGINT"""


def _columns(kind: type[Cell | CallCell]) -> str:
    return ", ".join(f"{name} {'BOOLEAN' if name == 'local' else 'TEXT'}" for name in kind._fields)


def _sums(kind: type[Sums | CallSums], number: str = "BIGINT") -> str:
    return ", ".join(f"{name} {number} NOT NULL" for name in kind._fields)


# One tuple of statements a version, applied in order; a released one is never edited.
# Money is integer nano-USD, `at_us` microseconds since 1970 UTC; NULL means unknown. All is written, and numbered, by
# whoever holds the row of `audit_head`; so rows refer to each other without a foreign key, which would be looked up
# once more for each.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
        """CREATE TABLE entries (
            n BIGINT PRIMARY KEY, id TEXT COLLATE "C" NOT NULL UNIQUE, hour BIGINT NOT NULL, at_us BIGINT NOT NULL,
            status TEXT NOT NULL, rule TEXT, policy_version TEXT NOT NULL, tenant TEXT, task TEXT, tags TEXT NOT NULL,
            level SMALLINT NOT NULL, kinds TEXT NOT NULL, difficulty DOUBLE PRECISION, backend TEXT, model TEXT,
            local BOOLEAN, licence TEXT, duration_s DOUBLE PRECISION NOT NULL, cost_nano_usd BIGINT,
            baseline_model TEXT, baseline_nano_usd BIGINT, price_version TEXT NOT NULL, streamed BOOLEAN NOT NULL,
            request_id TEXT, classifier TEXT, features BYTEA, holdout BOOLEAN NOT NULL, team TEXT,
            source TEXT NOT NULL, managed_model TEXT, managed_nano_usd BIGINT, uncached_baseline_nano_usd BIGINT,
            token_basis TEXT NOT NULL,
            saved_nano_usd BIGINT GENERATED ALWAYS AS (baseline_nano_usd - cost_nano_usd) STORED)""",
        "CREATE INDEX entries_at ON entries (at_us, n)",
        f"CREATE TABLE attempts (entry BIGINT, number INTEGER, {_ATTEMPT}, PRIMARY KEY (entry, number))",
        """CREATE TABLE feedback (
            n BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, entry BIGINT NOT NULL, score DOUBLE PRECISION NOT NULL,
            source TEXT COLLATE "C" NOT NULL, at_us BIGINT NOT NULL, tenant TEXT)""",
        # The beginning of a name: an index holds no longer ones.
        "CREATE INDEX feedback_tenant ON feedback (left(tenant, 200), at_us)",
        "CREATE INDEX feedback_entry ON feedback (entry)",
        f"CREATE TABLE holdouts (entry BIGINT PRIMARY KEY, at_us BIGINT NOT NULL, {_ATTEMPT})",
        "CREATE INDEX holdouts_at ON holdouts (at_us)",
        # The hash of a cell is its key: an index holds no longer texts.
        f"""CREATE TABLE cells (
            id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, key BYTEA NOT NULL UNIQUE, {_columns(Cell)})""",
        f"""CREATE TABLE hours (
            hour BIGINT, cell BIGINT, first_us BIGINT NOT NULL, last_us BIGINT NOT NULL, {_sums(Sums)},
            PRIMARY KEY (hour, cell)) WITH (fillfactor = 70)""",
        f"""CREATE TABLE call_cells (
            id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, key BYTEA NOT NULL UNIQUE, {_columns(CallCell)})""",
        f"""CREATE TABLE call_hours (
            hour BIGINT, cell BIGINT, {_sums(CallSums)}, PRIMARY KEY (hour, cell)) WITH (fillfactor = 70)""",
        """CREATE TABLE duration_hours (
            hour BIGINT, cell BIGINT, bucket INTEGER, count BIGINT NOT NULL, PRIMARY KEY (hour, cell, bucket))
            WITH (fillfactor = 70)""",
        """CREATE TABLE corrections (
            n BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id TEXT COLLATE "C" NOT NULL UNIQUE,
            at_us BIGINT NOT NULL, hour BIGINT NOT NULL, nano_usd BIGINT NOT NULL, reason TEXT NOT NULL,
            month TEXT NOT NULL, entry TEXT, provider TEXT, model TEXT, tenant TEXT, team TEXT)""",
        "CREATE INDEX corrections_hour ON corrections (hour)",
        """CREATE TABLE closes (
            month TEXT PRIMARY KEY, until_hour BIGINT NOT NULL, at_us BIGINT NOT NULL, sha256 TEXT NOT NULL,
            parts TEXT NOT NULL, policies TEXT NOT NULL)""",
        # The audit trail; see the SQLite ledger. `entries` is the place of the last entry.
        "CREATE TABLE audit (n BIGINT PRIMARY KEY, entry BIGINT, subject BYTEA, body TEXT NOT NULL)",
        "CREATE INDEX audit_subject ON audit (subject) WHERE subject IS NOT NULL",
        """CREATE TABLE audit_head (
            one SMALLINT PRIMARY KEY CHECK (one = 1), trail TEXT NOT NULL, pepper BYTEA NOT NULL, count BIGINT NOT NULL,
            hash TEXT NOT NULL, seal TEXT, erasures BIGINT NOT NULL, key_check TEXT, entries BIGINT NOT NULL)
            WITH (fillfactor = 20)""",
        "CREATE TABLE audit_keys (lookup BYTEA PRIMARY KEY, key BYTEA NOT NULL)",
        # What was committed although nobody heard of it; see `PostgresBooks`.
        "CREATE TABLE commits (token BYTEA PRIMARY KEY, at_us BIGINT NOT NULL)",
    ),
    (
        # The days before `until_hour` are summed up; `hour` is a day's first. Their sums have no bounds: each was
        # accepted for its hour, and must not fail whoever sums up the day.
        f"""CREATE TABLE days (
            hour BIGINT, cell BIGINT, first_us BIGINT NOT NULL, last_us BIGINT NOT NULL, {_sums(Sums, "NUMERIC")},
            PRIMARY KEY (hour, cell))""",
        f"CREATE TABLE call_days (hour BIGINT, cell BIGINT, {_sums(CallSums, 'NUMERIC')}, PRIMARY KEY (hour, cell))",
        """CREATE TABLE duration_days (
            hour BIGINT, cell BIGINT, bucket INTEGER, count BIGINT NOT NULL, PRIMARY KEY (hour, cell, bucket))""",
        "CREATE TABLE summed (one SMALLINT PRIMARY KEY CHECK (one = 1), until_hour BIGINT NOT NULL)",
        "INSERT INTO summed (one, until_hour) VALUES (1, 0)",
    ),
)
# From this version on it has daily sums.
_SUMMED_BY_DAY = 2
SCHEMA_VERSION = len(MIGRATIONS)

_SELECT_TABLES = "SELECT relname FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace WHERE nspname = $1"


async def version_of(link: Link, door: Door) -> int:
    """Return the version of the ledger in the schema, 0 where there is none; in a transaction of the door's.

    Raises `UnfitLedgerError` where the schema holds something else, or a newer one.
    """
    tables = {row["relname"] for row in await link.fetch(_SELECT_TABLES, door.schema)}
    if not tables:
        return 0
    if not {"meta", "entries", "attempts"} <= tables:
        raise UnfitLedgerError(f"{door.place!r} has tables, but no ledger; name another schema, nothing was changed")
    version = int(await link.fetchval("SELECT value FROM meta WHERE key = 'schema'"))
    if version > SCHEMA_VERSION:
        raise UnfitLedgerError(
            f"the ledger {door.place!r} has schema {version}, this program knows {SCHEMA_VERSION}; "
            "update hybrid-gateway or name another schema, nothing was changed"
        )
    return version


async def migrate(link: Link, door: Door) -> None:
    """Make the tables, or bring them up to date; of several programs that want to, one does."""
    async with door.transaction(link):
        if await version_of(link, door) == SCHEMA_VERSION:
            return
        await link.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"hybrid-gateway {door.schema}")
        # Another may have done it while we waited for the lock: look again inside.
        version = await version_of(link, door)
        if version == 0 and not await link.fetchval("SELECT 1 FROM pg_namespace WHERE nspname = $1", door.schema):
            await link.execute(f'CREATE SCHEMA "{door.schema}"')
        for statements in MIGRATIONS[version:]:
            await link.execute(";\n".join(statements))
        if version == 0:
            await _begin_trail(link)
        elif version < _SUMMED_BY_DAY:
            # Whoever writes holds this row: what is under way is summed up, too.
            await link.fetch("SELECT one FROM audit_head FOR UPDATE")
            await sum_up_days(link)
        await link.execute("DELETE FROM meta WHERE key = 'schema'")
        await link.execute("INSERT INTO meta VALUES ('schema', $1)", str(SCHEMA_VERSION))


async def _begin_trail(link: Link) -> None:
    end, first = begun(Before())
    await link.execute("INSERT INTO audit (n, entry, subject, body) VALUES ($1, $2, $3, $4)", *first)
    await link.execute(
        """INSERT INTO audit_head (one, trail, pepper, count, hash, erasures, entries)
        VALUES (1, $1, $2, $3, $4, 0, 0)""",
        end.trail,
        end.pepper,
        end.head.count,
        end.head.hash,
    )
