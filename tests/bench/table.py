"""Rows of a benchmark's table, and how they are printed: what was measured beside what we set out to reach."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One row. `reach` is empty and `passed` None where a figure is reported and nothing was set out to be reached."""

    name: str
    measured: str
    reach: str = ""
    passed: bool | None = None

    @property
    def cells(self) -> tuple[str, str, str, str]:
        """The row as it is printed."""
        result = "reported" if self.passed is None else "pass" if self.passed else "**miss**"
        return self.name, self.reach or "-", self.measured, result


def at_least(name: str, value: float, reach: float, note: str = "") -> Measure:
    """Return the row of a figure that should be high."""
    # A figure that is just short of the reach is not rounded up to it.
    shown = f"{value:.3f}" if (round(value, 3) >= reach) == (value >= reach) else f"{value:.5f}"
    return Measure(name=name, measured=_with(shown, note), reach=f">= {reach:g}", passed=value >= reach)


def at_most(name: str, value: float, reach: float, note: str = "", *, form: str = ".3f") -> Measure:
    """Return the row of a figure that should be low."""
    return Measure(name=name, measured=_with(format(value, form), note), reach=f"<= {reach:g}", passed=value <= reach)


def markdown(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _with(value: str, note: str) -> str:
    return f"{value}; {note}" if note else value
