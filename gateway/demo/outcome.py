"""What became of the demo's requests: values for people and programs. Pure; a prompt or a free answer is never kept."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from gateway.demo.rows import LABELS, DemoRow
from gateway.entries import LedgerEntry
from gateway.errors import CascadeExhaustedError, NoEligibleBackendError
from gateway.money.savings import Row
from gateway.types import Attempt, Money, Reason, Reply

SPECIALIST = "tickets"

Told = Reply | NoEligibleBackendError | CascadeExhaustedError
Outcome = Literal["local", "closed", "refused", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One request, who answered it, and why.

    `first_label` is the specialist's own answer to what came as a ticket, `label` the answer after escalation,
    `expected` what a person says; all None where the request did not come as a ticket.
    """

    id: str
    task: str | None
    level: str
    rule: str | None
    outcome: Outcome
    asked: tuple[str, ...]
    backend: str | None
    escalated: bool
    accepted: bool | None
    why: str
    reasons: Mapping[str, str]
    cost: Money | None
    baseline: Money | None
    saved: Money | None
    duration_s: float
    expected: str | None = None
    first_label: str | None = None
    label: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the decision for JSON: money as exact decimal text in USD."""
        return {
            "id": self.id,
            "task": self.task,
            "level": self.level,
            "rule": self.rule,
            "outcome": self.outcome,
            "asked": list(self.asked),
            "backend": self.backend,
            "escalated": self.escalated,
            "accepted": self.accepted,
            "why": self.why,
            "reasons": dict(self.reasons),
            "expected": self.expected,
            "first_label": self.first_label,
            "label": self.label,
            "cost_usd": usd(self.cost),
            "baseline_usd": usd(self.baseline),
            "saved_usd": usd(self.saved),
            "duration_s": round(self.duration_s, 3),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """How many labelled tickets were named right: by the specialist alone, and in the end."""

    tickets: int
    alone: int
    after_escalation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoResult:
    """The whole demo.

    Of `private` requests, `private_kept` were answered here or by nobody; `private_at_stand_in` counts those whose
    prompt reached the stand-in, None where a real API answered.
    """

    decisions: tuple[Decision, ...]
    accuracy: Accuracy
    totals: Row
    unpooled: tuple[str, ...]
    baseline_model: str | None
    stand_in: bool
    private: int
    private_kept: int
    private_at_stand_in: int | None
    licences: Mapping[str, str]
    attribution: tuple[str, ...]
    ledger: str
    duration_s: float

    def count(self, outcome: Outcome) -> int:
        """Return how many requests ended so."""
        return Counter(decision.outcome for decision in self.decisions)[outcome]

    def as_dict(self) -> dict[str, Any]:
        """Return the result for JSON: money as exact decimal text in USD, accuracies as shares."""
        return {
            "requests": len(self.decisions),
            "local": self.count("local"),
            "closed": self.count("closed"),
            "escalated": sum(decision.escalated for decision in self.decisions),
            "refused": self.count("refused"),
            "failed": self.count("failed"),
            "accuracy": _share(self.accuracy.alone, self.accuracy.tickets),
            "accuracy_after_escalation": _share(self.accuracy.after_escalation, self.accuracy.tickets),
            "tickets": self.accuracy.tickets,
            "cost_usd": usd(self.totals.cost),
            "baseline_usd": usd(self.totals.baseline),
            "saved_usd": usd(self.totals.saved),
            "baseline_model": self.baseline_model,
            "unpriced": self.totals.sums.excluded,
            "hardware_not_included": list(self.unpooled),
            "stand_in": self.stand_in,
            "private": self.private,
            "private_kept": self.private_kept,
            "private_at_stand_in": self.private_at_stand_in,
            "licences": dict(self.licences),
            "attribution": list(self.attribution),
            "ledger": self.ledger,
            "duration_s": round(self.duration_s, 1),
            "decisions": [decision.as_dict() for decision in self.decisions],
        }


def usd(money: Money | None) -> str | None:
    """Return an amount as exact decimal text, None where it is unknown."""
    return None if money is None else f"{money.usd:f}"


def decision_of(row: DemoRow, told: Told, entry: LedgerEntry) -> Decision:
    """Return what became of a request, from what its caller was told and what the books say."""
    attempts = _attempts(told)
    return Decision(
        id=row.id,
        task=entry.task,
        level=str(entry.level),
        rule=entry.rule,
        outcome=_outcome(entry),
        asked=tuple(dict.fromkeys(attempt.backend for attempt in entry.answers)),
        backend=entry.backend,
        escalated=entry.escalated,
        accepted=told.accepted if isinstance(told, Reply) else None,
        why=why(told),
        reasons=_reasons(told),
        cost=entry.cost,
        baseline=entry.baseline_cost,
        saved=entry.saved,
        duration_s=entry.duration_s,
        expected=row.label,
        first_label=_first_label(attempts) if row.label else None,
        label=_label(told.text) if row.label and isinstance(told, Reply) else None,
    )


def accuracy(decisions: Sequence[Decision]) -> Accuracy:
    """Count the tickets of the eight labels, and those that were named right."""
    tickets = [decision for decision in decisions if decision.expected in LABELS]
    return Accuracy(
        tickets=len(tickets),
        alone=sum(ticket.first_label == ticket.expected for ticket in tickets),
        after_escalation=sum(ticket.label == ticket.expected for ticket in tickets),
    )


def why(told: Told) -> str:
    """Say in one line why the request ended where it did."""
    if isinstance(told, NoEligibleBackendError):
        return "; ".join(f"{name} {reason}" for name, reason in told.reasons.items())
    said = _remarks(_attempts(told))
    if isinstance(told, CascadeExhaustedError):
        return said
    if len(told.plan.steps) == 1 and any(_is_barred(reason) for reason in told.plan.reasons.values()):
        return f"stays here: {told.assessment.level_reasons[-1]}"
    return said or f"rule {told.plan.rule} asks {told.plan.first} first"


def _remarks(attempts: Sequence[Attempt]) -> str:
    said = [(attempt.backend, remark) for attempt in attempts if (remark := _remark(attempt))]
    return "; ".join(f"{backend}: {remark}" if len(said) > 1 else remark for backend, remark in said)


def _remark(attempt: Attempt) -> str | None:
    if attempt.error is not None:
        return attempt.error.code
    return attempt.verdicts[-1].reason if attempt.verdicts else None


def _is_barred(reason: Reason) -> bool:
    return reason.code in ("clearance", "region")


def _reasons(told: Told) -> Mapping[str, str]:
    if isinstance(told, Reply):
        return {name: str(reason) for name, reason in told.plan.reasons.items()}
    return told.reasons if isinstance(told, NoEligibleBackendError) else {}


def _attempts(told: Told) -> Sequence[Attempt]:
    if isinstance(told, NoEligibleBackendError):
        return ()
    return [attempt for attempt in told.attempts if isinstance(attempt, Attempt) and attempt.purpose == "answer"]


def _outcome(entry: LedgerEntry) -> Outcome:
    if entry.status == "answered":
        return "local" if entry.local else "closed"
    return "refused" if entry.status == "refused" else "failed"


def _first_label(attempts: Sequence[Attempt]) -> str | None:
    answers = (attempt.completion for attempt in attempts if attempt.backend == SPECIALIST)
    return next((_label(answer.message.text) for answer in answers if answer is not None), None)


def _label(text: str) -> str:
    return text.strip().strip(".").lower()


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
