"""What commands print: durations and amounts as people read them."""

import pytest

from gateway.cli.console import amount, harmless, took, usd
from gateway.types import Money


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.0004, "0.4 ms"), (0.0123, "12 ms"), (0.9994, "999 ms"), (1.25, "1.2 s"), (4000, "4,000.0 s")],
)
def test_a_duration_has_two_or_three_figures(seconds: float, shown: str) -> None:
    """A call of half a millisecond is not 0."""
    assert took(seconds) == shown


def test_an_unknown_amount_is_neither_zero_nor_empty() -> None:
    """People read a word, programs a null."""
    assert (amount(None), usd(None)) == ("unknown", None)


def test_an_amount_is_exact() -> None:
    """A nano-USD is not lost."""
    assert usd(Money(1)) == 1e-9


def test_control_characters_are_replaced_and_line_breaks_kept() -> None:
    """An escape sequence in a name or an answer does nothing."""
    assert harmless("a\tb\nc\x1b[2J\x9b") == "a\tb\nc\N{REPLACEMENT CHARACTER}[2J\N{REPLACEMENT CHARACTER}"
