"""Reckons what recorded requests would have cost under another policy, in one pass and flat memory.

Each answered request is planned anew. Who would be asked second is asked with the share of answers that judges reject;
who would be asked third with its square. An API bills the tokens of the recorded answer by the price list of its day;
hardware of ours is charged for the whole period, busy or not.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from itertools import product
from typing import Literal, NamedTuple

from gateway.entries import AttemptRecord, LedgerEntry
from gateway.money.account import engineers_cost
from gateway.money.books import Books
from gateway.money.open_models import weights_of
from gateway.money.pools import Period, PoolCost, pool_cost, rates_of
from gateway.money.prices import PriceList
from gateway.money.rollups import CallSums, Hour
from gateway.money.split import rounded, split
from gateway.money.tokens import Tokens
from gateway.policy.models import Policy
from gateway.policy.place import is_local
from gateway.times import hour_of
from gateway.types import Money, Usage
from gateway.whatif.plans import Planned, Planner
from gateway.whatif.result import Share, Side, Use, WhatIf

# How a request was counted whose difficulty nobody knows, where that makes another plan.
_Case = Literal["sure", "easy", "hard"]
_CASES: dict[_Case, float | None] = {"easy": 0.0, "hard": 1.0}
_FREE = Money(0)
_CLOSED = (Fraction(0), Fraction(1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumed:
    """What is taken for what the books do not say.

    `rejected` is the share of judged answers that are not accepted: of every rule, or (`by_rule`) of one. None: as
    observed. `easy` is the share of requests of unknown difficulty that count as easy, where a rule asks for it.
    """

    rejected: Fraction | None = None
    by_rule: Mapping[str, Fraction] = field(default_factory=dict)
    easy: Fraction | None = None


class Observed(NamedTuple):
    """Of the answers that were recorded under a rule, how many were escalated."""

    answered: int
    escalated: int


class Beside(NamedTuple):
    """What was paid in the period beside the calls of requests; `engineers` is None where nobody is counted."""

    hardware: Money = _FREE
    comparisons: Money = _FREE
    engineers: Money | None = None


def observed(hours: Iterable[Hour]) -> dict[str, Observed]:
    """Return what the hourly sums say of each rule's escalations."""
    seen: dict[str, Observed] = {}
    for hour in hours:
        rule, sums = hour.cell.rule, hour.sums
        if rule is not None:
            before = seen.get(rule, Observed(0, 0))
            seen[rule] = Observed(before.answered + sums.answered, before.escalated + sums.escalated)
    return seen


def what_if(  # noqa: PLR0913 - everything that the answer rests on meets here, each thing by its name
    entries: Iterable[LedgerEntry],
    policy: Policy,
    prices: PriceList,
    *,
    beside: Beside | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    assumed: Assumed | None = None,
    seen: Mapping[str, Observed] | None = None,
) -> WhatIf:
    """Compare what was recorded with what `policy` would have done.

    `beside` is what was paid in the period beside the calls. The period is `since` to `until`, where not given from the
    first entry to the last. `seen` are the escalations that were recorded (`observed`).
    """
    tally = _Tally(policy, prices)
    for entry in entries:
        tally.add(entry)
    return _Close(tally, policy, assumed or Assumed(), seen or {}).result(beside, since, until)


class _Key(NamedTuple):
    """Which calls are summed together: `depth` is how many judged answers were rejected before."""

    case: _Case
    rule: str
    depth: int
    backend: str


@dataclass(slots=True)
class _Sum:
    """Calls, their cost in nano-USD, and their tokens as GPU time is reckoned of them."""

    calls: int = 0
    cost: int = 0
    read: int = 0
    cached: int = 0
    written: int = 0

    def add(self, cost: int, tokens: Tokens) -> None:
        self.calls += 1
        self.cost += cost
        self.read += tokens.prompt - tokens.cache_read
        self.cached += tokens.cache_read
        self.written += tokens.completion


_NO_TOKENS = Tokens()


class _Tally:
    """What is counted of the requests, before anything is assumed: integers alone."""

    def __init__(self, policy: Policy, prices: PriceList) -> None:
        self.prices = prices
        self.counts: Counter[str] = Counter()
        self.recorded = 0
        self.sums: defaultdict[_Key, _Sum] = defaultdict(_Sum)
        self.compared_with: dict[_Case, int] = {"sure": 0, "easy": 0, "hard": 0}
        self.first: datetime | None = None
        self.last: datetime | None = None
        self._policy = policy
        self._planner = Planner(policy)
        self._hour: int | None = None
        self._books = Books(policy=policy, prices=prices)

    def add(self, entry: LedgerEntry) -> None:
        self.counts["requests"] += 1
        self.first = entry.at if self.first is None else min(self.first, entry.at)
        self.last = entry.at if self.last is None else max(self.last, entry.at)
        self.counts[self._add(entry)] += 1

    def _add(self, entry: LedgerEntry) -> str:
        """Count an entry and return what became of it."""
        answer = _answer(entry)
        if answer is None:
            return "unanswered"
        if entry.cost is None:
            return "unpriced"
        if answer.purpose == "cache":
            # A cache of the caller's answers whatever the policy says.
            self.recorded += entry.cost.nano_usd
            self.counts["cached"] += 1
            self.sums[_Key("sure", "-", 0, "(cache)")].add(entry.cost.nano_usd, _NO_TOKENS)
            return "compared"
        tokens = Tokens.of(answer.usage)
        return "unmetered" if tokens is None else self._plan(entry, entry.cost, answer.usage, tokens)

    def _plan(self, entry: LedgerEntry, cost: Money, usage: Usage, tokens: Tokens) -> str:
        plans = self._plans(entry, tokens.prompt)
        if not all(plan.backends for plan in plans.values()):
            return "refused"
        names = {name for plan in plans.values() for name in self._named(plan)}
        bills = {name: self._bill(name, usage, entry.at) for name in names}
        if None in bills.values():
            return "unpriced"
        self.recorded += cost.nano_usd
        if "sure" not in plans:
            self.counts["unknown_difficulty"] += 1
        for case, plan in plans.items():
            for depth, name in enumerate(plan.backends):
                self.sums[_Key(case, plan.rule or "", depth, name)].add((bills[name] or _FREE).nano_usd, tokens)
            if self._is_compared(plan) and self._policy.holdout is not None:
                self.compared_with[case] += (bills[self._policy.holdout.backend] or _FREE).nano_usd
        return "compared"

    def _plans(self, entry: LedgerEntry, prompt_tokens: int) -> dict[_Case, Planned]:
        if entry.difficulty is not None or not self._planner.reads_difficulty:
            return {"sure": self._planner.plan(entry, difficulty=entry.difficulty, prompt_tokens=prompt_tokens)}
        plans = {
            case: self._planner.plan(entry, difficulty=difficulty, prompt_tokens=prompt_tokens)
            for case, difficulty in _CASES.items()
        }
        return {"sure": plans["easy"]} if plans["easy"] == plans["hard"] else plans

    def _named(self, plan: Planned) -> list[str]:
        holdout = self._policy.holdout
        beside = [holdout.backend] if holdout is not None and self._is_compared(plan) else []
        return [*plan.backends, *beside]

    def _is_compared(self, plan: Planned) -> bool:
        return plan.comparable and is_local(self._policy.backends[plan.backends[0]])

    def _bill(self, backend: str, usage: Usage, at: datetime) -> Money | None:
        hour = hour_of(at)
        if hour != self._hour:
            # A price may hold for some hours of a day.
            self._hour, self._books = hour, Books(policy=self._policy, prices=self.prices, at=at)
        return self._books.bill(backend, usage)


def _answer(entry: LedgerEntry) -> AttemptRecord | None:
    """Return the call whose answer was given."""
    if entry.status != "answered":
        return None
    answers = [call for call in entry.answers if call.error is None and call.backend == entry.backend]
    return answers[-1] if answers else None


class _Close:
    """Puts together what was counted and what is assumed."""

    def __init__(self, tally: _Tally, policy: Policy, assumed: Assumed, seen: Mapping[str, Observed]) -> None:
        self._tally = tally
        self._policy = policy
        self._assumed = assumed
        self._shares = {share.rule: share for share in self._all_shares(seen)}

    def result(self, beside: Beside | None, since: datetime | None, until: datetime | None) -> WhatIf:
        tally, counts = self._tally, self._tally.counts
        since, until = since or tally.first, until or tally.last
        easy = self._assumed.easy if counts["unknown_difficulty"] else None
        is_known = all(one.share is not None for one in self._shares.values()) and (
            easy is not None or not counts["unknown_difficulty"]
        )
        there = self._side(easy, None, since, until) if is_known else None
        bounds = [self._side(one, share, since, until).total for one, share in product(self._easies(), _CLOSED)]
        return WhatIf(
            since=since,
            until=until,
            policy_version=self._policy.fingerprint,
            **{name: counts[name] for name in _COUNTS},
            easy=easy,
            here=Side(calls=Money(tally.recorded), **(beside or Beside())._asdict()),
            there=there,
            least=min(bounds),
            most=max(bounds),
            uses=tuple(self._uses(easy)) if is_known else (),
            shares=tuple(self._shares.values()),
            pools=tuple(self._pools(since, until, easy, None if is_known else Fraction(0))),
            price_version=tally.prices.version,
            assumptions=tuple(_assumptions(self._policy, beside)),
        )

    def _all_shares(self, seen: Mapping[str, Observed]) -> list[Share]:
        """Return the share of every rule of which a second backend may be asked."""
        rules = dict.fromkeys(key.rule for key in self._tally.sums if key.depth)
        return [self._share(rule, seen.get(rule)) for rule in rules]

    def _share(self, rule: str, seen: Observed | None) -> Share:
        given = self._assumed.by_rule.get(rule, self._assumed.rejected)
        if given is not None:
            return Share(rule=rule, share=given, basis="given")
        if seen is not None and seen.answered:
            share = Fraction(seen.escalated, seen.answered)
            return Share(rule=rule, share=share, basis="observed", seen=seen.answered)
        return Share(rule=rule, share=None, basis="unknown")

    def _easies(self) -> tuple[Fraction, ...]:
        return _CLOSED if self._assumed.easy is None else (self._assumed.easy,)

    def _weight(self, key: _Key, easy: Fraction | None, unknown: Fraction | None) -> Fraction:
        """Return how many of the calls of a sum would be made; `unknown` stands for a share that is."""
        weight = self._case(key.case, easy)
        if key.depth:
            share = self._shares[key.rule].share
            weight *= (share if share is not None else unknown or Fraction(0)) ** key.depth
        return weight

    def _case(self, case: _Case, easy: Fraction | None) -> Fraction:
        if case == "sure":
            return Fraction(1)
        share = easy if easy is not None else Fraction(1)
        return share if case == "easy" else 1 - share

    def _side(
        self, easy: Fraction | None, unknown: Fraction | None, since: datetime | None, until: datetime | None
    ) -> Side:
        calls = sum(one.cost * self._weight(key, easy, unknown) for key, one in self._tally.sums.items())
        share = Fraction(str(self._policy.holdout.share)) if self._policy.holdout else Fraction(0)
        beside = sum(cost * self._case(case, easy) for case, cost in self._tally.compared_with.items())
        return Side(
            calls=Money(rounded(Fraction(calls))),
            hardware=sum((pool.cost for pool in self._pools(since, until, easy, unknown)), _FREE),
            comparisons=Money(rounded(share * beside)),
            engineers=engineers_cost(self._policy.engineers, since, until),
        )

    def _uses(self, easy: Fraction | None) -> list[Use]:
        """Return what each rule would ask of each backend; their costs add up to that of the calls."""
        rows: dict[tuple[str, str], tuple[Fraction, Fraction]] = {}
        for key, one in self._tally.sums.items():
            weight = self._weight(key, easy, None)
            calls, cost = rows.get((key.rule, key.backend), (Fraction(0), Fraction(0)))
            rows[key.rule, key.backend] = calls + one.calls * weight, cost + one.cost * weight
        costs = [cost for _, cost in rows.values()]
        parts = split(rounded(sum(costs, Fraction(0))), costs)
        return [
            Use(rule=rule, backend=backend, calls=float(calls), cost=Money(part))
            for ((rule, backend), (calls, _)), part in zip(rows.items(), parts, strict=True)
        ]

    def _pools(
        self, since: datetime | None, until: datetime | None, easy: Fraction | None, unknown: Fraction | None
    ) -> list[PoolCost]:
        if since is None or until is None:
            return []
        period = Period(since=since, until=until)
        return [
            pool_cost(name, pool, period, self._work(name, easy, unknown)) for name, pool in self._policy.pools.items()
        ]

    def _work(self, name: str, easy: Fraction | None, unknown: Fraction | None) -> Fraction | None:
        """Return the GPU-microseconds that a pool would work, None where they are unknown."""
        total = Fraction(0)
        for key, one in self._tally.sums.items():
            backend = self._policy.backends.get(key.backend)
            if backend is None or backend.pool != name:
                continue
            rates = rates_of(self._policy.pools[name], weights_of(backend.model))
            if rates is None:
                return None
            tokens = CallSums(input=one.read, cache_read=one.cached, output=one.written)
            total += rates.gpu_us(tokens) * self._weight(key, easy, unknown)
        return total


_COUNTS = (
    *("requests", "compared", "cached", "refused", "unanswered", "unmetered", "unpriced"),
    "unknown_difficulty",
)


def _assumptions(policy: Policy, beside: Beside | None) -> list[str]:
    """Return what is taken for granted, in words."""
    told = [
        "answers are as long as the recorded ones, and as many tokens of their prompts cached",
        "nobody fails, and nothing is asked twice but by judges",
        "no request is less private than it was recorded; tools, images and stakes are not on the books",
    ]
    judges = sorted(rule.name for rule in policy.rules if any(accept.asks for accept in rule.accept))
    unpooled = sorted(name for name, one in policy.backends.items() if is_local(one) and one.pool is None)
    if judges:
        told.append(f"judges that are models are not priced (rules {', '.join(judges)})")
    if unpooled:
        told.append(f"hardware of {', '.join(unpooled)} is not included: the policy puts it in no pool")
    if policy.escalation is not None or any(tag.redact_to is not None for tag in policy.tags.values()):
        told.append("shares of tenants that may leave, and redaction, are not played through")
    if beside is None:
        told.append("hardware and people of what was recorded are not included")
    return told
