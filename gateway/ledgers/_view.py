"""The audit trail of a ledger that is kept in SQL, beside its entries, both as of one moment; see `TrailView`."""

from collections.abc import Iterator

from gateway.audit.archived import Archived
from gateway.audit.chain import Head, genesis
from gateway.audit.evidence import Party
from gateway.audit.proof import Proof
from gateway.audit.pseudonyms import lookup, pseudonym
from gateway.audit.records import Before, Noted
from gateway.entries import LedgerEntry
from gateway.errors import LedgerError
from gateway.ledgers._corrections import SELECT_CORRECTIONS, corrections_of, noted_correction
from gateway.ledgers._reports import Rows
from gateway.ledgers._rows import JOINED_COLUMNS, entries_of

_SELECT_ENTRIES = f"SELECT {JOINED_COLUMNS} FROM entries e LEFT JOIN attempts a ON a.entry = e.n"  # noqa: S608 - our own names


class SqlView:
    """What statements show of it. A kind says besides how it finds records that are kept in the wrong place."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        row = next(iter(rows("SELECT trail, pepper, count, hash, seal, key_check FROM audit_head", {})), None)
        if row is None:
            raise LedgerError("the audit trail of the ledger has lost its head: it was tampered with")
        self.trail, self._pepper, count, last, self.head_seal, self.key_check = row
        self.head = Head(count=count, hash=last)
        self.start = genesis(self.trail)

    def records(self) -> Iterator[tuple[int, str]]:
        """Yield the records with their places, in order."""
        yield from self.rows("SELECT n, CAST(body AS TEXT) FROM audit ORDER BY n", {})

    def entries(self, before: Before) -> Iterator[LedgerEntry]:
        """Yield the entries that were booked since the trail began, in the order of booking."""
        return entries_of(self.rows(f"{_SELECT_ENTRIES} WHERE e.n > :n ORDER BY e.n, a.number", {"n": before.n}))

    def uncovered(self, before: Before) -> Iterator[LedgerEntry]:
        """Yield the entries from before."""
        return entries_of(self.rows(f"{_SELECT_ENTRIES} WHERE e.n <= :n ORDER BY e.n, a.number", {"n": before.n}))

    def compared(self) -> Iterator[str]:
        """Yield the ids of the entries that a comparison is booked for."""
        for (entry_id,) in self.rows("SELECT id FROM holdouts h JOIN entries e ON e.n = h.entry", {}):
            yield entry_id

    def noted(self) -> Iterator[Noted]:
        """Yield what is on the books that is no request."""
        yield from map(noted_correction, corrections_of(self.rows(SELECT_CORRECTIONS, {})))

    def archived(self) -> Archived:
        """Return nothing: a kind that moves entries to files says what."""
        return Archived()

    def keys(self) -> int:
        """Return how many parties have a key."""
        ((count,),) = self.rows("SELECT count(*) FROM audit_keys", {})
        return int(count)

    def pseudonym(self, party: Party) -> str | None:
        """Return what a party is called in the records, None where it is not known, or not any more."""
        found = self.rows("SELECT key FROM audit_keys WHERE lookup = :lookup", {"lookup": lookup(self._pepper, party)})
        row = next(iter(found), None)
        return None if row is None else pseudonym(bytes(row[0]), party)


def check_sealable(found: Proof, place: str) -> None:
    """Refuse to seal a trail that is not whole, or is sealed already; raises `LedgerError`."""
    # Of a whole trail without seals this alone is said.
    if found.sealed or found.problem_count != 1 or found.problems[0].code != "unsealed":
        state = "sealed already" if found.sealed else "not whole"
        raise LedgerError(f"the audit trail of {place!r} is {state}: it is left as it is; see `gateway audit verify`")
