"""What a request is: how private, how hard, what it needs. The input of `decide`.

Every string of the request is read. What is not known raises the level to the strictest: a tag that the policy does
not name, a detector that fails, a part that nobody can read. Nothing here lowers a level.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from gateway import labelling
from gateway.errors import InvalidRequestError
from gateway.interfaces import Classifier, Detector, Featured
from gateway.leaves import MEDIA, parts, scanned_text, unread_types
from gateway.policy.models import LearningPolicy, Policy
from gateway.types import Assessment, Finding, Label, Need, Request

logger = logging.getLogger("gateway")

# Reading this many characters takes about 2 ms: longer texts are read in a thread, so that the event loop goes on. It
# does as long as a detector searches piece by piece, for a single search of `re` lets no other thread run.
INLINE_CHARACTERS = 16_000
_MOST_FEATURES = 4_096
_STRUCTURED = frozenset({"json_schema", "json_object"})


async def assess(  # noqa: PLR0913 - what is read, and what it is read with, each by its name
    request: Request,
    *,
    policy: Policy,
    detectors: Mapping[str, Detector],
    classifier: Classifier,
    featured: Featured | None = None,
    earlier: Label | None = None,
) -> Assessment:
    """Say what a request is.

    Its label is the policy's default, raised by the tags of its caller, tenant, key and messages, by what the detectors
    find, by what nobody can read, and by `earlier`: the label of its conversation's earlier turns. Detectors read long
    texts in a thread. `featured` is asked for features where the policy keeps them. Raises `InvalidRequestError` for a
    text beyond the policy's limit, and nothing for what a detector or a classifier does.
    """
    text = scanned_text(request)
    _refuse_beyond(policy.limits.prompt_characters, len(text))
    findings, failed = await read(detectors, text)
    unread = any(map(unread_types, parts(request)))
    sources = labelling.sources(
        request, labelling.Seen(findings=findings, failed=failed, unread=unread), policy, earlier=earlier
    )
    label = labelling.joined(policy.default_level, sources)
    return Assessment(
        level=label.level,
        level_reasons=labelling.reasons(policy.default_level, sources),
        kinds=labelling.kinds(sources),
        tags=labelling.tags(request, sources),
        regions=label.regions,
        retain=label.retain,
        sources=sources,
        findings=findings,
        failed_detectors=failed,
        difficulty=_difficulty(classifier, request),
        needs=_needs(request),
        prompt_tokens=_tokens(text),
        task=request.task,
        stakes=request.stakes,
        tenant=request.tenant,
        pin=request.pin,
        classifier=_version(classifier),
        features=_features(featured, request) if featured and _may_keep(policy.learning, label) else None,
    )


async def read(detectors: Mapping[str, Detector], text: str) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """Return what the detectors find in a text, and those that failed; a long text is read in a thread."""
    if len(text) <= INLINE_CHARACTERS:
        return _detect(detectors, text)
    return await asyncio.to_thread(_detect, detectors, text)


def _refuse_beyond(most: int, characters: int) -> None:
    if characters > most:
        raise InvalidRequestError(
            f"the request has {characters:,} characters of text, limits.prompt_characters allows {most:,}; "
            "shorten it, or raise the limit in the policy"
        )


def _detect(detectors: Mapping[str, Detector], text: str) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    findings: list[Finding] = []
    failed: list[str] = []
    for name, detector in detectors.items():
        try:
            findings.extend(_checked(detector.detect(text)))
        except Exception as error:  # noqa: BLE001 - a third party's code raises anything; then everything counts as found
            _log_failure("detector", name, error)
            failed.append(name)
    return tuple(findings), tuple(failed)


def _checked(found: Sequence[Finding]) -> Sequence[Finding]:
    if not all(isinstance(finding, Finding) for finding in found):
        raise TypeError("a detector gave something that is no Finding")
    return found


def _difficulty(classifier: Classifier, request: Request) -> float | None:
    try:
        difficulty = classifier.difficulty(request)
        known = 0 <= difficulty <= 1
    except Exception as error:  # noqa: BLE001 - a third party's code raises anything; then the difficulty is unknown
        _log_failure("classifier", type(classifier).__name__, error)
        return None
    return difficulty if known else None


# A part of a third party: what it calls its version may be anything.
def _version(classifier: Any) -> str | None:
    version = getattr(classifier, "version", None)
    return version if isinstance(version, str) else None


def _may_keep(learning: LearningPolicy, label: Label) -> bool:
    return learning.keep == "features" and label.level <= learning.at_most and label.retain


def _features(featured: Featured, request: Request) -> bytes | None:
    try:
        features = featured.features(request)
    except Exception as error:  # noqa: BLE001 - as above; then nothing is kept
        _log_failure("classifier", type(featured).__name__, error)
        return None
    if not isinstance(features, bytes) or len(features) > _MOST_FEATURES:
        logger.error("classifier %r gave no vector of at most %d bytes", type(featured).__name__, _MOST_FEATURES)
        return None
    return features


def _log_failure(part: str, name: str, error: Exception) -> None:
    # The message and the traceback of a parser's error quote what it read.
    logger.error("%s %r failed: %s", part, name, type(error).__name__)


def _needs(request: Request) -> frozenset[Need]:
    needs = {MEDIA.get(type_, Need.OTHER_MEDIA) for part in parts(request) for type_ in unread_types(part)}
    if request.tools or any(message.tool_calls or message.role == "tool" for message in request.messages):
        needs.add(Need.TOOLS)
    if request.response_format is not None and request.response_format.get("type") in _STRUCTURED:
        needs.add(Need.RESPONSE_FORMAT)
    return frozenset(needs)


def _tokens(text: str) -> int:
    """Estimate the tokens of a prompt: a quarter of its bytes, as in English text. Images are not counted."""
    return -(-len(text.encode("utf-8", "surrogatepass")) // 4)
