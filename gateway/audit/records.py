"""What a record says, as the JSON object that is hashed, and back. A record names nobody, and holds no content."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from json.encoder import encode_basestring_ascii as _quoted
from typing import Any, Literal, NamedTuple, get_args

from gateway.audit.digests import entry_digest
from gateway.audit.evidence import Contact, Facts
from gateway.clearance import Destination
from gateway.entries import GATEWAY, LedgerEntry
from gateway.types import Label, Level

VERSION = 1
NotedKind = Literal["correction", "close", "archive"]
Kind = Literal["begin", "seal", "request", "holdout", "erasure", NotedKind]
_NOTED = frozenset(get_args(NotedKind))
_KINDS = _NOTED.union(get_args(Kind))
_LEVELS = {str(level): level for level in Level}
# What json writes and reads.
Body = dict[str, Any]

_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False).encode


class UnreadableRecordError(ValueError):
    """A record that is none of ours, without its text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The pseudonyms in one record, None where nobody was named."""

    tenant: str | None = None
    subject: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What was on the books when the trail began: nothing is proved of it. `n` is the place of the last entry."""

    entries: int = 0
    holdouts: int = 0
    n: int = 0
    last: str | None = None


class Place(NamedTuple):
    """A record's place in the chain: its number, the hash of the one before, and whether a key seals it."""

    n: int
    prev: str
    sealed: bool


class Draft(NamedTuple):
    """The text of a request's record without its place in the chain and its pseudonyms, which come between."""

    before: str
    between: str
    after: str


class Noted(NamedTuple):
    """Something on the books that is no request: what it is, which one, and the digest of what it says."""

    kind: NotedKind
    id: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A record as it was read. `kept` says of a comparison whether it is on the books as well.

    `digest` is that of the entry of a request, None in records of before there were digests. `imported` requests went
    where somebody else says that they did. `noted` is what a record tells of that is no request.
    """

    n: int
    prev: str
    kind: Kind
    at: datetime
    sealed: bool
    trail: str | None = None
    before: Before | None = None
    entry: str | None = None
    status: str | None = None
    kept: bool = True
    digest: str | None = None
    imported: bool = False
    noted: Noted | None = None
    facts: Facts | None = None
    names: Names = Names()


def begin_body(trail: str, before: Before) -> Body:
    """Return what the first record says: which trail this is, and what it does not cover."""
    told = {"entries": before.entries, "holdouts": before.holdouts, "n": before.n, "last": before.last}
    return {"kind": "begin", "trail": trail, "before": told}


def request_body(entry: LedgerEntry, names: Names) -> Body:
    """Return what the record of a request says besides its facts, answered or not."""
    told = {"entry": entry.id, "status": entry.status, "digest": entry_digest(entry)}
    source = {} if entry.source == GATEWAY else {"source": entry.source}
    return {"kind": "request", **told, **source, **_named(names)}


def holdout_body(entry_id: str, names: Names, *, kept: bool) -> Body:
    """Return what the record of a comparison says besides its facts, which was made after the reply."""
    return {"kind": "holdout", "entry": entry_id, "kept": kept, **_named(names)}


def erasure_body(whose: str, records: int) -> Body:
    """Return what the record of an erasure says: that there was one, and not of whom."""
    return {"kind": "erasure", "of": whose, "records": records}


def noted_body(noted: Noted) -> Body:
    """Return what the record of something says that is no request."""
    return noted._asdict()


def placed(body: Body, place: Place, at: datetime) -> Body:
    """Return a body with what it says of its place in the chain."""
    return {**body, "v": VERSION, "at": _when(at), **place._asdict()}


def canonical(body: Body, facts: Facts | None = None) -> str:
    """Return the one text of a body: sorted keys, no spaces, ASCII.

    The facts are its last key. Their text is kept in mind: it takes longer to write than all the rest.
    """
    text = _encode(body)
    return text if facts is None else f'{text[:-1]},"what":{facts_text(facts)}}}'


def draft(entry: LedgerEntry, facts: Facts) -> Draft:
    """Return all of a request's record that is known before it has a place; written out, for each request waits."""
    source = "" if entry.source == GATEWAY else f'"source":{_quoted(entry.source)},'
    return Draft(
        f'{{"at":"{_when(entry.at)}","digest":"{entry_digest(entry)}","entry":{_quoted(entry.id)},"kind":"request","n":',
        f'{source}"status":{_quoted(entry.status)},"subject":',
        f',"v":{VERSION},"what":{facts_text(facts)}}}',
    )


def request_text(drafted: Draft, names: Names, place: Place) -> str:
    """Return the canonical text of a request's record."""
    n, prev, sealed = place
    return (
        f'{drafted.before}{n},"prev":"{prev}","sealed":{"true" if sealed else "false"},'
        f'{drafted.between}{_name(names.subject)},"tenant":{_name(names.tenant)}{drafted.after}'
    )


def read(text: str) -> Record:
    """Return what the text of a record says; raises `UnreadableRecordError`."""
    try:
        return _record(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        # What was written there may be anything, and is not repeated.
        pass
    raise UnreadableRecordError("no record of ours")


def _named(names: Names) -> Body:
    return {"tenant": names.tenant, "subject": names.subject}


def _when(at: datetime) -> str:
    return (at if at.tzinfo is UTC else at.astimezone(UTC)).isoformat(timespec="microseconds")


def _name(name: str | None) -> str:
    return "null" if name is None else _quoted(name)


@lru_cache(maxsize=1024)
def facts_text(facts: Facts) -> str:
    """Return the one text of facts."""
    return _encode(
        {
            "label": _label_body(facts.label),
            "tags": sorted(facts.tags),
            "found": sorted(facts.found),
            "raised": list(facts.raised),
            "rule": facts.rule,
            "policy": facts.policy_version,
            "admitted": list(facts.admitted),
            "closed": dict(facts.closed),
            "contacts": [_contact_body(contact) for contact in facts.contacts],
        }
    )


def _label_body(label: Label) -> Body:
    return {
        "level": str(label.level),
        "kinds": sorted(label.kinds),
        "regions": None if label.regions is None else sorted(label.regions),
        "retain": label.retain,
    }


def _contact_body(contact: Contact) -> Body:
    return {
        "backend": contact.backend,
        "host": contact.host,
        "purpose": contact.purpose,
        "error": contact.error,
        "planned": contact.planned,
        "stopped": contact.stopped,
        "sent": None if contact.sent is None else _label_body(contact.sent),
        "destination": None if contact.destination is None else _destination_body(contact.destination),
    }


def _destination_body(destination: Destination) -> Body:
    return {
        "name": destination.name,
        "clearance": str(destination.clearance),
        "local": destination.local,
        "region": destination.region,
        "refuses": sorted(destination.refuses),
        "retains": destination.retains,
    }


def _record(body: Body) -> Record:
    if body["v"] != VERSION or body["kind"] not in _KINDS:
        raise UnreadableRecordError("of another version")
    if type(body["n"]) is not int or type(body["prev"]) is not str or type(body["sealed"]) is not bool:
        raise UnreadableRecordError("a place in the chain is none")
    what = body.get("what")
    return Record(
        n=body["n"],
        prev=body["prev"],
        kind=body["kind"],
        at=_moment(body["at"]),
        sealed=body["sealed"],
        trail=body.get("trail"),
        before=Before(**body["before"]) if "before" in body else None,
        entry=body.get("entry"),
        status=body.get("status"),
        kept=body.get("kept", True),
        digest=body.get("digest"),
        imported="source" in body,
        noted=Noted(body["kind"], body["id"], body["digest"]) if body["kind"] in _NOTED else None,
        facts=None if what is None else facts_of(what),
        names=Names(tenant=body.get("tenant"), subject=body.get("subject")),
    )


def _moment(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise UnreadableRecordError("no zone")
    return at


def facts_of(body: Body) -> Facts:
    """Return the facts that a text says; raises `KeyError`, `TypeError` or `ValueError` where it says none."""
    return Facts(
        label=_label(body["label"]),
        tags=frozenset(body["tags"]),
        found=frozenset(body["found"]),
        raised=tuple(body["raised"]),
        rule=body["rule"],
        policy_version=body["policy"],
        admitted=tuple(body["admitted"]),
        closed=tuple(body["closed"].items()),
        contacts=tuple(_contact(contact) for contact in body["contacts"]),
    )


def _label(body: Body) -> Label:
    return Label(
        level=_LEVELS[body["level"]],
        kinds=frozenset(body["kinds"]),
        regions=None if body["regions"] is None else frozenset(body["regions"]),
        retain=bool(body["retain"]),
    )


def _contact(body: Body) -> Contact:
    told, sent = body["destination"], body["sent"]
    return Contact(
        backend=body["backend"],
        host=body["host"],
        purpose=body["purpose"],
        error=body["error"],
        planned=bool(body["planned"]),
        stopped=bool(body["stopped"]),
        destination=None if told is None else _destination(told),
        sent=None if sent is None else _label(sent),
    )


def _destination(body: Body) -> Destination:
    return Destination(
        name=body["name"],
        clearance=_LEVELS[body["clearance"]],
        local=bool(body["local"]),
        region=body["region"],
        refuses=frozenset(body["refuses"]),
        retains=bool(body["retains"]),
    )
