"""From a recorded request to an entry: what is known is kept, what can be reckoned is, the rest is unknown."""

from datetime import UTC, datetime
from typing import Any

import pytest
from support.policies import mock, policy

from gateway.entries import LedgerEntry
from gateway.history import booking
from gateway.history.booking import Booking, entry_id
from gateway.history.recorded import Recorded
from gateway.money.prices import Price, PriceList, load
from gateway.types import Level, Money, Usage

PRICES = PriceList(
    {
        "openai/mini": Price.per_mtok(input=1, output=10, cached_input="0.1"),
        "openai/base": Price.per_mtok(input=2, output=20),
    },
    version="v1",
)
POLICY = policy({"llama": mock()}, baseline="openai/base", tags={"hr": "restricted"})
MADE = Booking(source="jsonl", policy=POLICY, prices=PRICES)


def booked(made: Booking = MADE, **fields: Any) -> LedgerEntry:
    given: dict[str, Any] = {
        "key": "id 1",
        "at": datetime(2025, 10, 1, tzinfo=UTC),
        "model": "openai/mini",
        "provider": "openai",
        "usage": Usage(prompt_tokens=1_000, completion_tokens=100, cached_tokens=500),
    }
    return made.entry(Recorded(**{**given, **fields}))


def test_a_cost_that_is_known_wins() -> None:
    """Who recorded it saw the bill, or what it was reckoned from."""
    entry = booked(cost=Money(7), tenant="acme", team="support", tags=("a",), task="t", difficulty=0.5, duration_s=2.0)

    assert (entry.cost, entry.attempts[0].cost_source) == (Money(7), "provider")
    assert (entry.tenant, entry.team, entry.tags, entry.task, entry.difficulty) == ("acme", "support", ("a",), "t", 0.5)
    assert (entry.source, entry.backend, entry.model, entry.duration_s) == ("jsonl", "openai", "openai/mini", 2.0)


def test_else_it_is_reckoned_from_the_price_list() -> None:
    """By kind: what was cached costs less."""
    entry = booked()

    assert (entry.cost, entry.attempts[0].cost_source) == (Money(500_000 + 50_000 + 1_000_000), "price")
    assert (entry.baseline_model, entry.baseline_cost) == ("openai/base", Money(4_000_000))
    assert entry.price_version == "v1"


def test_the_baseline_under_the_name_of_its_release_saved_nothing() -> None:
    """Usage pages name releases: what is compared with itself is no other model, whatever tokens were measured."""
    measured = policy({"llama": mock()}, baseline="openai/base", baselines={"openai/base": {"verbosity": 1.5}})

    entry = booked(Booking(source="jsonl", policy=measured, prices=PRICES), model="openai/base-2026-08-07")

    assert entry.baseline_cost == entry.cost == Money(4_000_000)


def test_a_release_that_has_another_price_is_another_model() -> None:
    """An older release may be dearer than what its name stands for now."""
    older = Price.per_mtok(input=4, output=40)
    listed = PriceList(
        {"openai/base": Price.per_mtok(input=2, output=20), "openai/base-2024-05-13": older}, version="v1"
    )

    entry = booked(Booking(source="jsonl", policy=POLICY, prices=listed), model="openai/base-2024-05-13")

    assert (entry.cost, entry.baseline_cost) == (Money(8_000_000), Money(4_000_000))


def test_a_model_with_a_date_is_known_without_it() -> None:
    """Providers add the day of the snapshot to its name."""
    assert booked(model="openai/mini-2026-08-07").cost == booked().cost
    assert booked(model="openai/mini-20260807").cost == booked().cost


def test_your_contract_wins_over_the_list() -> None:
    """The policy's price of a model is that of its history, too."""
    frontier = mock(model="openai/mini", local=False, clearance="internal", price={"input": 4, "output": 40})
    made = Booking(source="jsonl", policy=policy({"frontier": frontier}), prices=PRICES)

    assert booked(made).cost == Money(4_000 * 1_000 + 40_000 * 100)


def test_a_rate_that_the_list_does_not_know_is_unknown() -> None:
    """Half of the standard price is a guess."""
    entry = booked(rate="batch")

    assert (entry.cost, entry.baseline_cost) == (None, None)


def test_what_a_prompt_cache_spared_is_told_apart() -> None:
    """The call and its baseline without it: a driver of the savings of its own."""
    entry = booked()

    assert entry.attempts[0].uncached_cost == Money(1_000_000 + 1_000_000)
    assert entry.uncached_baseline == Money(4_000_000)
    assert booked(usage=Usage(prompt_tokens=10, completion_tokens=1)).attempts[0].uncached_cost is None


def test_a_baseline_of_longer_answers_is_scaled() -> None:
    """As the policy declares it; the entry says so."""
    talkative = policy({"llama": mock()}, baseline="openai/base", baselines={"openai/base": {"verbosity": 2}})
    entry = booked(Booking(source="jsonl", policy=talkative, prices=PRICES))

    assert (entry.baseline_cost, entry.token_basis) == (Money(2_000_000 + 4_000_000), "declared")


def test_an_answer_of_ones_own_hardware_is_compared_with_a_managed_host() -> None:
    """The cheapest one that served the same open model on that day."""
    made = Booking(source="jsonl", policy=POLICY, prices=load())
    entry = booked(made, local=True, model="llama-3.1-8b-instruct", at=datetime(2026, 11, 1, tzinfo=UTC))

    assert entry.managed_model is not None
    assert entry.managed_cost is not None
    assert booked(made).managed_model is None


def test_what_nobody_knows_is_unknown() -> None:
    """A model without a price, an answer without its tokens."""
    unheard, untold = booked(model="acme/unheard"), booked(usage=Usage())

    assert (unheard.cost, unheard.attempts[0].cost_source) == (None, "unknown")
    assert unheard.baseline_cost == Money(4_000_000)
    assert (untold.cost, untold.baseline_cost) == (None, None)


def test_a_request_to_the_baseline_saved_exactly_nothing() -> None:
    """Whatever the list says of it."""
    entry = booked(model="openai/base", cost=Money(7))

    assert entry.saved == Money(0)


def test_a_cached_answer_saved_what_it_would_have_cost() -> None:
    """A cache is no call, also where it holds the baseline's answers."""
    entry = booked(model="openai/base", cached=True)

    assert (entry.cost, entry.attempts[0].purpose, entry.saved) == (Money(0), "cache", Money(4_000_000))


def test_hardware_of_ones_own_costs_nothing_at_the_margin() -> None:
    """It is paid by the hour."""
    entry = booked(local=True)

    assert (entry.cost, entry.attempts[0].cost_source, entry.local) == (Money(0), "pool", True)


def test_without_a_baseline_nothing_is_compared() -> None:
    """It is declared or it is unknown."""
    entry = booked(Booking(source="jsonl", policy=policy({"llama": mock()}), prices=PRICES))

    assert (entry.baseline_model, entry.baseline_cost) == (None, None)


@pytest.mark.parametrize(
    ("status", "calls", "cost"),
    [("refused", [], Money(0)), ("exhausted", ["unavailable"], None), ("cancelled", ["abandoned"], None)],
)
def test_who_got_no_answer_saved_nothing(status: str, calls: list[str], cost: Money | None) -> None:
    """A failed call may have been billed; nobody called is free."""
    entry = booked(status=status, usage=Usage())

    assert ([call.error for call in entry.attempts], entry.cost) == (calls, cost)
    assert (entry.backend, entry.model, entry.baseline_cost) == (None, None, None)


def test_why_it_failed_is_kept() -> None:
    """In the word of who recorded it; who it was is unknown where he does not say it."""
    (call,) = booked(status="exhausted", error="timeout", model=None, provider=None).attempts

    assert (call.error, call.model, call.backend) == ("timeout", "unknown", "unknown")


@pytest.mark.parametrize(
    ("fields", "level"),
    [
        ({}, Level.INTERNAL),
        ({"tags": ("hr",)}, Level.RESTRICTED),
        ({"kinds": ("pii",)}, Level.CONFIDENTIAL),
        ({"tags": ("a team's word",)}, Level.INTERNAL),
        ({"level": Level.PUBLIC}, Level.PUBLIC),
        ({"level": Level.PUBLIC, "tags": ("pii",)}, Level.CONFIDENTIAL),
    ],
)
def test_the_level_is_what_is_said_and_what_the_tags_mean(fields: dict[str, Any], level: Level) -> None:
    """Nobody has read the request: more is not known of it."""
    assert booked(**fields).level is level


def test_the_level_of_the_rest_may_be_given() -> None:
    """Whoever imports may know better than the policy's default."""
    made = Booking(source="jsonl", policy=POLICY, prices=PRICES, level=Level.CONFIDENTIAL)

    assert booked(made).level is Level.CONFIDENTIAL
    assert booked(made, level=Level.PUBLIC).level is Level.PUBLIC


def test_very_many_tags_are_not_all_kept_in_mind(monkeypatch: pytest.MonkeyPatch) -> None:
    """An import of a million rows takes no more memory than one of a thousand."""
    monkeypatch.setattr(booking, "_MOST_LEVELS", 2)
    made = Booking(source="jsonl", policy=POLICY, prices=PRICES)

    levels = [booked(made, tags=(str(number),)).level for number in range(10)]

    assert set(levels) == {Level.INTERNAL}
    assert len(made._levels) <= 2


def test_an_id_is_the_same_each_time_and_of_its_format() -> None:
    """So a second import adds nothing, and two formats do not meet."""
    assert booked().id == booked().id == entry_id("jsonl", "id 1")
    assert entry_id("jsonl", "a") != entry_id("litellm", "a")
