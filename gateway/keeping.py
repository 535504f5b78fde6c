"""What keeps a SQLite ledger beside its requests: history brought in, corrections, months closed and archived."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from gateway.entries import LedgerEntry
from gateway.ledgers import _sqlite_archives, _sqlite_closes
from gateway.ledgers._sqlite_archives import Archive as Archive  # noqa: PLC0414 - given on
from gateway.ledgers._sqlite_archives import archive as archive  # noqa: PLC0414 - given on
from gateway.ledgers._sqlite_closes import CHARGES as CHARGES  # noqa: PLC0414 - given on
from gateway.ledgers._sqlite_closes import Charges as Charges  # noqa: PLC0414 - given on
from gateway.ledgers._sqlite_closes import Close as Close  # noqa: PLC0414 - given on
from gateway.ledgers._sqlite_closes import Closing as Closing  # noqa: PLC0414 - given on
from gateway.ledgers._sqlite_closes import Verdict as Verdict  # noqa: PLC0414 - given on
from gateway.ledgers._sqlite_closes import close as close  # noqa: PLC0414 - given on
from gateway.ledgers._sqlite_closes import file_of as file_of  # noqa: PLC0414 - given on
from gateway.ledgers._sqlite_corrections import correct as correct  # noqa: PLC0414 - given on
from gateway.ledgers._sqlite_import import Taken as Taken  # noqa: PLC0414 - given on
from gateway.ledgers._sqlite_import import open_from as open_from  # noqa: PLC0414 - given on
from gateway.ledgers._sqlite_import import take as take  # noqa: PLC0414 - given on
from gateway.ledgers._sqlite_schema import reading
from gateway.ledgers._sqlite_session import Session as Session  # noqa: PLC0414 - given on
from gateway.ledgers._sqlite_session import session as session  # noqa: PLC0414 - given on
from gateway.ledgers._sqlite_shelf import read_files
from gateway.times import Month


def read_closes(path: Path) -> Sequence[Close]:
    """Return the months of a file that are closed, in their order."""
    with reading(path) as connection:
        return list(_sqlite_closes.read_closes(connection))


def verify_close(path: Path, month: Month, file: Path | None = None, charges: Path | None = None) -> Verdict:
    """Compare what a closed month of a file comes to with what it was closed as.

    `file` is what was frozen then, `charges` the file of its charges.
    """
    with reading(path) as connection:
        connection.execute("BEGIN")
        return _sqlite_closes.verify(connection, month, file, charges)


def read_archives(path: Path) -> Sequence[Archive]:
    """Return the archives of a file."""
    with reading(path) as connection:
        return list(_sqlite_archives.read_archives(connection))


def read_archive(path: Path, folder: Path) -> Iterator[LedgerEntry]:
    """Yield the entries of a file that are archived in a folder, in the order of booking.

    Tenants have their names back, but for those who were erased. Raises `LedgerError` where a file is missing, or is
    not as it was recorded.
    """
    with reading(path) as connection:
        archives = list(_sqlite_archives.read_archives(connection))
        tenants = _sqlite_archives.tenants_by_pseudonym(connection)
    yield from read_files(archives, folder, tenants)
