"""Splits an amount so that the parts add up to it: floors, and the largest remainders get what is left."""

from collections.abc import Sequence
from fractions import Fraction
from math import floor


def split(amount: int, weights: Sequence[int | Fraction]) -> list[int]:
    """Return `amount` in whole parts in proportion to weights of 0 or more, in their order; equal where all are 0.

    Of equal remainders the first gets more. No weights give no parts.
    """
    total = sum(weights)
    if not total:
        weights, total = [1] * len(weights), len(weights)
    shares = [amount * weight for weight in weights]
    parts = [int(share // total) for share in shares]
    by_remainder = sorted(range(len(parts)), key=lambda place: -(shares[place] % total))
    for place in by_remainder[: amount - sum(parts)]:
        parts[place] += 1
    return parts


def rounded(amount: Fraction) -> int:
    """Return the nearest whole number, halves upwards."""
    return floor(amount + Fraction(1, 2))
