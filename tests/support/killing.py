"""Kill a program that fills a SQLite ledger at a random moment, and look at what is on the books afterwards."""

import asyncio
import os
import random
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import gateway
from gateway.interfaces import SpoolPlace
from gateway.ledgers import sqlite
from gateway.ledgers.sqlite import read_calls, read_entries, read_hours, read_proof
from gateway.money.rollups import summed
from gateway.replaying import replay_all, waiting
from support.spools import Lock
from support.unmeasured import unmeasured

# The package under test, wherever another one is installed.
GATEWAY, TESTS = Path(gateway.__file__).parents[1], Path(__file__).parents[1]
Program = Literal["busy_router.py", "ledger_writer.py"]

# The program is killed up to so long after its first reply.
LONGEST_S = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Killed:
    """What was told before the kill, and what is on the books after it. `spooled` lines were left in the spool."""

    received: Counter[str]
    booked: Counter[str]
    spooled: int
    is_clean: bool
    are_sums_right: bool
    is_whole: bool

    @property
    def lost(self) -> int:
        """How many replies came that are not on the books."""
        return len(self.received.keys() - self.booked.keys())

    @property
    def doubled(self) -> int:
        """How many replies or entries there are more than once."""
        return sum(count > 1 for count in (*self.received.values(), *self.booked.values()))

    @property
    def is_right(self) -> bool:
        """Whether nothing is lost, doubled or broken, and there was something to lose."""
        kept = not self.lost and not self.doubled and bool(self.received)
        return kept and self.is_clean and self.are_sums_right and self.is_whole


def kill(ledger: Path, program: Program, seed: int, *, locked: bool = False) -> Killed:
    """Kill a program in the middle; with `locked`, its ledger is down for a while before that, perhaps to the end."""
    received = _received(ledger, program, random.Random(seed), locked=locked)
    place = SpoolPlace(ledger, durable=False)
    spooled = waiting(place)
    asyncio.run(_replay(place))
    entries = list(read_entries(ledger))
    hours, calls = summed(entries)
    proof = read_proof(ledger)
    with closing(sqlite3.connect(ledger)) as connection:
        found = connection.execute("PRAGMA integrity_check").fetchall()
    return Killed(
        received=received,
        booked=Counter(entry.id for entry in entries),
        spooled=spooled,
        is_clean=found == [("ok",)],
        are_sums_right=(
            sorted(read_hours(ledger), key=repr) == sorted(hours, key=repr)
            and sorted(read_calls(ledger), key=repr) == sorted(calls, key=repr)
        ),
        is_whole=proof.is_whole and proof.requests == len(entries),
    )


def _received(ledger: Path, program: Program, chance: random.Random, *, locked: bool) -> Counter[str]:
    environ = unmeasured(PYTHONPATH=os.pathsep.join(map(str, (TESTS, GATEWAY))))
    command = [sys.executable, str(TESTS / "support" / program), str(ledger)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environ) as process:  # noqa: S603 - our own script
        assert process.stdout is not None
        lines = [process.stdout.readline()]
        begun, end_s = time.perf_counter(), chance.uniform(0, LONGEST_S)
        down_s, up_s = sorted(chance.uniform(0, 1.5 * end_s) for _ in range(2)) if locked else (end_s, end_s)
        lock = None
        while (now_s := time.perf_counter() - begun) < end_s and lines[-1]:
            if lock is None and down_s <= now_s < up_s:
                lock = Lock(ledger)
            elif lock is not None and now_s >= up_s:
                lock.release()
                lock, down_s = None, end_s
            lines.append(process.stdout.readline())
        process.kill()
        lines += process.stdout.readlines()
    if lock is not None:
        lock.release()
    # The last line may be cut off by the kill: a reply whose id never came whole.
    return Counter(line.decode().strip() for line in lines if line.endswith(b"\n"))


async def _replay(place: SpoolPlace) -> None:
    async with sqlite.build(sqlite.Options(path=str(place.stem))) as ledger:
        await replay_all(place, ledger)
