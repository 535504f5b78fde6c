"""What a SQLite ledger refuses to go on with, so that no later record hides what somebody did to its trail."""

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from support.trails import booked, evidence, opened, record, tamper, write

from gateway.audit.evidence import Party
from gateway.audit.proof import Question
from gateway.errors import LedgerError
from gateway.ledgers import _sqlite_writer, sqlite
from gateway.ledgers.sqlite import read_proof

KEY = "a key that nobody else knows"
CUT = (
    "DELETE FROM audit WHERE n > 3",
    "DELETE FROM attempts WHERE entry > 1",
    "DELETE FROM entries WHERE n > 1",
)


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> Callable[[str | None], None]:
    """Set or unset the key of the environment; unset at first."""

    def put(key: str | None) -> None:
        if key is None:
            monkeypatch.delenv("GATEWAY_AUDIT_KEY", raising=False)
        else:
            monkeypatch.setenv("GATEWAY_AUDIT_KEY", key)

    put(None)
    return put


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the ledger is."""
    return tmp_path / "ledger.db"


def set_back(path: Path) -> str:
    """Return the statement that sets the head back to record 3, whose hash the fourth holds."""
    with closing(sqlite3.connect(path)) as connection:
        (last,) = connection.execute("SELECT json_extract(body, '$.prev') FROM audit WHERE n = 4").fetchone()
    return f"UPDATE audit_head SET count = 3, hash = '{last}'"  # noqa: S608 - a test's own statement


async def test_a_sealed_trail_that_was_cut_is_not_gone_on_with(path: Path, key: Callable[[str | None], None]) -> None:
    """A head that was set back is not sealed with the key: the next record does not seal it."""
    key(KEY)
    await write(path, *"abc")
    tamper(path, set_back(path), *CUT)

    with pytest.raises(LedgerError, match="not written with the key"):
        await write(path, "d")

    assert not read_proof(path, key=KEY.encode()).is_whole


async def test_a_trail_that_is_cut_while_it_is_open_is_not_gone_on_with(path: Path) -> None:
    """Also without a key: the process knows how far it came."""
    async with opened(path) as ledger:
        for name in "abc":
            await record(ledger, name)
        tamper(path, set_back(path), *CUT)

        with pytest.raises(LedgerError, match="set back to 3"):
            await record(ledger, "d")


async def test_another_trail_in_the_same_file_is_not_gone_on_with(path: Path) -> None:
    """A trail has one id for good."""
    async with opened(path) as ledger:
        await record(ledger, "a")
        tamper(path, "UPDATE audit_head SET trail = 'other'")

        with pytest.raises(LedgerError, match="another audit trail"):
            await record(ledger, "b")


@pytest.mark.parametrize(
    "what", ["count = 'x'", "count = -1", "hash = x'00'", "erasures = 'x'", "pepper = 'x'", "seal = x'00'"]
)
async def test_a_head_that_is_none_ends_every_request_with_an_error(path: Path, what: str) -> None:
    """Nobody waits for ever, the first as little as the second."""
    async with opened(path) as ledger:
        await record(ledger, "a")
        tamper(path, f"UPDATE audit_head SET {what}")  # noqa: S608 - a test's own statement

        for name in "bc":
            with pytest.raises(LedgerError, match="is none"):
                await asyncio.wait_for(record(ledger, name), 30)


async def test_an_unexpected_fault_is_told_and_the_writer_lives_on(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """By its type and place, not by what it says; the next request is written."""
    async with opened(path) as ledger:
        with monkeypatch.context() as broken, caplog.at_level(logging.ERROR, logger="gateway"):
            broken.setattr(_sqlite_writer, "book", fail)
            with pytest.raises(LedgerError, match="KeyError") as caught:
                await asyncio.wait_for(record(ledger, "a"), 30)
        await asyncio.wait_for(record(ledger, "b"), 30)

    assert "KeyError" in caplog.text
    assert "in fail" in caplog.text
    assert "private" not in caplog.text + str(caught.value)
    assert (read_proof(path).is_whole, read_proof(path).requests) == (True, 1)


def fail(*_: object) -> bool:
    """Fail as no part of ours should."""
    raise KeyError("private")


@pytest.mark.parametrize("taken", [(), ("UPDATE audit_head SET key_check = NULL, seal = NULL",)])
async def test_a_trail_with_requests_is_not_sealed_by_the_way(
    path: Path, key: Callable[[str | None], None], taken: tuple[str, ...]
) -> None:
    """Whether it never was sealed, or somebody took the seal off to have his own tail sealed."""
    key(KEY if taken else None)
    await write(path, "a")
    tamper(path, *taken)
    key(KEY)

    with pytest.raises(LedgerError, match="gateway audit seal"):
        await write(path, "b")


async def test_a_seal_that_is_taken_off_while_the_ledger_is_open_is_not_put_on_again(
    path: Path, key: Callable[[str | None], None]
) -> None:
    """The next request does not put its own in its place."""
    key(KEY)
    async with opened(path) as ledger:
        await record(ledger, "a")
        tamper(path, "UPDATE audit_head SET key_check = NULL, seal = NULL")

        with pytest.raises(LedgerError, match="took the seal off"):
            await record(ledger, "b")


@pytest.mark.parametrize(
    ("sealed", "done", "said"),
    [
        (True, (), "sealed already"),
        (True, ("UPDATE audit_head SET key_check = NULL, seal = NULL",), "sealed already"),
        (False, ("DELETE FROM audit WHERE n = 2",), "not whole"),
    ],
)
async def test_a_trail_that_is_sealed_or_not_whole_is_not_sealed(
    path: Path,
    key: Callable[[str | None], None],
    sealed: bool,
    done: tuple[str, ...],
    said: str,
) -> None:
    """Nobody gets his tampering sealed."""
    key(KEY if sealed else None)
    await write(path, *"ab")
    tamper(path, *done)

    with pytest.raises(LedgerError, match=said):
        sqlite.seal(path, KEY.encode())


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entries SET backend = 'frontier' WHERE n = 1",
        "UPDATE entries SET local = 0 WHERE n = 1",
        "UPDATE entries SET cost_nano_usd = 7 WHERE n = 1",
        "UPDATE attempts SET prompt_tokens = 7 WHERE entry = 1",
        "UPDATE entries SET tenant = 'beta' WHERE n = 1",
        "UPDATE entries SET tenant = 'nobody' WHERE n = 1",
        "UPDATE entries SET tenant = 'erased-0' WHERE n = 1",
        "UPDATE entries SET tenant = NULL WHERE n = 1",
        "UPDATE audit SET subject = NULL WHERE n = 2",
        "UPDATE audit SET subject = (SELECT subject FROM audit WHERE n = 3) WHERE n = 2",
        "UPDATE audit SET entry = 2 WHERE n = 2",
        "UPDATE audit SET entry = NULL WHERE n = 2",
        "UPDATE audit_keys SET key = (SELECT key FROM audit_keys LIMIT 1)",
    ],
)
async def test_who_answered_for_whom_cannot_be_changed(path: Path, statement: str) -> None:
    """Neither on the books, nor in the columns by which a record is found, nor by another key for a tenant."""
    async with opened(path) as ledger:
        for tenant in ("acme", "beta", "acme"):
            await record(ledger, f"{tenant}-{(await ledger.trail.head()).count}", tenant=tenant, subject=f"of {tenant}")
    assert read_proof(path).is_whole

    tamper(path, statement)

    assert {problem.code for problem in read_proof(path).problems} == {"books"}


@pytest.mark.parametrize("statement", ["UPDATE audit SET subject = NULL", "UPDATE audit SET entry = 3"])
async def test_an_erasure_believes_the_records_and_not_their_columns(path: Path, statement: str) -> None:
    """What leads to somebody is gone, whatever the columns beside say."""
    async with opened(path) as ledger:
        for number, subject in enumerate(("jane", "jane", "john")):
            told = evidence(subject=subject, tenant="acme")
            await ledger.record(booked(f"{number}", told, request_id=f"ticket-{number}"), told)
        tamper(path, statement)

        erased = await ledger.trail.erase(Party(whose="subject", name="jane"))

        left = [entry.request_id for entry in await ledger.entries()]
    assert (erased.records, left) == (2, [None, None, "ticket-2"])


async def test_an_erased_tenant_is_freed_by_the_records_too(path: Path) -> None:
    """Also the entries that somebody gave to another."""
    async with opened(path) as ledger:
        await record(ledger, "a", tenant="acme")
        await record(ledger, "b", tenant="beta")
        tamper(path, "UPDATE entries SET tenant = 'beta'")

        assert (await ledger.trail.erase(Party(whose="tenant", name="acme"))).records == 1

        assert [entry.tenant == "beta" for entry in await ledger.entries()] == [False, True]
        assert (await ledger.trail.prove()).is_whole


@pytest.mark.parametrize(
    "statements",
    [
        ("DELETE FROM audit_keys WHERE lookup = (SELECT min(lookup) FROM audit_keys)",),
        ("INSERT INTO audit_keys VALUES (x'00', x'00')",),
    ],
)
async def test_keys_that_are_gone_or_surplus_are_noticed(path: Path, statements: tuple[str, ...]) -> None:
    """Every name in the records has its key, unless it was erased."""
    async with opened(path) as ledger:
        for number, subject in enumerate(("jane", "john", "jack")):
            await record(ledger, f"{number}", subject=subject)
        assert (await ledger.trail.prove()).is_whole

    tamper(path, *statements)

    assert {problem.code for problem in read_proof(path).problems} == {"keys"}


async def test_somebody_with_anothers_key_is_not_proved_to_have_no_requests(path: Path) -> None:
    """His own records would not be found by it."""
    async with opened(path) as ledger:
        for subject in ("jane", "john"):
            await record(ledger, subject, subject=subject)
    tamper(
        path,
        "CREATE TABLE old AS SELECT * FROM audit_keys",
        "UPDATE audit_keys SET key = (SELECT key FROM old WHERE old.lookup <> audit_keys.lookup)",
    )

    proof = read_proof(path, Question(parties=(Party(whose="subject", name="jane"),)))

    assert [problem.code for problem in proof.problems] == ["keys"]
    assert (proof.requests, proof.is_proved) == (0, False)
