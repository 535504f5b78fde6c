"""Models as `gateway train` writes them but for the number of their trees, for tests of what is done with a model."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest

from gateway.estimate.model import Model
from gateway.training import fit
from gateway.training.rows import Row
from gateway.training.scoring import Use
from gateway.wire.request import parse_request
from support.routers import labelled

# A model of a hundred takes twice as long to learn, and made-up rows are told apart by fewer.
TREES = 20


def learned(rows: Sequence[Row], *, use: Use) -> Model:
    """Learn from rows with few trees."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fit, "TREES", TREES)
        return fit.fit(rows, use=use)


def train_once(folder: Path) -> Path:
    """Learn from 300 rows, and return the model's file."""
    rows = labelled(300, seed=11)
    path = folder / "trained.model"
    learned(rows, use="prompt").save(path)
    return path


@cache
def prompt_model() -> Model:
    """Return a model that knows prompts: the more they prove, the harder."""
    return learned(labelled(120, seed=11), use="prompt")


@cache
def answering_model(*, logprobs: bool = False, use: Use = "answers") -> Model:
    """Return a model that has seen good answers and bad ones, with what `small` and `other` said besides."""
    return learned([_answered(number, logprobs=logprobs) for number in range(120)], use=use)


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
