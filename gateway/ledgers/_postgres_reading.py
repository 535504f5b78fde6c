"""A PostgreSQL ledger, read for reports: as of one moment, row by row, from whatever thread asks.

Reports are plain iterators, and the driver lives on an event loop: each reading has one, in a thread of its own.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from functools import lru_cache
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar

from gateway.audit.chain import Head, check_key
from gateway.audit.proof import Proof, Question, examine
from gateway.errors import LedgerError
from gateway.ledgers._postgres_door import FAULTS, Door, Link, LostError, in_our_words
from gateway.ledgers._postgres_schema import SCHEMA_VERSION, version_of
from gateway.ledgers._postgres_seal import seal
from gateway.ledgers._reader import SqlReader
from gateway.ledgers._reports import Rows
from gateway.ledgers._rows import Row
from gateway.ledgers._view import SqlView, check_sealable

if TYPE_CHECKING:
    from asyncpg import Record
    from asyncpg.cursor import Cursor

Said = TypeVar("Said")
# So many rows come at once.
_FETCHED = 1_000
_NAMED = re.compile(r"(?<!:):([a-z_]+)")

# The texts of records that nobody altered are ASCII, without spaces. What stands between quotes may be escaped: whether
# it is the id, Python says.
_SELECT_MISFILED = r"""
    SELECT a.n, e.id, substring(a.body FROM '"entry":("(?:[^"\\]|\\.)*")') AS told,
        a.entry IS NOT NULL AS placed, encode(a.subject, 'hex') IS NOT DISTINCT FROM
        substring(a.body FROM '"subject":"([0-9a-f]*)"') AS named
    FROM audit a LEFT JOIN entries e ON e.n = a.entry
    WHERE encode(a.subject, 'hex') IS DISTINCT FROM substring(a.body FROM '"subject":"([0-9a-f]*)"')
    OR (a.entry IS NOT NULL AND
        '"' || e.id || '"' IS DISTINCT FROM substring(a.body FROM '"entry":("(?:[^"\\]|\\.)*")'))
    OR (a.entry IS NULL AND position('"kind":"request"' IN a.body) > 0) ORDER BY a.n"""
_MAY_WRITE = "SELECT has_table_privilege($1, 'INSERT')"
_MAY_BEGIN = "SELECT has_database_privilege(current_database(), 'CREATE')"


class PostgresReader(SqlReader):
    """The books behind a door, read for reports; see `LedgerReader`."""

    def __init__(self, door: Door) -> None:
        self._door = door

    @property
    def place(self) -> str:
        """The server, the database and the schema."""
        return self._door.place

    def is_there(self) -> bool:
        """Say whether there is a ledger in the schema."""
        with self._linked() as (_, link):
            return link is not None

    def is_writable(self) -> bool:
        """Say whether this user may write to the tables, or make them."""
        with _errands() as errands, _our_words(self._door):
            return errands.run(_may_write(self._door))

    @contextmanager
    def opened(self) -> Iterator[Rows | None]:
        """Open a connection; see `SqlReader`."""
        with self._linked() as (errands, link):
            yield None if link is None else _Statements(errands, link).rows

    def head(self, *, key: bytes | None = None) -> Head:
        """Return where the audit trail says that it ends."""
        with self._viewed() as view:
            check_key(view.trail, view.key_check, key)
            return view.head

    def prove(self, question: Question | None = None, *, key: bytes | None = None, anchor: Head | None = None) -> Proof:
        """Read the whole trail beside the books, and answer a question about it."""
        with self._viewed() as view:
            return examine(view, question, key=key, anchor=anchor)

    def seal(self, key: bytes) -> Head:
        """Seal the trail from here on, the one thing here that writes; raises `LedgerError` where it is not whole."""
        check_sealable(self.prove(key=key), self.place)
        with _errands() as errands, _our_words(self._door):
            errands.run(seal(self._door, key))
        return self.head(key=key)

    @contextmanager
    def _linked(self) -> Iterator["tuple[_Errands, Link | None]"]:
        with _errands() as errands, _our_words(self._door):
            reading = _reading(self._door)
            link = errands.run(reading.__aenter__())
            try:
                yield errands, link
            finally:
                errands.run(reading.__aexit__(None, None, None))

    @contextmanager
    def _viewed(self) -> Iterator["PostgresView"]:
        with self.opened() as rows:
            if rows is None:
                raise LedgerError(f"there is no ledger at {self.place!r}; name one with --ledger")
            try:
                yield PostgresView(rows)
            except (ValueError, TypeError, OverflowError) as error:
                # What was written there by somebody else may be anything.
                raise LedgerError(f"{self.place!r} holds an entry that is none: it was tampered with") from error


class PostgresView(SqlView):
    """A ledger's trail and books in one transaction."""

    def misfiled(self) -> Iterator[int]:
        """Yield the places of records whose columns do not say what the record says: they would be found by them."""
        for n, entry_id, told, is_placed, is_named in self.rows(_SELECT_MISFILED, {}):
            if not (is_placed and is_named and told is not None and json.loads(told) == entry_id):
                yield n


class _Errands:
    """Runs errands on an event loop in another thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    # Any: what a coroutine is sent and yields is the loop's.
    def run(self, errand: Coroutine[Any, Any, Said]) -> Said:
        """Run an errand and return what came of it."""
        return asyncio.run_coroutine_threadsafe(errand, self._loop).result()


@contextmanager
def _errands() -> Iterator[_Errands]:
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever, name="gateway-ledger-reading", daemon=True)
    thread.start()
    try:
        yield _Errands(loop)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


class _Statements:
    """Runs statements with named values on a connection."""

    def __init__(self, errands: _Errands, link: Link) -> None:
        self._errands = errands
        self._link = link

    # Any: what a database takes.
    def rows(self, statement: str, values: Mapping[str, Any]) -> Iterator[Row]:
        """Yield the rows of a statement as they come."""
        text, names = positional(statement)
        cursor = self._errands.run(self._open(text, [values[name] for name in names]))
        while found := self._errands.run(cursor.fetch(_FETCHED)):
            yield from map(tuple, found)

    async def _open(self, text: str, values: list[Any]) -> "Cursor[Record]":
        return await self._link.cursor(text, *values)


@lru_cache(maxsize=256)
def positional(statement: str) -> tuple[str, tuple[str, ...]]:
    """Return a statement whose values are numbered instead of named, and their names in that order."""
    names = tuple(dict.fromkeys(_NAMED.findall(statement)))
    return _NAMED.sub(lambda found: f"${1 + names.index(found[1])}", statement), names


@asynccontextmanager
async def _reading(door: Door) -> "AsyncIterator[Link | None]":
    """Give a connection in a transaction that only reads, None where nobody has begun the ledger."""
    link = await door.connect(reads=True)
    try:
        async with door.transaction(link, reads=True):
            version = await version_of(link, door)
            if version not in (0, SCHEMA_VERSION):
                raise LedgerError(
                    f"the ledger {door.place!r} has schema {version}, this program reads {SCHEMA_VERSION}; "
                    "open it once for writing to bring it up to date"
                )
            yield link if version else None
    finally:
        await link.close()


async def _may_write(door: Door) -> bool:
    async with _reading(door) as link:
        if link is not None:
            return bool(await link.fetchval(_MAY_WRITE, f'"{door.schema}".entries'))
    link = await door.connect()
    try:
        return bool(await link.fetchval(_MAY_BEGIN))
    finally:
        await link.close()


@contextmanager
def _our_words(door: Door) -> Iterator[None]:
    try:
        yield
    except LostError as error:
        raise LedgerError(str(error)) from error.__cause__
    except FAULTS as error:
        raise LedgerError(str(in_our_words(error, f"cannot read the ledger {door.place!r}"))) from error
