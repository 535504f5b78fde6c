"""What the commands that keep the ledger share: the file that must be there, and what must not be missed."""

from pathlib import Path
from typing import NoReturn

from gateway import keeping
from gateway.cli.inputs import ledger_path
from gateway.errors import InvalidRequestError, LedgerError
from gateway.interfaces import LedgerReader
from gateway.ledgers.sqlite import SqliteReader
from gateway.opening import spool_place
from gateway.policy.parts import LedgerPolicy
from gateway.replaying import waiting


def existing_ledger(given: str | None, policy: Path | None) -> Path:
    """Return the file of the ledger in force; raises `LedgerError` where there is none."""
    file = ledger_path(given, policy)
    if not file.is_file():
        raise LedgerError(f"there is no ledger at {str(file)!r}; name one with --ledger")
    return file


def refuse_waiting(part: LedgerPolicy) -> None:
    """Raise `LedgerError` where entries wait in a spool that what is to be done would miss."""
    place = spool_place(part)
    count = waiting(place) if place is not None else 0
    if count:
        raise LedgerError(f"entries in a spool would be missed ({count:,}); run `gateway ledger replay` first")


def archived(books: LedgerReader) -> int:
    """Return how many entries of the books are in archives, as far as these books have any."""
    if not isinstance(books, SqliteReader) or not books.is_there():
        return 0
    return sum(made.entries for made in keeping.read_archives(Path(books.place)))


def refuse(what: str) -> NoReturn:
    """Raise what is wrong with the options."""
    raise InvalidRequestError(what)
