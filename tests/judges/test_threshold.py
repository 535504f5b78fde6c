"""How far the stakes move what a judge asks for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.judges import ScriptedInquiry

from gateway.judges._threshold import demanded, told

shares = st.floats(0, 1)
stakes = st.floats(0.001, 1000)


@pytest.mark.parametrize(
    ("at_least", "stake", "score"),
    [(0.8, 1, 0.8), (0.8, 2, 0.9), (0.8, 0.5, 0.6), (0.3, 0.5, 0.0), (1.0, 0.5, 1.0), (0.0, 4, 0.75), (0.1, 1, 0.1)],
)
def test_the_doubt_that_is_allowed_shrinks_as_an_error_costs_more(at_least: float, stake: float, score: float) -> None:
    """Twice the price of an error, half the doubt."""
    assert demanded(at_least, stake) == pytest.approx(score, abs=1e-12)


@given(shares, shares, stakes)
def test_an_answer_is_accepted_when_its_doubt_times_the_stake_is_allowed(
    score: float, at_least: float, stake: float
) -> None:
    """What is asked for is the same sentence, solved for the score."""
    doubt, allowed = (1 - score) * stake, 1 - at_least

    if abs(doubt - allowed) > 1e-9 * max(stake, 1):
        assert (score >= demanded(at_least, stake)) is (doubt <= allowed)


@given(shares, stakes)
def test_a_demand_is_a_share(at_least: float, stake: float) -> None:
    """No stake asks for the impossible, and none for less than nothing."""
    assert 0 <= demanded(at_least, stake) <= 1


def test_a_moved_demand_says_what_moved_it() -> None:
    """Whoever reads the verdict sees the rule's number too."""
    assert told(0.8, ScriptedInquiry()) == "0.8"
    assert told(0.8, ScriptedInquiry(stakes="high", stake=2)) == "0.900 (0.8 at stakes high)"
