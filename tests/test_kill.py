"""Law 3: a reply that the caller has received is in the ledger, also after `kill -9`."""

import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import gateway
from gateway.ledgers.sqlite import read_entries, read_proof

# The package under test, wherever another one is installed.
GATEWAY = Path(gateway.__file__).parents[1]
TESTS = Path(__file__).parent


@pytest.mark.parametrize("seed", range(3))
def test_every_reply_outlives_kill_9_in_the_middle_of_200_requests(tmp_path: Path, seed: int) -> None:
    """Whatever a caller got is on the books, once, after the process was killed at a random reply."""
    ledger = tmp_path / "ledger.sqlite3"
    killed_at = random.Random(seed).randint(200, 1500)

    received = _until_killed(ledger, killed_at)

    booked = Counter(entry.id for entry in read_entries(ledger))
    assert len(received) >= killed_at
    assert {booked[entry_id] for entry_id in received} == {1}
    proof = read_proof(ledger)
    assert (proof.is_proved, proof.requests) == (True, len(booked))


def _until_killed(ledger: Path, replies: int) -> list[str]:
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (TESTS, GATEWAY)))}
    command = [sys.executable, str(TESTS / "support" / "busy_router.py"), str(ledger)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environ) as process:  # noqa: S603 - our own script
        assert process.stdout is not None
        received = [process.stdout.readline() for _ in range(replies)]
        process.kill()
        received += process.stdout.readlines()
    # The last line may be cut off by the kill: a reply whose id never came whole.
    return [line.decode().strip() for line in received if line.endswith(b"\n")]
