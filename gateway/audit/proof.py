"""What a trail proves: that it is whole, where the requests of a label went, and which calls no clearance covered.

Nothing that a record says of its own lawfulness is believed: each call is judged again, by the label and by what its
backend was cleared for at the time. What cannot be judged is counted, and proves nothing.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from gateway.audit.books import Comparing, TrailView
from gateway.audit.chain import Chain, Head, Problem, check_key, genesis, texts
from gateway.audit.evidence import Contact, Facts, Party, label_of
from gateway.audit.records import Before, Record
from gateway.clearance import Refusal, admit
from gateway.entries import LedgerEntry
from gateway.types import Label, Level

MOST_VIOLATIONS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which requests are asked about: those for which all holds that is given. Of names, one is enough.

    A tag is one of the label, whoever put it there; a kind is what a detector found. `known` are names that are right
    although no record may have them: of any other nothing is proved, for it may be a slip. None: whoever asks is sure.
    """

    tags: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    level: Level | None = None
    since: datetime | None = None
    until: datetime | None = None
    parties: tuple[Party, ...] = ()
    known: frozenset[str] | None = None

    def fits(self, at: datetime, label: Label, found: frozenset[str]) -> bool:
        """Say whether a request of this time and label is asked about, whoever it concerns."""
        return (
            (self.since is None or at >= self.since)
            and (self.until is None or at < self.until)
            and (self.level is None or label.level >= self.level)
            and (not self.tags or not self.tags.isdisjoint(label.kinds))
            and (not self.kinds or not self.kinds.isdisjoint(found))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A host that was contacted, with what its backend was cleared for at the time."""

    backend: str
    host: str
    local: bool | None
    clearance: Level | None
    region: str | None


@dataclass(slots=True, kw_only=True)
class Calls:
    """The calls of one host: how many, how many of them failed or were sent redacted, and why they were made."""

    calls: int = 0
    failed: int = 0
    redacted: int = 0
    purposes: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A call that the label of its request did not allow; `code` says by what."""

    n: int
    at: datetime
    entry: str
    level: Level
    backend: str
    host: str
    code: str


@dataclass(slots=True, kw_only=True)
class Proof:
    """What came of reading a whole trail. `uncovered` are requests of the question from before the trail began.

    `unknown` calls are those whose backend's clearance the record does not say; `stopped` ones sent nothing. `imported`
    requests were recorded by somebody else: nothing is proved of them. `archived` entries are in files elsewhere;
    `unread` are those of which no file was looked at: their records stand, and what they cost is not held against them.
    `unknown_parties` are names in the question that nobody knows, or nobody knows any more; `unknown_names` are tags
    and kinds in it that no record has, and that nobody said are right.
    """

    trail: str
    head: Head
    sealed: int = 0
    records: int = 0
    dropped: int = 0
    begun: datetime | None = None
    before: Before = field(default_factory=Before)
    erasures: int = 0
    problems: list[Problem] = field(default_factory=list)
    problem_count: int = 0
    requests: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    comparisons: int = 0
    hosts: dict[Host, Calls] = field(default_factory=dict)
    violations: list[Violation] = field(default_factory=list)
    violation_count: int = 0
    unknown: int = 0
    stopped: int = 0
    uncovered: int = 0
    imported: int = 0
    archived: int = 0
    unread: int = 0
    unknown_parties: int = 0
    unknown_names: tuple[str, ...] = ()

    @property
    def unsealed(self) -> int:
        """How many of the records are not sealed: in a whole trail the first ones, and at least the one that begins."""
        return self.records - self.sealed

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing, altered or surplus, as far as this trail can tell."""
        return self.problem_count == 0

    @property
    def is_proved(self) -> bool:
        """Whether every request that was asked about is known to have stayed where it may go."""
        unproved = self.unknown or self.uncovered or self.imported or self.unknown_parties or self.unknown_names
        return self.is_whole and not (self.violation_count or unproved)


def examine(
    view: TrailView, question: Question | None = None, *, key: bytes | None = None, anchor: Head | None = None
) -> Proof:
    """Read a trail from its beginning to its head beside the books; raises `ConfigurationError` for a wrong key."""
    check_key(view.trail, view.key_check, key)
    asked = _Asked.of(question or Question(), view)
    chain = Chain(start=view.start, key=key, anchor=anchor)
    proof = Proof(trail=view.trail, head=view.head, dropped=view.start.count)
    books = Comparing(view=view, chain=chain)
    met: set[str] = set()
    names = set(asked.question.tags | asked.question.kinds)
    for record in texts(view.records(), chain):
        proof.records += 1
        met.update(filter(None, (record.names.tenant, record.names.subject)))
        _begin(record, books, proof)
        books.meet(record)
        if record.kind == "erasure":
            proof.erasures += 1
        if names and record.facts is not None:
            names -= record.facts.label.kinds | record.facts.found | record.facts.tags
        if record.facts is not None and asked.about(record, record.facts):
            _count(record, record.facts, proof)
    books.close()
    proof.archived, proof.unread = books.archived.requests, books.unread
    _count_keys(view, asked, proof, chain, met)
    chain.close(view.head, view.head_seal)
    for entry in books.uncovered():
        proof.uncovered += asked.about_entry(entry)
        names -= label_of(entry).kinds
    if asked.question.known is not None:
        proof.unknown_names = tuple(sorted(names - asked.question.known))
    proof.unknown_parties = asked.unknown
    proof.sealed, proof.problems, proof.problem_count = chain.sealed, chain.problems, chain.problem_count
    return proof


def _count_keys(view: TrailView, asked: "_Asked", proof: Proof, chain: Chain, met: set[str]) -> None:
    """Note keys that lead to no record, and keys that nobody erased and that are gone: such proofs would be empty."""
    keys = view.keys()
    if keys is None:
        return
    surplus, lost = keys - len(met), len(met) - proof.erasures - keys
    if surplus > 0:
        chain.add(Problem(code="keys", text=f"there are {surplus:,} keys more than names in the records"))
    if lost > 0:
        chain.add(Problem(code="keys", text=f"{lost:,} keys of names in the records are gone, and nobody erased them"))
    for whose, pseudonym in asked.pseudonyms.items():
        if pseudonym is not None and pseudonym not in met:
            text = f"the key of the {whose} who is asked about leads to no record: it was exchanged"
            chain.add(Problem(code="keys", text=text))


def judged(facts: Facts, contact: Contact) -> str | None:
    """Return by what a call was not allowed, None where it was, or where nobody can say."""
    if contact.destination is None or contact.stopped:
        return None
    answer = admit(contact.sent or facts.label, contact.destination)
    if isinstance(answer, Refusal):
        return answer.code
    return None if contact.planned else "not_planned"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """The question, with its parties as they are called in the records."""

    question: Question
    pseudonyms: dict[str, str | None]

    @classmethod
    def of(cls, question: Question, view: TrailView) -> "_Asked":
        return cls(question=question, pseudonyms={party.whose: view.pseudonym(party) for party in question.parties})

    @property
    def unknown(self) -> int:
        return sum(pseudonym is None for pseudonym in self.pseudonyms.values())

    def about(self, record: Record, facts: Facts) -> bool:
        names = {"tenant": record.names.tenant, "subject": record.names.subject}
        return self.question.fits(record.at, facts.label, facts.found) and all(
            wanted is not None and names[whose] == wanted for whose, wanted in self.pseudonyms.items()
        )

    def about_entry(self, entry: LedgerEntry) -> bool:
        # Of entries from before nobody knows the subject: they count whoever is asked about.
        tenants = [party.name for party in self.question.parties if party.whose == "tenant"]
        return self.question.fits(entry.at, label_of(entry), frozenset(entry.kinds)) and all(
            entry.tenant == name for name in tenants
        )


def _begin(record: Record, books: Comparing, proof: Proof) -> None:
    view, chain = books.view, books.chain
    if record.n == 1:
        proof.begun = record.at
        proof.before = record.before or Before()
        books.before = proof.before
        if record.kind != "begin" or record.trail != view.trail or record.prev != genesis(view.trail).hash:
            chain.add(Problem(code="beginning", text="the first record does not begin this trail", n=1))
    elif record.kind == "begin":
        chain.add(Problem(code="beginning", text=f"a trail begins again at record {record.n}", n=record.n))


def _count(record: Record, facts: Facts, proof: Proof) -> None:
    if record.kind == "request":
        proof.requests += 1
        proof.statuses[record.status or ""] += 1
        proof.imported += record.imported
    else:
        proof.comparisons += 1
    for contact in facts.contacts:
        if contact.stopped:
            proof.stopped += 1
            continue
        _count_call(contact, proof)
        code = judged(facts, contact)
        if code is not None:
            proof.violation_count += 1
            if len(proof.violations) < MOST_VIOLATIONS:
                proof.violations.append(_violation(record, facts, contact, code))


def _count_call(contact: Contact, proof: Proof) -> None:
    where = contact.destination
    host = Host(
        backend=contact.backend,
        host=contact.host,
        local=where.local if where else None,
        clearance=where.clearance if where else None,
        region=where.region if where else None,
    )
    calls = proof.hosts.setdefault(host, Calls())
    calls.calls += 1
    calls.failed += contact.error is not None
    calls.redacted += contact.sent is not None
    calls.purposes[contact.purpose] += 1
    proof.unknown += where is None


def _violation(record: Record, facts: Facts, contact: Contact, code: str) -> Violation:
    return Violation(
        n=record.n,
        at=record.at,
        entry=record.entry or "",
        level=facts.label.level,
        backend=contact.backend,
        host=contact.host,
        code=code,
    )
