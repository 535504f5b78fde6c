"""`gateway train --from-ledger`: the same model, learned anew from what was said of its own local answers."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gateway.cli.console import say_facts, say_json
from gateway.estimate.model import Model, load, packaged
from gateway.interfaces import LedgerReader
from gateway.training.files import exchange
from gateway.training.history import STRONG, History, Measured, Selection, learn, measure, read_history


def learn_from(  # noqa: PLR0913 - an option of the command each
    ledger: LedgerReader, wanted: Selection, *, base: Model | None, out: Path, seed: int, as_json: bool
) -> None:
    """Write the model that a ledger teaches, and say what from; raises `RowsError` where that is too little."""
    begun = base or load(packaged())
    history = read_history(ledger, begun, wanted)
    measured = measure(history, begun, seed=seed)
    model = learn(history, begun, seed=seed)
    path = out.expanduser()
    kept = exchange(path, model.save)
    if as_json:
        say_json({"model": str(path), "kept": None if kept is None else str(kept), **_record(history, measured, model)})
    else:
        say_facts(_facts(history, measured, model) | _written(path, kept, model))


def _record(history: History, measured: Measured | None, model: Model) -> dict[str, Any]:
    return {
        "sha256": model.sha256,
        "outcomes": len(history.outcomes),
        "mean": float(history.outcomes.mean()),
        "sources": dict(history.sources),
        "backends": dict(history.backends),
        "left_out": dict(history.left_out),
        "strong": STRONG,
        "held_out": None
        if measured is None
        else {"tested": measured.tested, "brier": measured.new, "brier_before": measured.base},
    }


def _facts(history: History, measured: Measured | None, model: Model) -> dict[str, list[str]]:
    answers = sorted(set(model.heads) - {"prompt"})
    facts = {
        "learned": [
            f"from {len(history.outcomes):,} outcomes of local answers, {history.outcomes.mean():.3f} on average"
        ],
        "sources": [_counts(history.sources)],
        "backends": [_counts(history.backends)],
        "left out": [_counts(history.left_out)] if history.left_out else [],
        "strong": [f"how good the strong answer would have been is {STRONG}"],
        "as before": [f"what it reads of answers ({', '.join(answers)})"] if answers else [],
        "held out": [_measured(measured)],
    }
    return {name: lines for name, lines in facts.items() if lines}


def _measured(measured: Measured | None) -> str:
    if measured is None:
        return "nothing: too few outcomes to measure on"
    better = "better" if measured.new < measured.base else "no better"
    return (
        f"Brier's score {measured.new:.3f} on {measured.tested:,} outcomes, {measured.base:.3f} of the model before: "
        f"{better} (0 is best)"
    )


def _written(path: Path, kept: Path | None, model: Model) -> dict[str, list[str]]:
    facts = {"written": [f"{path}, SHA-256 {model.sha256[:12]}"]}
    if kept is not None:
        facts["before"] = [f"kept as {kept.name}; gateway train --rollback {path}"]
    return facts


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number:,} {name}" for name, number in sorted(counts.items()))
