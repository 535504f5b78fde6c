"""`gateway audit prove` of a name that nobody has: a slip proves nothing, a right name without requests does."""

import asyncio
import json
from pathlib import Path

import pytest
from support.command import Gateway
from support.trails import booked, evidence

from gateway.ledgers import sqlite
from gateway.types import Label, Level

POLICY = """
version: 1
backends: {llama: {kind: mock, model: small, local: true, clearance: restricted, answers: [Yes.]}}
tags: {works_council: confidential}
rules: [{name: default, use: [llama]}]
"""


@pytest.fixture
def file(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A ledger of one request, with a tag of its caller's own."""
    monkeypatch.delenv("GATEWAY_AUDIT_KEY", raising=False)

    async def write() -> None:
        told = evidence(label=Label(level=Level.INTERNAL, kinds=frozenset({"project_x"})))
        async with sqlite.build(sqlite.Options(path=str(home / "ledger.sqlite3"))) as ledger:
            await ledger.record(booked("first", told), told)

    asyncio.run(write())
    return home / "ledger.sqlite3"


@pytest.mark.parametrize("option", ["--tag", "--kind"])
def test_a_slip_proves_nothing(gateway: Gateway, file: Path, option: str) -> None:
    """Neither on the page nor for programs, also beside a name that is right."""
    page = gateway("audit", "prove", option, "phii", option, "phi", "--ledger", file)
    told = json.loads(gateway("audit", "prove", option, "phii", "--json", "--ledger", file).out)

    assert page.code == 1
    assert page.out.startswith("NOT PROVED")
    assert "'phii': no record has it: is the name right?" in page.out
    assert (told["proved"], told["unproved"]["unknown_names"]) == (False, ["phii"])


@pytest.mark.parametrize(("tag", "requests"), [("phi", 0), ("project_x", 1), ("works_council", 0)])
def test_a_name_that_is_built_in_or_recorded_or_of_the_policy_is_right(
    gateway: Gateway, file: Path, tag: str, requests: int
) -> None:
    """With requests or without."""
    (file.parent / "own.yaml").write_text(POLICY)

    outcome = gateway("audit", "prove", "--tag", tag, "--json", "--ledger", file, "--policy", file.parent / "own.yaml")

    told = json.loads(outcome.out)
    assert (outcome.code, told["proved"], told["requests"]) == (0, True, requests)


def test_a_policy_that_cannot_be_read_is_needed_only_where_it_is_named(
    gateway: Gateway, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A trail can be looked at elsewhere than where it was written."""
    (file.parent / "broken.yaml").write_text("version: 7")
    monkeypatch.setenv("GATEWAY_POLICY", str(file.parent / "broken.yaml"))

    unnamed = gateway("audit", "prove", "--tag", "phi", "--ledger", file)
    named = gateway("audit", "prove", "--tag", "phi", "--ledger", file, "--policy", file.parent / "broken.yaml")

    assert (unnamed.code, named.code) == (0, 2)
