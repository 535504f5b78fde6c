"""How good local answers are, by those that were drawn at random."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.entries import NOON, attempt_record, ledger_entry

from gateway.entries import HoldoutRecord
from gateway.training.compared import compare, estimate, reading


def record(entry_id: str, score: float | None) -> HoldoutRecord:
    return HoldoutRecord(
        entry_id=entry_id, attempt=attempt_record(backend="frontier", purpose="holdout", score=score), at=NOON
    )


@pytest.mark.parametrize(("accepted", "said"), [(True, "accepted"), (None, "not judged"), (False, "rejected")])
def test_a_reading_is_what_the_judges_said_of_the_answer(accepted: bool | None, said: str) -> None:
    """Of the answer that was given, and not of opinions or of calls that failed."""
    attempts = (
        attempt_record(accepted=True, purpose="judge"),
        attempt_record(accepted=accepted),
        attempt_record(accepted=None, error="timeout"),
    )

    assert reading(ledger_entry("a", holdout=True, attempts=attempts)) == said


def test_an_entry_that_was_not_drawn_has_no_reading() -> None:
    """It is not part of the sample."""
    assert reading(ledger_entry("a", holdout=False)) is None


def test_answers_are_told_apart_by_what_the_judges_said() -> None:
    """And what failed, or was never asked, is counted."""
    found = compare(
        {"a": "accepted", "b": "accepted", "c": "not judged", "d": "accepted", "e": "accepted"},
        [record("a", 1.0), record("b", 0.5), record("c", 0.0), record("d", None), record("elsewhere", 1.0)],
    )

    assert (found.drawn, found.failed) == (5, 2)
    assert found.agreement is not None
    assert (found.agreement.count, found.agreement.mean) == (3, 0.5)
    assert {name: (part.count, part.mean) for name, part in found.by_reading.items()} == {
        "accepted": (2, 0.75),
        "not judged": (1, 0.0),
    }


def test_nothing_compared_is_unknown() -> None:
    """And not 0."""
    assert compare({"a": "accepted"}, []).agreement is None


def test_the_interval_is_wilsons() -> None:
    """81 of 263, the example of Wilson's interval in textbooks: 0.2553 to 0.3662."""
    found = estimate([1.0] * 81 + [0.0] * 182)

    assert found.low == pytest.approx(0.2553, abs=1e-4)
    assert found.high == pytest.approx(0.3662, abs=1e-4)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=50))
def test_an_interval_holds_its_mean(scores: list[float]) -> None:
    """Also where all agree: certainty does not come from a few."""
    found = estimate(scores)

    assert 0 <= found.low <= found.mean + 1e-12
    assert found.mean - 1e-12 <= found.high <= 1
    assert found.high - found.low > 0.01
