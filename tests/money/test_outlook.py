"""What a price list foretells."""

from datetime import date
from typing import Any

from gateway.money import prices
from gateway.money.outlook import brief, outlook
from gateway.money.prices import PriceList
from gateway.money.snapshot import Snapshot

DAY = date(2026, 11, 23)


def said(
    models: list[str], *, known: PriceList | None = None, days: int | None = None, since: date | None = None
) -> list[str]:
    listed = known or prices.load()
    return [f"{event.model} {event.what}" for event in outlook(listed, models, since=since, days=days)]


def test_models_that_end_and_prices_that_change_are_told_by_their_days() -> None:
    """The nearest first, whatever it is."""
    assert said(["openai/gpt-5-mini", "gemini/gemini-4-argon", "anthropic/claude-haiku-5-5", "nobody/knows"]) == [
        "gemini/gemini-4-argon costs 4/20 USD per million tokens from 2026-12-01 (before: 2/10)",
        "openai/gpt-5-mini ends on 2026-12-11",
    ]


def test_what_is_further_away_is_left_for_later() -> None:
    """By days from the day that is asked about."""
    assert said(["openai/gpt-5-mini"], days=17) == []
    assert len(said(["openai/gpt-5-mini"], days=18)) == 1
    assert len(said(["openai/gpt-5-mini"], since=date(2026, 12, 1), days=10)) == 1


def test_what_has_ended_is_told_still() -> None:
    """Nobody should go on with it."""
    assert said(["bedrock/meta.llama3-1-405b-instruct-v1:0"]) == [
        "bedrock/meta.llama3-1-405b-instruct-v1:0 ends on 2026-07-07"
    ]


def test_a_price_that_is_over_without_another_is_told() -> None:
    """A contract ended, and nobody listed what comes after it; the same price again is no news."""
    rows: dict[str, Any] = {
        "a/over": {"periods": [{"to": "2026-12-31", "input": 10**6, "output": 10**6}]},
        "a/same": {"periods": [{"input": 1, "output": 1}, {"from": "2026-12-01", "input": 1, "output": 1}]},
        "a/late": {"periods": [{"from": "2026-12-01", "input": 1, "output": 1}]},
    }
    known = PriceList.of(Snapshot(date=DAY, rows=rows))

    assert said(["a/over", "a/same", "a/late"], known=known) == [
        "a/late costs 0.000001/0.000001 USD per million tokens from 2026-12-01",
        "a/over has no price from 2027-01-01 (before: 1/1)",
    ]


def test_hours_of_the_day_are_no_change_of_price() -> None:
    """They are there every day."""
    assert said(["deepseek/deepseek-v4-flash"]) == []


def test_an_unknown_price_is_said_to_be_unknown() -> None:
    """Never 0."""
    assert brief(None) == "unknown"


def test_a_list_without_a_day_is_looked_at_from_its_beginning() -> None:
    """One made in code has none."""
    assert list(outlook(PriceList({}, version="v1"), ["a/b"])) == []
