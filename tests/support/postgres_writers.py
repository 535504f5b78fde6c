"""Several programs that write to one PostgreSQL ledger, what disturbs them, and what SQLite says of the same."""

import asyncio
import os
import secrets
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any

import asyncpg

import gateway
from gateway.interfaces import LedgerReader
from gateway.ledgers import postgres, sqlite
from gateway.money.rollups import Step
from support import postgres_writer
from support.many_entries import numbered
from support.postgres_ledgers import CUT
from support.postgres_server import PostgresServer
from support.unmeasured import unmeasured

# The package under test, wherever another one is installed.
GATEWAY, TESTS = Path(gateway.__file__).parents[1], Path(__file__).parents[1]
STEPS: tuple[Step, ...] = ("hour", "day", "all")


# Something that happens in the middle of a run.
Disturbance = Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What writers did: the ids that came back to them, and what the ledger holds. `unequal` names what differs."""

    received: Counter[str]
    booked: Counter[str]
    seconds: float
    unequal: tuple[str, ...]
    is_whole: bool

    @property
    def lost(self) -> int:
        """How many entries a writer was told of that are not on the books."""
        return len(self.received.keys() - self.booked.keys())

    @property
    def doubled(self) -> int:
        """How many entries are on the books more than once."""
        return sum(count > 1 for count in self.booked.values())


def write_together(
    server: PostgresServer, folder: Path, *, writers: int, each: int, disturb: Sequence[Disturbance] = ()
) -> Written:
    """Let programs write beside each other; what disturbs them happens one after another, spread over the run."""
    schema, total = f"together_{secrets.token_hex(4)}", writers * each
    due = [total * place // (len(disturb) + 1) for place in range(1, len(disturb) + 1)]
    waiting = list(disturb)
    received: Counter[str] = Counter()
    began = time.perf_counter()
    with _running(server, schema, writers, each) as ids:
        for entry_id in ids:
            received[entry_id] += 1
            if waiting and len(received) >= due[len(disturb) - len(waiting)]:
                waiting.pop(0)()
    seconds = time.perf_counter() - began
    ours = postgres.reader(postgres.Options.model_validate({"dsn": server.dsn, "in_schema": schema}))
    return Written(
        received=received,
        booked=Counter(entry.id for entry in ours.entries()),
        seconds=seconds,
        unequal=tuple(_differences(ours, _in_sqlite(folder / "same.sqlite3", total))),
        is_whole=ours.prove().is_whole,
    )


def cut(server: PostgresServer) -> None:
    """End every connection of ours, as an administrator can."""

    async def end() -> None:
        link = await asyncpg.connect(server.dsn)
        await link.execute(CUT)
        await link.close()

    asyncio.run(end())


@contextmanager
def _running(server: PostgresServer, schema: str, writers: int, each: int) -> Iterator[Iterator[str]]:
    """Start the programs, and give the ids that they print until all have ended."""
    environ = unmeasured(LEDGER_DSN=server.dsn, PYTHONPATH=os.pathsep.join(map(str, (TESTS, GATEWAY))))
    lines: SimpleQueue[str | None] = SimpleQueue()
    with ExitStack() as stack:
        programs = []
        for number in range(writers):
            command = [sys.executable, postgres_writer.__file__, schema, str(number * each), str(each)]
            program = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True)  # noqa: S603 - ours
            programs.append(stack.enter_context(program))
            Thread(target=_listen, args=(program, lines), daemon=True).start()
        yield _until_all_ended(lines, writers)
        assert [program.wait() for program in programs] == [0] * writers


def _listen(program: "subprocess.Popen[str]", lines: SimpleQueue[str | None]) -> None:
    assert program.stdout is not None
    for line in program.stdout:
        lines.put(line.strip())
    lines.put(None)


def _until_all_ended(lines: SimpleQueue[str | None], writers: int) -> Iterator[str]:
    while writers:
        line = lines.get()
        if line is None:
            writers -= 1
        else:
            yield line


def _in_sqlite(path: Path, total: int) -> LedgerReader:
    """Return a SQLite ledger of the same entries."""
    options = sqlite.Options(path=str(path))

    async def fill() -> None:
        async with sqlite.build(options) as ledger:
            await asyncio.gather(*(ledger.record(numbered(number)) for number in range(total)))

    asyncio.run(fill())
    return sqlite.reader(options)


def _differences(one: LedgerReader, other: LedgerReader) -> Iterator[str]:
    """Yield the names of what two ledgers do not say alike; the order of booking is each one's own."""
    # Any: rows of each report.
    reports: dict[str, Callable[[LedgerReader], Any]] = {
        "entries": lambda books: sorted(books.entries(), key=lambda entry: entry.id),
        "hours": lambda books: [sorted(books.hours(step=step), key=repr) for step in STEPS],
        "calls": lambda books: [sorted(books.calls(step=step), key=repr) for step in STEPS],
        "durations": lambda books: [sorted(books.durations(step=step), key=repr) for step in STEPS],
    }
    for name, report in reports.items():
        if report(one) != report(other):
            yield name
