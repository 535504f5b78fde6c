"""Attempts of three backends - our own, a priced one, one without a price - and how they are settled."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from gateway import errors
from gateway.decide import Fleet, decide
from gateway.money.prices import Price, PriceList
from gateway.policy.duties import Origins
from gateway.policy.models import Policy
from gateway.settle import Outcome, settle
from gateway.types import Assessment, Attempt, Completion, Message, Money, Request, Usage, Verdict
from support.policies import assessment, policy

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MINI = "openai/gpt-5-mini"
SECRET = "the answer is forty-two"
USAGE = Usage(prompt_tokens=2_400, completion_tokens=500)
# 2,400 in and 500 out at $0.25 and $2.00 a million.
MINI_COST = Money(1_600_000)
PRICES = PriceList(
    {MINI: Price.per_mtok(input="0.25", output=2), "big/one": Price.per_mtok(input=5, output=30)}, version="v1"
)
BACKENDS: Mapping[str, Any] = {
    "llama": {
        "kind": "llamacpp",
        "model": "llama-3.1-8b",
        "urls": ["http://127.0.0.1:8080"],
        "clearance": "restricted",
        "licence": "llama-3.1",
    },
    "frontier": {"kind": "hosted", "model": MINI, "clearance": "internal"},
    "strange": {"kind": "hosted", "model": "unheard/of", "clearance": "internal"},
}
POLICY = policy(BACKENDS, baseline=MINI)


def completion(usage: Usage = USAGE, **fields: Any) -> Completion:
    """Return an answer that was served; its words are `SECRET`."""
    message = Message(role="assistant", content=SECRET)
    return Completion(**{"message": message, "finish_reason": "stop", "usage": usage, "model": "served", **fields})


def attempt(backend: str, **fields: Any) -> Attempt:
    """Return an attempt with an answer, or with the `error` that is given."""
    given = {"replica": "host:1", "duration_s": 0.5, **fields}
    if "error" not in given:
        given.setdefault("completion", completion())
    return Attempt(backend=backend, **given)


def judged(backend: str, *, accepted: bool, score: float | None = 0.5, **fields: Any) -> Attempt:
    """Return an attempt whose answer a judge has read."""
    verdict = Verdict(accepted=accepted, judge="confidence", score=score, reason="sure enough")
    return attempt(backend, verdicts=(verdict,), **fields)


def fault(kind: Callable[..., errors.BackendError], *, status: int | None = None) -> errors.BackendError:
    """Return a backend's fault."""
    return kind("it did not work", backend="any", status=status)


def settled(
    *attempts: Attempt,
    under: Policy = POLICY,
    read: Assessment | None = None,
    prices: PriceList = PRICES,
    **flags: Any,
) -> Outcome:
    """Settle attempts under a policy; the flags are those of `settle`: `cancelled`, `streamed`, `holdout`."""
    read = read or assessment()
    plan = decide(read, under, Fleet())
    request = Request(messages=(Message(role="user", content=SECRET),), id="request-1")
    return settle(
        request,
        read,
        plan,
        attempts,
        policy=under,
        prices=prices,
        origins=Origins(under),
        entry_id="request-1",
        at=NOON,
        duration_s=1.5,
        **flags,
    )


def ruled(**rule: Any) -> Policy:
    """Return the policy with one rule that uses every backend."""
    return policy(BACKENDS, {"name": "only", "use": list(BACKENDS), **rule}, baseline=MINI)
