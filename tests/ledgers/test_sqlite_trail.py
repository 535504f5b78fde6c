"""The trail of a SQLite ledger: one chain for all processes, tampering that is found, and erasures that are one."""

import asyncio
import os
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from support.entries import NOON, attempt_record, ledger_entry
from support.trails import booked, contact, evidence, opened, record, tamper, write
from support.unmeasured import unmeasured

import gateway
from gateway.audit.evidence import Erasure, Party
from gateway.audit.proof import Proof, Question
from gateway.entries import Feedback, HoldoutRecord
from gateway.errors import ConfigurationError, LedgerError, UnbookableError, UnfitLedgerError
from gateway.ledgers import sqlite
from gateway.ledgers._sqlite_schema import MIGRATIONS
from gateway.ledgers.sqlite import read_head, read_proof

# The package under test, wherever another one is installed.
GATEWAY = Path(gateway.__file__).parents[1]
TESTS = Path(__file__).parents[1]
JANE = Party(whose="subject", name="jane-of-the-north")


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """No trail is sealed unless a test says so."""
    monkeypatch.delenv("GATEWAY_AUDIT_KEY", raising=False)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the ledger is."""
    return tmp_path / "ledger.db"


def codes(proof: Proof) -> set[str]:
    """Return the codes of what is wrong."""
    return {problem.code for problem in proof.problems}


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        (["UPDATE audit SET body = replace(body, 'restricted', 'public') WHERE n = 3"], {"altered", "books"}),
        (["UPDATE audit SET body = CAST(body AS BLOB) || x'20' WHERE n = 3"], {"altered"}),
        (["DELETE FROM audit WHERE n = 3"], {"missing", "books"}),
        (["DELETE FROM audit WHERE n = 5"], {"end", "books"}),
        (["DELETE FROM audit"], {"end", "books"}),
        (["DELETE FROM entries WHERE id = 'b'"], {"books"}),
        (["UPDATE entries SET level = 0 WHERE id = 'b'"], {"books"}),
        (["DELETE FROM attempts WHERE entry = 2"], {"books"}),
        (["INSERT INTO audit SELECT 6, entry, subject, body FROM audit WHERE n = 5"], {"misplaced", "end", "books"}),
        (["UPDATE audit_head SET count = 4"], {"end"}),
        (["UPDATE audit_head SET hash = 'x'"], {"end"}),
        (["UPDATE audit_head SET trail = 'x'"], {"beginning", "altered"}),
        (
            [
                "UPDATE audit SET n = 30 WHERE n = 3",
                "UPDATE audit SET n = 3 WHERE n = 4",
                "UPDATE audit SET n = 4 WHERE n = 30",
            ],
            {"misplaced"},
        ),
    ],
)
async def test_what_somebody_does_to_the_file_is_found(path: Path, statements: list[str], expected: set[str]) -> None:
    """To the trail, to its head, or to the books."""
    await write(path, *"abcd")
    assert read_proof(path).is_whole

    tamper(path, *statements)

    assert codes(read_proof(path)) >= expected


async def test_a_trail_without_its_head_is_neither_read_nor_written(path: Path) -> None:
    """Nothing is proved, and nothing goes on as if it were."""
    await write(path, "a")
    tamper(path, "DELETE FROM audit_head")

    with pytest.raises(LedgerError, match="lost its head"):
        read_proof(path)
    with pytest.raises(LedgerError, match="lost its head"):
        await write(path, "b")


async def test_an_entry_that_cannot_be_read_is_no_traceback(path: Path) -> None:
    """Whoever wrote it there."""
    await write(path, "a")
    tamper(path, "UPDATE entries SET level = 9")

    with pytest.raises(LedgerError, match="tampered"):
        read_proof(path)


async def test_several_ledgers_write_one_chain(path: Path) -> None:
    """As several processes of one house do."""
    async with opened(path) as first, opened(path) as second, opened(path) as third:
        ledgers = (first, second, third)
        await asyncio.gather(
            *(
                record(ledgers[number % 3], f"{number}", tenant=f"tenant-{number % 7}", subject=f"{number % 5}")
                for number in range(300)
            )
        )

    proof = read_proof(path, Question(parties=(Party(whose="tenant", name="tenant-0"),)))

    assert (proof.is_proved, proof.records, proof.requests) == (True, 301, 43)


WRITER = """
import asyncio, sys
from gateway.ledgers import sqlite
from support.trails import booked, evidence

async def main():
    async with sqlite.build(sqlite.Options(path=sys.argv[1], busy_timeout_s=60)) as ledger:
        for number in range(40):
            told = evidence(tenant=f"tenant-{number % 4}")
            await ledger.record(booked(f"{sys.argv[2]}-{number}", told), told)

asyncio.run(main())
"""


async def test_several_processes_write_one_chain(path: Path) -> None:
    """Each appends where the last one ended, whoever that was; a tenant has one pseudonym in all of them."""
    environment = unmeasured(PYTHONPATH=os.pathsep.join(map(str, (TESTS, GATEWAY))))
    processes = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", WRITER, str(path), str(number), env=environment)
        for number in range(2)
    ]
    assert [await process.wait() for process in processes] == [0, 0]

    proof = read_proof(path, Question(parties=(Party(whose="tenant", name="tenant-1"),)))

    assert (proof.is_proved, proof.records, proof.requests) == (True, 81, 20)


async def test_a_batch_that_fails_leaves_no_key_behind(path: Path) -> None:
    """What was rolled back is not used by the next."""
    async with opened(path) as ledger:
        tamper(path, "CREATE TRIGGER no BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no'); END")
        with pytest.raises(LedgerError):
            await record(ledger, "lost", subject="jane")
        tamper(path, "DROP TRIGGER no")
        await record(ledger, "kept", subject="jane")

        proof = await ledger.trail.prove(Question(parties=(Party(whose="subject", name="jane"),)))

    assert (proof.is_proved, proof.requests) == (True, 1)


async def test_entry_and_record_stand_or_fall_together(path: Path) -> None:
    """Where the record cannot be written there is no entry."""
    async with opened(path) as ledger:
        tamper(path, "CREATE TRIGGER no BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no'); END")

        results = await asyncio.gather(*(record(ledger, name) for name in "abc"), return_exceptions=True)

        assert [type(result) for result in results] == [UnbookableError] * 3
        assert list(await ledger.entries()) == []


async def test_an_erasure_by_another_process_holds_for_keys_in_mind(path: Path) -> None:
    """No later record bears the old pseudonym."""
    async with opened(path) as first, opened(path) as second:
        await record(first, "old", subject=JANE.name)
        assert await second.trail.erase(JANE) == Erasure(known=True, records=1, wiped=True)
        await record(first, "new", subject=JANE.name)

        assert (await first.trail.prove(Question(parties=(JANE,)))).requests == 1


async def test_an_erased_name_is_nowhere_in_the_files(path: Path) -> None:
    """Neither the key, nor the tenant's name, nor what the caller called the requests."""
    tenant = Party(whose="tenant", name="northern-clinic")
    async with opened(path) as ledger:
        for number in range(50):
            told = evidence(tenant=tenant.name, subject=JANE.name)
            await ledger.record(booked(f"{number}", told, request_id=f"file-of-jane-{number}"), told)
            said = Feedback(entry_id=f"{number}", score=1, source="caller", at=NOON, tenant=tenant.name)
            await ledger.feedback(said)
        with closing(sqlite3.connect(path)) as connection:
            keys = [key for (key,) in connection.execute("SELECT key FROM audit_keys")]
        before = files(path)

        await ledger.trail.erase(JANE)
        await ledger.trail.erase(tenant)

        after = files(path)
        proof = await ledger.trail.prove()
    clear = [*keys, b"northern-clinic", b"file-of-jane"]
    assert [text in before for text in clear] == [True] * 4
    assert [text in after for text in clear] == [False] * 4
    assert (proof.is_proved, proof.requests, proof.erasures) == (True, 50, 2)


def files(path: Path) -> bytes:
    """Return all that the ledger has on the disk."""
    return b"".join(file.read_bytes() for file in sorted(path.parent.iterdir()))


async def test_a_subject_is_in_no_file_in_clear(path: Path) -> None:
    """Also before anybody is erased."""
    async with opened(path) as ledger:
        await record(ledger, "hers", subject=JANE.name)

        assert JANE.name.encode() not in files(path)


async def test_a_log_that_somebody_reads_is_said_to_be_there_still(path: Path) -> None:
    """The erasure counts; the file's log is cut off by asking again."""
    async with sqlite.build(sqlite.Options(path=str(path), busy_timeout_s=0.01)) as ledger:
        await record(ledger, "hers", subject=JANE.name)
        with closing(sqlite3.connect(path, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM entries").fetchone()
            erased = await ledger.trail.erase(JANE)

    assert erased == Erasure(known=True, records=1, wiped=False)


@pytest.fixture
def sealed(monkeypatch: pytest.MonkeyPatch) -> Callable[[str | None], None]:
    """Set or unset the key of the environment."""

    def seal(key: str | None) -> None:
        if key is None:
            monkeypatch.delenv("GATEWAY_AUDIT_KEY", raising=False)
        else:
            monkeypatch.setenv("GATEWAY_AUDIT_KEY", key)

    return seal


KEY = "a key that nobody else knows"


async def test_a_trail_is_sealed_from_the_moment_that_somebody_says_so(path: Path, sealed: Callable[..., None]) -> None:
    """What was written before is held by the first sealed record."""
    await write(path, "before")
    sealed(KEY)
    sqlite.seal(path, KEY.encode())
    await write(path, "after")

    proof = read_proof(path, key=KEY.encode())

    assert (proof.is_proved, proof.requests, proof.sealed) == (True, 2, 2)
    with pytest.raises(ConfigurationError, match="GATEWAY_AUDIT_KEY"):
        read_proof(path)
    with pytest.raises(ConfigurationError, match="GATEWAY_AUDIT_KEY"):
        read_head(path)


@pytest.mark.parametrize("key", [None, "another key than that one"])
async def test_a_sealed_trail_is_not_written_without_its_key(
    path: Path, sealed: Callable[..., None], key: str | None
) -> None:
    """It is refused when the ledger is opened, before anybody is asked anything."""
    sealed(KEY)
    await write(path, "a")
    sealed(key)

    with pytest.raises(ConfigurationError, match="GATEWAY_AUDIT_KEY"):
        await write(path, "b")


async def test_a_ledger_that_was_open_before_the_seal_writes_nothing_more(
    path: Path, sealed: Callable[..., None]
) -> None:
    """Once sealed, a process without the key is told so."""
    async with opened(path) as without:
        sealed(KEY)
        sqlite.seal(path, KEY.encode())
        await write(path, "sealed")

        results = await asyncio.gather(*(record(without, name) for name in "ab"), return_exceptions=True)

    assert [type(result) for result in results] == [UnfitLedgerError] * 2
    assert read_proof(path, key=KEY.encode()).is_proved


async def test_a_short_key_is_refused(path: Path, sealed: Callable[..., None]) -> None:
    """It could be tried out."""
    sealed("too short")

    with pytest.raises(ConfigurationError, match="16 bytes"):
        await write(path, "a")


OLD_ENTRY = """
    INSERT INTO entries (
        id, at_us, status, policy_version, tags, level, kinds, duration_s, price_version, streamed
    ) VALUES ('old-{}', 1764000000000000, 'answered', 'p', '["phi"]', 3, '[]', 1, 'v', 0)"""
OLD_HOLDOUT = """
    INSERT INTO holdouts VALUES (
        1, 1764000000000000, 'strong', 'm', 'h', 1, NULL, NULL, NULL, NULL, NULL, 0, 0, 0, NULL, 'unknown', 'holdout'
    )"""
OLD = ("INSERT INTO meta VALUES ('schema', '2')", OLD_ENTRY.format(1), OLD_ENTRY.format(2), OLD_HOLDOUT)


@pytest.fixture
def old(path: Path) -> Path:
    """A ledger as version 2 wrote it, with two entries and a comparison."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in (*(one for version in MIGRATIONS[:2] for one in version), *OLD):
            connection.execute(statement)
    return path


async def test_the_trail_of_an_old_file_begins_with_what_it_does_not_cover(old: Path) -> None:
    """How many entries there were, and which was the last, is fixed in the first record."""
    async with opened(old) as ledger:
        await record(ledger, "new")
        comparison = HoldoutRecord(entry_id="old-2", attempt=attempt_record(purpose="holdout"), at=NOON)
        await ledger.holdout(comparison, evidence(contact(purpose="holdout")))

    proof = read_proof(old)

    assert (proof.before.entries, proof.before.holdouts, proof.before.last) == (2, 1, "old-2")
    assert (proof.is_whole, proof.requests, proof.comparisons) == (True, 1, 1)
    assert (proof.uncovered, proof.is_proved) == (2, False)
    assert read_proof(old, Question(since=NOON)).is_proved


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM entries WHERE id = 'old-1'",
        "DELETE FROM entries WHERE id = 'old-2'",
        "UPDATE entries SET id = 'other' WHERE id = 'old-2'",
    ],
)
async def test_entries_from_before_the_trail_cannot_go_unnoticed(old: Path, statement: str) -> None:
    """They prove nothing, and still are all there."""
    await write(old, "new")

    tamper(old, statement)

    assert codes(read_proof(old)) == {"books"}


async def test_an_old_file_is_brought_up_once(old: Path) -> None:
    """A second opening begins no second trail."""
    for name in "ab":
        await write(old, name)

    assert (read_proof(old).is_whole, read_proof(old).records) == (True, 3)


async def test_an_entry_of_an_older_program_is_noticed(path: Path) -> None:
    """One that was open when the file was brought up to date knows no trail."""
    await write(path, "a")
    tamper(path, OLD_ENTRY.format("fashioned"))

    assert [problem.text for problem in read_proof(path).problems] == ["entry old-fashioned has no record"]


async def test_a_new_file_in_the_place_of_a_lost_one_has_a_trail_of_its_own(path: Path) -> None:
    """The keys of the lost one are forgotten."""
    async with opened(path) as ledger:
        await record(ledger, "lost", subject="jane")
        for file in path.parent.iterdir():
            file.unlink()
        await record(ledger, "kept", subject="jane")

    proof = read_proof(path, Question(parties=(Party(whose="subject", name="jane"),)))

    assert (proof.is_proved, proof.requests, proof.records) == (True, 1, 2)


async def test_feedback_alone_leaves_the_trail_as_it_is(path: Path) -> None:
    """What is said of an answer is no call."""
    async with opened(path) as ledger:
        await record(ledger, "a", tenant="acme")
        before = await ledger.trail.head()
        await ledger.feedback(Feedback(entry_id="a", score=1, source="caller", at=NOON, tenant="acme"))

        assert await ledger.trail.head() == before


async def test_an_entry_that_cannot_be_written_does_not_take_the_others_records(path: Path) -> None:
    """Alone, the others go through, and the chain is whole."""
    async with opened(path) as ledger:
        good = [record(ledger, name) for name in "abc"]
        bad = ledger.record(ledger_entry("bad", duration_s=None))
        results = await asyncio.gather(*good, bad, return_exceptions=True)

    assert [type(result) for result in results] == [type(None)] * 3 + [UnbookableError]
    assert (read_proof(path).is_whole, read_proof(path).requests) == (True, 3)
