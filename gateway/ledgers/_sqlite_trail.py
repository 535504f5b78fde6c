"""The end of a SQLite ledger's audit trail: where records are appended, in the transaction of what they tell of.

Whoever holds the write lock reads the head, appends and writes the head, so that several processes make one chain. The
keys of the parties are in the same file; what they make of a name is kept in mind until somebody is erased.
"""

import hmac
import secrets
import sqlite3
from datetime import UTC, datetime
from typing import NamedTuple

from gateway.audit.chain import Head, append, check_key, genesis, head_seal, key_check
from gateway.audit.evidence import Evidence, Facts, Party, Whose
from gateway.audit.pseudonyms import KEY_BYTES, lookup, new_key, pseudonym
from gateway.audit.records import Before, Body, Names, begin_body
from gateway.errors import LedgerError

MOST_PSEUDONYMS = 4096

_SELECT_HEAD = "SELECT trail, pepper, count, hash, erasures, key_check, seal FROM audit_head"
_UPDATE_HEAD = "UPDATE audit_head SET count = ?, hash = ?, seal = ?, erasures = ?, key_check = ?"
_TAMPERED = "it was tampered with; see `gateway audit verify`, and restore the file from a copy before going on"
_INSERT = "INSERT INTO audit (n, entry, subject, body) VALUES (?, ?, ?, ?)"


def begin(connection: sqlite3.Connection) -> None:
    """Begin the trail of a file in the transaction that makes its tables: what is booked by now is not covered."""
    trail, now = secrets.token_hex(16), datetime.now(UTC)
    head, text = append(genesis(trail), begin_body(trail, _before(connection)), at=now, key=None)
    connection.execute(_INSERT, (head.count, None, None, text))
    connection.execute(
        "INSERT INTO audit_head (one, trail, pepper, count, hash, erasures) VALUES (1, ?, ?, ?, ?, 0)",
        (trail, secrets.token_bytes(KEY_BYTES), head.count, head.hash),
    )


class _End(NamedTuple):
    """Where the file says that the trail ends."""

    trail: str
    pepper: bytes
    head: Head
    erasures: int
    key_check: str | None
    seal: str | None


class TrailEnd:
    """Appends records. Between `open` and `close` lies one transaction that holds the write lock.

    After its commit `committed` must be called. After one that failed, `forget`: keys that it made are not in the file.
    """

    def __init__(self, key: bytes | None, *, may_seal: bool = False) -> None:
        self._key = key
        # Whether a trail that has requests already may be sealed from here on: only where somebody said so.
        self._may_seal = may_seal
        self._pseudonyms: dict[tuple[str, str], str] = {}
        self._known: tuple[str, int] | None = None
        self._head = Head(count=0, hash="")
        self._pepper = b""
        self._key_check: str | None = None
        self._written = 0
        # The last head of this file that this process saw committed.
        self._seen: tuple[str, Head] | None = None

    def open(self, connection: sqlite3.Connection) -> None:
        """Read where the trail ends; raises `LedgerError` where it cannot go on, `ConfigurationError` for a key."""
        end = _read(connection)
        check_key(end.trail, end.key_check, self._key)
        self._check(end)
        self._pepper, self._head, self._written, self._key_check = end.pepper, end.head, end.head.count, end.key_check
        self._seen = (end.trail, end.head)
        # Another process may have erased somebody since; another file has other keys.
        if self._known != (end.trail, end.erasures):
            self._pseudonyms.clear()
            self._known = (end.trail, end.erasures)
        if self._key is not None and self._key_check is None:
            self._key_check = key_check(end.trail, self._key)
            self.append(connection, {"kind": "seal"}, at=datetime.now(UTC))

    def _check(self, end: _End) -> None:
        """Refuse an end that was set back, or that was written without the key: going on would hide what was cut."""
        if self._key is not None and end.key_check is not None:
            due = head_seal(end.head, self._key) or ""
            if not hmac.compare_digest((end.seal or "").encode(), due.encode()):
                raise LedgerError(f"the head of the audit trail was not written with the key: {_TAMPERED}")
        elif self._key is not None and not self._may_seal and (end.head.count > 1 or end.seal is not None):
            raise LedgerError(
                "the audit trail has requests and no seal, and GATEWAY_AUDIT_KEY is set; if it is to be sealed from "
                "here on, run `gateway audit seal`; if it was sealed before, somebody took the seal off"
            )
        if self._seen is None:
            return
        trail, head = self._seen
        if trail != end.trail:
            raise LedgerError(f"another audit trail stands in the place of the ledger's: {_TAMPERED}")
        if end.head.count < head.count or (end.head.count == head.count and end.head.hash != head.hash):
            raise LedgerError(f"the audit trail went on to {head} and was set back to {end.head.count}: {_TAMPERED}")

    def append(
        self,
        connection: sqlite3.Connection,
        body: Body,
        facts: Facts | None = None,
        *,
        at: datetime,
        entry: int | None = None,
    ) -> None:
        """Append a record, of a request about the entry of that row."""
        self._head, text = append(self._head, body, facts, at=at, key=self._key)
        subject = body.get("subject")
        connection.execute(_INSERT, (self._head.count, entry, subject and bytes.fromhex(subject), text))

    def close(self, connection: sqlite3.Connection) -> None:
        """Write where the trail ends now."""
        if self._head.count == self._written or self._known is None:
            return
        seal = head_seal(self._head, self._key)
        row = (self._head.count, self._head.hash, seal, self._known[1], self._key_check)
        connection.execute(_UPDATE_HEAD, row)

    def committed(self) -> None:
        """Keep in mind where the trail ends now: nobody may set it back."""
        if self._known is not None:
            self._seen = (self._known[0], self._head)

    def forget(self) -> None:
        """Forget the pseudonyms."""
        self._pseudonyms.clear()

    def move(self) -> str:
        """Go on with another file; return where the trail of this one ended."""
        seen, self._seen = self._seen, None
        return "nowhere" if seen is None else str(seen[1])

    def names(self, connection: sqlite3.Connection, evidence: Evidence) -> Names:
        """Return the pseudonyms of a record, with keys that are made where there is none."""
        tenant = self._named(connection, "tenant", evidence.tenant)
        return Names(tenant=tenant, subject=self._named(connection, "subject", evidence.subject))

    def delete_key(self, connection: sqlite3.Connection, party: Party) -> str | None:
        """Delete a party's key and return what it was called, None where it is not known."""
        key = key_of(connection, self._pepper, party)
        if key is None or self._known is None:
            return None
        connection.execute("DELETE FROM audit_keys WHERE lookup = ?", (lookup(self._pepper, party),))
        self._known = (self._known[0], self._known[1] + 1)
        self._pseudonyms.clear()
        return pseudonym(key, party)

    def _named(self, connection: sqlite3.Connection, whose: Whose, name: str | None) -> str | None:
        if name is None:
            return None
        known = self._pseudonyms.get((whose, name))
        if known is None:
            party = Party(whose=whose, name=name)
            key = key_of(connection, self._pepper, party) or _make_key(connection, self._pepper, party)
            if len(self._pseudonyms) >= MOST_PSEUDONYMS:
                self._pseudonyms.clear()
            known = self._pseudonyms[whose, name] = pseudonym(key, party)
        return known


def _read(connection: sqlite3.Connection) -> _End:
    row = connection.execute(_SELECT_HEAD).fetchone()
    if row is None:
        raise LedgerError("the audit trail of the ledger has lost its head; restore the file from a copy")
    trail, pepper, count, last, erasures, check, seal = row
    # SQLite keeps in any column what it is given, and somebody may have given it anything.
    if not (
        all(isinstance(text, str) for text in (trail, last))
        and all(isinstance(number, int) and number >= 0 for number in (count, erasures))
        and all(text is None or isinstance(text, str) for text in (check, seal))
        and isinstance(pepper, bytes)
    ):
        raise LedgerError(f"the head of the audit trail is none: {_TAMPERED}")
    return _End(trail, pepper, Head(count=count, hash=last), erasures, check, seal)


def key_of(connection: sqlite3.Connection, pepper: bytes, party: Party) -> bytes | None:
    """Return a party's key, None where there is none, or none any more."""
    found = connection.execute("SELECT key FROM audit_keys WHERE lookup = ?", (lookup(pepper, party),)).fetchone()
    return None if found is None else bytes(found[0])


def _make_key(connection: sqlite3.Connection, pepper: bytes, party: Party) -> bytes:
    key = new_key()
    connection.execute("INSERT INTO audit_keys (lookup, key) VALUES (?, ?)", (lookup(pepper, party), key))
    return key


def _before(connection: sqlite3.Connection) -> Before:
    entries, n = connection.execute("SELECT count(*), coalesce(max(n), 0) FROM entries").fetchone()
    (holdouts,) = connection.execute("SELECT count(*) FROM holdouts").fetchone()
    last = connection.execute("SELECT id FROM entries WHERE n = ?", (n,)).fetchone()
    return Before(entries=entries, holdouts=holdouts, n=n, last=last and last[0])
