"""Accepts an answer that its model was sure of, by the probabilities of the tokens it chose.

A model's own confidence is cheap and good where answers are short (labels, choices, numbers) and says little about
long prose. An answer without log-probabilities, or with numbers that are none, is rejected: what cannot be read is not
trusted, and nothing is raised. A worked answer is long and its result short: `span: answer` reads the result alone.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import accumulate
from math import exp, inf
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from gateway.interfaces import Inquiry
from gateway.judges._conversation import question
from gateway.judges._extract import final_answer
from gateway.judges._threshold import demanded, told
from gateway.types import Completion, Request, TokenLogprob, Verdict
from gateway.wire.openai import LEAST_LOGPROB, ROUNDING

# Up to here an answer is a label or a number, and stands or falls with its least certain token.
_SHORT_TOKENS = 16

Over = Literal["auto", "first", "margin", "mean", "min"]
Span = Literal["all", "answer"]


class Options(BaseModel):
    """How sure the model must be, and over which tokens that is measured."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    at_least: float = Field(default=0.8, ge=0, le=1, description="The confidence that is enough at stakes normal.")
    over: Over = Field(
        default="auto",
        description=(
            "first: the first token, for labels that differ there; min: the least certain token; mean: the geometric "
            f"mean; auto: min for answers of up to {_SHORT_TOKENS} tokens, mean for longer ones; "
            "margin: how far a token was ahead of the next best one, of the tokens that auto would take."
        ),
    )
    span: Span = Field(
        default="all",
        description="answer: the tokens of what is finally said (a number, an option, a label), not of the way there.",
    )


@asynccontextmanager
async def build(options: Options) -> AsyncIterator["ConfidenceJudge"]:
    """Build the judge; nothing is opened."""
    yield ConfidenceJudge(at_least=options.at_least, over=options.over, span=options.span)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfidenceJudge:
    """Reads the log-probabilities of an answer's tokens; tokens of white space and of control are left out."""

    at_least: float
    over: Over = "auto"
    span: Span = "all"

    @property
    def needs_logprobs(self) -> bool:
        """True: without them every answer is rejected."""
        return True

    async def judge(self, request: Request, completion: Completion, inquiry: Inquiry) -> Verdict:
        """Accept from `at_least` on, moved by the stakes; the score is the probability of the tokens that count."""
        tokens: Sequence[TokenLogprob] = completion.logprobs or ()
        if self.span == "answer":
            tokens = _of_answer(tokens, completion.message.text, question(request))
        tokens = [token for token in tokens if token.token.strip()]
        if not tokens:
            return _rejected("the backend gave no log-probabilities")
        if not all(_is_logprob(token.logprob) for token in tokens):
            return _rejected("the backend's log-probabilities are no logarithms of probabilities")
        if self.over == "margin" and not all(map(_has_rival, tokens)):
            return _rejected("the backend listed no other tokens to compare with")
        score = _margin(tokens) if self.over == "margin" else _probability(tokens, self.over)
        at_least = demanded(self.at_least, inquiry.stake)
        accepted = score >= at_least
        reason = f"confidence {score:.3f} is {'at least' if accepted else 'below'} {told(self.at_least, inquiry)}"
        return Verdict(accepted=accepted, judge="confidence", score=score, reason=reason)


def _rejected(reason: str) -> Verdict:
    return Verdict(accepted=False, judge="confidence", score=None, reason=reason)


def _is_logprob(number: float) -> bool:
    # The mock and third parties' backends do not read their numbers with the codec.
    return number == -inf or LEAST_LOGPROB <= number <= ROUNDING


def _of_answer(tokens: Sequence[TokenLogprob], text: str, prompt: str) -> Sequence[TokenLogprob]:
    """Return the tokens that say what the text finally says; all of them where that cannot be found."""
    joined = "".join(token.token for token in tokens)
    # Tokens of control may stand around the text, and halves of a letter within it.
    before = max(0, joined.find(text))
    answer = final_answer(text if text in joined else joined, prompt=prompt)
    if answer is None:
        return tokens
    start, end = (before + place for place in answer.span)
    ends = list(accumulate(len(token.token) for token in tokens))
    return [token for token, last in zip(tokens, ends, strict=True) if last > start and last - len(token.token) < end]


def _probability(tokens: Sequence[TokenLogprob], over: Over) -> float:
    logprobs = [token.logprob for token in tokens]
    if over == "first":
        return min(1.0, exp(logprobs[0]))
    if over == "min" or (over == "auto" and len(logprobs) <= _SHORT_TOKENS):
        return min(1.0, exp(min(logprobs)))
    return min(1.0, exp(sum(logprobs) / len(logprobs)))


def _margin(tokens: Sequence[TokenLogprob]) -> float:
    margins = [max(0.0, exp(min(0.0, token.logprob)) - exp(min(0.0, _rival(token)))) for token in tokens]
    return min(margins) if len(margins) <= _SHORT_TOKENS else sum(margins) / len(margins)


def _rival(token: TokenLogprob) -> float:
    return max((logprob for text, logprob in token.top if text != token.token and _is_logprob(logprob)), default=-inf)


def _has_rival(token: TokenLogprob) -> bool:
    return _rival(token) > -inf or len(token.top) > 1
