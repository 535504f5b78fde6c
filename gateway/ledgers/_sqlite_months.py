"""The tables of what a SQLite ledger keeps beside requests: corrections, months that are closed, archives."""

TABLES = (
    # `hour` is the one that it counts in, `month` the one that it is about; `entry` is an id: its row may be archived.
    """CREATE TABLE corrections (
        n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, at_us INTEGER NOT NULL, hour INTEGER NOT NULL,
        nano_usd INTEGER NOT NULL, reason TEXT NOT NULL, month TEXT NOT NULL, entry TEXT, provider TEXT, model TEXT,
        tenant TEXT, team TEXT)""",
    "CREATE INDEX corrections_hour ON corrections (hour)",
    # Up to `until_hour` nothing is added any more. `sha256` is that of what was frozen, `parts` (JSON) those of its
    # parts, `policies` (JSON) the policies of its requests, which may be archived.
    """CREATE TABLE closes (
        month TEXT PRIMARY KEY, until_hour INTEGER NOT NULL, at_us INTEGER NOT NULL, sha256 TEXT NOT NULL,
        parts TEXT NOT NULL, policies TEXT NOT NULL)""",
    # `places` (JSON) are the runs of entries' places [first, last] that went into the file, `judged` the last feedback.
    """CREATE TABLE archives (
        file TEXT PRIMARY KEY, month TEXT NOT NULL, at_us INTEGER NOT NULL, entries INTEGER NOT NULL,
        first TEXT NOT NULL, last TEXT NOT NULL, sha256 TEXT NOT NULL, places TEXT NOT NULL,
        judged INTEGER NOT NULL)""",
)
