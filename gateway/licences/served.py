"""What really served a period: which model of which backend answered how often, as the ledger has it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from gateway.entries import LedgerEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """One model of one backend: answers that were given, calls that it answered, for whom, and when.

    `licence` and `local` are what the ledger kept when the answers were given, None where it was not known.
    """

    backend: str
    model: str
    licence: str | None
    answers: int
    calls: int
    tenants: int
    first: datetime
    last: datetime
    local: bool | None = None


@dataclass(slots=True)
class _Counted:
    licence: str | None
    first: datetime
    last: datetime
    local: bool | None = None
    answers: int = 0
    calls: int = 0
    tenants: set[str] = field(default_factory=set)


def served(entries: Iterable[LedgerEntry]) -> tuple[Served, ...]:
    """Return what served, by backend and model; a call that failed served nobody, one that only judged did serve."""
    counted: dict[tuple[str, str], _Counted] = {}
    for entry in entries:
        for attempt in entry.attempts:
            if attempt.error is not None:
                continue
            chosen = attempt.backend == entry.backend
            model = entry.model if chosen and entry.model is not None else attempt.model
            one = counted.setdefault((attempt.backend, model), _Counted(None, entry.at, entry.at))
            one.calls += 1
            one.first, one.last = min(one.first, entry.at), max(one.last, entry.at)
            if entry.tenant is not None:
                one.tenants.add(entry.tenant)
        if entry.backend is not None and entry.model is not None:
            one = counted.setdefault((entry.backend, entry.model), _Counted(None, entry.at, entry.at))
            one.answers += 1
            one.licence = entry.licence or one.licence
            one.local = entry.local
    return tuple(
        Served(
            backend=backend,
            model=model,
            licence=one.licence,
            answers=one.answers,
            calls=one.calls,
            tenants=len(one.tenants),
            first=one.first,
            last=one.last,
            local=one.local,
        )
        for (backend, model), one in sorted(counted.items())
    )
