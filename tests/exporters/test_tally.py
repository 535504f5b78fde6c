"""What is booked is summed up by label, exactly, and by only so many labels."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.entries import NOON, attempt_record, ledger_entry

from gateway.entries import AttemptRecord, HoldoutRecord, LedgerEntry
from gateway.exporters._tally import OTHER, Counts, Sums, Tally
from gateway.money.rollups import call_sums, sums_of
from gateway.types import Money, Usage
from gateway.vitals import BackendFacts, RuleFacts, Vitals

VITALS = Vitals(
    backends={
        "llama": BackendFacts(provider="vllm", model="llama-3.1-8b", local=True, pool="cards"),
        "frontier": BackendFacts(provider="openai", model="openai/gpt-5-mini", local=False, pool=None),
        "auto": BackendFacts(provider="openai_http", model=None, local=False, pool=None),
    },
    rules={
        "tickets": RuleFacts(use=("llama", "frontier"), baseline="openai/gpt-5-mini"),
        "rest": RuleFacts(use=("auto",), baseline=None),
    },
)


def tally(**keys: Any) -> Tally:
    """Return a tally that knows the house."""
    one = Tally(**{"most_values": 3, "most_series": 1_000, **keys})
    one.know(VITALS)
    return one


def booked(*entries: LedgerEntry, **keys: Any) -> Sums:
    """Return the sums of entries."""
    one = tally(**keys)
    for entry in entries:
        one.booked(entry)
    return one.sums()


def grown(counts: Counts) -> Counts:
    """Return what is more than 0."""
    return {labels: count for labels, count in counts.items() if count}


MONEY = st.one_of(st.none(), st.builds(Money, st.integers(0, 10**12)))
ATTEMPTS = st.builds(
    attempt_record,
    backend=st.sampled_from(["llama", "frontier", "auto", "gone"]),
    cost=MONEY,
    error=st.sampled_from([None, None, "timeout"]),
    accepted=st.sampled_from([None, True, False]),
    purpose=st.sampled_from(["answer", "judge"]),
    usage=st.builds(
        Usage,
        prompt_tokens=st.one_of(st.none(), st.integers(0, 5_000)),
        completion_tokens=st.one_of(st.none(), st.integers(0, 5_000)),
        cached_tokens=st.integers(0, 3_000),
        cache_write_tokens=st.integers(0, 500),
        reasoning_tokens=st.integers(0, 3_000),
    ),
).map(lambda one: one if one.cost is not None else _unknown(one))


def _unknown(attempt: AttemptRecord) -> AttemptRecord:
    return attempt_record(backend=attempt.backend, cost=None, cost_source="unknown", usage=attempt.usage)


def _entry(attempts: Sequence[AttemptRecord], **fields: Any) -> LedgerEntry:
    costs = [attempt.cost for attempt in attempts]
    known = None if None in costs else Money(sum(cost.nano_usd for cost in costs if cost))
    return ledger_entry("1", attempts=tuple(attempts), cost=known, **fields)


ENTRIES = st.builds(
    _entry,
    st.lists(ATTEMPTS, max_size=4),
    status=st.sampled_from(["answered", "refused", "exhausted", "cancelled"]),
    rule=st.sampled_from(["tickets", "rest", None]),
    baseline_cost=MONEY,
    tenant=st.sampled_from(["a", "b", "c", "d", "e", None]),
)


@settings(max_examples=30)
@given(st.lists(ENTRIES, max_size=12), st.sampled_from([(), ("tenant",), ("team", "task")]), st.integers(1, 6))
def test_the_sums_are_those_of_the_entries(entries: Sequence[LedgerEntry], extras: Any, most: int) -> None:
    """Whatever is folded into `other`, nothing is lost and nothing is counted twice; as the ledger's own sums."""
    sums = booked(*entries, extras=extras, most_values=2, most_series=most)

    calls = [call_sums(attempt) for entry in entries for attempt in entry.attempts]
    asked = [sums_of(entry) for entry in entries]
    assert sum(sums.cost.values()) == sum(call.cost for call in calls)
    assert sum(sums.attempts.values()) == len(calls)
    assert sum(sums.requests.values()) == len(entries)
    assert sum(sums.baseline.values()) == sum(one.baseline for one in asked)
    assert sum(sums.tokens.values()) == sum(sum(call[5:14]) for call in calls)
    covered = sum(nano for labels, nano in sums.cost.items() if labels[6] == "true")
    assert covered == sum(one.cost for one in asked)
    assert sum(sums.unpriced.values()) == sum(one.excluded for one in asked)
    assert sum(sum(one.counts) for one in sums.durations.values()) == len(entries)


@settings(max_examples=30)
@given(st.lists(ENTRIES, max_size=30), st.integers(1, 8))
def test_there_are_only_so_many_combinations(entries: Sequence[LedgerEntry], most: int) -> None:
    """A tenant for every request fills no memory: what comes late is `other`, by outcome and source at most."""
    sums = booked(*entries, extras=("tenant",), most_values=2, most_series=most)

    assert len(sums.calls) <= most + 8
    assert len(sums.asked) <= most + 8
    assert len(sums.durations) <= most + 1
    assert {labels[-1] for labels in sums.requests} <= {"a", "b", "c", "d", "e", "none", OTHER}
    assert len({labels[-1] for labels in sums.requests} - {OTHER}) <= 2


def test_a_call_is_told_apart_by_what_it_was_for() -> None:
    """Provider and model as the policy names them; the rule, the purpose, where the cost comes from."""
    judge = attempt_record(
        backend="frontier", model="gpt-5-mini-2025", purpose="judge", cost=Money(7), cost_source="price"
    )

    sums = booked(ledger_entry("1", attempts=(attempt_record(), judge), cost=Money(7)))

    paid = ("openai", "frontier", "openai/gpt-5-mini", "tickets", "judge", "price", "true")
    assert grown(sums.cost) == {paid: 7}
    assert grown(sums.attempts) == {
        ("answered", "vllm", "llama", "llama-3.1-8b", "answer", "pool"): 1,
        ("answered", *paid[:3], "judge", "price"): 1,
    }


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [({"error": "timeout", "accepted": None}, "timeout"), ({"accepted": False}, "rejected"), ({}, "answered")],
)
def test_a_call_ends_as_it_ends(fields: dict[str, Any], outcome: str) -> None:
    """By the error's code, by a judge's word, or well."""
    sums = booked(ledger_entry("1", attempts=(attempt_record(**fields),)))

    assert {labels[0] for labels in grown(sums.attempts)} == {outcome}


def test_a_token_is_of_one_type() -> None:
    """What was cached, written and thought is taken out of the totals that include it."""
    usage = Usage(prompt_tokens=100, completion_tokens=50, cached_tokens=30, cache_write_tokens=20, reasoning_tokens=40)

    sums = booked(ledger_entry("1", attempts=(attempt_record(usage=usage),)))

    by_type = {labels[0]: count for labels, count in grown(sums.tokens).items()}
    assert by_type == {"input": 50, "cached": 30, "cache_write": 20, "output": 10, "reasoning": 40}


@pytest.mark.parametrize(
    "usage",
    [
        Usage(),
        Usage(prompt_tokens=5, completion_tokens=5, cached_tokens=6),
        Usage(prompt_tokens=5, completion_tokens=1, reasoning_tokens=2),
    ],
)
def test_a_usage_that_is_unknown_or_cannot_be_adds_no_tokens(usage: Usage) -> None:
    """Nobody guesses."""
    assert grown(booked(ledger_entry("1", attempts=(attempt_record(usage=usage),))).tokens) == {}


def test_what_no_sum_of_savings_holds_is_counted() -> None:
    """By what is missing; where no baseline was declared, none is missing."""
    unknown = ledger_entry("1", cost=None, attempts=(attempt_record(cost=None, cost_source="unknown"),))
    unpriced = ledger_entry("2", baseline_cost=None)
    undeclared = ledger_entry("3", baseline_model=None, baseline_cost=None)

    sums = booked(unknown, unpriced, unpriced, undeclared)

    assert sums.unpriced == {("cost",): 1, ("baseline",): 2}
    assert grown(sums.baseline) == {}
    assert {labels[6] for labels in sums.cost} == {"true", "false"}


def test_a_request_that_nobody_answered_saved_nothing() -> None:
    """It has no baseline, no backend, and what it cost is covered."""
    sums = booked(
        ledger_entry("1", status="exhausted", backend=None, local=None, rule=None, baseline_cost=None, cost=Money(5))
    )

    assert grown(sums.requests) == {("exhausted", "none", "none", "none"): 1}
    assert grown(sums.baseline) == {}
    assert sums.unpriced == {("cost",): 0, ("baseline",): 0}


def test_what_the_policys_rules_will_add_to_begins_at_nothing() -> None:
    """Who asks for the growth of a sum sees its first request."""
    sums = tally().sums()

    assert ("answered", "tickets", "llama", "true") in sums.requests
    assert ("answered", "rest", "auto", "false") in sums.requests
    assert sums.baseline == {("openai/gpt-5-mini", "tickets"): 0}
    assert {labels[1] for labels in sums.cost} == {"llama", "frontier"}
    assert not grown(sums.cost)
    assert not sums.durations


def test_a_policy_that_comes_again_takes_nothing_away() -> None:
    """What was counted stays counted."""
    one = tally()
    one.booked(ledger_entry("1"))

    one.know(VITALS)

    assert sum(one.sums().requests.values()) == 1


def test_labels_that_the_policy_asks_for_are_added_to_money_tokens_and_requests() -> None:
    """Nobody's name is there unasked; of whom nobody spoke it is `none`."""
    entry = ledger_entry("1", tenant="acme", team=None)

    plain, named = booked(entry), booked(entry, extras=("tenant", "team"))

    assert "acme" not in str(plain)
    assert {labels[-2:] for labels in named.cost} == {("acme", "none")}
    assert {labels[-2:] for labels in named.tokens} == {("acme", "none")}
    assert {labels[-2:] for labels in named.baseline} == {("acme", "none")}
    assert {labels[-2:] for labels in named.requests} == {("acme", "none")}
    assert "acme" not in str(named.attempts)


def test_a_comparison_is_a_call_that_no_rule_asked_for() -> None:
    """Its cost is not in the sums of savings: it is what knowing costs."""
    one = tally(extras=("tenant",))
    call = attempt_record(backend="frontier", purpose="holdout", cost=Money(9), cost_source="price", first_token_s=0.2)

    one.compared(HoldoutRecord(entry_id="1", attempt=call, at=NOON))

    sums = one.sums()
    who = ("openai", "frontier", "openai/gpt-5-mini")
    assert sums.cost == {(*who, "none", "holdout", "price", "false", "none"): 9}
    assert sums.requests == {}
    assert [sum(one.counts) for one in sums.first_tokens.values()] == [1]


def test_a_server_that_chooses_its_model_is_named_by_its_answer() -> None:
    """The policy says `auto`."""
    sums = booked(ledger_entry("1", attempts=(attempt_record(backend="auto", model="qwen-3"),)))

    assert ("answered", "openai_http", "auto", "qwen-3", "answer", "pool") in sums.attempts


def test_a_duration_on_a_border_falls_below_it() -> None:
    """As Prometheus counts: less or equal."""
    sums = booked(ledger_entry("1", duration_s=0.01), ledger_entry("2", duration_s=1_000.0))
    (durations,) = sums.durations.values()

    assert (durations.counts[0], durations.counts[-1], durations.sum_s) == (1, 1, 1_000.01)
