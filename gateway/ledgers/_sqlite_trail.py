"""The end of a SQLite ledger's audit trail: where records are appended, in the transaction of what they tell of.

Whoever holds the write lock reads the head, appends and writes the head, so that several processes make one chain. The
keys of the parties are in the same file; what they make of a name is kept in mind until somebody is erased.
"""

import sqlite3
from datetime import datetime

from gateway.audit.chain import Head
from gateway.audit.evidence import Evidence, Facts, Party, Whose
from gateway.audit.pseudonyms import lookup, new_key
from gateway.audit.records import Before, Body, Draft, Names
from gateway.errors import UnfitLedgerError
from gateway.ledgers._pen import TAMPERED, End, Pen, RecordRow, begun

_SELECT_HEAD = "SELECT trail, pepper, count, hash, erasures, key_check, seal FROM audit_head"
_UPDATE_HEAD = "UPDATE audit_head SET count = ?, hash = ?, seal = ?, erasures = ?, key_check = ?"
_HEAD_TYPES = (str, bytes, int, str, int)
_INSERT = "INSERT INTO audit (n, entry, subject, body) VALUES (?, ?, ?, ?)"


def begin(connection: sqlite3.Connection) -> None:
    """Begin the trail of a file in the transaction that makes its tables: what is booked by now is not covered."""
    end, first = begun(_before(connection))
    connection.execute(_INSERT, first)
    connection.execute(
        "INSERT INTO audit_head (one, trail, pepper, count, hash, erasures) VALUES (1, ?, ?, ?, ?, 0)",
        (end.trail, end.pepper, end.head.count, end.head.hash),
    )


class TrailEnd:
    """Appends records. Between `open` and `close` lies one transaction that holds the write lock.

    After its commit `committed` must be called. After one that failed, `forget`: keys that it made are not in the file.
    """

    def __init__(self, key: bytes | None, *, may_seal: bool = False) -> None:
        self._pen = Pen(key, may_seal=may_seal)
        self.committed, self.forget, self.move = self._pen.committed, self._pen.forget, self._pen.move

    def open(self, connection: sqlite3.Connection) -> None:
        """Read where the trail ends; raises `UnfitLedgerError` where it cannot go on."""
        _insert(connection, self._pen.take(_read(connection)))

    @property
    def is_anew(self) -> bool:
        """Whether what was kept in mind of names held no more when it was opened last."""
        return self._pen.is_anew

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
        _insert(connection, self._pen.write(body, facts, at=at, entry=entry))

    def record(self, connection: sqlite3.Connection, drafted: Draft, evidence: Evidence, place: int) -> RecordRow:
        """Return the next record, of a request that is booked in that row: whoever asks for it writes it."""
        return self._pen.write_request(drafted, self.names(connection, evidence), place)

    def append_request(self, connection: sqlite3.Connection, drafted: Draft, evidence: Evidence, place: int) -> None:
        """Append the record of a request that is booked in that row."""
        _insert(connection, self.record(connection, drafted, evidence, place))

    def close(self, connection: sqlite3.Connection) -> None:
        """Write where the trail ends now."""
        head = self._pen.put_down()
        if head is not None:
            connection.execute(_UPDATE_HEAD, head)

    def names(self, connection: sqlite3.Connection, evidence: Evidence) -> Names:
        """Return the pseudonyms of a record, with keys that are made where there is none."""
        tenant = self._named(connection, "tenant", evidence.tenant)
        return Names(tenant=tenant, subject=self._named(connection, "subject", evidence.subject))

    def delete_key(self, connection: sqlite3.Connection, party: Party) -> str | None:
        """Delete a party's key and return what it was called, None where it is not known."""
        key = key_of(connection, self._pen.pepper, party)
        if key is None:
            return None
        connection.execute("DELETE FROM audit_keys WHERE lookup = ?", (lookup(self._pen.pepper, party),))
        return self._pen.erase(party, key)

    def _named(self, connection: sqlite3.Connection, whose: Whose, name: str | None) -> str | None:
        if name is None:
            return None
        party = Party(whose=whose, name=name)
        known = self._pen.called(party)
        if known is not None:
            return known
        pepper = self._pen.pepper
        return self._pen.call(party, key_of(connection, pepper, party) or _make_key(connection, pepper, party))


def _insert(connection: sqlite3.Connection, row: RecordRow | None) -> None:
    if row is not None:
        connection.execute(_INSERT, row)


def _read(connection: sqlite3.Connection) -> End:
    row = connection.execute(_SELECT_HEAD).fetchone()
    if row is None:
        raise UnfitLedgerError("the audit trail of the ledger has lost its head; restore the file from a copy")
    trail, pepper, count, last, erasures, check, seal = row
    # SQLite keeps in any column what it is given, and somebody may have given it anything.
    if not (
        tuple(map(type, row[:5])) == _HEAD_TYPES
        and count >= 0
        and erasures >= 0
        and (check is None or isinstance(check, str))
        and (seal is None or isinstance(seal, str))
    ):
        raise UnfitLedgerError(f"the head of the audit trail is none: {TAMPERED}")
    return End(trail, pepper, Head(count=count, hash=last), erasures, check, seal)


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
