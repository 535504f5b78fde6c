"""Charges of entries as `gateway export focus` makes them of a ledger, without one."""

import heapq
from collections.abc import Iterable
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

from gateway.entries import Correction, LedgerEntry
from gateway.exports.columns import Row
from gateway.exports.focus import Focus, Question
from gateway.exports.hardware import Cards, pool_steps
from gateway.exports.periods import Grain
from gateway.exports.steps import steps
from gateway.money.pools import Period
from gateway.money.prices import Price, PriceList
from gateway.money.rollups import CallHour, CallSums, Hour, Sums, call_cells, cell_of, sums_of
from gateway.policy.models import Policy
from gateway.times import hour_of

MINI, LLAMA = "openai/gpt-5-mini", "llama-3.1-8b-instruct"
PRICES = PriceList({MINI: Price.per_mtok(input="0.25", output=2, cached_input="0.025")}, version="test")
NOVEMBER = Period(since=datetime(2026, 11, 1, tzinfo=UTC), until=datetime(2026, 12, 1, tzinfo=UTC))


# Any: what a policy's validation takes.
def policy_of(**changes: Any) -> Policy:
    """Return a policy of a local Llama on two cards, and of GPT-5-mini."""
    return Policy.model_validate(
        {
            "version": 1,
            "baseline": MINI,
            "backends": {
                "llama": {"kind": "mock", "model": LLAMA, "local": True, "clearance": "restricted", "pool": "a100s"},
                "mini": {"kind": "mock", "model": MINI, "local": False, "clearance": "internal"},
            },
            "pools": {"a100s": {"gpus": 2, "usd_per_gpu_hour": 1.37, "input_us": 27, "output_us": 212}},
            "rules": [{"name": "all", "use": ["llama", "mini"]}],
            **changes,
        }
    )


def sums_by_step(entries: Iterable[LedgerEntry], grain: Grain) -> tuple[list[Hour], list[CallHour]]:
    """Return the sums of entries by step, in the order in which a ledger gives them."""
    hours: dict[tuple[int, Any], Sums] = {}
    calls: dict[tuple[int, Any], CallSums] = {}
    for entry in entries:
        hour = hour_of(entry.at)
        start = hour - hour % grain
        key = start, cell_of(entry)
        hours[key] = hours.get(key, Sums()).plus(sums_of(entry))
        for cell, sums in call_cells(entry):
            calls[start, cell] = calls.get((start, cell), CallSums()).plus(sums)
    return (
        sorted((Hour(start, cell, sums, 0, 0) for (start, cell), sums in hours.items()), key=attrgetter("start")),
        sorted((CallHour(start, cell, sums) for (start, cell), sums in calls.items()), key=attrgetter("start")),
    )


def charges(  # noqa: PLR0913 - each by its name
    entries: Iterable[LedgerEntry],
    *,
    policy: Policy | None = None,
    prices: PriceList = PRICES,
    grain: Grain = Grain.DAY,
    period: Period | None = None,
    account: str | None = None,
    corrections: Iterable[Correction] = (),
) -> tuple[list[Row], Focus]:
    """Return the rows of entries, and what made them; `period` is that of the hardware, None where there is none."""
    policy = policy or policy_of()
    cards = Cards(policy)
    hours, calls = sums_by_step(entries, grain)
    work = cards.work(calls)
    pools = [
        pool_steps(name, pool, period, grain, None if name in cards.unrated else work.get(name, {}))
        for name, pool in policy.pools.items()
        if period is not None
    ]
    made = Focus(Question(policy=policy, prices=prices, grain=grain, account=account), cards)
    merged = steps(hours, calls, heapq.merge(*pools, key=attrgetter("start")))
    return list(made.rows(merged, corrections)), made
