"""What the router remembers from request to request: shares that are used up, and conversations.

Of those it keeps how private they are, and who answers the ones that escalated.
It belongs to the router, so that a new policy finds it. `past` reads and never writes.
"""

import time
from collections.abc import Callable, Sequence
from functools import partial

from gateway.fleet.conversations import Conversations, standing
from gateway.fleet.labels import ConversationLabels
from gateway.fleet.past import NOTHING, Past
from gateway.fleet.placeholders import ConversationPlaceholders, Earlier
from gateway.fleet.quota import Quota
from gateway.policy.models import Policy
from gateway.policy.place import is_local
from gateway.redaction.placeholders import Numbering
from gateway.types import Assessment, Attempt, Label, Money, Plan, Request, Usage


class Memory:
    """Used from one event loop."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._quota = Quota()
        self._conversations = Conversations(clock=clock)
        self._labels = ConversationLabels(clock=clock)
        self._covered = ConversationLabels(clock=clock)
        self._placeholders = ConversationPlaceholders(clock=clock)

    def earlier(self, request: Request, policy: Policy) -> Label | None:
        """Return how private the earlier turns of a request's conversation were, None where none is known."""
        return self._labels.recall(request, policy.conversations)

    def covered(self, request: Request, policy: Policy) -> Earlier:
        """Return what the earlier turns of a request's conversation left with placeholders in them."""
        label = self._covered.recall(request, policy.conversations)
        return Earlier(label=label, numbering=self._placeholders.recall(request, policy.conversations))

    def foresee(self, request: Request, label: Label, policy: Policy) -> None:
        """Remember what a request's tags ask for before it is read, for turns that are decided upon meanwhile.

        No redaction lowers that.
        """
        self._labels.join(request, label, policy)
        self._covered.join(request, label, policy)

    def outruns(self, request: Request, assessment: Assessment, policy: Policy) -> bool:
        """Whether other turns of its conversation have become more private than this one counts as."""
        limits, redaction = policy.conversations, assessment.redaction
        known, covered = self._labels.recall(request, limits), self._covered.recall(request, limits)
        if known is not None and not assessment.label.covers(known):
            return True
        return redaction is not None and covered is not None and not redaction.label.covers(covered)

    def join(self, request: Request, assessment: Assessment, policy: Policy, numbering: Numbering | None) -> None:
        """Remember how private a request is, for the later turns of its conversation, and its placeholders."""
        self._labels.join(request, assessment.label, policy)
        # Also while a policy redacts nothing: a later one that does must know all that came before.
        redaction = assessment.redaction
        self._covered.join(request, assessment.label if redaction is None else redaction.label, policy)
        if numbering is not None:
            self._placeholders.keep(request, policy.conversations, numbering)

    def past(
        self, request: Request, assessment: Assessment, policy: Policy, estimate: Callable[[str, Usage], Money | None]
    ) -> Past:
        """Return what a decision about this request may know of those before it; `estimate` prices a backend's call."""
        shares, sticky = policy.escalation, policy.conversations.sticky and request.pin is None
        kept = self._conversations.recall(request, policy.conversations) if sticky else None
        over_quota = shares is not None and self._quota.is_used_up(request.tenant, shares)
        # A backend that a new policy has not is nobody to stay with.
        if kept is None or kept.backend not in policy.backends:
            return Past(over_quota=True) if over_quota else NOTHING
        stands = standing(kept, request, assessment, partial(estimate, kept.backend))
        return Past(over_quota=over_quota, standing=stands)

    def learn(  # noqa: PLR0913 - what became of a request is known in pieces, each by its name
        self,
        request: Request,
        assessment: Assessment,
        plan: Plan,
        attempts: Sequence[Attempt],
        *,
        chosen: Attempt | None,
        past: Past,
        policy: Policy,
    ) -> None:
        """Remember what became of a request: whether it left, and whether its conversation escalated."""
        answers = [attempt for attempt in attempts if attempt.purpose == "answer"]
        if policy.escalation is not None and answers:
            left = any(not is_local(policy.backends[attempt.backend]) for attempt in answers)
            self._quota.count(request.tenant, policy.escalation, left=left)
        # Whom a caller pinned says nothing about whom the conversation needs.
        if not policy.conversations.sticky or request.pin is not None or chosen is None:
            return
        backend = _answering(plan, answers, chosen, past, policy)
        if backend is None:
            self._conversations.forget(request)
            return
        self._conversations.keep(
            request,
            policy.conversations,
            backend=backend,
            prompt_tokens=assessment.prompt_tokens,
            answer_tokens=chosen.completion.usage.completion_tokens if chosen.completion else None,
        )


def _answering(plan: Plan, answers: Sequence[Attempt], chosen: Attempt, past: Past, policy: Policy) -> str | None:
    """Return who answers the conversation from now on, None where it did not escalate."""
    fell_back = _fell_back(answers, chosen, policy)
    before = past.standing
    if before is not None and before.stays:
        # Who was out this once, for this request, for a fault or for a full share, is stayed with again when it may.
        stronger = not fell_back and _is_behind(chosen.backend, before.backend, plan, policy)
        return chosen.backend if stronger else before.backend
    first = answers[0].backend
    escalated = first != chosen.backend or not is_local(policy.backends[first])
    return chosen.backend if escalated and not fell_back else None


def _is_behind(backend: str, before: str, plan: Plan, policy: Policy) -> bool:
    """Whether a backend stands behind another one in the rule, which asks the stronger ones later."""
    use = next(rule.use for rule in policy.rules if rule.name == plan.rule)
    return before in use and use.index(backend) > use.index(before)


def _fell_back(answers: Sequence[Attempt], chosen: Attempt, policy: Policy) -> bool:
    """Whether a local backend stood in for one that is not and failed: that is the opposite of an escalation."""
    asked = (attempt.backend for attempt in answers[: answers.index(chosen)])
    return is_local(policy.backends[chosen.backend]) and any(not is_local(policy.backends[name]) for name in asked)
