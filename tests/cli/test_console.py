"""What commands print: durations and amounts as people read them."""

import re
import sys

import pytest
from support.command import Terminal

from gateway.cli.console import Side, amount, harmless, say_table, took, usd
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


NUMBERS: dict[str, Side] = {"model": "fold", "requests": "right", "cost": "right"}
ROWS = [["llama-3.1-8b-instruct-of-ours", "723,374", "$5786.222924"], ["", "1", ""]]


def shown(monkeypatch: pytest.MonkeyPatch, columns: int) -> list[str]:
    """Return the lines of a table at a terminal."""
    screen = Terminal()
    monkeypatch.setenv("COLUMNS", str(columns))
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", screen)
        say_table(NUMBERS, ROWS)
        screen.flush()
    return re.sub(r"\x1b\[[0-9;]*m", "", screen.written.getvalue().decode()).splitlines()


@pytest.mark.parametrize("columns", [30, 40, 60, 120])
def test_a_terminal_shows_every_number_whole(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    """Half an amount is worse than none; names give way, and then the table does."""
    lines = shown(monkeypatch, columns)

    assert all(any(number in line for line in lines) for number in ("723,374", "$5786.222924"))
    assert max(map(len, lines)) <= columns


def test_a_terminal_that_is_too_narrow_for_a_table_has_a_record_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each number beside its name; what is empty is left out."""
    assert shown(monkeypatch, 30) == [ROWS[0][0], "  requests 723,374,", "  cost $5786.222924", "-", "  requests 1"]


def test_a_pipe_has_one_line_a_row(capsys: pytest.CaptureFixture[str]) -> None:
    """Also where a name has a line break in it."""
    say_table(NUMBERS, [["two\nlines", 1, "$2"]])

    assert capsys.readouterr().out.splitlines() == ["model      requests  cost", "two lines         1    $2"]
