"""What a request adds to its hour: every nano-USD in one column, and each column a plain sum."""

from hypothesis import given
from hypothesis import strategies as st
from support.entries import attempt_record, ledger_entry

from gateway.entries import AttemptRecord, LedgerEntry
from gateway.money.rollups import Sums, call_cells, cell_of, sums_of
from gateway.types import Money, Usage

BASELINE = Money(1_600_000)
API = {"backend": "frontier", "model": "openai/gpt-5-mini", "cost_source": "price"}
PAID = attempt_record(**API, cost=Money(900_000), uncached_cost=Money(1_000_000))


def api_entry(*attempts: AttemptRecord, **fields: object) -> LedgerEntry:
    cost = sum((attempt.cost or Money(0) for attempt in attempts), Money(0))
    given: dict[str, object] = {
        "backend": "frontier",
        "model": "openai/gpt-5-mini",
        "local": False,
        "cost": cost,
        "baseline_cost": BASELINE,
        "attempts": attempts,
    }
    return ledger_entry("api", **{**given, **fields})


def drivers(sums: Sums) -> int:
    """Return baseline less every column of costs."""
    costs = sums.cost_first + sums.cost_escalation + sums.cost_failure + sums.cost_judge
    return sums.baseline - costs - sums.cost_sample - sums.cost_guard - sums.cost_embedding


def test_a_local_answer_adds_its_baseline_to_the_pools() -> None:
    """Hardware of ours costs nothing at the margin; what it costs is charged by the hour."""
    sums = sums_of(ledger_entry("local"))

    assert (sums.baseline, sums.baseline_pool, sums.cost, sums.local, sums.covered) == (1_600_000, 1_600_000, 0, 1, 1)


def test_an_escalation_is_booked_after_the_first_answer() -> None:
    """The local answer that was rejected is whose baseline counts, the dear one after it is the escalation."""
    sums = sums_of(api_entry(attempt_record(accepted=False), PAID))

    assert (sums.baseline_pool, sums.cost_first, sums.cost_escalation, sums.escalated) == (1_600_000, 0, 900_000, 1)


def test_a_failed_call_is_a_failure_and_not_an_escalation() -> None:
    """What a call cost that brought no answer stands apart."""
    failed = attempt_record(**API, error="timeout", accepted=None, cost=Money(600))

    sums = sums_of(api_entry(failed, PAID))

    assert (sums.cost_failure, sums.cost_first, sums.cost_escalation) == (600, 900_000, 0)


def test_what_others_were_asked_stands_by_its_purpose() -> None:
    """Judges, samples, guards and look-ups are four columns."""
    asked = [
        attempt_record(**API, purpose=purpose, cost=Money(cost))
        for cost, purpose in enumerate(("judge", "sample", "guard", "embedding"), start=1)
    ]

    sums = sums_of(api_entry(*asked, PAID))

    assert (sums.cost_judge, sums.cost_sample, sums.cost_guard, sums.cost_embedding) == (1, 2, 3, 4)


def test_without_the_prompt_cache_both_sides_are_dearer() -> None:
    """What a provider's prompt cache spared is told apart from what the cheaper model spared."""
    sums = sums_of(api_entry(PAID, uncached_baseline=Money(2_000_000)))

    assert (sums.full_first, sums.full_baseline) == (1_000_000, 2_000_000)


def test_an_answer_from_a_cache_is_the_caches() -> None:
    """Its baseline is counted for the cache, and it is no escalation."""
    hit = attempt_record(**API, purpose="cache", cost=Money(0))

    sums = sums_of(api_entry(hit))

    assert (sums.cached, sums.baseline_cache, sums.escalated) == (1, 1_600_000, 0)


def test_a_request_that_nobody_answered_is_all_failure() -> None:
    """It is compared with nothing, and costs what it cost."""
    entry = ledger_entry("e", status="exhausted", backend=None, local=None, cost=Money(7), attempts=(
        attempt_record(**API, error="timeout", cost=Money(5)), attempt_record(**API, accepted=False, cost=Money(2)),
    ), baseline_cost=None)  # fmt: skip

    sums = sums_of(entry)

    assert (sums.exhausted, sums.cost_failure, sums.baseline, sums.covered) == (1, 7, 0, 1)


def test_an_unknown_cost_is_left_out_and_counted() -> None:
    """What is known of it stands apart, and in no sum."""
    lost = attempt_record(**{**API, "cost_source": "unknown"}, error="timeout", cost=None)

    sums = sums_of(api_entry(lost, PAID, cost=None))

    assert (sums.excluded, sums.covered, sums.cost, sums.baseline, sums.excluded_cost) == (1, 0, 0, 0, 900_000)


def test_the_managed_baseline_of_an_api_answer_is_what_it_cost() -> None:
    """Only our own model has a managed host to be compared with."""
    assert sums_of(api_entry(PAID)).managed == 900_000
    assert sums_of(ledger_entry("local", managed_cost=Money(70_000))).managed == 70_000


def test_a_local_answer_without_a_managed_host_is_not_in_that_sum() -> None:
    """An unknown price is no free lunch."""
    sums = sums_of(ledger_entry("local"))

    assert (sums.managed, sums.managed_covered) == (0, 0)


@given(
    st.lists(
        st.builds(
            attempt_record,
            cost=st.builds(Money, st.integers(0, 10**12)),
            purpose=st.sampled_from(["answer", "judge", "sample", "guard", "embedding", "cache"]),
            error=st.sampled_from([None, "timeout"]),
            cost_source=st.sampled_from(["pool", "price"]),
        ),
        max_size=6,
    ),
    st.sampled_from(["answered", "exhausted", "cancelled"]),
)
def test_the_columns_of_a_covered_request_add_up_to_what_it_saved(attempts: list[AttemptRecord], status: str) -> None:
    """No nano-USD is in two columns or in none."""
    baseline = BASELINE if status == "answered" else None

    entry = api_entry(*attempts, status=status, baseline_cost=baseline)

    assert drivers(sums_of(entry)) == (baseline or Money(0)).nano_usd - (entry.cost or Money(0)).nano_usd


def test_calls_are_summed_by_purpose_and_kind_of_token() -> None:
    """Tokens are disjoint: no token is counted twice."""
    entry = api_entry(attempt_record(**API, usage=Usage(prompt_tokens=100, completion_tokens=20, cached_tokens=60)))

    ((cell, sums),) = call_cells(entry)

    assert (cell.purpose, cell.backend, sums.input, sums.cache_read, sums.output) == ("answer", "frontier", 40, 60, 20)


def test_requests_that_differ_in_a_label_are_not_summed_together() -> None:
    """Chargeback, models and rules are told apart."""
    assert cell_of(ledger_entry("a", team="x")) != cell_of(ledger_entry("b", team="y"))
    assert cell_of(ledger_entry("a")).tag_names == ("pii",)
