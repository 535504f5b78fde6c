"""The chain: each record holds the hash of the one before, and the head holds the count and the hash of the last.

A record that was altered, removed, put in or moved breaks a link; a tail that was cut off does not reach the head. Who
can write the whole file can write a whole other chain, unless the links are sealed with a key that he has not, or the
head was noted elsewhere (`anchor`).
"""

import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Self

from gateway.audit.evidence import Facts
from gateway.audit.records import (
    Body,
    Draft,
    Names,
    Place,
    Record,
    UnreadableRecordError,
    canonical,
    placed,
    read,
    request_text,
)
from gateway.errors import ConfigurationError

MOST_PROBLEMS = 50
_HEAD = re.compile(r"(\d{1,18}):([0-9a-f]{64})")

Code = Literal[
    "altered", "missing", "misplaced", "unreadable", "beginning", "end", "anchor", "unsealed", "books", "keys"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Where a chain ends: how many records there are, and the hash of the last. Written `COUNT:HASH`."""

    count: int
    hash: str

    def __str__(self) -> str:
        return f"{self.count}:{self.hash}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the head that a text says; raises `ValueError`."""
        found = _HEAD.fullmatch(text.strip())
        if found is None:
            raise ValueError("no head of a trail; write COUNT:HASH as `gateway audit head` prints it")
        return cls(count=int(found[1]), hash=found[2])


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something that is wrong with a trail: at record `n`, or about an entry of the books."""

    code: Code
    text: str
    n: int | None = None
    entry: str | None = None


def genesis(trail: str) -> Head:
    """Return what the first record of a trail holds as the hash of the one before."""
    return Head(count=0, hash=hashlib.sha256(f"hybrid-gateway audit trail {trail}".encode()).hexdigest())


def link(text: str, key: bytes | None) -> str:
    """Return the hash of a record's text: SHA-256, with a key HMAC-SHA-256."""
    data = text.encode()
    return hashlib.sha256(data).hexdigest() if key is None else hmac.digest(key, data, "sha256").hex()


def key_check(trail: str, key: bytes) -> str:
    """Return what tells the right key from a wrong one, and tells nothing of the key."""
    return hmac.digest(key, f"key of {trail}".encode(), "sha256").hex()


def head_seal(head: Head, key: bytes | None) -> str | None:
    """Return what shows that whoever wrote the head has the key, None without one."""
    return None if key is None else hmac.digest(key, f"head {head}".encode(), "sha256").hex()


def append(head: Head, body: Body, facts: Facts | None = None, *, at: datetime, key: bytes | None) -> tuple[Head, str]:
    """Return the head after a record with this body and these facts, and the record's text."""
    text = canonical(placed(body, _next(head, key), at), facts)
    return Head(count=head.count + 1, hash=link(text, key)), text


def append_request(head: Head, drafted: Draft, names: Names, *, key: bytes | None) -> tuple[Head, str]:
    """Return the head after the record of a request, and the record's text."""
    text = request_text(drafted, names, _next(head, key))
    return Head(count=head.count + 1, hash=link(text, key)), text


def _next(head: Head, key: bytes | None) -> Place:
    return Place(head.count + 1, head.hash, key is not None)


@dataclass(slots=True, kw_only=True)
class Chain:
    """Follows the records of a trail in order; what does not fit is a problem, and it goes on from there.

    Of very many problems the first are kept, and all are counted.
    """

    start: Head
    key: bytes | None = field(default=None, repr=False)
    anchor: Head | None = None
    at: Head = field(init=False)
    problems: list[Problem] = field(init=False, default_factory=list)
    problem_count: int = field(init=False, default=0)
    sealed: int = field(init=False, default=0)
    _reached: str | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.at = self.start
        self._meet_anchor()

    def add(self, problem: Problem) -> None:
        """Note a problem."""
        self.problem_count += 1
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(problem)

    def follow(self, n: int, text: str) -> Record | None:
        """Take the next record, kept at place `n`; None where it cannot be read."""
        self._note_gap(n)
        try:
            record = read(text)
        except UnreadableRecordError:
            self.add(Problem(code="unreadable", text=f"record {n} cannot be read: it was altered", n=n))
            self.at = Head(count=n, hash="")
            return None
        self._note_place(n, record)
        self.at = Head(count=n, hash=link(text, self._key_of(record)))
        self._meet_anchor()
        return record

    def close(self, head: Head, seal: str | None = None) -> None:
        """Compare the end with where the trail says that it ends."""
        if self.at.count < head.count:
            missing = head.count - self.at.count
            self.add(Problem(code="end", text=f"{missing:,} records at the end are missing", n=self.at.count + 1))
        elif self.at.count > head.count:
            surplus = self.at.count - head.count
            self.add(Problem(code="end", text=f"{surplus:,} records stand after the head", n=head.count + 1))
        elif self.at.hash != head.hash:
            self.add(Problem(code="end", text=f"record {head.count} was altered, or the head was", n=head.count))
        if self.key is not None and self.sealed == 0:
            self.add(Problem(code="unsealed", text="no record is sealed with the key", n=self.at.count))
        elif self.key is not None and not hmac.compare_digest(seal or "", head_seal(head, self.key) or ""):
            self.add(Problem(code="unsealed", text="the head is not sealed with the key", n=head.count))
        if self.anchor is not None and self._reached != self.anchor.hash:
            what = "the trail ends before it" if self._reached is None else "that record has another hash"
            self.add(
                Problem(code="anchor", text=f"the head that was noted, {self.anchor}: {what}", n=self.anchor.count)
            )

    def _note_gap(self, n: int) -> None:
        expected = self.at.count + 1
        if n > expected:
            which = f"record {expected} is" if n == expected + 1 else f"records {expected} to {n - 1} are"
            self.add(Problem(code="missing", text=f"{which} missing", n=expected))

    def _note_place(self, n: int, record: Record) -> None:
        if record.n != n:
            self.add(Problem(code="misplaced", text=f"record {record.n} stands at place {n}", n=n))
        # After a gap or an unreadable record there is nothing to compare with, and the problem is told already.
        elif self.at.count == n - 1 and self.at.hash and record.prev != self.at.hash:
            self.add(Problem(code="altered", text=f"record {n} does not follow from record {n - 1}", n=n))

    def _key_of(self, record: Record) -> bytes | None:
        if record.sealed:
            if self.key is None:
                raise ConfigurationError("the audit trail is sealed with a key; set GATEWAY_AUDIT_KEY to it")
            self.sealed += 1
            return self.key
        if self.sealed and self.key is not None:
            self.add(
                Problem(code="unsealed", text=f"record {record.n} is not sealed, records before it are", n=record.n)
            )
        return None

    def _meet_anchor(self) -> None:
        if self.anchor is not None and self.at.count == self.anchor.count:
            self._reached = self.at.hash


def check_key(trail: str, check: str | None, key: bytes | None) -> None:
    """Refuse a missing or a wrong key for a trail that is sealed; raises `ConfigurationError`."""
    if check is None:
        return
    if key is None:
        raise ConfigurationError("the audit trail is sealed with a key; set GATEWAY_AUDIT_KEY to it")
    if not hmac.compare_digest(check, key_check(trail, key)):
        raise ConfigurationError("the audit trail is sealed with another key than that of GATEWAY_AUDIT_KEY")


def texts(records: Iterable[tuple[int, str]], chain: Chain) -> Iterable[Record]:
    """Yield the records of a trail that can be read, following the chain."""
    for n, text in records:
        record = chain.follow(n, text)
        if record is not None:
            yield record
