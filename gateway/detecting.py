"""Detectors read a request: a short text at once, a long one in a thread and within a time. Nothing is raised here.

A detector that fails or is late has found everything, as far as anybody knows: it is named, and what it said is lost.
"""

import logging
from asyncio import to_thread
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from gateway.interfaces import Detector
from gateway.seams import Seams
from gateway.types import Finding, Request
from gateway.workers import Workers

logger = logging.getLogger("gateway")

# Longer texts are read in a thread, so that the event loop goes on; the way there and back takes about 0.1 ms. Usual
# texts of this length take 0.3 ms, and those that somebody wrote to hold us up 20 ms. The loop goes on as long as a
# detector searches piece by piece, for a single search of `re` lets no other thread run.
INLINE_CHARACTERS = 4_000

_STRENGTHS = ("strong", "weak")

_workers = Workers("gateway-detector")


@dataclass(frozen=True, slots=True, kw_only=True)
class Detected:
    """What detectors found in a request, and which of them failed."""

    findings: tuple[Finding, ...] = ()
    failed: tuple[str, ...] = ()


async def detect(request: Request, scanned: str, detectors: Mapping[str, Detector], *, limit_s: float) -> Detected:
    """Return what the detectors find in a request, whose scanned text is given, and where its texts meet.

    `limit_s` bounds each detector that reads in a thread: of a long text all do, of any text those that say `slow`.
    """
    seams = Seams(request, scanned) if len(scanned) <= INLINE_CHARACTERS else await to_thread(Seams, request, scanned)
    texts = (scanned, seams.text) if seams else (scanned,)
    long = sum(map(len, texts)) > INLINE_CHARACTERS
    findings: list[Finding] = []
    failed: list[str] = []
    for name, detector in detectors.items():
        work = partial(_read, detector, texts)
        try:
            in_thread = long or getattr(detector, "slow", False)
            found, *over = await _workers.run(work, limit_s=limit_s) if in_thread else work()
            split = [finding for each in over for finding in seams.straddling(each, found)]
        except Exception as error:  # noqa: BLE001 - a third party's code raises anything; then everything counts as found
            # The message and the traceback of a parser's error quote what it read.
            logger.error("detector %r failed: %s", name, type(error).__name__)  # noqa: TRY400
            failed.append(name)
            continue
        findings += (*found, *split)
    return Detected(findings=tuple(findings), failed=tuple(failed))


def _read(detector: Detector, texts: Sequence[str]) -> list[Sequence[Finding]]:
    return [_checked(detector.detect(text), len(text)) for text in texts]


def _checked(given: Iterable[Finding], length: int) -> Sequence[Finding]:
    # Whatever can be read only once is kept first.
    found = tuple(given)
    if not all(_is_sound(finding, length) for finding in found):
        raise TypeError("a detector gave something that is no Finding in its text")
    return found


def _is_sound(finding: object, length: int) -> bool:
    """Whether a detector of a third party gave what the types promise."""
    if not isinstance(finding, Finding):
        return False
    words: tuple[object, ...] = (finding.kind, finding.type, finding.detector)
    span: tuple[object, ...] = (finding.start, finding.end)
    return (
        all(isinstance(word, str) and word for word in words)
        and finding.strength in _STRENGTHS
        and all(isinstance(place, int) for place in span)
        and 0 <= finding.start < finding.end <= length
    )
