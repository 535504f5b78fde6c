"""How private the conversations are that go on just now: whatever a turn held may be in every later one.

Holds hashes and labels, no text. What is forgotten here (a restart, a bound) is not lost: earlier turns are in the
messages, and are read again; only tags that a caller gave once, to the whole request, must then be given again.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace

from gateway.clearance import UNKNOWN_KIND
from gateway.fleet.named import ConversationNames
from gateway.policy.models import ConversationPolicy, Policy
from gateway.types import Label, Request


class ConversationLabels:
    """Keeps the label of every conversation that its caller names; beyond the bound, the one that rested longest goes.

    A conversation is a tenant's: the same name of another tenant is another one.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._kept: OrderedDict[bytes, tuple[Label, float]] = OrderedDict()
        self._clock = clock
        self._names = ConversationNames()

    def __len__(self) -> int:
        return len(self._kept)

    def recall(self, request: Request, limits: ConversationPolicy) -> Label | None:
        """Return the label of the conversation's earlier turns, None where none is known. Changes nothing."""
        if request.conversation is None:
            return None
        kept = self._kept.get(self._names.of(request))
        return kept[0] if kept is not None and self._clock() - kept[1] < limits.ttl_s else None

    def join(self, request: Request, label: Label, policy: Policy) -> None:
        """Keep that a turn had this label; what earlier turns had stays."""
        if request.conversation is None:
            return
        limits, now = policy.conversations, self._clock()
        earlier = self.recall(request, limits)
        name, known = self._names.of(request), _known(label, policy)
        self._kept.pop(name, None)
        self._kept[name] = (known if earlier is None else earlier | known, now)
        while len(self._kept) > limits.most or now - next(iter(self._kept.values()))[1] >= limits.ttl_s:
            self._kept.popitem(last=False)


def _known(label: Label, policy: Policy) -> Label:
    """Leave out words that only a caller knows: they are as many as he likes, and `unknown` stands for them."""
    return replace(label, kinds=frozenset(kind for kind in label.kinds if _is_known(kind, policy)))


def _is_known(kind: str, policy: Policy) -> bool:
    return kind == UNKNOWN_KIND or policy.tag(kind) is not None or policy.tag(kind.removesuffix("_weak")) is not None
