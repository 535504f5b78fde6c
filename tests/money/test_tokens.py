"""A usage taken apart: no token twice, none lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.money.tokens import Tokens
from gateway.types import Usage

COUNTS = st.integers(min_value=0, max_value=10**6)


@given(parts=st.lists(COUNTS, min_size=9, max_size=9))
def test_the_parts_of_a_usage_are_what_it_was_made_of(parts: list[int]) -> None:
    """Each kind comes back, and together they are the provider's totals."""
    kinds = Tokens(*parts)

    usage = Usage(
        prompt_tokens=sum(parts[:6]),
        completion_tokens=sum(parts[6:]),
        cached_tokens=kinds.cache_read,
        cache_write_tokens=kinds.cache_write_5m + kinds.cache_write_1h,
        cache_write_1h_tokens=kinds.cache_write_1h,
        audio_tokens=kinds.audio_input,
        image_tokens=kinds.image_input,
        reasoning_tokens=kinds.reasoning,
        audio_output_tokens=kinds.audio_output,
    )

    assert Tokens.of(usage) == kinds
    assert (kinds.prompt, kinds.completion) == (usage.prompt_tokens, usage.completion_tokens)


@given(prompt=COUNTS, read=COUNTS, audio=COUNTS, image=COUNTS)
def test_parts_that_overlap_still_add_up(prompt: int, read: int, audio: int, image: int) -> None:
    """Audio that was cached is billed once, also where the provider counts it in both places."""
    usage = Usage(prompt_tokens=prompt, completion_tokens=0, cached_tokens=read, audio_tokens=audio, image_tokens=image)

    tokens = Tokens.of(usage)

    if tokens is None:
        assert read > prompt or audio + image > prompt
    else:
        assert tokens.prompt == prompt
        assert min(tokens) >= 0
        assert tokens.cache_read == read


@pytest.mark.parametrize(
    "usage",
    [
        Usage(),
        Usage(prompt_tokens=5),
        Usage(completion_tokens=5),
        Usage(prompt_tokens=-1, completion_tokens=0),
        Usage(prompt_tokens=5, completion_tokens=-1),
        Usage(prompt_tokens=5, completion_tokens=1, cached_tokens=6),
        Usage(prompt_tokens=5, completion_tokens=1, cached_tokens=3, cache_write_tokens=3),
        Usage(prompt_tokens=5, completion_tokens=1, cache_write_tokens=2, cache_write_1h_tokens=3),
        Usage(prompt_tokens=5, completion_tokens=1, cache_write_1h_tokens=-1),
        Usage(prompt_tokens=5, completion_tokens=1, cached_tokens=-1),
        Usage(prompt_tokens=5, completion_tokens=1, audio_tokens=3, image_tokens=3),
        Usage(prompt_tokens=5, completion_tokens=1, image_tokens=-1),
        Usage(prompt_tokens=5, completion_tokens=1, reasoning_tokens=2),
        Usage(prompt_tokens=5, completion_tokens=1, audio_output_tokens=-1),
    ],
)
def test_an_impossible_usage_has_no_parts(usage: Usage) -> None:
    """What is not known, or contradicts itself, is priced by nobody."""
    assert Tokens.of(usage) is None
