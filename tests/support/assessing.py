"""Requests that are assessed with detectors and classifiers which always say the same, or always fail."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.assess import assess
from gateway.interfaces import Classifier, Detector, Featured
from gateway.policy.models import Policy
from gateway.types import Assessment, Finding, Label, Message, Request
from support.policies import mock, policy

POLICY = policy({"llama": mock()}, default_level="public")


@dataclass
class Fixed:
    """A detector that always says the same, and a classifier as well; remembers the threads it ran in."""

    findings: Sequence[Finding] = ()
    score: float = 0.5

    def __post_init__(self) -> None:
        self.threads: list[int] = []

    def detect(self, text: str) -> Sequence[Finding]:
        self.threads.append(threading.get_ident())
        return self.findings

    def difficulty(self, request: Request) -> float:
        return self.score


class Broken:
    """Raises with the text in its message, as parsers do."""

    def detect(self, text: str) -> Sequence[Finding]:
        raise RuntimeError(text)

    def difficulty(self, request: Request) -> float:
        raise KeyError(request.messages[0].text)


def finding(kind: str = "pii", *, weak: bool = False, type_: str = "EMAIL_ADDRESS") -> Finding:
    """Return a finding somewhere in the text."""
    return Finding(kind=kind, type=type_, start=0, end=1, strength="weak" if weak else "strong", detector="fixed")


def asked(content: Any = "hello", **fields: Any) -> Request:
    """Return a request of one user message."""
    return Request(**{"messages": (Message(role="user", content=content),), "id": "r1", **fields})


async def assessed(  # noqa: PLR0913 - each by its name
    request: Request | None = None,
    *,
    given_policy: Policy = POLICY,
    detectors: Mapping[str, Detector] | None = None,
    classifier: Classifier | None = None,
    earlier: Label | None = None,
    featured: Featured | None = None,
) -> Assessment:
    """Return what a request is; by default by no detector and a fixed classifier."""
    return await assess(
        request or asked(),
        policy=given_policy,
        detectors=detectors or {},
        classifier=classifier or Fixed(),
        earlier=earlier,
        featured=featured,
    )
