"""What is told before the month ends, and what is not."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from support.entries import attempt_record, ledger_entry
from support.one_day import DAWN, DUSK, LLAMA, MINI, NEW_PRICE, OLD_PRICE, POLICY, TICKET, day

from gateway.money.account import savings
from gateway.money.alerts import Alert, Month, alerts, month_of
from gateway.money.price import Rates, Tier
from gateway.money.prices import Price, PriceList
from gateway.money.rollups import CallSums, Sums, summed
from gateway.money.savings import Savings
from gateway.policy.models import Policy
from gateway.types import Money

LUNA = "openai/gpt-6-luna"
ENDS = replace(OLD_PRICE, ends=date(2026, 12, 11))
PRICES = PriceList({MINI: ENDS, LUNA: NEW_PRICE}, version="v1")
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
MONTH = timedelta(hours=730)


def policy(**keys: object) -> Policy:
    return Policy.model_validate({**POLICY.model_dump(exclude_unset=True), **keys})


def tickets(count: int, *, managed: Money | None = None) -> Savings:
    """A month of tickets that two A100 answered."""
    entry = ledger_entry(
        "ticket",
        at=DAWN,
        attempts=(attempt_record(usage=TICKET),),
        baseline_cost=Money(1_600_000),
        managed_cost=managed,
        managed_model=managed and "novita/llama-3.1-8b-instruct",
    )
    (hour,), (call,) = summed([entry])
    hours = [hour._replace(sums=Sums._make(count * value for value in hour.sums))]
    calls = [call._replace(sums=CallSums._make(count * value for value in call.sums))]
    return savings(hours, calls, policy=policy(engineers=None), since=DAWN, until=DAWN + MONTH)


def told(account: Savings, given: Policy | None = None, **fields: object) -> dict[str, Alert]:
    found = alerts(account, policy=given or policy(), **{"prices": PRICES, "now": NOW, **fields})  # type: ignore[arg-type]
    return {alert.code: alert for alert in found}


def test_a_baseline_that_ends_is_told_with_its_successors_saving() -> None:
    """Five million tickets on two A100: 75 % against GPT-5-mini, 18 % against what follows it."""
    alert = told(tickets(5_000_000))["baseline_ends"]

    assert alert.severity == "critical"
    assert alert.text == (
        "the baseline openai/gpt-5-mini ends 2026-12-11; repriced to its successor openai/gpt-6-luna the saving falls "
        "from 75% to 18%"
    )


def test_a_successor_saves_nothing_where_everything_went_to_the_baseline() -> None:
    """Also where requests are in no sum, since the cost of a call is unknown: what else they cost is in none either."""
    answer = attempt_record(backend="mini", model=MINI, usage=TICKET, cost=Money(1_600_000), cost_source="price")
    lost = replace(answer, error="timeout", cost=None, cost_source="unknown")
    fields = {"at": DAWN, "backend": "mini", "model": MINI, "local": False, "baseline_cost": Money(1_600_000)}
    hours, calls = summed(
        [
            ledger_entry("whole", attempts=(answer,), cost=Money(1_600_000), **fields),
            ledger_entry("half", attempts=(lost, answer), cost=None, **fields),
        ]
    )
    api = Policy.model_validate(
        {
            "version": 1,
            "baseline": MINI,
            "backends": {"mini": {"kind": "mock", "model": MINI, "local": False, "clearance": "internal"}},
            "rules": [{"name": "default", "use": ["mini"]}],
        }
    )
    account = savings(hours, calls, policy=api, since=DAWN, until=DAWN + MONTH)

    assert told(account, api)["baseline_ends"].text.endswith("from 0% to 0%")


def test_an_end_far_away_is_not_told() -> None:
    """Nobody reads what is always there."""
    assert "baseline_ends" not in told(tickets(1), now=NOW - timedelta(days=200))


def test_a_model_of_the_policy_that_ends_is_told() -> None:
    """Whoever asks it will get errors."""
    assert "backend 'mini' asks openai/gpt-5-mini, which ends 2026-12-11" in told(tickets(1))["model_ends"].text


def test_a_price_that_changed_within_the_period_is_told() -> None:
    """A saving at an old price is no forecast."""
    change = date(2026, 11, 25)
    listed = PriceList({MINI: NEW_PRICE}, version="v2")
    listed.get = lambda model, at=None, **_: (  # type: ignore[method-assign]
        OLD_PRICE if model == MINI and at is not None and at.date() < change else NEW_PRICE
    )

    assert "costs -69% since the period began" in told(tickets(1), prices=listed)["baseline_repriced"].text


def test_a_price_for_long_prompts_is_not_that_of_many_short_ones() -> None:
    """All prompts of a month together are longer than any tier, and none of them is."""
    dear = Rates.of({"input": 10_000_000, "output": 80_000_000})
    tiered = PriceList({MINI: ENDS, LUNA: replace(NEW_PRICE, tiers=(Tier(above=200_000, rates=dear),))}, version="v1")

    assert told(tickets(5_000_000), prices=tiered)["baseline_ends"].text.endswith("from 75% to 18%")


def test_of_a_successor_without_a_price_only_the_end_is_told() -> None:
    """An unknown price is no price of 0."""
    found = told(tickets(1), prices=PriceList({MINI: ENDS}, version="v1"))["baseline_ends"]

    assert found.text == "the baseline openai/gpt-5-mini ends 2026-12-11"


def test_without_a_period_no_price_has_changed_in_it() -> None:
    """What began when nobody knows has no price of its first day."""
    assert "baseline_repriced" not in told(replace(tickets(1), since=None))


def test_a_baseline_that_was_free_once_is_told() -> None:
    """Nothing can be said in percent of nothing."""
    free = Price.per_mtok(input=0, output=0)
    listed = PriceList({MINI: NEW_PRICE}, version="v2")
    listed.get = lambda model, at=None, **_: free if at == DAWN else NEW_PRICE  # type: ignore[method-assign]

    assert "costs more than nothing" in told(tickets(1), prices=listed)["baseline_repriced"].text


def test_people_make_no_hardware_dear() -> None:
    """They cost what they cost, whoever serves the model."""
    account = tickets(30_000_000, managed=Money(73_000))
    dear = replace(account, engineers=Money(10**13))
    lines = tuple(replace(line, actual=line.actual + Money(10**13)) for line in account.baselines)

    assert "pool_dearer" not in told(account)
    assert "pool_dearer" not in told(replace(dear, baselines=lines))


def test_a_refusal_hides_no_hardware_that_an_api_would_beat() -> None:
    """What nobody answered no API would have served either."""
    account = tickets(5_000_000, managed=Money(73_000))
    sums = account.total.sums
    refused = replace(
        account.total, sums=sums._replace(requests=sums.requests + 1, refused=1, covered=sums.covered + 1)
    )
    lines = tuple(replace(line, of=line.of + 1) for line in account.baselines)

    assert "pool_dearer" in told(replace(account, total=refused, baselines=lines))


def test_hardware_that_an_api_would_beat_is_told() -> None:
    """Five million tickets at 73 micro-USD each are $365 at a managed host, and $2,000 here."""
    alert = told(tickets(5_000_000, managed=Money(73_000)))["pool_dearer"]

    assert "would have cost $365.000000 instead of $2000.2" in alert.text
    assert "novita/llama-3.1-8b-instruct" in alert.text
    assert "pool_dearer" not in told(tickets(50_000_000, managed=Money(73_000)))


def test_idle_hardware_is_a_note() -> None:
    """It is no fault, but it is money."""
    assert told(tickets(1_000))["pool_idle"].severity == "note"
    assert "pool_idle" not in told(tickets(5_000_000))


def test_requests_without_a_price_are_told() -> None:
    """What is in no sum is no saving."""
    (hour,), calls = summed([ledger_entry("lost", at=DAWN, cost=None)])

    account = savings([hour], calls, policy=policy())

    assert told(account)["unpriced"].text.startswith("1 of 1 requests")


@pytest.mark.parametrize(
    ("spent", "coming", "expected"),
    [
        (10, 20, {}),
        (80, 90, {"budget": "warning"}),
        (96, 120, {"budget": "warning", "forecast": "warning"}),
        (100, 120, {"budget": "critical"}),
    ],
)
def test_budgets_are_told_at_their_shares(spent: int, coming: int, expected: dict[str, str]) -> None:
    """At 80, 95 and 100 %; and a month that will go over before it does."""
    month = Month(spent=Money(spent * 10**9), forecast=Money(coming * 10**9))

    found = told(tickets(5_000_000), policy(budget={"usd_per_month": 100}), month=month)

    assert {code: alert.severity for code, alert in found.items() if code in ("budget", "forecast")} == expected


def test_the_most_urgent_comes_first() -> None:
    """A list that is read from the top."""
    found = alerts(tickets(1_000), policy=policy(), prices=PRICES, now=NOW)

    assert [alert.severity for alert in found] == ["critical", "critical", "note"]


def test_a_month_is_forecast_from_its_last_days() -> None:
    """Ten days like this one cost ten times as much."""
    one_day = savings(*day(), policy=policy(), since=DAWN, until=DUSK)

    month = month_of(one_day, one_day, pools=POLICY.pools, now=DUSK, end=DUSK + timedelta(days=10))
    at_its_end = month_of(one_day, one_day, pools=POLICY.pools, now=DUSK, end=DUSK)
    new = month_of(one_day, savings([], [], policy=policy()), pools={}, now=DUSK, end=DUSK + timedelta(days=10))

    assert (f"{month.spent.usd:.6f}", f"{month.forecast.usd:.4f}") == ("125.295027", "1378.2453")
    assert at_its_end.spent == at_its_end.forecast
    assert new.spent == new.forecast


def test_what_was_put_right_once_is_not_forecast_again() -> None:
    """A credit note of the last days is no pace."""
    quiet = savings(*day(), policy=policy(), since=DAWN, until=DUSK)
    credited = savings(*day(), policy=policy(), since=DAWN, until=DUSK, corrections=Money(-100 * 10**9))

    month = month_of(credited, credited, pools=POLICY.pools, now=DUSK, end=DUSK + timedelta(days=10))
    without = month_of(quiet, quiet, pools=POLICY.pools, now=DUSK, end=DUSK + timedelta(days=10))

    assert month.forecast == without.forecast - Money(100 * 10**9)


def test_a_pool_that_is_given_back_is_not_forecast() -> None:
    """It costs until its day, and one that comes costs from its day on."""
    cards = POLICY.pools["a100s"]
    one_day = savings(*day(), policy=POLICY, since=DAWN, until=DUSK)
    kept = month_of(one_day, one_day, pools=POLICY.pools, now=DUSK, end=DUSK + timedelta(days=10))

    ends = cards.model_copy(update={"until": date(2026, 11, 26)})
    given_back = month_of(one_day, one_day, pools={"a100s": ends}, now=DUSK, end=DUSK + timedelta(days=10))

    # From the 24th: two of ten days are left at 65.76 USD each.
    assert (kept.forecast - given_back.forecast).nano_usd == 8 * 65_760_000_000


def test_nothing_is_nothing() -> None:
    """No alert without a reason."""
    llama = {"kind": "mock", "model": LLAMA, "local": True, "clearance": "restricted"}
    rules = [{"name": "all", "use": ["llama"]}]
    quiet = Policy.model_validate({"version": 1, "backends": {"llama": llama}, "rules": rules})

    assert alerts(savings([], [], policy=quiet), policy=quiet, prices=PriceList({}, version="v"), now=NOW) == []
    assert Price.per_mtok(input=1, output=1).ends is None
