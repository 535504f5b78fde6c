"""Two sources made one list: genai-prices where it knows a model, litellm's map for the rest and for the ends.

A model that one source knows by several names is listed once, and its other names as such. Where the sources differ
the other's word is kept beside the price.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from gateway.money.listing import RATES, Row, parse, periods_of
from gateway.money.open_models import weights_of
from gateway.money.price import Price, usd_per_mtok
from gateway.money.snapshot import Snapshot
from gateway.money.sources.exceptions import LITELLM_IS_RIGHT
from gateway.money.sources.genai import Genai
from gateway.money.sources.litellm_map import LitellmMap
from gateway.money.sources.plausible import doubt, outliers
from gateway.money.sources.providers import of_name

GENAI, LITELLM = "genai-prices", "litellm"
# Packed so small that the answers are others, or not yet tuned for talk.
_OTHER_WEIGHTS = re.compile(r"-lite\b|int[48]|awq|fp4|4bit|lora|draft")
_TUNED = re.compile(r"instruct|chat|-it\b|turbo|qwen-?3|qwq|gpt-oss|deepseek|glm|kimi|phi")
_UNTUNED_TOO = frozenset({"fireworks_ai", "together_ai"})
# One model in several places of a cloud, or of a day: under other names, and often at the same price.
_ELSEWHERE = re.compile(
    r"(?<=/)(?:(?:us|eu|ap|apac|jp|in|au|ca|global)\.|(?:us|eu|global-standard|global)/)|-20\d\d-\d\d-\d\d$"
)


def merged(genai: Genai, litellm: LitellmMap, day: date) -> Snapshot:
    """Return the list of a day."""
    noon = datetime.combine(day, time(12), UTC)
    merger = _Merger(genai, litellm, noon)
    rows = merger.rows()
    rows = {model: {**row, **dict(merger.weights(model, row))} for model, row in rows.items()}
    left_out: dict[str, str] = {}
    for model, row in list(rows.items()):
        why = doubt(model, row) if "as" not in row else None
        if why:
            left_out[model] = why
            del rows[model]
    for model, why in list(outliers(rows)):
        left_out[model] = why
        del rows[model]
    rows = {model: row for model, row in rows.items() if "as" not in row or row["as"] in rows}
    return Snapshot(
        date=day,
        rows=dict(sorted(rows.items())),
        sources={GENAI: f"genai-prices {genai.version} (MIT)", LITELLM: f"litellm {litellm.version} (MIT)"},
        left_out=left_out,
    )


class _Merger:
    def __init__(self, genai: Genai, litellm: LitellmMap, at: datetime) -> None:
        self._genai, self._litellm, self._at = genai, litellm, at

    def rows(self) -> dict[str, Row]:
        rows = {model: self._both(model, row) for model, row in self._genai.rows.items()}
        alone = {model: row for model, row in self._litellm.rows.items() if model not in rows}
        for model, row in alone.items():
            rows[model] = self._alone(model, row, rows)
        return rows

    def _both(self, model: str, row: Row) -> Row:
        other = self._litellm.rows.get(model)
        if other is None:
            return row
        if model in LITELLM_IS_RIGHT:
            return {**other, "source": LITELLM, "also": self._said(GENAI, row)}
        full: dict[str, Any] = dict(row)
        if self._differ(row, other):
            full["also"] = self._said(LITELLM, other)
        else:
            full |= {rate: self._until_change(row, other[rate]) for rate in RATES if rate in other and rate not in row}
        return full | ({"ends": other["ends"]} if "ends" in other else {})

    def _until_change(self, row: Row, rate: Row) -> Row:
        """Return a rate of litellm's map, which knows no dates, as long as the standard price stays what it is."""
        today = self._at.date().isoformat()
        later = [period["from"] for period in periods_of(row, "standard") if period.get("from", "") > today]
        if not later:
            return rate
        return {**rate, "to": (date.fromisoformat(min(later)) - timedelta(days=1)).isoformat()}

    def _alone(self, model: str, row: Row, rows: Mapping[str, Row]) -> Row:
        provider, _, name = model.partition("/")
        look_up = self._genai.known.get(provider)
        known = look_up(name) if look_up and model not in LITELLM_IS_RIGHT else None
        if known is not None:
            end = {"ends": row.get("ends")} if row.get("ends") != rows[known].get("ends") else {}
            also = {"also": self._said(LITELLM, row)} if self._differ(rows[known], row) else {}
            return {"as": known, **end, **also}
        elsewhere = _ELSEWHERE.sub("", model)
        twin = self._litellm.rows.get(elsewhere)
        if twin is not None and elsewhere != model and _without_end(twin) == _without_end(row):
            return {"as": elsewhere, "ends": row.get("ends"), "source": LITELLM}
        same = f"gemini/{name}"
        if provider == "vertex_ai" and same in rows and not self._differ(rows[same], row):
            return {"as": same, "ends": row.get("ends"), "source": LITELLM}
        return {**row, "source": LITELLM}

    def weights(self, model: str, row: Row) -> Iterator[tuple[str, str]]:
        """Give which open weights a host serves, where both sources still know that it does."""
        provider = of_name(model.partition("/")[0])
        if "as" in row or provider is None or not provider.hosts or _OTHER_WEIGHTS.search(model.lower()):
            return
        # genai-prices keeps models for their history that hosts gave up long ago.
        is_served = not provider.litellm or model in self._litellm.rows
        is_tuned = provider.name not in _UNTUNED_TOO or _TUNED.search(model.lower())
        weights = weights_of(model)
        if weights and is_served and is_tuned:
            yield "weights", weights

    def _differ(self, one: Row, other: Row) -> bool:
        first, second = self._price(one), self._price(other)
        return (first.input, first.output) != (second.input, second.output)

    def _said(self, source: str, row: Row) -> str:
        price = self._price(row)
        return f"{source} {usd_per_mtok(price.input).normalize():f}/{usd_per_mtok(price.output).normalize():f}"

    def _price(self, row: Row) -> Price:
        price = parse("", row, checked=None).at(self._at)
        # The first price of a row holds whenever no other does.
        assert price is not None  # noqa: S101 - as above
        return price


def _without_end(row: Row) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != "ends"}
