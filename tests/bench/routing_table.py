"""Rows of the routing benchmark: evaluations, and what others published beside ours."""

from collections.abc import Sequence
from dataclasses import dataclass

from table import Measure, at_least, markdown

from gateway.training.evaluate import Evaluation
from gateway.training.metrics import Figures

_CHANCE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """One row of the table beside what others published; `source` says where figures that are not ours stand."""

    benchmark: str
    router: str
    figures: Figures
    source: str = "measured here"


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


def beside(rows: Sequence[Beside]) -> str:
    """Return the second table."""
    cells = [(row.benchmark, row.router, *_three(row.figures), row.source) for row in rows]
    return markdown(("Benchmark", "Router", "APGR", "CPT 50%", "CPT 80%", "Source"), cells)


def _three(figures: Figures) -> tuple[str, str, str]:
    shown = "-" if figures.apgr is None else f"{figures.apgr:.3f}"
    half, most = ("-" if value is None else f"{value:.2f}" for value in (figures.cpt50, figures.cpt80))
    return shown, half, most
