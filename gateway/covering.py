"""What a request is with placeholders in it: who else may see it then, and what is sent to them.

Only what detectors found is taken back, and only where the policy says so. What caller, tenant, key or message were
tagged with keeps its level. Where a detector failed or a part could not be read, nothing is covered at all. The
detectors read what is to be sent once more: what they still find outside the placeholders is not gone.
"""

import asyncio
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from gateway import labelling
from gateway.detecting import INLINE_CHARACTERS, Detected, detect
from gateway.fleet.placeholders import Earlier
from gateway.interfaces import Detector
from gateway.leaves import parts, scanned_text, unread_types
from gateway.policy.models import Policy
from gateway.policy.redacting import redacted
from gateway.redaction.cover import Cover
from gateway.redaction.known import Known
from gateway.redaction.placeholders import Numbering
from gateway.redaction.redact import Redacted, redact
from gateway.types import Assessment, Finding, Label, Level, Redaction, Request, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverer:
    """Covers requests as one policy says, with its detectors."""

    policy: Policy
    detectors: Mapping[str, Detector]

    async def cover(
        self, request: Request, assessment: Assessment, earlier: Earlier | None = None
    ) -> tuple[Redaction, Cover] | None:
        """Return what the request is with placeholders, and what is sent then; None where nobody else may see it."""
        wanted, earlier = redacted(self.policy), earlier or Earlier()
        if assessment.failed_detectors or not any(finding.kind in wanted for finding in assessment.findings):
            return None
        if any(map(unread_types, parts(request))):
            return None
        made = await self._surely(request, assessment.findings, earlier.numbering)
        if made is None:
            return None
        label = replace(assessment.label, level=self._level(assessment.sources, made.sure, earlier.label))
        if label == assessment.label:
            return None
        values = partial(Known, request, [finding for finding in assessment.findings if finding.kind in wanted])
        again = partial(self._again, values=values, label=label, numbering=made.numbering)
        return Redaction(label=label, counts=made.counts), Cover(redacted=made, again=again)

    async def _again(
        self, request: Request, *, values: Callable[[], Known], label: Label, numbering: Numbering
    ) -> Redacted | None:
        """Cover what was made of a covered request; None where it would hold more than `label` says."""
        read = await self._read(request, scanned_text(request))
        if read.failed or any(map(unread_types, parts(request))):
            return None
        # Of a request that may be long: whoever asks no judge does not pay for it.
        known = await asyncio.to_thread(values)
        if known.are_too_many:
            return None
        findings = (*read.findings, *await asyncio.to_thread(known.found, request))
        made = await self._surely(request, findings, numbering)
        if made is None or await asyncio.to_thread(known.is_in, made.uncovered):
            return None
        sources = labelling.sources(request, labelling.Seen(findings=findings), self.policy)
        own = labelling.joined(self.policy.default_level, sources)
        own = replace(own, level=self._level(sources, made.sure, None))
        return made if label.covers(own) else None

    async def _surely(
        self, request: Request, findings: Sequence[Finding], numbering: Numbering | None
    ) -> Redacted | None:
        """Redact a request, and read what is left: kinds that are still found are not sure."""
        make = partial(redact, request, findings, redacted(self.policy), numbering)
        is_long = len(scanned_text(request)) > INLINE_CHARACTERS
        made = await asyncio.to_thread(make) if is_long else make()
        if made is None:
            return None
        text = scanned_text(made.request)
        left = await self._read(made.request, text)
        still = {finding.kind for finding in _outside(left.findings, made.vault.places(text))}
        # What is found only now was made by replacing: nobody meant that.
        if left.failed or not still <= {finding.kind for finding in findings}:
            return None
        return replace(made, sure=made.sure - still)

    async def _read(self, request: Request, scanned: str) -> Detected:
        return await detect(request, scanned, self.detectors, limit_s=self.policy.limits.detector_s)

    def _level(self, sources: Iterable[Source], sure: frozenset[str], earlier: Label | None) -> Level:
        """Return the level of a request of which these kinds are gone, and whose earlier turns were like `earlier`."""
        to = redacted(self.policy)
        levels = [self.policy.default_level]
        for source in sources:
            level = source.label.level
            if source.by == "detector" and source.name in sure:
                level = min(level, to[source.name])
            elif source.by == "earlier" and earlier is not None:
                level = min(level, earlier.level)
            levels.append(level)
        return max(levels)


def _outside(findings: Iterable[Finding], places: Sequence[tuple[int, int]]) -> Iterator[Finding]:
    """Yield the findings that are not inside a placeholder; the places are in order."""
    starts = [start for start, _ in places]
    for finding in findings:
        number = bisect_right(starts, finding.start) - 1
        if number < 0 or finding.end > places[number][1]:
            yield finding
