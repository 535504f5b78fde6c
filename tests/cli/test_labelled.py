"""Shares as people write them."""

import pytest
import typer

from gateway.cli.labelled import share


@pytest.mark.parametrize(
    ("text", "value"),
    [("5%", 0.05), ("0.05", 0.05), (".5", 0.5), ("100%", 1.0), ("0", 0.0), ("2.5%", 0.025), (0.2, 0.2)],
)
def test_a_share_is_percent_or_a_fraction(text: str | float, value: float) -> None:
    """Both ways of writing mean the same."""
    assert share(text) == pytest.approx(value)


@pytest.mark.parametrize("text", ["5", "-5%", "101%", "", "a", "5 %", "1e-3", "nan", "inf"])
def test_what_could_mean_two_things_is_refused(text: str) -> None:
    """A bare 5 is neither 5% nor 500%."""
    with pytest.raises(typer.BadParameter, match="is no share"):
        share(text)
