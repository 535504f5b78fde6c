"""What has been booked since the router was opened, summed up by label: exact integers of nano-USD, never content.

A sum is of one combination of labels, and there are only so many: what comes beyond the most is summed up as "other".
A request is one look-up for itself and one for each of its calls; the sums are spread over metrics when they are read.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from gateway.entries import AttemptRecord, HoldoutRecord, LedgerEntry
from gateway.types import Usage
from gateway.vitals import BackendFacts, Vitals

Extra = Literal["tenant", "team", "task"]
Labels = tuple[str, ...]
Counts = dict[Labels, int]

OTHER = "other"
NONE = "none"
TOKEN_TYPES = ("input", "cached", "cache_write", "output", "reasoning")
DURATIONS_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0)

# Provider, backend, model.
_Who = tuple[str, str, str]
# Who, rule, purpose, source of the cost, whether it is covered, outcome, extras.
_Call = tuple[_Who, str, str, str, str, str, Labels]
# Outcome, rule, backend, whether it is local, baseline, extras.
_Asked = tuple[str, str, str, str, str, Labels]
_Tokens = tuple[int, int, int, int, int]
# How many calls, and their cost.
_CallSums = tuple[int, int, _Tokens]
# How many requests, and what they would have cost at the baseline.
_AskedSums = tuple[int, int]

_NO_TOKENS: _Tokens = (0, 0, 0, 0, 0)
_NO_CALLS: _CallSums = (0, 0, _NO_TOKENS)
_NOTHING_KNOWN = BackendFacts(provider=NONE, model=None, local=False, pool=None)
_LOCAL = {None: NONE, True: "true", False: "false"}
_COVERED = {True: "true", False: "false"}


class Distribution:
    """How many durations fell between the borders, and their sum."""

    __slots__ = ("counts", "sum_s")

    def __init__(self, counts: Iterable[int] = (0,) * (len(DURATIONS_S) + 1), sum_s: float = 0.0) -> None:
        self.counts = list(counts)
        self.sum_s = sum_s

    def add(self, duration_s: float) -> None:
        """Take note of one duration."""
        self.counts[bisect_left(DURATIONS_S, duration_s)] += 1
        self.sum_s += duration_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """The sums at one moment, by metric. `extras` are the labels that the policy asked for, the last ones of each."""

    extras: tuple[Extra, ...]
    calls: dict[_Call, _CallSums]
    asked: dict[_Asked, _AskedSums]
    unpriced: Counts
    durations: dict[Labels, Distribution]
    first_tokens: dict[Labels, Distribution]

    @property
    def cost(self) -> Counts:
        """Nano-USD by provider, backend, model, rule, purpose, cost_source, covered; only where it is known."""
        counts: Counts = {}
        for (who, rule, purpose, source, covered, _, extras), (_, cost, _) in self.calls.items():
            if source != "unknown":
                _add(counts, (*who, rule, purpose, source, covered, *extras), cost)
        return counts

    @property
    def tokens(self) -> Counts:
        """Tokens by type, provider, backend, model, rule, purpose."""
        counts: Counts = {}
        for (who, rule, purpose, _, _, _, extras), (_, _, tokens) in self.calls.items():
            for kind, count in zip(TOKEN_TYPES, tokens, strict=True):
                _add(counts, (kind, *who, rule, purpose, *extras), count)
        return counts

    @property
    def attempts(self) -> Counts:
        """Calls by outcome, provider, backend, model, purpose, cost_source."""
        counts: Counts = {}
        for (who, _, purpose, source, _, outcome, _), (calls, _, _) in self.calls.items():
            _add(counts, (outcome, *who, purpose, source), calls)
        return counts

    @property
    def requests(self) -> Counts:
        """Requests by outcome, rule, backend, local."""
        counts: Counts = {}
        for (outcome, rule, backend, local, _, extras), (requests, _) in self.asked.items():
            _add(counts, (outcome, rule, backend, local, *extras), requests)
        return counts

    @property
    def baseline(self) -> Counts:
        """Nano-USD by baseline, rule."""
        counts: Counts = {}
        for (_, rule, _, _, baseline, extras), (_, nano_usd) in self.asked.items():
            if baseline != NONE:
                _add(counts, (baseline, rule, *extras), nano_usd)
        return counts


class Tally:
    """Sums up what it is told. Whoever tells and whoever reads holds one lock, so that no request is half in.

    `extras` are labels beside ours, each with at most `most_values` values; at most `most_series` combinations of all
    labels are told apart.
    """

    def __init__(self, *, extras: Sequence[Extra] = (), most_values: int, most_series: int) -> None:
        self._calls: dict[_Call, _CallSums] = {}
        self._asked: dict[_Asked, _AskedSums] = {}
        self._unpriced = {"cost": 0, "baseline": 0}
        self._durations: dict[Labels, Distribution] = {}
        self._first_tokens: dict[Labels, Distribution] = {}
        self._extras = tuple(extras)
        self._most_values = most_values
        self._most_series = most_series
        self._values: dict[str, set[str]] = {extra: set() for extra in extras}
        self._backends: dict[str, BackendFacts] = {}

    def know(self, vitals: Vitals) -> None:
        """Learn the backends of a policy, and begin at 0 what its rules will add to.

        A sum that appears with its first request seems never to have grown: whoever asks for its growth misses that.
        """
        self._backends = dict(vitals.backends)
        for rule, facts in vitals.rules.items() if not self._extras else ():
            for backend in facts.use:
                self._begin(rule, backend, facts.baseline or NONE)

    def booked(self, entry: LedgerEntry) -> None:
        """Add a request."""
        rule, backend, cost, baseline = entry.rule or NONE, entry.backend or NONE, entry.cost, entry.baseline_cost
        extras = self._extras_of(entry) if self._extras else ()
        answered = entry.status == "answered"
        covered = cost is not None and (baseline is not None or not answered)
        for attempt in entry.attempts:
            self._call(attempt, rule, _COVERED[covered], extras)
        at_baseline = baseline.nano_usd if covered and answered and baseline is not None else 0
        asked: _Asked = (entry.status, rule, backend, _LOCAL[entry.local], entry.baseline_model or NONE, extras)
        self._ask(asked, at_baseline)
        self._observe(self._durations, (entry.status, rule, backend), entry.duration_s)
        if cost is None:
            self._unpriced["cost"] += 1
        elif not covered and entry.baseline_model is not None:
            self._unpriced["baseline"] += 1

    def compared(self, record: HoldoutRecord) -> None:
        """Add the call of a comparison; no rule asked for it."""
        self._call(record.attempt, NONE, _COVERED[False], (NONE,) * len(self._extras))

    def sums(self) -> Sums:
        """Return the sums as they are now."""
        return Sums(
            extras=self._extras,
            calls=dict(self._calls),
            asked=dict(self._asked),
            unpriced={(what,): count for what, count in self._unpriced.items()},
            durations=_copied(self._durations),
            first_tokens=_copied(self._first_tokens),
        )

    def _begin(self, rule: str, backend: str, baseline: str) -> None:
        facts = self._backends[backend]
        if facts.model is not None:
            who, source = (facts.provider, backend, facts.model), "pool" if facts.local else "price"
            call: _Call = (who, rule, "answer", source, _COVERED[True], "answered", ())
            self._calls.setdefault(self._kept(call), _NO_CALLS)
        self._ask(("answered", rule, backend, _LOCAL[facts.local], baseline, ()), 0, requests=0)

    def _call(self, attempt: AttemptRecord, rule: str, covered: str, extras: Labels) -> None:
        facts = self._backends.get(attempt.backend, _NOTHING_KNOWN)
        who = (facts.provider, attempt.backend, facts.model or attempt.model)
        call: _Call = (who, rule, attempt.purpose, attempt.cost_source, covered, _outcome(attempt), extras)
        sums = self._calls.get(call)
        if sums is None:
            call = self._kept(call)
            sums = self._calls.get(call, _NO_CALLS)
        calls, cost, tokens = sums
        if attempt.cost is not None:
            cost += attempt.cost.nano_usd
        self._calls[call] = (calls + 1, cost, _plus(tokens, attempt.usage))
        if attempt.first_token_s is not None:
            self._observe(self._first_tokens, who, attempt.first_token_s)

    def _kept(self, call: _Call) -> _Call:
        """Return the place of a call that has none yet: its own, or that of the others."""
        if call in self._calls or len(self._calls) < self._most_series:
            return call
        source = call[3]
        return ((OTHER, OTHER, OTHER), OTHER, OTHER, source, call[4], OTHER, (OTHER,) * len(self._extras))

    def _ask(self, asked: _Asked, baseline: int, *, requests: int = 1) -> None:
        sums = self._asked.get(asked)
        if sums is None:
            if len(self._asked) >= self._most_series:
                at = asked[4] if asked[4] == NONE else OTHER
                asked = (asked[0], OTHER, OTHER, OTHER, at, (OTHER,) * len(self._extras))
            sums = self._asked.get(asked, (0, 0))
        self._asked[asked] = (sums[0] + requests, sums[1] + baseline)

    def _observe(self, distributions: dict[Labels, Distribution], labels: Labels, duration_s: float) -> None:
        known = distributions.get(labels)
        if known is None:
            if len(distributions) >= self._most_series:
                labels = (OTHER,) * len(labels)
            known = distributions.setdefault(labels, Distribution())
        known.add(duration_s)

    def _extras_of(self, entry: LedgerEntry) -> Labels:
        return tuple(self._bounded(extra, getattr(entry, extra) or NONE) for extra in self._extras)

    def _bounded(self, extra: str, value: str) -> str:
        values = self._values[extra]
        if value not in values:
            if len(values) >= self._most_values:
                return OTHER
            values.add(value)
        return value


def _outcome(attempt: AttemptRecord) -> str:
    if attempt.error is not None:
        return attempt.error
    return "rejected" if attempt.accepted is False else "answered"


def _plus(tokens: _Tokens, usage: Usage) -> _Tokens:
    """Return the tokens with those of a call, each counted in one type; nothing of a usage that cannot be."""
    prompt, completion = usage.prompt_tokens, usage.completion_tokens
    if prompt is None or completion is None:
        return tokens
    cached, written, reasoning = usage.cached_tokens, usage.cache_write_tokens, usage.reasoning_tokens
    fresh, visible = prompt - cached - written, completion - reasoning
    if fresh < 0 or visible < 0:
        return tokens
    return (tokens[0] + fresh, tokens[1] + cached, tokens[2] + written, tokens[3] + visible, tokens[4] + reasoning)


def _add(counts: Counts, labels: Labels, count: int) -> None:
    counts[labels] = counts.get(labels, 0) + count


def _copied(distributions: dict[Labels, Distribution]) -> dict[Labels, Distribution]:
    return {labels: Distribution(one.counts, one.sum_s) for labels, one in distributions.items()}
