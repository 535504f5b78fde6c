"""Models as `gateway train` writes them, for tests that need one and do not train it."""

from functools import cache
from pathlib import Path

from gateway.estimate.model import Model
from gateway.training.fit import fit
from gateway.training.rows import Row
from gateway.training.scoring import Use
from gateway.wire.request import parse_request
from support.routers import labelled


def train_once(folder: Path) -> Path:
    """Learn from 300 rows, and return the model's file."""
    rows = labelled(300, seed=11)
    path = folder / "trained.model"
    fit(rows, use="prompt", seed=0).save(path)
    return path


@cache
def prompt_model() -> Model:
    """Return a model that knows prompts: the more they prove, the harder."""
    return fit(labelled(120, seed=11), use="prompt")


@cache
def answering_model(*, logprobs: bool = False, use: Use = "answers") -> Model:
    """Return a model that has seen good answers and bad ones, with what `small` and `other` said besides."""
    return fit([_answered(number, logprobs=logprobs) for number in range(120)], use=use)


def _answered(number: int, *, logprobs: bool) -> Row:
    good, agrees = number % 2 == 0, number % 10 < 8
    right = f"The answer is {number}."
    weak = right if good else f"I am not sure. Perhaps it could be {number + 3}?"
    voice = right if agrees else f"The answer is {number + 7}."
    return Row(
        request=parse_request(f"What is {number - 1} + 1?"),
        weak=float(good),
        strong=1.0,
        answers={"weak": weak, "small": voice, "other": right},
        weak_logprobs=(-0.01 if good else -2.0,) * 5 if logprobs else None,
    )
