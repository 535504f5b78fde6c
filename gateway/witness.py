"""What a run did, as evidence for the audit trail, and the ledgers that take it. Nothing here reads the content."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.audit.evidence import Contact, Evidence, Facts
from gateway.entries import HoldoutRecord, LedgerEntry
from gateway.errors import NotClearedError
from gateway.interfaces import AuditedLedger, Guarded, Ledger
from gateway.policy.models import Policy
from gateway.policy.place import destination
from gateway.types import Assessment, Attempt, Plan, Request

if TYPE_CHECKING:
    from gateway.exporting import Exporters


def witness(  # noqa: PLR0913 - a run, its policy, and whom it is about: each by its name
    request: Request,
    assessment: Assessment,
    plan: Plan,
    attempts: Sequence[Attempt],
    *,
    policy: Policy,
    subject: str | None,
) -> Evidence:
    """Return what a request was, who was admitted, and where its calls went."""
    facts = Facts(
        label=assessment.label,
        tags=assessment.tags,
        found=assessment.kinds,
        raised=tuple(dict.fromkeys(_raised(assessment, policy))),
        rule=plan.rule,
        policy_version=plan.policy_version,
        admitted=tuple(name for name, reason in plan.reasons.items() if reason.admitted),
        closed=tuple((name, reason.code) for name, reason in plan.reasons.items() if not reason.admitted),
        contacts=tuple(_contact(attempt, plan, policy) for attempt in attempts),
    )
    return Evidence(facts=facts, tenant=request.tenant, subject=subject)


@dataclass(frozen=True, slots=True)
class Booking:
    """Writes to a ledger, with the evidence where it keeps a trail. Any other ledger is never shown it.

    Exporters, where there are any, are told what is on the books.
    """

    ledger: Ledger
    audited: AuditedLedger | None
    exporters: "Exporters | None" = None
    guard: Guarded | None = None

    @classmethod
    def in_ledger(cls, ledger: Ledger, exporters: "Exporters | None" = None) -> "Booking":
        """Return how to write to a ledger; asked once, for it takes longer than writing."""
        audited = ledger if isinstance(ledger, AuditedLedger) else None
        return cls(ledger, audited, exporters, ledger if isinstance(ledger, Guarded) else None)

    def admit(self) -> None:
        """Raise `LedgerError` where a request could not be recorded and must not be asked."""
        if self.guard is not None:
            self.guard.admit()

    async def record(self, entry: LedgerEntry, evidence: Evidence) -> None:
        """Put a request on the books; raises `LedgerError`."""
        if self.exporters is None:
            await self._record(entry, evidence)
            return
        waiting = self.exporters.begin()
        try:
            await self._record(entry, evidence)
        except asyncio.CancelledError:
            # The caller does not wait for it any more; it is written all the same.
            self.exporters.booked(entry)
            raise
        finally:
            self.exporters.end(waiting)
        self.exporters.booked(entry)

    async def holdout(self, record: HoldoutRecord, evidence: Evidence) -> None:
        """Put a comparison on the books; raises `LedgerError`."""
        if self.audited is None:
            kept = await self.ledger.holdout(record)
        else:
            kept = await self.audited.holdout(record, evidence)
        if kept and self.exporters is not None:
            self.exporters.compared(record)

    async def _record(self, entry: LedgerEntry, evidence: Evidence) -> None:
        if self.audited is None:
            await self.ledger.record(entry)
        else:
            await self.audited.record(entry, evidence)


def _contact(attempt: Attempt, plan: Plan, policy: Policy) -> Contact:
    name = attempt.backend
    clearance, error = plan.clearances.get(name), attempt.error.code if attempt.error else None
    return Contact(
        backend=name,
        host=attempt.replica,
        purpose=attempt.purpose,
        error=error,
        planned=clearance is not None,
        destination=clearance.destination if clearance else destination(name, policy.backends[name]),
        # One that was not redacted saw all, whatever it was cleared for.
        sent=clearance.label if clearance and attempt.redacted else None,
        stopped=attempt.unsent or error == NotClearedError.code,
    )


def _raised(assessment: Assessment, policy: Policy) -> Iterator[str]:
    """Yield the codes of what raised the level above the policy's default: who said it, and the name that he said."""
    for source in assessment.sources:
        # A detector that failed found nothing that has a name; it is told below.
        if source.label.level > policy.default_level and (source.name is not None or source.by != "detector"):
            yield source.by if source.name is None else f"{source.by}:{source.name}"
    yield from (f"failed:{detector}" for detector in assessment.failed_detectors)
