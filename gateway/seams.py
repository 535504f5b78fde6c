"""Where the texts of messages meet: an identifier that is split over two of them is in neither.

The ends that may belong together are put side by side, once without and once with a space between, and read beside the
request; so are what an assistant asks for and the answer, and the keys and values of tools and parameters. Linear in
the request, and empty for most of them.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from operator import attrgetter

from gateway.leaves import keyed, said
from gateway.types import Finding, Request

# No identifier that a detector knows by its shape is longer at either side.
_REACH = 64
_APART = "\n\n"
_MARKS = frozenset("_@.+/:=%-")
# An identifier has a digit or an @, or is a longer run than two words make; the frame of a key has hyphens.
_TELLING = re.compile(r"[0-9@]|--")
_LONG_RUN = 20
# What is told in one text by what another says of it stands so near the border.
_NEAR = 24
# What an assistant asks for, in the last so many letters that it says.
_QUESTION = 200
_ASKED = re.compile(
    r"(?i:pass(?:word|phrase|code)|passwort|pin|token|api[ _-]key|secret|credential|ssn|social security(?: number)?|mrn"
    r"|date of birth|birth ?date|account number|medical record(?: number)?|(?:phone|mobile)(?: number)?"
    r"|driver'?s licen[cs]e|member id|passport(?: number)?)(?![A-Za-z])"
)
_MOST_ASKED = 3
_KEY, _VALUE = 64, 256
# What comes in crumbs shows nothing of the kind at any one border.
_CRUMB = 3

# A text of a message: its span in the scanned text.
Span = tuple[int, int]


class Seams:
    """The places of a request where an identifier may be split, as one text; falsy where there are none."""

    __slots__ = ("_breaks", "_leads", "_places", "_scanned", "_size", "_starts", "text")

    def __init__(self, request: Request, scanned: str) -> None:
        self._scanned = scanned
        self._size = 0
        self._starts: list[int] = []
        self._places: list[int] = []
        self._leads: list[int] = []
        # The numbers of chunks that nothing joins to the chunk before them.
        self._breaks: list[int] = []
        pieces: list[str] = []
        texts = _texts(request, scanned)
        for spans in _orders(texts):
            for run in _runs(spans, scanned):
                for between in ("", " "):
                    self._add(run, between, pieces)
        for asked, answer in _answers(texts, scanned):
            self._add((asked, answer), ": ", pieces)
        for key, value in _pairs(request, scanned):
            self._put(key, '\n"', pieces, joined=False)
            self._put(value, '": "', pieces, joined=True)
        self.text = "".join(pieces)

    def __bool__(self) -> bool:
        return bool(self.text)

    def straddling(self, findings: Iterable[Finding], known: Iterable[Finding]) -> Iterator[Finding]:
        """Yield what was found over a seam, as spans of the scanned text; not what is `known` to be found there."""
        known = tuple(known)
        told = {(finding.kind, finding.type, finding.start, finding.end) for finding in known}
        taken = Spans(known)
        for finding in findings:
            first, last = bisect_right(self._starts, finding.start) - 1, bisect_right(self._starts, finding.end - 1) - 1
            if first < 0 or bisect_right(self._breaks, first) != bisect_right(self._breaks, last):
                continue
            start = self._places[first] + finding.start - self._starts[first]
            end = self._places[last] + finding.end - self._starts[last]
            if first == last:
                if taken.has(finding, start, end) or not self._is_whole(start, end):
                    continue
                start, end = self._over_border(first, start, end)
            key = (finding.kind, finding.type, start, end)
            if end > start and key not in told:
                told.add(key)
                yield replace(finding, start=start, end=end)

    def _is_whole(self, start: int, end: int) -> bool:
        """Whether a span of the scanned text does not begin or end within a word that was cut."""
        around = self._scanned[max(start - 1, 0) : start + 1], self._scanned[end - 1 : end + 1]
        return not any(len(signs) > 1 and signs.isalnum() for signs in around)

    def _over_border(self, number: int, start: int, end: int) -> Span:
        """Return a span of a chunk up to the border of the text that tells what it is; an empty one if none is near."""
        begin = self._places[number] + self._leads[number]
        if self._joins(number) and start - begin <= _NEAR:
            before = number - 1
            return self._places[before] + self._starts[number] - self._starts[before] - 1, end
        after = number + 1
        if after < len(self._starts) and self._joins(after):
            border = self._places[number] + self._starts[after] - self._starts[number]
            if border - end <= _NEAR:
                return start, self._places[after] + self._leads[after] + 1
        return 0, 0

    def _joins(self, number: int) -> bool:
        """Whether a chunk is joined to the one before it."""
        return bisect_right(self._breaks, number) == bisect_left(self._breaks, number)

    def _add(self, run: Sequence[Span], between: str, pieces: list[str]) -> None:
        for number, (start, end) in enumerate(run):
            # Of the first text the end alone belongs to a seam, of the last one the beginning.
            chunks = _ends(start, end, first=number == 0, last=number == len(run) - 1)
            for part, chunk in enumerate(chunks):
                joined = number > 0 and part == 0
                self._put(chunk, between if joined else _APART, pieces, joined=joined)

    def _put(self, chunk: Span, lead: str, pieces: list[str], *, joined: bool) -> None:
        begin, stop = chunk
        if not joined:
            self._breaks.append(len(self._starts))
        self._starts.append(self._size)
        self._places.append(begin - len(lead))
        self._leads.append(len(lead))
        pieces.append(f"{lead}{self._scanned[begin:stop]}")
        self._size += len(pieces[-1])


class Spans:
    """Where a detector found something in the scanned text."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self._found = sorted(findings, key=attrgetter("start"))
        self._starts = [finding.start for finding in self._found]

    def has(self, finding: Finding, start: int, end: int) -> bool:
        """Whether something there was found that is no less sure; findings of one detector do not overlap."""
        place = bisect_left(self._starts, end) - 1
        if place < 0 or self._found[place].end <= start:
            return False
        return finding.strength == "weak" or self._found[place].strength == "strong"


def _texts(request: Request, scanned: str) -> Sequence[tuple[int, int, str]]:
    """Return what is said: spans without the spaces at their ends, each with who says it."""
    texts = [(*_bare(start, end, scanned), role) for start, end, role in said(request)]
    return [text for text in texts if text[0] < text[1]]


def _orders(texts: Sequence[tuple[int, int, str]]) -> Iterator[Sequence[Span]]:
    """Yield the texts of a request in the orders in which somebody may go on with one: all, and the user's own."""
    if len(texts) > 1:
        yield [(start, end) for start, end, _ in texts]
        own = [(start, end) for start, end, role in texts if role == "user"]
        if 1 < len(own) < len(texts):
            yield own


def _answers(texts: Sequence[tuple[int, int, str]], scanned: str) -> Iterator[tuple[Span, Span]]:
    """Yield what an assistant asks for, and what the user says to it."""
    for (begin, stop, role), (start, end, answering) in pairwise(texts):
        if role == "assistant" and answering == "user":
            named = [*_ASKED.finditer(scanned, max(begin, stop - _QUESTION), stop)]
            for asked in named[-_MOST_ASKED:]:
                yield asked.span(), (start, end)


def _pairs(request: Request, scanned: str) -> Iterator[tuple[Span, Span]]:
    """Yield the keys and values of objects with some value that a detector may know; the ends of long ones are cut."""
    for pairs in keyed(request, len(scanned)):
        if any(_TELLING.search(scanned, start, min(end, start + _VALUE)) for _, (start, end) in pairs):
            for key, (start, end) in pairs:
                yield (max(key[0], key[1] - _KEY), key[1]), (start, min(end, start + _VALUE))


def _bare(start: int, end: int, scanned: str) -> Span:
    """Return a span without the spaces at its two ends; further in than the reach nobody looks."""
    if start < end and scanned[start].isspace():
        head = scanned[start : min(end, start + _REACH)]
        start += len(head) - len(head.lstrip())
    if start < end and scanned[end - 1].isspace():
        tail = scanned[max(start, end - _REACH) : end]
        end -= len(tail) - len(tail.rstrip())
    return start, end


def _runs(spans: Sequence[Span], scanned: str) -> Iterator[Sequence[Span]]:
    """Yield the texts that may belong together, one after another; most belong to none."""
    run = [spans[0]]
    for left, right in pairwise(spans):
        if _meet(scanned[left[1] - 1], scanned[right[0]]) and _may_go_on(left, right, scanned):
            run.append(right)
            continue
        if len(run) > 1:
            yield run
        run = [right]
    if len(run) > 1:
        yield run


def _meet(last: str, first: str) -> bool:
    """Whether two letters may stand side by side in an identifier; a full stop before a capital ends a sentence."""
    if not (last.isalnum() or last in _MARKS):
        return False
    return (first.isalnum() or first in _MARKS) and not (last == "." and first.isupper())


def _may_go_on(left: Span, right: Span, scanned: str) -> bool:
    if min(left[1] - left[0], right[1] - right[0]) <= _CRUMB:
        return True
    before = scanned[max(left[0], left[1] - _REACH) : left[1]].rsplit(maxsplit=1)[-1]
    after = scanned[right[0] : min(right[1], right[0] + _REACH)].split(maxsplit=1)[0]
    return len(before) + len(after) >= _LONG_RUN or _TELLING.search(f"{before} {after}") is not None


def _ends(start: int, end: int, *, first: bool, last: bool) -> Sequence[Span]:
    if first:
        return ((max(start, end - _REACH), end),)
    if last:
        return ((start, min(end, start + _REACH)),)
    return ((start, end),) if end - start <= 2 * _REACH else ((start, start + _REACH), (end - _REACH, end))
