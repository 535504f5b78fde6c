"""Prices of your contracts, in a file of yours: each one wins over the list's, and what you do not state stays listed.

    models:
      openai/gpt-6.1-sol: {output: 8}                 # the listed input stays
      acme/our-model: {input: 0.5, output: 1.5, valid_from: 2026-07-01}

A file with a fault is refused whole, with all its faults at their places.
"""

import os
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from gateway.errors import PolicyError, PriceFileError
from gateway.money import prices, snapshot
from gateway.money.listing import Period, Rate, Row, periods_of
from gateway.money.price import PICO_PER_USD, REQUEST, pico
from gateway.money.prices import PriceList
from gateway.money.snapshot import Snapshot
from gateway.policy.compose import MOST_BYTES, read
from gateway.policy.explain import Part
from gateway.policy.models import Policy
from gateway.policy.report import Report
from gateway.policy.shape import Shaper
from gateway.policy.tree import plant
from gateway.policy.words import Model
from gateway.settings import Settings
from gateway.spelling import nearest

SOURCE = "your prices"
_RATES: tuple[Rate, ...] = ("batch", "flex", "priority")


def _above_a_pico(value: float) -> float:
    if 0 < value < _SMALLEST:
        raise ValueError(f"smaller than we can count; the smallest price is {_SMALLEST}, and 0 is free")
    return value


# A pico-USD a token, in USD per million tokens.
_SMALLEST = 1e-6
_UsdACall = Annotated[float, Field(strict=True, ge=0, le=1_000_000)]
_Usd = Annotated[_UsdACall, AfterValidator(_above_a_pico)]


class _Kinds(Model):
    """USD per million tokens, by kind."""

    input: _Usd | None = Field(default=None, description="For the prompt.")
    cache_read: _Usd | None = Field(default=None, description="For what of the prompt a cache knew.")
    cache_write_5m: _Usd | None = Field(default=None, description="For what is kept for five minutes.")
    cache_write_1h: _Usd | None = Field(default=None, description="For what is kept for an hour.")
    audio_input: _Usd | None = Field(default=None, description="For audio in the prompt.")
    image_input: _Usd | None = Field(default=None, description="For images in the prompt.")
    output: _Usd | None = Field(default=None, description="For the answer.")
    reasoning: _Usd | None = Field(default=None, description="For what of the answer is thinking.")
    audio_output: _Usd | None = Field(default=None, description="For audio in the answer.")

    def stated(self) -> dict[str, int]:
        """Return what is stated, in pico-USD a token."""
        kinds = {kind: getattr(self, kind) for kind in _Kinds.model_fields}
        return {kind: pico(usd) for kind, usd in kinds.items() if usd is not None}


class _TierPolicy(_Kinds):
    """The prices of a whole request with a longer prompt."""

    above: int = Field(ge=0, description="Tokens of the prompt.")

    def tier(self) -> dict[str, Any]:
        """Return the tier as a period has it."""
        return {"above": self.above, **self.stated()}


class _RatePolicy(_Kinds):
    """Prices at one rate."""

    per_request: _UsdACall | None = Field(default=None, description="USD for the call itself.")
    tiers: tuple[_TierPolicy, ...] | None = Field(default=None, description="Prices above a length of the prompt.")

    def over(self, period: Period) -> dict[str, Any]:
        """Return a period with what is stated here in the place of what it states."""
        stated = self.stated()
        if self.tiers is None:
            # A price that is stated holds for prompts of every length.
            kept = [{key: tier[key] for key in tier if key not in stated} for tier in period.get("tiers", ())]
            tiers: list[dict[str, Any]] = [tier for tier in kept if len(tier) > 1]
        else:
            tiers = [tier.tier() for tier in self.tiers]
        call = {} if self.per_request is None else {REQUEST: int(Decimal(str(self.per_request)) * PICO_PER_USD)}
        rest = {key: value for key, value in period.items() if key != "tiers"}
        return {**rest, **stated, **call, **({"tiers": tiers} if tiers else {})}


class _ModelPolicy(_RatePolicy):
    """What a model costs you, from a day to a day."""

    valid_from: date | None = Field(default=None, description="The first day, UTC. Unset: always.")
    valid_to: date | None = Field(default=None, description="The last day, UTC. Unset: for good.")
    ends: date | None = Field(default=None, description="The day on which the provider retires the model.")
    batch: _RatePolicy | None = Field(default=None, description="At the batch rate.")
    flex: _RatePolicy | None = Field(default=None, description="At the flex rate.")
    priority: _RatePolicy | None = Field(default=None, description="At the priority rate.")

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
            raise ValueError("valid_to is before valid_from")
        return self


def _entries(value: object) -> object:
    return (value,) if isinstance(value, dict) else value


_Entries = Annotated[tuple[_ModelPolicy, ...], BeforeValidator(_entries)]


class PriceFile(Model):
    """The whole file."""

    list: str | None = Field(
        default=None, description="The price list it goes on from, as `gateway prices update` writes it."
    )
    models: dict[str, _Entries] = Field(default_factory=dict, description="Your prices, by provider/model.")


def in_force(policy: Policy) -> PriceList:
    """Return the prices that a policy is billed at: its file's over the list's; raises `PriceFileError`."""
    named = policy.prices or Settings().prices
    return prices.load() if named is None else listed(Path(named).expanduser())


def listed(path: Path) -> PriceList:
    """Return the list with a file's prices over it; the file may be a whole list too. Raises `PriceFileError`."""
    if path.suffix == ".json":
        return PriceList.of(snapshot.load(path))
    text = _text(path)
    file, report = _parsed(text, path)
    base = prices.packaged() if file.list is None else snapshot.load(path.parent / Path(file.list).expanduser())
    rows = dict(base.rows)
    for model, entries in file.models.items():
        rows[model] = _merged(model, base, entries, report)
    if report.faults:
        raise PriceFileError(report.lines())
    merged = Snapshot(date=base.date, rows=rows, sources=base.sources, left_out=base.left_out)
    version = prices.load().version if file.list is None else base.version
    return PriceList.of(merged, version=f"{version}+{snapshot.digest(text)}")


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1).decode()
    except OSError as error:
        raise PriceFileError([f"{path}: cannot be read: {str(error.strerror).lower()}; check the path"]) from None
    except ValueError:
        raise PriceFileError([f"{path}: this is not UTF-8; save the file as UTF-8"]) from None


def _parsed(text: str, path: Path) -> tuple[PriceFile, Report]:
    try:
        source = read(text, name=str(path), what="file of prices", begin="models:")
    except PolicyError as error:
        raise PriceFileError(error.problems) from None
    report = Report(source=source)
    report.keep(source.faults)
    tree, _ = plant(source, os.environ, report)
    file = Shaper(source=source, tree=tree, report=report).shape(PriceFile, lambda: tree, Part())
    if file is None or report.faults:
        raise PriceFileError(report.lines())
    return file, report


def _merged(model: str, base: Snapshot, entries: Sequence[_ModelPolicy], report: Report) -> Row:
    row = base.row(model) or {}
    if not row:
        _check_complete(model, base, entries, report)
    ends = next((entry.ends for entry in reversed(entries) if entry.ends), None) or row.get("ends")
    kept = {key: row[key] for key in ("kind", "weights") if key in row}
    merged: dict[str, Any] = {**kept, "source": SOURCE, **({"ends": str(ends)} if ends else {})}
    merged["periods"] = list(_periods(periods_of(row, "standard"), [(entry, entry) for entry in entries]))
    for rate in _RATES:
        own = [(entry, of) for entry in entries if (of := getattr(entry, rate)) is not None]
        if own or rate in row:
            merged[rate] = list(_periods(periods_of(row, rate), own))
    return merged


def _periods(listed: Sequence[Period], entries: Sequence[tuple[_ModelPolicy, _RatePolicy]]) -> Iterator[dict[str, Any]]:
    """Give the listed periods, or what stands in their place for good, and over them what holds for some days."""
    base: Sequence[Period] = listed or ({},)
    for entry, stated in entries:
        if entry.valid_from is None and entry.valid_to is None:
            base = [stated.over(period) for period in base]
    yield from (dict(period) for period in base if "input" in period)
    for entry, stated in entries:
        if entry.valid_from is not None or entry.valid_to is not None:
            yield from _within(entry, [stated.over(period) for period in base])


def _within(entry: _ModelPolicy, periods: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for period in periods:
        starts = [day for day in (period.get("from"), _iso(entry.valid_from)) if day]
        ends = [day for day in (period.get("to"), _iso(entry.valid_to)) if day]
        cut = {**period, **({"from": max(starts)} if starts else {}), **({"to": min(ends)} if ends else {})}
        if not (starts and ends) or max(starts) <= min(ends):
            yield cut


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _check_complete(model: str, base: Snapshot, entries: Sequence[_ModelPolicy], report: Report) -> None:
    provider = model.partition("/")[0]
    near = nearest(model, (known for known in base.rows if known.startswith(f"{provider}/")))
    hint = f"; did you mean {near!r}?" if near else ""
    for number, entry in enumerate(entries):
        missing = [kind for kind in ("input", "output") if getattr(entry, kind) is None]
        if missing:
            what = f"the list has no such model, so that it needs input and output; {' and '.join(missing)} missing"
            report.add_key(("models", model, number), what + hint)
