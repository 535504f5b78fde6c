"""`gateway doctor`: what was looked for and found, and one line of remedy where nobody could answer."""

import json
from pathlib import Path

import pytest
from support.command import Gateway, WritePolicy

from gateway import diagnosis

NOBODY = """\
version: 1
backends:
  server: {kind: openai_http, model: m, urls: ["http://127.0.0.1:9"], clearance: restricted, optional: true}
ledger: {kind: sqlite, path: ledger.sqlite3}
rules: [{name: default, use: [server]}]
"""


@pytest.fixture(autouse=True)
def no_local_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    """What runs on the usual ports of the machine under test is not the test's business."""
    monkeypatch.setattr("gateway.diagnosis.USUAL_PORTS", {"llama.cpp": 9})


def test_everything_that_was_looked_for_is_listed(gateway: Gateway, write_policy: WritePolicy) -> None:
    """Versions, policy, keys, the embedded engine, the ledger, servers and backends."""
    path = write_policy()

    outcome = gateway("doctor", "--policy", path)

    assert outcome.code == 0
    names = [line.split(" ")[0] for line in outcome.out.splitlines()]
    assert [name for name in names if name] == (
        ["versions", "policy", "keys", "embedded", "ledger", "servers", "llama", "frontier", "2"]
    )
    assert f"{path} (--policy)" in outcome.out
    assert "it has no tests" in outcome.out
    assert "ledger.sqlite3, 0 entries, writable" in outcome.out
    assert "nothing there" in outcome.out


def test_keys_are_named_and_never_shown(
    gateway: Gateway, write_policy: WritePolicy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key's name says enough."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")

    outcome = gateway("doctor", "--policy", write_policy())

    assert "keys      OPENAI_API_KEY" in outcome.out
    assert "very-secret" not in outcome.out + outcome.err


def test_nobody_to_answer_exits_with_1_and_says_what_to_start(gateway: Gateway, home: Path) -> None:
    """One line with what to start or set."""
    (home / "policy.yaml").write_text(NOBODY)

    outcome = gateway("doctor", "--policy", "policy.yaml")

    assert outcome.code == 1
    assert "127.0.0.1:9" in outcome.out
    assert len(outcome.err.splitlines()) == 1
    assert "ollama serve" in outcome.err


def test_a_broken_policy_is_shown_with_its_faults(gateway: Gateway, home: Path) -> None:
    """The doctor does not fail over what it is there to find."""
    (home / "broken.yaml").write_text("version: 1\n")

    outcome = gateway("doctor", "--policy", "broken.yaml")

    assert outcome.code == 1
    assert "it cannot be used:" in outcome.out
    assert "broken.yaml" in outcome.out
    assert outcome.err == "error: nobody could answer: mend the policy first\n"


def test_failing_tests_of_the_policy_are_named(gateway: Gateway, write_policy: WritePolicy) -> None:
    """A policy that does not do what it says is not called fine."""
    tests = "tests: [{name: odd, request: {text: hi}, expect: {first: frontier}}]"

    outcome = gateway("doctor", "--policy", write_policy(more=tests))

    assert "1 of its 1 tests fail: odd" in outcome.out


def test_a_policy_of_the_environment_is_said(
    gateway: Gateway, write_policy: WritePolicy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user sees which of the places won."""
    monkeypatch.setenv("GATEWAY_POLICY", str(write_policy()))

    outcome = gateway("doctor")

    assert "(GATEWAY_POLICY)" in outcome.out


def test_a_policy_of_the_folder_is_said(gateway: Gateway, home: Path, write_policy: WritePolicy) -> None:
    """`policies/default.yaml` is found without being named."""
    (home / "policies").mkdir()
    write_policy("policies/default.yaml")

    outcome = gateway("doctor")

    assert "policies/default.yaml (found here)" in outcome.out


def test_without_any_the_packaged_policy_is_looked_at(gateway: Gateway) -> None:
    """A fresh installation has a policy."""
    outcome = gateway("doctor")

    assert "(packaged with hybrid-gateway)" in outcome.out


def test_a_program_gets_json(gateway: Gateway, write_policy: WritePolicy) -> None:
    """Everything by name, with whether anybody could answer."""
    outcome = gateway("doctor", "--json", "--policy", write_policy())

    found = json.loads(outcome.out)
    assert found["can_answer"]
    assert found["versions"]["python"]
    assert [backend["missing"] for backend in found["backends"]] == [None, None]
    assert found["servers"][0]["models"] is None


def test_a_ledger_that_is_none_is_said(gateway: Gateway, write_policy: WritePolicy, home: Path) -> None:
    """A file of somebody else in its place is named."""
    (home / "notes.txt").write_text("notes")

    outcome = gateway("doctor", "--policy", write_policy(), "--ledger", "notes.txt")

    assert "notes.txt" in outcome.out
    assert "entries" not in outcome.out


def test_a_ledger_in_memory_is_said(gateway: Gateway, home: Path) -> None:
    """Without a file nothing survives the process."""
    (home / "policy.yaml").write_text(NOBODY.replace("{kind: sqlite, path: ledger.sqlite3}", "memory"))

    outcome = gateway("doctor", "--policy", "policy.yaml")

    assert "ledger    memory" in outcome.out


def test_an_absent_extra_says_how_to_install_it(
    gateway: Gateway, write_policy: WritePolicy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The embedded engine is optional."""
    monkeypatch.setattr(diagnosis, "EMBEDDED", "no-such-package")

    outcome = gateway("doctor", "--policy", write_policy())

    assert 'not installed: pip install "hybrid-gateway[embedded]"' in outcome.out
