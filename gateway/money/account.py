"""Reckons a period's account from the hourly sums, in one pass over them. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from functools import cached_property
from typing import Literal

from gateway.money.certainty import Pair, baseline_ratio, equivalence
from gateway.money.groups import By, Group, groups_of
from gateway.money.naming import is_one_model
from gateway.money.open_models import weights_of
from gateway.money.pools import HOURS_PER_MONTH, Period, PoolCost, Rates, absorbed, pool_cost, rates_of
from gateway.money.rollups import CallHour, CallSums, Hour, Sums
from gateway.money.savings import BaselineLine, BaselineUse, Row, Savings
from gateway.money.split import rounded
from gateway.money.tally import Tally
from gateway.money.waterfall import Overheads, waterfall
from gateway.policy.models import AUTO, Policy
from gateway.policy.money import EngineersPolicy
from gateway.times import time_of
from gateway.types import Money

# From this agreement with a strong backend's answer on, a local one counts as equivalent.
EQUIVALENT_AT = 0.5
_FREE = Money(0)
# What a call is not known by, so that no hardware can be charged to rows of it.
_NOT_OF_CALLS: frozenset[By] = frozenset({"licence", "source"})
_NANO_PER_USD = 10**9
_US_PER_HOUR = 3_600_000_000


def savings(  # noqa: PLR0913 - everything that the account is made of meets here, each thing by its name
    hours: Iterable[Hour],
    calls: Iterable[CallHour],
    *,
    policy: Policy,
    since: datetime | None = None,
    until: datetime | None = None,
    by: Sequence[By] = ("backend", "model"),
    pairs: Sequence[Pair] = (),
    corrections: Money = _FREE,
) -> Savings:
    """Sum up a period in one pass.

    `pairs` are the period's comparisons, `corrections` what was booked to put earlier costs right. Every pool is
    charged for the whole period, also if nobody used it: from `since` to `until`, where not given from the first entry
    to the last. By `tag` a request with two tags stands in both rows, with all that it cost in each; the
    total counts it once.
    """
    account = _Account(policy=policy, by=tuple(by))
    for hour in hours:
        account.add(hour)
    for call in calls:
        account.add_call(call)
    return account.close(since, until, pairs, corrections)


def monthly_usd(engineers: EngineersPolicy | None) -> Fraction | None:
    """Return what people cost a month in USD, None where they are not counted."""
    if engineers is None:
        return None
    if engineers.usd_per_month is not None:
        return Fraction(str(engineers.usd_per_month))
    return Fraction(str(engineers.fte or 0)) * Fraction(str(engineers.usd_per_fte_month or 0))


class _Account:
    """What is known of a period while its sums come in."""

    def __init__(self, *, policy: Policy, by: tuple[By, ...]) -> None:
        self.policy, self.by = policy, by
        self.groups: defaultdict[Group, Tally] = defaultdict(Tally)
        self.all = Tally()
        self.comparisons = CallSums()
        self.first: int | None = None
        self.last: int | None = None
        self.models: defaultdict[str, set[str]] = defaultdict(set)
        self.versions: set[str] = set()
        self.bases: set[str] = set()
        self.unpooled: set[str] = set()
        self.uses: defaultdict[str, Tally] = defaultdict(Tally)
        self.paid: defaultdict[str, int] = defaultdict(int)
        # GPU-microseconds of each pool: of all calls, and by the group of rows.
        self.worked: defaultdict[str, Fraction] = defaultdict(Fraction)
        self.workers: defaultdict[str, defaultdict[Group, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
        self.rates: dict[str, Rates | None] = {}

    def add(self, hour: Hour) -> None:
        cell, sums = hour.cell, hour.sums
        self.all.add(sums)
        self.first = hour.first_us if self.first is None else min(self.first, hour.first_us)
        self.last = hour.last_us if self.last is None else max(self.last, hour.last_us)
        for group in groups_of(cell, hour.start, self.by):
            self.groups[group].add(sums)
        self.versions.add(cell.price_version)
        if sums.covered and cell.baseline_model:
            self.models["declared"].add(cell.baseline_model)
            # The baseline's own answer has its own tokens, and a request without one has none.
            if cell.model is not None and not is_one_model(cell.model, cell.baseline_model):
                self.bases.add(cell.token_basis)
            self.uses[cell.baseline_model].add(sums)
        if sums.managed_covered and cell.managed_model:
            self.models["managed"].add(cell.managed_model)

    def add_call(self, call: CallHour) -> None:
        cell, sums = call.cell, call.sums
        if cell.purpose == "holdout":
            self.comparisons = self.comparisons.plus(sums)
        backend = self.policy.backends.get(cell.backend)
        self.paid[cell.model if backend is None or backend.model == AUTO else backend.model] += sums.cost
        if cell.cost_source != "pool":
            return
        pool = backend.pool if backend is not None else None
        if pool is None:
            self.unpooled.add(cell.backend)
            return
        rates = self._rates(pool, cell.backend)
        if rates is not None:
            gpu_us = rates.gpu_us(sums)
            self.worked[pool] += gpu_us
            for group in self._rows_of(call):
                self.workers[pool][group] += gpu_us

    def _rows_of(self, call: CallHour) -> list[Group]:
        """Return the rows of a call: servers may call a model otherwise than the policy, and requests, do."""
        groups = groups_of(call.cell, call.start, self.by)
        backend = self.policy.backends.get(call.cell.backend)
        if backend is None or backend.model == AUTO or all(group in self.groups for group in groups):
            return groups
        return groups_of(call.cell._replace(model=backend.model), call.start, self.by)

    def _rates(self, pool: str, backend: str) -> Rates | None:
        if backend not in self.rates:
            self.rates[backend] = rates_of(self.policy.pools[pool], weights_of(self.policy.backends[backend].model))
        return self.rates[backend]

    @cached_property
    def total(self) -> Sums:
        return self.all.total

    def close(
        self, since: datetime | None, until: datetime | None, pairs: Sequence[Pair], corrections: Money
    ) -> Savings:
        first = None if self.first is None else time_of(self.first)
        last = None if self.last is None else time_of(self.last)
        since, until = since or first, until or last
        pools = self._pools(since, until)
        engineers = engineers_cost(self.policy.engineers, since, until)
        unrated = tuple(pool.pool for pool in pools if pool.used is None)
        hardware = sum((pool.cost for pool in pools), _FREE)
        overheads = Overheads(
            hardware_used=None if unrated else sum((pool.used for pool in pools if pool.used), _FREE),
            hardware=hardware,
            comparisons=Money(self.comparisons.cost),
            corrections=corrections,
            engineers=engineers or _FREE,
        )
        account = Savings(
            since=since,
            until=until,
            by=self.by,
            rows=self._rows(pools),
            total=Row(group=(), sums=self.total, hardware=hardware),
            baselines=self._baselines(overheads),
            drivers=waterfall(self.total, overheads),
            pools=pools,
            unpooled=tuple(sorted(self.unpooled)),
            unrated=unrated,
            comparisons=self.comparisons,
            corrections=corrections,
            engineers=engineers,
            price_versions=tuple(sorted(self.versions)),
            token_bases=tuple(sorted(self.bases)),
            uses=tuple(self._use(model, tally.total) for model, tally in sorted(self.uses.items())),
        )
        return _with_certainty(account, pairs, self.policy.bad_answer_usd)

    def _pools(self, since: datetime | None, until: datetime | None) -> tuple[PoolCost, ...]:
        if since is None or until is None:
            return ()
        period = Period(since=since, until=until)
        return tuple(pool_cost(name, pool, period, self._work(name)) for name, pool in self.policy.pools.items())

    def _work(self, name: str) -> Fraction | None:
        """Return the GPU time that a pool worked, None where the rates of any backend on it are unknown."""
        on_it = {key for key, backend in self.policy.backends.items() if backend.pool == name}
        if any(self._rates(name, backend) is None for backend in on_it):
            return None
        return self.worked[name]

    def _rows(self, pools: Sequence[PoolCost]) -> tuple[Row, ...]:
        shares = absorbed(pools, self.workers, worked=self.worked)
        is_known = all(pool.used is not None for pool in pools)
        if _NOT_OF_CALLS.intersection(self.by) and any(self.worked.values()):
            shares, is_known = {}, False
        # Hardware that worked for requests of other rows alone has a row too.
        known = {group: tally.total for group, tally in self.groups.items()}
        groups = {**{group: Sums() for group, share in shares.items() if share}, **known}
        return tuple(
            Row(group=group, sums=sums, hardware=Money(shares.get(group, 0)) if is_known else None)
            for group, sums in sorted(groups.items(), key=_by_name)
        )

    def _use(self, model: str, sums: Sums) -> BaselineUse:
        return BaselineUse(
            model=model,
            answers=sums.answered,
            prompt_tokens=sums.prompt_tokens,
            completion_tokens=sums.completion_tokens,
            baseline=Money(sums.baseline),
            cost=Money(sum(cost for paid, cost in self.paid.items() if is_one_model(paid, model))),
        )

    def _baselines(self, overheads: Overheads) -> tuple[BaselineLine, ...]:
        sums, besides = self.total, _besides(overheads)
        direct = sums.direct + overheads.hardware.nano_usd
        declared = sums.baseline if Row(group=(), sums=sums).is_known else None
        # What an API answered against all the hardware is no comparison.
        managed = sums.managed if self.models["managed"] or not sums.local else None
        return (
            self._line("declared", sums.covered, declared, sums.cost + besides),
            self._line("managed", sums.managed_covered, managed, sums.managed_cost + besides),
            self._line("direct", sums.covered, direct, sums.cost + besides),
        )

    def _line(
        self, name: Literal["declared", "managed", "direct"], requests: int, baseline: int | None, actual: int
    ) -> BaselineLine:
        return BaselineLine(
            name=name,
            models=tuple(sorted(self.models[name])),
            requests=requests,
            of=self.total.requests,
            baseline=Money(baseline) if requests and baseline is not None else None,
            actual=Money(actual),
        )


def _besides(overheads: Overheads) -> int:
    paid = overheads.hardware + overheads.comparisons + overheads.corrections + overheads.engineers
    return paid.nano_usd


def _by_name(item: tuple[Group, Sums]) -> tuple[tuple[bool, str], ...]:
    return tuple((value is None, value or "") for value in item[0])


def engineers_cost(engineers: EngineersPolicy | None, since: datetime | None, until: datetime | None) -> Money | None:
    """Return what people cost in a period, None where the policy counts nobody."""
    monthly = monthly_usd(engineers)
    if monthly is None:
        return None
    length = Period(since=since, until=until).microseconds if since and until else 0
    return Money(rounded(monthly / HOURS_PER_MONTH * length / _US_PER_HOUR * _NANO_PER_USD))


def _with_certainty(account: Savings, pairs: Sequence[Pair], bad_answer_usd: float | None) -> Savings:
    ratio, equal = baseline_ratio(pairs), equivalence(pairs, at_least=EQUIVALENT_AT)
    local = account.total.sums.baseline_pool
    if ratio is not None:
        shifts = [Money(round((value - 1) * local)) for value in (ratio.estimate, ratio.low, ratio.high)]
        estimate, low, high = (account.net + shift for shift in shifts)
        account = replace(account, ratio=ratio, estimate=(estimate, low, high))
    if equal is not None:
        account = replace(
            account, equivalence=equal, equivalent_net=account.net - Money(round((1 - equal.low) * local))
        )
        if bad_answer_usd is not None:
            bad = Fraction(str(bad_answer_usd)) * account.total.sums.local * _NANO_PER_USD
            observed, at_low = (account.net - Money(round((1 - share) * bad)) for share in (equal.share, equal.low))
            account = replace(account, rework_net=(observed, at_low))
    return account
