"""The PostgreSQL ledger against a real server: the same totals as SQLite, and nothing lost where it is disturbed."""

import tempfile
from functools import partial
from pathlib import Path

from support.postgres_server import serving_postgres
from support.postgres_writers import Disturbance, Written, cut, write_together

Row = tuple[str, str, str, bool | None]

WRITERS = 4
EACH = 5_000
CUTS = 6


def rows() -> list[Row]:
    """Return the rows of the table: name, reach, what was measured, whether it was reached."""
    with tempfile.TemporaryDirectory() as folder, serving_postgres() as server:
        calm = write_together(server, Path(folder), writers=WRITERS, each=EACH)
    with tempfile.TemporaryDirectory() as folder, serving_postgres() as server:
        half: list[Disturbance] = [partial(cut, server)] * (CUTS // 2)
        disturb = [*half, server.restart, *half]
        rough = write_together(server, Path(folder), writers=WRITERS, each=EACH, disturb=disturb)
    return [
        (
            f"PostgreSQL, {WRITERS} writers, {WRITERS * EACH:,} entries",
            "entries and sums as in SQLite, to the last unit",
            f"{_likeness(calm)}; {WRITERS * EACH / calm.seconds:,.0f} entries/s with the start of the programs",
            not calm.unequal and calm.is_whole,
        ),
        (
            f"PostgreSQL, all connections cut {CUTS} times and the server crashed once",
            "0 lost that a writer was told of, 0 doubled",
            f"{rough.lost} lost, {rough.doubled} doubled; {_likeness(rough)}",
            not (rough.lost or rough.doubled or rough.unequal) and rough.is_whole,
        ),
    ]


def _likeness(written: Written) -> str:
    sums = f"{', '.join(written.unequal)} differ" if written.unequal else "all equal"
    return f"{sum(written.booked.values()):,} entries, {sums}, trail {'whole' if written.is_whole else 'NOT whole'}"


if __name__ == "__main__":
    for row in rows():
        print(" | ".join(map(str, row)))
