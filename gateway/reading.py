"""What a policy reads requests with: its detectors and its classifier, open, and no backend.

For whoever wants to know what a request is, or what would become of it, without being able to ask anybody.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from gateway import plugins
from gateway.assess import assess
from gateway.errors import InvalidRequestError
from gateway.interfaces import Classifier, Detector
from gateway.policy.models import PartPolicy, Policy
from gateway.types import Assessment, Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Assesses requests as the router does."""

    policy: Policy
    detectors: Mapping[str, Detector]
    classifier: Classifier

    async def assess(self, request: Request) -> Assessment:
        """Say what a request is; raises `InvalidRequestError` where its text is beyond the policy's limit."""
        characters, most = sum(len(message.text) for message in request.messages), self.policy.limits.prompt_characters
        if characters > most:
            raise InvalidRequestError(
                f"the messages have {characters:,} characters, limits.prompt_characters allows {most:,}; "
                "shorten them, or raise the limit in the policy"
            )
        return await assess(request, policy=self.policy, detectors=self.detectors, classifier=self.classifier)


@asynccontextmanager
async def open_reader(policy: Policy) -> AsyncIterator[Reader]:
    """Open the detectors and the classifier of a policy, and close them when the context ends."""
    async with AsyncExitStack() as stack:
        yield Reader(
            policy=policy,
            detectors={part.kind: await _part(stack, "detectors", part) for part in policy.detectors},
            classifier=await _part(stack, "classifiers", policy.classifier),
        )


# The part's type depends on the socket.
async def _part(stack: AsyncExitStack, socket: plugins.Socket, part: PartPolicy) -> Any:
    module = plugins.load(socket, part.kind)
    return await stack.enter_async_context(module.build(module.Options.model_validate(part.options)))
