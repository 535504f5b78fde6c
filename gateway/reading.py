"""What a policy reads requests with: its detectors and its classifier, open, and no backend.

For whoever wants to know what a request is, or what would become of it, without being able to ask anybody.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace

from gateway import plugins
from gateway.assess import assess
from gateway.covering import Coverer
from gateway.fleet.placeholders import Earlier
from gateway.interfaces import Classifier, Detector, Featured
from gateway.policy.models import Policy
from gateway.redaction.cover import Cover
from gateway.types import Assessment, Label, Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Assesses requests as the router does."""

    policy: Policy
    detectors: Mapping[str, Detector]
    classifier: Classifier
    featured: Featured | None = None

    async def assess(self, request: Request) -> Assessment:
        """Say what a request is; raises `InvalidRequestError` where its text is beyond the policy's limit."""
        return (await self.read(request))[0]

    async def read(
        self, request: Request, *, earlier: Label | None = None, covered: Earlier | None = None
    ) -> tuple[Assessment, Cover | None]:
        """Say what a request is, and what is sent of it to those who may see it redacted alone.

        `earlier` is the label of the earlier turns of its conversation, `covered` what they left with placeholders.
        """
        assessment = await assess(
            request,
            policy=self.policy,
            detectors=self.detectors,
            classifier=self.classifier,
            featured=self.featured,
            earlier=earlier,
        )
        if not assessment.findings:
            return assessment, None
        made = await Coverer(policy=self.policy, detectors=self.detectors).cover(request, assessment, covered)
        if made is None:
            return assessment, None
        redaction, cover = made
        return replace(assessment, redaction=redaction), cover


@asynccontextmanager
async def open_reader(policy: Policy) -> AsyncIterator[Reader]:
    """Open the detectors and the classifier of a policy, and close them when the context ends."""
    async with AsyncExitStack() as stack:
        parts = plugins.named(policy.detectors)
        detectors = {name: await plugins.open_part(stack, "detectors", part) for name, part in parts.items()}
        classifier = await plugins.open_part(stack, "classifiers", policy.classifier)
        featured = classifier if isinstance(classifier, Featured) else None
        yield Reader(policy=policy, detectors=detectors, classifier=classifier, featured=featured)
