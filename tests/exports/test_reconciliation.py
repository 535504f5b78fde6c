"""An invoice against the books: what differs, and what may explain it."""

from datetime import date, timedelta
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st
from support.charges import MINI, policy_of, sums_by_step
from support.entries import NOON, attempt_record, ledger_entry

from gateway.entries import Correction, LedgerEntry
from gateway.exports.invoices import Invoice, Line
from gateway.exports.periods import Grain
from gateway.exports.reconciliation import ALL_MODELS, NO_MODEL, Books, Reconciliation, csv_rows
from gateway.exports.reconciliation import reconcile as compare
from gateway.times import Month
from gateway.types import Money

DAY, NEXT = date(2026, 11, 23), date(2026, 11, 24)
PERCENT = Fraction(1, 100)


def entry(cost: Money | None, *, model: str = MINI, days: int = 0, backend: str = "mini") -> LedgerEntry:
    source = "price" if cost else "unknown"
    call = attempt_record(backend=backend, model=model, cost_source=source, cost=cost)
    return ledger_entry("e", at=NOON + timedelta(days=days), attempts=(call,))


def usd(amount: str, model: str | None = "gpt-5-mini", day: date = DAY) -> Line:
    return Line(number=2, day=day, model=model, usd=Fraction(amount))


def reconcile(
    lines: list[Line],
    entries: list[LedgerEntry],
    corrections: list[Correction] | None = None,
    provider: str | None = "openai",
) -> Reconciliation:
    books = Books(
        policy=policy_of(),
        month=Month(2026, 11),
        calls=sums_by_step(entries, Grain.DAY)[1],
        corrections=corrections or (),
        provider=provider,
    )
    return compare(Invoice(lines=lines, elsewhere=0), books)


def correction(amount: int, month: str = "2026-11", **about: str) -> Correction:
    return Correction(id="c", at=NOON, counted=NOON, amount=Money(amount), reason="why", month=month, **about)


def test_what_agrees_agrees() -> None:
    """To the nano-USD, however the provider writes the model; local calls are nobody's invoice."""
    local = ledger_entry("local")

    result = reconcile([usd("1.5"), usd("0.5", "gpt-5-mini-2025-08-07")], [entry(Money(2_000_000_000)), local])

    assert result.total.difference == Money(0)
    assert (result.total.calls, result.beyond(Fraction(0))) == (1, [])


def test_a_difference_is_told_by_model_and_day() -> None:
    """The model that is off, and on which day."""
    result = reconcile([usd("1"), usd("2", day=NEXT)], [entry(Money(10**9)), entry(Money(10**9), days=1)])

    (off,) = result.beyond(PERCENT)
    assert (off.invoice, off.ledger, off.difference, off.share) == (
        Money(3 * 10**9),
        Money(2 * 10**9),
        Money(10**9),
        Fraction(1, 3),
    )
    assert [(day.day, day.difference.nano_usd) for day in result.days] == [(DAY, 0), (NEXT, 10**9)]


def test_what_one_side_alone_knows_is_unknown_to_the_other() -> None:
    """A model that is not on the books, and one that is not on the invoice."""
    result = reconcile([usd("3", "gpt-9")], [entry(Money(10**9))])

    assert [(each.model, each.invoice, each.ledger) for each in result.models] == [
        ("gpt-9", Money(3 * 10**9), None),
        (MINI, None, Money(10**9)),
    ]
    assert result.models[1].share is None
    assert len(result.beyond(PERCENT)) == 2


def test_calls_without_a_price_are_counted() -> None:
    """They may be what the invoice says more."""
    (off,) = reconcile([usd("1")], [entry(None), entry(Money(1))]).beyond(PERCENT)

    assert (off.calls, off.unpriced) == (2, 1)


def test_within_the_tolerance_it_agrees() -> None:
    """Half a percent is less than one."""
    assert reconcile([usd("201")], [entry(Money(200 * 10**9))]).beyond(PERCENT) == []


def test_within_a_cent_nobody_asks() -> None:
    """A percentage of nothing is nothing."""
    assert reconcile([usd("0.02")], [entry(Money(10_000_001))]).beyond(Fraction(0)) == []


def test_many_small_differences_are_one_in_the_total() -> None:
    """Each model is off by half a cent, all of them by more than one."""
    lines = [usd("0.005", f"model-{letter}") for letter in "abc"]

    assert [each.model for each in reconcile(lines, []).beyond(PERCENT)] == ["total"]


def test_an_invoice_without_models_is_compared_by_day() -> None:
    """All models of the provider together."""
    entries = [entry(Money(10**9)), entry(Money(2 * 10**9), model="openai/gpt-9")]

    result = reconcile([usd("3", None)], entries)

    assert [(each.model, each.difference) for each in result.models] == [(ALL_MODELS, Money(0))]


def test_of_another_provider_nothing_is_expected() -> None:
    """Only of the one whose invoice it is; without a name, of all."""
    entries = [entry(Money(10**9), model="anthropic/claude-haiku-5-5", backend="gone")]

    assert reconcile([], entries).models == []
    assert len(reconcile([], entries, provider=None).models) == 1


def test_what_was_put_right_agrees() -> None:
    """A correction of the month counts, whenever it was booked; of no day, and of another month not at all."""
    corrections = [
        correction(10**9, provider="openai", model="gpt-5-mini"),
        correction(10**9, provider="anthropic"),
        correction(10**9, month="2026-10", provider="openai"),
    ]

    result = reconcile([usd("2")], [entry(Money(10**9))], corrections)

    assert result.beyond(PERCENT) == []
    assert [(each.day, each.ledger) for each in result.days] == [(DAY, Money(10**9)), (None, Money(10**9))]


def test_what_was_put_right_of_no_model_is_a_row() -> None:
    """A credit note for all of a provider."""
    (credit,) = reconcile([], [], [correction(-(10**9), provider="mini")]).models

    assert (credit.model, credit.ledger) == (NO_MODEL, Money(-(10**9)))


def test_nothing_is_nothing() -> None:
    """Neither an invoice nor calls."""
    result = reconcile([], [])

    assert (result.total.model, result.total.invoice, result.models, result.days) == ("total", None, [], [])


def test_rows_of_csv_are_exact() -> None:
    """In USD, with what is unknown left empty."""
    rows = csv_rows(reconcile([usd("3", "gpt-9")], [entry(Money(1))]).days)

    assert rows[0][:4] == ["day", "model", "invoice_usd", "ledger_usd"]
    assert sorted(rows[1:]) == [
        ["2026-11-23", "gpt-9", "3.000000000", "", "3.000000000", "1.000000", "0", "0"],
        ["2026-11-23", MINI, "", "0.000000001", "-0.000000001", "", "1", "0"],
    ]


def test_no_name_of_an_invoice_is_a_formula() -> None:
    """A spreadsheet shows it; a negative amount stays one."""
    (row,) = csv_rows(reconcile([usd("-3", "=gpt-9")], []).days)[1:]

    assert row[1:3] == ["'=gpt-9", "-3.000000000"]


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(st.sampled_from([DAY, NEXT]), st.sampled_from(["a", "b", MINI]), st.integers(-100, 10**6)), max_size=5
    ),
    st.lists(st.tuples(st.integers(0, 1), st.sampled_from(["openai/a", MINI]), st.integers(0, 10**12)), max_size=5),
)
def test_models_and_days_add_up_to_the_total(
    lines: list[tuple[date, str, int]], booked: list[tuple[int, str, int]]
) -> None:
    """No line and no call is lost between them."""
    result = reconcile(
        [usd(str(amount), model, day) for day, model, amount in lines],
        [entry(Money(cost), model=model, days=days) for days, model, cost in booked],
    )

    for variances in (result.models, result.days):
        assert sum(each.difference.nano_usd for each in variances) == result.total.difference.nano_usd
        assert sum(each.calls for each in variances) == len(booked)
