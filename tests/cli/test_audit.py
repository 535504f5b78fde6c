"""`gateway audit`: a page for who must prove where requests went, and JSON for programs."""

import asyncio
import json
import sqlite3
from collections.abc import Coroutine
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.command import Gateway, OnTerminal, WritePolicy
from support.entries import NOON, ledger_entry
from support.older_ledgers import older
from support.trails import FOREIGN, booked, contact, evidence

from gateway.audit.evidence import Evidence
from gateway.audit.report import PROVE_SCHEMA, VERIFY_SCHEMA
from gateway.entries import LedgerEntry
from gateway.ledgers import sqlite
from gateway.types import Label, Level

INTERNAL = Label(level=Level.INTERNAL)
KEY = "a key that nobody else knows"


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """No trail is sealed unless a test says so."""
    monkeypatch.delenv("GATEWAY_AUDIT_KEY", raising=False)


@pytest.fixture
def file(home: Path) -> Path:
    """A ledger of three requests: two of label phi by jane, one of them refused, and one that may leave."""
    refused = evidence(subject="jane", tenant="acme", contacts=())
    write(
        home / "ledger.sqlite3",
        ledger_of("first", evidence(contact(), contact(error="timeout"), subject="jane", tenant="acme")),
        ledger_of("second", refused, status="refused"),
        ledger_of("third", evidence(contact(FOREIGN, host="api:443"), label=INTERNAL)),
    )
    return home / "ledger.sqlite3"


def ledger_of(name: str, told: Evidence, **fields: Any) -> tuple[LedgerEntry, Evidence]:
    """Return an entry with its evidence."""
    return booked(name, told, **fields), told


def write(path: Path, *entries: tuple[LedgerEntry, Evidence]) -> None:
    """Put requests on the books of a file."""

    async def record() -> None:
        async with sqlite.build(sqlite.Options(path=str(path))) as ledger:
            for entry, told in entries:
                await ledger.record(entry, told)

    run(record())


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine to its end."""
    asyncio.run(coroutine)


def leak(path: Path) -> None:
    """Put a request on the books that went where it may not go."""
    write(path, ledger_of("leak", evidence(contact(FOREIGN, host="api:443"))))


def tamper(path: Path, statement: str) -> None:
    """Change the file behind the ledger's back."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)


def test_a_proof_is_a_page(gateway: Gateway, file: Path) -> None:
    """The verdict, the hosts with what they were cleared for, and what it rests on."""
    outcome = gateway("audit", "prove", "--tag", "phi", "--ledger", file)

    lines = [" ".join(line.split()) for line in outcome.out.splitlines()]
    assert outcome.code == 0
    assert lines[0] == "PROVED: no request with phi went where it may not go"
    assert lines[2:4] == [
        "backend host local clearance region calls failed redacted for",
        "llama 127.0.0.1:8080 yes restricted - 2 1 0 answer 2",
    ]
    assert "requests 2: 1 answered, 1 refused" in lines
    assert "calls 2 of 1 host, 2 of them local" in lines
    assert "violations 0" in lines
    assert "api:443" not in outcome.out


def test_a_proof_is_json(gateway: Gateway, file: Path) -> None:
    """Of a schema that a program may rely on."""
    outcome = gateway("audit", "prove", "--level", "internal", "--kind", "pii", "--json", "--ledger", file)
    everything = json.loads(gateway("audit", "prove", "--json", "--ledger", file).out)

    proof = json.loads(outcome.out)
    assert (proof["schema"], proof["proved"], proof["requests"]) == (PROVE_SCHEMA, True, 0)
    assert proof["question"] == {
        "tags": [],
        "kinds": ["pii"],
        "level": "internal",
        "since": None,
        "until": None,
        "parties": [],
    }
    assert everything["hosts"] == [
        {
            "backend": "llama",
            "host": "127.0.0.1:8080",
            "local": True,
            "clearance": "restricted",
            "region": None,
            "calls": 2,
            "failed": 1,
            "redacted": 0,
            "purposes": {"answer": 2},
        },
        {
            "backend": "frontier",
            "host": "api:443",
            "local": False,
            "clearance": "internal",
            "region": "us",
            "calls": 1,
            "failed": 0,
            "redacted": 0,
            "purposes": {"answer": 1},
        },
    ]
    assert everything["statuses"] == {"answered": 2, "refused": 1, "exhausted": 0, "cancelled": 0}
    assert everything["violations"] == {"count": 0, "first": []}
    assert everything["unproved"] == {
        "requests_before_the_trail": 0,
        "requests_imported": 0,
        "calls_of_unknown_clearance": 0,
        "unknown_parties": 0,
        "unknown_names": [],
    }
    assert (everything["trail"]["whole"], everything["trail"]["records"]) == (True, 4)


def test_a_violation_is_told_and_ends_with_1(gateway: Gateway, file: Path) -> None:
    """Which record, which host, and why not."""
    leak(file)

    page = gateway("audit", "prove", "--tag", "phi", "--ledger", file)
    proof = json.loads(gateway("audit", "prove", "--tag", "phi", "--json", "--ledger", file).out)

    assert page.code == 1
    assert page.out.startswith("NOT PROVED: 1 violation\n")
    assert "frontier at api:443 saw a request of level restricted (entry leak)" in page.out
    assert "the level was above its clearance" in page.out
    assert proof["violations"] == {
        "count": 1,
        "first": [
            {
                "record": 5,
                "at": NOON.isoformat(),
                "entry": "leak",
                "level": "restricted",
                "backend": "frontier",
                "host": "api:443",
                "code": "clearance",
            }
        ],
    }


def test_very_many_violations_are_counted(gateway: Gateway, file: Path) -> None:
    """The page stays a page."""
    told = evidence(*(contact(FOREIGN) for _ in range(30)))
    write(file, ledger_of("leaks", told))

    outcome = gateway("audit", "prove", "--ledger", file)

    assert "30 violations" in outcome.out
    assert "and 10 more" in outcome.out


def test_a_trail_that_is_not_whole_proves_nothing(gateway: Gateway, file: Path) -> None:
    """Neither `prove` nor `verify` ends well, and both say what is wrong."""
    tamper(file, "DELETE FROM audit WHERE n = 3")

    proved, verified = gateway("audit", "prove", "--ledger", file), gateway("audit", "verify", "--ledger", file)
    told = json.loads(gateway("audit", "verify", "--json", "--ledger", file).out)

    assert (proved.code, verified.code) == (1, 1)
    assert "NOT PROVED: the trail is not whole" in proved.out
    assert "NOT WHOLE, 2 problems" in verified.out
    assert "record 3 is missing" in verified.out
    assert (told["schema"], told["whole"]) == (VERIFY_SCHEMA, False)
    assert told["trail"]["problems"] == {
        "count": 2,
        "first": [
            {"code": "missing", "text": "record 3 is missing", "record": 3, "entry": None},
            {"code": "books", "text": "entry second has no record", "record": None, "entry": "second"},
        ],
    }


def test_a_whole_trail_says_so(gateway: Gateway, file: Path) -> None:
    """With how many records it has, and where it ends."""
    outcome = gateway("audit", "verify", "--ledger", file)

    assert outcome.code == 0
    assert "whole: 4 records since" in outcome.out
    assert gateway("audit", "head", "--ledger", file).out.strip() in outcome.out


@pytest.mark.parametrize("command", ["verify", "prove"])
def test_a_head_that_was_noted_is_held_against_the_trail(gateway: Gateway, file: Path, command: str) -> None:
    """It shows a trail that was written anew, or cut off with all that tells of it."""
    noted = gateway("audit", "head", "--ledger", file).out.strip()
    leak(file)

    held = gateway("audit", command, "--head", noted, "--ledger", file)
    other = gateway("audit", command, "--head", f"4:{'0' * 64}", "--ledger", file)
    later = gateway("audit", command, "--head", f"9:{'0' * 64}", "--ledger", file)

    assert held.code == (0 if command == "verify" else 1)
    assert "that was noted" not in held.out
    assert (other.code, later.code) == (1, 1)
    assert "has another hash" in other.out
    assert "the trail ends before it" in later.out


def test_a_head_is_json_too(gateway: Gateway, file: Path) -> None:
    """Count and hash, apart and together."""
    head = json.loads(gateway("audit", "head", "--json", "--ledger", file).out)

    assert head["head"] == f"{head['count']}:{head['hash']}"
    assert head["count"] == 4


@pytest.mark.parametrize(
    "arguments", [("verify", "--head", "seven"), ("prove", "--level", "secret"), ("prove", "--since", "yesterday")]
)
def test_what_cannot_be_read_is_refused(gateway: Gateway, file: Path, arguments: tuple[str, ...]) -> None:
    """With what to write instead."""
    outcome = gateway("audit", *arguments, "--ledger", file)

    assert (outcome.code, outcome.out) == (2, "")


@pytest.mark.parametrize("command", ["prove", "verify", "head", "erase"])
def test_a_ledger_that_is_not_there_exits_with_2(gateway: Gateway, command: str) -> None:
    """Nothing is proved of nothing, and nothing is made there."""
    more = ("--subject", "jane") if command == "erase" else ()

    outcome = gateway("audit", command, "--ledger", "nowhere.sqlite3", *more)

    assert (outcome.code, outcome.out) == (2, "")
    assert "nowhere.sqlite3" in outcome.err
    assert not Path("nowhere.sqlite3").exists()


def test_a_period_is_asked_about(gateway: Gateway, file: Path) -> None:
    """`--since` is inclusive, `--until` exclusive."""
    since, until = NOON.isoformat(), (NOON + timedelta(seconds=1)).isoformat()

    within = json.loads(gateway("audit", "prove", "--since", since, "--until", until, "--json", "--ledger", file).out)
    after = gateway("audit", "prove", "--since", until, "--ledger", file)

    assert (within["requests"], within["question"]["since"] is None) == (3, False)
    assert "there was none" in after.out
    assert "from 2026-11-23" in after.out


@pytest.mark.parametrize(("whose", "name"), [("subject", "jane"), ("tenant", "acme")])
def test_somebody_is_found_erased_and_not_found_any_more(gateway: Gateway, file: Path, whose: str, name: str) -> None:
    """The trail is whole all the while, and says that somebody was erased."""
    asked = ("audit", "prove", f"--{whose}", name, "--ledger", file)
    before = gateway(*asked)

    erased = gateway("audit", "erase", f"--{whose}", name, "--ledger", file)

    after, again = gateway(*asked), gateway("audit", "erase", f"--{whose}", name, "--ledger", file)
    verified = gateway("audit", "verify", "--ledger", file)
    assert "requests     2" in before.out
    assert (erased.code, erased.out) == (0, "erased: 2 requests and the key that led to them\n")
    assert after.code == 1
    assert "1 name that nobody knows, or nobody knows any more" in after.out
    assert again.code == 1
    assert f"no {whose} of that name is known" in again.err
    assert verified.code == 0
    assert "1 erasure among them" in verified.out


def test_a_name_may_come_from_standard_input(gateway: Gateway, file: Path) -> None:
    """There it is in no shell's history; and it is repeated nowhere."""
    proof = gateway("audit", "prove", "--subject", "-", "--json", "--ledger", file, stdin=b"jane\n")
    erased = gateway("audit", "erase", "--subject", "-", "--json", "--ledger", file, stdin=b"jane\n")

    assert json.loads(proof.out)["requests"] == 2
    assert "jane" not in proof.out
    assert json.loads(erased.out) == {
        "schema": "gateway.audit.erase/1",
        "known": True,
        "records": 2,
        "wiped": True,
    }


@pytest.mark.parametrize("arguments", [(), ("--tenant", "acme", "--subject", "jane")])
def test_an_erasure_is_of_one(gateway: Gateway, file: Path, arguments: tuple[str, ...]) -> None:
    """Nobody is erased by mistake."""
    outcome = gateway("audit", "erase", *arguments, "--ledger", file)

    assert outcome.code == 2
    assert "one tenant or one subject" in outcome.err


def test_an_erasure_while_somebody_reads_is_to_be_finished(
    gateway: Gateway, file: Path, write_policy: WritePolicy
) -> None:
    """The key may be in the file's log still; asked again, it is emptied."""
    policy = write_policy(ledger=f"{file}, busy_timeout_s: 0.01")
    with closing(sqlite3.connect(file, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM audit").fetchone()
        held = gateway("audit", "erase", "--subject", "jane", "--policy", policy)

    finished = gateway("audit", "erase", "--subject", "jane", "--policy", policy)

    assert (held.code, finished.code) == (2, 1)
    assert "run this again" in held.err


def test_a_sealed_trail_asks_for_its_key(gateway: Gateway, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it nothing is said of the trail, and nobody is erased."""
    monkeypatch.setenv("GATEWAY_AUDIT_KEY", KEY)
    gateway("audit", "seal", "--ledger", file)
    leak(file)
    sealed = gateway("audit", "verify", "--ledger", file)
    monkeypatch.delenv("GATEWAY_AUDIT_KEY")

    without = [
        gateway("audit", *command, "--ledger", file)
        for command in (("verify",), ("prove",), ("head",), ("erase", "--subject", "jane"))
    ]

    assert sealed.code == 0
    assert "2 of them sealed with your key" in sealed.out
    assert [outcome.code for outcome in without] == [2] * 4
    assert all("GATEWAY_AUDIT_KEY" in outcome.err for outcome in without)


def test_what_was_booked_without_evidence_is_shown_as_unknown(gateway: Gateway, home: Path) -> None:
    """Unknown is not local, and proves nothing."""

    async def bare() -> None:
        async with sqlite.build(sqlite.Options(path="bare.sqlite3")) as ledger:
            await ledger.record(ledger_entry("bare"))

    run(bare())

    outcome = gateway("audit", "prove", "--ledger", "bare.sqlite3")

    assert outcome.code == 1
    assert "NOT PROVED: not all of it can be proved" in outcome.out
    assert "unknown" in outcome.out
    assert "1 call whose backend's clearance is not recorded" in outcome.out


def test_requests_from_before_the_trail_are_not_proved(gateway: Gateway, home: Path) -> None:
    """Those that are asked about stand in the way, others are a note."""
    path = home / "old.sqlite3"
    write(path, ledger_of("old", evidence()), ledger_of("older", evidence(label=INTERNAL)))
    # As if it came from an earlier version: no trail yet.
    older(path, 2)
    write(path, ledger_of("new", evidence()))

    phi = gateway("audit", "prove", "--tag", "phi", "--ledger", path)
    legal = gateway("audit", "prove", "--tag", "legal", "--ledger", path)
    verified = gateway("audit", "verify", "--ledger", path)

    assert (phi.code, legal.code, verified.code) == (1, 0, 0)
    assert "1 request from before the trail began" in phi.out
    assert "2 entries on the books are older than the trail" in legal.out


def test_what_was_stopped_and_compared_is_told(gateway: Gateway, write_policy: WritePolicy, home: Path) -> None:
    """And what `gateway route` does is in the trail of the policy's ledger."""
    policy = write_policy()
    gateway("route", "Where?", "--policy", policy, "--tag", "phi")
    told = evidence(contact(FOREIGN, stopped=True, error="not_cleared"))
    write(home / "ledger.sqlite3", ledger_of("stopped", told))

    outcome = gateway("audit", "prove", "--tag", "phi", "--policy", policy)

    assert outcome.code == 0
    assert "requests     2: 2 answered" in outcome.out
    assert "calls        1 of 1 host, 1 of them local; 1 more were stopped before anything was sent" in outcome.out


def test_the_page_fits_a_terminal(on_terminal: OnTerminal, file: Path) -> None:
    """No line is wider than the screen."""
    outcome = on_terminal("audit", "prove", "--ledger", file, columns=100)

    assert "PROVED" in outcome.out
    assert all(len(line) <= 100 for line in outcome.out.splitlines())
