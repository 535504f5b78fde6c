"""The PostgreSQL ledger when something fails: connections, locks, the server, the program itself."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from support.entries import NOON, attempt_record, ledger_entry
from support.postgres_ledgers import CUT, ids, impatient, linked, said, tell
from support.postgres_server import PostgresServer
from support.trails import booked, contact, evidence

from gateway.audit.evidence import Party
from gateway.entries import HoldoutRecord
from gateway.errors import LedgerError
from gateway.ledgers import _postgres_books, _postgres_page, postgres
from gateway.ledgers._ledger import SqlLedger
from gateway.ledgers._postgres_books import PostgresBooks
from gateway.ledgers._postgres_door import Door, Link


@pytest.fixture
def options(postgres_server: PostgresServer) -> postgres.Options:
    return impatient(postgres_server)


@pytest.fixture
async def ledger(options: postgres.Options) -> AsyncIterator[SqlLedger]:
    async with postgres.build(options) as opened:
        yield opened


async def test_an_unexpected_fault_is_told_and_the_writer_lives_on(
    ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """By its type and place, not by what it says; the next request is written."""
    with monkeypatch.context() as broken, caplog.at_level(logging.ERROR, logger="gateway"):
        broken.setattr(_postgres_page, "entry_row", fail)
        with pytest.raises(LedgerError, match="KeyError"):
            await ledger.record(ledger_entry("a"))
    await ledger.record(ledger_entry("b"))

    assert "KeyError" in caplog.text
    assert "private" not in caplog.text
    assert (await ledger.trail.prove()).requests == 1


def fail(*_: object) -> Any:
    """Fail as no part of ours should."""
    raise KeyError("private")


@contextmanager
def held(options: postgres.Options) -> Iterator[None]:
    """Hold the head as a program that has stopped in the middle of writing."""
    with asyncio.Runner() as runner:
        link = runner.run(
            asyncpg.connect(options.dsn.get_secret_value(), server_settings={"search_path": options.in_schema})
        )
        runner.run(link.execute("BEGIN; SELECT 1 FROM audit_head FOR UPDATE"))
        try:
            yield
        finally:
            runner.run(link.close())


async def test_a_ledger_that_is_held_is_an_error_for_those_who_wait_and_no_other(
    ledger: SqlLedger, options: postgres.Options
) -> None:
    """While another program holds it, recording fails loudly; afterwards it works again."""

    async def wait_in_vain() -> list[Any]:
        return await asyncio.gather(*(ledger.record(ledger_entry(name)) for name in "ab"), return_exceptions=True)

    holding = held(options)
    await asyncio.to_thread(holding.__enter__)
    outcomes = await wait_in_vain()
    await asyncio.to_thread(holding.__exit__, None, None, None)
    await ledger.record(ledger_entry("after"))

    assert [type(outcome) for outcome in outcomes] == [LedgerError, LedgerError]
    assert ids(options) == ["after"]


async def test_closing_writes_what_waits(options: postgres.Options) -> None:
    """Nothing that was handed in is forgotten at the end."""
    async with postgres.build(options) as ledger:
        tasks = [asyncio.create_task(ledger.record(ledger_entry(name))) for name in "ab"]
        await asyncio.sleep(0)
    await asyncio.gather(*tasks)

    assert sorted(ids(options)) == ["a", "b"]


async def test_a_connection_that_was_cut_is_replaced(options: postgres.Options) -> None:
    """Nobody who writes notices, and nothing is written twice."""
    async with postgres.build(options.model_copy(update={"retry_s": 30.0})) as ledger:
        for number in range(5):
            await ledger.record(ledger_entry(f"{number}"))
            await tell(options, CUT)
            assert await ledger.feedback(said(f"{number}")) == "kept"

    assert ids(options) == list("01234")
    assert len(await tell(options, "SELECT 1 FROM feedback")) == 5


async def test_a_writer_that_is_cut_while_it_waits_for_another_begins_again(options: postgres.Options) -> None:
    """What it was about to write is written by the next connection."""
    patient = options.model_copy(update={"retry_s": 30.0, "timeout_s": 30.0})
    async with postgres.build(patient) as ledger, linked(options) as link:
        async with link.transaction():
            await link.fetch("SELECT 1 FROM audit_head FOR UPDATE")
            waiting = asyncio.create_task(ledger.record(ledger_entry("a")))
            while not await tell(options, "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"):
                continue
            await tell(options, CUT)
        await waiting

    assert ids(options) == ["a"]
    assert postgres.reader(options).prove().requests == 1


async def test_what_the_driver_leaves_behind_of_a_cut_is_no_error_of_anybody(
    ledger: SqlLedger, caplog: pytest.LogCaptureFixture
) -> None:
    """A future that nobody looks at any more is not an alarm."""
    books = ledger._writer._books
    assert isinstance(books, PostgresBooks)

    with caplog.at_level(logging.INFO):
        books._loop.call_exception_handler({"message": "Future exception was never retrieved"})

    assert caplog.text == ""


async def test_without_patience_a_cut_is_told(ledger: SqlLedger, options: postgres.Options) -> None:
    """Whoever waits is told that his entry may not be there, and the next one is written."""
    await tell(options, CUT)

    with pytest.raises(LedgerError, match="cannot write to the ledger"):
        await ledger.record(ledger_entry("a"))
    await ledger.record(ledger_entry("b"))

    assert ids(options) == ["b"]


class Cutting(Door):
    """A door whose next transaction is committed, and whose connection is lost before anybody hears of it."""

    @asynccontextmanager
    async def transaction(self, link: Link, *, reads: bool = False) -> AsyncIterator[None]:
        async with Door.transaction(self, link, reads=reads):
            yield
        if not reads and armed.pop("cut", False):
            raise ConnectionResetError("cut")


armed: dict[str, bool] = {}


def make_cutting(ledger: SqlLedger) -> None:
    """Put such a door in the place of the ledger's."""
    books = ledger._writer._books
    assert isinstance(books, PostgresBooks)
    door = books._door
    books._door = Cutting(
        dsn=door.dsn,
        place=door.place,
        schema=door.schema,
        connect_timeout_s=door.connect_timeout_s,
        timeout_s=door.timeout_s,
    )
    books._retry_s = 30.0


async def test_what_was_committed_and_not_heard_of_is_not_written_twice(
    ledger: SqlLedger, options: postgres.Options
) -> None:
    """Entries are known by their ids, all else by the token of its transaction; everybody is told what became of it."""
    make_cutting(ledger)
    told = evidence(contact(purpose="holdout"), tenant="acme")
    compared = HoldoutRecord(entry_id="a", attempt=attempt_record(purpose="holdout"), at=NOON)

    armed["cut"] = True
    await ledger.record(booked("a", evidence(tenant="acme")), evidence(tenant="acme"))
    armed["cut"] = True
    fate = await ledger.feedback(said("a"), most_a_day=1)
    armed["cut"] = True
    kept = await ledger.holdout(compared, told)
    armed["cut"] = True
    erased = await ledger.trail.erase(Party(whose="tenant", name="acme"))

    assert (fate, kept, erased.known, erased.records) == ("kept", True, True, 1)
    assert not armed
    assert len(await tell(options, "SELECT 1 FROM feedback")) == 1
    proof = await ledger.trail.prove()
    assert (proof.is_whole, proof.records, proof.comparisons, proof.erasures) == (True, 4, 1, 1)


async def test_a_token_is_forgotten_after_a_day(
    ledger: SqlLedger, options: postgres.Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody tries for so long."""
    await ledger.record(ledger_entry("a"))
    await ledger.feedback(said("a"))
    monkeypatch.setattr(_postgres_books, "_TOKEN_US", -1_000_000)
    await ledger.feedback(said("a"))

    assert len(await tell(options, "SELECT 1 FROM commits")) == 1


async def test_an_erasure_that_meets_a_reader_is_to_be_finished(ledger: SqlLedger, options: postgres.Options) -> None:
    """The key may be in the table still; asked again, the table is written anew."""
    told = evidence(subject="jane")
    await ledger.record(booked("a", told), told)
    async with linked(options) as link, link.transaction():
        await link.fetch("SELECT 1 FROM audit_keys")
        first = await ledger.trail.erase(Party(whose="subject", name="jane"))

    again = await ledger.trail.erase(Party(whose="subject", name="jane"))

    assert (first.known, first.records, first.wiped) == (True, 1, False)
    assert (again.known, again.wiped) == (False, True)


async def test_an_erasure_takes_what_the_same_batch_brought(ledger: SqlLedger) -> None:
    """Whoever is erased the moment he is recorded is nobody in the records, the entries and the sums."""
    told = evidence(tenant="acme", subject="jane")
    await asyncio.gather(
        ledger.record(booked("a", told, request_id="ticket"), told),
        ledger.trail.erase(Party(whose="tenant", name="acme")),
    )

    (entry,) = await ledger.entries()
    hours, calls = await ledger.sums(since=NOON - timedelta(hours=1))
    assert entry.request_id is None
    assert {entry.tenant, *(hour.cell.tenant for hour in hours), *(call.cell.tenant for call in calls)} == {
        entry.tenant
    }
    assert "acme" not in f"{entry.tenant}"
    assert (await ledger.trail.prove()).is_whole


async def test_a_lost_head_ends_every_request_with_an_error(ledger: SqlLedger, options: postgres.Options) -> None:
    """Nothing is written to a trail that nobody knows the end of."""
    await tell(options, "DELETE FROM audit_head")

    with pytest.raises(LedgerError, match="lost its head"):
        await ledger.record(ledger_entry("a"))
    with pytest.raises(LedgerError, match="lost its head"):
        await ledger.trail.prove()


async def test_tables_that_are_gone_are_said(ledger: SqlLedger, options: postgres.Options) -> None:
    """A schema that somebody dropped is not begun anew behind everybody's back."""
    await tell(options, f"DROP SCHEMA {options.in_schema} CASCADE")

    with pytest.raises(LedgerError, match="does not exist"):
        await ledger.record(ledger_entry("a"))

    assert not postgres.reader(options).is_there()


def test_a_report_that_is_left_early_leaves_nothing_open(options: postgres.Options) -> None:
    """Its connection is closed with it."""

    async def fill() -> None:
        async with postgres.build(options) as ledger:
            await asyncio.gather(*(ledger.record(ledger_entry(f"{number}")) for number in range(3)))

    asyncio.run(fill())
    report = postgres.reader(options).entries()
    next(report)

    report.close()  # type: ignore[attr-defined]  # it is a generator

    # The server takes a moment to see that the client has gone.
    open_still = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'hybrid-gateway'"
    while asyncio.run(tell(options, open_still)):
        continue
