"""What became of a request: whose answer counts, what it cost, what it would have cost. Pure, and it never raises.

Cost is what the request cost at the margin (`money.books`), what its judges asked included. The baseline is one
successful call of the model that we would have used, on the same tokens.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from gateway.audit.evidence import Evidence
from gateway.entries import LedgerEntry, Status
from gateway.errors import CascadeExhaustedError, NoClearedBackendError, NoEligibleBackendError, RoutingError
from gateway.money.books import Books, total
from gateway.money.comparing import Elsewhere
from gateway.money.prices import PriceList
from gateway.policy.models import AUTO, BackendPolicy, Policy
from gateway.policy.place import is_local
from gateway.types import Assessment, Attempt, Completion, Message, Plan, Reply, Request
from gateway.witness import witness

if TYPE_CHECKING:
    from gateway.licences.resolve import Resolution
    from gateway.policy.duties import Origins

# Why a backend is out (see `decide`): because nobody asked for it, and because it may not see the request.
_NOT_ASKED = frozenset({"pin", "rule"})
# What may be back later without another request.
_MAY_RETURN = frozenset({"unavailable", "attestation"})
_PRIVACY = frozenset({"clearance", "kind", "region", "retention"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The end of a request: its entry for the ledger, the evidence for its audit trail, and its reply or error."""

    entry: LedgerEntry
    evidence: Evidence = field(repr=False)
    assessment: Assessment
    plan: Plan
    attempts: tuple[Attempt, ...]
    chosen: Attempt | None
    attribution: tuple[str, ...] = ()

    @property
    def completion(self) -> Completion | None:
        """The answer that counts, None where there is none."""
        return self.chosen.completion if self.chosen else None

    def reply(self) -> Reply:
        """Return the reply; raises `NoEligibleBackendError` or `CascadeExhaustedError` where nobody answered."""
        chosen, completion, entry = self.chosen, self.completion, self.entry
        if chosen is None or completion is None:
            raise _routing_error(self)
        return Reply(
            entry_id=entry.id,
            # Put into the next request, it makes that one as private as this.
            message=replace(completion.message, tags=self.assessment.label.tags),
            finish_reason=completion.finish_reason,
            usage=completion.usage,
            backend=chosen.backend,
            model=completion.model or entry.model or "",
            accepted=chosen.accepted,
            plan=self.plan,
            assessment=self.assessment,
            attempts=self.attempts,
            cost=entry.cost,
            saved=entry.saved,
            baseline_model=entry.baseline_model,
            attribution=self.attribution,
            licence=entry.licence,
            created=entry.at,
        )


def settle(  # noqa: PLR0913 - everything that the pipeline knows of a request meets here, each thing by its name
    request: Request,
    assessment: Assessment,
    plan: Plan,
    attempts: Sequence[Attempt],
    *,
    policy: Policy,
    prices: PriceList,
    origins: "Origins",
    entry_id: str,
    at: datetime,
    duration_s: float,
    cancelled: bool = False,
    streamed: bool = False,
    holdout: str | None = None,
    subject: str | None = None,
) -> Outcome:
    """Choose the answer that counts and put the request on the books.

    `holdout` is whom to ask beside a local answer, where the request was drawn for that. `subject` is whom the request
    is about, for the audit trail alone.
    Of a cancelled request only an accepted answer counts: a rejected one was never given to the caller.
    """
    rule = next((rule for rule in policy.rules if rule.name == plan.rule), None)
    chosen = _choose(attempts, answer_unaccepted=not cancelled and rule is not None and rule.unaccepted == "answer")
    case = _Case(
        request_id=request.id,
        team=request.team,
        assessment=assessment,
        plan=plan,
        attempts=tuple(attempts),
        chosen=chosen,
        cancelled=cancelled,
        holdout=holdout,
        baseline_model=(rule and rule.baseline) or policy.baseline,
        books=Books(policy=policy, prices=prices, at=at),
        origin=None if chosen is None else origins.of(chosen.backend, chosen.completion),
    )
    entry = case.entry(entry_id, at=at, duration_s=duration_s, streamed=streamed)
    return Outcome(
        entry=entry,
        evidence=witness(request, assessment, plan, case.attempts, policy=policy, subject=subject),
        assessment=assessment,
        plan=plan,
        attempts=case.attempts,
        chosen=chosen,
        attribution=case.origin.attribution if case.origin is not None else (),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """What is known of a request once its answer is chosen."""

    request_id: str | None
    team: str | None
    assessment: Assessment
    plan: Plan
    attempts: tuple[Attempt, ...]
    chosen: Attempt | None
    cancelled: bool
    holdout: str | None
    baseline_model: str | None
    books: Books
    origin: "Resolution | None"

    def entry(self, entry_id: str, *, at: datetime, duration_s: float, streamed: bool) -> LedgerEntry:
        assessment, plan, books, elsewhere = self.assessment, self.plan, self.books, self._elsewhere()
        records = tuple(map(books.record, self.attempts))
        backend = books.policy.backends[self.chosen.backend] if self.chosen else None
        return LedgerEntry(
            id=entry_id,
            at=at,
            status=self._status(),
            rule=plan.rule,
            policy_version=plan.policy_version,
            tenant=assessment.tenant,
            task=assessment.task,
            tags=tuple(sorted(assessment.tags)),
            level=assessment.level,
            kinds=tuple(sorted(assessment.kinds)),
            difficulty=assessment.difficulty,
            backend=self.chosen.backend if self.chosen else None,
            model=self._model(),
            local=is_local(backend) if backend else None,
            licence=None if self.origin is None else self.origin.licence_id,
            attempts=records,
            duration_s=duration_s,
            cost=total(record.cost for record in records),
            baseline_model=self.baseline_model,
            baseline_cost=elsewhere.baseline,
            price_version=books.prices.version,
            streamed=streamed,
            request_id=self.request_id,
            classifier=assessment.classifier,
            features=assessment.features,
            holdout=self._is_held_out(backend),
            team=self.team,
            managed_model=elsewhere.managed_model,
            managed_cost=elsewhere.managed,
            uncached_baseline=elsewhere.uncached,
            token_basis=elsewhere.basis,
        )

    def _is_held_out(self, backend: BackendPolicy | None) -> bool:
        if self.holdout is None or backend is None or self.cancelled:
            return False
        return is_local(backend) and backend is not self.books.policy.backends[self.holdout]

    def _model(self) -> str | None:
        if self.chosen is None or self.chosen.completion is None:
            return None
        named = self.books.policy.backends[self.chosen.backend].model
        # What the policy leaves to the server is booked under the name that the server gave.
        return named if named != AUTO else self.chosen.completion.model or named

    def _status(self) -> Status:
        if self.cancelled:
            return "cancelled"
        if not self.plan.steps:
            return "refused"
        return "answered" if self.chosen else "exhausted"

    def _elsewhere(self) -> Elsewhere:
        # Where nobody answered there is nothing to compare with: a refusal saves nothing, however cheap it was.
        if self.cancelled or self.chosen is None:
            return Elsewhere()
        return self.books.elsewhere(self.baseline_model, self.chosen)


def _choose(attempts: Sequence[Attempt], *, answer_unaccepted: bool) -> Attempt | None:
    # What a judge asked is an opinion, and never the answer.
    attempts = _answers(attempts)
    broken = [number for number, attempt in enumerate(attempts, start=1) if _is_broken_stream(attempt)]
    # Part of a broken stream has reached the caller: no answer from before it can be given any more.
    answers = [attempt for attempt in attempts[max(broken, default=0) :] if attempt.completion is not None]
    accepted = [attempt for attempt in answers if attempt.accepted is not False]
    return next(reversed(accepted or (answers if answer_unaccepted else [])), None)


def _answers(attempts: Sequence[Attempt]) -> Sequence[Attempt]:
    return [attempt for attempt in attempts if attempt.purpose == "answer"]


def _is_broken_stream(attempt: Attempt) -> bool:
    return attempt.streamed and attempt.first_token_s is not None and attempt.completion is None


def _routing_error(outcome: Outcome) -> RoutingError:
    plan, assessment, entry_id = outcome.plan, outcome.assessment, outcome.entry.id
    raised = f" ({', '.join(assessment.level_reasons)})" if assessment.level_reasons else ""
    where = f"{f'rule {plan.rule!r}' if plan.rule else 'no rule fits'}, level {assessment.level}{raised}"
    if not plan.steps:
        reasons = {name: str(reason) for name, reason in plan.reasons.items()}
        told = _told(f"no backend may answer: {where}", (f"{name}: {reason}" for name, reason in reasons.items()))
        kind, status = _refusal({reason.code for reason in plan.reasons.values()})
        error = kind(told, reasons=reasons, entry_id=entry_id, rule=plan.rule, label=assessment.label)
        error.status = status
        # Where everybody is out for the pin, it names nobody.
        error.param = "pin" if all(reason.code == "pin" for reason in plan.reasons.values()) else None
        return error
    answers = _answers(outcome.attempts)
    asked = {attempt.backend for attempt in answers}
    ends = [f"{attempt.backend}: {_end(attempt)}" for attempt in answers]
    ends += [f"{name}: not asked" for name in plan.backends if name not in asked]
    attempts = tuple(map(_without_words, outcome.attempts))
    return CascadeExhaustedError(_told(f"nobody answered: {where}", ends), attempts=attempts, entry_id=entry_id)


def _refusal(codes: set[str]) -> tuple[type[NoEligibleBackendError], int]:
    """Return which error an empty plan is, and its status, by why each backend is out of it."""
    asked = codes - _NOT_ASKED
    if asked and asked <= _PRIVACY:
        return NoClearedBackendError, NoClearedBackendError.status
    # Somebody may come back; what no rule takes, and what nobody could answer, the caller has to change.
    return NoEligibleBackendError, 400 if asked.isdisjoint(_MAY_RETURN) else 503


def _told(what: str, by_backend: Iterable[str]) -> str:
    return f"{'; '.join((what, *by_backend))}. `gateway explain` shows the plan of a request without calling anybody."


def _end(attempt: Attempt) -> str:
    if attempt.error is not None:
        return f"{attempt.error.code}, {attempt.error}"
    rejected = [verdict for verdict in attempt.verdicts if not verdict.accepted]
    return f"not accepted by {rejected[-1].judge}" if rejected else "answered"


def _without_words(attempt: Attempt) -> Attempt:
    # Errors are logged and sent to trackers: they carry no answer.
    if attempt.completion is None:
        return attempt
    return replace(attempt, completion=replace(attempt.completion, message=Message(role="assistant"), logprobs=None))
