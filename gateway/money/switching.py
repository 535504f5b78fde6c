"""Whether it pays to take a conversation back from the model that answers it. Pure, in whole nano-USD.

A provider keeps the prompt of the last turn in a cache and bills it cheaper; who goes back and escalates once more
pays for the whole prompt again:

    staying    = cached price x tokens of the last prompt + input price x new tokens + output price x expected answer
    going back = chance of escalating again x (input price x all tokens + output price x expected answer)
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from gateway.types import Money, Usage

# What an answer is taken to be long where nobody knows better.
USUAL_ANSWER_TOKENS = 500

Estimate = Callable[[Usage], Money | None]
"""What a call of the model would cost, None where its price is unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """The next turn of a conversation: tokens that the last prompt had, that are new, and of the answer."""

    last_prompt_tokens: int
    new_tokens: int
    answer_tokens: int

    @property
    def prompt_tokens(self) -> int:
        """The whole prompt."""
        return self.last_prompt_tokens + self.new_tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What both ways cost; going back pays where it is cheaper, not where it is as dear."""

    staying: Money
    going_back: Money

    @property
    def pays(self) -> bool:
        """Whether going back is cheaper."""
        return self.going_back < self.staying


def compare(estimate: Estimate, turn: Turn, *, chance: float) -> Comparison | None:
    """Compare staying with going back at a chance of escalating again; None where a price is unknown."""
    cached = Usage(
        prompt_tokens=turn.prompt_tokens,
        completion_tokens=turn.answer_tokens,
        cached_tokens=turn.last_prompt_tokens,
    )
    full = Usage(prompt_tokens=turn.prompt_tokens, completion_tokens=turn.answer_tokens)
    staying, again = estimate(cached), estimate(full)
    if staying is None or again is None:
        return None
    return Comparison(staying=staying, going_back=Money(round(Fraction(chance) * again.nano_usd)))
