"""Rejects an answer with a fault that can be proven: a wrong sum, code that cannot be read, a made-up quotation.

Sums are recalculated and code is parsed, never run. What cannot be checked does not count; an answer with nothing to
check is accepted, so put a judge with a score behind this one. The score is the share of what was checked and right.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from gateway.interfaces import Inquiry
from gateway.judges._checks import Tally, citations, code, sums
from gateway.judges._conversation import given
from gateway.types import Completion, Request, Verdict


class Options(BaseModel):
    """What is checked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    arithmetic: bool = Field(default=True, description="Whether equations of numbers must be right.")
    code: bool = Field(
        default=True,
        description="Whether fenced code must parse: Python and JSON whole, for many others the brackets.",
    )
    citations: bool = Field(
        default=False,
        description="Whether quotations of four words and more must stand in the conversation; for answers on a text.",
    )


@asynccontextmanager
async def build(options: Options) -> AsyncIterator["ChecksJudge"]:
    """Build the judge; nothing is opened."""
    yield ChecksJudge(options)


@dataclass(frozen=True, slots=True)
class ChecksJudge:
    """Checks what can be checked without asking anybody."""

    options: Options

    @property
    def needs_logprobs(self) -> bool:
        """False: faults are in the text."""
        return False

    async def judge(self, request: Request, completion: Completion, inquiry: Inquiry) -> Verdict:  # noqa: ARG002 - the socket gives all
        """Accept unless something is wrong; the reason counts, and never quotes."""
        told = list(self._tallies(request, completion.message.text))
        right, wrong = (sum(counts) for counts in zip(*(tally for _, tally in told), (0, 0), strict=True))
        faults = [f"{tally.wrong} of {sum(tally)} {what}" for what, tally in told if tally.wrong]
        if faults:
            reason = f"wrong: {', '.join(faults)}"
        else:
            reason = f"all {right} things that could be checked are right" if right else "there is nothing to check"
        score = right / (right + wrong) if right + wrong else None
        return Verdict(accepted=not faults, judge="checks", score=score, reason=reason)

    def _tallies(self, request: Request, text: str) -> Iterator[tuple[str, Tally]]:
        if self.options.arithmetic:
            yield "sums", sums(text)
        if self.options.code:
            yield "blocks of code", code(text)
        if self.options.citations:
            yield "quotations", citations(text, given(request))
