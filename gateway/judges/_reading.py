"""What a trained model says of an answer: the chance that it is good enough, from the same numbers as in training."""

from collections.abc import Sequence

import numpy as np

from gateway.estimate.model import Model
from gateway.judges._conversation import question
from gateway.judges._evidence import evidence
from gateway.types import Request

WEAK, VOICES = "weak", "voices"


def chance(  # noqa: PLR0913 - an answer is all of this
    model: Model,
    request: Request,
    answer: str,
    others: Sequence[str] = (),
    *,
    logprobs: Sequence[float] | None = None,
    finish_reason: str = "stop",
) -> float:
    """Return P(good enough) of an answer; `others` are those of the model's voices, in its order, or none of them."""
    shown = evidence(answer, others, prompt=question(request), logprobs=logprobs, finish_reason=finish_reason)
    numbers = np.array(shown, dtype=np.float32)
    if model.manifest.reads_prompt:
        numbers = np.concatenate((numbers, model.vector(request)))
    return 1 - model.heads[VOICES if others else WEAK].difficulty(numbers)
