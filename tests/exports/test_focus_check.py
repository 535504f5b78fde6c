"""The checker of FOCUS files finds what the standard forbids, and names the row and the column."""

import io
from typing import Any

import pytest
from support.charges import NOVEMBER, charges
from support.entries import ledger_entry

from gateway.exports.columns import VERSIONS, Version, columns_of
from gateway.exports.files import read_table, write_csv
from gateway.exports.focus_check import check, version_of


def table(version: Version = "1.3") -> tuple[list[str], list[dict[str, Any]]]:
    """Return a file without flaws."""
    rows, _ = charges([ledger_entry("one")], period=NOVEMBER)
    file = io.BytesIO()
    write_csv(file, rows, version)
    file.seek(0)
    names, read = read_table(file)
    return names, list(read)


def flaws_of(cells: dict[str, str], version: Version = "1.3") -> list[str]:
    """Return what is wrong with a file in whose first row some cells are others."""
    names, rows = table(version)
    rows[0].update(cells)
    return [str(flaw) for flaw in check(names, rows, version)]


@pytest.mark.parametrize("version", VERSIONS)
def test_what_we_write_has_no_flaw(version: Version) -> None:
    """In every version; and the columns tell the version."""
    assert flaws_of({}, version) == []
    assert version_of(table(version)[0]) == version


def test_values_need_not_be_text() -> None:
    """A Parquet file has decimals and times already."""
    rows, _ = charges([ledger_entry("one")], period=NOVEMBER)

    assert list(check([column.name for column in columns_of("1.3")], rows, "1.3")) == []


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"BilledCost": ""}, "row 2, BilledCost: is empty"),
        ({"BilledCost": "12"}, "row 2, BilledCost: '12' is no decimal; write it with a point and without separators"),
        (
            {"ListCost": "1,000.5"},
            "row 2, ListCost: '1,000.5' is no decimal; write it with a point and without separators",
        ),
        ({"BillingCurrency": "usd"}, "row 2, BillingCurrency: 'usd' is no currency code of ISO 4217"),
        ({"ChargeClass": "Refund"}, "row 2, ChargeClass: 'Refund' is none of Correction"),
        ({"x_UnpricedCalls": "1.5"}, "row 2, x_UnpricedCalls: '1.5' is no whole number"),
        ({"Tags": "[]"}, "row 2, Tags: '[]' is no JSON object"),
        ({"Tags": "team"}, "row 2, Tags: 'team' is no JSON object"),
        (
            {"ChargePeriodEnd": "2026-11-23"},
            "row 2, ChargePeriodEnd: '2026-11-23' is no time in UTC; write for instance 2026-11-23T00:00:00Z",
        ),
        (
            {"ChargePeriodEnd": "2026-11-31T00:00:00Z"},
            "row 2, ChargePeriodEnd: '2026-11-31T00:00:00Z' is no time in UTC; write for instance 2026-11-23T00:00:00Z",
        ),
        ({"BillingPeriodEnd": "2026-11-01T00:00:00Z"}, "row 2, BillingPeriodEnd: is not after its start"),
        (
            {"ChargePeriodEnd": "2026-12-02T00:00:00Z"},
            "row 2, ChargePeriodStart: the charge period is not within the billing period",
        ),
        ({"PricingQuantity": ""}, "row 2, PricingQuantity: is empty in a row of usage"),
        ({"ConsumedUnit": ""}, "row 2, ConsumedUnit: is empty where ConsumedQuantity is not, or the other way round"),
        (
            {"CapacityReservationId": ""},
            "row 2, CapacityReservationStatus: stands without its reservation, or the other way round",
        ),
        ({"ListUnitPrice": "2.0"}, "row 2, ListCost: 65.76 is not 2.0 for each of 48.0"),
        ({"": "more"}, "row 2: has more cells than the header"),
    ],
)
def test_a_cell_that_is_wrong_is_named(cells: dict[str, str], said: str) -> None:
    """With its row, its column and what is wrong."""
    assert said in flaws_of(cells)


def test_a_correction_may_lie_outside_of_its_billing_period() -> None:
    """It is billed when it is made, for the period that it puts right, and needs no quantity."""
    cells = {
        "ChargeClass": "Correction",
        "ChargePeriodStart": "2026-09-01T00:00:00Z",
        "PricingQuantity": "",
        "PricingUnit": "",
    }

    assert flaws_of(cells) == []


def test_what_was_effective_must_be_what_was_billed() -> None:
    """For each month and currency."""
    assert flaws_of({"EffectiveCost": "1.0"}) == [
        "EffectiveCost: 1908.040000000 effective is not 1972.800000000 billed in USD, period from 2026-11-01"
    ]


def test_the_header_is_checked_too() -> None:
    """What is missing, what is there twice, what is of another version, and what of our own stands too early."""
    names, rows = table()
    odd = ["x_Backend", *(name for name in names if name != "ListCost"), "Tags"]

    flaws = [str(flaw) for flaw in check(odd, rows, "1.4")]

    assert flaws == [
        "row 1, ListCost: missing; FOCUS 1.4 needs it",
        "row 1, Tags: stands twice",
        "row 1, x_Backend: stands twice",
        "row 1, ProviderName: is no column of FOCUS 1.4",
        "row 1, PublisherName: is no column of FOCUS 1.4",
        "row 1: columns of our own (x_...) stand before columns of FOCUS",
    ]


def test_a_file_of_other_columns_is_none() -> None:
    """A table without the columns of a charge lacks them all, and no more is said."""
    assert len([str(flaw) for flaw in check(["a"], [{"a": "1"}], version_of(["a"]))]) == 21
