"""Every value that flows through the pipeline, frozen and typed. Of ours it imports label and plan.

Prompts and answers are kept out of every `repr`; durations are seconds, money is `Money`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar, Literal, Protocol

# These flow too, in files of their own: labels for the maker of clearances, which plans hold.
from gateway.label import Label as Label  # noqa: PLC0414 - given on
from gateway.label import Level as Level  # noqa: PLC0414 - given on
from gateway.label import Source as Source  # noqa: PLC0414 - given on
from gateway.plan import Plan as Plan  # noqa: PLC0414 - given on
from gateway.plan import Reason as Reason  # noqa: PLC0414 - given on
from gateway.plan import Step as Step  # noqa: PLC0414 - given on

# OpenAI's JSON objects (tools, response formats, content parts) are open-ended by their specification.
JsonObject = Mapping[str, Any]

Stakes = Literal["low", "normal", "high"]
# Why a backend was called: for the answer itself, for a second opinion on one, by a judge that is a model, or to
# compare a local answer with a strong one afterwards. In imported histories also: an answer that a cache of the
# caller's gave, the embedding that looked it up, and a model that guarded.
Purpose = Literal["answer", "sample", "judge", "holdout", "cache", "embedding", "guard"]
Role = Literal["system", "developer", "user", "assistant", "tool"]


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

    id: str = field(repr=False)
    name: str = field(repr=False)
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
    name: str | None = field(default=None, repr=False)
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = field(default=None, repr=False)
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
    `subject` is whom it is about, in the caller's words; only the audit trail is told, and keeps a pseudonym.
    `team` is who pays for it: costs are charged back to it.
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
    subject: str | None = field(default=None, repr=False)
    team: str | None = None


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
class Redaction:
    """What a request is with placeholders in it: how private, and how many values of each type were replaced."""

    label: Label
    counts: Mapping[str, int]

    def __str__(self) -> str:
        return ", ".join(f"{type_} x {count}" for type_, count in self.counts.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What a request is: the input of `decide`.

    `difficulty` is 0 (any model can) to 1 (only the strongest), None where the classifier failed.
    `regions` is None where any region will do; `retain` is False where nobody may keep it. `tags` are those of the
    whole request, by its caller, tenant and key; `kinds` what is in it: what detectors found, and the tags of messages.
    `level_reasons` says what raised the level, `sources` all that the label comes from. `redaction` is set where
    the policy lets what was found be replaced, and the request is less private then. `classifier` is the version of the
    classifier, `features` what it wants kept of the request to learn from, where the policy lets it.
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
    redaction: Redaction | None = None
    classifier: str | None = None
    features: bytes | None = field(default=None, repr=False)

    @property
    def label(self) -> Label:
        """How private the request is, as one value: what `admit` reads."""
        return Label(level=self.level, kinds=self.kinds | self.tags, regions=self.regions, retain=self.retain)


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of one call; None where the backend did not say.

    `prompt_tokens` includes `cached_tokens`, `cache_write_tokens`, `audio_tokens` and `image_tokens` (of both, those
    that no cache knew); `cache_write_tokens` includes `cache_write_1h_tokens`. `completion_tokens` includes
    `reasoning_tokens` and `audio_output_tokens`. `money.tokens` takes them apart.
    """

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    cache_write_1h_tokens: int = 0
    audio_tokens: int = 0
    image_tokens: int = 0
    audio_output_tokens: int = 0


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
    name: str | None = field(default=None, repr=False)
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

    `duration_s` is wall time; `first_token_s` is set for streams. `redacted` says that the backend saw placeholders;
    of those in its answer `restore_misses` could not be restored. `unsent` says that the call ended before the backend
    was given anything.
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
    redacted: bool = False
    restore_misses: int = 0
    unsent: bool = False

    @property
    def accepted(self) -> bool | None:
        """Whether every judge accepted; None without an answer or without judges."""
        if self.completion is None or not self.verdicts:
            return None
        return all(verdict.accepted for verdict in self.verdicts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The answer, and everything about how it came to be.

    `attribution` are the texts that the model's licences want shown beside it, `licence` the id of the one that binds
    the most; None where it is not known.
    """

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
    licence: str | None = None

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
