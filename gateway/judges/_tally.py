"""What a check of an answer found."""

from typing import NamedTuple


class Tally(NamedTuple):
    """How many of the things that could be checked were right, and wrong; what could not is in neither."""

    right: int
    wrong: int
