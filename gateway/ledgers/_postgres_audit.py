"""The audit trail of a PostgreSQL ledger: read beside the books, sealed, and made nobody's for who is erased."""

import asyncio
from contextlib import suppress

from gateway.audit.chain import Head
from gateway.audit.evidence import Erasure, Party
from gateway.audit.proof import Proof, Question
from gateway.errors import LedgerError
from gateway.ledgers._postgres_door import FAULTS, Door, LostError
from gateway.ledgers._postgres_reading import PostgresReader
from gateway.ledgers._writer import Writer
from gateway.ledgers._writes import EraseWrite


class PostgresTrail:
    """The audit trail of an open ledger."""

    def __init__(self, door: Door, writer: Writer, *, key: bytes | None) -> None:
        self._door = door
        self._reader = PostgresReader(door)
        self._writer = writer
        self._key = key

    async def head(self) -> Head:
        """Return where the trail ends."""
        return await asyncio.to_thread(self._reader.head, key=self._key)

    async def prove(self, question: Question | None = None, *, anchor: Head | None = None) -> Proof:
        """Read the whole trail beside the books, and answer a question about it."""
        return await asyncio.to_thread(self._reader.prove, question, key=self._key, anchor=anchor)

    async def erase(self, party: Party) -> Erasure:
        """Make a party's records nobody's, and leave nothing of the key in the table.

        The server's own log (WAL), its archives and its replicas keep what was deleted for as long as they are kept.
        """
        count = await self._writer.submit(EraseWrite(party, asyncio.get_running_loop().create_future()))
        # Also where nothing was known: an erasure before may not have got this far.
        wiped = await asyncio.to_thread(asyncio.run, _rewrite_keys(self._door))
        return Erasure(known=count is not None, records=int(count or 0), wiped=wiped)


async def _rewrite_keys(door: Door) -> bool:
    """Write the table of keys anew, so that nothing deleted is in it; False where somebody holds it, or owns it."""
    table = f'"{door.schema}".audit_keys'
    try:
        link = await door.connect()
        try:
            await link.execute(f"SET lock_timeout TO {max(1, round(door.timeout_s * 1000))}")
            before = await link.fetchval("SELECT pg_relation_filenode($1::regclass)", table)
            # Who does not own it is warned, and nothing is done.
            await link.execute(f"VACUUM FULL {table}")
            return bool(await link.fetchval("SELECT pg_relation_filenode($1::regclass)", table) != before)
        finally:
            with suppress(*FAULTS):
                await link.close()
    except (LedgerError, LostError, *FAULTS):
        return False
