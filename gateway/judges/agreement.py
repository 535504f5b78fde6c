"""Accepts an answer that further answers agree with: more samples of its own model, or other models.

A model that is unsure answers differently when it is asked again, so agreement is a sign of rightness where the model
gives no log-probabilities, and a better one for worked answers. It says nothing where a model is always wrong in the
same way; another model (`backends`) is wrong in other ways. Numbers, options and labels agree or not; JSON and calls
agree by their fields, prose by its words, which says little.

It is asked for only where that costs less than it may spare; hardware of ours costs nothing.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from gateway.interfaces import Inquiry
from gateway.judges._conversation import question
from gateway.judges._similarity import completion_agreement
from gateway.judges._threshold import demanded, told
from gateway.types import Completion, Request, Verdict

_MOST_SAMPLES = 8


def _one_or_many(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_one_or_many, json_schema_input_type=str | tuple[str, ...])]


class Options(BaseModel):
    """Whom to ask again, and how far the answers must agree."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    samples: int = Field(
        default=2, ge=0, le=_MOST_SAMPLES, description="How often the backend that answered is asked again."
    )
    backends: Names = Field(default=(), description="Other backends that are asked the same, once each.")
    at_least: float = Field(default=0.6, ge=0, le=1, description="The mean agreement that is enough at stakes normal.")
    temperature: float = Field(default=0.7, gt=0, le=2, description="Of the samples: at 0 they would all be the same.")
    expected_agreement: float = Field(
        default=0.6,
        ge=0,
        le=1,
        description="How often an answer is accepted: asking must cost less than this share of the next step.",
    )
    when_unasked: Literal["reject", "accept"] = Field(
        default="reject", description="What becomes of the answer where asking does not pay, or nobody answers."
    )

    @model_validator(mode="after")
    def _asks_somebody(self) -> Self:
        if not self.samples and not self.backends:
            raise ValueError("nobody is asked; raise samples, or name backends")
        return self


@asynccontextmanager
async def build(options: Options) -> AsyncIterator["AgreementJudge"]:
    """Build the judge; nothing is opened."""
    yield AgreementJudge(options)


@dataclass(frozen=True, slots=True)
class AgreementJudge:
    """Asks at once all that it asks; the score is the mean agreement of those that answered."""

    options: Options

    @property
    def needs_logprobs(self) -> bool:
        """False: what is compared is what was said."""
        return False

    async def judge(self, request: Request, completion: Completion, inquiry: Inquiry) -> Verdict:
        """Accept from `at_least` on, moved by the stakes."""
        message = completion.message
        if not message.tool_calls and not message.text.strip():
            return _verdict("the answer is empty", accepted=False)
        asked = [
            *((inquiry.backend, _sample(request, self.options.temperature, n)) for n in range(self.options.samples)),
            *((name, request) for name in self.options.backends if name != inquiry.backend),
        ]
        # What several calls cost together must be less than the one that they may spare.
        chance = self.options.expected_agreement / max(1, len(asked))
        if not asked or not all(inquiry.pays(name, chance=chance) for name in {name for name, _ in asked}):
            return self._unasked("asking again would cost more than it may spare")
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(inquiry.ask(name, again, purpose="sample")) for name, again in asked]
        others = [other for task in tasks if (other := task.result()) is not None]
        if not others:
            return self._unasked("none of those that were asked again has answered")
        return self._compared(request, completion, others, inquiry)

    def _compared(
        self, request: Request, completion: Completion, others: list[Completion], inquiry: Inquiry
    ) -> Verdict:
        prompt = question(request)
        score = sum(completion_agreement(completion, other, prompt=prompt) for other in others) / len(others)
        accepted = score >= demanded(self.options.at_least, inquiry.stake)
        than = f"{'at least' if accepted else 'below'} {told(self.options.at_least, inquiry)}"
        reason = f"{len(others)} further answers agree by {score:.2f}, {than}"
        if len(others) == 1:
            reason = f"another answer agrees by {score:.2f}, {than}"
        return _verdict(reason, accepted=accepted, score=score)

    def _unasked(self, because: str) -> Verdict:
        accepts = self.options.when_unasked == "accept"
        return _verdict(f"{because}: {'accepted' if accepts else 'rejected'} unasked", accepted=accepts)


def _verdict(reason: str, *, accepted: bool, score: float | None = None) -> Verdict:
    return Verdict(accepted=accepted, judge="agreement", score=score, reason=reason)


def _sample(request: Request, temperature: float, number: int) -> Request:
    kept = {key: value for key, value in request.sampling.items() if key not in ("n", "logprobs", "top_logprobs")}
    seed = kept.get("seed")
    first = seed if isinstance(seed, int) else 0
    return replace(request, sampling={**kept, "temperature": temperature, "seed": first + 1 + number})
