"""The savings table: what is known adds up, what is unknown is counted, what is lost is shown."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.entries import NOON, attempt_record, ledger_entry

from gateway.entries import HoldoutRecord, LedgerEntry
from gateway.money.savings import Savings, savings
from gateway.policy.models import PoolPolicy
from gateway.types import Money

A100S = PoolPolicy(gpus=2, usd_per_gpu_hour=1.37)
BASELINE = Money(1_600_000)
FREE = Money(0)
LOCAL = attempt_record(backend="llama", cost=Money(0), cost_source="pool")
PAID = attempt_record(backend="frontier", model="openai/gpt-5-mini", cost=BASELINE, cost_source="price")


def local(**fields: object) -> LedgerEntry:
    return ledger_entry("local", **{"baseline_cost": BASELINE, "attempts": (LOCAL,), **fields})


def paid(**fields: object) -> LedgerEntry:
    given = {"backend": "frontier", "model": "openai/gpt-5-mini", "local": False, "cost": BASELINE, "attempts": (PAID,)}
    return ledger_entry("paid", **{**given, "baseline_cost": BASELINE, **fields})


def unanswered(status: str, cost: Money | None = FREE) -> LedgerEntry:
    nobody = {"backend": None, "model": None, "local": None, "baseline_cost": None, "attempts": ()}
    return ledger_entry(status, status=status, cost=cost, **nobody)


def table(*entries: LedgerEntry) -> Savings:
    return savings(entries, pools={}, pool_of={})


def test_groups_are_counted_by_backend_and_model() -> None:
    """Who answered how much stands in one row, and nobody's requests in the last."""
    result = table(paid(), local(), unanswered("refused"), local())

    assert [(row.backend, row.requests) for row in result.rows] == [("frontier", 1), ("llama", 2), (None, 1)]


def test_every_ending_is_counted() -> None:
    """Answered, refused, failed and cancelled requests are four numbers."""
    total = table(local(), paid(), unanswered("refused"), unanswered("exhausted"), unanswered("cancelled")).total

    counts = (total.requests, total.answered, total.refused, total.failed, total.cancelled)
    assert counts == (5, 2, 1, 1, 1)


def test_the_local_share_is_of_the_answers() -> None:
    """Refusals do not make the share smaller."""
    assert table(local(), paid(), local(), paid(), unanswered("refused")).total.local_share == 0.5


def test_escalations_are_counted() -> None:
    """A request that two backends worked on was escalated."""
    assert table(paid(attempts=(LOCAL, PAID)), paid(), local()).total.escalated == 1


def test_an_escalation_that_cost_more_than_the_baseline_is_a_loss() -> None:
    """Negative savings are shown."""
    assert table(paid(cost=Money(2_000_000))).total.saved == Money(-400_000)


@pytest.mark.parametrize("status", ["exhausted", "cancelled"])
def test_a_request_without_an_answer_saves_nothing_and_costs_what_it_cost(status: str) -> None:
    """Failures are not swept under the carpet."""
    assert table(unanswered(status, cost=Money(700))).total.saved == Money(-700)


@pytest.mark.parametrize("entry", [local(baseline_cost=None), unanswered("exhausted", cost=None)])
def test_what_is_unknown_is_counted_and_left_out(entry: LedgerEntry) -> None:
    """A missing price lowers the coverage; it never raises the savings."""
    total = table(entry, local(), local(), local()).total

    assert (total.excluded, total.coverage, total.saved) == (1, 0.75, Money(3 * BASELINE.nano_usd))


def test_a_known_cost_without_a_baseline_is_still_shown() -> None:
    """Money that was spent does not vanish because there is nothing to compare it with."""
    total = table(paid(baseline_cost=None)).total

    assert (total.cost, total.excluded_cost) == (Money(0), BASELINE)


def test_a_pool_is_paid_from_the_first_entry_to_the_last() -> None:
    """Two cards at $1.37 for 24 hours are $65.76, idle or not."""
    day = [local(), local(at=NOON + timedelta(hours=24)), local(at=NOON + timedelta(hours=7))]

    result = savings(day, pools={"a100s": A100S}, pool_of={"llama": "a100s"})

    assert result.hardware.usd == Decimal("65.76")
    assert result.hours == 24


def test_a_given_period_wins_over_the_entries() -> None:
    """A pool that stood idle before the first request was paid all the same."""
    since, until = NOON - timedelta(days=1), NOON + timedelta(days=1)

    result = savings([local()], pools={"a100s": A100S}, pool_of={"llama": "a100s"}, since=since, until=until)

    assert result.hardware.usd == Decimal("131.52")


def test_comparing_answers_is_money_spent() -> None:
    """It has a line of its own, lowers the net, and what is unknown of it is counted and not 0."""
    costs = (Money(100), None, Money(20))
    records = [
        HoldoutRecord(entry_id=f"{n}", attempt=attempt_record(purpose="holdout", cost=cost), at=NOON)
        for n, cost in enumerate(costs)
    ]

    result = savings([local()], pools={}, pool_of={}, holdouts=records)

    assert result.as_dict()["holdout"] == {"calls": 3, "excluded": 1, "cost_nano_usd": 120}
    assert result.net == result.total.saved - Money(120)


def test_hardware_that_does_not_pay_makes_the_net_negative() -> None:
    """Two A100 for a day, and two tickets."""
    day = [local(), local(at=NOON + timedelta(hours=24))]

    result = savings(day, pools={"a100s": A100S}, pool_of={"llama": "a100s"})

    assert result.net.usd == Decimal("0.0032") - Decimal("65.76")


@dataclass(frozen=True)
class OddPool:
    """A third of a nano-USD is possible where rates are odd."""

    gpus: int = 1
    usd_per_gpu_hour: float = 0.1


def test_a_pool_cost_is_exact_and_rounded_once() -> None:
    """A microsecond at $0.10 an hour is 0.0277... nano-USD: 18 of them round to 1, 17 to 0."""
    costs = [
        savings([], pools={"odd": OddPool()}, pool_of={}, since=NOON, until=NOON + timedelta(microseconds=n)).hardware
        for n in (17, 18)
    ]

    assert costs == [Money(0), Money(1)]


def test_a_period_that_ends_before_it_begins_costs_nothing() -> None:
    """Hardware is never an income."""
    result = savings([], pools={"a100s": A100S}, pool_of={}, since=NOON, until=NOON - timedelta(hours=1))

    assert result.hardware == Money(0)


@pytest.mark.parametrize(("pool_of", "unpooled"), [({}, ("llama",)), ({"llama": "gone"}, ("llama",))])
def test_local_backends_without_a_pool_are_named(pool_of: dict[str, str], unpooled: tuple[str, ...]) -> None:
    """Hardware whose cost nobody stated is said to be missing, not taken as free."""
    assert savings([paid(attempts=(LOCAL, PAID))], pools={}, pool_of=pool_of).unpooled == unpooled


def test_an_empty_ledger_gives_an_empty_table() -> None:
    """Nothing happened: no shares, no cost, no period."""
    result = savings([], pools={"a100s": A100S}, pool_of={})

    assert (result.total.coverage, result.total.local_share, result.net, result.hours) == (None, None, Money(0), 0)


def test_the_table_is_json() -> None:
    """Programs read it: integers of nano-USD, and what is missing by name."""
    result = savings(
        [local(), local(at=NOON + timedelta(hours=1))], pools={"a100s": A100S}, pool_of={"llama": "a100s"}
    ).as_dict()

    read = json.loads(json.dumps(result))

    assert read == result
    assert (read["net_nano_usd"], read["hardware_nano_usd"]) == (3_200_000 - 2_740_000_000, 2_740_000_000)
    assert read["rows"][0]["backend"] == "llama"


amounts = st.none() | st.integers(-(10**12), 10**12).map(Money)
entries = st.lists(
    st.builds(
        ledger_entry,
        st.just("any"),
        status=st.sampled_from(["answered", "refused", "exhausted", "cancelled"]),
        backend=st.sampled_from([None, "llama", "frontier"]),
        model=st.sampled_from([None, "a", "b"]),
        cost=amounts,
        baseline_cost=amounts,
    ),
    max_size=30,
)


@settings(deadline=None)
@given(entries)
def test_the_rows_add_up_to_the_total(recorded: Sequence[LedgerEntry]) -> None:
    """Not a nano-USD is lost between the lines."""
    result = table(*recorded)

    for name in ("requests", "answered", "refused", "failed", "cancelled", "local", "escalated", "excluded"):
        assert sum(getattr(row, name) for row in result.rows) == getattr(result.total, name)
    for name in ("cost", "baseline", "excluded_cost", "saved"):
        assert sum((getattr(row, name) for row in result.rows), Money(0)) == getattr(result.total, name)


@settings(deadline=None)
@given(entries)
def test_what_is_saved_is_the_sum_of_what_the_entries_saved(recorded: Sequence[LedgerEntry]) -> None:
    """The table says what the books say, request by request."""
    expected = 0
    for entry in recorded:
        if entry.status == "answered":
            expected += entry.saved.nano_usd if entry.saved else 0
        elif entry.cost:
            expected -= entry.cost.nano_usd

    assert table(*recorded).total.saved == Money(expected)
