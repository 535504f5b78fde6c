"""What it would have cost: exact to the nano-USD, and unknown where it hangs on what nobody knows."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.entries import attempt_record, ledger_entry
from support.policies import mock, policy

from gateway.entries import LedgerEntry
from gateway.money.prices import Price, PriceList
from gateway.money.rollups import Hour, Sums, cell_of
from gateway.policy.models import Policy
from gateway.types import Level, Money, Usage
from gateway.whatif.reckoning import Assumed, Beside, Observed, observed, what_if
from gateway.whatif.result import WhatIf

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
PRICES = PriceList({"openai/big": Price.per_mtok(input=2, output=10, cached_input=1)}, version="v1")
USAGE = Usage(prompt_tokens=1000, completion_tokens=100, cached_tokens=400)
# 600 x 2 + 400 x 1 + 100 x 10 micro-USD a token.
BIG = 2_600_000
JUDGED = {"judge": "confidence", "at_least": 0.8}
CASCADE = {"name": "tickets", "use": ["llama", "frontier"], "accept": JUDGED}
BY_DIFFICULTY = (
    {"name": "hard", "when": {"difficulty": {"at_least": 0.6}}, "use": ["frontier"]},
    {"name": "easy", "use": ["llama"]},
)


def ruled(*rules: dict[str, Any], **keys: Any) -> Policy:
    backends = {
        "llama": mock(pool=next(iter(keys.get("pools", {})), None), model="llama-3.1-8b-instruct"),
        "frontier": mock(local=False, clearance="internal", model="openai/big"),
    }
    return policy(backends, *rules, **keys)


def paid(name: str = "a", **fields: Any) -> LedgerEntry:
    """Return a request that a model elsewhere answered for 5,000,000 nano-USD."""
    call = attempt_record(backend="openai", usage=USAGE, cost=Money(5_000_000), cost_source="provider")
    given_fields: dict[str, Any] = {
        "at": NOON,
        "tags": (),
        "kinds": (),
        "level": Level.INTERNAL,
        "backend": "openai",
        "attempts": (call,),
        "cost": Money(5_000_000),
        "source": "jsonl",
    }
    return ledger_entry(name, **{**given_fields, **fields})


def asked(given_policy: Policy, *entries: LedgerEntry, **options: Any) -> WhatIf:
    return what_if(entries, given_policy, PRICES, **options)


def counts(result: WhatIf) -> tuple[int, ...]:
    return result.requests, result.compared, result.refused, result.unanswered, result.unmetered, result.unpriced


def test_another_model_bills_the_same_tokens() -> None:
    """By its price of the day, the cached ones as such."""
    result = asked(ruled({"name": "all", "use": ["frontier"]}), paid(), paid("b"))

    assert result.there is not None
    assert (result.here.calls, result.there.calls) == (Money(10_000_000), Money(2 * BIG))
    assert (result.saved, result.share) == (Money(4_800_000), 0.48)
    assert (result.least, result.most, result.coverage) == (Money(2 * BIG), Money(2 * BIG), 1.0)
    assert [(use.rule, use.backend, use.calls, use.cost) for use in result.uses] == [
        ("all", "frontier", 2.0, Money(2 * BIG))
    ]


def test_hardware_is_charged_for_the_whole_period() -> None:
    """Busy or not; the call itself costs nothing."""
    pools = {"card": {"gpus": 2, "usd_per_gpu_hour": 1.5, "input_us": 10, "output_us": 100}}
    given_policy = ruled({**CASCADE, "name": "all"}, pools=pools)

    nobody = Assumed(rejected=Fraction(0))
    result = asked(given_policy, paid(), since=NOON, until=NOON + timedelta(hours=10), assumed=nobody)

    assert result.there is not None
    assert (result.there.calls, result.there.hardware) == (Money(0), Money(30 * 10**9))
    assert result.saved == Money(5_000_000 - 30 * 10**9)
    (pool,) = result.pools
    # 600 x 10 + 100 x 100 GPU-microseconds; what was cached took none.
    assert pool.gpu_s == pytest.approx(0.016)


def test_a_judged_answer_costs_the_next_one_with_its_share() -> None:
    """Of the rejected ones both calls are paid."""
    result = asked(ruled(CASCADE), paid(), assumed=Assumed(rejected=Fraction(1, 4)))

    assert result.there is not None
    assert result.there.calls == Money(BIG // 4)
    assert [(use.backend, use.calls) for use in result.uses] == [("llama", 1.0), ("frontier", 0.25)]
    assert [(one.rule, one.share, one.basis) for one in result.shares] == [("tickets", Fraction(1, 4), "given")]


def test_a_third_is_asked_with_the_square() -> None:
    """Two answers must be rejected for it."""
    backends = {
        "small": mock(local=False, clearance="internal", model="a", price={"input": 1, "output": 1}),
        "middle": mock(local=False, clearance="internal", model="b", price={"input": 10, "output": 10}),
        "big": mock(local=False, clearance="internal", model="c", price={"input": 100, "output": 100}),
    }
    given_policy = policy(backends, {"name": "r", "use": ["small", "middle", "big"], "accept": JUDGED})
    usage = attempt_record(backend="openai", usage=Usage(prompt_tokens=1000, completion_tokens=0))

    result = asked(given_policy, paid(attempts=(usage,)), assumed=Assumed(by_rule={"r": Fraction(1, 10)}))

    assert result.there is not None
    assert result.there.calls == Money(1_000_000 + 1_000_000 + 1_000_000)


def test_a_share_is_observed_where_the_rule_was_recorded() -> None:
    """Under its name, however many answers there were; they are told."""
    result = asked(ruled(CASCADE), paid(), seen={"tickets": Observed(200, 20), "other": Observed(1, 1)})

    assert result.there is not None
    assert result.there.calls == Money(BIG // 10)
    assert [(one.share, one.basis, one.seen) for one in result.shares] == [(Fraction(1, 10), "observed", 200)]


@pytest.mark.parametrize("seen", [{}, {"tickets": Observed(0, 0)}])
def test_a_share_that_nobody_knows_makes_the_cost_unknown(seen: dict[str, Observed]) -> None:
    """It lies between nobody and everybody, and no number is made up."""
    result = asked(ruled(CASCADE), paid(), seen=seen)

    assert (result.there, result.saved, result.share, result.uses) == (None, None, None, ())
    assert (result.least, result.most) == (Money(0), Money(BIG))
    assert [one.basis for one in result.shares] == ["unknown"]


def test_a_difficulty_that_nobody_knows_makes_the_cost_unknown() -> None:
    """Where a rule asks for it; between all easy and all hard."""
    unknown = [paid("a", difficulty=None), paid("b", difficulty=None), paid("c", difficulty=0.1)]

    result = asked(ruled(*BY_DIFFICULTY), *unknown)
    given_share = asked(ruled(*BY_DIFFICULTY), *unknown, assumed=Assumed(easy=Fraction(3, 4)))
    no_matter = asked(ruled(CASCADE), *unknown, assumed=Assumed(rejected=Fraction(0)))

    assert (result.there, result.least, result.most) == (None, Money(0), Money(2 * BIG))
    assert (result.unknown_difficulty, given_share.unknown_difficulty, no_matter.unknown_difficulty) == (2, 2, 0)
    assert given_share.there is not None
    assert given_share.there.calls == Money(2 * BIG // 4)
    assert (given_share.least, given_share.most) == (given_share.there.total, given_share.there.total)
    assert no_matter.there is not None


def test_a_difficulty_that_changes_nothing_is_no_matter() -> None:
    """A private request stays, hard or not."""
    rules = (BY_DIFFICULTY[0] | {"use": ["frontier", "llama"]}, BY_DIFFICULTY[1] | {"name": "hard"})
    alike = ruled({**BY_DIFFICULTY[0], "use": ["llama"], "name": "a"}, {"name": "a2", "use": ["llama"]})

    same = asked(ruled(rules[0]), paid(difficulty=None, level=Level.RESTRICTED))
    other_rule = asked(alike, paid(difficulty=None))

    assert same.refused == 1
    assert (other_rule.unknown_difficulty, other_rule.least, other_rule.most) == (1, Money(0), Money(0))


def test_what_cannot_be_compared_is_counted() -> None:
    """Refused there, not answered here, without tokens, without a price on either side."""
    untold = attempt_record(backend="openai", usage=Usage())
    given_policy = ruled(
        {"name": "odd", "when": {"task": "odd"}, "use": ["unheard"]}, {"name": "all", "use": ["frontier"]}
    )
    given_policy = given_policy.model_copy(
        update={
            "backends": {
                **given_policy.backends,
                "unheard": given_policy.backends["frontier"].model_copy(update={"model": "acme/unheard"}),
            }
        }
    )

    result = asked(
        given_policy,
        paid("fine"),
        paid("private", level=Level.RESTRICTED),
        paid("failed", status="exhausted", backend=None),
        paid("silent", attempts=()),
        paid("untold", attempts=(untold,)),
        paid("unpriced", cost=None),
        paid("odd", task="odd"),
    )

    assert counts(result) == (7, 1, 1, 2, 1, 2)
    assert result.here.calls == Money(5_000_000)
    assert result.coverage == pytest.approx(1 / 7)


def test_a_cache_answers_whatever_the_policy_says() -> None:
    """It is the caller's: the request costs what it cost, on both sides."""
    cached = attempt_record(backend="openai", usage=USAGE, purpose="cache", cost=Money(7), cost_source="price")

    result = asked(ruled({"name": "all", "use": ["frontier"]}), paid(attempts=(cached,), cost=Money(7)))

    assert result.there is not None
    assert (result.cached, result.compared, result.saved) == (1, 1, Money(0))
    assert [(use.backend, use.cost) for use in result.uses] == [("(cache)", Money(7))]


def test_comparisons_are_paid_for_as_well() -> None:
    """A random share of the local answers is asked of a strong backend, too."""
    given_policy = ruled({"name": "all", "use": ["llama"]}, holdout={"backend": "frontier", "share": 0.1})

    result = asked(given_policy, paid(), paid("b", level=Level.CONFIDENTIAL))

    assert result.there is not None
    assert (result.there.calls, result.there.comparisons) == (Money(0), Money(BIG // 10))


def test_a_comparison_without_a_price_makes_the_request_unpriced() -> None:
    """What nobody knows is not free."""
    given_policy = ruled({"name": "all", "use": ["llama"]}, holdout={"backend": "frontier", "share": 0.1})

    result = what_if([paid()], given_policy, PriceList({}, version="v0"))

    assert counts(result) == (1, 0, 0, 0, 0, 1)


def test_people_are_counted_where_the_policy_counts_them() -> None:
    """On both sides each its own."""
    given_policy = ruled({"name": "all", "use": ["llama"]}, engineers={"usd_per_month": 730})
    beside = Beside(hardware=Money(1), comparisons=Money(2), engineers=Money(3))

    result = asked(given_policy, paid(), since=NOON, until=NOON + timedelta(hours=2), beside=beside)

    assert result.there is not None
    assert (result.here.total, result.there.engineers) == (Money(5_000_006), Money(2 * 10**9))


def test_prices_are_those_of_the_day() -> None:
    """A model that became cheaper was not cheaper before."""
    rising = replace(Price.per_mtok(input=1, output=1), valid_from=datetime(2026, 11, 24, tzinfo=UTC).date())
    prices = PriceList({"openai/big": rising}, version="v2")
    given_policy = ruled({"name": "all", "use": ["frontier"]})

    result = what_if([paid(), paid("b", at=NOON + timedelta(days=1))], given_policy, prices)

    assert counts(result) == (2, 1, 0, 0, 0, 1)


def test_nothing_is_asked_of_an_empty_period() -> None:
    """No requests, no coverage; a pool without a period costs nothing."""
    pools = {"card": {"gpus": 1, "usd_per_gpu_hour": 1}}

    result = asked(ruled({"name": "all", "use": ["llama"]}, pools=pools))

    assert (result.requests, result.coverage, result.since, result.pools) == (0, None, None, ())
    assert result.share is None


def test_work_of_unknown_rates_is_unknown() -> None:
    """The pool is charged all the same."""
    pools = {"card": {"gpus": 1, "usd_per_gpu_hour": 1}}

    result = asked(
        ruled({"name": "all", "use": ["llama"]}, pools=pools), paid(), since=NOON, until=NOON + timedelta(hours=1)
    )

    assert [(pool.cost, pool.gpu_s) for pool in result.pools] == [(Money(10**9), None)]


def test_what_is_not_played_through_is_told() -> None:
    """Models that judge, hardware in no pool, shares of tenants; and where the recorded side lacks its hardware."""
    plain = asked(ruled({"name": "all", "use": ["llama"]}), paid())
    rule = {**CASCADE, "accept": {"judge": "llm", "backend": "frontier"}}
    rich = asked(ruled(rule, escalation={"per_tenant": 0.1}), paid(), beside=Beside())

    assert "hardware of llama is not included: the policy puts it in no pool" in plain.assumptions
    assert "hardware and people of what was recorded are not included" in plain.assumptions
    assert "judges that are models are not priced (rules tickets)" in rich.assumptions
    assert "shares of tenants that may leave, and redaction, are not played through" in rich.assumptions
    assert "hardware and people of what was recorded are not included" not in rich.assumptions


def test_escalations_are_observed_from_the_hours() -> None:
    """Of each rule, all its cells together."""
    cell = cell_of(paid())

    def hours() -> Iterator[Hour]:
        for rule, answered, escalated in (("a", 10, 1), ("a", 5, 2), ("b", 1, 0), (None, 9, 9)):
            sums = Sums(answered=answered, escalated=escalated)
            yield Hour(0, cell._replace(rule=rule), sums, 0, 0)

    assert observed(hours()) == {"a": Observed(15, 3), "b": Observed(1, 0)}


@given(st.integers(0, 100), st.integers(0, 100), st.lists(st.none() | st.floats(0, 1), min_size=1, max_size=8))
def test_the_parts_add_up_and_lie_within_the_bounds(rejected: int, easy: int, difficulties: list[Any]) -> None:
    """Rows to the nano-USD, and no share leads outside of what was said to be possible."""
    rules = (BY_DIFFICULTY[0], {**CASCADE, "name": "easy"})
    entries = [paid(str(number), difficulty=one) for number, one in enumerate(difficulties)]
    assumed = Assumed(rejected=Fraction(rejected, 100), easy=Fraction(easy, 100))

    open_result, result = asked(ruled(*rules), *entries), asked(ruled(*rules), *entries, assumed=assumed)

    assert result.there is not None
    assert sum(use.cost.nano_usd for use in result.uses) == result.there.calls.nano_usd
    bounds = open_result.least.nano_usd, open_result.most.nano_usd
    assert bounds[0] <= result.there.total.nano_usd <= bounds[1]
