"""Holds the records of a trail against the entries of the books: neither may be without the other.

What was on the books before the trail began has no record; how many those were stands in the first record.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from gateway.audit.archived import Archived
from gateway.audit.chain import Chain, Head, Problem
from gateway.audit.evidence import Party
from gateway.audit.pairs import Pairs
from gateway.audit.records import Before, Noted, Record
from gateway.entries import LedgerEntry

# What an erased tenant's name on the books begins with.
ERASED = "erased-"
_ESCAPED = re.compile(r"\\u(d[89a-f][0-9a-f]{2}|0000)")


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

    def archived(self) -> Archived:
        """Return what of the books is in archives."""

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
            # Half a surrogate pair is booked as its escape, and by PostgreSQL a NUL too.
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
    """Takes the records in order, and what is on the books and in archives beside them."""

    view: TrailView
    chain: Chain
    before: Before = field(default_factory=Before)
    archived: Archived = field(init=False)
    # Requests whose entries are archived, and were not looked at.
    unread: int = field(init=False, default=0)
    _booked: Pairs = field(init=False)
    _shelved: Pairs = field(init=False)
    _compared: set[str] = field(default_factory=set)
    _compared_there: set[str] = field(default_factory=set)
    _noted: dict[Noted, int] = field(default_factory=dict)
    _tenants: Tenants = field(init=False)
    _requests_there: int = 0
    _comparisons_there: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._tenants = tenants = Tenants(view=self.view)
        self.archived = self.view.archived()
        self._booked = Pairs(
            lambda: iter(self.view.entries(self.before)),
            lambda record, entry: tenants.agree(record.names.tenant, entry.tenant),
            self._about,
        )
        # Whose an archived entry is, its file says with the rest; the name there is a pseudonym, or nobody's any more.
        self._shelved = Pairs(self._read_archives, lambda _record, _entry: True, self._about, "in its archive")

    def meet(self, record: Record) -> None:
        """Take the next record."""
        if record.noted is not None:
            self._noted[record.noted] = record.n
        if record.entry is None:
            self._tenants.erasures += record.kind == "erasure"
            return
        is_archived = record.n in self.archived
        if record.kind == "holdout":
            if record.kept:
                (self._compared_there if is_archived else self._compared).add(record.entry)
        elif not is_archived:
            self._booked.meet(record.entry, record)
        else:
            self._requests_there += 1
            if self.archived.entries is not None:
                self._shelved.meet(record.entry, record)

    def close(self) -> None:
        """Say what has no counterpart."""
        self._booked.close()
        self._close_archives()
        self._close_notes()
        for n in self.view.misfiled():
            self._problem(f"record {n} is kept under another entry or subject than it says", n=n)
        for text in self._tenants.faults():
            self._problem(text)
        booked = set(self.view.compared())
        self._close_comparisons(self._compared, booked, "on the books")
        surplus = len(booked - self._compared) - self.before.holdouts
        if surplus > 0:
            self._problem(f"{surplus:,} comparisons on the books have no record")

    def _close_archives(self) -> None:
        if self._requests_there != self.archived.requests:
            told = f"{self._requests_there:,} entries are in no table, the archives say {self.archived.requests:,}"
            self._problem(f"{told}: some were removed, or an archive was")
        for fault in self.archived.faults:
            self._problem(fault)
        if self.archived.entries is None:
            self.unread = self._requests_there
            return
        self._shelved.close()
        self._close_comparisons(self._compared_there, self._comparisons_there, "in its archive")

    def _close_comparisons(self, recorded: set[str], kept: set[str], place: str) -> None:
        for entry_id in sorted(recorded - kept):
            self._problem(f"the comparison of entry {entry_id} is not {place}", entry=entry_id)

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

    def _read_archives(self) -> Iterator[LedgerEntry]:
        for entry, compared in self.archived.entries or ():
            if compared:
                self._comparisons_there.add(entry.id)
            yield entry

    def _about(self, text: str, entry: str, n: int | None) -> None:
        self._problem(text, entry=entry, n=n)

    def _problem(self, text: str, *, entry: str | None = None, n: int | None = None) -> None:
        self.chain.add(Problem(code="books", text=text, entry=entry, n=n))
