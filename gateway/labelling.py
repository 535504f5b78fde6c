"""What a request's label comes from, each thing with its reason. Labels join upward only.

What is not known asks for everything (`UNKNOWN`): a tag, a tenant or a key that the policy does not name, a detector
that failed, a part that nobody can read. A reason names tags, places and types, and never quotes content.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Literal

from gateway.clearance import UNKNOWN, UNKNOWN_KIND
from gateway.policy.models import Policy
from gateway.policy.tags import ANYBODY, BUILT_IN_TAGS, UNREAD, WEAK, Callers
from gateway.spelling import nearest
from gateway.types import Finding, Label, Level, Request, Source

_LONGEST_NAME = 64
# Each costs a search for its right spelling.
_MOST_UNKNOWN = 16
# Who says something of the request as a whole.
_OF_ALL = frozenset({"tenant", "key", "tag"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What reading a request brought: findings, detectors that failed, whether a part could not be read."""

    findings: Sequence[Finding] = ()
    failed: Sequence[str] = ()
    unread: bool = False


def sources(request: Request, seen: Seen, policy: Policy, *, earlier: Label | None = None) -> tuple[Source, ...]:
    """Return all that a request's label comes from, besides the default level; `earlier` is that of earlier turns."""
    return (
        *_caller("tenant", request.tenant, policy.tenants, policy),
        *_caller("key", request.key, policy.keys, policy),
        *_tags(request, policy),
        *_earlier(earlier),
        *_kinds(seen.findings, policy),
        *_unread(policy, unread=seen.unread),
        *map(_failure, seen.failed),
    )


def joined(default: Level, found: Iterable[Source]) -> Label:
    """Return the label of a request: what its sources and the policy's default ask for together."""
    return reduce(or_, (source.label for source in found), Label(level=default))


def told(request: Request, policy: Policy) -> Label:
    """Return what is known of a request before anybody reads it: what its caller, tenant, key and messages say."""
    return joined(policy.default_level, sources(request, Seen(), policy))


def reasons(default: Level, found: Iterable[Source]) -> tuple[str, ...]:
    """Return what raised the level above the default, the highest last."""
    raising = sorted(
        (source for source in found if source.label.level > default), key=lambda source: source.label.level
    )
    return (f"{default} by default", *(source.reason for source in raising))


def tags(request: Request, found: Iterable[Source]) -> frozenset[str]:
    """Return the tags of the request as a whole: its caller's, its tenant's and its key's."""
    given = (source.name for source in found if source.by in ("tenant", "key"))
    return request.tags.union(name for name in given if name is not None)


def kinds(found: Sequence[Source]) -> frozenset[str]:
    """Return what is in the request: what was found, and what its messages and its earlier turns are tagged with."""
    inside = (source.label.kinds for source in found if source.by not in _OF_ALL)
    unknown = any(UNKNOWN_KIND in source.label.kinds for source in found)
    return frozenset({UNKNOWN_KIND} if unknown else ()).union(*inside)


def _caller(
    by: Literal["tenant", "key"], name: str | None, callers: Callers | None, policy: Policy
) -> Iterator[Source]:
    if callers is None:
        return
    own = callers.get(name) if name is not None else None
    caller = own or callers.get(ANYBODY)
    if caller is None:
        yield Source(by=by, label=UNKNOWN, reason=_unnamed(by, name, callers))
        return
    # Whoever takes the key itself for its name finds it in no reason.
    whose = f"{by} {name!r}" if own else f"any other {by}"
    for tag in caller.tags:
        label, told = _told(tag, f"tag {tag!r} of {whose}", policy)
        yield Source(by=by, name=tag, label=label, reason=told)


def _unnamed(by: str, name: str | None, callers: Mapping[str, object]) -> str:
    if name is None:
        return f'no {by} is named, so restricted; name one, or write "{ANYBODY}" under `{by}s`'
    near = nearest(name, callers)
    hint = f"name it under `{by}s`" if near is None else f"did you mean {near!r}?"
    who = f"tenant {name[:_LONGEST_NAME]!r}" if by == "tenant" else "the key"
    return f"{who} is unknown to the policy, so restricted; {hint}"


def _tags(request: Request, policy: Policy) -> Iterator[Source]:
    """Yield the caller's tags, of the request and of its messages; of many unknown ones the first are named."""
    unknown = 0
    for name, place in (*((name, _Place()) for name in sorted(request.tags)), *_places(request)):
        if policy.label(name) is None and (unknown := unknown + 1) > _MOST_UNKNOWN:
            continue
        label, told = _told(name, f"tag {name[:_LONGEST_NAME]!r}{place}", policy)
        by: Literal["tag", "message"] = "tag" if place.message is None else "message"
        yield Source(by=by, name=name, label=label, reason=told, message=place.message)


@dataclass(slots=True, kw_only=True)
class _Place:
    """Where a tag stands: at the request, or at one or more messages or parts."""

    message: int | None = None
    part: int | None = None
    more: int = 0

    def __str__(self) -> str:
        if self.message is None:
            return ""
        part = "" if self.part is None else f".content[{self.part}]"
        return f" of messages[{self.message}]{part}{f' and {self.more} more' if self.more else ''}"


def _places(request: Request) -> Sequence[tuple[str, _Place]]:
    """Return the tags of messages and parts by name, each with where it stands first."""
    places: dict[str, _Place] = {}
    for number, message in enumerate(request.messages):
        of_parts = enumerate(message.content) if isinstance(message.content, tuple) else ()
        for part, names in ((None, message.tags), *((part, one.tags) for part, one in of_parts)):
            for name in names:
                place = places.get(name)
                if place is None:
                    places[name] = _Place(message=number, part=part)
                else:
                    place.more += 1
    return sorted(places.items(), key=lambda item: item[0])


def _earlier(label: Label | None) -> Iterator[Source]:
    if label is not None:
        yield Source(by="earlier", label=label, reason=f"earlier turns of this conversation are {label.level}")


def _kinds(findings: Sequence[Finding], policy: Policy) -> Iterator[Source]:
    for (kind, strength), types in sorted(_types(findings).items()):
        weak = strength == "weak" and policy.label(f"{kind}{WEAK}")
        if weak:
            reason = f"{types} suspected ({kind}) is {weak.level}"
            yield Source(by="detector", name=f"{kind}{WEAK}", label=weak, reason=reason)
            continue
        label, told = _told(kind, f"{types} found ({kind})", policy)
        yield Source(by="detector", name=kind, label=label | Label(kinds=frozenset({kind})), reason=told)


def _types(findings: Sequence[Finding]) -> dict[tuple[str, str], str]:
    """Return the types that were found of each kind and strength, as a text."""
    types: dict[tuple[str, str], Counter[str]] = {}
    for finding in findings:
        types.setdefault((finding.kind, finding.strength), Counter())[finding.type] += 1
    return {key: ", ".join(sorted(counter)) for key, counter in types.items()}


def _unread(policy: Policy, *, unread: bool) -> Iterator[Source]:
    if not unread:
        return
    label, told = _told(UNREAD, f"a part that nobody can read ({UNREAD})", policy)
    yield Source(by="unread", name=UNREAD, label=label, reason=told)


def _failure(detector: str) -> Source:
    return Source(by="detector", label=UNKNOWN, reason=f"detector {detector!r} failed, so restricted")


def _told(name: str, what: str, policy: Policy) -> tuple[Label, str]:
    """Return what a name asks for, and the reason in words; an unknown one asks for everything."""
    label = policy.label(name)
    if label is not None:
        return label, f"{what} is {label.level}"
    near = nearest(name[:_LONGEST_NAME], sorted({*BUILT_IN_TAGS, *policy.tags}))
    hint = "name it under `tags`" if near is None else f"did you mean {near!r}?"
    return UNKNOWN, f"{what} is unknown to the policy, so restricted; {hint}"
