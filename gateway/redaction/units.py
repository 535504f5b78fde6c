"""The texts of a request in which something may be replaced, and where each stands in the scanned text.

A string is one unit. A text that others read as JSON is as many as it has strings: what is replaced inside one leaves
the JSON valid, and nothing else of it is touched.
"""

import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from gateway.leaves import Form, is_encodable, rewritten
from gateway.types import Request

_STRING = re.compile(r'"((?:[^"\\]++|\\.)*+)"')
_ESCAPE = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.")

# A span of `Units.text`, and what takes its place.
Change = tuple[int, int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unit:
    """One text: its span in the leaf that it is of, where it begins in the scanned text and `at` in `Units.text`.

    `places` says where in the leaf's span each character of `text` begins, and the last one ends; None where each is
    one character.
    """

    leaf: int
    start: int
    end: int
    scanned: int
    at: int
    text: str = field(repr=False)
    places: Sequence[int] | None = field(default=None, repr=False)

    def characters(self, start: int, end: int) -> tuple[int, int]:
        """Return which characters of `text` a span of the leaf touches; both count from the unit's start."""
        if self.places is None:
            return start, end
        return bisect_right(self.places, start) - 1, bisect_left(self.places, end)

    def raw(self, start: int, end: int) -> tuple[int, int]:
        """Return the span of the leaf that characters of `text` have."""
        if self.places is None:
            return self.start + start, self.start + end
        return self.start + self.places[start], self.start + self.places[end]


class Units:
    """The units of a request, one after another in `text`, a line each.

    `fixed` is what is sent and cannot be changed: numbers, and of JSON all that is no string. Making one raises
    `ValueError` and `RecursionError` as `leaves.rewritten` does.
    """

    def __init__(self, request: Request) -> None:
        self._request = request
        self._leaves: list[str] = []
        self._units: list[_Unit] = []
        self._fixed: list[str] = []
        self._scanned = self._at = 0
        rewritten(request, self._read)
        self.text = "\n".join(unit.text for unit in self._units)
        self.fixed = "\n".join(filter(None, self._fixed))
        self._scans = [unit.scanned for unit in self._units]
        self._ats = [unit.at for unit in self._units]

    def place(self, start: int, end: int) -> tuple[int, int] | None:
        """Return where in `text` a span of the scanned text stands, None where it is not inside one unit."""
        number = bisect_right(self._scans, start) - 1
        if number < 0 or start >= end:
            return None
        unit = self._units[number]
        start, end = start - unit.scanned, end - unit.scanned
        if end > unit.end - unit.start:
            return None
        start, end = unit.characters(start, end)
        return unit.at + start, unit.at + end

    def is_inside_one(self, start: int, end: int) -> bool:
        """Whether a span of `text` is of one unit."""
        unit = self._units[bisect_right(self._ats, start) - 1]
        return end <= unit.at + len(unit.text)

    def changed(self, changes: Sequence[Change]) -> Request:
        """Return the request with spans of `text` replaced; they are in order, do not overlap and are of one unit each.

        Raises `ValueError` where two keys of an object become one.
        """
        by_leaf: dict[int, list[Change]] = {}
        for start, end, new in changes:
            unit = self._units[bisect_right(self._ats, start) - 1]
            by_leaf.setdefault(unit.leaf, []).append((*unit.raw(start - unit.at, end - unit.at), new))
        leaves = {leaf: spliced(self._leaves[leaf], own) for leaf, own in by_leaf.items()}
        numbers = iter(range(len(self._leaves)))
        return rewritten(self._request, lambda text, _form: leaves.get(next(numbers), text))

    def _read(self, text: str, form: Form) -> str:
        last = 0
        for unit in _units(text, form, leaf=len(self._leaves), scanned=self._scanned, at=self._at):
            self._units.append(unit)
            self._fixed.append(text[last : unit.start])
            last, self._at = unit.end, unit.at + len(unit.text) + 1
        self._fixed.append(text[last:])
        self._leaves.append(text)
        if form != "short":
            self._scanned += len(text) + 1
        return text


def spliced(text: str, changes: Sequence[Change]) -> str:
    """Return a text with spans of it replaced."""
    pieces, last = list[str](), 0
    for start, end, new in changes:
        pieces += (text[last:start], new)
        last = end
    return "".join((*pieces, text[last:]))


def _units(text: str, form: Form, *, leaf: int, scanned: int, at: int) -> Iterator[_Unit]:
    if form in ("fixed", "short"):
        return
    if form == "text" or not _is_json(text):
        if is_encodable(text):
            yield _Unit(leaf=leaf, start=0, end=len(text), scanned=scanned, at=at, text=text)
        return
    for match in _STRING.finditer(text):
        start, end = match.span(1)
        said, places = _decoded(match[1])
        if not is_encodable(said):
            continue
        yield _Unit(leaf=leaf, start=start, end=end, scanned=scanned + start, at=at, text=said, places=places)
        at += len(said) + 1


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _decoded(raw: str) -> tuple[str, Sequence[int] | None]:
    if "\\" not in raw:
        return raw, None
    places: list[int] = []
    last = 0
    for match in _ESCAPE.finditer(raw):
        places += (*range(last, match.start()), match.start())
        last = match.end()
    places += range(last, len(raw) + 1)
    said: str = json.loads(f'"{raw}"')
    return said, places
