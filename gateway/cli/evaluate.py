"""`gateway evaluate`: how good a router is on labelled rows, beside what it has to beat."""

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.console import remark, say_json
from gateway.cli.inputs import JsonOption
from gateway.cli.labelled import (
    RowsArgument,
    SeedOption,
    UseOption,
    reads,
    say_evaluation,
    scorer,
    trainer,
    unseen,
)
from gateway.estimate.model import load, packaged
from gateway.training.crossed import CROSS_FOLDS, untaught
from gateway.training.curves import page
from gateway.training.evaluate import Evaluation, evaluate_as_is, evaluate_folds, evaluate_split, use_of
from gateway.training.files import replacing
from gateway.training.rows import check_learnable, read_rows


def evaluate(  # noqa: PLR0913 - a parameter an option
    rows: RowsArgument,
    *,
    model: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="The model to measure, or with folds to begin with; unset: the packaged one."
        ),
    ] = None,
    folds: Annotated[
        int | None, typer.Option(min=2, max=100, metavar="K", help="Learn from K-1 parts and test the other, in turn.")
    ] = None,
    train_size: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Learn from N rows by lot and test all others.")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, max=100, help="How often --train-size draws; figures are means.")] = 1,
    use: UseOption = None,
    seed: SeedOption = 0,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw the curves, as one page of HTML.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure a router on labelled rows.

    APGR is the share of the gap between the two models that is recovered on average: 0.5 is chance. CPT 50% and 80% are
    the shares of strong calls that recover so much of it. Both are reckoned over ten bins, as RouteLLM does, and over
    all thresholds. Chance, the length of the prompt, a table of the true categories and an oracle stand beside them.

    Without --folds and --train-size nothing is learned: the model scores the rows as it is. Rows that it has learned
    from prove nothing: they are left out, or where they are most of them, all are scored in 5 folds.
    With them, routers are learned anew by the model's table of words; what it learned itself is left out.

    Example: gateway evaluate rows.jsonl --folds 5 --html curves.html
    """
    if folds and train_size:
        raise typer.BadParameter("give --folds or --train-size")
    every = read_rows(rows)
    router = load(model or packaged())
    learning = folds is not None or train_size is not None
    used = use_of(every, use) if learning else reads(router, every, use)
    given, must_cross = (every, False) if learning else unseen(router, every)
    folds = CROSS_FOLDS if must_cross else folds
    if folds or train_size:
        check_learnable(given)
        train = trainer(base=untaught(router), use=used)
        if folds:
            found = evaluate_folds(given, train, number=folds, use=used, seed=seed)
        else:
            drawn = range(seed, seed + seeds)
            found = evaluate_split(given, train, train_size=train_size or 0, seeds=drawn, use=used)
    else:
        found = evaluate_as_is(given, scorer(router, use=used), use=used)
    _show(found, as_json=as_json, html=html, title=f"Router on {rows.name}")


def _show(found: Evaluation, *, as_json: bool, html: Path | None, title: str) -> None:
    if html is not None:
        with replacing(html) as fresh:
            fresh.write_text(page(found, title=title), encoding="utf-8")
        remark(f"the curves are in {html}")
    if as_json:
        say_json(found.as_dict())
    else:
        say_evaluation(found)
