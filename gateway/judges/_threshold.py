"""The score that an answer needs: what the rule says, moved by what an error costs at the request's stakes."""

from gateway.interfaces import Inquiry


def demanded(at_least: float, stake: float) -> float:
    """Return the score that is asked for where an error costs `stake` times a normal one, 0 to 1.

    `at_least` allows a doubt of 1 - `at_least` at a stake of 1; the doubt times the stake may not be more.
    """
    # What the rule says holds to the last digit where nothing moves it.
    if stake == 1:
        return at_least
    return min(1.0, max(0.0, 1 - (1 - at_least) / stake))


def told(at_least: float, inquiry: Inquiry) -> str:
    """Return the score that is asked for as a text, with the stakes that moved it."""
    if inquiry.stake == 1:
        return f"{at_least:g}"
    return f"{demanded(at_least, inquiry.stake):.3f} ({at_least:g} at stakes {inquiry.stakes})"
