"""Usages of every provider, read as totals that include their parts."""

from typing import Any

import pytest

from gateway.money.tokens import Tokens
from gateway.types import Money, Usage
from gateway.wire.usage import parse_cost, parse_usage

# The same call, as each one reports it: 100 tokens of prompt, 60 of them from a cache, and 10 of answer.
CACHED = {
    "openai": {"prompt_tokens": 100, "completion_tokens": 10, "prompt_tokens_details": {"cached_tokens": 60}},
    "responses": {"input_tokens": 100, "output_tokens": 10, "input_tokens_details": {"cached_tokens": 60}},
    "anthropic": {"input_tokens": 40, "output_tokens": 10, "cache_read_input_tokens": 60},
    "deepseek": {"prompt_tokens": 100, "completion_tokens": 10, "prompt_cache_hit_tokens": 60},
    "moonshot": {"prompt_tokens": 100, "completion_tokens": 10, "cached_tokens": 60},
    "beside, but in the total": {
        "prompt_tokens": 40,
        "completion_tokens": 10,
        "total_tokens": 110,
        "prompt_tokens_details": {"cached_tokens": 60},
    },
}

# 100 tokens of prompt, 70 of them written to a cache, 20 of those for an hour.
WRITTEN = {
    "anthropic": {
        "input_tokens": 30,
        "output_tokens": 10,
        "cache_creation_input_tokens": 70,
        "cache_creation": {"ephemeral_5m_input_tokens": 50, "ephemeral_1h_input_tokens": 20},
    },
    "anthropic, by life alone": {
        "input_tokens": 30,
        "output_tokens": 10,
        "cache_creation": {"ephemeral_5m_input_tokens": 50, "ephemeral_1h_input_tokens": 20},
    },
    "litellm": {
        "prompt_tokens": 100,
        "completion_tokens": 10,
        "prompt_tokens_details": {
            "cache_creation_tokens": 70,
            "cache_creation_token_details": {"ephemeral_5m_input_tokens": 50, "ephemeral_1h_input_tokens": 20},
        },
    },
}

# 30 tokens of answer, 25 of them thinking.
THOUGHT = {
    "openai": {"completion_tokens": 30, "completion_tokens_details": {"reasoning_tokens": 25}, "total_tokens": 130},
    "responses": {"output_tokens": 30, "output_tokens_details": {"reasoning_tokens": 25}},
    "xai": {"completion_tokens": 5, "completion_tokens_details": {"reasoning_tokens": 25}, "total_tokens": 130},
    "gemini, by its total": {"completion_tokens": 5, "total_tokens": 130},
}


@pytest.mark.parametrize("usage", CACHED.values(), ids=CACHED)
def test_cached_tokens_are_inside_the_prompt_whoever_counts(usage: dict[str, Any]) -> None:
    """The same call has the same usage, also where a provider counts its cache beside the prompt."""
    assert parse_usage({"usage": usage}) == Usage(prompt_tokens=100, completion_tokens=10, cached_tokens=60)


@pytest.mark.parametrize("usage", WRITTEN.values(), ids=WRITTEN)
def test_what_is_kept_for_an_hour_is_told_from_what_is_kept_for_five_minutes(usage: dict[str, Any]) -> None:
    """The hour costs twice the input, the five minutes a quarter more."""
    read = parse_usage({"usage": usage})

    assert read == Usage(prompt_tokens=100, completion_tokens=10, cache_write_tokens=70, cache_write_1h_tokens=20)


@pytest.mark.parametrize("usage", THOUGHT.values(), ids=THOUGHT)
def test_thinking_is_inside_the_answer_whoever_counts(usage: dict[str, Any]) -> None:
    """Thinking is billed, also where a provider counts it beside the answer or in the total alone."""
    read = parse_usage({"usage": {"prompt_tokens": 100, **usage}})

    assert read == Usage(prompt_tokens=100, completion_tokens=30, reasoning_tokens=25)


def test_what_a_tool_of_the_provider_put_into_the_prompt_is_prompt() -> None:
    """A search's results are tokens that the provider counts in its total alone."""
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 22}

    read = parse_usage({"usage": {**usage, "prompt_tokens_details": {"tool_use_tokens": 7}}})

    assert read == Usage(prompt_tokens=17, completion_tokens=5)


@pytest.mark.parametrize("total", [0, 14, 15, 40, None, "15"])
def test_a_total_that_nothing_explains_changes_nothing(total: object) -> None:
    """What the provider says of the prompt and the answer stands."""
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "completion_tokens_details": {"reasoning_tokens": 3}}

    read = parse_usage({"usage": {**usage, "total_tokens": total}})

    assert read == Usage(prompt_tokens=10, completion_tokens=5, reasoning_tokens=3)


def test_audio_and_images_are_counted_where_no_cache_knew_them() -> None:
    """A cached second of audio is billed as cached, once."""
    asked = {"cached_tokens": 50, "audio_tokens": 40, "image_tokens": 20, "cached_tokens_details": {"audio_tokens": 30}}
    usage = {"prompt_tokens": 100, "completion_tokens": 9, "prompt_tokens_details": asked}

    read = parse_usage({"usage": {**usage, "completion_tokens_details": {"audio_tokens": 8}}})

    assert read == Usage(
        prompt_tokens=100,
        completion_tokens=9,
        cached_tokens=50,
        audio_tokens=10,
        image_tokens=20,
        audio_output_tokens=8,
    )
    assert Tokens.of(read) == Tokens(input=20, cache_read=50, audio_input=10, image_input=20, output=1, audio_output=8)


@pytest.mark.parametrize("details", [None, 7, [], {"cached_tokens": -1}, {"cached_tokens": True, "audio_tokens": "x"}])
def test_details_that_cannot_be_read_are_none(details: object) -> None:
    """A figure is lost, not the usage."""
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "prompt_tokens_details": details}

    assert parse_usage({"usage": usage}) == Usage(prompt_tokens=10, completion_tokens=5)


@pytest.mark.parametrize("usage", [None, 7, "many", []])
def test_an_answer_without_a_usage_has_none(usage: object) -> None:
    """Unknown is not zero."""
    assert parse_usage({"usage": usage}) is None


def test_an_unread_prompt_is_unknown() -> None:
    """Cached tokens alone are no prompt."""
    read = parse_usage({"usage": {"prompt_tokens": "9", "input_tokens": 9, "cache_read_input_tokens": 5}})

    assert read == Usage(cached_tokens=5)


@pytest.mark.parametrize(
    ("usage", "nano_usd"),
    [
        ({"cost": 0.00012345}, 123_450),
        ({"cost": 0, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.002}}, 2_000_000),
        ({"cost": 0.001, "is_byok": False, "cost_details": {"upstream_inference_cost": 0.002}}, 1_000_000),
        ({"cost": 0.001, "is_byok": True, "cost_details": None}, 1_000_000),
        ({"cost_in_usd_ticks": 37_756_000}, 3_775_600),
        ({"cost_in_usd_ticks": 4}, 0),
        ({"cost_in_usd_ticks": -1}, None),
        ({"cost_in_usd_ticks": 10**17}, None),
        ({"cost_in_usd_ticks": 1.5}, None),
        ({}, None),
    ],
)
def test_what_a_provider_says_it_charges_is_read_whole(usage: dict[str, Any], nano_usd: int | None) -> None:
    """OpenRouter says dollars, and beside them what the provider behind it bills; xAI says ticks of 10^-10 USD."""
    assert parse_cost({"usage": usage}) == (None if nano_usd is None else Money(nano_usd))


def test_without_a_usage_there_is_no_cost() -> None:
    """Unknown is not zero."""
    assert parse_cost({}) is None
