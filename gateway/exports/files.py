"""Writes rows as a CSV or Parquet file, one after the other: what is written needs no memory.

In CSV an empty cell is a null, a decimal has a point and no exponent, times are UTC with a Z, and no text is a formula.
In Parquet decimals are decimals and times are timestamps; that needs the extra `analytics`.
"""

import csv
import io
from codecs import iterdecode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice, zip_longest
from types import MappingProxyType
from typing import Any, BinaryIO, Literal, get_args

from gateway.errors import ConfigurationError
from gateway.exports.columns import Column, Kind, Row, Version, columns_of
from gateway.spreadsheets import cell

Format = Literal["csv", "parquet"]
FORMATS: tuple[Format, ...] = get_args(Format)
_DIGITS = 38
_ROW_GROUP = 5_000
_PARQUET = b"PAR1"


def write_csv(out: BinaryIO, rows: Iterable[Row], version: Version) -> None:
    """Write rows as CSV, with a header also where there are none."""
    columns = [(column.name, _TEXTS.get(column.kind)) for column in columns_of(version)]
    text = io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=False)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(name for name, _ in columns)
    # A null is an empty cell; `csv` itself writes JSON and whole numbers.
    writer.writerows(
        [value if (value := row.get(name)) is None or as_text is None else as_text(value) for name, as_text in columns]
        for row in rows
    )
    text.flush()
    text.detach()


def write_parquet(out: BinaryIO, rows: Iterable[Row], version: Version) -> None:
    """Write rows as Parquet; raises `ConfigurationError` where pyarrow is not installed."""
    pa, parquet = _pyarrow()
    columns = columns_of(version)
    schema = pa.schema([_field(pa, column) for column in columns])
    remaining = iter(rows)
    with parquet.ParquetWriter(out, schema, compression="zstd") as writer:
        while group := list(islice(remaining, _ROW_GROUP)):
            arrays = [_array(pa, schema.field(column.name).type, column, group) for column in columns]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))


WRITERS = {"csv": write_csv, "parquet": write_parquet}


def read_table(source: BinaryIO) -> tuple[list[str], Iterator[dict[str, Any]]]:
    """Return the names of a file's columns, and its rows one by one; raises `ConfigurationError` where it is no table.

    A cell beyond the last column stands under the name "".
    """
    is_parquet = source.read(len(_PARQUET)) == _PARQUET
    source.seek(0)
    return _read_parquet(source) if is_parquet else _read_csv(source)


def _read_csv(source: BinaryIO) -> tuple[list[str], Iterator[dict[str, Any]]]:
    rows = _csv_rows(source)
    names = next(rows, None)
    if not names:
        raise ConfigurationError("the file is empty: not even a header is there")
    return names, (dict(zip_longest(names, row[: len(names) + 1], fillvalue="")) for row in rows)


def _csv_rows(source: BinaryIO) -> Iterator[list[str]]:
    try:
        yield from csv.reader(iterdecode(source, "utf-8-sig"), strict=True)
    except (UnicodeDecodeError, csv.Error) as error:
        raise ConfigurationError(f"the file is no CSV in UTF-8: {error}") from error


def _read_parquet(source: BinaryIO) -> tuple[list[str], Iterator[dict[str, Any]]]:
    pa, parquet = _pyarrow()
    try:
        file = parquet.ParquetFile(source)
    except (pa.ArrowException, OSError) as error:
        raise ConfigurationError(f"the file is broken: {error}") from error
    return list(file.schema_arrow.names), (
        row for batch in file.iter_batches(batch_size=_ROW_GROUP) for row in batch.to_pylist()
    )


# Any: a column holds values of its kind.
def _decimal(value: Any) -> str:
    whole, _, digits = format(value, "f").partition(".")
    return f"{whole}.{digits.rstrip('0') or '0'}"


@lru_cache(maxsize=64)
def _time(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


_TEXTS: Mapping[Kind, Callable[[Any], str]] = MappingProxyType({"decimal": _decimal, "text": cell, "time": _time})


# pyarrow has no types.
def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow as pa  # noqa: PLC0415 - an extra
        from pyarrow import parquet  # noqa: PLC0415 - an extra
    except ImportError:
        raise ConfigurationError(
            "Parquet needs pyarrow, which is not installed; pip install 'hybrid-gateway[analytics]', or use CSV"
        ) from None
    return pa, parquet


def _field(pa: Any, column: Column) -> Any:
    kinds = {
        "decimal": pa.decimal128(_DIGITS, column.scale),
        "integer": pa.int64(),
        "time": pa.timestamp("us", tz="UTC"),
    }
    return pa.field(column.name, kinds.get(column.kind, pa.string()), nullable=column.nulls)


def _array(pa: Any, kind: Any, column: Column, rows: Sequence[Row]) -> Any:
    return pa.array([row.get(column.name) for row in rows], type=kind)
