"""The end of a SQLite ledger's audit trail: where records are appended, in the transaction of what they tell of.

Whoever holds the write lock reads the head, appends and writes the head, so that several processes make one chain. The
keys of the parties are in the same file; what they make of a name is kept in mind until somebody is erased.
"""

import secrets
import sqlite3
from datetime import UTC, datetime

from gateway.audit.chain import Head, append, check_key, genesis, head_seal, key_check
from gateway.audit.evidence import Evidence, Facts, Party, Whose
from gateway.audit.pseudonyms import KEY_BYTES, lookup, new_key, pseudonym
from gateway.audit.records import Before, Body, Names, begin_body
from gateway.errors import LedgerError

MOST_PSEUDONYMS = 4096

_SELECT_HEAD = "SELECT trail, pepper, count, hash, erasures, key_check FROM audit_head"
_UPDATE_HEAD = "UPDATE audit_head SET count = ?, hash = ?, seal = ?, erasures = ?, key_check = ?"
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


class TrailEnd:
    """Appends records. Between `open` and `close` lies one transaction that holds the write lock.

    After a transaction that failed, `forget` must be called: keys that it made are not in the file.
    """

    def __init__(self, key: bytes | None) -> None:
        self._key = key
        self._pseudonyms: dict[tuple[str, str], str] = {}
        self._known: tuple[str, int] | None = None
        self._head = Head(count=0, hash="")
        self._pepper = b""
        self._key_check: str | None = None
        self._written = 0

    def open(self, connection: sqlite3.Connection) -> None:
        """Read where the trail ends; raises `LedgerError` for a trail without end or `ConfigurationError` for a key."""
        row = connection.execute(_SELECT_HEAD).fetchone()
        if row is None:
            raise LedgerError("the audit trail of the ledger has lost its head; restore the file from a copy")
        trail, self._pepper, count, last, erasures, self._key_check = row
        self._head, self._written = Head(count=count, hash=last), count
        # Another process may have erased somebody since; another file has other keys.
        if self._known != (trail, erasures):
            self._pseudonyms.clear()
            self._known = (trail, erasures)
        check_key(trail, self._key_check, self._key)
        if self._key is not None and self._key_check is None:
            self._key_check = key_check(trail, self._key)
            self.append(connection, {"kind": "seal"}, at=datetime.now(UTC))

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

    def forget(self) -> None:
        """Forget the pseudonyms."""
        self._pseudonyms.clear()

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
