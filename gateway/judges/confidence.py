"""Accepts an answer that its model was sure of, by the probabilities of the tokens it chose.

A model's own confidence is cheap and good where answers are short (labels, choices, numbers) and says little about
long prose. An answer without log-probabilities, or with numbers that are none, is rejected: what cannot be read is not
trusted, and nothing is raised.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from math import exp, inf
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from gateway.interfaces import Inquiry
from gateway.judges._threshold import demanded, told
from gateway.types import Completion, Request, Verdict
from gateway.wire.openai import LEAST_LOGPROB, ROUNDING

# Up to here an answer is a label or a number, and stands or falls with its least certain token.
_SHORT_TOKENS = 16

Over = Literal["auto", "first", "mean", "min"]


class Options(BaseModel):
    """How sure the model must be, and over which tokens that is measured."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    at_least: float = Field(default=0.8, ge=0, le=1, description="The confidence that is enough at stakes normal.")
    over: Over = Field(
        default="auto",
        description=(
            "first: the first token, for labels that differ there; min: the least certain token; mean: the geometric "
            f"mean; auto: min for answers of up to {_SHORT_TOKENS} tokens, mean for longer ones."
        ),
    )


@asynccontextmanager
async def build(options: Options) -> AsyncIterator["ConfidenceJudge"]:
    """Build the judge; nothing is opened."""
    yield ConfidenceJudge(at_least=options.at_least, over=options.over)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfidenceJudge:
    """Reads the log-probabilities of an answer's tokens; tokens of white space and of control are left out."""

    at_least: float
    over: Over = "auto"

    @property
    def needs_logprobs(self) -> bool:
        """True: without them every answer is rejected."""
        return True

    async def judge(self, request: Request, completion: Completion, inquiry: Inquiry) -> Verdict:  # noqa: ARG002 - the socket gives all
        """Accept from `at_least` on, moved by the stakes; the score is the probability of the tokens that count."""
        logprobs = [token.logprob for token in completion.logprobs or () if token.token.strip()]
        if not logprobs:
            return _rejected("the backend gave no log-probabilities")
        if not all(map(_is_logprob, logprobs)):
            return _rejected("the backend's log-probabilities are no logarithms of probabilities")
        score = min(1.0, exp(_logprob(logprobs, self.over)))
        at_least = demanded(self.at_least, inquiry.stake)
        accepted = score >= at_least
        reason = f"confidence {score:.3f} is {'at least' if accepted else 'below'} {told(self.at_least, inquiry)}"
        return Verdict(accepted=accepted, judge="confidence", score=score, reason=reason)


def _rejected(reason: str) -> Verdict:
    return Verdict(accepted=False, judge="confidence", score=None, reason=reason)


def _is_logprob(number: float) -> bool:
    # The mock and third parties' backends do not read their numbers with the codec.
    return number == -inf or LEAST_LOGPROB <= number <= ROUNDING


def _logprob(logprobs: Sequence[float], over: Over) -> float:
    if over == "first":
        return logprobs[0]
    if over == "min" or (over == "auto" and len(logprobs) <= _SHORT_TOKENS):
        return min(logprobs)
    return sum(logprobs) / len(logprobs)
