"""Who holds the pen of an audit trail: what the next records and the head after them are, whatever keeps them.

A ledger gives it the end that it has locked, writes the rows that it makes, and says whether that was committed.
"""

import hmac
import secrets
from datetime import UTC, datetime
from typing import NamedTuple

from gateway.audit.chain import Head, append, append_request, check_key, genesis, head_seal, key_check
from gateway.audit.evidence import Facts, Party, Whose
from gateway.audit.pseudonyms import KEY_BYTES, pseudonym
from gateway.audit.records import Before, Body, Draft, Names, begin_body
from gateway.errors import UnfitLedgerError

MOST_PSEUDONYMS = 4096

TAMPERED = "it was tampered with; see `gateway audit verify`, and restore the ledger from a copy before going on"


class End(NamedTuple):
    """Where the books say that the trail ends."""

    trail: str
    pepper: bytes
    head: Head
    erasures: int
    key_check: str | None
    seal: str | None


class RecordRow(NamedTuple):
    """A record as it is kept: its place, that of its entry, its subject's pseudonym, its text."""

    n: int
    entry: int | None
    subject: bytes | None
    text: str


class HeadRow(NamedTuple):
    """The head as it is kept."""

    records: int
    hash: str
    seal: str | None
    erasures: int
    key_check: str | None


def begun(before: Before) -> tuple[End, RecordRow]:
    """Return the end of a trail that begins now, and its first record: what is booked by now is not covered."""
    trail, now = secrets.token_hex(16), datetime.now(UTC)
    head, text = append(genesis(trail), begin_body(trail, before), at=now, key=None)
    return End(trail, secrets.token_bytes(KEY_BYTES), head, 0, None, None), RecordRow(head.count, None, None, text)


class Pen:
    """Makes records. Between `take` and `put_down` lies one transaction that holds the write lock.

    After its commit `committed` must be called. After one that failed, `forget`: keys that it made are not kept.
    """

    def __init__(self, key: bytes | None, *, may_seal: bool = False) -> None:
        self._key = key
        # Whether a trail that has requests already may be sealed from here on: only where somebody said so.
        self._may_seal = may_seal
        self._pseudonyms: dict[tuple[Whose, str], str] = {}
        # Which trail, and how many were erased from it.
        self._known = ("", 0)
        # Whether what was kept in mind of names held no more when the pen was taken last.
        self.is_anew = True
        self._head = Head(count=0, hash="")
        self.pepper = b""
        self._key_check: str | None = None
        self._written = 0
        # The last head of these books that this process saw committed.
        self._seen: tuple[str, Head] | None = None

    def take(self, end: End) -> RecordRow | None:
        """Go on from an end; return the record that seals the trail, where that is new.

        Raises `UnfitLedgerError` where it cannot go on, `ConfigurationError` for a key.
        """
        check_key(end.trail, end.key_check, self._key)
        self._check(end)
        self.pepper, self._head, self._written, self._key_check = end.pepper, end.head, end.head.count, end.key_check
        self._seen = (end.trail, end.head)
        # Another process may have erased somebody since; other books have other keys.
        self.is_anew = self._known != (end.trail, end.erasures)
        if self.is_anew:
            self._pseudonyms.clear()
            self._known = (end.trail, end.erasures)
        if self._key is None or self._key_check is not None:
            return None
        self._key_check = key_check(end.trail, self._key)
        return self.write({"kind": "seal"}, at=datetime.now(UTC))

    def _check(self, end: End) -> None:
        """Refuse an end that was set back, or that was written without the key: going on would hide what was cut."""
        if self._key is not None and end.key_check is not None:
            due = head_seal(end.head, self._key) or ""
            if not hmac.compare_digest((end.seal or "").encode(), due.encode()):
                raise UnfitLedgerError(f"the head of the audit trail was not written with the key: {TAMPERED}")
        elif self._key is not None and not self._may_seal and (end.head.count > 1 or end.seal is not None):
            raise UnfitLedgerError(
                "the audit trail has requests and no seal, and GATEWAY_AUDIT_KEY is set; if it is to be sealed from "
                "here on, run `gateway audit seal`; if it was sealed before, somebody took the seal off"
            )
        if self._seen is None:
            return
        trail, head = self._seen
        if trail != end.trail:
            raise UnfitLedgerError(f"another audit trail stands in the place of the ledger's: {TAMPERED}")
        if end.head.count < head.count or (end.head.count == head.count and end.head.hash != head.hash):
            raise UnfitLedgerError(
                f"the audit trail went on to {head} and was set back to {end.head.count}: {TAMPERED}"
            )

    def write(self, body: Body, facts: Facts | None = None, *, at: datetime, entry: int | None = None) -> RecordRow:
        """Return the next record, of a request about the entry at that place."""
        self._head, text = append(self._head, body, facts, at=at, key=self._key)
        subject = body.get("subject")
        return RecordRow(self._head.count, entry, subject and bytes.fromhex(subject), text)

    def write_request(self, drafted: Draft, names: Names, place: int) -> RecordRow:
        """Return the record of a request that is booked at that place."""
        self._head, text = append_request(self._head, drafted, names, key=self._key)
        subject = names.subject
        return RecordRow(self._head.count, place, None if subject is None else bytes.fromhex(subject), text)

    def put_down(self) -> HeadRow | None:
        """Return where the trail ends now, None where that is as before."""
        if self._head.count == self._written:
            return None
        seal = head_seal(self._head, self._key)
        return HeadRow(self._head.count, self._head.hash, seal, self._known[1], self._key_check)

    def committed(self) -> None:
        """Keep in mind where the trail ends now: nobody may set it back."""
        self._seen = (self._known[0], self._head)

    def forget(self) -> None:
        """Forget the pseudonyms."""
        self._pseudonyms.clear()

    def move(self) -> str:
        """Go on with other books; return where the trail of these ended."""
        seen, self._seen = self._seen, None
        return "nowhere" if seen is None else str(seen[1])

    def called(self, party: Party) -> str | None:
        """Return what a party is called, None where that is not in mind."""
        return self._pseudonyms.get((party.whose, party.name))

    def call(self, party: Party, key: bytes) -> str:
        """Return what a party with this key is called, and keep it in mind."""
        if len(self._pseudonyms) >= MOST_PSEUDONYMS:
            self._pseudonyms.clear()
        known = self._pseudonyms[party.whose, party.name] = pseudonym(key, party)
        return known

    def erase(self, party: Party, key: bytes) -> str:
        """Count the erasure of a party whose key is deleted; return what it was called."""
        self._known = (self._known[0], self._known[1] + 1)
        self._pseudonyms.clear()
        return pseudonym(key, party)
