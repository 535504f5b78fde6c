"""Every value that flows through the pipeline, frozen and typed. Imports nothing of ours.

Prompts and answers are kept out of every `repr`; durations are seconds, money is `Money`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import IntEnum, StrEnum
from typing import Any, ClassVar, Literal, Protocol

# OpenAI's JSON objects (tools, response formats, content parts) are open-ended by their specification.
JsonObject = Mapping[str, Any]

Stakes = Literal["low", "normal", "high"]
# Why a backend was called: for the answer itself, for a second opinion on one, by a judge that is a model, or to
# compare a local answer with a strong one afterwards.
Purpose = Literal["answer", "sample", "judge", "holdout"]
Role = Literal["system", "developer", "user", "assistant", "tool"]


class Level(IntEnum):
    """How far a request may travel; `RESTRICTED` stays on local backends."""

    PUBLIC = 0
    INTERNAL = 1
    CONFIDENTIAL = 2
    RESTRICTED = 3

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """How private something is. Labels join upward only; the join of labels is what everything joined asks for.

    `kinds` are what it holds: kinds that detectors found and tags of the caller. `regions` is where it may go, None for
    anywhere, empty for nowhere; `retain` whether who sees it may keep it.
    """

    level: Level = Level.PUBLIC
    kinds: frozenset[str] = frozenset()
    regions: frozenset[str] | None = None
    retain: bool = True

    def __or__(self, other: "Label") -> "Label":
        """Return the join: the higher level, all kinds, the regions that both allow, kept only where both allow it."""
        if self.regions is None or other.regions is None:
            regions = other.regions if self.regions is None else self.regions
        else:
            regions = self.regions & other.regions
        return Label(
            level=max(self.level, other.level),
            kinds=self.kinds | other.kinds,
            regions=regions,
            retain=self.retain and other.retain,
        )

    def covers(self, other: "Label") -> bool:
        """Whether who may see this may see `other` as well."""
        return self | other == self

    @property
    def tags(self) -> frozenset[str]:
        """The label as tags: whatever carries them is labelled no lower than this, under the same policy."""
        return self.kinds | {str(self.level)}

    def __str__(self) -> str:
        bounds = []
        if self.regions is not None:
            bounds.append(
                f"in {' or '.join(sorted(self.regions))} alone" if self.regions else "on local backends alone"
            )
        if not self.retain:
            bounds.append("kept by nobody")
        return ", ".join((str(self.level), *sorted(self.kinds), *bounds))


class Need(StrEnum):
    """What a request asks of a backend beyond text."""

    TOOLS = "tools"
    IMAGES = "images"
    RESPONSE_FORMAT = "response_format"
    OTHER_MEDIA = "other_media"


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An exact amount in integer nano-USD (10^-9 USD)."""

    nano_usd: int

    @property
    def usd(self) -> Decimal:
        """The amount in USD, exact."""
        return Decimal(self.nano_usd).scaleb(-9)

    def __add__(self, other: "Money") -> "Money":
        return Money(self.nano_usd + other.nano_usd)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.nano_usd - other.nano_usd)

    def __str__(self) -> str:
        sign = "-" if self.nano_usd < 0 else ""
        return f"{sign}${abs(self.usd):.6f}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A function call that a model asks for; `arguments` is the JSON text as the model wrote it."""

    id: str
    name: str
    arguments: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentPart:
    """One part of a multi-part message: `type` as OpenAI names it, `body` the whole part as sent.

    `tags` are the caller's labels of it: never sent.
    """

    type: str
    body: JsonObject = field(repr=False)
    tags: frozenset[str] = frozenset()

    @property
    def text(self) -> str | None:
        """The text of a text part, else None."""
        text = self.body.get("text")
        return text if self.type == "text" and isinstance(text, str) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of a conversation, in OpenAI's sense; `tags` are the caller's labels of it, and never sent."""

    role: Role
    content: str | tuple[ContentPart, ...] | None = field(default=None, repr=False)
    name: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    tags: frozenset[str] = frozenset()

    @property
    def text(self) -> str:
        """All text of the message, parts joined by a newline."""
        if isinstance(self.content, str):
            return self.content
        return "\n".join(part.text for part in self.content or () if part.text is not None)


@dataclass(frozen=True, slots=True, kw_only=True, weakref_slot=True)
class Request:
    """One request to be routed, with the caller's labels.

    `sampling` holds OpenAI's sampling parameters (`temperature`, `max_tokens`, `stop` ...) as given.
    `id` is the caller's own name for it; the ledger keeps it beside the entry's id, which is always new.
    `tags` name what the caller knows about the content; they raise its level and never lower it.
    `deadline_s` bounds the whole request, retries and escalations included.
    `pin` names the one backend that shall be asked; it admits nobody who may not see the request.
    `conversation` is the caller's name for the conversation that the request goes on with.
    `key` is the name, never the text, of the API key that the caller showed: its tags count, and it is kept nowhere.
    """

    messages: tuple[Message, ...] = field(repr=False)
    id: str | None = None
    tools: tuple[JsonObject, ...] = field(default=(), repr=False)
    tool_choice: str | JsonObject | None = field(default=None, repr=False)
    response_format: JsonObject | None = field(default=None, repr=False)
    sampling: JsonObject = field(default_factory=dict, repr=False)
    tags: frozenset[str] = frozenset()
    task: str | None = None
    stakes: Stakes = "normal"
    tenant: str | None = None
    deadline_s: float | None = None
    pin: str | None = None
    conversation: str | None = None
    key: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something a detector saw, as a span of the scanned text (see `Detector`), never the text itself.

    `kind` is a tag of the policy (pii, phi, pci, secret ...); `type` is Presidio's entity id where it has one.
    """

    kind: str
    type: str
    start: int
    end: int
    strength: Literal["strong", "weak"]
    detector: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One thing that a request's label comes from: who says it, what it asks for, and why, without any content.

    `name` is the tag, or the kind that was found; `message` the number of the message that it stands at, from 0.
    """

    by: Literal["tenant", "key", "tag", "message", "earlier", "detector", "unread"]
    label: Label
    reason: str
    name: str | None = None
    message: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What a request is: the input of `decide`.

    `difficulty` is 0 (any model can) to 1 (only the strongest), None where the classifier failed.
    `regions` is None where any region will do; `retain` is False where nobody may keep it. `tags` are those of the
    whole request, by its caller, tenant and key; `kinds` what is in it: what detectors found, and the tags of messages.
    `level_reasons` says what raised the level, `sources` all that the label comes from. `classifier` is the version of
    the classifier, `features` what it wants kept of the request to learn from, where the policy lets it.
    """

    level: Level
    level_reasons: tuple[str, ...]
    kinds: frozenset[str]
    tags: frozenset[str]
    regions: frozenset[str] | None
    findings: tuple[Finding, ...]
    failed_detectors: tuple[str, ...]
    difficulty: float | None
    needs: frozenset[Need]
    prompt_tokens: int
    task: str | None
    stakes: Stakes
    tenant: str | None
    pin: str | None = None
    retain: bool = True
    sources: tuple[Source, ...] = ()
    classifier: str | None = None
    features: bytes | None = field(default=None, repr=False)

    @property
    def label(self) -> Label:
        """How private the request is, as one value: what `admit` reads."""
        return Label(level=self.level, kinds=self.kinds | self.tags, regions=self.regions, retain=self.retain)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a backend is in a plan or out of it."""

    admitted: bool
    code: str
    text: str

    def __str__(self) -> str:
        return f"{'in' if self.admitted else 'out'}: {self.text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One backend to ask; `judged` says whether the rule's judges read its answer before it is accepted."""

    backend: str
    judged: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Who may answer, in order, with a reason for every backend of the policy that is in or out.

    `consultable` may be asked for an opinion beside the answer: admitted backends that the rule or its judges name.
    """

    rule: str | None
    steps: tuple[Step, ...]
    reasons: Mapping[str, Reason]
    deadline_s: float
    policy_version: str
    consultable: frozenset[str] = frozenset()

    @property
    def first(self) -> str | None:
        """The backend that is asked first, None for an empty plan."""
        return self.steps[0].backend if self.steps else None

    @property
    def backends(self) -> tuple[str, ...]:
        """The admitted backends in the order of asking."""
        return tuple(step.backend for step in self.steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of one call; None where the backend did not say.

    `prompt_tokens` includes `cached_tokens` and `cache_write_tokens`; `completion_tokens` includes `reasoning_tokens`.
    """

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenLogprob:
    """A generated token with its natural-log probability and the alternatives the backend listed."""

    token: str = field(repr=False)
    logprob: float
    top: tuple[tuple[str, float], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """One answer of one backend."""

    message: Message
    finish_reason: str
    usage: Usage
    model: str
    logprobs: tuple[TokenLogprob, ...] | None = field(default=None, repr=False)
    reported_cost: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCallDelta:
    """A fragment of a tool call in a stream; fragments of one call share `index`."""

    index: int
    id: str | None = None
    name: str | None = None
    arguments: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """One piece of a streamed answer; the last ones carry `finish_reason` and `usage`."""

    text: str = field(default="", repr=False)
    tool_calls: tuple[ToolCallDelta, ...] = ()
    finish_reason: str | None = None
    usage: Usage | None = None
    model: str | None = None
    logprobs: tuple[TokenLogprob, ...] = field(default=(), repr=False)
    reported_cost: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A judge's reading of an answer: `score` 0..1 is P(good enough) where the judge has one."""

    accepted: bool
    judge: str
    score: float | None
    reason: str


class BackendFault(Protocol):
    """What the pipeline reads of a `BackendError` that ended an attempt."""

    code: ClassVar[str]
    transient: ClassVar[bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One call of one backend: a completion or an error, and what the judges said.

    `duration_s` is wall time; `first_token_s` is set for streams.
    """

    backend: str
    replica: str
    duration_s: float
    completion: Completion | None = None
    error: BackendFault | None = None
    verdicts: tuple[Verdict, ...] = ()
    first_token_s: float | None = None
    streamed: bool = False
    purpose: Purpose = "answer"

    @property
    def accepted(self) -> bool | None:
        """Whether every judge accepted; None without an answer or without judges."""
        if self.completion is None or not self.verdicts:
            return None
        return all(verdict.accepted for verdict in self.verdicts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The answer, and everything about how it came to be."""

    entry_id: str
    message: Message
    finish_reason: str
    usage: Usage
    backend: str
    model: str
    accepted: bool | None
    plan: Plan
    assessment: Assessment
    attempts: Sequence[Attempt]
    cost: Money | None
    saved: Money | None
    baseline_model: str | None
    attribution: tuple[str, ...]
    created: datetime

    @property
    def label(self) -> Label:
        """How private the answer is: as private as what was asked. `message` carries it on as its tags."""
        return self.assessment.label

    @property
    def text(self) -> str:
        """The text of the answer, empty for a pure tool call."""
        return self.message.text

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The function calls that the model asks for."""
        return self.message.tool_calls

    def openai(self) -> dict[str, Any]:
        """Return the reply as an OpenAI `chat.completion` object; an unknown usage is None."""
        message: dict[str, Any] = {"role": "assistant", "content": self.text or None}
        if self.tool_calls:
            message["tool_calls"] = [
                {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
                for call in self.tool_calls
            ]
        return {
            "id": f"chatcmpl-{self.entry_id}",
            "object": "chat.completion",
            "created": int(self.created.timestamp()),
            "model": self.model,
            "choices": [{"index": 0, "message": message, "finish_reason": self.finish_reason, "logprobs": None}],
            "usage": _openai_usage(self.usage),
        }


def _openai_usage(usage: Usage) -> dict[str, Any] | None:
    prompt, completion = usage.prompt_tokens, usage.completion_tokens
    if prompt is None or completion is None:
        return None
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What would happen to a request, without calling anybody."""

    assessment: Assessment
    plan: Plan
