"""The prices of litellm's map, read from the file that its package brings: the widest list, without any history.

The package is not imported: it is slow to load, and would ask the internet for another list.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from importlib.util import find_spec
from math import isfinite
from pathlib import Path
from typing import Any

from gateway.errors import ConfigurationError
from gateway.money.listing import Rate, Row
from gateway.money.price import MOST_USD_PER_MTOK, PICO_PER_MTOK, PICO_PER_USD, REQUEST
from gateway.money.sources.providers import Provider, of_litellm

FILE = "model_prices_and_context_window_backup.json"

_FIELDS: Mapping[str, str] = {
    "input_cost_per_token": "input",
    "cache_read_input_token_cost": "cache_read",
    "cache_creation_input_token_cost": "cache_write_5m",
    "cache_creation_input_token_cost_above_1hr": "cache_write_1h",
    "input_cost_per_audio_token": "audio_input",
    "input_cost_per_image_token": "image_input",
    "output_cost_per_token": "output",
    "output_cost_per_reasoning_token": "reasoning",
    "output_cost_per_audio_token": "audio_output",
}
# A field, the length of the prompt that it holds above, and the rate that it is of.
_FIELD = re.compile(
    rf"({'|'.join(sorted(_FIELDS, key=len, reverse=True))})(?:_above_(\d+)k_tokens)?(?:_(batches|flex|priority))?"
)
_RATES: Mapping[str | None, Rate] = {None: "standard", "batches": "batch", "flex": "flex", "priority": "priority"}
_PER_CALL = "input_cost_per_request"
# Billed by what a usage does not count: images and videos that a model makes.
_UNCOUNTED = ("output_cost_per_image_token", "output_cost_per_video_token")
_MODES = frozenset({"chat", "responses", "completion", "embedding"})
# A place, or a term of payment, and not a model: `bedrock/us-east-1/1-month-commitment/...`. A government's own clouds
# are for few.
_PLACES = re.compile(r"^(?:[a-z]{2}(?:-gov)?-[a-z]+-\d/|\d-month-commitment/|\*/|invoke/|converse/|us-gov[./])")


@dataclass(frozen=True, slots=True, kw_only=True)
class LitellmMap:
    """What the map has: rows by our names, with the day that each model ends."""

    version: str
    rows: Mapping[str, Row]


def read(path: Path | None = None) -> LitellmMap:
    """Return what the installed package's map has, or that of a file; raises `ConfigurationError`."""
    path = path or _installed()
    try:
        models = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path}: no map of litellm's ({type(error).__name__})") from None
    rows: dict[str, Row] = {}
    for key, entry in models.items():
        provider = of_litellm(str(entry.get("litellm_provider")))
        if provider is None or entry.get("mode") not in _MODES:
            continue
        name = _name(provider, key)
        row = None if name is None else _row(entry)
        if name is not None and row is not None:
            rows.setdefault(name, row)
    return LitellmMap(version=_version(path), rows=rows)


def _installed() -> Path:
    found = find_spec("litellm")
    if found is None or found.origin is None:
        raise ConfigurationError("litellm is not installed, and the price list is made of its map; install it")
    return Path(found.origin).parent / FILE


def _version(path: Path) -> str:
    found = next(iter(path.parent.parent.glob("litellm-*.dist-info")), None)
    return "of an unknown version" if found is None else found.name.split("-")[1].removesuffix(".dist")


def _name(provider: Provider, key: str) -> str | None:
    """Return a model's name in our list; None where the entry is of a place alone."""
    model = key.removeprefix(f"{provider.name}/")
    for other in provider.litellm:
        model = model.removeprefix(f"{other}/")
    return None if _PLACES.match(model) else f"{provider.name}/{model}"


# An entry of the map, which has any shape.
def _row(entry: Mapping[str, Any]) -> Row | None:
    if any(name in entry for name in _UNCOUNTED):
        return None
    rates = _rates(entry)
    standard = rates.pop("standard", {})
    embeds = entry["mode"] == "embedding"
    if embeds:
        standard = {"output": 0, **standard}
    if "input" not in standard or "output" not in standard:
        return None
    row: dict[str, Any] = {"kind": "embedding"} if embeds else {}
    row |= standard
    for rate, partial in rates.items():
        stated = {"output": 0, **partial} if embeds else partial
        if {"input", "output"} <= stated.keys():
            row[rate] = stated
    end = entry.get("deprecation_date")
    if isinstance(end, str) and re.fullmatch(r"20\d\d-\d\d-\d\d", end):
        row["ends"] = end
    return row


def _rates(entry: Mapping[str, Any]) -> dict[Rate, dict[str, Any]]:
    rates: dict[Rate, dict[str, Any]] = {}
    tiers: dict[Rate, dict[int, dict[str, int]]] = {}
    for kind, above, rate, pico in _prices(entry):
        if above is None:
            rates.setdefault(rate, {})[kind] = pico
        else:
            tiers.setdefault(rate, {}).setdefault(above, {})[kind] = pico
    for of, by_length in tiers.items():
        stated = rates.setdefault(of, {})
        stated["tiers"] = [{"above": above, **by_length[above]} for above in sorted(by_length)]
    call = _pico(entry.get(_PER_CALL), PICO_PER_USD, most=PICO_PER_USD)
    if call:
        rates.setdefault("standard", {})[REQUEST] = call
    return rates


def _prices(entry: Mapping[str, Any]) -> Iterator[tuple[str, int | None, Rate, int]]:
    for field, value in entry.items():
        found = _FIELD.fullmatch(field)
        pico = _pico(value, PICO_PER_USD, most=MOST_USD_PER_MTOK * PICO_PER_MTOK) if found else None
        if found is not None and pico is not None:
            above = int(found[2]) * 1000 if found[2] else None
            yield _FIELDS[found[1]], above, _RATES[found[3]], pico


def _pico(value: object, per: int, *, most: int) -> int | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if not isfinite(value):
        return None
    # The map's numbers are binary fractions: 1.9999999999999998e-07 means 2e-07.
    pico = int((Decimal(repr(value)) * per).to_integral_value(ROUND_HALF_UP))
    return pico if 0 <= pico <= most else None
