"""The account of a period: to the nano-USD, driver by driver."""

from decimal import Decimal

import pytest
from support.entries import attempt_record, ledger_entry
from support.one_day import DAWN, DUSK, LLAMA, MINI, NEW_PRICE, OLD_PRICE, POLICY, TICKET, day

from gateway.money.account import savings
from gateway.money.certainty import Pair, baseline_ratio, wilson
from gateway.money.groups import By
from gateway.money.rollups import summed
from gateway.money.savings import Savings
from gateway.policy.models import Policy
from gateway.types import Money

# The example, in USD: what each driver saved or cost.
DRIVERS = {
    "response_cache": "15.780000",
    "self_hosting": "62.240000",
    "cheaper_models": "0.000000",
    "prompt_cache": "0.000000",
    "escalations": "-6.400000",
    "failures": "-0.144000",
    "judges": "-1.045000",
    "second_samples": "0.000000",
    "guards": "0.000000",
    "comparisons": "0.000000",
    "corrections": "0.000000",
    "engineers": "-19.726027",
}


def usd(money: Money | None) -> str:
    assert money is not None
    return f"{money.usd:.6f}"


def account(**fields: object) -> Savings:
    hours, calls = day(**{name: fields.pop(name) for name in ("price", "baseline") if name in fields})  # type: ignore[arg-type]
    return savings(hours, calls, policy=POLICY, since=DAWN, until=DUSK, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("driver", DRIVERS)
def test_the_drivers_of_the_day(driver: str) -> None:
    """Each line of the waterfall is what the example says."""
    amounts = {found.name: usd(found.amount) for found in account().drivers}

    assert amounts[driver] == DRIVERS[driver]


def test_the_day_in_sums() -> None:
    """Baseline, actual, net, and the claim of those who count neither hardware nor failures."""
    found = account()

    assert (usd(found.total.baseline), usd(found.actual), usd(found.net)) == ("176.000000", "125.295027", "50.704973")
    assert f"{found.share:.8f}" == "0.28809644"
    assert usd(found.naive) == "144.000000"
    assert f"{found.naive.usd / found.total.baseline.usd:.8f}" == "0.81818182"


def test_the_drivers_add_up_to_the_net() -> None:
    """To the nano-USD, whatever the rounding."""
    found = account()

    assert sum(driver.amount.nano_usd for driver in found.drivers) == found.net.nano_usd
    for driver in found.drivers:
        assert sum(part.nano_usd for _, part in driver.parts) == driver.amount.nano_usd


def test_the_pool_of_the_day() -> None:
    """13,664 GPU-seconds: 15.81 % of one card, 7.91 % of two; the rest was idle."""
    (pool,) = account().pools

    assert (usd(pool.cost), usd(pool.used), usd(pool.idle)) == ("65.760000", "5.199911", "60.560089")
    assert pool.gpu_s == 13_664
    assert f"{pool.busy:.4f}" == "0.0791"
    assert (pool.cost.nano_usd, pool.gpus) == ((pool.used or Money(0)).nano_usd + (pool.idle or Money(0)).nano_usd, 2)


def test_a_tokenizer_that_needs_fewer_tokens_lowers_the_saving() -> None:
    """0.96 tokens of the baseline for each one: 168.96 instead of 176."""
    found = account(baseline=Money(1_536_000))

    assert (usd(found.total.baseline), usd(found.net)) == ("168.960000", "43.664973")
    assert f"{found.share:.8f}" == "0.25843379"


def test_at_the_prices_of_its_successor_the_day_is_a_loss() -> None:
    """Negative totals are shown."""
    found = account(price=NEW_PRICE)

    assert (usd(found.total.baseline), usd(found.actual), usd(found.net)) == ("53.900000", "97.908627", "-44.008627")


def test_what_was_judged_makes_the_saving_smaller() -> None:
    """776 of 800 local answers were as good: bad ones cost, and at the lower bound the day is a loss."""
    pairs = [Pair(assumed=None, real=None, agreement=1.0 if number < 776 else 0.0) for number in range(800)]

    found = account(pairs=pairs)

    assert found.equivalence is not None
    assert found.rework_net is not None
    assert (found.equivalence.share, f"{found.equivalence.low:.5f}", f"{found.equivalence.high:.5f}") == (
        0.97,
        "0.95575",
        "0.97976",
    )
    assert [f"{net.usd:.3f}" for net in found.rework_net] == ["5.105", "-16.556"]
    assert usd(found.rework_net[0]) == "5.104973"


def test_three_baselines_stand_side_by_side() -> None:
    """The declared model, a managed host of the same open model, and the same models without a router."""
    declared, managed, direct = account().baselines

    assert (declared.models, usd(declared.net)) == (("openai/gpt-5-mini",), "50.704973")
    # No local answer has a managed price here: only what an API answered can be compared.
    assert (managed.requests, managed.of) == (34_000, 110_000)
    # 24,000 answers of the API and all hardware, against the same with overheads.
    assert usd(direct.baseline) == "104.160000"
    assert usd(direct.net) == "-21.135027"


def test_rows_share_the_hardware_by_their_gpu_time() -> None:
    """Absorbed cost: every cent of the pool is charged to somebody, and the rows add up to the total."""
    found = account(by=("backend",))

    shares = {row.group: row.hardware for row in found.rows}
    assert shares == {("llama",): Money(65_760_000_000), ("mini",): Money(0)}
    assert sum(row.sums.requests for row in found.rows) == 110_000
    assert sum(row.saved.nano_usd for row in found.rows) == found.total.saved.nano_usd


def test_without_a_price_the_coverage_falls_and_the_saving_with_it() -> None:
    """A missing price is no free lunch: what a model saved is not counted without it."""
    hours, calls = day(baseline=Money(2_000_000))
    priced = account(baseline=Money(2_000_000))
    lost = [
        hour._replace(
            sums=hour.sums._replace(
                **dict.fromkeys(("covered", "cost", "baseline", "full_baseline", "full_first", "cost_first"), 0),
                excluded=hour.sums.requests,
            )
        )
        if hour.cell.model == "openai/gpt-5-mini" and not hour.sums.baseline_pool and not hour.sums.cached
        else hour
        for hour in hours
    ]

    unpriced = savings(lost, calls, policy=POLICY, since=DAWN, until=DUSK)

    assert (priced.total.coverage, unpriced.total.coverage) == (1.0, 90_000 / 110_000)
    assert unpriced.net < priced.net


def test_the_holdout_says_what_the_baseline_really_costs() -> None:
    """The baseline wrote a fifth more than was assumed: the estimate has an interval around the higher saving."""
    pairs = [
        Pair(assumed=Money(1_600_000), real=Money(1_900_000 + 10_000 * (number % 5)), agreement=None)
        for number in range(100)
    ]

    found = account(pairs=pairs)

    assert found.estimate is not None
    estimate, low, high = found.estimate
    assert usd(estimate) == usd(found.net + Money(round(0.2 * 128_000_000_000)))
    assert low < estimate < high


def test_few_comparisons_say_nothing() -> None:
    """An interval of three pairs would be an invention."""
    assert baseline_ratio([Pair(assumed=Money(1), real=Money(1), agreement=1.0)] * 29) is None
    assert account().estimate is None


def test_wilson_is_wilson() -> None:
    """Of nothing found in ten, up to 28 % may be there."""
    assert [round(bound, 4) for bound in wilson(0, 10)] == [0.0, 0.2775]


def test_an_empty_period_has_no_sums() -> None:
    """Nothing happened: hardware costs where the period is named, shares are unknown."""
    nothing = savings([], [], policy=POLICY)
    named = savings([], [], policy=POLICY, since=DAWN, until=DUSK)

    assert (nothing.net, nothing.share, nothing.hours, nothing.total.coverage) == (Money(0), None, 0.0, None)
    assert (usd(named.net), named.hours) == ("-85.486027", 24.0)


def test_the_price_of_a_ticket() -> None:
    """What all the rest is reckoned from."""
    assert (OLD_PRICE.of(TICKET), NEW_PRICE.of(TICKET)) == (Money(1_600_000), Money(490_000))
    assert Decimal(110_000) * Money(1_600_000).usd == 176


def test_a_row_has_its_hardware_whatever_the_server_calls_the_model() -> None:
    """llama.cpp names a file, the policy a model: the row of the policy's name is charged."""
    attempts = (attempt_record(model="Llama-3.1-8B-Instruct-Q4_K_M.gguf"),)

    found = savings(*summed([ledger_entry("one", attempts=attempts)]), policy=POLICY, since=DAWN, until=DUSK)

    assert [(row.group, usd(row.hardware)) for row in found.rows] == [(("llama", LLAMA), "65.760000")]


def test_a_model_that_the_server_names_is_looked_for_by_that_name() -> None:
    """With `model: auto` the requests are booked under the server's name too."""
    pool = POLICY.pools["a100s"].model_dump(exclude_unset=True)
    auto = {"kind": "llamacpp", "model": "auto", "clearance": "restricted", "pool": "a100s"}
    given = Policy.model_validate(
        {
            "version": 1,
            "backends": {"llama": auto},
            "pools": {"a100s": pool},
            "rules": [{"name": "all", "use": ["llama"]}],
        }
    )
    entry = ledger_entry("one", model="found.gguf", attempts=(attempt_record(model="found.gguf"),))

    found = savings(*summed([entry]), policy=given, since=DAWN, until=DUSK)

    assert [(row.group, usd(row.hardware)) for row in found.rows] == [(("llama", "found.gguf"), "65.760000")]


def test_hardware_that_worked_for_other_rows_has_a_row_of_its_own() -> None:
    """Every answer of the card was rejected: no request stands under its name, and its cost does."""
    dear = attempt_record(backend="mini", model=MINI, cost=Money(1_600_000), cost_source="price")
    attempts = (attempt_record(accepted=False), dear)
    entry = ledger_entry("one", backend="mini", model=MINI, local=False, cost=Money(1_600_000), attempts=attempts)

    found = savings(*summed([entry]), policy=POLICY, since=DAWN, until=DUSK)

    assert [(row.group[0], row.sums.requests, usd(row.hardware)) for row in found.rows] == [
        ("llama", 0, "65.760000"),
        ("mini", 1, "0.000000"),
    ]


@pytest.mark.parametrize("by", ["licence", "source"])
def test_by_what_calls_do_not_know_the_hardware_is_unknown(by: By) -> None:
    """It is not 0, which would be a saving that nobody made."""
    found = account(by=(by,))

    assert {row.hardware for row in found.rows} == {None}
    assert usd(found.total.hardware) == "65.760000"


def test_a_request_with_two_tags_costs_all_of_it_in_both_rows() -> None:
    """Half the hardware against the whole baseline would flatter each of them."""
    entries = [ledger_entry("one", tags=("a", "b")), ledger_entry("two", tags=("a",))]

    found = savings(*summed(entries), policy=POLICY, since=DAWN, until=DUSK, by=("tag",))

    assert [(row.group, usd(row.hardware)) for row in found.rows] == [(("a",), "65.760000"), (("b",), "32.880000")]
    assert usd(found.total.hardware) == "65.760000"


def test_what_the_baseline_answered_itself_assumes_nothing_of_its_tokens() -> None:
    """Only where another model answered a basis is needed."""
    itself = attempt_record(backend="mini", model="gpt-5-mini-2025-08-07", cost=Money(1_600_000), cost_source="price")
    entries = [
        ledger_entry("ours", token_basis="declared"),
        ledger_entry("theirs", backend="mini", model=MINI, local=False, cost=Money(1_600_000), attempts=(itself,)),
        ledger_entry("nobody's", status="refused", backend=None, model=None, baseline_cost=None, attempts=()),
    ]

    found = savings(*summed(entries), policy=POLICY, since=DAWN, until=DUSK)

    assert found.token_bases == ("declared",)
    assert [(use.model, use.cost) for use in found.uses] == [(MINI, Money(1_600_000))]


def test_a_dated_release_of_the_baseline_assumes_nothing_of_its_tokens() -> None:
    """It is the baseline under another name, and what it cost is what the baseline's calls cost."""
    dated = f"{MINI}-2025-08-07"
    given = POLICY.model_copy(
        update={
            "backends": {**POLICY.backends, "mini": POLICY.backends["mini"].model_copy(update={"model": dated})},
        }
    )
    itself = attempt_record(backend="mini", model="gpt-5-mini-2025-08-07", cost=Money(1_600_000), cost_source="price")
    theirs = ledger_entry("a", backend="mini", model=dated, local=False, cost=Money(1_600_000), attempts=(itself,))

    found = savings(*summed([theirs]), policy=given, since=DAWN, until=DUSK)

    assert found.token_bases == ()
    assert [(use.model, use.cost) for use in found.uses] == [(MINI, Money(1_600_000))]


def test_a_refusal_makes_no_saving_known() -> None:
    """Nothing is declared to compare with: that a refusal cost nothing is all that is known."""
    answered = ledger_entry("one", baseline_model=None, baseline_cost=None)
    refused = {"backend": None, "model": None, "local": None, "baseline_cost": None, "attempts": ()}
    entries = [answered, ledger_entry("two", status="refused", baseline_model=None, **refused)]

    found = savings(*summed(entries), policy=POLICY, since=DAWN, until=DUSK)

    assert not found.total.is_known
    assert {line.name: line.baseline for line in found.baselines if line.name != "direct"} == {
        "declared": None,
        "managed": None,
    }


def test_one_answer_that_is_known_makes_it_known() -> None:
    """Beside requests that failed, and others that nothing is known of."""
    failed = {"status": "exhausted", "backend": None, "model": None, "local": None, "baseline_cost": None}
    entries = [
        ledger_entry("one"),
        ledger_entry("two", **failed),
        ledger_entry("three", cost=None, **failed),
    ]

    assert savings(*summed(entries), policy=POLICY, since=DAWN, until=DUSK).total.is_known


def test_without_a_managed_host_of_any_local_model_there_is_no_such_baseline() -> None:
    """The API's own answers against all the hardware would be no comparison."""
    dear = attempt_record(backend="mini", model=MINI, cost=Money(1_600_000), cost_source="price")
    api = ledger_entry("api", backend="mini", model=MINI, local=False, cost=Money(1_600_000), attempts=(dear,))

    beside_local = savings(*summed([ledger_entry("ours"), api]), policy=POLICY, since=DAWN, until=DUSK).baselines[1]
    alone = savings(*summed([api]), policy=POLICY, since=DAWN, until=DUSK).baselines[1]

    assert (beside_local.requests, beside_local.baseline, beside_local.net) == (1, None, None)
    assert alone.baseline == Money(1_600_000)
