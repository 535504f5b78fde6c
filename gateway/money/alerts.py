"""What somebody should know before the month ends: budgets, baselines that end, hardware that an API beats. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Literal

from gateway.money.naming import is_one_model
from gateway.money.pools import Period
from gateway.money.prices import PriceList
from gateway.money.savings import BaselineUse, Savings
from gateway.policy.models import Policy
from gateway.policy.money import BudgetPolicy, PoolPolicy
from gateway.types import Money, Usage

Severity = Literal["note", "warning", "critical"]
# How long before a model ends it is told, and how close to the end it is critical.
_FORESIGHT, _SOON = timedelta(days=90), timedelta(days=30)
# Below that load hardware is mostly idle.
_IDLE = 0.2
_FULL = 1.0
_NANO_PER_USD = 10**9
# What vendors offer in the place of a model that ends. Inferred from name and price; nobody compared the answers.
SUCCESSORS: Mapping[str, str] = MappingProxyType(
    {"openai/gpt-5-mini": "openai/gpt-6-luna", "openai/gpt-5-nano": "openai/gpt-6-luna"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One thing to know: `code` for programs, `text` for people."""

    code: Literal[
        "budget", "forecast", "baseline_ends", "baseline_repriced", "model_ends", "pool_dearer", "pool_idle", "unpriced"
    ]
    severity: Severity
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """A calendar month under way: what it cost so far, and what it will have cost at the pace of its last days."""

    spent: Money
    forecast: Money


def month_of(
    so_far: Savings, recent: Savings, *, pools: Mapping[str, PoolPolicy], now: datetime, end: datetime
) -> Month:
    """Return what a month cost so far and will have cost at its end, if the rest of it is like `recent`.

    Calls come as they come, and people cost by the hour: the pace of both is that of the last days. Pools cost as
    busy as they were, but from the day on and until the day that they have. What was put right was so once.
    """
    spent = paid(so_far)
    if not recent.hours:
        return Month(spent=spent, forecast=spent)
    left = Period(since=now, until=max(now, end))
    pace = (paid(recent) - recent.corrections - recent.hardware).nano_usd / recent.hours
    hardware = sum(pool.usd_per_hour * _hours(left.within(pools[pool.pool])) for pool in recent.pools)
    return Month(spent=spent, forecast=spent + Money(round(pace * _hours(left) + hardware * _NANO_PER_USD)))


def _hours(period: Period) -> float:
    return period.microseconds / 3_600_000_000


def paid(account: Savings) -> Money:
    """Return all that is known to have been paid, of requests in no sum too."""
    return account.actual + Money(account.total.sums.excluded_cost)


def alerts(
    account: Savings, *, policy: Policy, prices: PriceList, now: datetime, month: Month | None = None
) -> list[Alert]:
    """Return what is to be known, the most urgent first."""
    found = [
        *(_budget(policy.budget, month) if policy.budget and month else ()),
        *_baselines(account, prices, now),
        *_models(policy, prices, now),
        *_pools(account),
        *_unpriced(account),
    ]
    order: dict[Severity, int] = {"critical": 0, "warning": 1, "note": 2}
    return sorted(found, key=lambda alert: order[alert.severity])


def _budget(budget: BudgetPolicy, month: Month) -> Iterator[Alert]:
    limit = budget.usd_per_month * 1_000_000_000
    spent, coming = month.spent.nano_usd / limit, month.forecast.nano_usd / limit
    reached = max((share for share in budget.warn_at if spent >= share), default=None)
    of = f"of the month's ${budget.usd_per_month:,.2f}"
    if reached is not None:
        severity: Severity = "critical" if spent >= _FULL else "warning"
        yield Alert(code="budget", severity=severity, text=f"{month.spent} {of} are spent: {spent:.0%}")
    if coming >= _FULL > spent:
        text = f"at the pace of the last days {month.forecast} {of} will be spent at its end: {coming:.0%}"
        yield Alert(code="forecast", severity="warning", text=text)


def _baselines(account: Savings, prices: PriceList, now: datetime) -> Iterator[Alert]:
    for use in account.uses:
        ends = _end(prices, use.model, now)
        if ends is not None:
            text = f"the baseline {use.model} ends {ends:%Y-%m-%d}{_repriced_to_successor(account, use, prices, now)}"
            yield Alert(code="baseline_ends", severity=_urgency(ends, now), text=text)
        yield from _new_price(account, use, prices, now)


def _repriced_to_successor(account: Savings, use: BaselineUse, prices: PriceList, now: datetime) -> str:
    successor = next((new for old, new in SUCCESSORS.items() if is_one_model(old, use.model)), None)
    ratio = None if successor is None else _ratio(use, prices, use.model, successor, now)
    share, baseline = account.share, account.total.baseline.nano_usd
    if ratio is None or share is None:
        return ""
    sums = account.total.sums
    known = sums.cost + sums.excluded_cost
    # Of its calls those count whose requests are in the sums; the others' asked it as often as they did.
    paid = use.cost.nano_usd * (sums.cost / known if known else 1)
    less = round(use.baseline.nano_usd * (1 - ratio)) - round(paid * (1 - ratio))
    new = baseline - round(use.baseline.nano_usd * (1 - ratio))
    then = f"{(account.net.nano_usd - less) / new:.0%}" if new > 0 else "nothing"
    verb = "falls" if less > 0 else "rises"
    return f"; repriced to its successor {successor} the saving {verb} from {share:.0%} to {then}"


def _new_price(account: Savings, use: BaselineUse, prices: PriceList, now: datetime) -> Iterator[Alert]:
    if account.since is None:
        return
    old, new = _bill(use, prices, use.model, account.since), _bill(use, prices, use.model, now)
    if old is not None and new is not None and old != new:
        change = f"{new.nano_usd / old.nano_usd - 1:+.0%}" if old.nano_usd else "more than nothing"
        text = f"the baseline {use.model} costs {change} since the period began: what was saved is no forecast"
        yield Alert(code="baseline_repriced", severity="warning", text=text)


def _ratio(use: BaselineUse, prices: PriceList, model: str, other: str, now: datetime) -> float | None:
    """Return what the same tokens cost at another model for each USD here; both prices as listed now."""
    here, there = _bill(use, prices, model, now), _bill(use, prices, other, now)
    return there.nano_usd / here.nano_usd if here and there and here.nano_usd else None


def _bill(use: BaselineUse, prices: PriceList, model: str, at: datetime) -> Money | None:
    """Return what a thousand answers of the usual length cost at a model, whose price may depend on that length."""
    price = prices.get(model, at)
    if price is None:
        return None
    read, written = (
        round(1000 * tokens / max(use.answers, 1)) for tokens in (use.prompt_tokens, use.completion_tokens)
    )
    usual = replace(price, rates=price.rates_for(read // 1000), tiers=(), request=1000 * price.request)
    return usual.of(Usage(prompt_tokens=read, completion_tokens=written))


def _models(policy: Policy, prices: PriceList, now: datetime) -> Iterator[Alert]:
    for name, backend in policy.backends.items():
        ends = _end(prices, backend.model, now)
        if ends is not None:
            text = f"backend {name!r} asks {backend.model}, which ends {ends:%Y-%m-%d}; name another model"
            yield Alert(code="model_ends", severity=_urgency(ends, now), text=text)


def _end(prices: PriceList, model: str, now: datetime) -> datetime | None:
    listing = prices.listing(model)
    if listing is None or listing.ends is None:
        return None
    ends = datetime(listing.ends.year, listing.ends.month, listing.ends.day, tzinfo=now.tzinfo)
    return ends if ends - now <= _FORESIGHT else None


def _urgency(ends: datetime, now: datetime) -> Severity:
    return "critical" if ends - now <= _SOON else "warning"


def _pools(account: Savings) -> Iterator[Alert]:
    managed = next(line for line in account.baselines if line.name == "managed")
    # Nobody would have served what nobody answered; people and comparisons cost the same there.
    is_whole = managed.requests >= account.total.sums.answered
    actual = managed.actual - (account.overhead - account.hardware)
    if account.pools and managed.baseline is not None and is_whole and managed.baseline < actual:
        models = ", ".join(managed.models)
        text = f"the same open models at an API would have cost {managed.baseline} instead of {actual}: {models}"
        yield Alert(code="pool_dearer", severity="warning", text=text)
    for pool in account.pools:
        if pool.load is not None and pool.load < _IDLE:
            text = f"pool {pool.pool} is at {pool.load:.1%} of what is usable; {pool.idle} of {pool.cost} were idle"
            yield Alert(code="pool_idle", severity="note", text=text)


def _unpriced(account: Savings) -> Iterator[Alert]:
    excluded, requests = account.total.sums.excluded, account.total.sums.requests
    if excluded:
        text = f"{excluded:,} of {requests:,} requests have no cost or no baseline: they are in no sum"
        yield Alert(code="unpriced", severity="warning", text=text)
