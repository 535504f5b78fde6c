"""Commands on a ledger in PostgreSQL: named by its URL, by the environment or by the policy."""

import asyncio
import json
import secrets
from collections.abc import Sequence

import asyncpg
import pytest
from support.command import Gateway, WritePolicy
from support.entries import ledger_entry
from support.postgres_server import PostgresServer
from support.trails import booked, evidence

from gateway.audit.evidence import Evidence
from gateway.entries import LedgerEntry
from gateway.ledgers import postgres, sqlite

KEY = "a key that nobody else knows"
TOLD = evidence(tenant="acme", subject="jane")


@pytest.fixture
def url(postgres_server: PostgresServer) -> str:
    """The URL of an empty database."""
    name = f"cli_{secrets.token_hex(6)}"

    async def make() -> None:
        link = await asyncpg.connect(postgres_server.dsn)
        await link.execute(f"CREATE DATABASE {name}")
        await link.close()

    asyncio.run(make())
    return f"{postgres_server.dsn.rpartition('/')[0]}/{name}"


def fill(url: str, *entries: LedgerEntry, told: Sequence[Evidence] = ()) -> None:
    """Put requests on the books in the usual schema."""

    async def run() -> None:
        async with postgres.build(postgres.Options.model_validate({"dsn": url})) as ledger:
            for number, entry in enumerate(entries):
                await ledger.record(entry, told[number] if told else None)

    asyncio.run(run())


def test_a_ledger_is_named_by_its_url(gateway: Gateway, url: str) -> None:
    """As a file is by its path; the password is not shown."""
    fill(url, ledger_entry("one"))

    shown = gateway("ledger", "tail", "--ledger", url, "--json")

    assert (shown.code, json.loads(shown.out)["id"]) == (0, "one")


def test_a_report_says_the_same_of_either_kind(
    gateway: Gateway, url: str, monkeypatch: pytest.MonkeyPatch, write_policy: WritePolicy
) -> None:
    """`GATEWAY_LEDGER` may be a URL, where the policy names no ledger."""
    entries = [ledger_entry(f"{number}", team=f"team-{number % 3}") for number in range(9)]
    fill(url, *entries)

    async def keep() -> None:
        async with sqlite.build(sqlite.Options(path="books.sqlite3")) as ledger:
            for entry in entries:
                await ledger.record(entry)

    asyncio.run(keep())
    policy = write_policy()
    policy.write_text(policy.read_text().replace("ledger: {kind: sqlite, path: ledger.sqlite3}\n", ""))

    told = []
    for place in (url, "books.sqlite3"):
        monkeypatch.setenv("GATEWAY_LEDGER", place)
        told.append(gateway("savings", "--policy", policy, "--by", "team", "--json"))

    assert [outcome.code for outcome in told] == [0, 0]
    assert json.loads(told[0].out) == json.loads(told[1].out)


def test_a_trail_is_proved_sealed_and_freed_of_somebody(
    gateway: Gateway, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that can be asked of a file can be asked of a database."""
    fill(url, booked("one", TOLD), told=[TOLD])
    monkeypatch.setenv("GATEWAY_AUDIT_KEY", KEY)

    outcomes = {
        " ".join(command): gateway("audit", *command, "--ledger", url)
        for command in (
            ("seal",),
            ("verify",),
            ("prove", "--tag", "phi"),
            ("head",),
            ("erase", "--subject", "jane"),
            ("erase", "--subject", "john"),
        )
    }

    assert {command: outcome.code for command, outcome in outcomes.items()} == {
        "seal": 0,
        "verify": 0,
        "prove --tag phi": 0,
        "head": 0,
        "erase --subject jane": 0,
        "erase --subject john": 1,
    }


def test_the_doctor_looks_at_it(gateway: Gateway, url: str, write_policy: WritePolicy) -> None:
    """Before it is begun, and with what is in it."""
    looked = ("doctor", "--policy", write_policy(), "--ledger", url, "--json")
    before = json.loads(gateway(*looked).out)["ledger"]

    fill(url, ledger_entry("one"))

    after = json.loads(gateway(*looked).out)["ledger"]
    assert (before["entries"], before["writable"], before["problem"]) == (0, True, None)
    assert (after["entries"], after["writable"]) == (1, True)
    assert after["place"].endswith(", schema gateway")


@pytest.mark.parametrize("command", [("ledger", "tail"), ("savings",), ("audit", "erase", "--subject", "jane")])
def test_a_database_without_a_ledger_is_said(gateway: Gateway, url: str, command: tuple[str, ...]) -> None:
    """Nothing is begun by looking."""
    outcome = gateway(*command, "--ledger", url)

    assert outcome.code == 2
    assert "there is no ledger at" in outcome.err


@pytest.mark.parametrize("url", ["postgresql://me:a/hunter2@host/db", "postgres://me:hunter2@[host/db"])
def test_a_url_that_is_none_is_one_clear_message(gateway: Gateway, url: str) -> None:
    """Which does not repeat it."""
    outcome = gateway("ledger", "tail", "--ledger", url)

    assert outcome.code == 2
    assert "dsn" in outcome.err
    assert "hunter2" not in outcome.err
    assert outcome.err.count("\n") == 1


def test_what_keeps_files_alone_says_so(gateway: Gateway, url: str) -> None:
    """A command that knows files only names the kind that it needs."""
    outcome = gateway("ledger", "corrections", "--ledger", url)

    assert outcome.code == 2
    assert "use kind: sqlite" in outcome.err
