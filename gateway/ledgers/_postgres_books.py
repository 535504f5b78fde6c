"""The books in PostgreSQL, in the hands of the writer's thread: each batch is a transaction, and is tried again.

A connection that is lost is replaced within `retry_s`, and what was to be written is written then. Entries are known by
their ids. What has no id has a token of its transaction beside it: where the connection was lost after the commit, and
nobody heard of it, the token says that there is nothing left to do.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from gateway.errors import ConfigurationError, LedgerError, UnfitLedgerError
from gateway.ledgers._pen import Pen
from gateway.ledgers._postgres_door import FAULTS, Door, Link, LostError, in_our_words
from gateway.ledgers._postgres_page import Page
from gateway.ledgers._postgres_rollups import Rollups
from gateway.ledgers._postgres_schema import migrate
from gateway.ledgers._writer import RowError
from gateway.ledgers._writes import EntryWrite, Result, Write
from gateway.times import microseconds

log = logging.getLogger("gateway")

_FIRST_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 1.0
_PARTING_S = 2.0
# For so long a token is kept: far longer than anybody tries again.
_TOKEN_US = 86_400_000_000


@dataclass(slots=True)
class _Try:
    """A batch that is tried, and what it came to so far; `token` where its entries alone do not tell."""

    batch: Sequence[Write]
    token: bytes | None
    results: Sequence[Result] | None = field(default=None)


class PostgresBooks:
    """An open ledger. Its event loop runs while a batch is written, in the thread that writes it."""

    def __init__(self, door: Door, *, retry_s: float, audit_key: bytes | None = None) -> None:
        self.place = door.place
        self._door = door
        self._retry_s = retry_s
        self._pen = Pen(audit_key)
        self._rollups = Rollups()
        self._link: Link | None = None
        self._loop = asyncio.new_event_loop()
        # What becomes of a lost connection is told by who used it; the driver's leftovers are nobody's fault.
        self._loop.set_exception_handler(_say_quietly)
        try:
            self._loop.run_until_complete(self._open())
        except BaseException:
            self.close()
            raise

    def commit(self, batch: Sequence[Write]) -> Sequence[Result]:
        """Write all of a batch, or nothing of it; see `Books`."""
        return self._loop.run_until_complete(self._commit(batch))

    def close(self) -> None:
        """Close the connection."""
        self._loop.run_until_complete(self._part())
        self._loop.close()

    async def _open(self) -> None:
        """Make the tables where they are missing, and agree on the key of the trail."""
        try:
            await migrate(await self._connected(), self._door)
            await self._attempt(_Try((), None))
        except LostError as error:
            raise LedgerError(f"{error}; is the server up?") from error.__cause__
        except FAULTS as error:
            raise LedgerError(str(in_our_words(error, f"cannot open the ledger {self.place!r}"))) from error

    async def _commit(self, batch: Sequence[Write]) -> Sequence[Result]:
        alone = all(isinstance(write, EntryWrite) for write in batch)
        tried = _Try(batch, None if alone else secrets.token_bytes(16))
        deadline, pause_s = time.monotonic() + self._retry_s, _FIRST_PAUSE_S
        while True:
            try:
                return await self._attempt(tried)
            except LostError as error:
                await self._let_go()
                if time.monotonic() + pause_s > deadline:
                    raise LedgerError(str(error)) from error.__cause__
            except ConfigurationError as error:
                raise UnfitLedgerError(f"cannot write to the ledger {self.place!r}: {error}") from error
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    async def _attempt(self, tried: _Try) -> Sequence[Result]:
        try:
            link = await self._connected()
            async with self._door.transaction(link):
                results = await self._write(link, tried)
        except (*FAULTS, OverflowError) as error:
            self._forget()
            fault = in_our_words(error, f"cannot write to the ledger {self.place!r}")
            # What quotes a row is no cause that anybody may see.
            raise fault from (None if isinstance(fault, RowError) else error)
        except BaseException:
            self._forget()
            raise
        self._pen.committed()
        return results

    async def _write(self, link: Link, tried: _Try) -> Sequence[Result]:
        page = Page(link, self._pen, self._rollups)
        await page.look_ahead(tried.batch)
        # From here on nobody else writes: what was under way before is decided.
        await page.open()
        if tried.token is not None:
            if tried.results is not None and await link.fetchval("SELECT 1 FROM commits WHERE token = $1", tried.token):
                return tried.results
            now_us = microseconds(datetime.now(UTC))
            await link.execute("DELETE FROM commits WHERE at_us < $1", now_us - _TOKEN_US)
            await link.execute("INSERT INTO commits (token, at_us) VALUES ($1, $2)", tried.token, now_us)
        tried.results = await page.write(tried.batch)
        await page.close()
        return tried.results

    async def _connected(self) -> Link:
        if self._link is None or self._link.is_closed():
            self._link = await self._door.connect()
        return self._link

    async def _part(self) -> None:
        if self._link is not None:
            with suppress(*FAULTS):
                await self._link.close(timeout=_PARTING_S)
        await self._let_go()

    async def _let_go(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            link.terminate()
        # Once around the loop: the transport closes its socket there.
        await asyncio.sleep(0)

    def _forget(self) -> None:
        self._pen.forget()
        self._rollups.forget()


# Any: what an event loop says of a fault.
def _say_quietly(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    log.debug("the ledger's connection: %s", context["message"])
