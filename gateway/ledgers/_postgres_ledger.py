"""A PostgreSQL ledger, put together from its parts; importing it needs the driver."""

from gateway.ledgers._ledger import SqlLedger
from gateway.ledgers._postgres_audit import PostgresTrail
from gateway.ledgers._postgres_books import PostgresBooks
from gateway.ledgers._postgres_door import Door
from gateway.ledgers._postgres_reading import PostgresReader
from gateway.ledgers._writer import Writer
from gateway.ledgers.postgres import Options, place_of
from gateway.settings import Settings


def open_ledger(options: Options) -> tuple[SqlLedger, Writer]:
    """Connect, make the tables where they are missing, and begin to write."""
    door, key = door_of(options), Settings().seal()
    writer = Writer(PostgresBooks(door, retry_s=options.retry_s, audit_key=key))
    return SqlLedger(door.place, PostgresReader(door), writer, PostgresTrail(door, writer, key=key)), writer


def open_reader(options: Options) -> PostgresReader:
    """Return what reads the ledger; nothing is opened before it is asked."""
    return PostgresReader(door_of(options))


def door_of(options: Options) -> Door:
    """Return where the ledger is."""
    return Door(
        dsn=options.dsn.get_secret_value(),
        place=place_of(options),
        schema=options.in_schema,
        connect_timeout_s=options.connect_timeout_s,
        timeout_s=options.timeout_s,
    )
