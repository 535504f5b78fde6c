"""Where the texts of messages meet: an identifier that is split over two of them is in neither.

The ends that may belong together are put side by side, once without and once with a space between, and read beside the
request. Linear in the request, and empty for most of them.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from gateway.leaves import said
from gateway.types import Finding, Request

# No identifier that a detector knows by its shape is longer at either side.
_REACH = 64
_APART = "\n\n"
_MARKS = frozenset("_@.+/:=%-")
# An identifier has a digit or an @, or is a longer run than two words make; the frame of a key has hyphens.
_TELLING = re.compile(r"[0-9@]|--")
_LONG_RUN = 20
# What comes in crumbs shows nothing of the kind at any one border.
_CRUMB = 3

# A text of a message: its span in the scanned text.
Span = tuple[int, int]


class Seams:
    """The places of a request where an identifier may be split, as one text; falsy where there are none."""

    __slots__ = ("_breaks", "_places", "_starts", "text")

    def __init__(self, request: Request, scanned: str) -> None:
        self._starts: list[int] = []
        self._places: list[int] = []
        # The numbers of chunks that nothing joins to the chunk before them.
        self._breaks: list[int] = []
        pieces: list[str] = []
        for spans in _orders(request, scanned):
            for run in _runs(spans, scanned):
                for between in ("", " "):
                    self._add(run, between, scanned, pieces)
        self.text = "".join(pieces)

    def __bool__(self) -> bool:
        return bool(self.text)

    def straddling(self, findings: Iterable[Finding], known: Iterable[Finding]) -> Iterator[Finding]:
        """Yield what was found over a seam, as spans of the scanned text; not what is `known` to be found there."""
        told = {(finding.kind, finding.type, finding.start, finding.end) for finding in known}
        for finding in findings:
            first, last = bisect_right(self._starts, finding.start) - 1, bisect_right(self._starts, finding.end - 1) - 1
            if first < 0 or first == last or bisect_right(self._breaks, first) != bisect_right(self._breaks, last):
                continue
            start = self._places[first] + finding.start - self._starts[first]
            end = self._places[last] + finding.end - self._starts[last]
            key = (finding.kind, finding.type, start, end)
            if key not in told:
                told.add(key)
                yield Finding(
                    kind=finding.kind,
                    type=finding.type,
                    start=start,
                    end=end,
                    strength=finding.strength,
                    detector=finding.detector,
                )

    def _add(self, run: Sequence[Span], between: str, scanned: str, pieces: list[str]) -> None:
        at = self._starts[-1] + len(pieces[-1]) if pieces else 0
        for number, (start, end) in enumerate(run):
            # Of the first text the end alone belongs to a seam, of the last one the beginning.
            chunks = _ends(start, end, first=number == 0, last=number == len(run) - 1)
            for part, (begin, stop) in enumerate(chunks):
                joined = number > 0 and part == 0
                if not joined:
                    self._breaks.append(len(self._starts))
                lead = between if joined else _APART
                pieces.append(lead)
                self._starts.append(at)
                self._places.append(begin - len(lead))
                pieces[-1] += scanned[begin:stop]
                at += len(pieces[-1])


def _orders(request: Request, scanned: str) -> Iterator[Sequence[Span]]:
    """Yield the texts of a request in the orders in which somebody may go on with one: all, and the user's own."""
    texts = [(*_bare(start, end, scanned), role) for start, end, role in said(request)]
    texts = [text for text in texts if text[0] < text[1]]
    if len(texts) > 1:
        yield [(start, end) for start, end, _ in texts]
        own = [(start, end) for start, end, role in texts if role == "user"]
        if 1 < len(own) < len(texts):
            yield own


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
