"""What an answer says of its tokens and its cost, in one shape whoever answered: totals that include their parts.

OpenAI counts cached tokens inside the prompt and thinking inside the answer, Anthropic the first and xAI the second
beside it; the names differ too. A figure that cannot be read is unknown, and of a part 0.
"""

from collections.abc import Mapping
from dataclasses import replace
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from gateway.types import Money, Usage

# Beyond these, a report is a mistake: no call has so many tokens, or costs a million dollars.
MOST_TOKENS = 10**9
MOST_USD = 10**6

_TICKS_PER_USD = 10**10
_WRITTEN_1H = "ephemeral_1h_input_tokens"
_WRITTEN_5M = "ephemeral_5m_input_tokens"

# Of an object that may be anything.
_Object = Mapping[str, Any]


def parse_usage(payload: _Object) -> Usage | None:
    """Return the usage in an answer or in a piece of one; None where it has none."""
    usage = payload.get("usage")
    if not isinstance(usage, dict):
        return None
    asked = _group(usage, "prompt_tokens_details") or _group(usage, "input_tokens_details")
    answered = _group(usage, "completion_tokens_details") or _group(usage, "output_tokens_details")
    cached = _cached(payload, usage, asked)
    written, written_1h = _written(usage, asked)
    read = Usage(
        prompt_tokens=_prompt(usage, asked, beside=cached + written),
        completion_tokens=_first(usage, "completion_tokens", "output_tokens"),
        cached_tokens=cached,
        cache_write_tokens=written,
        cache_write_1h_tokens=written_1h,
        reasoning_tokens=_first(answered, "reasoning_tokens") or 0,
        audio_tokens=_uncached(asked, "audio_tokens"),
        image_tokens=_uncached(asked, "image_tokens"),
        audio_output_tokens=_first(answered, "audio_tokens") or 0,
    )
    return _whole(read, total=_count(usage.get("total_tokens")), tool_use=_first(asked, "tool_use_tokens"))


def parse_cost(payload: _Object) -> Money | None:
    """Return what the provider says that the call cost; None where it says nothing."""
    usage = _group(payload, "usage")
    cost = _usd(usage.get("cost"))
    if cost is not None:
        # With a key of one's own at the provider behind OpenRouter, that one sends a bill of its own.
        upstream = _usd(_group(usage, "cost_details").get("upstream_inference_cost")) if usage.get("is_byok") else None
        return _money(cost + (upstream or 0))
    ticks = _count(usage.get("cost_in_usd_ticks"), most=MOST_USD * _TICKS_PER_USD)
    return None if ticks is None else _money(Decimal(ticks) / _TICKS_PER_USD)


def _prompt(usage: _Object, details: _Object, *, beside: int) -> int | None:
    if "prompt_tokens" in usage:
        return _count(usage["prompt_tokens"])
    tokens = _count(usage.get("input_tokens"))
    # Both of these have input tokens: OpenAI's include what was cached, and name it in details; Anthropic's do not.
    return tokens if tokens is None or details else tokens + beside


def _cached(payload: _Object, usage: _Object, details: _Object) -> int:
    cached = _first(details, "cached_tokens")
    if cached is None:
        # Moonshot, DeepSeek and Anthropic.
        cached = _first(usage, "cached_tokens", "prompt_cache_hit_tokens", "cache_read_input_tokens")
    if cached is None:
        # llama.cpp reports what it took from its cache among the timings.
        cached = _first(_group(payload, "timings"), "cache_n")
    return cached or 0


def _written(usage: _Object, details: _Object) -> tuple[int, int]:
    """Return what was written to a cache, and what of it to one that lasts an hour."""
    lives = _group(details, "cache_creation_token_details") or _group(usage, "cache_creation")
    hour = _first(lives, _WRITTEN_1H) or 0
    written = _first(details, "cache_write_tokens", "cache_creation_tokens")
    if written is None:
        written = _first(usage, "cache_creation_input_tokens")
    return (hour + (_first(lives, _WRITTEN_5M) or 0) if written is None else written), hour


def _whole(usage: Usage, *, total: int | None, tool_use: int | None) -> Usage:
    """Return the usage with what its total holds beside the prompt and the answer put where it belongs."""
    prompt, completion = usage.prompt_tokens, usage.completion_tokens
    if prompt is None or completion is None or total is None:
        return usage
    beside = total - prompt - completion
    if (
        beside > 0
        and beside != usage.reasoning_tokens
        and beside in (usage.cached_tokens + usage.cache_write_tokens, tool_use)
    ):
        return replace(usage, prompt_tokens=prompt + beside)
    # xAI counts its thinking beside the answer; Gemini's OpenAI-compatible URL shows it in the total alone.
    if beside > 0 and usage.reasoning_tokens in (0, beside):
        return replace(usage, completion_tokens=completion + beside, reasoning_tokens=beside)
    return usage


def _uncached(details: _Object, name: str) -> int:
    """Return the tokens of a kind that were not read from the cache: what was is already counted as cached."""
    return max(0, (_first(details, name) or 0) - (_first(_group(details, "cached_tokens_details"), name) or 0))


def _group(values: _Object, name: str) -> _Object:
    group = values.get(name)
    return group if isinstance(group, dict) else {}


def _first(values: _Object, *names: str) -> int | None:
    return next((count for name in names if (count := _count(values.get(name))) is not None), None)


def _count(value: object, *, most: int = MOST_TOKENS) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most else None


def _usd(value: object) -> Decimal | None:
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 <= value <= MOST_USD:
        return None
    return Decimal(str(value))


def _money(usd: Decimal) -> Money:
    return Money(int(usd.scaleb(9).to_integral_value(ROUND_HALF_EVEN)))
