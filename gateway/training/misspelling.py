"""Labelled rows with typos, so that what is learned does not hang on spelling."""

import random
import string
from collections.abc import Sequence
from dataclasses import replace

from gateway.training.rows import Row
from gateway.types import Message

# Three characters in a hundred: a text that was typed in haste.
_SHARE = 0.03


def misspelt(rows: Sequence[Row], *, seed: int) -> list[Row]:
    """Return the same rows with typos in what the user says; reproducible by the seed."""
    lots = random.Random(seed)
    return [
        replace(row, request=replace(row.request, messages=tuple(_typed(m, lots) for m in row.request.messages)))
        for row in rows
    ]


def _typed(message: Message, lots: random.Random) -> Message:
    if message.role != "user" or not isinstance(message.content, str):
        return message
    return replace(message, content=mistyped(message.content, lots))


def mistyped(text: str, lots: random.Random) -> str:
    """Return a text with characters swapped, left out, put in or replaced."""
    characters = list(text)
    for _ in range(round(len(characters) * _SHARE)):
        place = lots.randrange(len(characters))
        letter = lots.choice(string.ascii_lowercase)
        kind = lots.randrange(4)
        if kind == 0 and place + 1 < len(characters):
            characters[place], characters[place + 1] = characters[place + 1], characters[place]
        elif kind == 1:
            characters[place] = ""
        else:
            characters[place] = letter if kind == 2 else characters[place] + letter  # noqa: PLR2004 - four kinds
    return "".join(characters)
