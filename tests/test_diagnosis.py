"""What the gateway finds on a machine: only what is there, and nothing is made or asked on the way."""

import os
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from support.entries import ledger_entry
from support.policies import mock, policy
from support.wire_servers import Answer, WireServer

from gateway import diagnosis
from gateway.diagnosis import Diagnosis, PolicyState, diagnose, local_servers
from gateway.ledgers import sqlite
from gateway.ledgers.sqlite import SqliteReader
from gateway.policy.models import Policy

STATE = PolicyState(path="policy.yaml", chosen_by="--policy")


@pytest.fixture(autouse=True)
def no_local_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    """What runs on the usual ports of the machine under test is not the test's business."""
    monkeypatch.setattr(diagnosis, "USUAL_PORTS", {})


async def look(given: Policy | None, ledger: Path | None = None, **environ: str) -> Diagnosis:
    """Look with an environment of the test's own."""
    books = None if ledger is None else SqliteReader(ledger)
    return await diagnose(given, state=STATE, ledger=books, environ=environ)


async def test_a_server_is_found_with_its_models(openai_server: WireServer) -> None:
    """A user sees which model names a policy can use."""
    (server,) = await local_servers({"vLLM": port_of(openai_server)})

    assert (server.models, server.note) == (("first-model", "second-model"), "")


@pytest.mark.parametrize("body", [b"<html>", {"data": "none"}, {"models": []}, []])
async def test_something_else_on_the_port_is_no_server(openai_server: WireServer, body: object) -> None:
    """A web application on port 8080 is not taken for llama.cpp."""
    openai_server.answers = [Answer(status=404, body=body)]

    (server,) = await local_servers({"llama.cpp": port_of(openai_server)})

    assert (server.models, server.note) == (None, "something answers with status 404 and lists no models")


async def test_a_silent_port_is_given_up(openai_server: WireServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The look ends also where nobody answers."""
    monkeypatch.setattr(diagnosis, "PROBE_S", 0.05)
    openai_server.answers = [Answer(then="hang")]

    (server,) = await local_servers({"llama.cpp": port_of(openai_server)})

    assert server.note == "something there does not answer"


async def test_every_backend_has_its_own_reason() -> None:
    """One that is missing does not hide the others, nor need it be optional."""
    given = policy({"gone": {**mock(), "kind": "openai_http", "urls": ["http://127.0.0.1:9"]}, "here": mock()})

    found = await look(given)

    gone, here = found.backends
    assert "127.0.0.1:9" in str(gone.missing)
    assert here.missing is None
    assert found.can_answer


async def test_nobody_can_answer_a_policy_that_cannot_be_opened() -> None:
    """What keeps the whole policy closed is every backend's reason."""
    given = policy({"llama": mock(licence="no-such-licence")})

    found = await look(given)

    assert "no-such-licence" in str(found.backends[0].missing)
    assert not found.can_answer


async def test_a_broken_policy_has_no_backends() -> None:
    """The rest is looked for all the same."""
    found = await look(None)

    assert (found.backends, found.can_answer, found.policy) == ((), False, STATE)


async def test_keys_are_reported_by_name() -> None:
    """An empty variable is no key."""
    found = await look(None, OPENAI_API_KEY="sk-1", GROQ_API_KEY=" ")

    assert found.keys == ("OPENAI_API_KEY",)
    assert "sk-1" not in repr(found)


async def test_looking_makes_no_ledger(tmp_path: Path) -> None:
    """A ledger that is not there yet can be made, and is not made by looking."""
    found = await look(None, tmp_path / "deep" / "ledger.sqlite3")

    assert (found.ledger.entries, found.ledger.writable) == (0, True)
    assert not (tmp_path / "deep").exists()


async def test_entries_are_counted(tmp_path: Path) -> None:
    """The figure is that of the file."""
    path = tmp_path / "ledger.sqlite3"
    async with sqlite.build(sqlite.Options(path=str(path))) as ledger:
        await ledger.record(ledger_entry("one"))

    found = await look(None, path)

    assert (found.ledger.entries, found.ledger.writable) == (1, os.access(path, os.W_OK))


async def test_a_file_that_is_no_ledger_is_a_problem(tmp_path: Path) -> None:
    """It is neither counted nor called writable."""
    path = tmp_path / "notes.txt"
    path.write_text("notes")

    found = await look(None, path)

    assert (found.ledger.entries, found.ledger.writable) == (None, False)
    assert "notes.txt" in str(found.ledger.problem)


async def test_a_path_through_a_file_cannot_be_made(tmp_path: Path) -> None:
    """A folder that is a file is no place for a ledger."""
    (tmp_path / "file").write_text("")

    found = await look(None, tmp_path / "file" / "ledger.sqlite3")

    assert not found.ledger.writable


def port_of(server: WireServer) -> int:
    """Return the port that a test's server listens on."""
    port = urlsplit(server.url).port
    assert port is not None
    return port
