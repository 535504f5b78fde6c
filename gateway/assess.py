"""What a request is: how private, how hard, what it needs. The input of `decide`.

Every string of the request is read. What is not known raises the level to the strictest: a tag that the policy does
not name, a detector that fails, a part that nobody can read. Nothing here lowers a level.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.errors import InvalidRequestError
from gateway.interfaces import Classifier, Detector, Featured
from gateway.leaves import MEDIA, parts, scanned_text, unread_types
from gateway.policy.models import BUILT_IN_TAGS, LearningPolicy, Policy
from gateway.spelling import nearest
from gateway.types import Assessment, Finding, Level, Need, Request

logger = logging.getLogger("gateway")

# Reading this many characters takes about 2 ms: longer texts are read in a thread, so that the event loop goes on. It
# does as long as a detector searches piece by piece, for a single search of `re` lets no other thread run.
_INLINE_CHARACTERS = 16_000
_LONGEST_TAG = 64
_MOST_FEATURES = 4_096
_STRUCTURED = frozenset({"json_schema", "json_object"})


async def assess(
    request: Request,
    *,
    policy: Policy,
    detectors: Mapping[str, Detector],
    classifier: Classifier,
    featured: Featured | None = None,
) -> Assessment:
    """Say what a request is.

    Its level is the policy's default, raised by the caller's tags, by what the detectors find and by what nobody can
    read. Detectors read long texts in a thread. `featured` is asked for features where the policy keeps them. Raises
    `InvalidRequestError` for a text beyond the policy's limit, and nothing for what a detector or a classifier does.
    """
    text = scanned_text(request)
    _refuse_beyond(policy.limits.prompt_characters, len(text))
    if len(text) <= _INLINE_CHARACTERS:
        findings, failed = _detect(detectors, text)
    else:
        findings, failed = await asyncio.to_thread(_detect, detectors, text)
    labels = [*_tags(request, policy), *_kinds(request, findings, policy), *map(_failure, failed)]
    level, reasons = _join(policy.default_level, labels)
    return Assessment(
        level=level,
        level_reasons=reasons,
        kinds=frozenset(label.kind for label in labels if label.kind is not None),
        tags=request.tags,
        regions=_regions(labels),
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
        features=_features(featured, request) if featured and _may_keep(policy.learning, level) else None,
    )


def _refuse_beyond(most: int, characters: int) -> None:
    if characters > most:
        raise InvalidRequestError(
            f"the request has {characters:,} characters of text, limits.prompt_characters allows {most:,}; "
            "shorten it, or raise the limit in the policy"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Label:
    """One thing that is known of a request, and the level it asks for."""

    level: Level
    reason: str
    kind: str | None = None
    region: str | None = None


def _tags(request: Request, policy: Policy) -> Iterator[_Label]:
    for name in sorted(request.tags):
        yield _label(name, f"tag {name[:_LONGEST_TAG]!r}", policy)


def _kinds(request: Request, findings: Sequence[Finding], policy: Policy) -> Iterator[_Label]:
    for (kind, strength), types in sorted(_types(findings).items()):
        if strength == "strong" or (policy.tag(f"{kind}_weak") is None and policy.tag(kind) is None):
            yield _label(kind, f"{types} found ({kind})", policy, kind=kind)
        else:
            yield _weak_label(kind, f"{types} suspected ({kind})", policy)
    if any(unread_types(part) for part in parts(request)):
        yield _label("unread", "a part that nobody can read (unread)", policy, kind="unread")


def _types(findings: Sequence[Finding]) -> dict[tuple[str, str], str]:
    """Return the types that were found of each kind and strength, as a text."""
    types: dict[tuple[str, str], Counter[str]] = {}
    for finding in findings:
        types.setdefault((finding.kind, finding.strength), Counter())[finding.type] += 1
    return {key: ", ".join(sorted(counter)) for key, counter in types.items()}


def _label(name: str, what: str, policy: Policy, *, kind: str | None = None) -> _Label:
    tag = policy.tag(name)
    if tag is not None:
        return _Label(level=tag.level, reason=f"{what} is {tag.level}", kind=kind, region=tag.region)
    near = nearest(name[:_LONGEST_TAG], sorted({*BUILT_IN_TAGS, *policy.tags}))
    hint = "name it under `tags`" if near is None else f"did you mean {near!r}?"
    return _Label(level=Level.RESTRICTED, reason=f"{what} is unknown to the policy, so restricted; {hint}", kind=kind)


def _weak_label(kind: str, what: str, policy: Policy) -> _Label:
    own, strong = policy.tag(f"{kind}_weak"), policy.tag(kind)
    # A suspicion asks for no more than certainty would.
    level = own.level if own else min(Level.INTERNAL, strong.level if strong else Level.INTERNAL)
    return _Label(level=level, reason=f"{what} is {level}", kind=f"{kind}_weak", region=own.region if own else None)


def _failure(detector: str) -> _Label:
    return _Label(level=Level.RESTRICTED, reason=f"detector {detector!r} failed, so restricted")


def _join(default: Level, labels: Sequence[_Label]) -> tuple[Level, tuple[str, ...]]:
    """Return the highest level, and what raised it above the default, the highest last."""
    raising = sorted((label for label in labels if label.level > default), key=lambda label: label.level)
    level = raising[-1].level if raising else default
    return level, (f"{default} by default", *(label.reason for label in raising))


def _regions(labels: Sequence[_Label]) -> frozenset[str] | None:
    """Return where every label lets the request go; None for anywhere, empty where two labels contradict each other."""
    regions = {label.region for label in labels if label.region is not None}
    if not regions:
        return None
    return frozenset(regions) if len(regions) == 1 else frozenset()


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


def _may_keep(learning: LearningPolicy, level: Level) -> bool:
    return learning.keep == "features" and level <= learning.at_most


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
