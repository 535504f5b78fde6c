"""What staying and going back cost, by numbers reckoned by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.money.prices import Price
from gateway.money.switching import Comparison, Turn, compare
from gateway.types import Money

# $1.25 in, $0.125 cached, $10 out, a million tokens.
STRONG = Price.per_mtok(input="1.25", cached_input="0.125", output=10)
TURN = Turn(last_prompt_tokens=4_000, new_tokens=100, answer_tokens=300)


def at(chance: float, turn: Turn = TURN, price: Price = STRONG) -> Comparison:
    """Compare at a chance of escalating again."""
    comparison = compare(price.of, turn, chance=chance)
    assert comparison is not None
    return comparison


def test_staying_pays_the_cached_price_for_the_last_prompt() -> None:
    """4,000 x 125 + 100 x 1,250 + 300 x 10,000 nano-USD."""
    assert at(0.5).staying == Money(500_000 + 125_000 + 3_000_000)


def test_going_back_pays_for_the_whole_prompt_as_often_as_it_escalates_again() -> None:
    """Half of 4,100 x 1,250 + 300 x 10,000 nano-USD."""
    assert at(0.5).going_back == Money((5_125_000 + 3_000_000) // 2)


@pytest.mark.parametrize(("chance", "pays"), [(0.44, True), (0.45, False), (0.0, True), (1.0, False)])
def test_going_back_pays_below_the_ratio_of_both(chance: float, pays: bool) -> None:
    """3.625 of 8.125 millicents is a chance of 0.446."""
    assert at(chance).pays is pays


def test_as_dear_is_not_cheaper() -> None:
    """Without a cached price, and with an escalation that is sure, both ways cost the same."""
    same = at(1.0, price=Price.per_mtok(input=1, output=1))

    assert (same.staying, same.pays) == (same.going_back, False)


def test_a_long_conversation_stays_longer_where_its_answers_are_short() -> None:
    """The cache is the whole difference: 40,000 tokens at a tenth of the price."""
    turn = Turn(last_prompt_tokens=40_000, new_tokens=0, answer_tokens=0)

    assert not at(0.1, turn).pays
    assert at(0.0999, turn).pays


def test_an_unknown_price_compares_nothing() -> None:
    """What is unknown is not free."""
    assert compare(lambda _: None, TURN, chance=0.0) is None


@given(st.floats(0, 1), st.floats(0, 1), st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**5))
def test_what_pays_at_a_chance_pays_at_a_smaller_one(one: float, other: float, last: int, new: int, out: int) -> None:
    """The easier the new topic, the sooner a conversation goes back."""
    low, high = sorted([one, other])
    turn = Turn(last_prompt_tokens=last, new_tokens=new, answer_tokens=out)

    assert not at(high, turn).pays or at(low, turn).pays
