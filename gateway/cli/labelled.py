"""What `train`, `calibrate` and `evaluate` share: options, shares such as 5%, and the table of figures."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.console import Side, remark, say, say_facts, say_table
from gateway.cli.shares import share as share  # noqa: PLC0414 - given on
from gateway.estimate.model import Model
from gateway.training.crossed import CROSS_FOLDS
from gateway.training.evaluate import FEWEST_TESTED, Evaluation, Scorer, Trainer, Use, use_of
from gateway.training.fit import fit
from gateway.training.metrics import Figures
from gateway.training.rows import Row, prompt_hash
from gateway.training.scoring import WEAK, difficulties

_COLUMNS: dict[str, Side] = {"": "fold", "APGR": "right", "CPT 50%": "right", "CPT 80%": "right"}

RowsArgument = Annotated[
    Path, typer.Argument(metavar="ROWS|-", help="The labelled rows, JSON lines; - reads them from standard input.")
]
UseOption = Annotated[
    Use | None,
    typer.Option("--use", help="What is read of a row; unset: all where every row has answers, else the prompt."),
]
BaseOption = Annotated[
    Path | None, typer.Option("--base", metavar="FILE", help="A model to begin with; unset: the rows alone.")
]
SeedOption = Annotated[int, typer.Option(min=0, help="Which lots are drawn; the same seed draws the same.")]


def trainer(*, base: Model | None, use: Use) -> Trainer:
    """Return what learns from rows, beginning with a model if there is one, and scores others."""

    def train(rows: Sequence[Row], seed: int) -> Scorer:
        return scorer(fit(rows, base=base, use=use, seed=seed), use=use)

    return train


def unseen(model: Model, rows: Sequence[Row]) -> tuple[Sequence[Row], bool]:
    """Return the rows that a model may be measured on, and whether each must be scored by a router that knows it not.

    Rows whose prompts it learned from are left out where most are others; else all stay, to be scored in folds.
    """
    others = [row for row in rows if prompt_hash(row) not in model.learned]
    known = len(rows) - len(others)
    if not known:
        return rows, False
    if len(others) >= max(known, FEWEST_TESTED):
        remark(f"the model learned from {known:,} of the {len(rows):,} rows: they are left out")
        return others, False
    remark(f"the model learned from {known:,} of the {len(rows):,} rows: all are scored by routers that learned from")
    remark(f"others, in {CROSS_FOLDS} folds")
    return rows, True


def reads(model: Model, rows: Sequence[Row], wanted: Use | None) -> Use:
    """Return what of the rows a model is given; unset: all that it can read of them."""
    if wanted is not None or WEAK not in model.heads:
        return use_of(rows, wanted or "prompt")
    used = use_of(rows, None)
    return used if used == "prompt" or model.manifest.reads_prompt else "answers"


def scorer(model: Model, *, use: Use) -> Scorer:
    """Return what scores rows by a model."""
    return partial(difficulties, model, use=use)


def say_evaluation(evaluation: Evaluation) -> None:
    """Print the figures beside what they have to beat, and what they mean in words."""
    rows = [
        ("this router", *_cells(evaluation.binned)),
        ("  over all thresholds", *_cells(evaluation.exact)),
        *((name, *_cells(figures)) for name, figures in evaluation.baselines.items() if figures is not None),
    ]
    say_table(_COLUMNS, rows, styles=["bold", *[""] * (len(rows) - 1)])
    say()
    say_facts(
        {
            "verdict": evaluation.verdicts(),
            "interval": [_interval(evaluation)],
            "calibration": [f"ECE {evaluation.ece:.3f}, AUC {_number(evaluation.auc)}"],
            "measured": [_measured(evaluation)],
        }
    )


def _interval(evaluation: Evaluation) -> str:
    if evaluation.ci95 is None:
        return "unknown"
    low, high = evaluation.ci95
    return f"APGR over all thresholds {low:.3f} to {high:.3f} (95%, over the test rows)"


def _measured(evaluation: Evaluation) -> str:
    learned = "" if evaluation.n_train is None else f"learned from {evaluation.n_train:,}, "
    count = len(evaluation.seeds)
    seeds = f"means of {count} seeds" if count > 1 else f"seed {evaluation.seeds[0]}"
    return f"{evaluation.protocol}: {learned}tested on {evaluation.n_test:,} rows; reads {evaluation.use}; {seeds}"


def _cells(figures: Figures) -> tuple[str, str, str]:
    return _number(figures.apgr), _percent(figures.cpt50), _percent(figures.cpt80)


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.3f}"


def _percent(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.1f}%"
