"""What is learned from: answers with an outcome, read from the file of the books."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.entries import NOON, attempt_record, ledger_entry

from gateway.entries import Example, Feedback, HoldoutRecord
from gateway.ledgers import sqlite
from gateway.ledgers.sqlite import SqliteLedger, read_examples

VECTOR = b"\x00\xff"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


def said(entry_id: str, score: float, *, after_s: int = 0, source: str = "caller", tenant: str = "acme") -> Feedback:
    """Return feedback some seconds after noon."""
    at = NOON + timedelta(seconds=after_s)
    return Feedback(entry_id=entry_id, score=score, source=source, at=at, tenant=tenant)


def compared(entry_id: str, score: float | None, *, after_s: int = 0) -> HoldoutRecord:
    """Return a comparison some seconds after noon."""
    attempt = attempt_record(backend="strong", purpose="holdout", score=score)
    return HoldoutRecord(entry_id=entry_id, attempt=attempt, at=NOON + timedelta(seconds=after_s))


async def learn(ledger: SqliteLedger, entry_id: str, *outcomes: Feedback | HoldoutRecord, **fields: Any) -> None:
    """Record an entry and what became known of it."""
    await ledger.record(ledger_entry(entry_id, **{"features": VECTOR, "classifier": "model-7", **fields}))
    for outcome in outcomes:
        if isinstance(outcome, Feedback):
            await ledger.feedback(outcome)
        else:
            await ledger.holdout(outcome)


async def test_an_example_is_an_answer_and_what_was_said_of_it(path: Path) -> None:
    """What the classifier and the judges said stands beside the outcome, with whose it is and when."""
    calls = (
        attempt_record(backend="strong", purpose="judge", score=0.1),
        attempt_record(error="timeout", score=None),
        attempt_record(score=0.9),
    )
    async with sqlite.build(sqlite.Options(path=str(path))) as ledger:
        await learn(ledger, "a", said("a", 0.25, source="agent"), attempts=calls)

    assert list(read_examples(path)) == [
        Example(
            features=VECTOR,
            classifier="model-7",
            difficulty=0.31,
            judge_score=0.9,
            backend="llama",
            local=True,
            tenant="acme",
            outcome=0.25,
            source="agent",
            at=NOON,
            model="llama-3.1-8b-instruct",
            licence="llama-3.1",
        )
    ]


async def test_outcomes_are_the_latest_of_each_source_and_comparisons_with_a_score(path: Path) -> None:
    """An entry that several judged is several examples; a comparison that failed says nothing."""
    async with sqlite.build(sqlite.Options(path=str(path))) as ledger:
        await learn(
            ledger,
            "a",
            said("a", 0.0),
            said("a", 1.0, after_s=1),
            said("a", 0.5, after_s=3, source="agent"),
            compared("a", 0.75, after_s=2),
        )
        await learn(ledger, "b", compared("b", None))
        await learn(ledger, "unjudged")

    assert [(one.source, one.outcome) for one in read_examples(path)] == [
        ("caller", 1.0),
        ("holdout", 0.75),
        ("agent", 0.5),
    ]


async def test_an_answer_without_features_is_an_example_all_the_same(path: Path) -> None:
    """Judges can be measured by it; what is not known is None."""
    async with sqlite.build(sqlite.Options(path=str(path))) as ledger:
        unknown = {"features": None, "classifier": None, "difficulty": None, "attempts": (attempt_record(score=None),)}
        await learn(ledger, "a", said("a", 1.0), **unknown)

    (one,) = read_examples(path)
    assert (one.features, one.classifier, one.difficulty, one.judge_score) == (None, None, None, None)


async def test_a_request_that_nobody_answered_is_no_example(path: Path) -> None:
    """There is no answer to judge."""
    async with sqlite.build(sqlite.Options(path=str(path))) as ledger:
        await learn(ledger, "a", said("a", 0.0), backend=None, status="refused", attempts=())

    assert list(read_examples(path)) == []


async def test_of_a_tenant_the_newest_are_read(path: Path) -> None:
    """One who says much teaches no more than the others; requests of no tenant count as one."""
    async with sqlite.build(sqlite.Options(path=str(path))) as ledger:
        for number in range(5):
            await learn(ledger, f"a{number}", said(f"a{number}", number / 10, after_s=number))
            await learn(ledger, f"n{number}", said(f"n{number}", number / 10, after_s=number), tenant=None)
        await learn(ledger, "b", said("b", 1.0, tenant="other"), tenant="other")

    found = [(one.tenant, one.outcome) for one in read_examples(path, most_per_tenant=2)]

    assert sorted(found, key=repr) == sorted(
        [("acme", 0.3), ("acme", 0.4), (None, 0.3), (None, 0.4), ("other", 1.0)], key=repr
    )


async def test_no_example_shows_its_features(path: Path) -> None:
    """A vector is not printed by accident."""
    async with sqlite.build(sqlite.Options(path=str(path))) as ledger:
        await learn(ledger, "a", said("a", 1.0), features=b"canary")

    assert "canary" not in repr(list(read_examples(path)))
