"""What is this request? Its level, what was found in it, how hard it is. Never lowers what the caller said.

A detector that fails, a tag that nobody declared, a part that nobody can read: each counts as the strictest level.
"""

import asyncio
import difflib
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from gateway.errors import InvalidRequestError
from gateway.interfaces import Classifier, Detector
from gateway.policy.models import BUILT_IN_TAGS, Policy, TagPolicy
from gateway.types import Assessment, Finding, Level, Message, Need, Request

log = logging.getLogger("gateway")

LONG_TEXT = 16_000
CHARACTERS_PER_TOKEN = 4
UNREAD = "unread"
_NEED_OF_PART = {"image_url": Need.IMAGES}


async def assess(
    request: Request, *, policy: Policy, detectors: Mapping[str, Detector], classifier: Classifier
) -> Assessment:
    """Return what a request is; raises `InvalidRequestError` for one beyond the policy's limits."""
    text = scanned_text(request)
    if len(text) > policy.limits.prompt_characters:
        raise InvalidRequestError(
            f"the request has {len(text):,} characters, more than limits.prompt_characters = "
            f"{policy.limits.prompt_characters:,}; shorten it or raise the limit in the policy"
        )
    if len(text) > LONG_TEXT:
        findings, failed = await asyncio.to_thread(_scan, text, detectors)
    else:
        findings, failed = _scan(text, detectors)
    needs = _needs(request)
    label = _label(request, policy, findings, failed, needs)
    return Assessment(
        level=label.level,
        level_reasons=tuple(label.reasons),
        kinds=frozenset(label.kinds),
        tags=request.tags,
        regions=label.regions,
        findings=findings,
        failed_detectors=failed,
        difficulty=_difficulty(request, classifier),
        needs=needs,
        prompt_tokens=len(text) // CHARACTERS_PER_TOKEN + 1,
        task=request.task,
        stakes=request.stakes,
        tenant=request.tenant,
    )


def scanned_text(request: Request) -> str:
    """Return all text of a request in the order of its fields, joined by newlines; a plain text is itself."""
    return "\n".join(_texts(request))


def _texts(request: Request) -> Iterator[str]:
    for message in request.messages:
        yield from _message_texts(message)
    for extra in (request.tools, request.response_format, request.tool_choice):
        if extra and not isinstance(extra, str):
            yield json.dumps(extra, ensure_ascii=False)
    for value in (request.sampling.get("user"), request.sampling.get("stop")):
        if value:
            yield value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _message_texts(message: Message) -> Iterator[str]:
    yield message.text
    if message.name:
        yield message.name
    for call in message.tool_calls:
        yield f"{call.name} {call.arguments}"


def _scan(text: str, detectors: Mapping[str, Detector]) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    findings: list[Finding] = []
    failed: list[str] = []
    for name, detector in detectors.items():
        try:
            findings.extend(detector.detect(text))
        # Whatever a detector dies of, the request counts as if it had found everything.
        except Exception as error:  # noqa: BLE001
            log.error("detector %s failed with %s; the request counts as restricted", name, type(error).__name__)  # noqa: TRY400
            failed.append(name)
    return tuple(findings), tuple(failed)


@dataclass(slots=True)
class _Label:
    """A level on its way up, with what raised it."""

    level: Level
    reasons: list[str] = field(default_factory=list)
    kinds: set[str] = field(default_factory=set)
    regions: frozenset[str] | None = None

    def join(self, tag: TagPolicy, because: str) -> None:
        if tag.level > self.level:
            self.level = tag.level
            self.reasons.append(because)
        if tag.region is not None:
            self.regions = frozenset({tag.region}) & (self.regions if self.regions is not None else {tag.region})


def _label(
    request: Request, policy: Policy, findings: Sequence[Finding], failed: Sequence[str], needs: frozenset[Need]
) -> _Label:
    label = _Label(level=policy.default_level)
    strictest = TagPolicy(level=Level.RESTRICTED)
    for name in sorted(request.tags):
        tag = policy.tag(name)
        label.join(tag or strictest, f"tag {name}" if tag else _unknown(name, policy))
    for finding in findings:
        label.kinds.add(finding.kind)
        name = finding.kind if finding.strength == "strong" else f"{finding.kind}_weak"
        tag = policy.tag(name) or (strictest if finding.strength == "strong" else TagPolicy(level=Level.INTERNAL))
        label.join(tag, f"{finding.detector} found {finding.type}")
    for name in failed:
        label.join(strictest, f"detector {name} failed")
    if needs & {Need.IMAGES, Need.OTHER_MEDIA}:
        label.kinds.add(UNREAD)
        label.join(policy.tag(UNREAD) or strictest, "a part that no detector reads")
    return label


def _unknown(name: str, policy: Policy) -> str:
    near = difflib.get_close_matches(name, [*policy.tags, *BUILT_IN_TAGS], n=1)
    return f"unknown tag {name!r}" + (f", did you mean {near[0]!r}?" if near else "")


def _difficulty(request: Request, classifier: Classifier) -> float | None:
    try:
        return classifier.difficulty(request)
    # A classifier that fails never fails the request: an unknown difficulty counts as hard.
    except Exception as error:  # noqa: BLE001
        log.error("the classifier failed with %s; the difficulty is unknown", type(error).__name__)  # noqa: TRY400
        return None


def _needs(request: Request) -> frozenset[Need]:
    needs: set[Need] = set()
    if request.tools:
        needs.add(Need.TOOLS)
    if request.response_format is not None:
        needs.add(Need.RESPONSE_FORMAT)
    for message in request.messages:
        if isinstance(message.content, tuple):
            needs |= {_NEED_OF_PART.get(part.type, Need.OTHER_MEDIA) for part in message.content if part.type != "text"}
    return frozenset(needs)
