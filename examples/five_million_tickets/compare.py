"""Five million support tickets a month: GPT-5-mini or two rented A100? At the prices of 2025, and at today's.

The load is made up: 2,400 tokens in and 500 out a ticket. It calls nobody and reads no ledger. Run it with
`python examples/five_million_tickets/compare.py`.
"""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

from gateway.money import prices
from gateway.money.pools import HOURS_PER_MONTH, Period, Rates, pool_cost
from gateway.money.rollups import CallSums
from gateway.policy.money import PoolPolicy
from gateway.types import Money, Usage

TICKETS = 5_000_000
TICKET = Usage(prompt_tokens=2_400, completion_tokens=500)
AUGUST_2025, TODAY = datetime(2025, 8, 15, tzinfo=UTC), datetime.now(UTC)
MONTH = Period(since=AUGUST_2025, until=AUGUST_2025 + timedelta(hours=HOURS_PER_MONTH))

# Llama 3.1 8B on an A100: GPU-microseconds a token, see docs/money.md.
LLAMA_ON_A100 = Rates(input_us=Fraction(27), output_us=Fraction(212))
TWO_CARDS = PoolPolicy(gpus=2, usd_per_gpu_hour=1.37)
# A third card for when one fails, and a tenth of an engineer at $12,000 a month.
THREE_CARDS, ENGINEER = PoolPolicy(gpus=3, usd_per_gpu_hour=1.37), Money(1_200 * 10**9)

BASELINES = (
    "openai/gpt-5-mini",
    "openai/gpt-5.4-mini",
    "gemini/gemini-3.5-flash-lite",
    "openai/gpt-5.6-luna",
    "bedrock/meta.llama3-1-8b-instruct-v1:0",
    "openai/gpt-6-luna",
    "novita/meta-llama/llama-3.1-8b-instruct",
)


def main() -> None:
    """Print what the month costs on own cards, and what it would have cost elsewhere."""
    gpu_us = LLAMA_ON_A100.gpu_us(CallSums(input=2_400 * TICKETS, output=500 * TICKETS))
    two, three = (pool_cost("a100s", cards, MONTH, gpu_us) for cards in (TWO_CARDS, THREE_CARDS))
    print(f"two A100 for a month    {_usd(two.cost)}, used {two.busy:.1%}, load {two.load:.0%} of what is usable")
    print(f"three and an engineer   {_usd(three.cost + ENGINEER)}")
    print()
    print(f"{'at the prices of':<18}{'baseline':<42}{'bill':>9}{'net, two cards':>20}{'net, three + engineer':>24}")
    for at, models in ((AUGUST_2025, BASELINES[:1]), (TODAY, BASELINES)):
        for model in models:
            _print_row(at, model, two.cost, three.cost + ENGINEER)


def _print_row(at: datetime, model: str, two: Money, three: Money) -> None:
    price = prices.load().get(model, at)
    one = None if price is None else price.of(TICKET)
    if one is None:
        print(f"{at:%Y-%m}{'':<11}{model:<42}{'unknown':>9}")
        return
    bill = Money(one.nano_usd * TICKETS)
    nets = [f"{_usd(bill - cost)} ({(bill - cost).nano_usd / bill.nano_usd:.1%})" for cost in (two, three)]
    print(f"{at:%Y-%m}{'':<11}{model:<42}{_usd(bill):>9}{nets[0]:>20}{nets[1]:>24}")


def _usd(money: Money) -> str:
    return f"{'-' if money.nano_usd < 0 else ''}${abs(money.usd):,.0f}"


if __name__ == "__main__":
    main()
