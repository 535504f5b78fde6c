"""Entries in a Parquet file, one row each with its calls, its comparison and its feedback in it. Exact both ways.

Nobody is named: a tenant is the pseudonym that the audit trail has for him, so that an erasure reaches what it cannot
change. What callers called their requests and the vectors to learn from are left out, as an erasure would.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from gateway.entries import LedgerEntry
from gateway.errors import ConfigurationError, LedgerError
from gateway.ledgers._rows import ATTEMPT_COLUMNS, ENTRY_COLUMNS, HOLDOUT_COLUMNS, Row, entries_of

_BATCH = 2_000
_LEFT_OUT = frozenset({"request_id", "features"})
_LISTS = frozenset({"tags", "kinds"})
_TRUTHS = frozenset({"local", "streamed", "holdout", "accepted"})
_REALS = frozenset({"difficulty", "duration_s", "score", "first_token_s"})
_WHOLE = frozenset({"n", "hour", "at_us", "level", "number"})
FEEDBACK_COLUMNS = ("score", "source", "at_us")
KEPT_COLUMNS = tuple(name for name in ENTRY_COLUMNS if name not in _LEFT_OUT)

# A row of the file: a value each column, calls as a list of such, the comparison as one or None.
Shelf = dict[str, Any]


def write(path: Path, rows: Iterable[Shelf]) -> None:
    """Write rows to a file that is not there yet; raises `ConfigurationError` where pyarrow is not installed."""
    pa, parquet = _pyarrow()
    schema, remaining = _schema(pa), iter(rows)
    try:
        with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
            while group := list(islice(remaining, _BATCH)):
                writer.write_table(pa.Table.from_pylist(group, schema=schema))
    except pa.ArrowException as error:
        raise LedgerError("a row of the ledger holds what is none; see `gateway audit verify`") from error


def read(path: Path) -> Iterator[Shelf]:
    """Yield the rows of a file; raises `LedgerError` where it is none of ours."""
    pa, parquet = _pyarrow()
    try:
        with parquet.ParquetFile(path) as file:
            if file.schema_arrow != _schema(pa):
                raise LedgerError(f"{str(path)!r} is no archive of a ledger, or one of another version")
            for batch in file.iter_batches(_BATCH):
                yield from batch.to_pylist()
    except (OSError, pa.ArrowException) as error:
        raise LedgerError(f"cannot read the archive {str(path)!r}: {type(error).__name__}; check the path") from error


def shelved(columns: Iterable[str], values: Row) -> Shelf:
    """Return a row of a database as it stands in a file."""
    return {name: _shelved(name, value) for name, value in zip(columns, values, strict=True)}


def entry_of(row: Shelf, tenants: Mapping[str, str] | None = None) -> LedgerEntry:
    """Return the entry of a row; `tenants` gives names for pseudonyms."""
    tenant = row["tenant"]
    row = {**row, "tenant": (tenants or {}).get(tenant, tenant)}
    entry = (row["n"], *(_raw(name, row.get(name)) for name in ENTRY_COLUMNS))
    calls = [tuple(call[name] for name in ATTEMPT_COLUMNS) for call in row["attempts"]]
    joined = [(*entry, *call) for call in calls] or [(*entry, *[None] * len(ATTEMPT_COLUMNS))]
    return next(entries_of(joined))


# pyarrow has no types.
def _schema(pa: Any) -> Any:
    call = pa.struct([(name, _type(pa, name)) for name in ATTEMPT_COLUMNS])
    comparison = pa.struct([(name, _type(pa, name)) for name in HOLDOUT_COLUMNS])
    judgement = pa.struct([(name, _type(pa, name)) for name in FEEDBACK_COLUMNS])
    return pa.schema(
        [
            *((name, _type(pa, name)) for name in ("n", "hour", *KEPT_COLUMNS)),
            ("attempts", pa.list_(call)),
            ("comparison", comparison),
            ("feedback", pa.list_(judgement)),
        ]
    )


def _type(pa: Any, name: str) -> Any:
    if name in _LISTS:
        return pa.list_(pa.string())
    if name in _TRUTHS:
        return pa.bool_()
    if name in _REALS:
        return pa.float64()
    is_whole = name in _WHOLE or name.endswith(("_tokens", "_nano_usd"))
    return pa.int64() if is_whole else pa.string()


def _shelved(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in _LISTS:
        return json.loads(value)
    return bool(value) if name in _TRUTHS else value


def _raw(name: str, value: Any) -> Any:
    return json.dumps(value) if name in _LISTS else value


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow as pa  # noqa: PLC0415 - an extra
        from pyarrow import parquet  # noqa: PLC0415 - an extra
    except ImportError:
        raise ConfigurationError(
            "archives are Parquet files, and pyarrow is not installed; pip install 'hybrid-gateway[analytics]'"
        ) from None
    return pa, parquet
