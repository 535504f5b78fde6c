"""A dated price list as a file: JSON, a line a model, in whole pico-USD. Reading one builds no price yet.

A row with `as` is another name of a model, and may know another end of it.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, cast

from gateway.errors import PriceFileError
from gateway.money.listing import Row, parse

FORMAT = "hybrid-gateway prices 2"
MOST_BYTES = 4_000_000

UNIT = "pico-USD (10^-12 USD) per token; request: per call"
NOTES = (
    "A kind without a price is billed as what it is a part of: reasoning and audio_output as output, cache_write_1h as",
    "cache_write_5m, this one and cache_read, audio_input and image_input as input.",
    "tiers: the prices of a whole request whose prompt is longer than 'above' tokens.",
    "periods: prices through time, a later one before an earlier one where both hold; from and to in UTC, hours too.",
    "batch, flex, priority: the prices at those rates. ends: the day on which the provider retires the model.",
    "weights: the open model that is served. also: what another source says, where the two differ.",
    "as: another name of that model.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What a file holds; `left_out` says why a model of a source is not in it."""

    date: date
    rows: Mapping[str, Row]
    sources: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def source(self) -> str:
        """Who says what a row has, where the row does not say."""
        return next(iter(self.sources), "")

    def row(self, model: str) -> Row | None:
        """Return a model's row, with that of the model which it is another name of; None where there is none."""
        row = self.rows.get(model)
        if row is None or "as" not in row:
            return row
        named = self.rows.get(row["as"])
        return None if named is None or "as" in named else {**named, **row}

    def text(self) -> str:
        """Return the file's text: always the same for the same content."""
        head = {"format": FORMAT, "date": self.date.isoformat(), "currency": "USD", "unit": UNIT}
        parts = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in head.items()]
        parts.append(f'"sources": {_lines(self.sources)}')
        parts.append(f'"notes": {json.dumps(NOTES, indent=0)}')
        parts.append(f'"left_out": {_lines(self.left_out)}')
        by_source = [f"{json.dumps(source)}: {_lines(self._rows_of(source))}" for source in self.sources]
        parts.append('"models": {\n' + ",\n".join(by_source) + "\n}")
        return "{\n" + ",\n".join(parts) + "\n}\n"

    def _rows_of(self, source: str) -> Mapping[str, Row]:
        """Return the rows that a source says, without its name."""
        return {
            model: {key: value for key, value in row.items() if key != "source"}
            for model, row in self.rows.items()
            if row.get("source", self.source) == source
        }

    @property
    def version(self) -> str:
        """The list's name in the ledger: its day and its content."""
        return f"{self.date}-{digest(self.text())}"


def digest(text: str) -> str:
    """Return a few digits that tell one text from another."""
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def load(path: Path) -> Snapshot:
    """Read a file of somebody's, every row; raises `PriceFileError`."""
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "no path"
        raise PriceFileError([f"{path}: cannot be read: {why.lower()}; check the path"]) from None
    if len(raw) > MOST_BYTES:
        raise PriceFileError([f"{path}: larger than {MOST_BYTES:,} bytes; this is no price list"])
    snapshot = read(raw.decode(errors="replace"), name=str(path))
    problems = [f"{path}: {model}: {problem}" for model in snapshot.rows if (problem := _problem(snapshot, model))]
    if problems:
        raise PriceFileError(problems[:20])
    return snapshot


def read(text: str, *, name: str) -> Snapshot:
    """Read a file's text, but none of its rows; raises `PriceFileError` where it is no price list."""
    # JSON has any shape until it is looked at.
    found: Any = None
    with suppress(ValueError, RecursionError):
        found = json.loads(text)
    try:
        if found["format"] != FORMAT:
            raise PriceFileError([f"{name}: a price list of another version; `gateway prices update` writes a new one"])
        return Snapshot(
            date=date.fromisoformat(found["date"]),
            rows={
                model: {**_mapping(row), "source": source}
                for source, rows in _mapping(found["models"]).items()
                for model, row in _mapping(rows).items()
            },
            sources=_mapping(found["sources"]),
            left_out=_mapping(found["left_out"]),
        )
    except (LookupError, TypeError, ValueError):
        text = f"{name}: this is no price list; `gateway prices update` writes one"
        raise PriceFileError([text]) from None


def save(snapshot: Snapshot, path: Path) -> None:
    """Write a file whole or not at all; raises `PriceFileError`."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(snapshot.text(), encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        raise PriceFileError([f"{path}: cannot be written: {str(error.strerror).lower()}; name another file"]) from None
    finally:
        beside.unlink(missing_ok=True)


def _problem(snapshot: Snapshot, model: str) -> str | None:
    row = snapshot.row(model)
    if row is None:
        return f"another name of {snapshot.rows[model]['as']!r}, which is not in the list"
    try:
        listing = parse(model, row, checked=snapshot.date)
    except (ValueError, TypeError, LookupError) as error:
        return f"cannot be read ({type(error).__name__}: {error})"
    return None if listing.prices.get("standard") else "without a price"


def _mapping(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise TypeError
    return cast("Mapping[str, Any]", value)


def _lines(values: Mapping[str, object]) -> str:
    rows = [f"{json.dumps(key)}: {json.dumps(value, separators=(',', ':'))}" for key, value in sorted(values.items())]
    return "{\n" + ",\n".join(rows) + "\n}"
