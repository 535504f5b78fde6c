"""`gateway ledger replay`: what a ledger did not take, looked at and written by hand."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.command import Gateway
from support.entries import ledger_entry
from support.spools import Lock, ids, place_of

from gateway import keeping
from gateway.ledgers.sqlite import read_proof
from gateway.spool import Spool, Spooled, spools
from gateway.types import Money


@pytest.fixture(autouse=True)
def path(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty ledger."""
    path = home / "ledger.db"
    monkeypatch.setenv("GATEWAY_LEDGER", str(path))
    with keeping.session(path, key=None):
        pass
    return path


def left(path: Path, *names: str) -> Path:
    """Leave a spool as a process does that was killed."""
    spool = Spool.make(place_of(path), most=1 << 20)
    for name in names:
        spool.append(Spooled(ledger_entry(name), None))
    spool.close()
    return spool.path


def words(text: str) -> str:
    """Return what is printed without its frame and its lines."""
    return " ".join(text.replace("│", " ").split())


@pytest.fixture
def running(path: Path) -> Iterator[Path]:
    """The spool of a process that runs."""
    spool = Spool.make(place_of(path), most=1 << 20)
    spool.append(Spooled(ledger_entry("theirs"), None))
    yield spool.path
    spool.remove()


def test_what_waits_is_written(gateway: Gateway, path: Path) -> None:
    """Once, also where it was written before; nothing is left."""
    left(path, "one", "two")
    left(path, "two", "three")

    done = gateway("ledger", "replay")

    assert (done.code, done.out.splitlines()[-1]) == (0, "written: 4 entries")
    assert (sorted(ids(path)), read_proof(path).requests) == (["one", "three", "two"], 3)
    assert spools(place_of(path)) == []


def test_nothing_to_write_is_said(gateway: Gateway, path: Path) -> None:
    """It is the usual state."""
    done = gateway("ledger", "replay")

    assert (done.code, done.out) == (0, "nothing waits\n")


def test_it_shows_what_waits_and_where(gateway: Gateway, path: Path, running: Path) -> None:
    """Without writing anything; a process that has nothing to write is passed over."""
    spool = left(path, "one", "two")
    idle = Spool.make(place_of(path), most=1 << 20)

    done = gateway("ledger", "replay", "--show", "--json")
    shown = gateway("ledger", "replay", "--show")
    idle.remove()

    told = json.loads(done.out)
    states = {one["file"]: (one["entries"], one["state"]) for one in told["spools"]}
    assert (done.code, told["written"]) == (0, 0)
    assert states == {str(spool): (2, "left"), str(running): (1, "in use")}
    assert told["spools"][0]["since"].endswith("+00:00")
    assert "its process has ended" in shown.out
    assert "of a running process, which writes it itself" in shown.out
    assert "nothing was written" in shown.err
    assert ids(path) == []


def test_a_running_processs_spool_is_left_to_it(gateway: Gateway, path: Path, running: Path) -> None:
    """It writes it as soon as the ledger works."""
    left(path, "one")

    done = gateway("ledger", "replay", "--json")

    assert (done.code, json.loads(done.out)["written"], ids(path)) == (0, 1, ["one"])
    assert running.exists()


def test_a_line_that_cannot_be_booked_is_set_aside(gateway: Gateway, path: Path) -> None:
    """And said; the others are written."""
    spool = Spool.make(place_of(path), most=1 << 20)
    for entry in (ledger_entry("impossible", cost=Money(2**63)), ledger_entry("fine")):
        spool.append(Spooled(entry, None))
    spool.close()

    done = gateway("ledger", "replay")

    assert (done.code, ids(path)) == (1, ["fine"])
    assert "1 line cannot be booked; see the *.spool-unreadable file in" in words(done.err)
    assert "impossible" in path.with_name("ledger.db.spool-unreadable").read_text()


def test_what_is_no_spool_is_left_as_it_is(gateway: Gateway, path: Path) -> None:
    """The command could not do all of its work."""
    foreign = path.with_name("ledger.db.spool-0-foreign")
    foreign.write_text("of another version")
    left(path, "one")

    done = gateway("ledger", "replay")

    assert (done.code, ids(path), foreign.read_text()) == (1, ["one"], "of another version")
    assert "no spool, or of another version" in done.out


def test_a_ledger_that_is_still_down_leaves_all_as_it_is(
    gateway: Gateway, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says why, and nothing is lost."""
    policy = tmp_path / "policy.yaml"
    policy.write_text(
        f"version: 1\nledger: {{kind: sqlite, path: {path}, busy_timeout_s: 0}}\n"
        "backends: {llama: {kind: mock, model: m, clearance: restricted, local: true}}\n"
        "rules: [{name: default, use: llama}]\n"
    )
    left(path, "one")
    lock = Lock(path)

    done = gateway("ledger", "replay", "--policy", str(policy))
    lock.release()

    assert done.code == 2
    assert "locked" in words(done.err)
    again = gateway("ledger", "replay")
    assert (again.code, ids(path)) == (0, ["one"])


def test_a_ledger_without_a_spool_says_so(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """One in memory takes all."""
    monkeypatch.setenv("GATEWAY_LEDGER", "memory")

    done = gateway("ledger", "replay")

    assert (done.code, "has no spool" in done.err) == (2, True)


@pytest.mark.parametrize("command", [("audit", "erase", "--subject", "jane"), ("ledger", "close", "2026-10")])
def test_what_waiting_entries_would_be_missed_by_is_refused(
    gateway: Gateway, path: Path, command: tuple[str, ...]
) -> None:
    """An erasure and a close count all entries; the remedy is named."""
    left(path, "one")

    refused = gateway(*command)
    gateway("ledger", "replay")
    done = gateway(*command)

    assert refused.code == 2
    assert "entries in a spool would be missed (1); run `gateway ledger replay` first" in words(refused.err)
    assert done.code != 2


def test_the_doctor_says_what_waits(gateway: Gateway, path: Path) -> None:
    """Where the ledger stands, since when, and what of it needs people."""
    before = gateway("doctor")
    left(path, "one", "two")
    path.with_name("ledger.db.spool-0-foreign").write_text("of another version")
    path.with_name("ledger.db.spool-unreadable").write_text("a line\nand another\n")

    done = gateway("doctor")
    told = json.loads(gateway("doctor", "--json").out)["ledger"]

    assert "spool " not in words(before.out)
    assert "2 entries wait, the oldest for 0 s; see `gateway ledger replay`" in words(done.out)
    assert "1 file is no spool, or of another version; see `gateway ledger replay --show`" in words(done.out)
    assert "2 lines no ledger could take: " in words(done.out)
    assert (told["waiting"], told["unreadable"], told["set_aside"]) == (2, 1, 2)
    assert told["aside"].endswith("ledger.db.spool-unreadable")
    assert 0 <= told["lag_s"] < 3600


def test_what_was_set_aside_is_no_spool(gateway: Gateway, path: Path) -> None:
    """People look into it; the command has done its work."""
    path.with_name("ledger.db.spool-unreadable").write_text("a line\n")
    left(path, "one")

    done = gateway("ledger", "replay")

    assert (done.code, ids(path)) == (0, ["one"])
