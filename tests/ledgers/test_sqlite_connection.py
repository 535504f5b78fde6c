"""The writer of a SQLite ledger lets the event loop in, while nobody else waits for the file."""

import asyncio
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from support.entries import ledger_entry

from gateway.audit.evidence import evidence_of
from gateway.audit.records import draft
from gateway.ledgers import _sqlite_writer as writer_module
from gateway.ledgers._sqlite_schema import open_for_writing
from gateway.ledgers._sqlite_writer import SqliteBooks
from gateway.ledgers._writes import EntryWrite

COUNT = 8


class Program:
    """One of several programs that write to a file: `statements` are those that its last batch took."""

    def __init__(self, path: Path, name: str) -> None:
        open_file = partial(open_for_writing, path, durable=False, busy_timeout_s=0)
        self.books, self._name, self._batches = SqliteBooks(open_file, str(path)), name, 0
        self.statements: list[str] = []
        self.books.connection.set_trace_callback(self.statements.append)

    def write(self, loop: asyncio.AbstractEventLoop) -> None:
        self._batches += 1
        self.statements.clear()
        entries = [ledger_entry(f"{self._name}-{self._batches}-{number}") for number in range(COUNT)]
        told = [evidence_of(entry) for entry in entries]
        self.books.commit(
            [
                EntryWrite(entry, what, draft(entry, what.facts), loop.create_future())
                for entry, what in zip(entries, told, strict=True)
            ]
        )

    @property
    def parts(self) -> int:
        """In how many statements its entries came."""
        return sum(statement.startswith("INSERT INTO entries") for statement in self.statements)


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[tuple[Program, Program]]:
    made = Program(tmp_path / "ledger.db", "one"), Program(tmp_path / "ledger.db", "other")
    yield made
    for program in made:
        program.books.close()


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = asyncio.new_event_loop()
    yield made
    made.close()


def test_whoever_writes_alone_lets_the_loop_in(
    programs: tuple[Program, Program], loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch comes a few entries at a time."""
    monkeypatch.setattr(writer_module, "_MOST_BREATHING_S", 60)
    for _ in range(2):
        programs[0].write(loop)

    assert programs[0].parts > 1


def test_whoever_writes_beside_others_holds_the_file_no_longer_than_it_must(
    programs: tuple[Program, Program], loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where another program wrote since its last batch, that one comes at once."""
    monkeypatch.setattr(writer_module, "_MOST_BREATHING_S", 60)
    for program in (*programs, programs[0]):
        program.write(loop)

    assert programs[0].parts == 1


def test_a_batch_that_takes_long_is_written_on_at_once(
    programs: tuple[Program, Program], loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An event loop that never rests must not keep other programs from the file."""
    monkeypatch.setattr(writer_module, "_MOST_BREATHING_S", 0)
    for _ in range(2):
        programs[0].write(loop)

    assert programs[0].parts == 1
