"""`gateway audit seal`: a trail that has requests already is sealed because somebody says so, and `verify` tells."""

import asyncio
import json
from pathlib import Path

import pytest
from support.command import Gateway
from support.trails import booked, evidence

from gateway.ledgers import sqlite

KEY = "a key that nobody else knows"


@pytest.fixture
def file(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A ledger of two requests that nobody sealed."""
    monkeypatch.delenv("GATEWAY_AUDIT_KEY", raising=False)
    asyncio.run(write(home / "ledger.sqlite3", "first", "second"))
    return home / "ledger.sqlite3"


async def write(path: Path, *names: str) -> None:
    """Put requests on the books of a file."""
    async with sqlite.build(sqlite.Options(path=str(path))) as ledger:
        for name in names:
            await ledger.record(booked(name, evidence()), evidence())


def test_what_was_there_before_the_seal_is_said_to_be_unsealed(
    gateway: Gateway, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a line of its own, and in JSON; the trail is whole all the same."""
    monkeypatch.setenv("GATEWAY_AUDIT_KEY", KEY)

    sealed = gateway("audit", "seal", "--ledger", file)

    asyncio.run(write(file, "third"))
    verified = gateway("audit", "verify", "--ledger", file)
    told = json.loads(gateway("audit", "verify", "--json", "--ledger", file).out)
    assert (sealed.code, verified.code) == (0, 0)
    assert sealed.out.startswith("sealed from record 4 on; 3 records before it are not sealed\n4:")
    assert "records 1 to 3 are not sealed" in verified.out
    assert (told["trail"]["sealed_records"], told["trail"]["unsealed_records"]) == (2, 3)


def test_a_seal_is_json_once(gateway: Gateway, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second one is refused: the trail is left as it is."""
    monkeypatch.setenv("GATEWAY_AUDIT_KEY", KEY)

    first, second = (gateway("audit", "seal", "--json", "--ledger", file) for _ in range(2))

    told = json.loads(first.out)
    assert (told["schema"], told["unsealed_records"]) == ("gateway.audit.seal/1", 3)
    assert second.code == 2
    assert "sealed already" in second.err


def test_a_seal_asks_for_a_key(gateway: Gateway, file: Path) -> None:
    """Without one there is nothing to seal with."""
    outcome = gateway("audit", "seal", "--ledger", file)

    assert outcome.code == 2
    assert "GATEWAY_AUDIT_KEY" in outcome.err
