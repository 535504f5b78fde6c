"""Put placeholders in the place of what detectors found, everywhere in a request, and say which kinds are surely gone.

A kind is surely gone where all that was found of it has a shape of its own, stands inside one text each, was replaced,
and stands nowhere else. Names, addresses and whatever is only suspected are never sure. What is in doubt is said to be
left, and nothing here lowers a level.
"""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice

from gateway.leaves import scanned_text
from gateway.redaction.folding import fold, traces
from gateway.redaction.placeholders import NEVER_RESTORED, Numbering, new_nonce
from gateway.redaction.units import Change, Units, spliced
from gateway.redaction.vault import Vault
from gateway.types import Finding, Request

# Beyond these, so many values stand in a request that looking for each everywhere would take seconds.
MOST_VALUES = 1_000
MOST_PLACES = 50_000
# A shorter one is replaced where it was found alone: as a piece of other words it means nothing.
SHORTEST_EVERYWHERE = 4

_GAP = "\0"
_OURS = frozenset({"patterns", "secrets"})
_SHAPED = re.compile(
    r"EMAIL_ADDRESS|PHONE_NUMBER|CREDIT_CARD|IBAN_CODE|IP_ADDRESS|MAC_ADDRESS|CRYPTO|MEDICAL_RECORD_NUMBER"
    r"|[A-Z]{2}_(?!.*(?:NAME|ADDRESS|LOCATION|STREET|CITY))[A-Z0-9_]+"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Redacted:
    """A request with placeholders, and what brings the values back.

    `counts` says how many values of each type were replaced, `sure` which kinds are surely gone. `uncovered` is all
    that is sent besides the placeholders, `numbering` has the names that they were given.
    """

    request: Request = field(repr=False)
    uncovered: str = field(repr=False)
    vault: Vault
    numbering: Numbering = field(repr=False)
    counts: Mapping[str, int]
    sure: frozenset[str]


def is_shaped(finding: Finding) -> bool:
    """Whether what was found has a shape of its own, so that where it ends is certain."""
    return finding.strength == "strong" and (
        finding.detector in _OURS or finding.kind == "secret" or _SHAPED.fullmatch(finding.type) is not None
    )


def redact(
    request: Request, findings: Iterable[Finding], kinds: Collection[str], numbering: Numbering | None = None
) -> Redacted | None:
    """Replace what was found of `kinds`, every occurrence of it; None where that cannot be done.

    `findings` are of `scanned_text`. `numbering` has the names of the conversation, and learns new ones; one whose
    nonce stands in the request is not used.
    """
    try:
        return _redacted(request, [finding for finding in findings if finding.kind in kinds], numbering)
    # An object that would lose a key, or one that is nested too deeply to be sent.
    except (ValueError, RecursionError):
        return None


def _redacted(request: Request, findings: Sequence[Finding], numbering: Numbering | None) -> Redacted | None:
    units = Units(request)
    small = lower(units.text)
    numbering = _unheard(numbering, f"{small}\n{lower(scanned_text(request))}")
    found, doubtful = _found(findings, units)
    if numbering is None or len({small[start:end] for start, end, _ in found}) > MOST_VALUES:
        return None
    places = list(islice(chain(found, _elsewhere(found, small, units)), MOST_PLACES + 1))
    if len(places) > MOST_PLACES:
        return None
    spans = list(_merged(places))
    gone = {small[start:end] for start, end, own in spans if any(finding.kind in NEVER_RESTORED for finding in own)}
    vault: dict[str, str | None] = {}
    counts, changes = Counter[str](), list[Change]()
    for start, end, own in spans:
        value = units.text[start:end]
        name = numbering.name(own[0].type, value)
        if name not in vault:
            counts[own[0].type] += 1
        # What is gone at one place comes back at none.
        vault[name] = None if small[start:end] in gone else value
        changes.append((start, end, f"[[{name}]]"))
    doubtful |= _left(found, spans, units, small) | set(_suspected(findings, spans, units))
    return Redacted(
        request=units.changed(changes),
        uncovered=f"{spliced(units.text, [(start, end, _GAP) for start, end, _ in spans])}\n{units.fixed}",
        numbering=numbering,
        vault=Vault(nonce=numbering.nonce, values=vault),
        counts=dict(sorted(counts.items())),
        sure=frozenset(finding.kind for finding in findings) - doubtful,
    )


_Place = tuple[int, int, Finding]


def _unheard(numbering: Numbering | None, text: str) -> Numbering | None:
    if numbering is not None and numbering.nonce not in text:
        return numbering
    nonce = new_nonce(text)
    return None if nonce is None else Numbering(nonce)


def _found(findings: Iterable[Finding], units: Units) -> tuple[list[_Place], set[str]]:
    """Return where what has a shape stands, and the kinds of what stands in no single text."""
    found: list[_Place] = []
    doubtful: set[str] = set()
    for finding in filter(is_shaped, findings):
        place = units.place(finding.start, finding.end)
        if place is None:
            doubtful.add(finding.kind)
        else:
            found.append((*place, finding))
    return found, doubtful


def _elsewhere(found: Iterable[_Place], small: str, units: Units) -> Iterator[_Place]:
    """Yield every occurrence of every value, in small letters or capitals; none twice for the same kind and type."""
    values: dict[str, dict[tuple[str, str], Finding]] = {}
    for start, end, finding in found:
        if end - start >= SHORTEST_EVERYWHERE:
            values.setdefault(small[start:end], {})[finding.kind, finding.type] = finding
    for value, findings in values.items():
        start = small.find(value)
        while start >= 0:
            end = start + len(value)
            if units.is_inside_one(start, end):
                yield from ((start, end, finding) for finding in findings.values())
            start = small.find(value, end)


def _merged(places: Iterable[_Place]) -> Iterator[tuple[int, int, list[Finding]]]:
    """Yield the spans that overlapping places make together, each with what was found in it, the longest first."""
    start, last, own = 0, -1, list[Finding]()
    for first, end, finding in sorted(places, key=lambda place: (place[0], -place[1], place[2].type)):
        if own and first >= last:
            yield start, last, own
            own = []
        if not own:
            start, last = first, end
        last = max(last, end)
        own.append(finding)
    if own:
        yield start, last, own


def _left(found: Iterable[_Place], spans: Iterable[tuple[int, int, object]], units: Units, small: str) -> set[str]:
    """Return the kinds of which a value still stands somewhere, however it is written there."""
    gaps = [(start, end, _GAP) for start, end, _ in spans]
    rest, fixed = spliced(small, gaps), lower(units.fixed)
    folded = f"{fold(spliced(units.text, gaps))}{_GAP}{fold(units.fixed)}"
    values = {(small[start:end], finding.kind, finding.type) for start, end, finding in found}
    return {
        kind
        for value, kind, type_ in values
        if value in rest or value in fixed or any(piece in folded for piece in traces(type_, value))
    }


def _suspected(findings: Iterable[Finding], spans: Sequence[tuple[int, int, object]], units: Units) -> Iterator[str]:
    """Yield the kinds of what has no shape and was not replaced with something that has."""
    starts = [start for start, _, _ in spans]
    for finding in findings:
        if is_shaped(finding):
            continue
        place = units.place(finding.start, finding.end)
        number = -1 if place is None else bisect_right(starts, place[0]) - 1
        if place is None or number < 0 or place[1] > spans[number][1]:
            yield finding.kind


def lower(text: str) -> str:
    """Return a text in small letters, each where it stood."""
    if text.isascii():
        return text.lower()
    # Letter by letter: what a letter becomes must depend on nothing beside it, and stand where it stood.
    return "".join([small if len(small := letter.lower()) == 1 else letter for letter in text])
