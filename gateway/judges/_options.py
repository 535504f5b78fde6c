"""The lettered options of a question: `A) Paris`, `(B) London`, `C. Rome`."""

import re

from gateway.judges._text import words

_OPTION = re.compile(
    r"([A-J])(?<![^\s(].)[).:]\s{1,4}(?P<words>\S.{0,200}?)(?=\s{1,4}\(?[A-J][).:]\s|\n|$)", re.MULTILINE
)
_LEAST = 2


def options_of(prompt: str) -> dict[str, str]:
    """Return the options of a prompt, letter to words in small letters; none where it has not A and B at least."""
    if not any(mark in prompt for mark in ("B)", "B.", "B:")):
        return {}
    found = {match[1]: " ".join(words(match["words"])) for match in _OPTION.finditer(prompt)}
    return found if len(found) >= _LEAST and {"A", "B"} <= found.keys() else {}
