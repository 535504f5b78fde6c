"""litellm's map, read into rows without its package."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import ConfigurationError
from gateway.money.listing import Row
from gateway.money.sources import litellm_map

CHAT = {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 2e-06, "output_cost_per_token": 1e-05}


def rows(tmp_path: Path, models: Mapping[str, Any]) -> Mapping[str, Row]:
    path = tmp_path / "map.json"
    path.write_text(json.dumps(models))
    return litellm_map.read(path).rows


def test_every_kind_of_token_rate_and_tier_is_read(tmp_path: Path) -> None:
    """A binary fraction is the number that was meant."""
    entry = {
        **CHAT,
        "cache_read_input_token_cost": 1.9999999999999998e-07,
        "cache_creation_input_token_cost": 2.5e-06,
        "cache_creation_input_token_cost_above_1hr": 4e-06,
        "input_cost_per_audio_token": 3e-06,
        "output_cost_per_reasoning_token": 1.1e-05,
        "input_cost_per_request": 0.005,
        "input_cost_per_token_above_272k_tokens": 4e-06,
        "output_cost_per_token_above_272k_tokens": 1.5e-05,
        "input_cost_per_token_batches": 1e-06,
        "output_cost_per_token_batches": 5e-06,
        "input_cost_per_token_above_272k_tokens_batches": 2e-06,
        "input_cost_per_token_priority": 4e-06,
        "deprecation_date": "2026-12-11",
    }

    assert rows(tmp_path, {"openai/m": entry}) == {
        "openai/m": {
            "input": 2_000_000,
            "output": 10_000_000,
            "cache_read": 200_000,
            "cache_write_5m": 2_500_000,
            "cache_write_1h": 4_000_000,
            "audio_input": 3_000_000,
            "reasoning": 11_000_000,
            "request": 5 * 10**9,
            "tiers": [{"above": 272_000, "input": 4_000_000, "output": 15_000_000}],
            "batch": {"input": 10**6, "output": 5 * 10**6, "tiers": [{"above": 272_000, "input": 2 * 10**6}]},
            "ends": "2026-12-11",
        }
    }


def test_embeddings_have_no_answer(tmp_path: Path) -> None:
    """Nor a batch of them."""
    entry = {**CHAT, "mode": "embedding", "input_cost_per_token_batches": 1e-06}
    del entry["output_cost_per_token"]

    assert rows(tmp_path, {"e": entry}) == {
        "openai/e": {"kind": "embedding", "input": 2 * 10**6, "output": 0, "batch": {"input": 10**6, "output": 0}}
    }


@pytest.mark.parametrize(
    ("key", "changed"),
    [
        ("m", {"mode": "image_generation"}),
        ("m", {"litellm_provider": "nobody"}),
        ("m", {"input_cost_per_token": None}),
        ("m", {"input_cost_per_token": "2e-06"}),
        ("m", {"input_cost_per_token": True}),
        ("m", {"input_cost_per_token": -1}),
        ("m", {"input_cost_per_token": float("nan")}),
        ("m", {"input_cost_per_token": 7}),
        ("m", {"output_cost_per_image_token": 1e-05}),
        ("bedrock/us-east-1/m", {"litellm_provider": "bedrock"}),
        ("bedrock/us-gov.m", {"litellm_provider": "bedrock"}),
        ("1-month-commitment/m", {"litellm_provider": "bedrock"}),
    ],
)
def test_what_has_no_price_for_a_token_or_is_of_one_place_is_left_out(
    tmp_path: Path, key: str, changed: dict[str, Any]
) -> None:
    """A model that is billed by what a usage does not count, too."""
    assert rows(tmp_path, {key: {**CHAT, **changed}}) == {}


def test_names_are_those_that_a_policy_has(tmp_path: Path) -> None:
    """The provider stands before the model, once; of two entries for one name the first is taken."""
    models = {
        "m": CHAT,
        "openai/m": {**CHAT, "input_cost_per_token": 9e-06},
        "vertex_ai/meta/x": {**CHAT, "litellm_provider": "vertex_ai-llama_models"},
        "gemini-x": {**CHAT, "litellm_provider": "vertex_ai-language-models"},
        "us.meta.x-v1:0": {**CHAT, "litellm_provider": "bedrock_converse", "deprecation_date": "today"},
    }

    found = rows(tmp_path, models)

    assert list(found) == ["openai/m", "vertex_ai/meta/x", "vertex_ai/gemini-x", "bedrock/us.meta.x-v1:0"]
    assert found["openai/m"]["input"] == 2 * 10**6
    assert "ends" not in found["bedrock/us.meta.x-v1:0"]


def test_the_installed_map_is_found_without_importing_its_package() -> None:
    """The import takes seconds, and asks the internet."""
    before = "litellm" in sys.modules

    found = litellm_map.read()

    assert ("litellm" in sys.modules) == before
    assert found.version.startswith("1.")
    assert len(found.rows) > 1_000


@pytest.mark.parametrize("content", [None, "no json"])
def test_a_file_that_is_no_map_is_named(tmp_path: Path, content: str | None) -> None:
    """With what is wrong."""
    path = tmp_path / "map.json"
    if content is not None:
        path.write_text(content)

    with pytest.raises(ConfigurationError, match="no map of litellm's"):
        litellm_map.read(path)


def test_a_map_beside_no_package_is_of_an_unknown_version(tmp_path: Path) -> None:
    """It is said, and not guessed."""
    (tmp_path / "map.json").write_text("{}")

    assert litellm_map.read(tmp_path / "map.json").version == "of an unknown version"


def test_without_the_package_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is fetched."""
    monkeypatch.setattr(litellm_map, "find_spec", lambda _: None)

    with pytest.raises(ConfigurationError, match="litellm is not installed"):
        litellm_map.read()
