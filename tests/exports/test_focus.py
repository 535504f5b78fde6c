"""Charges by the FOCUS standard: they add up to the books, and say what finance must know."""

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from support import one_day
from support.charges import LLAMA, MINI, NOVEMBER, PRICES, charges, policy_of
from support.entries import NOON, attempt_record, ledger_entry

from gateway.entries import Correction, LedgerEntry
from gateway.exports.columns import VERSIONS, Row
from gateway.exports.files import read_table, write_csv
from gateway.exports.focus import Focus, Question
from gateway.exports.focus_check import check
from gateway.exports.hardware import Cards, pool_steps
from gateway.exports.periods import Grain, months
from gateway.exports.steps import steps
from gateway.money.pools import Period, pool_cost
from gateway.money.prices import Price, PriceList
from gateway.times import hour_of
from gateway.types import Money, Usage

API = {"backend": "mini", "model": MINI, "cost_source": "price"}
TICKET = Usage(prompt_tokens=2_400, completion_tokens=500, cached_tokens=400, reasoning_tokens=100)
# 2,000 x 0.25 + 400 x 0.025 + 500 x 2 USD a million.
TICKET_COST = Money(1_510_000)


# Any: the fields of two dataclasses, whose constructors check them.
def api_entry(
    entry_id: str = "api", *, cost: Money | None = TICKET_COST, call: Any = None, **fields: Any
) -> LedgerEntry:
    attempt = attempt_record(**{**API, "usage": TICKET, "cost": cost, **(call or {})})
    return ledger_entry(
        entry_id,
        **{
            "backend": "mini",
            "model": MINI,
            "local": False,
            "licence": None,
            "attempts": (attempt,),
            "cost": cost,
            "baseline_cost": TICKET_COST,
            **fields,
        },
    )


def correction(name: str, month: str, amount: int = -12_500_000_000, **about: str) -> Correction:
    reason = "credit note"
    return Correction(id=name, month=month, at=NOON, counted=NOON, amount=Money(amount), reason=reason, **about)


def total(rows: list[Row], column: str = "BilledCost") -> Decimal:
    return sum((value for row in rows if isinstance(value := row.get(column), Decimal)), Decimal(0))


def by_meter(rows: list[Row]) -> dict[Any, Row]:
    return {row["SkuMeter"]: row for row in rows}


def problems(rows: list[Row], version: Any = "1.3") -> list[str]:
    """Return what the checker says of rows as they stand in a CSV file."""
    file = io.BytesIO()
    write_csv(file, rows, version)
    file.seek(0)
    return [str(flaw) for flaw in check(*read_table(file), version)]


def test_a_call_is_charged_by_kind_of_token() -> None:
    """Fresh, cached, thought and written tokens are a row each, at their list price."""
    rows = by_meter(charges([api_entry()])[0])

    assert {meter: row["BilledCost"] for meter, row in rows.items()} == {
        "Input Tokens": Decimal("0.0005"),
        "Cached Input Tokens": Decimal("0.00001"),
        "Output Tokens": Decimal("0.0008"),
        "Reasoning Tokens": Decimal("0.0002"),
    }
    assert rows["Cached Input Tokens"]["PricingQuantity"] == 400
    assert rows["Cached Input Tokens"]["ListUnitPrice"] == Decimal("0.000000025")


def test_a_cost_of_ones_own_contract_is_split_all_the_same() -> None:
    """The list says what it would have cost; the books what it did, and that is what is billed."""
    rows, _ = charges([api_entry(cost=Money(755_001))])

    assert total(rows) == total(rows, "EffectiveCost") == total(rows, "ContractedCost") == Decimal("0.000755001")
    assert total(rows, "ListCost") == TICKET_COST.usd


def test_the_prices_of_the_policy_say_how_a_cost_is_split() -> None:
    """A contract on which output alone costs puts the whole cost there."""
    backends = policy_of().model_dump(exclude_unset=True)["backends"]
    backends["mini"]["price"] = {"input": 0, "output": 2}

    rows = by_meter(charges([api_entry(cost=Money(1_000_000))], policy=policy_of(backends=backends))[0])

    assert rows["Input Tokens"]["BilledCost"] == 0
    assert rows["Output Tokens"]["BilledCost"] == Decimal("0.0008")


def test_a_fee_for_the_request_is_a_row_of_its_own() -> None:
    """Half a cent each, whatever the tokens cost."""
    price = replace(Price.per_mtok(input=1, output=1), request=5_000_000_000)

    rows = by_meter(charges([api_entry(cost=Money(7_900_000))], prices=PriceList({MINI: price}, version="x"))[0])

    assert (rows["Requests"]["BilledCost"], rows["Requests"]["PricingQuantity"]) == (Decimal("0.005"), 1)
    assert rows["Requests"]["PricingUnit"] == "Requests"


def test_a_cost_without_a_price_stays_whole() -> None:
    """What a provider said it charged is known, though no list has the model."""
    rows, _ = charges(
        [api_entry(call={"model": "x/unheard-of", "cost_source": "provider"})], prices=PriceList({}, version="")
    )

    (row,) = rows
    assert (row["SkuMeter"], row["PricingQuantity"], row["BilledCost"]) == ("Tokens", 2_900, TICKET_COST.usd)
    assert (row["ListUnitPrice"], row["ListCost"]) == (None, TICKET_COST.usd)


def test_a_cost_of_a_call_without_tokens_is_one_of_requests() -> None:
    """A provider may charge for a call that it says nothing of."""
    (row,) = charges([api_entry(call={"usage": Usage(), "cost_source": "provider"})])[0]

    assert (row["SkuMeter"], row["PricingQuantity"], row["PricingUnit"]) == ("Requests", 1, "Requests")


def test_a_free_model_is_free_by_kind() -> None:
    """A price of 0 is a price."""
    free = PriceList({MINI: Price.per_mtok(input=0, output=0)}, version="free")

    rows, _ = charges([api_entry(cost=Money(0))], prices=free)

    assert len(rows) == 4
    assert total(rows) == 0
    assert rows[0]["ListUnitPrice"] == 0


def test_what_a_free_model_cost_is_not_split_by_its_price() -> None:
    """Where the list says 0 and the provider does not, the whole is one row."""
    free = PriceList({MINI: Price.per_mtok(input=0, output=0)}, version="free")

    (row,) = charges([api_entry()], prices=free)[0]

    assert row["BilledCost"] == TICKET_COST.usd


def test_calls_of_unknown_cost_are_counted_and_told() -> None:
    """The standard allows no cost to be missing: the row says how many are, and its savings are unknown."""
    entries = [
        api_entry("known"),
        *(api_entry(f"lost-{n}", cost=None, call={"cost_source": "unknown"}) for n in range(3)),
    ]

    rows, made = charges(entries)

    (lost,) = [row for row in rows if row["x_UnpricedCalls"]]
    assert (lost["x_UnpricedCalls"], lost["BilledCost"], lost["ListUnitPrice"]) == (3, 0, None)
    assert lost["ChargeDescription"] == f"Tokens of {MINI}; the cost of 3 calls is unknown and 0 here"
    assert lost["x_NetSavings"] is None
    assert (made.told.unpriced, made.told.unpriced_models) == (3, {MINI})


def test_used_and_idle_are_the_pools_invoice() -> None:
    """Who used a pool pays for that; the rest of the month is a row of its own, day by day."""
    rows, _ = charges([ledger_entry("local", team="support")], period=NOVEMBER)

    (used,) = [row for row in rows if row["CapacityReservationStatus"] == "Used"]
    idle = [row for row in rows if row["CapacityReservationStatus"] == "Unused"]
    assert (used["SubAccountId"], used["Tags"], used["x_Model"]) == ("acme", '{"team":"support"}', LLAMA)
    assert (used["PricingUnit"], used["ConsumedQuantity"], used["AllocatedMethodId"]) == (
        "GPU-Hours",
        2_900,
        "gpu-seconds",
    )
    # 2,300 x 27 + 500 x 212 GPU-microseconds at 1.37 USD an hour.
    assert used["BilledCost"] == Decimal("0.000063971")
    assert len(idle) == 30
    assert total(rows) == Decimal("1972.80")
    assert total(rows, "PricingQuantity") == 1_440
    assert {row["ListUnitPrice"] for row in rows} == {Decimal("1.37")}


def test_a_pool_is_shared_by_gpu_time() -> None:
    """Twice the tokens, twice the cost."""
    double = Usage(prompt_tokens=4_800, completion_tokens=1_000, cached_tokens=200)
    entries = [
        ledger_entry("one"),
        ledger_entry("two", tenant="other", attempts=(attempt_record(usage=double),)),
    ]

    rows, _ = charges(entries, period=NOVEMBER)

    used = [row for row in rows if row["CapacityReservationStatus"] == "Used"]
    acme, other = (total([row for row in used if row["SubAccountId"] == tenant]) for tenant in ("acme", "other"))
    assert abs(other - 2 * acme) <= Decimal("0.000000002")


def test_a_pool_whose_speed_is_unknown_is_charged_whole() -> None:
    """Nobody knows what was used: it is no reservation, and the answers have rows of their own that cost nothing."""
    policy = policy_of(pools={"a100s": {"gpus": 2, "usd_per_gpu_hour": 1.37, "gpu": "unheard-of"}})

    rows, made = charges([ledger_entry("local")], policy=policy, period=NOVEMBER)

    assert {row["CapacityReservationStatus"] for row in rows if "GPU" in str(row["SkuMeter"])} == {None}
    assert total(rows) == Decimal("1972.80")
    (answer,) = [row for row in rows if row.get("x_Backend") == "llama"]
    assert (answer["BilledCost"], answer["x_BaselineCost"]) == (0, Decimal("0.0016"))
    assert made.told.unrated == {"a100s"}
    assert "InstanceType" in str(rows[-1]["SkuPriceDetails"])


def test_work_before_a_pool_cost_anything_is_in_no_reservation() -> None:
    """Its tokens are there, at no cost."""
    pools = {"a100s": {"gpus": 2, "usd_per_gpu_hour": 1.37, "input_us": 27, "output_us": 212, "since": "2026-11-24"}}

    rows, _ = charges([ledger_entry("local")], policy=policy_of(pools=pools), period=NOVEMBER)

    assert {row["SkuMeter"] for row in rows} == {"GPU-Hours", "Tokens"}
    assert total(rows) == Decimal("1.37") * 2 * 24 * 7


def test_hardware_in_no_pool_is_told() -> None:
    """Its calls cost 0 at the margin, and what it costs is not in the file."""
    backends = policy_of().model_dump(exclude_unset=True)["backends"]
    del backends["llama"]["pool"]

    _, made = charges([ledger_entry("local")], policy=policy_of(backends=backends, pools={}))

    assert made.told.unpooled == {"llama"}


def test_savings_add_up_in_columns_of_our_own() -> None:
    """Baseline less what is charged, idle hardware included; no row is a credit."""
    rows, _ = charges([ledger_entry("local"), api_entry()], period=NOVEMBER)

    assert total(rows, "x_BaselineCost") == Decimal("0.0016") + TICKET_COST.usd
    assert total(rows, "x_NetSavings") == total(rows, "x_BaselineCost") - total(rows)
    assert {row["ChargeCategory"] for row in rows} == {"Usage"}
    assert {row.get("x_BaselineModel") for row in rows} == {MINI, None}
    assert {row.get("x_TokenBasis") for row in rows} == {"assumed-equal", None}


def test_without_a_baseline_nothing_is_saved_or_lost_as_far_as_we_know() -> None:
    """Unknown is empty; what answered nobody is a loss."""
    judge = attempt_record(**API, purpose="judge", usage=TICKET, cost=TICKET_COST)
    entry = ledger_entry("e", baseline_cost=None, cost=TICKET_COST, attempts=(attempt_record(), judge))

    rows, _ = charges([entry], period=NOVEMBER)

    answered = [row for row in rows if row.get("x_Backend") == "llama"]
    judged = [row for row in rows if row.get("x_Backend") == "mini"]
    assert [(row["x_BaselineCost"], row["x_NetSavings"], row["x_Coverage"]) for row in answered] == [(None, None, 0)]
    assert total(judged, "x_NetSavings") == -TICKET_COST.usd


def test_coverage_is_the_share_of_answers_that_are_compared() -> None:
    """One of two has no baseline."""
    rows, _ = charges([api_entry("one"), api_entry("two", baseline_cost=None)])

    assert {row["x_Coverage"] for row in rows} == {Decimal("0.5")}


def test_answers_find_the_calls_that_the_provider_named_otherwise() -> None:
    """The policy says gpt-5-mini, the provider which one: their baseline is with their calls."""
    rows, _ = charges([api_entry(call={"model": "gpt-5-mini-2025-08-07"})])

    assert {row["x_Model"] for row in rows} == {"gpt-5-mini-2025-08-07"}
    assert total(rows, "x_BaselineCost") == TICKET_COST.usd


def test_answers_without_calls_have_a_row() -> None:
    """An imported history may say less than ours: no baseline is lost."""
    (row,) = charges([api_entry(attempts=())])[0]

    assert (row["SkuMeter"], row["PricingQuantity"], row["BilledCost"]) == ("Requests", 1, 0)
    assert row["x_BaselineCost"] == TICKET_COST.usd


def test_who_is_paid_has_a_name() -> None:
    """A provider that is known, one that is not, and ourselves."""
    entity = {"name": "Example GmbH"}
    calls = [
        attempt_record(**{**API, "backend": "gone", "model": "anthropic/claude-haiku-5-5"}),
        attempt_record(**{**API, "backend": "far", "model": "some-model"}),
        attempt_record(**{**API, "backend": "new", "model": "brandnew/model"}),
        attempt_record(),
    ]
    backends = {
        **policy_of().model_dump(exclude_unset=True)["backends"],
        "new": {"kind": "hosted", "model": "brandnew/model", "clearance": "internal"},
    }
    policy = policy_of(entity=entity, backends=backends)

    rows, _ = charges([ledger_entry("e", attempts=tuple(calls))], policy=policy, period=NOVEMBER)

    assert {row.get("x_Backend"): row["ServiceProviderName"] for row in rows} == {
        "gone": "Anthropic",
        "far": "far",
        "new": "brandnew",
        "llama": "Example GmbH",
        None: "Example GmbH",
    }
    assert {row["BillingAccountId"] for row in rows} == {"Example GmbH"}


def test_a_correction_is_billed_when_it_counts_for_what_it_is_about() -> None:
    """A credit note of November for October is a correction; what is put right in the same month is an adjustment."""
    late = correction("4711", "2026-10", provider="openai", team="support")
    open_ = correction("4712", "2026-11", provider="mini", model=MINI, tenant="acme", team="support")
    vague = correction("4713", "2026-10", model="some-model")

    rows, made = charges([api_entry()], corrections=[late, open_, vague])

    first, second, third = rows[-3:]
    assert (first["ChargeClass"], first["ChargeCategory"], first["InvoiceIssuerName"]) == (
        "Correction",
        "Usage",
        "OpenAI",
    )
    assert first["ChargePeriodStart"] == datetime(2026, 10, 1, tzinfo=UTC)
    assert first["BillingPeriodStart"] == datetime(2026, 11, 1, tzinfo=UTC)
    assert first["ChargeDescription"] == "Correction 4711: credit note"
    assert (second["ChargeClass"], second["ChargeCategory"], second["x_Backend"]) == (None, "Adjustment", "mini")
    assert (second["SubAccountId"], second["Tags"]) == ("acme", '{"team":"support"}')
    assert third["InvoiceIssuerName"] == "Unknown"
    assert total(rows) == TICKET_COST.usd - 3 * Decimal("12.5")
    assert problems(rows) == []
    assert made.told.rows == len(rows)


def test_the_account_is_what_one_says() -> None:
    """Finance has its own number for it."""
    rows, _ = charges([api_entry()], account="4711")

    assert rows[0]["BillingAccountId"] == "4711"


def test_an_hour_is_a_finer_row_of_the_same_sum() -> None:
    """Two hours of a day are two rows by the hour, one by the day."""
    entries = [api_entry("one"), api_entry("two", at=NOON + timedelta(hours=1))]

    by_day, by_hour = charges(entries)[0], charges(entries, grain=Grain.HOUR)[0]

    assert len(by_hour) == 2 * len(by_day)
    assert total(by_hour) == total(by_day)
    assert by_hour[0]["ChargePeriodStart"] == datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert by_hour[0]["BillingPeriodStart"] == datetime(2026, 11, 1, tzinfo=UTC)


def test_two_months_are_two_invoices() -> None:
    """Each is as high as if it stood alone."""
    december = Period(since=NOVEMBER.until, until=datetime(2027, 1, 1, tzinfo=UTC))
    entries = [ledger_entry("one"), ledger_entry("two", at=NOON + timedelta(days=20))]

    both, _ = charges(entries, period=Period(since=NOVEMBER.since, until=december.until))

    for month in (NOVEMBER, december):
        alone, _ = charges([entry for entry in entries if month.since <= entry.at < month.until], period=month)
        assert total([row for row in both if row["BillingPeriodStart"] == month.since]) == total(alone)


_COSTS = st.one_of(st.none(), st.builds(Money, st.integers(0, 10**13)))
_NAMES = st.sampled_from([None, "", "acme", 'Zürich, "AG"'])
_USAGES = st.builds(
    lambda input, cached, output, reasoning: Usage(  # noqa: A006 - as the kinds are called
        prompt_tokens=input + cached,
        completion_tokens=output + reasoning,
        cached_tokens=cached,
        reasoning_tokens=reasoning,
    ),
    *[st.integers(0, 10**7)] * 4,
)
_CALLS = st.builds(
    attempt_record,
    backend=st.sampled_from(["llama", "mini", "gone"]),
    model=st.sampled_from([LLAMA, MINI, "x/unheard-of"]),
    cost=_COSTS,
    cost_source=st.sampled_from(["provider", "price", "pool", "unknown"]),
    usage=st.one_of(st.just(Usage()), _USAGES),
    purpose=st.sampled_from(["answer", "judge", "cache", "embedding"]),
    error=st.sampled_from([None, "timeout"]),
)
_CORRECTIONS = st.lists(
    st.builds(correction, st.just("c"), st.sampled_from(["2026-10", "2026-11"]), st.integers(-(10**12), 10**12)),
    max_size=2,
)
_ENTRIES = st.lists(
    st.builds(
        lambda calls, **fields: ledger_entry("e", attempts=tuple(calls), **fields),
        calls=st.lists(_CALLS, max_size=4),
        at=st.integers(0, 72 * 60).map(lambda minutes: datetime(2026, 11, 29, tzinfo=UTC) + timedelta(minutes=minutes)),
        status=st.sampled_from(["answered", "exhausted", "refused"]),
        backend=st.sampled_from(["llama", "mini", None]),
        tenant=_NAMES,
        team=_NAMES,
        cost=_COSTS,
        baseline_cost=_COSTS,
    ),
    max_size=6,
)


@settings(max_examples=40)
@given(_ENTRIES, _CORRECTIONS, st.sampled_from(Grain), st.sampled_from(VERSIONS), st.booleans())
def test_whatever_is_on_the_books_is_charged_to_the_nano(
    entries: list[LedgerEntry], corrections: list[Correction], grain: Grain, version: Any, rated: bool
) -> None:
    """The file keeps the rules, its costs are the ledger's and the pools', its baseline the ledger's."""
    pool = {"gpus": 3, "usd_per_gpu_hour": 1.37, **({"input_us": 27, "output_us": 212} if rated else {})}
    period = Period(since=datetime(2026, 11, 29, 5, 7, tzinfo=UTC), until=datetime(2026, 12, 1, 3, tzinfo=UTC))

    policy = policy_of(pools={"a100s": pool})

    rows, made = charges(entries, policy=policy, grain=grain, period=period, corrections=corrections)

    calls = [call for entry in entries for call in entry.attempts]
    booked = sum(
        (call.cost.usd for call in calls if call.cost), sum((one.amount.usd for one in corrections), Decimal(0))
    )
    hardware = sum(
        (pool_cost("a100s", policy.pools["a100s"], month, None).cost.usd for month in months(period)), Decimal(0)
    )
    assert problems(rows, version) == []
    assert total(rows) == total(rows, "EffectiveCost") == booked + hardware
    assert sum(int(str(row["x_UnpricedCalls"])) for row in rows) == sum(call.cost is None for call in calls)
    assert made.told.rows == len(rows)


def test_net_savings_are_those_of_the_account_before_people() -> None:
    """The day of the manual: 50.704973 USD saved after engineers at 19.726027, who are no charge."""
    some_hours, some_calls = one_day.day()
    hours = [hour._replace(start=hour_of(one_day.DAWN)) for hour in some_hours]
    calls = [call._replace(start=hour_of(one_day.DAWN)) for call in some_calls]
    cards = Cards(one_day.POLICY)
    period = Period(since=one_day.DAWN, until=one_day.DUSK)
    pools = pool_steps("a100s", one_day.POLICY.pools["a100s"], period, Grain.DAY, cards.work(calls)["a100s"])

    rows = list(Focus(Question(policy=one_day.POLICY, prices=PRICES), cards).rows(steps(hours, calls, pools)))

    assert abs(total(rows) - Decimal("105.569")) < Decimal("0.000001")
    assert total(rows, "x_BaselineCost") == 176
    assert abs(total(rows, "x_NetSavings") - Decimal("50.704973") - Decimal("19.726027")) < Decimal("0.000001")
    idle = total([row for row in rows if row.get("CapacityReservationStatus") == "Unused"])
    assert abs(idle - Decimal("60.560089")) < Decimal("0.000001")
