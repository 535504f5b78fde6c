"""`gateway calibrate`: the threshold that keeps a promise about lost quality, or a budget of strong calls."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean
from typing import Annotated, Literal

import typer

from gateway.cli.console import NO, complain, remark, say_facts, say_json
from gateway.cli.inputs import JsonOption
from gateway.cli.labelled import RowsArgument, UseOption, reads, scorer, share, unseen
from gateway.errors import RowsError
from gateway.estimate.model import load, packaged
from gateway.training.bounds import fewest_rows
from gateway.training.calibration import Calibration, default_path, write_calibration
from gateway.training.crossed import crossed
from gateway.training.evaluate import Use
from gateway.training.files import keep
from gateway.training.metrics import Array
from gateway.training.risk import ADVISED_ROWS, Cut, cut_for_budget, cut_for_loss
from gateway.training.rows import Row, fingerprint, read_rows


def calibrate(  # noqa: PLR0913 - a parameter an option
    rows: RowsArgument,
    *,
    model: Annotated[Path | None, typer.Option(metavar="FILE", help="The model; unset: the packaged one.")] = None,
    max_loss: Annotated[
        float | None,
        typer.Option(parser=share, metavar="SHARE", help="Lose at most so much quality on what is kept, such as 5%."),
    ] = None,
    budget: Annotated[
        float | None,
        typer.Option(parser=share, metavar="SHARE", help="Send at most so many requests to the strong model."),
    ] = None,
    confidence: Annotated[float, typer.Option(parser=share, metavar="SHARE", help="How sure the promise is.")] = 0.95,
    use: UseOption = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to write; unset: MODEL.threshold.json.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Choose the difficulty from which the strong model answers.

    Requests of at least this difficulty go to it, the others stay on the weak model. It is written with its evidence.

    With --max-loss as many stay as can, so that the mean quality lost by it is below the bound, with the confidence
    given. This holds for requests like the rows, and for rows that the model did not learn from; calibrate again when
    the traffic changes. Rows that it learned from are scored by routers that learned from the others: the threshold is
    sound then, but its promise is theirs. With --budget the hardest are sent, as many as allowed.

    Exit code 1: no threshold can promise it.

    Example: gateway calibrate held_out.jsonl --model router.model --max-loss 5%
    """
    aim = _aim(max_loss, budget, confidence)
    if model is None and out is None:
        raise typer.BadParameter("the packaged model is not yours to write beside; give --out")
    path = model or packaged()
    router = load(path)
    every = read_rows(rows)
    used = reads(router, every, use)
    given, must_cross = unseen(router, every)
    _check(given, aim)
    scores = crossed(given, base=router, use=used) if must_cross else scorer(router, use=used)(given)
    cut = _cut(aim, scores, given)
    if cut is None:
        complain(f"no threshold promises a loss of at most {aim.target:.1%}: send all to the strong model, or train")
        raise typer.Exit(NO)
    found = _calibration(aim, cut, given, use=used, model_sha256=router.sha256)
    target = out or default_path(path)
    kept = keep(target)
    write_calibration(target, found)
    if as_json:
        say_json(found.model_dump(mode="json"))
    else:
        _say(found, target, kept)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Aim:
    """What the threshold is for."""

    kind: Literal["max_loss", "budget"]
    target: float
    confidence: float


def _aim(max_loss: float | None, budget: float | None, confidence: float) -> _Aim:
    if not 0 < confidence < 1:
        raise typer.BadParameter("--confidence is above 0% and below 100%")
    if max_loss is not None and budget is None:
        if not 0 < max_loss < 1:
            raise typer.BadParameter("--max-loss is above 0% and below 100%")
        return _Aim(kind="max_loss", target=max_loss, confidence=confidence)
    if budget is not None and max_loss is None:
        return _Aim(kind="budget", target=budget, confidence=confidence)
    raise typer.BadParameter("give either --max-loss or --budget")


def _check(rows: Sequence[Row], aim: _Aim) -> None:
    least = fewest_rows(aim.target, aim.confidence) if aim.kind == "max_loss" else 1
    if len(rows) < least:
        promise = f"at most {aim.target:.1%} with {aim.confidence:.1%} confidence"
        raise RowsError([f"{len(rows)} rows are too few to promise {promise}; even without a loss it takes {least}"])
    if len(rows) < ADVISED_ROWS:
        remark(f"{len(rows)} rows are few; from {ADVISED_ROWS} on the threshold keeps much more, and moves less")


def _cut(aim: _Aim, difficulty: Array, rows: Sequence[Row]) -> Cut | None:
    if aim.kind == "max_loss":
        return cut_for_loss(difficulty, rows, max_loss=aim.target, confidence=aim.confidence)
    return cut_for_budget(difficulty, rows, budget=aim.target, confidence=aim.confidence)


def _calibration(aim: _Aim, cut: Cut, rows: Sequence[Row], *, use: Use, model_sha256: str) -> Calibration:
    return Calibration(
        kind=aim.kind,
        target=aim.target,
        confidence=aim.confidence,
        threshold=cut.threshold,
        accept_at_least=None if use == "prompt" else round(1 - cut.threshold, 6),
        kept=cut.kept,
        loss=cut.loss,
        upper=cut.upper,
        quality=cut.quality,
        weak_quality=fmean(row.weak for row in rows),
        strong_quality=fmean(row.strong for row in rows),
        rows=len(rows),
        use=use,
        model_sha256=model_sha256,
        rows_sha256=fingerprint(rows),
        created=datetime.now(UTC),
    )


def _say(found: Calibration, path: Path, kept: Path | None) -> None:
    say_facts(
        {
            "threshold": [_meaning(found)],
            "kept": [f"{found.kept:.1%} of the requests stay on the weak model"],
            "loss": [f"{found.loss:.2%} on these rows; below {found.upper:.2%} with {found.confidence:.0%} confidence"],
            "quality": [
                f"{found.quality:.3f}; all weak {found.weak_quality:.3f}, all strong {found.strong_quality:.3f}"
            ],
            "evidence": [f"{found.rows:,} rows; holds for requests like these, and for this model alone"],
            "written": [f"{path}{'' if kept is None else f'; the one before is kept as {kept.name}'}"],
        }
    )


def _meaning(found: Calibration) -> str:
    """Say where the threshold belongs: what is said of the prompt and what is said of an answer are two scales."""
    if found.accept_at_least is None:
        return f"{found.threshold:.6f}: a request of at least this difficulty goes to the strong model"
    return f"accept: {{judge: learned, at_least: {found.accept_at_least:.6f}}}; it reads answers, no difficulty"
