"""What the ledger keeps of a request: no content, money in nano-USD, None where unknown."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from gateway.types import Level, Money, Purpose, Usage

Status = Literal["answered", "refused", "exhausted", "cancelled"]
FeedbackFate = Literal["kept", "unknown", "over_cap"]
# The source of an outcome that is a comparison; nobody's feedback is named so.
HOLDOUT = "holdout"
# Who recorded a request, unless it was imported.
GATEWAY = "gateway"
# The baseline's tokens are taken to be as many as the answer's, or as many as the policy says.
ASSUMED_EQUAL, DECLARED = "assumed-equal", "declared"
# The calls that were made for an answer; the others are about one.
ANSWERS = ("answer", "cache")
CostSource = Literal["provider", "price", "pool", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRecord:
    """An attempt as the ledger keeps it: no content, money in nano-USD, None where unknown.

    `cost_source` says where `cost` comes from: `provider`, `price` (our price list), `pool` (hardware that is
    paid for already: marginal cost 0), or `unknown`. `purpose` says why the backend was called: only an `answer` can
    become the reply. `first_token_s` is set for streams. `uncached_cost` is what the call would have cost without the
    provider's prompt cache, None where that is the same or unknown.
    """

    backend: str
    model: str
    replica: str
    duration_s: float
    error: str | None
    accepted: bool | None
    score: float | None
    usage: Usage
    cost: Money | None
    cost_source: CostSource
    purpose: Purpose = "answer"
    first_token_s: float | None = None
    uncached_cost: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One request on the books, answered or not. Never holds the prompt or the answer.

    `id` is new for every call; `request_id` is what the caller called the request, if anything. `classifier` is the
    version of the classifier that said the difficulty, and `features` what it keeps to learn from, where the policy
    lets it. `holdout` marks the random share that a strong backend was to be asked about afterwards.

    `cost` and three baselines are compared: `baseline_cost` at the declared model (`uncached_baseline` without its
    prompt cache, None where that is the same), `managed_cost` at the cheapest managed host of the open model that
    answered, and the answering calls alone, which stand in `attempts`. `token_basis` says how the baseline's tokens
    were taken. `source` is who recorded the request: `gateway`, or the format that it was imported from; such a one may
    not say how long it took, and `duration_s` is 0 then.
    """

    id: str
    at: datetime
    status: Status
    rule: str | None
    policy_version: str
    tenant: str | None
    task: str | None
    tags: tuple[str, ...]
    level: Level
    kinds: tuple[str, ...]
    difficulty: float | None
    backend: str | None
    model: str | None
    local: bool | None
    licence: str | None
    attempts: tuple[AttemptRecord, ...]
    duration_s: float
    cost: Money | None
    baseline_model: str | None
    baseline_cost: Money | None
    price_version: str
    streamed: bool = False
    request_id: str | None = None
    classifier: str | None = None
    features: bytes | None = field(default=None, repr=False)
    holdout: bool = False
    team: str | None = None
    source: str = GATEWAY
    managed_model: str | None = None
    managed_cost: Money | None = None
    uncached_baseline: Money | None = None
    token_basis: str = ASSUMED_EQUAL

    @property
    def saved(self) -> Money | None:
        """Baseline less cost; None where either is unknown, negative where routing cost more."""
        if self.cost is None or self.baseline_cost is None:
            return None
        return self.baseline_cost - self.cost

    @property
    def escalated(self) -> bool:
        """Whether a first answer was read and found wanting, or failed, and somebody else was asked."""
        return len({attempt.backend for attempt in self.answers}) > 1

    @property
    def answers(self) -> tuple[AttemptRecord, ...]:
        """The calls that were made for an answer, without those of judges; an answer from a cache is one of them."""
        return tuple(attempt for attempt in self.attempts if attempt.purpose in ANSWERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """An amount that is booked afterwards, negative where something cost less than was booked.

    It is about one entry, or about what a provider or a model cost in a `month` (`2026-10`). It counts in the hour that
    begins at `counted`, which was open when it was booked.
    """

    id: str
    at: datetime
    counted: datetime
    amount: Money
    reason: str
    month: str
    entry_id: str | None = None
    provider: str | None = None
    model: str | None = None
    tenant: str | None = None
    team: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """What somebody said about an answer afterwards: `score` 0 (bad) to 1 (good).

    Of several by the same `source` about the same entry the last counts. `tenant` is whose entry it is.
    """

    entry_id: str
    score: float
    source: str
    at: datetime
    tenant: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """An answer and what somebody said of it: what is learned from. Never holds words.

    `outcome` is 0 (bad) to 1 (good): feedback by `source`, or the agreement with a strong backend where `source` is
    `holdout`. `judge_score` is what the judges of this answer said, `features` the classifier's vector; both None where
    there is none. Scores and vectors of different `classifier` versions are not comparable. `local` says whether the
    answer was one of ours, None where it is not known. `model` and `licence` are the answer's: for what it may teach.
    """

    features: bytes | None = field(repr=False)
    classifier: str | None
    difficulty: float | None
    judge_score: float | None
    backend: str
    local: bool | None
    tenant: str | None
    outcome: float
    source: str
    at: datetime
    model: str | None = None
    licence: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldoutRecord:
    """A strong backend's answer to a request that a local one had answered, asked for afterwards.

    `attempt.score` is how far the two answers agree, 0 to 1, None where the strong one did not come.
    """

    entry_id: str
    attempt: AttemptRecord
    at: datetime
