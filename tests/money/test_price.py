"""What a call costs by a price: exact, and never guessed."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import ConfigurationError
from gateway.money.price import BILLED_AS, Price, Rates, Tier, usd_per_mtok
from gateway.money.tokens import Tokens
from gateway.types import Money, Usage

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)

tokens = st.integers(min_value=0, max_value=10**7)
rates = st.integers(min_value=0, max_value=10**9)


def price(**stated: int) -> Price:
    return Price(rates=Rates.of({"input": 0, "output": 0, **stated}))


def usage(kinds: Tokens) -> Usage:
    return Usage(
        prompt_tokens=kinds.prompt,
        completion_tokens=kinds.completion,
        cached_tokens=kinds.cache_read,
        cache_write_tokens=kinds.cache_write_5m + kinds.cache_write_1h,
        cache_write_1h_tokens=kinds.cache_write_1h,
        audio_tokens=kinds.audio_input,
        image_tokens=kinds.image_input,
        reasoning_tokens=kinds.reasoning,
        audio_output_tokens=kinds.audio_output,
    )


def test_a_million_tickets_cost_what_the_contract_says() -> None:
    """2,400 tokens in and 500 out at $0.25 and $2.00 per Mtok are $0.0016: 5 million of them $8,000.00."""
    cost = Price.per_mtok(input="0.25", output="2.00").of(Usage(prompt_tokens=2_400, completion_tokens=500))

    assert cost == Money(1_600_000)
    assert Money(cost.nano_usd * 5_000_000).usd == Decimal(8000)


def test_a_token_is_billed_once_at_the_price_of_its_kind() -> None:
    """Cached and written tokens are inside the prompt, thinking is inside the answer."""
    kinds = Tokens(*range(1, 10))
    listed = Rates(*(1000 * 10**index for index in range(9)))

    cost = Price(rates=listed).of(usage(kinds))

    assert cost == Money(987_654_321)


@pytest.mark.parametrize(("kind", "whole"), BILLED_AS.items())
def test_a_kind_without_a_price_of_its_own_is_billed_as_what_it_is_a_part_of(kind: str, whole: str) -> None:
    """A provider that lists no discount gives none."""
    listed = price(input=3_000, output=7_000, **({whole: 5_000} if whole not in ("input", "output") else {}))

    cost = listed.of(usage(Tokens(**{kind: 10})))

    assert cost == Money({"input": 30, "output": 70}.get(whole, 50))


@pytest.mark.parametrize(("prompt", "nano_usd"), [(100, 100), (101, 202), (200, 400), (201, 603)])
def test_a_long_prompt_reprices_the_whole_request(prompt: int, nano_usd: int) -> None:
    """Beyond a threshold every token is dearer, not only those beyond."""
    tiers = tuple(
        Tier(above=above, rates=Rates.of({"input": pico, "output": 0})) for above, pico in ((100, 2_000), (200, 3_000))
    )
    listed = Price(rates=Rates.of({"input": 1_000, "output": 0}), tiers=tiers)

    assert listed.of(Usage(prompt_tokens=prompt, completion_tokens=0)) == Money(nano_usd)


def test_a_price_by_the_call_is_added_to_that_by_the_token() -> None:
    """Some providers bill both."""
    listed = Price(rates=Rates.of({"input": 1_000, "output": 0}), request=5_000_000_000)

    assert listed.of(Usage(prompt_tokens=2, completion_tokens=0)) == Money(5_000_002)
    assert listed.parts(Usage(prompt_tokens=2, completion_tokens=0)) == {"input": 2_000, "request": 5_000_000_000}


@pytest.mark.parametrize(
    "unknown", [Usage(), Usage(prompt_tokens=1), Usage(prompt_tokens=5, completion_tokens=1, cached_tokens=6)]
)
def test_an_unknown_or_impossible_usage_has_no_cost(unknown: Usage) -> None:
    """Unknown is not zero."""
    assert price(input=1, output=1).of(unknown) is None
    assert price(input=1, output=1).parts(unknown) is None


@pytest.mark.parametrize(("pico_usd", "nano_usd"), [(499, 0), (500, 1), (1499, 1), (1500, 2)])
def test_half_a_nano_usd_is_rounded_up(pico_usd: int, nano_usd: int) -> None:
    """Rounding happens once, at the end."""
    assert price(input=pico_usd).of(Usage(prompt_tokens=1, completion_tokens=0)) == Money(nano_usd)


@given(st.lists(rates, min_size=9, max_size=9), st.lists(tokens, min_size=9, max_size=9))
def test_a_cost_is_exact_and_the_sum_of_its_parts(rate: list[int], count: list[int]) -> None:
    """Integer arithmetic agrees with decimals to the last nano-USD."""
    listed = Price(rates=Rates(*rate))

    cost, parts = listed.of(usage(Tokens(*count))), listed.parts(usage(Tokens(*count)))

    usd = sum((Decimal(pico).scaleb(-12) * number for pico, number in zip(rate, count, strict=True)), Decimal(0))
    assert cost is not None
    assert cost.usd == usd.quantize(Decimal("1e-9"), rounding=ROUND_HALF_UP)
    assert parts is not None
    assert Decimal(sum(parts.values())).scaleb(-12) == usd


@given(st.lists(st.tuples(tokens, tokens), max_size=20))
def test_costs_of_whole_nano_prices_add_up(calls: list[tuple[int, int]]) -> None:
    """The bill of many calls is the bill of their tokens: nothing is lost between them."""
    listed = Price.per_mtok(input="0.25", output=2)

    costs = [listed.of(Usage(prompt_tokens=p, completion_tokens=c)) for p, c in calls]

    whole = listed.of(Usage(prompt_tokens=sum(p for p, _ in calls), completion_tokens=sum(c for _, c in calls)))
    assert sum((cost for cost in costs if cost), Money(0)) == whole


def test_a_price_holds_on_both_its_days_in_utc() -> None:
    """The day is the one in UTC, whatever clock the caller reads."""
    listed = Price(rates=Rates.of({"input": 1, "output": 1}), valid_from=date(2026, 8, 21), valid_to=date(2026, 8, 22))
    first = datetime(2026, 8, 21, tzinfo=UTC)
    tokyo = timezone(timedelta(hours=9))

    assert not listed.holds(first - timedelta(seconds=1))
    assert listed.holds(first)
    assert listed.holds(datetime(2026, 8, 21, 9, tzinfo=tokyo))
    assert not listed.holds(datetime(2026, 8, 21, 8, 59, tzinfo=tokyo))
    assert listed.holds(first + timedelta(hours=47))
    assert not listed.holds(first + timedelta(hours=48))


@pytest.mark.parametrize(
    ("hours", "inside", "outside"),
    [((time(1), time(4)), (1, 3), (0, 4)), ((time(22), time(2)), (22, 23, 0, 1), (2, 21))],
)
def test_hours_of_a_day_end_before_their_end(
    hours: tuple[time, time], inside: tuple[int, ...], outside: tuple[int, ...]
) -> None:
    """Hours may go over midnight."""
    listed = Price(rates=Rates.of({"input": 1, "output": 1}), hours=hours)

    assert all(listed.holds(NOON.replace(hour=hour)) for hour in inside)
    assert not any(listed.holds(NOON.replace(hour=hour)) for hour in outside)


@pytest.mark.parametrize("amount", ["0.2", 0.2, Decimal("0.2")])
def test_a_price_is_the_same_however_it_is_written(amount: Decimal | float | str) -> None:
    """A contract's 0.2 is two tenths exactly, as a number of YAML too."""
    listed = Price.per_mtok(input=amount, output=1)

    assert (listed.input, listed.output, listed.cached_input) == (200_000, 1_000_000, 200_000)
    assert usd_per_mtok(listed.input) == Decimal("0.2")


@pytest.mark.parametrize("amount", ["-1", "nan", "inf", "1e999999999", "cheap"])
def test_what_is_no_price_is_refused(amount: str) -> None:
    """A slip in a contract's price is an error at start, not a strange bill."""
    with pytest.raises(ConfigurationError, match="no price in USD per million tokens"):
        Price.per_mtok(input=amount, output=1)
