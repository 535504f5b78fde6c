"""Who may judge an answer afterwards: whoever has the key, about his own tenant's entries, so often a day.

What is learned from feedback steers requests, so that it is guarded like them. Nothing here quotes a key.
"""

import hmac

from gateway.entries import HOLDOUT, Feedback
from gateway.errors import FeedbackRefusedError, InvalidRequestError
from gateway.interfaces import Ledger
from gateway.policy.models import FeedbackPolicy
from gateway.spelling import remedy

LONGEST_SOURCE = 200


async def take(feedback: Feedback, *, key: str | None, policy: FeedbackPolicy, ledger: Ledger) -> None:
    """Keep a judgement; raises `FeedbackRefusedError` or `InvalidRequestError` where it is not taken."""
    _check_key(key, policy)
    _check(feedback, policy)
    fate = await ledger.feedback(feedback, most_a_day=policy.per_tenant_a_day)
    if fate == "unknown":
        # Another tenant's entry is as unknown as none: nobody learns here which entries there are.
        whose = "without a tenant" if feedback.tenant is None else f"for tenant {feedback.tenant!r}"
        raise InvalidRequestError(
            f"no entry {feedback.entry_id!r} {whose} in {ledger.place}; see `gateway ledger tail`, and name the tenant "
            "of the request"
        )
    if fate == "over_cap":
        raise FeedbackRefusedError(
            f"this tenant has given {policy.per_tenant_a_day:,} judgements within 24 hours; "
            "wait, or raise feedback.per_tenant_a_day in the policy"
        )


def _check_key(key: str | None, policy: FeedbackPolicy) -> None:
    if policy.key is None:
        return
    wanted, given = (text.encode(errors="surrogatepass") for text in (policy.key.get_secret_value(), key or ""))
    if key is None or not hmac.compare_digest(wanted, given):
        what = "needs the key" if key is None else "was given another key than that"
        raise FeedbackRefusedError(f"feedback {what} of the policy (feedback.key); give it as key=...")


def _check(feedback: Feedback, policy: FeedbackPolicy) -> None:
    if not 0 <= feedback.score <= 1:
        raise InvalidRequestError(f"score is {feedback.score}; it must lie between 0 (bad) and 1 (good)")
    source = feedback.source
    if not 0 < len(source) <= LONGEST_SOURCE:
        raise InvalidRequestError(f"source has {len(source):,} characters; give it 1 to {LONGEST_SOURCE}")
    if source == HOLDOUT:
        raise InvalidRequestError(f"source {HOLDOUT!r} is the router's own; name another")
    if policy.sources and source not in policy.sources:
        raise InvalidRequestError(
            f"there is no source {source!r} in feedback.sources of the policy; {remedy(source, policy.sources)}"
        )
