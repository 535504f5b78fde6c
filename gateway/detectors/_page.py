"""A text as the detectors read it: in plain writing, and once more what it holds in base64.

Whatever is done to the text, spans are told in characters of the text as it was given.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import compress
from operator import not_
from typing import Literal

from gateway.detectors._hidden import Hidden, hidden
from gateway.detectors._normal import plain
from gateway.spelling import remedy
from gateway.types import Finding

Strength = Literal["strong", "weak"]


class Page:
    """One text while a detector reads it; no character belongs to two findings, the first to claim it has it.

    But for a run of base64: what is found within is told as the whole run, once for each kind.

    With `escapes`, those of addresses, JSON and HTML are read. Without, they stay: a password may hold them.
    """

    __slots__ = ("_claimed", "_detector", "_found", "_places", "lower", "text")

    def __init__(self, text: str, detector: str, *, escapes: bool = False) -> None:
        self.text, self._places = plain(text, escapes=escapes)
        self.lower = self.text.lower()
        self._detector = detector
        self._claimed: bytearray | None = None
        self._found: list[Finding] = []

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was claimed, in the order of the text."""
        return tuple(sorted(self._found, key=lambda finding: finding.start)) if self._found else ()

    def claim(self, start: int, end: int, *, kind: str, type: str, strength: Strength) -> None:  # noqa: A002 - as in Finding
        """Make a finding of a span of `text`, unless part of it was claimed before."""
        if self._takes(start, end):
            self._find(start, end, kind=kind, type=type, strength=strength)

    def claim_run(self, start: int, end: int, findings: Iterable[Finding]) -> None:
        """Make findings of a whole span, one for each kind found within, unless part of it was claimed before."""
        if self._takes(start, end):
            for finding in findings:
                self._find(start, end, kind=finding.kind, type=finding.type, strength=finding.strength)

    def _takes(self, start: int, end: int) -> bool:
        if self._claimed is None:
            self._claimed = bytearray(len(self.text))
        if self._claimed.find(1, start, end) >= 0:
            return False
        self._claimed[start:end] = b"\x01" * (end - start)
        return True

    def _find(self, start: int, end: int, *, kind: str, type: str, strength: Strength) -> None:  # noqa: A002 - as in Finding
        for place in self._places:
            start, end = place(start), place(end)
        finding = Finding(kind=kind, type=type, start=start, end=end, strength=strength, detector=self._detector)
        self._found.append(finding)


def read(text: str, detector: str, look: Callable[[Page], None], *, escapes: bool) -> tuple[Finding, ...]:
    """Return what `look` claims of a text, and of what the text holds in base64, as spans of the whole run."""
    page = Page(text, detector, escapes=escapes)
    within = [(run, _looked(Page(run.text, detector, escapes=escapes), look)) for run in hidden(page.text)]
    if not within:
        return _looked(page, look)
    # A run that holds something certain comes before what its letters look like, other runs after.
    certain = [any(finding.strength == "strong" for finding in findings) for _, findings in within]
    for run, findings in compress(within, certain):
        _claim_run(page, run, findings)
    look(page)
    for run, findings in compress(within, map(not_, certain)):
        _claim_run(page, run, findings)
    return page.findings


def _looked(page: Page, look: Callable[[Page], None]) -> tuple[Finding, ...]:
    look(page)
    return page.findings


def _claim_run(page: Page, run: Hidden, findings: Sequence[Finding]) -> None:
    # A run is read and replaced as a whole: each kind found within is of all of it.
    by_strength = sorted(findings, key=lambda finding: finding.strength, reverse=True)
    page.claim_run(run.start, run.end, {finding.kind: finding for finding in by_strength}.values())


def known_types(names: tuple[str, ...], known: Sequence[str]) -> tuple[str, ...]:
    """Return the names; raises `ValueError` with the nearest right spelling where one is no type of the detector."""
    for name in names:
        if name not in known:
            raise ValueError(f"no type {name!r}; {remedy(name, known)}")
    return names
