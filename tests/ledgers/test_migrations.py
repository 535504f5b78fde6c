"""Ledger files of earlier versions are brought up to date, and what they hold stays as it was."""

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from support.entries import attempt_record, ledger_entry

from gateway.errors import LedgerError
from gateway.ledgers import sqlite
from gateway.ledgers._sqlite_schema import MIGRATIONS, SCHEMA_VERSION
from gateway.ledgers.sqlite import read_entries

# What the released versions did, as a digest: a migration that people's files went through is never edited.
RELEASED = ("bba1340d7ef821f0dd1af277be531e48ac5c4e7d86c606cc03e3b9ceebad5f85",)
ENTRY = (
    "INSERT INTO entries VALUES (1, 'old', 1764000000000000, 'answered', 'tickets', 'a1b2c3', 'acme', NULL,"
    " '[\"pii\"]', 2, '[]', 0.31, 'llama', 'llama-3.1-8b', 1, 'llama-3.1', 0.3, 5, 'openai/gpt-5-mini',"
    " 1600000, 'v1', 0, NULL)"
)
ATTEMPT = (
    "INSERT INTO attempts VALUES"
    " (1, 1, 'llama', 'llama-3.1-8b', '127.0.0.1:8080', 0.25, NULL, 1, 0.93, 2400, 500, 0, 0, 0, 5, 'pool')"
)
FEEDBACK = "INSERT INTO feedback VALUES (1, 1, 0.5, 'agent', 1764000001000000)"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A ledger as version 1 wrote it, with one entry, its attempt and a judgement."""
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in (*MIGRATIONS[0], "INSERT INTO meta VALUES ('schema', '1')", ENTRY, ATTEMPT, FEEDBACK):
            connection.execute(statement)
    return path


@pytest.mark.parametrize(("version", "digest"), list(enumerate(RELEASED)))
def test_a_released_migration_is_never_edited(version: int, digest: str) -> None:
    """A file that went through another text has other tables than the program believes."""
    assert hashlib.sha256("\n".join(MIGRATIONS[version]).encode()).hexdigest() == digest


async def test_a_file_of_version_1_is_brought_up_and_keeps_what_it_holds(old: Path) -> None:
    """Every call of old was made for an answer; the judgement stays with its entry."""
    async with sqlite.build(sqlite.Options(path=str(old))) as ledger:
        (entry,) = await ledger.entries()
        (judgement,) = await ledger.judgements()

    assert (entry.id, entry.tenant, entry.tags, entry.difficulty) == ("old", "acme", ("pii",), 0.31)
    assert [(attempt.backend, attempt.score, attempt.purpose) for attempt in entry.attempts] == [
        ("llama", 0.93, "answer")
    ]
    assert (judgement.entry_id, judgement.score, judgement.tenant) == ("old", 0.5, "acme")
    assert (entry.classifier, entry.features, entry.holdout) == (None, None, False)


async def test_a_file_of_version_1_takes_new_entries(old: Path) -> None:
    """Old and new stand in one file."""
    new = ledger_entry("new", attempts=(attempt_record(purpose="judge"), attempt_record()))

    async with sqlite.build(sqlite.Options(path=str(old))) as ledger:
        await ledger.record(new)

    assert {entry.id: len(entry.attempts) for entry in read_entries(old)} == {"old": 1, "new": 2}
    assert new in list(read_entries(old))


async def test_a_file_is_brought_up_once(old: Path) -> None:
    """Opening again finds nothing to do."""
    for _ in range(2):
        async with sqlite.build(sqlite.Options(path=str(old))):
            pass

    with closing(sqlite3.connect(old)) as connection:
        assert connection.execute("SELECT value FROM meta").fetchall() == [(str(SCHEMA_VERSION),)]


def test_a_report_on_an_old_file_says_how_it_becomes_a_new_one(old: Path) -> None:
    """Reading changes nothing."""
    before = old.read_bytes()

    with pytest.raises(LedgerError, match="open it once for writing"):
        list(read_entries(old))

    assert old.read_bytes() == before
