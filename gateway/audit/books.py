"""Holds the records of a trail against the entries of the books: neither may be without the other.

What was on the books before the trail began has no record; how many those were stands in the first record.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from gateway.audit.chain import Chain, Head, Problem
from gateway.audit.digests import entry_digest
from gateway.audit.evidence import Party
from gateway.audit.records import Before, Noted, Record
from gateway.entries import LedgerEntry

# What an erased tenant's name on the books begins with.
ERASED = "erased-"
_ESCAPED = re.compile(r"\\u(d[89a-f][0-9a-f]{2})")


class TrailView(Protocol):
    """What a ledger shows of its trail and its books, both as of one moment."""

    @property
    def trail(self) -> str:
        """The random id of the trail."""

    @property
    def start(self) -> Head:
        """What the first record that is kept follows: the genesis, unless older ones were dropped."""

    @property
    def head(self) -> Head:
        """Where the trail says that it ends."""

    @property
    def head_seal(self) -> str | None:
        """What shows that the head was written with the key, if there is one."""

    @property
    def key_check(self) -> str | None:
        """What tells the right key from a wrong one, None for a trail without."""

    def records(self) -> Iterable[tuple[int, str]]:
        """Return the records with their places, in order."""

    def entries(self, before: Before) -> Iterable[LedgerEntry]:
        """Return the entries that were booked since the trail began, in the order of booking."""

    def uncovered(self, before: Before) -> Iterable[LedgerEntry]:
        """Return the entries from before, in the order of booking."""

    def compared(self) -> Iterable[str]:
        """Return the ids of the entries that a comparison is booked for."""

    def noted(self) -> Iterable[Noted]:
        """Return what is on the books that is no request: corrections, months that were closed, archives."""

    def misfiled(self) -> Iterable[int]:
        """Return the places of records that are kept under another entry or subject than they say."""

    def pseudonym(self, party: Party) -> str | None:
        """Return what a party is called in the records, None where it is not known, or not any more."""

    def keys(self) -> int | None:
        """Return how many parties have a key, None where that says nothing: their records may have been dropped."""


@dataclass(slots=True, kw_only=True)
class Tenants:
    """Holds the tenants of entries against their pseudonyms; an erased one's entries bear one new name and no key."""

    view: TrailView
    erasures: int = 0
    _known: dict[str, str | None] = field(default_factory=dict)
    _erased: dict[str, str] = field(default_factory=dict)

    def agree(self, recorded: str | None, booked: str | None) -> bool:
        """Say whether a record and its entry are of one tenant, as far as it can be said now."""
        if recorded is None or booked is None:
            return recorded is None and booked is None
        if booked not in self._known:
            # Half a surrogate pair is booked as its escape.
            names = (booked, _ESCAPED.sub(lambda found: chr(int(found[1], 16)), booked))
            found = (self.view.pseudonym(Party(whose="tenant", name=name)) for name in names)
            self._known[booked] = next(filter(None, found), None)
        known = self._known[booked]
        if known is not None:
            return known == recorded
        return booked.startswith(ERASED) and self._erased.setdefault(recorded, booked) == booked

    def faults(self) -> Iterator[str]:
        """Yield what is wrong with the erasures as a whole."""
        if set(self._erased) & {known for known in self._known.values() if known is not None}:
            yield "entries of a tenant who is known bear the name of an erased one"
        if len(set(self._erased.values())) > self.erasures:
            yield "there are more erased tenants on the books than erasures in the trail"


@dataclass(slots=True, kw_only=True)
class Comparing:
    """Takes the records in order, and the entries beside them: they were written in the same order.

    Both are read once; what is kept is only what has not met its counterpart yet.
    """

    view: TrailView
    chain: Chain
    before: Before = field(default_factory=Before)
    _booked: Iterator[LedgerEntry] | None = None
    _without_entry: dict[str, Record] = field(default_factory=dict)
    _without_record: dict[str, LedgerEntry] = field(default_factory=dict)
    _compared: set[str] = field(default_factory=set)
    _noted: dict[Noted, int] = field(default_factory=dict)
    _tenants: Tenants = field(init=False)

    def __post_init__(self) -> None:
        self._tenants = Tenants(view=self.view)

    def meet(self, record: Record) -> None:
        """Take the next record."""
        if record.noted is not None:
            self._noted[record.noted] = record.n
        if record.entry is None:
            self._tenants.erasures += record.kind == "erasure"
            return
        if record.kind == "holdout":
            if record.kept:
                self._compared.add(record.entry)
            return
        if record.entry in self._without_entry:
            self._problem(f"there are two records of entry {record.entry}", entry=record.entry, n=record.n)
            return
        self._without_entry[record.entry] = record
        self._match(record.entry)
        entry = next(self._entries(), None)
        if entry is not None:
            self._take(entry)

    def close(self) -> None:
        """Say what has no counterpart."""
        for entry in self._entries():
            self._take(entry)
        for entry_id, record in self._without_entry.items():
            self._problem(f"entry {entry_id} of record {record.n} is not on the books", entry=entry_id, n=record.n)
        for entry_id in self._without_record:
            self._problem(f"entry {entry_id} has no record", entry=entry_id)
        self._close_notes()
        for n in self.view.misfiled():
            self._problem(f"record {n} is kept under another entry or subject than it says", n=n)
        for text in self._tenants.faults():
            self._problem(text)
        booked = set(self.view.compared())
        for entry_id in sorted(self._compared - booked):
            self._problem(f"the comparison of entry {entry_id} is not on the books", entry=entry_id)
        surplus = len(booked - self._compared) - self.before.holdouts
        if surplus > 0:
            self._problem(f"{surplus:,} comparisons on the books have no record")

    def _close_notes(self) -> None:
        booked = set(self.view.noted())
        for noted in sorted(self._noted.keys() - booked):
            text = f"the {noted.kind} {noted.id} of record {self._noted[noted]} is not on the books as it was recorded"
            self._problem(text, n=self._noted[noted])
        for noted in sorted(booked - self._noted.keys()):
            self._problem(f"the {noted.kind} {noted.id} on the books has no record that says the same")

    def uncovered(self) -> Iterator[LedgerEntry]:
        """Yield the entries from before the trail, and note where they are not those that its first record counts."""
        count, last = 0, None
        for entry in self.view.uncovered(self.before):
            count, last = count + 1, entry.id
            yield entry
        if (count, last) != (self.before.entries, self.before.last):
            self._problem(f"{count:,} entries from before the trail are booked, it began after {self.before.entries:,}")

    def _entries(self) -> Iterator[LedgerEntry]:
        if self._booked is None:
            self._booked = iter(self.view.entries(self.before))
        return self._booked

    def _take(self, entry: LedgerEntry) -> None:
        self._without_record[entry.id] = entry
        self._match(entry.id)

    def _match(self, entry_id: str) -> None:
        if entry_id in self._without_entry and entry_id in self._without_record:
            record, entry = self._without_entry.pop(entry_id), self._without_record.pop(entry_id)
            different = _differences(record, entry)
            if not self._tenants.agree(record.names.tenant, entry.tenant):
                different.append("tenant")
            if different:
                text = f"entry {entry_id} and record {record.n} differ in {', '.join(different)}"
                self._problem(text, entry=entry_id, n=record.n)

    def _problem(self, text: str, *, entry: str | None = None, n: int | None = None) -> None:
        self.chain.add(Problem(code="books", text=text, entry=entry, n=n))


def _differences(record: Record, entry: LedgerEntry) -> list[str]:
    facts = record.facts
    if facts is None:
        return []
    pairs = {
        "time": (record.at, entry.at),
        "status": (record.status, entry.status),
        "level": (facts.label.level, entry.level),
        "kinds": (facts.found, frozenset(entry.kinds)),
        "tags": (facts.tags, frozenset(entry.tags)),
        "rule": (facts.rule, entry.rule),
        "policy": (facts.policy_version, entry.policy_version),
        "calls": (
            [(contact.backend, contact.host, contact.purpose, contact.error) for contact in facts.contacts],
            [(attempt.backend, attempt.replica, attempt.purpose, attempt.error) for attempt in entry.attempts],
        ),
    }
    different = [name for name, (recorded, booked) in pairs.items() if recorded != booked]
    # Who answered, what it cost and all the rest; what is told already needs no second word.
    if not different and record.digest is not None and record.digest != entry_digest(entry):
        return ["who answered, or what it cost"]
    return different
