"""What `record` returned for is in the file with its record, also when the process is killed the next moment."""

import asyncio
import os
import random
import signal
import sqlite3
import sys
from collections import Counter
from pathlib import Path

import pytest
from support import ledger_writer

import gateway
from gateway.ledgers.sqlite import read_entries, read_proof

# The package under test, wherever another one is installed.
GATEWAY = Path(gateway.__file__).parents[1]
TESTS = Path(__file__).parents[1]


async def kill_in_the_middle(path: Path, after: int) -> list[str]:
    """Kill a writing process with SIGKILL after it said `after` ids; return all the ids that it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        ledger_writer.__file__,
        str(path),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (TESTS, GATEWAY)))},
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    async with asyncio.timeout(30):
        said = [await process.stdout.readline() for _ in range(after)]
        process.kill()
        said += (await process.stdout.read()).splitlines(keepends=True)
        assert await process.wait() == -signal.SIGKILL
    return [line.decode().strip() for line in said if line.endswith(b"\n")]


@pytest.mark.parametrize("seed", range(5))
async def test_an_entry_whose_record_returned_survives_kill_9_exactly_once(tmp_path: Path, seed: int) -> None:
    """A reply that the caller has received is in the ledger, also after `kill -9`."""
    path = tmp_path / "ledger.db"

    said = await kill_in_the_middle(path, after=random.Random(seed).randint(1, 2000))

    kept = Counter(entry.id for entry in read_entries(path))
    assert {entry_id: kept[entry_id] for entry_id in said} == dict.fromkeys(said, 1)
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()
    proof = read_proof(path)
    assert (proof.is_whole, proof.requests) == (True, len(kept))
