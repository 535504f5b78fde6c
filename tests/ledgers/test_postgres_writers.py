"""Several programs write to one PostgreSQL ledger: whatever happens to connections and server, nothing is lost."""

from functools import partial
from pathlib import Path

from support.postgres_server import PostgresServer, serving_postgres
from support.postgres_writers import Disturbance, cut, write_together


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
