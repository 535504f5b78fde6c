"""The audit trail of a ledger in memory: the same chain, of which the oldest records are dropped with their entries."""

import secrets
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from gateway.audit.archived import Archived
from gateway.audit.chain import Head, append, genesis
from gateway.audit.evidence import Evidence, Facts, Party, Whose
from gateway.audit.pseudonyms import new_key, pseudonym
from gateway.audit.records import Before, Body, Names, Noted, begin_body
from gateway.entries import LedgerEntry


class _Kept(NamedTuple):
    """A record, with the head after it and whom it is about."""

    head: Head
    text: str
    entry: str | None
    subject: str | None
    is_request: bool
    is_booked_comparison: bool


class MemoryChain:
    """The records that are kept, and the keys of those whom they are about."""

    def __init__(self) -> None:
        self.trail = secrets.token_hex(16)
        self.start = genesis(self.trail)
        self.head = self.start
        self._keys: dict[Party, bytes] = {}
        self._kept: deque[_Kept] = deque()
        self.append(begin_body(self.trail, Before()), at=datetime.now(UTC))

    def append(self, body: Body, facts: Facts | None = None, *, at: datetime) -> None:
        """Append a record."""
        self.head, text = append(self.head, body, facts, at=at, key=None)
        subject = body.get("subject")
        is_request, is_booked_comparison = body["kind"] == "request", bool(body.get("kept"))
        self._kept.append(_Kept(self.head, text, body.get("entry"), subject, is_request, is_booked_comparison))

    @property
    def known(self) -> int:
        """How many parties have a key."""
        return len(self._keys)

    def drop(self, entry_id: str) -> None:
        """Forget the records up to that of an entry, which is the oldest; the chain begins after it from now on."""
        while self._kept:
            dropped = self._kept.popleft()
            self.start = dropped.head
            if dropped.entry == entry_id and dropped.is_request:
                return

    def names(self, evidence: Evidence) -> Names:
        """Return the pseudonyms of a record, with keys that are made where there is none."""
        return Names(tenant=self._named("tenant", evidence.tenant), subject=self._named("subject", evidence.subject))

    def delete_key(self, party: Party) -> str | None:
        """Delete a party's key and return what it was called, None where it is not known."""
        key = self._keys.pop(party, None)
        return None if key is None else pseudonym(key, party)

    def entries_about(self, subject: str) -> set[str]:
        """Return the ids of the entries about a subject."""
        return {kept.entry for kept in self._kept if kept.entry is not None and kept.subject == subject}

    def compared(self) -> set[str]:
        """Return the ids of the entries whose comparison was booked when it was recorded."""
        return {kept.entry for kept in self._kept if kept.entry is not None and kept.is_booked_comparison}

    def records(self) -> Iterator[tuple[int, str]]:
        """Yield the records with their places, in order."""
        return ((kept.head.count, kept.text) for kept in tuple(self._kept))

    def pseudonym(self, party: Party) -> str | None:
        """Return what a party is called in the records."""
        key = self._keys.get(party)
        return None if key is None else pseudonym(key, party)

    def _named(self, whose: Whose, name: str | None) -> str | None:
        if name is None:
            return None
        party = Party(whose=whose, name=name)
        return pseudonym(self._keys.setdefault(party, new_key()), party)


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryView:
    """The chain beside the entries that are kept."""

    chain: MemoryChain
    booked: Mapping[str, LedgerEntry]
    booked_holdouts: frozenset[str]
    head_seal: None = field(default=None, init=False)
    key_check: None = field(default=None, init=False)

    @property
    def trail(self) -> str:
        """The random id of the trail."""
        return self.chain.trail

    @property
    def start(self) -> Head:
        """What the first record that is kept follows."""
        return self.chain.start

    @property
    def head(self) -> Head:
        """Where the trail ends."""
        return self.chain.head

    def records(self) -> Iterator[tuple[int, str]]:
        """Yield the records with their places, in order."""
        return self.chain.records()

    def entries(self, _before: Before) -> Iterator[LedgerEntry]:
        """Yield the entries in the order of booking."""
        return iter(self.booked.values())

    def uncovered(self, _before: Before) -> Iterator[LedgerEntry]:
        """Yield nothing: a trail in memory is as old as its ledger."""
        return iter(())

    def compared(self) -> set[str]:
        """Return the ids of the entries with a comparison; one whose entry was dropped is gone with it."""
        return set(self.booked_holdouts) | (self.chain.compared() - self.booked.keys())

    def noted(self) -> Iterator[Noted]:
        """Yield nothing: a ledger in memory keeps requests alone."""
        return iter(())

    def archived(self) -> Archived:
        """Return nothing: what is dropped is gone with its records."""
        return Archived()

    def misfiled(self) -> Iterator[int]:
        """Yield nothing: there are no columns beside the records."""
        return iter(())

    def pseudonym(self, party: Party) -> str | None:
        """Return what a party is called in the records."""
        return self.chain.pseudonym(party)

    def keys(self) -> int | None:
        """Return how many parties have a key; those of dropped records keep theirs."""
        return None if self.chain.start.count else self.chain.known
