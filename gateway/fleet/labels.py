"""How private the conversations are that go on just now: whatever a turn held may be in every later one.

Holds hashes and labels, no text. What is forgotten here (a restart, a bound) is not lost: earlier turns are in the
messages, and are read again; only tags that a caller gave once, to the whole request, must then be given again.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace

from gateway.clearance import UNKNOWN_KIND
from gateway.fleet.named import ConversationNames
from gateway.policy.models import ConversationPolicy, Policy
from gateway.types import Label, Request


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """The label of a conversation, when it was last joined, and a hash of whose it is."""

    label: Label
    at: float
    tenant: int


class ConversationLabels:
    """Keeps the label of every conversation that its caller names; beyond the bound, one of the tenant with most goes.

    A conversation is a tenant's: the same name of another tenant is another one. Of a tenant's, the one that rested
    longest goes first; one who has few loses none to another's many.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._kept: OrderedDict[bytes, _Kept] = OrderedDict()
        self._shares = _Shares()
        self._clock = clock
        self._names = ConversationNames()

    def __len__(self) -> int:
        return len(self._kept)

    def recall(self, request: Request, limits: ConversationPolicy) -> Label | None:
        """Return the label of the conversation's earlier turns, None where none is known. Changes nothing."""
        if request.conversation is None:
            return None
        kept = self._kept.get(self._names.of(request))
        return kept.label if kept is not None and self._clock() - kept.at < limits.ttl_s else None

    def join(self, request: Request, label: Label, policy: Policy) -> None:
        """Keep that a turn had this label; what earlier turns had stays."""
        if request.conversation is None:
            return
        limits, now = policy.conversations, self._clock()
        earlier = self.recall(request, limits)
        name, known = self._names.of(request), _known(label, policy)
        if name in self._kept:
            self._forget(name)
        # Keyed per process, as every hash of a text is.
        tenant = hash(request.tenant)
        self._kept[name] = _Kept(label=known if earlier is None else earlier | known, at=now, tenant=tenant)
        self._shares.add(tenant, name)
        while now - next(iter(self._kept.values())).at >= limits.ttl_s:
            self._forget(next(iter(self._kept)))
        while len(self._kept) > limits.most:
            self._forget(self._shares.next())

    def _forget(self, name: bytes) -> None:
        self._shares.remove(self._kept.pop(name).tenant, name)


class _Shares:
    """How many conversations each tenant has, so that whoever has most is found at once."""

    def __init__(self) -> None:
        self._names: dict[int, OrderedDict[bytes, None]] = {}
        self._by_size: dict[int, OrderedDict[int, None]] = {}
        self._largest = 0

    def add(self, tenant: int, name: bytes) -> None:
        names = self._names.setdefault(tenant, OrderedDict())
        names[name] = None
        self._move(tenant, len(names) - 1, len(names))

    def remove(self, tenant: int, name: bytes) -> None:
        names = self._names[tenant]
        del names[name]
        self._move(tenant, len(names) + 1, len(names))
        if not names:
            del self._names[tenant]

    def next(self) -> bytes:
        """Return the longest at rest of a tenant who has most."""
        return next(iter(self._names[next(iter(self._by_size[self._largest]))]))

    def _move(self, tenant: int, before: int, after: int) -> None:
        if before:
            same = self._by_size[before]
            del same[tenant]
            if not same:
                del self._by_size[before]
        if after:
            self._by_size.setdefault(after, OrderedDict())[tenant] = None
        self._largest = max(self._largest, after)
        while self._largest and self._largest not in self._by_size:
            self._largest -= 1


def _known(label: Label, policy: Policy) -> Label:
    """Leave out words that only a caller knows: they are as many as he likes, and `unknown` stands for them."""
    return replace(label, kinds=frozenset(kind for kind in label.kinds if _is_known(kind, policy)))


def _is_known(kind: str, policy: Policy) -> bool:
    return kind == UNKNOWN_KIND or policy.tag(kind) is not None or policy.tag(kind.removesuffix("_weak")) is not None
