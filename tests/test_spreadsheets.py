"""What callers name is text in a spreadsheet, whatever it begins with."""

import pytest

from gateway.spreadsheets import cell


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r"])
def test_what_a_spreadsheet_would_reckon_is_text(begin: str) -> None:
    """An apostrophe stands before it."""
    assert cell(f"{begin}1+1") == f"'{begin}1+1"


@pytest.mark.parametrize("text", ["", "a=b", "Zürich", " =1", "'=1"])
def test_any_other_text_stays(text: str) -> None:
    """Nobody's name is changed without need."""
    assert cell(text) == text
