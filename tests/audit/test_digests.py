"""The digest of an entry: the same before and after a file kept it, another after any change but an erasure."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.entries import attempt_record, ledger_entry

from gateway.audit.digests import entry_digest
from gateway.entries import LedgerEntry
from gateway.ledgers import sqlite
from gateway.types import Level, Money


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"duration_s": 1, "difficulty": -0.0, "cost": None, "local": None},
        {"attempts": (attempt_record(score=None, accepted=None, error="timeout"), attempt_record(duration_s=1e-9))},
        {"task": "\ud800", "rule": "nul\0", "tags": ("\udfff", "ä")},
        {"attempts": (attempt_record(score=float("nan")),)},
    ],
)
async def test_a_file_gives_back_what_was_digested(tmp_path: Path, fields: dict[str, Any]) -> None:
    """Whatever the numbers and names are."""
    entry = ledger_entry("one", **fields)
    async with sqlite.build(sqlite.Options(path=str(tmp_path / "ledger.db"))) as ledger:
        await ledger.record(entry)
        (kept,) = await ledger.entries()

        assert entry_digest(kept) == entry_digest(entry)
        assert (await ledger.trail.prove()).is_whole


@pytest.mark.parametrize(
    "change",
    [
        {"id": "other"}, {"backend": "other"}, {"model": None}, {"local": False}, {"local": None}, {"licence": "x"},
        {"level": Level.PUBLIC}, {"tags": ("pii", "phi")}, {"kinds": ()}, {"task": "None"}, {"rule": None},
        {"cost": Money(1)}, {"baseline_cost": None}, {"duration_s": 0.31}, {"difficulty": None}, {"streamed": True},
        {"holdout": True}, {"attempts": ()}, {"attempts": (attempt_record(model="x"),)},
        {"attempts": (attempt_record(accepted=False),)}, {"attempts": (attempt_record(), attempt_record())},
    ],
)  # fmt: skip
def test_any_change_is_another_digest(change: dict[str, Any]) -> None:
    """One field is enough."""
    entry = ledger_entry("one")

    assert entry_digest(replace(entry, **change)) != entry_digest(entry)


def test_an_erasure_leaves_the_digest() -> None:
    """What is taken from the books then is not in it."""
    entry = ledger_entry("one", request_id="ticket", features=b"x", classifier="c")

    freed = replace(entry, tenant="erased-0", request_id=None, features=None, classifier=None)

    assert entry_digest(freed) == entry_digest(entry)


@pytest.mark.parametrize(
    ("entry", "digest"),
    [
        (ledger_entry("one"), "eeb8e4cec5baba1ea0c709ae02c4660d1dbf0f6a233aaafd036d7ed4d3e75ba0"),
        (
            ledger_entry(
                "two",
                team="sales",
                status="exhausted",
                managed_cost=Money(7),
                difficulty=None,
                attempts=(attempt_record(error="timeout", score=None), attempt_record(first_token_s=0.5)),
            ),
            "afa2d1db62e8e15d8a160d0c426bcebcc2535c9bba0188fb1ba4dbf6ff839666",
        ),
    ],
)
def test_the_digests_of_older_records_hold(entry: LedgerEntry, digest: str) -> None:
    """They stand in trails that are out there."""
    assert entry_digest(entry) == digest
