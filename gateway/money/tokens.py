"""A usage taken apart: how many tokens of each kind, no token twice, so that each is billed at one price. Pure.

A `Usage` holds totals that include their parts; here the parts add up to the provider's totals again.
"""

from typing import NamedTuple, Self

from gateway.types import Usage


class Tokens(NamedTuple):
    """The tokens of a call by kind; they add up to its prompt and its answer."""

    input: int = 0
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    audio_input: int = 0
    image_input: int = 0
    output: int = 0
    reasoning: int = 0
    audio_output: int = 0

    @classmethod
    def of(cls, usage: Usage) -> Self | None:
        """Return a usage by kind; None where a total is unknown, or a part is larger than its whole."""
        prompt, completion = usage.prompt_tokens, usage.completion_tokens
        if prompt is None or completion is None:
            return None
        read, written, hour = usage.cached_tokens, usage.cache_write_tokens, usage.cache_write_1h_tokens
        audio, image = usage.audio_tokens, usage.image_tokens
        reasoning, spoken = usage.reasoning_tokens, usage.audio_output_tokens
        fresh, visible = prompt - read - written, completion - reasoning - spoken
        if fresh < 0 or read < 0 or hour < 0 or written < hour or visible < 0 or reasoning < 0 or spoken < 0:
            return None
        if audio or image:
            if audio < 0 or image < 0 or audio + image > prompt:
                return None
            # Not every server says which of these it had in the cache: no more than what was not cached is fresh.
            audio = min(audio, fresh)
            image = min(image, fresh - audio)
        # Quicker than by its names, which takes as long as all the rest.
        return cls._make((fresh - audio - image, read, written - hour, hour, audio, image, visible, reasoning, spoken))

    @property
    def prompt(self) -> int:
        """The tokens that were sent."""
        return sum(self[:6])

    @property
    def completion(self) -> int:
        """The tokens that came back."""
        return sum(self[6:])
