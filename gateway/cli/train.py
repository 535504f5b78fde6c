"""`gateway train`: a router from labelled rows, measured on rows held out of it, and a way back to the one before."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Annotated, Any

import typer

from gateway.cli.books import ledger_of
from gateway.cli.console import remark, say, say_facts, say_json
from gateway.cli.from_ledger import learn_from
from gateway.cli.inputs import JsonOption, LedgerOption
from gateway.cli.labelled import BaseOption, SeedOption, UseOption, say_evaluation, share, trainer
from gateway.errors import ConfigurationError, ModelFileError
from gateway.estimate.model import Model, load
from gateway.training.evaluate import FEWEST_TESTED, Evaluation, Trainer, Use, evaluate_split, use_of
from gateway.training.files import HASH_DIGITS, exchange, kept_versions, restore
from gateway.training.fit import fit
from gateway.training.history import Selection
from gateway.training.rows import FEWEST_ROWS, Row, check_learnable, read_rows


def train(  # noqa: PLR0913 - a parameter an option
    rows: Annotated[
        Path | None, typer.Argument(metavar="ROWS|-", help="The labelled rows, JSON lines; - reads standard input.")
    ] = None,
    *,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="The model to write.")] = None,
    base: BaseOption = None,
    use: UseOption = None,
    seed: SeedOption = 0,
    holdout_share: Annotated[
        float, typer.Option(parser=share, metavar="SHARE", help="How much is held out to measure on; 0 measures not.")
    ] = 0.2,
    rollback: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Put back the model that stood here before; trains nothing.")
    ] = None,
    to: Annotated[str | None, typer.Option(metavar="HASH", help="Which one to put back; unset: the last.")] = None,
    from_ledger: Annotated[
        bool, typer.Option("--from-ledger", help="Learn from the ledger, what was said of local answers, without ROWS.")
    ] = False,
    ledger: LedgerOption = None,
    source: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Of the ledger, only outcomes of this source; may be repeated."),
    ] = None,
    backend: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of the ledger, only answers of this local backend.")
    ] = None,
    per_tenant: Annotated[
        int, typer.Option(min=1, metavar="N", help="Of the ledger, at most the newest N outcomes of a tenant.")
    ] = 1_000,
    as_json: JsonOption = False,
) -> None:
    """Learn from labelled rows what a small model answers well.

    A row is one JSON object a line: "prompt" (a text or messages), "weak" and "strong" (how good the two answers were,
    0 to 1), and if known "category", "answers" (what self-hosted models said, by name, the judged one as "weak") and
    "weak_logprobs". Fifty rows are the fewest, three hundred do well.

    The figures come from a model that learned without the rows held out; the one that is written learned from all. A
    model that is replaced is kept as FILE.HASH, and --rollback brings it back.

    With --from-ledger it learns from the traffic instead: feedback, and comparisons with a strong model, for requests
    whose features the policy keeps. --base is the model that the policy used, if it is not the packaged one.

    Example: gateway train rows.jsonl --out router.model
    """
    if rollback is not None:
        if rows is not None or out is not None or from_ledger:
            raise typer.BadParameter("--rollback trains nothing; leave out ROWS, --from-ledger and --out")
        _roll_back(rollback, to, as_json=as_json)
        return
    if (rows is None) is not from_ledger or out is None or to is not None:
        raise typer.BadParameter("give ROWS or --from-ledger, and --out FILE; --to belongs to --rollback")
    if not from_ledger and (ledger is not None or source or backend is not None):
        raise typer.BadParameter("--ledger, --source and --backend belong to --from-ledger")
    if from_ledger and use not in (None, "prompt"):
        raise typer.BadParameter("a ledger keeps no answers, so that --use prompt is all that can be read of it")
    _check_place(out.expanduser(), rows)
    begun = None if base is None else load(base)
    if rows is None:
        wanted = Selection(sources=source or (), backend=backend, most_per_tenant=per_tenant)
        learn_from(ledger_of(ledger, None), wanted, base=begun, out=out, seed=seed, as_json=as_json)
        return
    given = read_rows(rows)
    check_learnable(given)
    used = use_of(given, use)
    found = _held_out(given, trainer(base=begun, use=used), use=used, seed=seed, held=holdout_share)
    model = fit(given, base=begun, use=used, seed=seed)
    kept = exchange(out.expanduser(), model.save)
    trained = _Trained(model=model, rows=given, use=used, evaluation=found, path=out.expanduser(), kept=kept)
    _show(trained, as_json=as_json)


def _check_place(out: Path, rows: Path | None) -> None:
    """Refuse, before anything is learned, a place where a model would take something else's."""
    if not out.parent.is_dir():
        raise ConfigurationError(f"the folder of {str(out)!r} is not there; make it first")
    if rows is not None and out.exists() and rows.exists() and out.samefile(rows):
        raise ConfigurationError(f"--out {str(out)!r} is the file of the rows; name another one")
    if out.exists():
        try:
            load(out)
        except ModelFileError as error:
            raise ConfigurationError(f"{str(out)!r} is there and no sound model; remove it or name another") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trained:
    """What was learned from what, and where it is; `kept` is the model that stood there before."""

    model: Model
    rows: Sequence[Row]
    use: Use
    evaluation: Evaluation | None
    path: Path
    kept: Path | None


def _held_out(rows: Sequence[Row], train: Trainer, *, use: Use, seed: int, held: float) -> Evaluation | None:
    tested = round(held * len(rows))
    learned = len(rows) - tested
    if not tested:
        return None
    if learned < FEWEST_ROWS or tested < FEWEST_TESTED:
        remark(f"too few rows to hold {held:.0%} of them out: nothing is measured")
        return None
    remark(f"learning from {learned:,} rows, to measure on the other {tested:,}")
    return evaluate_split(rows, train, train_size=learned, seeds=(seed,), use=use)


def _roll_back(path: Path, to: str | None, *, as_json: bool) -> None:
    version = restore(path.expanduser(), _kept_as(path.expanduser(), to))
    if as_json:
        say_json({"model": str(path), "restored": version.suffix[1:]})
    else:
        say(f"{path} is again what it was as {version.name}")


def _kept_as(path: Path, wanted: str | None) -> str | None:
    """Return the name under which a version is kept, where its model's hash was given instead."""
    versions = kept_versions(path)
    if wanted is None or wanted in versions or len(wanted) < HASH_DIGITS:
        return wanted
    return next((name for name, file in versions.items() if load(file).sha256.startswith(wanted)), wanted)


def _show(trained: _Trained, *, as_json: bool) -> None:
    if as_json:
        say_json(_record(trained))
        return
    if trained.evaluation is not None:
        say_evaluation(trained.evaluation)
        say()
    say_facts(_facts(trained))


def _record(trained: _Trained) -> dict[str, Any]:
    return {
        "model": str(trained.path),
        "sha256": trained.model.sha256,
        "kept": None if trained.kept is None else str(trained.kept),
        "rows": len(trained.rows),
        "use": trained.use,
        "held_out": None if trained.evaluation is None else trained.evaluation.as_dict(),
    }


def _facts(trained: _Trained) -> dict[str, list[str]]:
    weak, strong = (
        fmean(qualities) for qualities in zip(*((row.weak, row.strong) for row in trained.rows), strict=True)
    )
    facts = {
        "learned": [f"from {len(trained.rows):,} rows; weak {weak:.3f}, strong {strong:.3f}; reads {trained.use}"],
        "written": [f"{trained.path}, SHA-256 {trained.model.sha256[:12]}"],
        "before": []
        if trained.kept is None
        else [f"kept as {trained.kept.name}; gateway train --rollback {trained.path}"],
        "next": [f"gateway calibrate OTHER_ROWS --model {trained.path} --max-loss 5%"],
    }
    return {name: lines for name, lines in facts.items() if lines}
