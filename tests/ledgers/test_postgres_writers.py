"""Several programs write to one PostgreSQL ledger: whatever happens to connections and server, nothing is lost."""

import asyncio
from functools import partial
from pathlib import Path

from support.ledgers import postgres_options
from support.many_entries import numbered
from support.postgres_server import PostgresServer, serving_postgres
from support.postgres_writers import Disturbance, cut, write_together
from support.spools import replayed

from gateway.opening import open_ledger, reader_of
from gateway.policy.parts import LedgerPolicy
from gateway.spooling import SpooledLedger


def test_several_programs_keep_the_same_books_as_one_in_sqlite(postgres_server: PostgresServer, tmp_path: Path) -> None:
    """Entries, and every column of the sums, to the last unit."""
    written = write_together(postgres_server, tmp_path, writers=2, each=400)

    assert written.unequal == ()
    assert (len(written.booked), written.lost, written.doubled, written.is_whole) == (800, 0, 0, True)


def test_what_a_writer_was_told_of_outlives_cut_connections_and_a_crash(tmp_path: Path) -> None:
    """Nothing is lost, nothing is doubled, and the writers do not notice."""
    with serving_postgres() as server:
        disturb: list[Disturbance] = [partial(cut, server), server.restart, partial(cut, server)]
        written = write_together(server, tmp_path, writers=2, each=400, disturb=disturb)

    assert written.unequal == ()
    assert (len(written.booked), written.lost, written.doubled, written.is_whole) == (800, 0, 0, True)


async def test_a_database_that_is_down_withholds_no_reply(tmp_path: Path) -> None:
    """What it does not take waits beside the gateway, and is written when it is there again."""
    with serving_postgres() as server:
        part = LedgerPolicy.model_validate(
            {
                "kind": "postgres",
                **postgres_options(server.dsn),
                "retry_s": 0,
                "spool": {"folder": str(tmp_path / "spool")},
            }
        )
        async with open_ledger(part) as ledger:
            assert isinstance(ledger, SpooledLedger)
            await ledger.record(numbered(0))
            await asyncio.to_thread(server.stop, at_once=True)
            for number in (1, 2):
                await ledger.record(numbered(number))
            waiting = ledger.state.waiting
            await asyncio.to_thread(server.start)
            await replayed(ledger)
        reader = reader_of(part)
        assert reader is not None

        assert waiting == 2
        assert sorted(entry.id for entry in reader.entries()) == ["entry-0", "entry-1", "entry-2"]
        assert reader.prove().is_whole
