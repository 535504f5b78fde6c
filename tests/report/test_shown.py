"""How figures are read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.report import shown
from gateway.report.columns import OTHER

USD = 10**9


@pytest.mark.parametrize(
    ("nano", "digits", "read"),
    [
        (1_234_567_890_000, 2, "$1,234.57"),
        (-1_234_567_890_000, 2, "\N{MINUS SIGN}$1,234.57"),
        (5_000_000, 2, "$0.01"),
        (-4_999_999, 2, "$0.00"),
        (0, 4, "$0.0000"),
        (1, 9, "$0.000000001"),
        (None, 2, "unknown"),
    ],
)  # fmt: skip
def test_an_amount_is_rounded_to_be_read(nano: int | None, digits: int, read: str) -> None:
    """Halves up, and no minus before nothing."""
    assert shown.money(nano, digits) == read


@given(st.integers(-(10**20), 10**20))
def test_the_exact_amount_is_exact(nano: int) -> None:
    """All nine digits, back to the same integer."""
    text = shown.exact(nano).replace("$", "").replace(",", "").replace(".", "").replace("\N{MINUS SIGN}", "-")

    assert int(text) == nano


@pytest.mark.parametrize(
    ("part", "whole", "read"),
    [
        (1, 3, "33.3 %"),
        (-1, 3, "\N{MINUS SIGN}33.3 %"),
        (999_999, 1_000_000, "99.9 %"),
        (1, 1_000_000, "0.1 %"),
        (0, 5, "0.0 %"),
        (5, 5, "100.0 %"),
        (50, 3, "1,666.7 %"),
        (1, 0, "\N{EN DASH}"),
        (None, 5, "\N{EN DASH}"),
        (1, -5, "\N{EN DASH}"),
    ],
)  # fmt: skip
def test_what_is_not_all_is_not_called_all(part: int | None, whole: int, read: str) -> None:
    """Neither is what is not nothing called nothing; of nothing there is no share."""
    assert shown.share(part, whole) == read


@pytest.mark.parametrize(
    ("seconds", "read"),
    [(None, "\N{EN DASH}"), (0.0042, "4.2 ms"), (0.25, "250 ms"), (2.34, "2.3 s"), (4321.0, "4,321.0 s")],
)
def test_durations(seconds: float | None, read: str) -> None:
    """Milliseconds below a second."""
    assert shown.time(seconds) == read


def test_names_and_counts() -> None:
    """What has no name is a dash, and a model without one answered nothing."""
    assert [shown.name(None), shown.name(OTHER), shown.name("a")] == ["\N{EN DASH}", "other", "a"]
    assert [shown.model(None), shown.model("m")] == ["(no answer)", "m"]
    assert [shown.count(None), shown.count(12_345)] == ["\N{EN DASH}", "12,345"]


def test_digits_follow_the_largest_amount() -> None:
    """Cents for hundreds of dollars, more where all is small."""
    assert [shown.digits_for(size * USD) for size in (0, 1, 99, 100)] == [6, 4, 4, 2]


def test_html_of_an_amount_holds_the_exact_one() -> None:
    """And unknown is said so."""
    assert shown.amount_of(5 * USD, 2, signed=True) == (
        '<span data-nano="5000000000" title="$5.000000000">+$5.00</span>'
    )
    assert shown.amount_of(None, 2) == '<span class="unknown">unknown</span>'
    assert shown.text('<a href="x">') == "&lt;a href=&quot;x&quot;&gt;"
