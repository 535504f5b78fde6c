"""Accepts an answer by one estimate of all that is known of it: P(good enough), as a trained model reads it.

Second opinions are asked for only where they can change the outcome: an answer that is almost surely good or bad stands
or falls without them, one in between is compared with what other models of ours say. All that the model has learned to
compare with are needed at once, and together they must cost less than the next step times the chance that it is spared.

The model learned what one backend's answers look like when they are good. Those of another one are read in the same
way, which is a guess.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gateway.errors import ConfigurationError
from gateway.interfaces import Inquiry
from gateway.judges import _json
from gateway.judges._threshold import demanded, told
from gateway.types import Completion, Request, ToolCall, Verdict

if TYPE_CHECKING:
    from gateway.estimate.model import Model

# What is longer is read in a thread: reading so much takes a millisecond.
_INLINE_CHARACTERS = 500


class Options(BaseModel):
    """Which model, how sure it must be, and who gives second opinions."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str | None = Field(
        default=None,
        min_length=1,
        description="A file of `gateway train` on rows with answers; unset: the packaged one.",
    )
    sha256: str | None = Field(
        default=None,
        pattern=r"^[0-9a-fA-F]{8,64}$",
        description="What the model's hash is, or begins with: another one is not opened.",
    )
    at_least: float = Field(
        default=0.8, ge=0, le=1, description="The P(good enough) that is asked for at stakes normal."
    )
    voices: dict[str, str] = Field(
        default_factory=dict,
        description="Who gives second opinions: the backend for each name under which the rows had other answers.",
    )
    ask_from: float = Field(default=0.2, ge=0, le=1, description="Below it an answer is bad, whatever others say.")
    ask_to: float = Field(default=0.98, ge=0, le=1, description="Above it an answer is good, whatever others say.")
    when_unasked: Literal["estimate", "reject"] = Field(
        default="estimate",
        description="What becomes of an answer in between that nobody gave a second opinion on: the estimate from the "
        "answer alone decides, or it is rejected.",
    )

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.ask_from > self.ask_to:
            raise ValueError("ask_from is above ask_to, so that nobody is ever asked; lower it")
        return self


@asynccontextmanager
async def build(options: Options) -> AsyncIterator["LearnedJudge"]:
    """Read the model in a thread; raises `ConfigurationError` where it has not learned what is asked of it."""
    yield await asyncio.to_thread(_open, options)


def _open(options: Options) -> "LearnedJudge":
    # numpy takes longer to load than all of ours: only who uses a model waits for it.
    from gateway.estimate.opening import open_model  # noqa: PLC0415
    from gateway.judges._reading import WEAK, chance  # noqa: PLC0415

    model = open_model(options.model, options.sha256)
    name = "the packaged model" if options.model is None else f"the model {options.model!r}"
    if WEAK not in model.heads:
        raise ConfigurationError(
            f"{name} has learned from prompts alone and cannot judge answers; train one on rows with `answers`"
        )
    _check_voices(name, options.voices.keys(), model.manifest.voices)
    return LearnedJudge(model, options, partial(chance, model))


def _check_voices(name: str, given: Iterable[str], learned: Sequence[str]) -> None:
    known = f"it compares with {', '.join(learned)}" if learned else "it compares with nobody"
    strange = sorted(set(given) - set(learned))
    if strange:
        raise ConfigurationError(f"{name} has never heard {strange[0]!r}; {known}: name these under `voices`, or none")
    missing = [voice for voice in learned if voice not in set(given)]
    if given and missing:
        raise ConfigurationError(f"`voices` leaves out {missing[0]!r}; {name} needs all: {', '.join(learned)}")


class LearnedJudge:
    """The score is P(good enough), calibrated as the model is."""

    def __init__(self, model: "Model", options: Options, chance: Callable[..., float]) -> None:
        self._options = options
        self._voices = model.manifest.voices if options.voices else ()
        self._read = chance
        self._needs_logprobs = bool(model.card.get("logprobs"))

    @property
    def needs_logprobs(self) -> bool:
        """Whether the model learned from log-probabilities."""
        return self._needs_logprobs

    async def judge(self, request: Request, completion: Completion, inquiry: Inquiry) -> Verdict:
        """Accept from `at_least` on, moved by the stakes."""
        said = _said(completion)
        if not said.strip():
            return _verdict("the answer is empty", accepted=False)
        if self._needs_logprobs and not completion.logprobs:
            return _verdict("the backend gave no log-probabilities, which the model reads", accepted=False)
        chance, told_by = await self._chance(request, completion, ()), "the answer alone"
        if self._voices and self._options.ask_from <= chance <= self._options.ask_to:
            others = await self._second_opinions(request, chance, inquiry)
            if others is not None:
                told_by = f"it and {len(others)} second opinion{'s' if len(others) > 1 else ''}"
                chance = await self._chance(request, completion, others)
            elif self._options.when_unasked == "reject":
                return _verdict(f"P(good enough) {chance:.2f} needs second opinions, and has none", accepted=False)
        accepted = chance >= demanded(self._options.at_least, inquiry.stake)
        than = f"{'at least' if accepted else 'below'} {told(self._options.at_least, inquiry)}"
        return _verdict(f"P(good enough) {chance:.2f} by {told_by} is {than}", accepted=accepted, score=chance)

    async def _second_opinions(self, request: Request, chance: float, inquiry: Inquiry) -> Sequence[str] | None:
        """Return what the model's voices say, in its order; None where one is not asked, or says nothing."""
        backends = [self._options.voices[voice] for voice in self._voices]
        # Nobody is a second opinion on itself. Together they must cost less than what they may spare.
        worth = chance / len(backends)
        if inquiry.backend in backends or not all(inquiry.pays(name, chance=worth) for name in backends):
            return None
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(inquiry.ask(name, request, purpose="sample")) for name in backends]
        said = ["" if answer is None else _said(answer) for answer in (task.result() for task in asked)]
        return said if all(text.strip() for text in said) else None

    async def _chance(self, request: Request, completion: Completion, others: Sequence[str]) -> float:
        said = _said(completion)
        logprobs = [token.logprob for token in completion.logprobs or ()] if self._needs_logprobs else None
        read = partial(self._read, request, said, others, logprobs=logprobs, finish_reason=completion.finish_reason)
        if len(said) + sum(map(len, others)) <= _INLINE_CHARACTERS:
            return read()
        return await asyncio.to_thread(read)


def _verdict(reason: str, *, accepted: bool, score: float | None = None) -> Verdict:
    return Verdict(accepted=accepted, judge="learned", score=score, reason=reason)


def _said(completion: Completion) -> str:
    """Return an answer as a text; calls are the JSON that a model would have written for them."""
    message = completion.message
    if not message.tool_calls:
        return message.text
    calls = [_call(call) for call in message.tool_calls]
    return json.dumps(calls[0] if len(calls) == 1 else calls, ensure_ascii=False)


def _call(call: ToolCall) -> Mapping[str, object]:
    # Models write nothing where a function takes nothing.
    arguments = _json.parsed(call.arguments or "{}")
    return {"name": call.name, "arguments": call.arguments if arguments is _json.NO_JSON else arguments}
