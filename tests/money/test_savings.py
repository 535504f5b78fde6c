"""The savings table: what is known adds up, what is unknown is counted, what is lost is shown."""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.entries import NOON, attempt_record, ledger_entry

from gateway.entries import HoldoutRecord, LedgerEntry
from gateway.money.account import savings
from gateway.money.rollups import Sums, summed
from gateway.money.savings import Savings
from gateway.money.told import as_dict, csv_rows
from gateway.policy.models import Policy
from gateway.types import Money

CARDS = {"a100s": {"gpus": 2, "usd_per_gpu_hour": 1.37}}


def policy(pools: Mapping[str, object], pool: str | None = "a100s") -> Policy:
    llama = {"kind": "mock", "model": "llama-3.1-8b-instruct", "local": True, "clearance": "restricted"}
    backends = {"llama": {**llama, "pool": pool} if pools else llama}
    rules = [{"name": "all", "use": ["llama"]}]
    return Policy.model_validate({"version": 1, "backends": backends, "pools": pools, "rules": rules})


POOLED, BARE = policy(CARDS), policy({})
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
    return savings(*summed(entries), policy=BARE)


def test_groups_are_counted_by_backend_and_model() -> None:
    """Who answered how much stands in one row, and nobody's requests in the last."""
    result = table(paid(), local(), unanswered("refused"), local())

    assert [(row.group[0], row.sums.requests) for row in result.rows] == [("frontier", 1), ("llama", 2), (None, 1)]


def test_every_ending_is_counted() -> None:
    """Answered, refused, failed and cancelled requests are four numbers."""
    total = table(local(), paid(), unanswered("refused"), unanswered("exhausted"), unanswered("cancelled")).total

    sums = total.sums
    counts = (sums.requests, sums.answered, sums.refused, sums.exhausted, sums.cancelled)
    assert counts == (5, 2, 1, 1, 1)


def test_the_local_share_is_of_the_answers() -> None:
    """Refusals do not make the share smaller."""
    assert table(local(), paid(), local(), paid(), unanswered("refused")).total.local_share == 0.5


def test_escalations_are_counted() -> None:
    """A request that two backends worked on was escalated."""
    assert table(paid(attempts=(LOCAL, PAID)), paid(), local()).total.sums.escalated == 1


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

    assert (total.sums.excluded, total.coverage, total.saved) == (1, 0.75, Money(3 * BASELINE.nano_usd))


def test_a_known_cost_without_a_baseline_is_still_shown() -> None:
    """Money that was spent does not vanish because there is nothing to compare it with."""
    total = table(paid(baseline_cost=None)).total

    assert (total.cost, Money(total.sums.excluded_cost)) == (Money(0), BASELINE)


def test_a_pool_is_paid_from_the_first_entry_to_the_last() -> None:
    """Two cards at $1.37 for 24 hours are $65.76, idle or not."""
    day = [local(), local(at=NOON + timedelta(hours=24)), local(at=NOON + timedelta(hours=7))]

    result = savings(*summed(day), policy=POOLED)

    assert result.hardware.usd == Decimal("65.76")
    assert result.hours == 24


def test_a_given_period_wins_over_the_entries() -> None:
    """A pool that stood idle before the first request was paid all the same."""
    since, until = NOON - timedelta(days=1), NOON + timedelta(days=1)

    result = savings(*summed([local()]), policy=POOLED, since=since, until=until)

    assert result.hardware.usd == Decimal("131.52")


def test_comparing_answers_is_money_spent() -> None:
    """It has a line of its own, lowers the net, and what is unknown of it is counted and not 0."""
    costs = (Money(100), None, Money(20))
    records = [
        HoldoutRecord(entry_id="local", attempt=attempt_record(purpose="holdout", cost=cost), at=NOON) for cost in costs
    ]

    result = savings(*summed([local()], records), policy=BARE)

    assert as_dict(result)["comparisons"] == {"calls": 3, "unpriced": 1, "cost_nano_usd": 120}
    assert result.net == result.total.saved - Money(120)


def test_hardware_that_does_not_pay_makes_the_net_negative() -> None:
    """Two A100 for a day, and two tickets."""
    day = [local(), local(at=NOON + timedelta(hours=24))]

    result = savings(*summed(day), policy=POOLED)

    assert result.net.usd == Decimal("0.0032") - Decimal("65.76")


def test_a_pool_cost_is_exact_and_rounded_once() -> None:
    """A microsecond at $0.10 an hour is 0.0277... nano-USD: 18 of them round to 1, 17 to 0."""
    odd = policy({"a100s": {"gpus": 1, "usd_per_gpu_hour": 0.1}})

    costs = [savings([], [], policy=odd, since=NOON, until=NOON + timedelta(microseconds=n)).hardware for n in (17, 18)]

    assert costs == [Money(0), Money(1)]


def test_a_period_that_ends_before_it_begins_costs_nothing() -> None:
    """Hardware is never an income."""
    result = savings([], [], policy=POOLED, since=NOON, until=NOON - timedelta(hours=1))

    assert result.hardware == Money(0)


@pytest.mark.parametrize("given", [BARE, policy(CARDS, None)])
def test_local_backends_without_a_pool_are_named(given: Policy) -> None:
    """Hardware whose cost nobody stated is said to be missing, not taken as free."""
    assert savings(*summed([paid(attempts=(LOCAL, PAID))]), policy=given).unpooled == ("llama",)


def test_an_empty_ledger_gives_an_empty_table() -> None:
    """Nothing happened: no shares, no cost, no period."""
    result = savings([], [], policy=POOLED)

    assert (result.total.coverage, result.total.local_share, result.net, result.hours) == (None, None, Money(0), 0)


def test_the_table_is_json() -> None:
    """Programs read it: integers of nano-USD, and what is missing by name."""
    result = as_dict(savings(*summed([local(), local(at=NOON + timedelta(hours=1))]), policy=POOLED))

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

    total = Sums()
    for row in result.rows:
        total = total.plus(row.sums)
    assert total == result.total.sums
    assert sum((row.saved for row in result.rows), Money(0)) == result.total.saved


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


def test_rows_are_csv_in_usd() -> None:
    """A spreadsheet reads them; what is unknown is empty, and an empty period is a header."""
    found = savings(*summed([local(), paid(cost=None)]), policy=BARE, by=("backend", "team"))
    nothing = savings([], [], policy=BARE, by=("backend", "team"))

    header, *values = csv_rows(found)
    lines = [dict(zip(header, line, strict=True)) for line in values]
    assert [line["backend"] for line in lines] == ["frontier", "llama"]
    assert (lines[0]["saved_usd"], lines[1]["saved_usd"]) == ("", "0.001600000")
    assert list(csv_rows(nothing)) == [header]


def test_a_name_is_no_formula() -> None:
    """A team that is called like one does not reckon in anybody's spreadsheet."""
    _, line = csv_rows(savings(*summed([local(team="=1+1")]), policy=BARE, by=("team",)))

    assert line[0] == "'=1+1"
