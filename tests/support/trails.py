"""Audit trails for tests: evidence with every field overridable, a chain without a ledger, and one with."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.audit.archived import Archived
from gateway.audit.chain import Head, append, genesis, head_seal, key_check
from gateway.audit.evidence import Contact, Evidence, Facts, Party
from gateway.audit.records import Before, Body, Names, Noted, begin_body, request_body
from gateway.clearance import Destination
from gateway.entries import LedgerEntry
from gateway.interfaces import AuditedLedger
from gateway.ledgers import sqlite
from gateway.types import Label, Level
from support.entries import NOON, attempt_record, ledger_entry

TRAIL = "0123456789abcdef"
LOCAL = Destination(name="llama", clearance=Level.RESTRICTED, local=True, retains=False)
FOREIGN = Destination(name="frontier", clearance=Level.INTERNAL, local=False, region="us")
PHI = Label(level=Level.RESTRICTED, kinds=frozenset({"phi"}))


# Any: the fields of dataclasses, whose constructors check them.
def contact(destination: Destination | None = LOCAL, **fields: Any) -> Contact:
    """Return a planned call that was answered."""
    given: dict[str, Any] = {
        "backend": destination.name if destination else "llama",
        "host": "127.0.0.1:8080",
        "purpose": "answer",
        "error": None,
        "planned": True,
    }
    return Contact(destination=destination, **{**given, **fields})


def facts(*contacts: Contact, label: Label = PHI, **fields: Any) -> Facts:
    """Return the facts of a request that its caller tagged as the label says."""
    given: dict[str, Any] = {
        "tags": label.kinds,
        "found": frozenset(),
        "raised": ("tag:phi",),
        "rule": "default",
        "policy_version": "a1b2c3",
        "admitted": ("llama",),
        "closed": (("frontier", "clearance"),),
        "contacts": contacts or (contact(),),
    }
    return Facts(label=label, **{**given, **fields})


def evidence(*contacts: Contact, tenant: str | None = None, subject: str | None = None, **fields: Any) -> Evidence:
    """Return the evidence of a request: its facts, and whom it is about."""
    return Evidence(facts=facts(*contacts, **fields), tenant=tenant, subject=subject)


def booked(entry_id: str, told: Evidence, **fields: Any) -> LedgerEntry:
    """Return the entry that belongs to a piece of evidence."""
    what = told.facts
    attempts = tuple(
        attempt_record(backend=call.backend, replica=call.host, purpose=call.purpose, error=call.error)
        for call in what.contacts
    )
    given: dict[str, Any] = {
        "level": what.label.level,
        "kinds": tuple(sorted(what.found)),
        "tags": tuple(sorted(what.tags)),
        "rule": what.rule,
        "policy_version": what.policy_version,
        "tenant": told.tenant,
        "attempts": attempts,
    }
    return ledger_entry(entry_id, **{**given, **fields})


@dataclass(kw_only=True)
class Kept:
    """A trail and books, as lists that a test may tamper with."""

    rows: list[tuple[int, str]]
    books: list[LedgerEntry]
    head: Head
    head_seal: str | None = None
    key_check: str | None = None
    trail: str = TRAIL
    old: Sequence[LedgerEntry] = ()
    holdouts: frozenset[str] = frozenset()
    notes: Sequence[Noted] = ()
    shelf: Archived = field(default_factory=Archived)

    @property
    def start(self) -> Head:
        return genesis(self.trail)

    def records(self) -> Iterable[tuple[int, str]]:
        return self.rows

    def entries(self, _before: Before) -> Iterator[LedgerEntry]:
        return iter(self.books)

    def uncovered(self, _before: Before) -> Iterator[LedgerEntry]:
        return iter(self.old)

    def compared(self) -> frozenset[str]:
        return self.holdouts

    def noted(self) -> Sequence[Noted]:
        return self.notes

    def archived(self) -> Archived:
        return self.shelf

    def misfiled(self) -> Iterator[int]:
        return iter(())

    def keys(self) -> None:
        return None

    def pseudonym(self, party: Party) -> str | None:
        return {"acme": "0a", "jane": "0b"}.get(party.name)


def kept(
    *told: Evidence,
    key: bytes | None = None,
    names: Names | None = None,
    more: Sequence[tuple[Body, Facts | None]] = (),
) -> Kept:
    """Return a trail of one request for each piece of evidence, and then of `more`."""
    entries = [booked(f"entry-{number}", one) for number, one in enumerate(told)]
    bodies: list[tuple[Body, Facts | None]] = [
        (begin_body(TRAIL, Before()), None),
        *((request_body(entry, names or Names()), one.facts) for entry, one in zip(entries, told, strict=True)),
        *more,
    ]
    head, rows = genesis(TRAIL), []
    for body, what in bodies:
        head, text = append(head, body, what, at=NOON, key=key)
        rows.append((head.count, text))
    check = None if key is None else key_check(TRAIL, key)
    return Kept(rows=rows, books=entries, head=head, head_seal=head_seal(head, key), key_check=check)


def opened(path: Path) -> Any:
    """Open the ledger."""
    return sqlite.build(sqlite.Options(path=str(path)))


async def write(path: Path, *names: str, **fields: Any) -> None:
    """Put requests on the books."""
    async with opened(path) as ledger:
        for name in names:
            await record(ledger, name, **fields)


async def record(ledger: AuditedLedger, entry_id: str, **fields: Any) -> None:
    """Put a request on the books."""
    told = evidence(**fields)
    await ledger.record(booked(entry_id, told), told)


def tamper(path: Path, *statements: str) -> None:
    """Change the file behind the ledger's back."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)
