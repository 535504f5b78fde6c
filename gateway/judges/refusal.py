"""Rejects an answer that is none: a refusal, one that was cut off, one that repeats itself without end, an empty one.

Reads signs of the text alone, and asks nobody. Refusals are known by their first words, in English, German, French and
Spanish; another model may refuse as well, and then that is the answer.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from gateway.interfaces import Inquiry
from gateway.judges._marks import Marks, marks
from gateway.types import Completion, Request, Verdict


class Options(BaseModel):
    """What an answer is rejected for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    refusals: bool = Field(default=True, description="For words such as: I can't help with that.")
    truncation: bool = Field(
        default=True, description="For an end at the token limit, or within a block of code or JSON."
    )
    emptiness: bool = Field(default=True, description="For saying nothing, and calling no tool.")
    most_repetition: float = Field(
        default=0.5, ge=0, le=1, description="The share of it that may say again what it said; 1: any."
    )
    most_doubts: int | None = Field(
        default=None,
        ge=0,
        description="How many words of doubt it may have (perhaps, I'm not sure); unset: any number.",
    )


@asynccontextmanager
async def build(options: Options) -> AsyncIterator["RefusalJudge"]:
    """Build the judge; nothing is opened."""
    yield RefusalJudge(options)


@dataclass(frozen=True, slots=True)
class RefusalJudge:
    """Reads signs, so its verdict has no score."""

    options: Options

    @property
    def needs_logprobs(self) -> bool:
        """False: the signs are in the text."""
        return False

    async def judge(self, request: Request, completion: Completion, inquiry: Inquiry) -> Verdict:  # noqa: ARG002 - the socket gives all
        """Accept the answer that bears none of the signs; the reason names the first one."""
        message = completion.message
        read = marks(message.text, finish_reason=completion.finish_reason)
        fault = next(self._faults(read, calls=bool(message.tool_calls)), None)
        reason = "the answer is one" if fault is None else fault
        return Verdict(accepted=fault is None, judge="refusal", score=None, reason=reason)

    def _faults(self, read: Marks, *, calls: bool) -> Iterator[str]:
        if self.options.emptiness and read.is_empty and not calls:
            yield "the answer is empty"
        if self.options.refusals and read.refuses:
            yield "the answer is a refusal"
        if self.options.truncation and read.is_cut:
            yield "the answer was cut off"
        repetition = max(read.loop, read.repeated)
        if repetition > self.options.most_repetition:
            yield f"{repetition:.0%} of the answer repeats what it said"
        if self.options.most_doubts is not None and read.hedges > self.options.most_doubts:
            yield f"the answer has {read.hedges} words of doubt, more than {self.options.most_doubts}"
