"""Takes records in order, and entries beside them that were written in the same order; pairs what belongs together."""

from collections.abc import Callable, Iterator

from gateway.audit.digests import entry_digest
from gateway.audit.records import Record
from gateway.entries import LedgerEntry

# What is wrong, of which entry, at which record.
Complain = Callable[[str, str, int | None], None]


class Pairs:
    """Both are read once; what is kept is only what has not met its counterpart yet.

    `entries` is asked once, when the first record comes. `agree` says whether a record and its entry are of one tenant.
    """

    def __init__(
        self,
        entries: Callable[[], Iterator[LedgerEntry]],
        agree: Callable[[Record, LedgerEntry], bool],
        complain: Complain,
        place: str = "on the books",
    ) -> None:
        self._begin = entries
        self._agree = agree
        self._complain = complain
        self._place = place
        self._entries: Iterator[LedgerEntry] | None = None
        self._without_entry: dict[str, Record] = {}
        self._without_record: dict[str, LedgerEntry] = {}

    def meet(self, entry_id: str, record: Record) -> None:
        """Take the next record of a request."""
        if entry_id in self._without_entry:
            self._complain(f"there are two records of entry {entry_id}", entry_id, record.n)
            return
        self._without_entry[entry_id] = record
        self._match(entry_id)
        entry = next(self._rest(), None)
        if entry is not None:
            self._take(entry)

    def close(self) -> None:
        """Say what has no counterpart."""
        for entry in self._rest():
            self._take(entry)
        for entry_id, record in self._without_entry.items():
            self._complain(f"entry {entry_id} of record {record.n} is not {self._place}", entry_id, record.n)
        for entry_id in self._without_record:
            self._complain(f"entry {entry_id} has no record", entry_id, None)

    def _rest(self) -> Iterator[LedgerEntry]:
        if self._entries is None:
            self._entries = self._begin()
        return self._entries

    def _take(self, entry: LedgerEntry) -> None:
        self._without_record[entry.id] = entry
        self._match(entry.id)

    def _match(self, entry_id: str) -> None:
        if entry_id in self._without_entry and entry_id in self._without_record:
            record, entry = self._without_entry.pop(entry_id), self._without_record.pop(entry_id)
            different = _differences(record, entry)
            if not self._agree(record, entry):
                different.append("tenant")
            if different:
                text = f"entry {entry_id} and record {record.n} differ in {', '.join(different)}"
                self._complain(text, entry_id, record.n)


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
