"""What a ledger's audit trail is told of a request: its label, who was admitted, and every call that was made.

No prompt, no answer, no key. Whom the request is about is here in clear, and leaves this process as a pseudonym.
"""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from gateway.clearance import Destination
from gateway.entries import LedgerEntry
from gateway.types import Label, Purpose

Whose = Literal["tenant", "subject"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """Somebody whom records are about: a tenant, or a subject that the caller named."""

    whose: Whose
    name: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """What became of an erasure: whether the party was known, and how many entries were its own.

    `wiped` says whether the file's log was emptied too; where it was not, the key may be read there until it is.
    """

    known: bool
    records: int
    wiped: bool


class Contact(NamedTuple):
    """A call of a backend: which host it went to, and why.

    A call that failed is one too: its host may have seen the request. `destination` is what the backend was cleared for
    at the time; where it is None nobody can say whether the call was allowed. `planned` says whether the plan had it.
    `sent` is the label of what was sent, None where that is the request as it came. `stopped` calls sent nothing.
    """

    backend: str
    host: str
    purpose: Purpose
    error: str | None
    planned: bool
    destination: Destination | None
    sent: Label | None = None
    stopped: bool = False


# Tuples, for each request makes them: a frozen dataclass of as many fields takes several times as long.
class Facts(NamedTuple):
    """What a request was and where it went; most requests share theirs with others.

    `tags` are the whole request's, `found` the kinds of what is in it; both are in the label. `raised` are codes of
    what raised its level, `closed` are the backends that were left out, each with the code of why.
    """

    label: Label
    tags: frozenset[str]
    found: frozenset[str]
    raised: tuple[str, ...]
    rule: str | None
    policy_version: str
    admitted: tuple[str, ...]
    closed: tuple[tuple[str, str], ...]
    contacts: tuple[Contact, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The facts of a request, and whom it is about."""

    facts: Facts
    tenant: str | None = field(default=None, repr=False)
    subject: str | None = field(default=None, repr=False)


def label_of(entry: LedgerEntry) -> Label:
    """Return as much of a request's label as its entry tells."""
    return Label(level=entry.level, kinds=frozenset(entry.kinds).union(entry.tags))


def evidence_of(entry: LedgerEntry) -> Evidence:
    """Return what an entry alone tells, for one that is booked without evidence: its calls prove nothing."""
    facts = Facts(
        label=label_of(entry),
        tags=frozenset(entry.tags),
        found=frozenset(entry.kinds),
        raised=(),
        rule=entry.rule,
        policy_version=entry.policy_version,
        admitted=(),
        closed=(),
        contacts=tuple(
            Contact(
                backend=attempt.backend,
                host=attempt.replica,
                purpose=attempt.purpose,
                error=attempt.error,
                planned=False,
                destination=None,
            )
            for attempt in entry.attempts
        ),
    )
    return Evidence(facts=facts, tenant=entry.tenant)
