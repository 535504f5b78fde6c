"""What a request is: how private, how hard, what it needs. The input of `decide`.

Every string of the request is read. What is not known raises the level to the strictest: a tag that the policy does
not name, a detector that fails, a part that nobody can read. Nothing here lowers a level.
"""

import logging
from collections.abc import Mapping
from typing import Any

from gateway import labelling
from gateway.detecting import detect
from gateway.errors import InvalidRequestError
from gateway.interfaces import Classifier, Detector, Featured
from gateway.leaves import MEDIA, parts, scanned_text, unread_types
from gateway.policy.models import LearningPolicy, Policy
from gateway.types import Assessment, Label, Need, Request

logger = logging.getLogger("gateway")

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
    texts in a thread, each within `limits.detector_s`. `featured` is asked for features where the policy keeps them.
    Raises `InvalidRequestError` for a text beyond the policy's limit, and nothing for what a detector or a classifier
    does.
    """
    text = scanned_text(request)
    _refuse_beyond(policy.limits.prompt_characters, len(text))
    found = await detect(request, text, detectors, limit_s=policy.limits.detector_s)
    seen = labelling.Seen(findings=found.findings, failed=found.failed, unread=any(map(unread_types, parts(request))))
    sources = labelling.sources(request, seen, policy, earlier=earlier)
    label = labelling.joined(policy.default_level, sources)
    return Assessment(
        level=label.level,
        level_reasons=labelling.reasons(policy.default_level, sources),
        kinds=labelling.kinds(sources),
        tags=labelling.tags(request, sources),
        regions=label.regions,
        retain=label.retain,
        sources=sources,
        findings=found.findings,
        failed_detectors=found.failed,
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


def _refuse_beyond(most: int, characters: int) -> None:
    if characters > most:
        raise InvalidRequestError(
            f"the request has {characters:,} characters of text, limits.prompt_characters allows {most:,}; "
            "shorten it, or raise the limit in the policy"
        )


def _difficulty(classifier: Classifier, request: Request) -> float | None:
    try:
        difficulty = classifier.difficulty(request)
        known = 0 <= difficulty <= 1
    except Exception as error:  # noqa: BLE001 - a third party's code raises anything; then the difficulty is unknown
        _log_failure(type(classifier).__name__, error)
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
        _log_failure(type(featured).__name__, error)
        return None
    if not isinstance(features, bytes) or len(features) > _MOST_FEATURES:
        logger.error("classifier %r gave no vector of at most %d bytes", type(featured).__name__, _MOST_FEATURES)
        return None
    return features


def _log_failure(classifier: str, error: Exception) -> None:
    # The message and the traceback of a parser's error quote what it read.
    logger.error("classifier %r failed: %s", classifier, type(error).__name__)


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
