"""What of a SQLite ledger is in archives, for the audit trail and for who reads them back."""

import hashlib
import heapq
import sqlite3
from collections.abc import Iterator, Mapping
from operator import itemgetter
from pathlib import Path

from gateway.audit.archived import Archived, Runs, Shelved, runs_of, within
from gateway.entries import LedgerEntry
from gateway.errors import LedgerError
from gateway.ledgers import _parquet
from gateway.ledgers._sqlite_archives import Archive, places_of, read_archives, still_there


def archived_in(connection: sqlite3.Connection, folder: Path | None) -> Archived:
    """Return what of the books is in archives; with a folder, whose files are looked at."""
    places = places_of(connection)
    if not places:
        return Archived()
    archives, there = list(read_archives(connection)), still_there(connection, places)
    gone = connection.execute(
        "SELECT a.n, a.entry FROM audit a LEFT JOIN entries e ON e.n = a.entry "
        "WHERE a.entry IS NOT NULL AND e.n IS NULL ORDER BY a.n"
    )
    faults, readable = ({}, []) if folder is None else _looked_at(archives, folder)
    return Archived(
        runs=tuple(runs_of(n for n, entry in gone if within(places, entry))),
        requests=sum(made.entries for made in archives) - sum(last - first + 1 for first, last in there),
        entries=None if folder is None else _entries(readable, there),
        faults=tuple(faults.values()),
    )


def read_files(archives: list[Archive], folder: Path, tenants: Mapping[str, str]) -> Iterator[LedgerEntry]:
    """Yield the entries of archives in the order of booking; raises `LedgerError` where a file is not as recorded."""
    faults, readable = _looked_at(archives, folder)
    for fault in faults.values():
        raise LedgerError(f"{fault}; nothing was read")
    for row in _rows(readable):
        yield _parquet.entry_of(row, tenants)


def _looked_at(archives: list[Archive], folder: Path) -> tuple[dict[str, str], list[Path]]:
    """Return what is wrong with files, by their names, and those that are as they were recorded."""
    faults, readable = {}, []
    for made in archives:
        path = folder / made.file
        if not path.is_file():
            faults[made.file] = f"the archive {made.file} is not in the folder"
            continue
        with path.open("rb") as file:
            is_same = hashlib.file_digest(file, "sha256").hexdigest() == made.sha256
        if is_same:
            readable.append(path)
        else:
            faults[made.file] = f"the archive {made.file} was changed since it was recorded"
    return faults, readable


def _entries(files: list[Path], there: Runs) -> Iterator[Shelved]:
    for row in _rows(files):
        if not within(there, row["n"]):
            yield Shelved(_parquet.entry_of(row), row["comparison"] is not None)


def _rows(files: list[Path]) -> Iterator[_parquet.Shelf]:
    return heapq.merge(*map(_parquet.read, files), key=itemgetter("n"))
