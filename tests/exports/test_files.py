"""Tables in files: CSV as the standard wants it, Parquet with its types, and broken files refused."""

import io
import sys
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from gateway.errors import ConfigurationError
from gateway.exports.columns import VERSIONS, Version, columns_of
from gateway.exports.files import WRITERS, Format, read_table

ROW: dict[str, Any] = {
    **{column.name: "text" for column in columns_of("1.3") if not column.nulls},
    **{column.name: Decimal("1.5") for column in columns_of("1.3") if column.kind == "decimal"},
    **{column.name: datetime(2026, 11, 1, tzinfo=UTC) for column in columns_of("1.3") if column.kind == "time"},
    "x_UnpricedCalls": 3,
    "SubAccountId": 'Zürich, "AG"\n',
    "ListUnitPrice": Decimal("0.000000025"),
}


def written(form: Format, *rows: dict[str, Any], version: Version = "1.3") -> io.BytesIO:
    out = io.BytesIO()
    WRITERS[form](out, rows, version)
    out.seek(0)
    return out


@pytest.mark.parametrize(
    ("column", "value", "text"),
    [
        ("ListCost", Decimal(12), "12.0"),
        ("ListCost", Decimal("0E-9"), "0.0"),
        ("ListCost", Decimal("-0.000000001"), "-0.000000001"),
        ("ListCost", Decimal("1E+3"), "1000.0"),
        ("ChargePeriodEnd", datetime(2026, 11, 23, 12, 30, 5, 999, tzinfo=UTC), "2026-11-23T12:30:05Z"),
        ("ChargePeriodEnd", datetime(2026, 11, 23, 1, tzinfo=timezone(timedelta(hours=1))), "2026-11-23T00:00:00Z"),
        ("x_UnpricedCalls", 3, "3"),
        ("SubAccountId", None, ""),
        ("SubAccountId", "a, b", "a, b"),
        ("SubAccountId", "=1+1", "'=1+1"),
        ("SubAccountName", "-2", "'-2"),
        ("x_Model", "@sum", "'@sum"),
        ("x_NetSavings", Decimal(-2), "-2.0"),
        ("x_UnpricedCalls", -2, "-2"),
    ],
)
def test_a_value_is_written_as_the_standard_wants_it(column: str, value: Any, text: str) -> None:
    """Decimals have a point, and no exponent; times are UTC; nothing is an empty cell; no text is a formula."""
    _, rows = read_table(written("csv", {**ROW, column: value}))

    assert next(rows)[column] == text


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_what_is_written_is_read_again(form: Format, version: Version) -> None:
    """With the columns of its version in their order, whatever a text holds."""
    names, rows = read_table(written(form, ROW, ROW, version=version))

    read = list(rows)
    assert names == [column.name for column in columns_of(version)]
    assert len(read) == 2
    assert read[0]["SubAccountId"] == ROW["SubAccountId"]
    assert Decimal(read[0]["ListUnitPrice"]) == ROW["ListUnitPrice"]


def test_parquet_has_decimals_and_times() -> None:
    """No amount is a binary fraction."""
    _, rows = read_table(written("parquet", ROW))

    row = next(iter(rows))
    assert row["BilledCost"] == Decimal("1.500000000")
    assert row["BillingPeriodStart"] == datetime(2026, 11, 1, tzinfo=UTC)
    assert (row["ChargeClass"], row["x_UnpricedCalls"]) == (None, 3)


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_no_rows_are_a_file_with_a_header(form: Format) -> None:
    """Programs that read it find their columns."""
    names, rows = read_table(written(form))

    assert "BilledCost" in names
    assert list(rows) == []


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "the file is empty: not even a header is there"),
        (b"a,b\n\xff\xfe,1\n", "the file is no CSV in UTF-8"),
        (b'a,b\n"1,2\n', "the file is no CSV in UTF-8"),
        (b"PAR1 and no more", "the file is broken"),
    ],
)
def test_a_broken_file_is_refused(raw: bytes, said: str) -> None:
    """With what is wrong with it."""
    with pytest.raises(ConfigurationError, match=said):
        list(read_table(io.BytesIO(raw))[1])


def test_cells_beyond_the_header_are_kept_apart() -> None:
    """The checker says so; a row that is too short has empty cells."""
    names, rows = read_table(io.BytesIO(b"\xef\xbb\xbfa,b\n1,2,3\n1\n"))

    assert names == ["a", "b"]
    assert list(rows) == [{"a": "1", "b": "2", "": "3"}, {"a": "1", "b": ""}]


def test_without_pyarrow_parquet_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra has a name."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    with pytest.raises(ConfigurationError, match=r"hybrid-gateway\[analytics\]"):
        written("parquet", ROW)
