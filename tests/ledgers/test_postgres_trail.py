"""The trail of a PostgreSQL ledger: one chain for all machines, tampering that is found, and seals."""

import asyncio

import pytest
from support.entries import ledger_entry
from support.postgres_ledgers import impatient, tell
from support.postgres_server import PostgresServer
from support.trails import booked, evidence, record

from gateway.audit.evidence import Party
from gateway.audit.proof import Question
from gateway.errors import ConfigurationError, LedgerError
from gateway.ledgers import postgres

KEY = "a key that nobody else knows"


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """No trail is sealed unless a test says so."""
    monkeypatch.delenv("GATEWAY_AUDIT_KEY", raising=False)


@pytest.fixture
def options(postgres_server: PostgresServer) -> postgres.Options:
    return impatient(postgres_server)


async def write(options: postgres.Options, *names: str) -> None:
    """Put requests on the books, each about a subject of its own."""
    async with postgres.build(options) as ledger:
        for name in names:
            await record(ledger, name, subject=f"subject of {name}")


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        (["UPDATE audit SET body = replace(body, 'restricted', 'public') WHERE n = 3"], {"altered", "books"}),
        (["UPDATE audit SET body = body || ' ' WHERE n = 3"], {"altered"}),
        (["UPDATE audit SET body = 'no record' WHERE n = 3"], {"unreadable", "books"}),
        (["DELETE FROM audit WHERE n = 3"], {"missing", "books"}),
        (["DELETE FROM audit WHERE n = 5"], {"end", "books"}),
        (["DELETE FROM entries WHERE id = 'b'"], {"books"}),
        (["UPDATE entries SET level = 0 WHERE id = 'b'"], {"books"}),
        (["UPDATE entries SET cost_nano_usd = 1 WHERE id = 'b'"], {"books"}),
        (["DELETE FROM attempts WHERE entry = 2"], {"books"}),
        (["UPDATE audit_head SET count = 4"], {"end"}),
        (["UPDATE audit_head SET hash = 'x'"], {"end"}),
        (["UPDATE audit_head SET trail = 'x'"], {"beginning", "altered"}),
        (["UPDATE audit SET entry = 1 WHERE n = 3"], {"books"}),
        (["UPDATE audit SET entry = NULL WHERE n = 3"], {"books"}),
        (["UPDATE audit SET subject = NULL WHERE n = 3"], {"books"}),
        (["UPDATE audit SET subject = 'x'::bytea WHERE n = 3"], {"books"}),
        (
            ["INSERT INTO corrections (id, at_us, hour, nano_usd, reason, month) VALUES ('c', 1, 1, 1, 'x', '2026')"],
            {"books"},
        ),
    ],
)
async def test_what_somebody_does_to_the_tables_is_found(
    options: postgres.Options, statements: list[str], expected: set[str]
) -> None:
    """To the trail, to its head, or to the books."""
    await write(options, *"abcd")
    reader = postgres.reader(options)
    assert reader.prove().is_whole

    await tell(options, *statements)

    assert {problem.code for problem in reader.prove().problems} >= expected


async def test_an_entry_that_cannot_be_read_is_no_traceback(options: postgres.Options) -> None:
    """Whoever wrote it there."""
    await write(options, "a")
    await tell(options, "UPDATE entries SET level = 9")

    with pytest.raises(LedgerError, match="tampered"):
        postgres.reader(options).prove()


async def test_strange_ids_are_filed_where_they_belong(options: postgres.Options) -> None:
    """An id of somebody else's log may hold quotes, backslashes and letters of any alphabet."""
    ids = ['say "hello"', "back\\slash", "naïve-ü-\N{SNOWMAN}", '"entry":"x"']
    async with postgres.build(options) as ledger:
        for one in ids:
            told = evidence(tenant=one, subject=one)
            await ledger.record(booked(one, told), told)

    proof = postgres.reader(options).prove(Question(parties=(Party(whose="subject", name="back\\slash"),)))

    assert (proof.problems, proof.requests) == ([], 1)


async def test_machines_that_write_at_once_make_one_chain(options: postgres.Options) -> None:
    """And none loses what the other wrote."""
    patient = options.model_copy(update={"timeout_s": 30.0})

    async def machine(name: str) -> None:
        async with postgres.build(patient) as ledger:
            await asyncio.gather(*(record(ledger, f"{name}{number}", subject=name) for number in range(100)))

    await asyncio.gather(*map(machine, "abc"))

    proof = postgres.reader(options).prove()
    assert (proof.is_proved, proof.requests, proof.records) == (True, 300, 301)


async def test_an_erasure_by_another_machine_holds_for_keys_in_mind(options: postgres.Options) -> None:
    """Nobody's new records lead to the old ones."""
    jane = Party(whose="subject", name="jane")
    async with postgres.build(options) as one, postgres.build(options) as other:
        await record(one, "before", subject="jane")
        await other.trail.erase(jane)
        await record(one, "after", subject="jane")

    assert postgres.reader(options).prove(Question(parties=(jane,))).requests == 1


async def test_a_trail_that_is_set_back_while_it_is_open_is_not_gone_on_with(options: postgres.Options) -> None:
    """A backup that was restored behind our back, or a standby that lacks the last records."""
    async with postgres.build(options) as ledger:
        for name in "abc":
            await record(ledger, name)
        (first,) = await tell(options, "SELECT hash FROM audit_head")
        await tell(options, f"UPDATE audit_head SET count = 3, hash = '{first['hash']}'")  # noqa: S608 - a test's own

        with pytest.raises(LedgerError, match="set back to 3"):
            await record(ledger, "d")


async def test_a_trail_is_sealed_from_its_first_request(
    options: postgres.Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is a key; nobody writes without it afterwards."""
    monkeypatch.setenv("GATEWAY_AUDIT_KEY", KEY)
    await write(options, *"ab")
    monkeypatch.delenv("GATEWAY_AUDIT_KEY")

    assert postgres.reader(options).prove(key=KEY.encode()).is_proved
    with pytest.raises(ConfigurationError, match="sealed with a key"):
        await write(options, "c")
    with pytest.raises(ConfigurationError, match="sealed with a key"):
        postgres.reader(options).head()


async def test_a_machine_without_the_key_is_told_when_another_seals(options: postgres.Options) -> None:
    """Its requests are refused from then on; those with the key go on."""
    async with postgres.build(options) as without:
        await without.record(ledger_entry("a"))
        postgres.reader(options).seal(KEY.encode())

        with pytest.raises(LedgerError, match="sealed with a key"):
            await without.record(ledger_entry("b"))

    with pytest.raises(LedgerError, match="sealed already"):
        postgres.reader(options).seal(KEY.encode())
