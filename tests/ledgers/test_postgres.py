"""The PostgreSQL ledger: its server, its faults, and who waits for whom."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from pydantic import ValidationError
from support.entries import NOON, attempt_record, ledger_entry
from support.postgres_ledgers import ids, impatient, said, tell
from support.postgres_server import PostgresServer
from support.trails import booked, evidence

from gateway.audit.evidence import Party
from gateway.errors import ConfigurationError, LedgerError
from gateway.ledgers import postgres
from gateway.ledgers._ledger import SqlLedger
from gateway.types import Money

BEYOND_POSTGRES = Money(2**63)
SECRET = "hunter2-not-to-be-seen"


@pytest.fixture
def options(postgres_server: PostgresServer) -> postgres.Options:
    return impatient(postgres_server)


async def role(options: postgres.Options, server: PostgresServer, *grants: str) -> postgres.Options:
    """Make a role with some rights on the tables; return the same ledger, as it sees it."""
    name, schema = f"role_{secrets.token_hex(6)}", options.in_schema
    granting = [f"GRANT {rights} ON ALL TABLES IN SCHEMA {schema} TO {name}" for rights in grants]
    await tell(
        options, f"CREATE ROLE {name} LOGIN PASSWORD 'x'", f"GRANT USAGE ON SCHEMA {schema} TO {name}", *granting
    )
    url = dsn(f"postgresql://{name}:x@127.0.0.1:{server.port}/books").dsn
    return options.model_copy(update={"dsn": url})


@pytest.fixture
async def ledger(options: postgres.Options) -> AsyncIterator[SqlLedger]:
    async with postgres.build(options) as opened:
        yield opened


def dsn(text: str) -> postgres.Options:
    """Return options with a database's URL."""
    return postgres.Options.model_validate({"dsn": text, "connect_timeout_s": 2})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ledger.sqlite3",
        f"mysql://me:{SECRET}@host/db",
        f"postgresql://me:{SECRET}@[host/db",
        f"postgresql://me:a/{SECRET}@host/db",
        f"postgresql://me:a?{SECRET}@host/db",
        f"postgresql://me:a#{SECRET}@host/db",
    ],
)
def test_a_url_that_is_none_is_refused_without_its_text(text: str) -> None:
    """A password that was not escaped is not taken for a part of the path, and is not repeated."""
    with pytest.raises(ValidationError) as caught:
        dsn(text)

    told = [fault["msg"] for fault in caught.value.errors(include_input=False, include_context=False)]
    assert SECRET not in f"{told}"
    assert "write" in f"{told}"


async def test_neither_the_url_nor_its_password_is_ever_shown(postgres_server: PostgresServer) -> None:
    """Not by options, not as the place, and not by what fails."""
    options = dsn(postgres_server.dsn.replace(postgres_server.password, SECRET))
    reader = postgres.reader(options)

    with pytest.raises(LedgerError, match="cannot connect to the ledger") as caught:
        async with postgres.build(options):
            pass

    assert SECRET not in f"{options!r} {reader.place} {caught.value!r} {caught.value.__cause__!r} {reader._door!r}"
    assert reader.place == f"postgresql://127.0.0.1:{postgres_server.port}/books, schema gateway"


@pytest.mark.parametrize("url", ["postgresql://host:65536x/db", "postgresql://u@h/db?sslmode=hunter2-not-to-be-seen"])
async def test_a_url_that_the_driver_refuses_is_refused_in_our_words(url: str) -> None:
    """What the driver says may quote it."""
    with pytest.raises(ConfigurationError, match="cannot be used") as caught:
        async with postgres.build(dsn(url)):
            pass

    assert SECRET not in f"{caught.value!r}"


async def test_a_server_that_is_not_there_is_said(closed_port: int) -> None:
    """Writing and reading alike, at once."""
    options = dsn(f"postgresql://me@127.0.0.1:{closed_port}/db")

    with pytest.raises(LedgerError, match="is the server up"):
        async with postgres.build(options):
            pass
    with pytest.raises(LedgerError, match="cannot connect"):
        list(postgres.reader(options).entries())


def test_what_a_database_does_not_take_waits_on_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A spool for each ledger, whoever its user is."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    urls = ("postgresql://me:one@host/db", "postgresql://you:two@host/db", "postgresql://me@host/other")

    first, same, other = (postgres.spool(dsn(url)).stem for url in urls)

    assert first.parent == tmp_path / "hybrid-gateway"
    assert first == same
    assert first != other


def test_without_the_driver_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who only checks a policy does not need it."""
    options = dsn("postgresql://me@host/db")
    monkeypatch.setattr(postgres, "find_spec", lambda _name: None)

    with pytest.raises(ConfigurationError, match=r"hybrid-gateway\[postgres\]"):
        postgres.reader(options)


async def test_of_many_who_open_it_at_once_one_makes_the_tables(options: postgres.Options) -> None:
    """Machines that start together do not trip over each other, and their requests are one chain."""

    async def begin(name: str) -> None:
        async with postgres.build(options.model_copy(update={"timeout_s": 30.0})) as ledger:
            await ledger.record(ledger_entry(name))

    await asyncio.gather(*map(begin, "abcdef"))

    assert sorted(ids(options)) == list("abcdef")
    proof = postgres.reader(options).prove()
    assert (proof.is_whole, proof.requests) == (True, 6)


async def test_a_schema_of_another_program_is_left_as_it_is(options: postgres.Options) -> None:
    """Somebody else's tables are not ours to add to."""
    await tell(options, f"CREATE SCHEMA {options.in_schema}", "CREATE TABLE orders (n INTEGER)")

    with pytest.raises(LedgerError, match="but no ledger"):
        async with postgres.build(options):
            pass
    with pytest.raises(LedgerError, match="but no ledger"):
        postgres.reader(options).is_there()

    tables = await tell(options, "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
    assert [row["tablename"] for row in tables] == ["orders"]


async def test_a_schema_that_is_there_and_empty_is_used(options: postgres.Options) -> None:
    """Who may not make one is given one."""
    await tell(options, f"CREATE SCHEMA {options.in_schema}")

    async with postgres.build(options) as ledger:
        await ledger.record(ledger_entry("a"))

    assert ids(options) == ["a"]


async def test_a_newer_ledger_is_refused_untouched(options: postgres.Options) -> None:
    """An old program does not write into books whose columns it does not know."""
    async with postgres.build(options):
        pass
    await tell(options, "UPDATE meta SET value = '99'")

    with pytest.raises(LedgerError, match="update hybrid-gateway"):
        async with postgres.build(options):
            pass
    with pytest.raises(LedgerError, match="update hybrid-gateway"):
        list(postgres.reader(options).entries())
    assert [row["value"] for row in await tell(options, "SELECT value FROM meta")] == ["99"]


async def test_an_older_ledger_is_brought_up_before_it_is_read(
    options: postgres.Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A report changes nothing; opening for writing does."""
    from gateway.ledgers import _postgres_reading, _postgres_schema  # noqa: PLC0415 - what is changed here

    async with postgres.build(options):
        pass
    added = (*_postgres_schema.MIGRATIONS, ("CREATE TABLE added (n INTEGER)",))
    monkeypatch.setattr(_postgres_schema, "MIGRATIONS", added)
    for module in (_postgres_schema, _postgres_reading):
        monkeypatch.setattr(module, "SCHEMA_VERSION", len(added))

    with pytest.raises(LedgerError, match="open it once for writing"):
        ids(options)
    async with postgres.build(options) as ledger:
        await ledger.record(ledger_entry("a"))

    assert ids(options) == ["a"]
    assert postgres.reader(options).prove().is_whole
    assert await tell(options, "SELECT n FROM added") == []


async def test_two_ledgers_may_share_a_schema(ledger: SqlLedger, options: postgres.Options) -> None:
    """Several machines append to the same books; one id stays one entry, in one chain."""
    async with postgres.build(options) as other:
        await ledger.record(ledger_entry("ours"))
        await other.record(ledger_entry("theirs"))
        await other.record(ledger_entry("ours"))

    assert ids(options) == ["ours", "theirs"]
    assert (await ledger.trail.prove()).requests == 2


async def test_two_event_loops_may_share_a_ledger(ledger: SqlLedger, options: postgres.Options) -> None:
    """Each waiter is woken in its own loop."""
    await asyncio.gather(
        asyncio.to_thread(asyncio.run, ledger.record(ledger_entry("there"))), ledger.record(ledger_entry("here"))
    )

    assert sorted(ids(options)) == ["here", "there"]


async def test_what_one_sums_by_is_a_column(ledger: SqlLedger, options: postgres.Options) -> None:
    """A report can be made with SQL alone: money is integers, unknown is NULL, savings are there."""
    await ledger.record(ledger_entry("known", cost=Money(400)))
    await ledger.record(ledger_entry("unknown", cost=None))

    rows = await tell(options, "SELECT id, cost_nano_usd, saved_nano_usd, tags FROM entries ORDER BY id")

    assert [tuple(row) for row in rows] == [("known", 400, 1_599_600, '["pii"]'), ("unknown", None, None, '["pii"]')]


async def test_names_that_postgresql_cannot_hold_are_escaped_and_kept(ledger: SqlLedger) -> None:
    """Half a surrogate pair or a NUL in a label cannot keep a request off the books, and the trail is whole."""
    names = evidence(tenant="bad \ud800\0", subject="\0\udfff")
    strange = booked("a", names, task="nul\0", attempts=(attempt_record(model="m\udfff"),))

    await ledger.record(strange, names)

    (kept,) = await ledger.entries()
    assert (kept.tenant, kept.task, kept.attempts[0].model) == ("bad \\ud800\\u0000", "nul\\u0000", "m\\udfff")
    assert (await ledger.trail.prove()).is_whole


async def test_what_is_no_number_is_unknown(ledger: SqlLedger) -> None:
    """A difficulty that a classifier got wrong is none."""
    await ledger.record(ledger_entry("a", difficulty=float("nan")))

    (kept,) = await ledger.entries()
    assert kept.difficulty is None
    assert (await ledger.trail.prove()).is_whole


async def test_long_names_are_kept(ledger: SqlLedger) -> None:
    """Longer ones than an index holds."""
    tenant = "".join(f"{number:x}" for number in range(5_000))
    await ledger.record(ledger_entry("a", tenant=tenant, tags=tuple(f"tag-{number}" for number in range(2_000))))

    fates = [
        await ledger.feedback(said("a", tenant=tenant, source="s" * 5_000, at=NOON + timedelta(n)), most_a_day=1)
        for n in (0, 0.5, 2)
    ]

    assert fates == ["kept", "over_cap", "kept"]
    assert len(list(await ledger.entries())) == 1


async def test_a_row_that_cannot_be_kept_fails_alone(ledger: SqlLedger, options: postgres.Options) -> None:
    """One impossible amount does not cost the others in its transaction, and is not quoted."""
    impossible = [ledger_entry("cost", cost=BEYOND_POSTGRES), ledger_entry("never", duration_s=None)]
    halves = ledger_entry("half", attempts=(attempt_record(), attempt_record(cost=BEYOND_POSTGRES)))
    endless = ledger_entry("".join(sha256(b"%d" % number).hexdigest() for number in range(200)))
    entries = [ledger_entry("a"), *impossible, halves, endless, ledger_entry("b")]

    outcomes = await asyncio.gather(*map(ledger.record, entries), return_exceptions=True)

    assert [outcome is None for outcome in outcomes] == [True, *[False] * 4, True]
    assert all(isinstance(outcome, LedgerError) for outcome in outcomes[1:5])
    assert ids(options) == ["a", "b"]
    told = f"{[(outcome, getattr(outcome, '__cause__', None)) for outcome in outcomes]}"
    assert str(2**63) not in told
    assert endless.id[:20] not in told
    assert len(await tell(options, "SELECT 1 FROM attempts")) == 2
    proof = await ledger.trail.prove()
    assert (proof.is_whole, proof.requests) == (True, 2)


async def test_whoever_may_not_write_is_told_so(options: postgres.Options, postgres_server: PostgresServer) -> None:
    """A role that may only read reads, and is not taken for one that writes."""
    async with postgres.build(options) as ledger:
        await ledger.record(ledger_entry("a"))
    with pytest.raises(LedgerError, match="permission denied"):
        ids(await role(options, postgres_server))
    theirs = await role(options, postgres_server, "SELECT")

    assert (ids(theirs), postgres.reader(theirs).is_writable()) == (["a"], False)
    elsewhere = theirs.model_copy(update={"in_schema": f"{options.in_schema}_2"})
    assert not postgres.reader(elsewhere).is_writable()
    for options_of_theirs in (theirs, elsewhere):
        with pytest.raises(LedgerError, match="permission denied"):
            async with postgres.build(options_of_theirs):
                pass


async def test_a_role_that_does_not_own_the_tables_writes(
    options: postgres.Options, postgres_server: PostgresServer
) -> None:
    """And says of an erasure that the key may be in the table still: only its owner may write it anew."""
    async with postgres.build(options):
        pass
    theirs = await role(options, postgres_server, "SELECT, INSERT, UPDATE, DELETE")
    told = evidence(subject="jane")

    async with postgres.build(theirs) as ledger:
        await ledger.record(booked("a", told), told)
        erased = await ledger.trail.erase(Party(whose="subject", name="jane"))

    assert (ids(options), erased.records, erased.wiped) == (["a"], 1, False)
