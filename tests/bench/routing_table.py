"""Rows of the benchmark's tables, and how they are printed: what was measured beside what we set out to reach."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gateway.training.evaluate import Evaluation
from gateway.training.metrics import Figures

_CHANCE = 0.5


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """One row of the table beside what others published; `source` says where figures that are not ours stand."""

    benchmark: str
    router: str
    figures: Figures
    source: str = "measured here"


def at_least(name: str, value: float, reach: float, note: str = "") -> Measure:
    """Return the row of a figure that should be high."""
    # A figure that is just short of the reach is not rounded up to it.
    shown = f"{value:.3f}" if (round(value, 3) >= reach) == (value >= reach) else f"{value:.5f}"
    return Measure(name=name, measured=_with(shown, note), reach=f">= {reach:g}", passed=value >= reach)


def at_most(name: str, value: float, reach: float, note: str = "", *, form: str = ".3f") -> Measure:
    """Return the row of a figure that should be low."""
    return Measure(name=name, measured=_with(format(value, form), note), reach=f"<= {reach:g}", passed=value <= reach)


def apgr(name: str, evaluation: Evaluation, reach: float | None = None) -> Measure:
    """Return the row of a ten-bin APGR, with what makes it honest beside it."""
    value = evaluation.binned.apgr or 0.0
    note = described(evaluation)
    return Measure(name=name, measured=f"{value:.3f}; {note}") if reach is None else at_least(name, value, reach, note)


def described(evaluation: Evaluation) -> str:
    """Return the interval, the length alone, and the seeds of an evaluation."""
    length = evaluation.baselines["length"]
    parts = [interval_of(evaluation)]
    if length is not None and length.apgr is not None:
        parts.append(f"length alone {length.apgr:.3f}")
    seeds = evaluation.seeds
    parts.append(f"seed {seeds[0]}" if len(seeds) == 1 else f"mean of seeds {seeds[0]} to {seeds[-1]}")
    return ", ".join(parts)


def interval_of(evaluation: Evaluation) -> str:
    """Return the 95% interval over the test rows, and whether it holds chance."""
    if evaluation.ci95 is None:
        return "interval unknown"
    low, high = evaluation.ci95
    return f"95% [{low:.3f}, {high:.3f}]" + (" (**chance**)" if low <= _CHANCE <= high else "")


def markdown(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def beside(rows: Sequence[Beside]) -> str:
    """Return the second table."""
    cells = [(row.benchmark, row.router, *_three(row.figures), row.source) for row in rows]
    return markdown(("Benchmark", "Router", "APGR", "CPT 50%", "CPT 80%", "Source"), cells)


def _three(figures: Figures) -> tuple[str, str, str]:
    shown = "-" if figures.apgr is None else f"{figures.apgr:.3f}"
    half, most = ("-" if value is None else f"{value:.2f}" for value in (figures.cpt50, figures.cpt80))
    return shown, half, most


def _with(value: str, note: str) -> str:
    return f"{value}; {note}" if note else value
