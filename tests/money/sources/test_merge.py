"""Two sources made one list."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import pytest

from gateway.money.listing import Row
from gateway.money.snapshot import Snapshot
from gateway.money.sources.exceptions import LITELLM_IS_RIGHT
from gateway.money.sources.genai import Genai
from gateway.money.sources.litellm_map import LitellmMap
from gateway.money.sources.merge import merged

DAY = date(2026, 11, 23)
ONE: Row = {"input": 1_000_000, "output": 2_000_000}
OTHER: Row = {"input": 3_000_000, "output": 4_000_000}


def merge(genai: Mapping[str, Any], litellm: Mapping[str, Any], **known: Callable[[str], str | None]) -> Snapshot:
    return merged(Genai(version="0.2.3", rows=genai, known=known), LitellmMap(version="1.109.1", rows=litellm), DAY)


def test_where_both_agree_one_gives_the_price_and_the_other_the_end_and_the_rates() -> None:
    """And what serves open weights is marked."""
    batch = {"input": 500_000, "output": 1_000_000}
    name = "novita/meta-llama/llama-3.1-8b-instruct"

    snapshot = merge({name: ONE}, {name: {**ONE, "ends": "2027-01-01", "batch": batch}})

    assert snapshot.rows == {name: {**ONE, "ends": "2027-01-01", "batch": batch, "weights": "llama-3.1-8b"}}
    assert snapshot.sources == {"genai-prices": "genai-prices 0.2.3 (MIT)", "litellm": "litellm 1.109.1 (MIT)"}
    assert snapshot.date == DAY


def test_where_they_differ_the_others_word_is_kept() -> None:
    """And nothing else of it: its rates are those of another price."""
    snapshot = merge({"openai/m": ONE}, {"openai/m": {**OTHER, "batch": OTHER}})

    assert snapshot.rows == {"openai/m": {**ONE, "also": "litellm 3/4"}}


def test_what_people_decided_stands() -> None:
    """The exception is taken from the other source, which is said."""
    name = next(iter(LITELLM_IS_RIGHT))

    row = merge({name: ONE}, {name: OTHER}).rows[name]

    assert (row["input"], row["source"], row["also"]) == (3_000_000, "litellm", "genai-prices 1/2")


def test_a_rate_without_a_date_ends_with_the_price_that_it_belongs_to() -> None:
    """Half of today's price is not half of December's."""
    periods = [ONE, {"from": "2026-08-01", **ONE}, {"from": "2026-12-01", **OTHER}]

    row = merge({"gemini/m": {"periods": periods}}, {"gemini/m": {**ONE, "flex": ONE}}).rows["gemini/m"]

    assert row["flex"] == {**ONE, "to": "2026-11-30"}


def test_another_name_of_a_model_is_listed_as_such() -> None:
    """With an end of its own where it has one."""
    snapshot = merge(
        {"openai/m": ONE},
        {"openai/m-2026-01-01": {**ONE, "ends": "2027-01-01"}, "openai/m-latest": OTHER, "openai/alone": OTHER},
        openai=lambda name: "openai/m" if name.startswith("m-") else None,
    )

    assert snapshot.rows == {
        "openai/alone": {**OTHER, "source": "litellm"},
        "openai/m": ONE,
        "openai/m-2026-01-01": {"as": "openai/m", "ends": "2027-01-01"},
        "openai/m-latest": {"as": "openai/m", "also": "litellm 3/4"},
    }


def test_one_model_in_several_places_is_listed_once_at_one_price() -> None:
    """Where a place costs more it has its own row; Gemini on Vertex costs what Gemini costs."""
    snapshot = merge(
        {"gemini/g": ONE},
        {
            "bedrock/x": {**ONE, "ends": "2027-01-01"},
            "bedrock/us.x": ONE,
            "bedrock/eu.x": OTHER,
            "azure/m": ONE,
            "azure/m-2026-01-01": ONE,
            "vertex_ai/g": ONE,
            "vertex_ai/h": ONE,
        },
    )

    assert snapshot.rows["bedrock/us.x"] == {"as": "bedrock/x", "ends": None, "source": "litellm"}
    assert snapshot.rows["bedrock/eu.x"] == {**OTHER, "source": "litellm"}
    assert snapshot.rows["azure/m-2026-01-01"]["as"] == "azure/m"
    assert snapshot.rows["vertex_ai/g"] == {"as": "gemini/g", "ends": None, "source": "litellm"}
    assert snapshot.rows["vertex_ai/h"] == {**ONE, "source": "litellm"}


@pytest.mark.parametrize(
    ("genai", "litellm", "weights"),
    [
        ("groq/llama-3.1-8b-instant", "groq/llama-3.1-8b-instant", "llama-3.1-8b"),
        ("groq/llama-3.1-8b-instant", None, None),
        (None, "together_ai/meta-llama/Meta-Llama-3.1-8B", None),
        (None, "together_ai/meta-llama/Meta-Llama-3.1-8B-Instruct-Lite", None),
        (None, "fireworks_ai/accounts/fireworks/models/llama-v3p1-8b-instruct", "llama-3.1-8b"),
        (None, "deepinfra/meta-llama/Llama-Guard-3-8B", None),
        (None, "azure/llama-3.1-8b-instruct", None),
        ("openrouter/meta-llama/llama-3.1-8b-instruct", None, None),
    ],
)
def test_a_host_is_who_serves_these_weights_today(genai: str | None, litellm: str | None, weights: str | None) -> None:
    """Not who did once, nor who serves others, or those that are not tuned for talk."""
    snapshot = merge({genai: ONE} if genai else {}, {litellm: ONE} if litellm else {})

    assert [row.get("weights") for row in snapshot.rows.values()] == [weights]


def test_what_is_not_to_be_believed_is_left_out_with_all_its_names() -> None:
    """And the reason is kept."""
    hosts = {f"{host}/llama-3.1-8b-instruct": OTHER for host in ("deepinfra", "nebius", "nscale")}
    cheap: Row = {"input": 10_000, "output": 10_000}

    snapshot = merge(
        {},
        {
            "azure/m": {"input": 2, "output": 1},
            "azure/eu/m": {"input": 2, "output": 1},
            "hyperbolic/llama-3.1-8b-instruct": cheap,
            **hosts,
        },
    )

    assert set(snapshot.rows) == set(hosts)
    assert snapshot.left_out == {
        "azure/m": "an answer is listed for less than a prompt",
        "hyperbolic/llama-3.1-8b-instruct": "0% of what hosts of llama-3.1-8b bill on the whole",
    }
