"""What `decide` would have planned for a recorded request: its assessment is made of what is on the books.

The strictest reading holds: no request counts as less private than it was recorded, and a tag that the other policy
does not know asks for everything, unless the request was imported, whose tags are names of somebody else's.
"""

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from functools import reduce
from operator import or_
from typing import NamedTuple

from gateway.clearance import UNKNOWN
from gateway.decide import Fleet, decide
from gateway.entries import GATEWAY, LedgerEntry
from gateway.policy.models import Policy, Range
from gateway.policy.place import destinations
from gateway.policy.tags import ANYBODY
from gateway.types import Assessment, Label, Plan

MOST_PLANS = 20_000


class Planned(NamedTuple):
    """A plan as far as it costs money: who is asked, one after another as long as answers are not accepted.

    `judged` says of each but the last that its answer may be rejected. None of `backends`: the request is refused.
    `comparable` says whether a local answer may be compared with that of the policy's holdout.
    """

    rule: str | None
    backends: tuple[str, ...]
    comparable: bool


class Planner:
    """Plans for requests; what they share is planned once."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._fleet = Fleet(destinations=destinations(policy))
        self._known: OrderedDict[tuple[object, ...], Planned] = OrderedDict()
        self._difficulties, self._lengths = sorted(set(_difficulties(policy))), sorted(set(_lengths(policy)))
        self._reads_tenants = policy.tenants is not None or any(rule.when.tenant for rule in policy.rules)

    @property
    def reads_difficulty(self) -> bool:
        """Whether any rule asks how hard a request is."""
        return bool(self._difficulties)

    def plan(self, entry: LedgerEntry, *, difficulty: float | None, prompt_tokens: int) -> Planned:
        """Return the plan for a request of this difficulty, None where it counts as the policy says."""
        # Between two bounds of the policy every number gives the same plan.
        level = None if difficulty is None else bisect_right(self._difficulties, difficulty)
        length = bisect_right(self._lengths, prompt_tokens)
        tenant = entry.tenant if self._reads_tenants else None
        told = entry.level, entry.kinds, entry.tags, entry.task, tenant, entry.source == GATEWAY
        known = self._known.get((*told, level, length))
        if known is None:
            if len(self._known) >= MOST_PLANS:
                self._known.popitem(last=False)
            known = self._planned(self._assessment(entry, difficulty, prompt_tokens))
            self._known[*told, level, length] = known
        return known

    def _planned(self, assessment: Assessment) -> Planned:
        plan = decide(assessment, self._policy, self._fleet)
        holdout = self._policy.holdout
        comparable = holdout is not None and assessment.level <= holdout.at_most and holdout.backend in plan.consultable
        return Planned(plan.rule, tuple(_asked(plan)), comparable)

    def _assessment(self, entry: LedgerEntry, difficulty: float | None, prompt_tokens: int) -> Assessment:
        label = self._private(entry)
        return Assessment(
            level=label.level,
            level_reasons=(),
            kinds=frozenset(entry.kinds),
            tags=frozenset(entry.tags).union(self._tags_of(entry.tenant)),
            regions=label.regions,
            retain=label.retain,
            findings=(),
            failed_detectors=(),
            difficulty=difficulty,
            # What of tools and images was asked for is not on the books.
            needs=frozenset(),
            prompt_tokens=prompt_tokens,
            task=entry.task,
            stakes="normal",
            tenant=entry.tenant,
        )

    def _private(self, entry: LedgerEntry) -> Label:
        policy = self._policy
        names = {*entry.tags, *entry.kinds, *self._tags_of(entry.tenant)}
        otherwise = UNKNOWN if entry.source == GATEWAY else Label()
        labels = [policy.label(name) or otherwise for name in sorted(names)]
        if policy.tenants is not None and not {entry.tenant, ANYBODY} & policy.tenants.keys():
            labels.append(otherwise)
        return reduce(or_, labels, Label(level=max(entry.level, policy.default_level)))

    def _tags_of(self, tenant: str | None) -> tuple[str, ...]:
        callers = self._policy.tenants or {}
        caller = callers.get(tenant or "") or callers.get(ANYBODY)
        return caller.tags if caller is not None else ()


def _asked(plan: Plan) -> Iterator[str]:
    """Yield who is asked: an answer that nobody judges is the last."""
    for step in plan.steps:
        yield step.backend
        if not step.judged:
            return


def _difficulties(policy: Policy) -> Iterator[float]:
    return _bounds(rule.when.difficulty for rule in policy.rules)


def _lengths(policy: Policy) -> Iterator[float]:
    yield from _bounds(rule.when.prompt_tokens for rule in policy.rules)
    yield from (
        backend.context_tokens + 1 for backend in policy.backends.values() if backend.context_tokens is not None
    )


def _bounds(ranges: Iterable[Range | None]) -> Iterator[float]:
    for limits in ranges:
        if limits is not None:
            yield from (bound for bound in (limits.at_least, limits.below) if bound is not None)
