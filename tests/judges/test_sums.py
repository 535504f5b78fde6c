"""The arithmetic of an answer, recalculated."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import hostile
from support.pace import quickest

from gateway.judges._calculator import UnreadableError, calculated
from gateway.judges._sums import sums


@pytest.mark.parametrize(
    "text",
    [
        "8*5=40",
        "<<8*5/2=20>>20",
        "8*5/2 = <<8*5/2=20>>20",
        "3 x $5 = $15",
        "3x5=15",
        "3 eggs x 5 = 15",
        "3 \u00d7 5 = 15",
        "10 ÷ 4 = 2.5",
        "10 \u2212 4 = 6",
        "1,200 + 300 = 1,500",
        "20% of 50 = 10",
        "1/2 of 10 = 5",
        "100 - 20% = 80",
        "60% - 20% = 40%",
        "1/3 = 33%",
        "1/3*100 = 33.3%",
        "52/7 = 7.43",
        "2/3 = 0.66",
        "10/3 \u2248 3",
        "7/2 \\approx 3.4",
        "0.33*3 = 1",
        "0.1+0.2=0.30000000000000004",
        "2^3 = 8",
        "2^-1 = 0.5",
        "2**3 = 8",
        "She makes 9 * 2 = $18 every day.",
        "- 5 + 3 = 8",
        "1. 5 + 3 = 8",
        "**9 * 2 = 18**",
        "-5 + 3 = -2",
        "5 - -3 = 8",
        "-(2 + 3) = 4 - 9",
        "(2+3)*4 = 20",
        "\\frac{1}{2} + \\frac{1}{2} = 1",
        "\\(3 \\times 4 = 12\\)",
        "\\$3 + 2 = 5\\text{ dollars}",
        "16 eggs - 3 eggs = 13 eggs",
        "There are 5 apples and 3 - 2 = 1 left",
        "total = 5 + 3 = 8",
        "15 = 3*5",
        "5€ + 3€ = 8€",
        "2 * 3 = about 6",
        "A 3 + 4 = 7",
    ],
)
def test_a_right_sum_is_right(text: str) -> None:
    """In every way in which people and models write one."""
    assert sums(text) == (1, 0)


@pytest.mark.parametrize(
    "text",
    [
        "8*5=41",
        "<<8*5=39>>",
        "3 x $5 = $16",
        "3 \u00d7 5 = 14",
        "5/2 = 2",
        "2+2=5",
        "9 * 2 = $19 every day",
        "16 eggs - 3 eggs = 12 eggs",
        "10/3 = 3.5",
        "10/3 \u2248 4",
        "20% of 50 = 11",
        "7*8=54, so",
        "\\frac{1}{2} + 1 = 2",
        "2 + 2 = 2 * 3",
    ],
)
def test_a_wrong_sum_is_wrong(text: str) -> None:
    """Rounding excuses the last place that is shown, and no more."""
    assert sums(text) == (0, 1)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2x = 10",
        "3x + 2 = 11",
        "3i + 2 = 5",
        "y + 5 = 12",
        "5 + y = 12",
        "x2 + 3 = 7",
        "f(3+1) = 16",
        "sqrt(9+16) = 5",
        "√(9+16) = 5",
        "5! + 3 = 123",
        "9!/2 = 5",
        "x = 5",
        "5 = 5",
        "a == 5+1",
        "5 >= 3+1",
        "price - 5 + 2 = 3",
        "5 * rate = 10",
        "2(3+4) = 14",
        "(3 + 4 = 7",
        "10 % 3 = 1",
        "1/0 = 5",
        "9^999999 = 1",
        "9^20^20 = 1",
        "2^0.5 = 1.41",
        "2^2^2^2^2^2 = 1",
        "2 hours + 30 minutes = 150 minutes",
        "1 km + 500 m = 1500 m",
        "12 months * 2 = 2 years",
        "3 dozen + 1 = 37",
        "3 * 40 = $1.20",
        "Cost of 3 loaves = 3 * $2",
        "2 nickels = 2 * 5",
        "```\n1 + 1 = 3\n```",
        "[1 + 1] = 3",
    ],
)
def test_what_cannot_be_read_for_certain_does_not_count(text: str) -> None:
    """Variables, functions, unlike units, code: neither right nor wrong."""
    assert sums(text) == (0, 0)


def test_every_link_of_a_chain_counts() -> None:
    """Also those of several lines."""
    assert sums("2 + 3 = 5 = 1 + 4\n2 * 3 = 7; 1 + 1 = 2") == (3, 1)


def test_so_many_sums_and_no_more_are_recalculated() -> None:
    """What stands beyond a hundred of them is not needed to judge."""
    assert sums("1+1=2\n" * 500) == (100, 0)


@pytest.mark.parametrize("terms", ["", "+", "1 +", "( 1", "1 )", "1 1", "a", ") 1", "1 / 0", "0 ^ 2", "1 ^ 99"])
def test_what_is_no_expression_has_no_value(terms: str) -> None:
    """The calculator gives a value or says that there is none."""
    with pytest.raises(UnreadableError):
        calculated(terms.split())


def test_the_calculator_has_bounds() -> None:
    """Numbers cannot grow without end."""
    with pytest.raises(UnreadableError):
        calculated("*".join(["9" * 24] * 48).replace("*", " * ").split())


@given(st.integers(-999, 999), st.integers(-999, 999), st.integers(1, 999), st.sampled_from("+-*"))
def test_whole_numbers_are_recalculated_exactly(a: int, b: int, off: int, operator: str) -> None:
    """The right result is right and every other one wrong."""
    result = {"+": a + b, "-": a - b, "*": a * b}[operator]

    assert sums(f"so {a} {operator} {b} = {result}") == (1, 0)
    assert sums(f"so {a} {operator} {b} = {result + off}") == (0, 1)


@given(st.integers(1, 9999), st.integers(1, 999), st.integers(1, 6))
def test_a_rounded_quotient_is_right(a: int, b: int, places: int) -> None:
    """To as many places as are shown."""
    assert sums(f"{a} / {b} = {a / b:.{places}f}") == (1, 0)


@given(st.lists(st.sampled_from([*"123=+-*/()%$x^.!,ay \n", "of", " eggs ", "\\frac{1}{2}", "<<", ">>"])).map("".join))
def test_no_text_makes_the_recalculation_fail(text: str) -> None:
    """Whatever stands around an equals sign."""
    right, wrong = sums(text)

    assert right >= 0
    assert wrong >= 0


def test_long_texts_are_recalculated_in_bounded_time() -> None:
    """Nobody can keep the gateway busy with sums."""
    for text in (*hostile.texts(), *hostile.texts(6_000)):
        assert quickest(partial(sums, text), most=0.5) < 0.5, text[:20]
