"""How far traffic has moved."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import ConfigurationError
from gateway.training.drift import drift, stability

EVEN = (0.1,) * 10
SPREAD = [number / 1000 + 0.0005 for number in range(1000)]


def test_the_same_shares_are_alike() -> None:
    """The index of what has not moved is 0."""
    found = drift(SPREAD, EVEN)

    assert (found.requests, found.verdict) == (1000, "alike")
    assert found.psi == pytest.approx(0)


def test_the_index_is_that_of_the_textbook() -> None:
    """Sum of (seen - expected) * ln(seen / expected)."""
    assert stability((0.5, 0.5), (0.6, 0.4)) == pytest.approx(0.1 * 0.1823216 + 0.1 * 0.2231436, abs=1e-6)


@pytest.mark.parametrize(
    ("hard", "verdict"),
    [(100, "alike"), (200, "moving"), (400, "different")],
)
def test_traffic_that_turns_hard_is_told_by_degrees(hard: int, verdict: str) -> None:
    """So many hard requests beside a thousand of every kind."""
    assert drift([*SPREAD, *[0.95] * hard], EVEN).verdict == verdict


def test_few_requests_say_nothing() -> None:
    """However far they are."""
    found = drift([0.95] * 199, EVEN)

    assert (found.psi, found.verdict) == (None, "too few")


def test_a_tenth_that_stays_away_is_no_infinity() -> None:
    """A share of nothing has no logarithm."""
    found = drift([0.95] * 200, (1.0, *[0.0] * 9))

    assert found.psi is not None
    assert found.verdict == "different"
    assert found.psi < 20


@pytest.mark.parametrize("learned", [(), (0.5, 0.5), (0.0,) * 10])
def test_a_model_that_does_not_say_what_it_learned_on_is_refused(learned: tuple[float, ...]) -> None:
    """There is nothing to compare with."""
    with pytest.raises(ConfigurationError, match="train it anew"):
        drift(SPREAD, learned)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40), st.integers(200, 400))
def test_the_index_is_never_below_zero(some: list[float], count: int) -> None:
    """Whatever comes, every request is in a bin."""
    difficulties = (some * count)[:count]

    found = drift(difficulties, EVEN)

    assert found.requests == len(difficulties)
    assert sum(found.seen) == pytest.approx(1)
    assert found.psi is not None
    assert found.psi >= 0
