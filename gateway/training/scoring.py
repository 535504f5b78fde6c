"""Labelled rows as numbers, and what a model says of them: the same numbers as in operation."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from gateway.errors import RowsError
from gateway.estimate.features import read
from gateway.estimate.model import Model
from gateway.judges._conversation import question
from gateway.judges._evidence import evidence
from gateway.training.rows import Row

Use = Literal["prompt", "answers", "all"]
Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

WEAK = "weak"


def difficulties(model: Model, rows: Sequence[Row], *, use: Use) -> Doubles:
    """Return P(the weak answer is not good enough) for each row: from the prompt, or with what rows have of answers.

    Raises `RowsError` where answers are asked for that the model did not learn from.
    """
    prompts = prompt_numbers(model, rows)
    if use == "prompt":
        return model.heads["prompt"].difficulties(prompts)
    if WEAK not in model.heads:
        raise RowsError(["the model knows prompts alone; train it on rows with `answers`, or use the prompt alone"])
    if (use == "all") != model.manifest.reads_prompt:
        raise RowsError([f"the model was not trained with --use {use}; train it so, or use what it was trained with"])
    beside = prompts if model.manifest.reads_prompt else None
    voices = model.manifest.voices
    if voices and all(set(voices) <= row.answers.keys() for row in rows):
        return model.heads["voices"].difficulties(answer_numbers(rows, voices, beside))
    return model.heads[WEAK].difficulties(answer_numbers(rows, (), beside))


def voices_of(rows: Sequence[Row]) -> tuple[str, ...]:
    """Return the other models that answered every row."""
    everywhere = set.intersection(*(set(row.answers) for row in rows))
    return tuple(sorted(everywhere - {WEAK}))


def prompt_numbers(model: Model, rows: Sequence[Row]) -> Floats:
    """Return the prompts as numbers, a row each."""
    return np.stack([model.words.vector(read(row.request)) for row in rows])


def answer_numbers(rows: Sequence[Row], voices: Sequence[str], prompts: Floats | None) -> Floats:
    """Return the weak answers as numbers, compared with the voices', before the prompts' own where they count."""
    numbers = np.array(
        [
            evidence(
                row.answers[WEAK],
                [row.answers[voice] for voice in voices],
                prompt=question(row.request),
                logprobs=row.weak_logprobs,
            )
            for row in rows
        ],
        dtype=np.float32,
    )
    return numbers if prompts is None else np.concatenate((numbers, prompts), axis=1)
