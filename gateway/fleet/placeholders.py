"""The placeholders of the conversations that go on just now: the same value has the same name in every turn.

Holds hashes and numbers, no text: what a placeholder stands for is known to its own request alone.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from gateway.fleet.named import ConversationNames
from gateway.policy.models import ConversationPolicy
from gateway.redaction.placeholders import Numbering
from gateway.types import Label, Request

# Of all conversations together, about 50 MB.
MOST_VALUES = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """What earlier turns of a conversation left: how private they were with placeholders, and the names of values."""

    label: Label | None = None
    numbering: Numbering | None = None


class ConversationPlaceholders:
    """Keeps the names of values by conversation; beyond a bound, the conversation that rested longest goes.

    A conversation is a tenant's: the same name of another tenant is another one.
    """

    def __init__(self, *, most_values: int = MOST_VALUES, clock: Callable[[], float] = time.monotonic) -> None:
        self._kept: OrderedDict[bytes, tuple[Numbering, int, float]] = OrderedDict()
        self._values, self._most_values = 0, most_values
        self._clock = clock
        self._names = ConversationNames()

    def __len__(self) -> int:
        return len(self._kept)

    def recall(self, request: Request, limits: ConversationPolicy) -> Numbering | None:
        """Return the names that the request's conversation has, None where it has none."""
        if request.conversation is None or not self._kept:
            return None
        kept = self._kept.get(self._names.of(request))
        return kept[0] if kept is not None and self._clock() - kept[2] < limits.ttl_s else None

    def keep(self, request: Request, limits: ConversationPolicy, numbering: Numbering) -> None:
        """Keep the names that a turn has used."""
        if request.conversation is None:
            return
        name, now, values = self._names.of(request), self._clock(), len(numbering)
        self._drop(name)
        self._kept[name] = (numbering, values, now)
        self._values += values
        while self._is_over(limits, now):
            self._drop(next(iter(self._kept)))

    def _is_over(self, limits: ConversationPolicy, now: float) -> bool:
        if not self._kept:
            return False
        oldest = next(iter(self._kept.values()))[2]
        return len(self._kept) > limits.most or self._values > self._most_values or now - oldest >= limits.ttl_s

    def _drop(self, name: bytes) -> None:
        _, values, _ = self._kept.pop(name, (None, 0, 0.0))
        self._values -= values
