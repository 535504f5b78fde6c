"""Law 3: a reply that the caller has received is in the ledger, also after `kill -9`."""

from pathlib import Path

import pytest
from support.killing import Program, kill


@pytest.mark.parametrize(
    ("program", "seed", "locked"),
    [
        ("busy_router.py", 1, False),
        ("busy_router.py", 2, True),
        ("ledger_writer.py", 3, False),
        ("ledger_writer.py", 4, True),
        ("ledger_writer.py", 5, True),
    ],
)
def test_every_reply_outlives_kill_9_under_load(tmp_path: Path, program: Program, seed: int, *, locked: bool) -> None:
    """It is on the books once, the file is clean, its sums and its trail are right; also where the ledger was down."""
    killed = kill(tmp_path / "ledger.sqlite3", program, seed, locked=locked)

    assert (killed.lost, killed.doubled) == (0, 0)
    assert killed.is_right
