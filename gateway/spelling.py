"""The nearest right spelling of a wrong word. Pure, and bounded for words and lists of any length."""

import difflib
from collections.abc import Iterable

LONGEST_WORD = 80
MOST_KNOWN = 1000
MOST_LISTED = 12


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that is most like `word`, None where none is near."""
    if len(word) > LONGEST_WORD:
        return None
    by_lower = {name.lower(): name for name, _ in zip(known, range(MOST_KNOWN), strict=False)}
    near = difflib.get_close_matches(word.lower(), by_lower, n=1)
    return by_lower[near[0]] if near else None


def remedy(word: str, known: Iterable[str]) -> str:
    """Return `did you mean 'x'?`, else the words that would be right."""
    names = list(known)
    near = nearest(word, names)
    if near is not None:
        return f"did you mean {near!r}?"
    if not names:
        return "there are none"
    more = f" and {len(names) - MOST_LISTED} more" if len(names) > MOST_LISTED else ""
    return f"known: {', '.join(names[:MOST_LISTED])}{more}"
