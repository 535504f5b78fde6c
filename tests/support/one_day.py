"""A day of 110,000 tickets, made up: the example that the accounting is held to.

Baseline GPT-5-mini at 0.25/2.00 USD a million tokens, 2,400 tokens in and 500 out each: 0.0016 USD. 10,000 answers come
from a cache; 80,000 are first asked of Llama 8B on two A100 at 1.37 USD an hour, of which 4,000 go on to GPT-5-mini;
20,000 go there at once; 240 calls fail after 2,400 tokens. Look-ups cost 100 tokens at 0.02 USD a million each, 1,100
judgements 3,000 in and 100 out; engineers 600 USD a month.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from gateway.entries import AttemptRecord, LedgerEntry
from gateway.money.prices import Price
from gateway.money.rollups import CallHour, CallSums, Hour, Sums, summed
from gateway.policy.models import Policy
from gateway.types import Money, Usage
from support.entries import attempt_record, ledger_entry

DAWN = datetime(2026, 11, 23, tzinfo=UTC)
DUSK = DAWN + timedelta(days=1)
MINI, LLAMA = "openai/gpt-5-mini", "llama-3.1-8b-instruct"
TICKET = Usage(prompt_tokens=2_400, completion_tokens=500)
OLD_PRICE = Price.per_mtok(input="0.25", output=2)
NEW_PRICE = Price.per_mtok(input="0.10", output="0.50")

POLICY = Policy.model_validate(
    {
        "version": 1,
        "baseline": MINI,
        "backends": {
            "llama": {"kind": "mock", "model": LLAMA, "local": True, "clearance": "restricted", "pool": "a100s"},
            "mini": {"kind": "mock", "model": MINI, "local": False, "clearance": "internal"},
        },
        "pools": {"a100s": {"gpus": 2, "usd_per_gpu_hour": 1.37, "input_us": 27, "output_us": 212}},
        "engineers": {"usd_per_month": 600},
        "bad_answer_usd": 0.02,
        "rules": [{"name": "all", "use": ["llama", "mini"]}],
    }
)


def _cost(price: Price, usage: Usage) -> Money:
    cost = price.of(usage)
    assert cost is not None
    return cost


def _call(price: Price, usage: Usage, **fields: Any) -> AttemptRecord:
    given = {"backend": "mini", "model": MINI, "cost_source": "price", "accepted": None, "score": None}
    return attempt_record(**{**given, "usage": usage, "cost": _cost(price, usage), **fields})


def kinds(price: Price = OLD_PRICE, baseline: Money | None = None) -> list[tuple[int, LedgerEntry]]:
    """Return how many requests there were of each kind; `baseline` is what one costs there, unset the price's."""
    look_up_usage = Usage(prompt_tokens=100, completion_tokens=0)
    # 100 tokens at 0.02 USD a million.
    look_up = _call(price, look_up_usage, purpose="embedding", model="embeddings", cost=Money(2_000))
    local = attempt_record(usage=TICKET, accepted=True)
    rejected = attempt_record(usage=TICKET, accepted=False)
    hit = _call(price, TICKET, purpose="cache", cost=Money(0))
    paid = _call(price, TICKET)
    failed = _call(price, Usage(prompt_tokens=2_400, completion_tokens=0), error="timeout")
    judge = _call(price, Usage(prompt_tokens=3_000, completion_tokens=100), purpose="judge")
    return [
        (10_000, _entry(price, baseline, look_up, hit)),
        (74_900, _entry(price, baseline, look_up, local)),
        (1_100, _entry(price, baseline, look_up, local, judge)),
        (4_000, _entry(price, baseline, look_up, rejected, paid)),
        (19_760, _entry(price, baseline, look_up, paid)),
        (240, _entry(price, baseline, look_up, failed, paid)),
    ]


def _entry(price: Price, baseline: Money | None, *attempts: AttemptRecord) -> LedgerEntry:
    last = next(attempt for attempt in reversed(attempts) if attempt.purpose in ("answer", "cache"))
    return ledger_entry(
        f"{len(attempts)}-{last.backend}-{last.purpose}-{attempts[1].error}-{attempts[-1].purpose}",
        at=DAWN,
        backend=last.backend,
        model=last.model,
        local=last.backend == "llama",
        attempts=attempts,
        cost=sum((attempt.cost for attempt in attempts if attempt.cost), Money(0)),
        baseline_cost=baseline or _cost(price, TICKET),
    )


def day(price: Price = OLD_PRICE, baseline: Money | None = None) -> tuple[list[Hour], list[CallHour]]:
    """Return the hourly sums of the day."""
    hours: list[Hour] = []
    calls: list[CallHour] = []
    for count, entry in kinds(price, baseline):
        some_hours, some_calls = summed([entry])
        hours += [hour._replace(sums=Sums._make(_times(count, hour.sums))) for hour in some_hours]
        calls += [call._replace(sums=CallSums._make(_times(count, call.sums))) for call in some_calls]
    return hours, calls


def _times(count: int, sums: Iterable[int]) -> list[int]:
    return [count * value for value in sums]
