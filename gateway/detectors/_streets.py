"""Finds street addresses: a number beside a name that says street, in the usual ways of some twenty countries.

Rules, no learning. Each number of a text is asked what stands beside it, a hundred characters at most. A house number
beside a name that does not say street is taken for an address only where a postcode follows.
"""

import re
from collections.abc import Iterator, Sequence

from gateway.detectors._search import found, matches
from gateway.detectors._street_words import AFTER, BEFORE, GROWN, NO_STREETS, NUMBERED, PARTICLES, SPACED, UNITS

_DIGIT = re.compile("[0-9]")
# What may not stand before is looked for behind the first digit: a search that begins with a digit is fast.
_NUMBER = re.compile(r"[0-9](?<![\w.,$€£-][0-9])[0-9]{0,5}+(?:[-/][0-9]{1,4})?[A-Za-z]?(?:/[0-9]{1,3})?(?![\w%])")
_POSTCODE = (
    r"(?:(?:[A-Z]{1,2}-)?[0-9]{4,6}(?:-[0-9]{3,4})?|[0-9]{3} [0-9]{2}|[0-9]{2}-[0-9]{3}|[0-9]{4} ?[A-Z]{2}"
    r"|[A-Z]{1,2}[0-9][0-9A-Z]? ?[0-9][A-Z]{2}|[A-Z][0-9][A-Z] ?[0-9][A-Z][0-9])"
)
# `Podléšková 880, 730 21 Mníšek`; `4807 Voortrekker Indlela, Klerksdorp, 2368`.
_THEN_POSTCODE = re.compile(rf",?[\n ] ?(?:[^\n,0-9]{{1,30}}[\n,] ?)?{_POSTCODE}[ \n][^\W\d_a-z]")
_LATER_POSTCODE = re.compile(rf"(?:, |,?\n)[^\n]{{0,40}}?[\n, ] ?{_POSTCODE}(?!\w)")
_POST_OFFICE = frozenset({"po", "po.", "p.o.", "p.o", "o.", "o", "office"})
_BOXES = frozenset({"p.o.box", "pobox", "po-box"})
_MILITARY = frozenset({"APO", "FPO", "DPO"})
_REACH = 80
_MOST_WORDS = 6
_LONGEST_WORD = 28
# What may stand beside a number in small letters.
_FIRST_WORDS = BEFORE | {"bis", "ter"}
_SMALL_WORDS = SPACED | NUMBERED | PARTICLES | _BOXES | {"box"}
# `Spring 2`, `Hof 3`: what a name grows to is no street alone.
_SHORTEST_GROWN = 7
_SHORTEST_NAME = 3
_ENDS = ".,;:!?)\"'"


def streets(text: str) -> Iterator[tuple[int, int]]:
    """Yield where a street address stands; the same place may come twice."""
    if not found(_DIGIT, text):
        return
    for match in matches(_NUMBER, text):
        start, end = match.span()
        if (first := _start_before(text, start, end)) is not None:
            yield first, end
        if (last := _end_after(text, end)) is not None:
            yield start, last


def _end_after(text: str, end: int) -> int | None:
    """Return where the street ends whose number, up to `end`, comes first; None where there is none."""
    start = end + (text[end : end + 1] == ",") + 1
    if text[start - 1 : start] != " " or not _may_begin(text[start : start + _LONGEST_WORD]):
        return None
    words = text[start : start + _REACH].split("\n", 1)[0].split(" ", _MOST_WORDS)
    if words[0].rstrip(",") in ("bis", "ter") and len(words) > 1:
        start += len(words[0]) + 1
        words = words[1:]
    if count := _words_of_street(words):
        return start + len(" ".join(words[:count]).rstrip(_ENDS))
    name = _name(words)
    last = start + len(" ".join(name).rstrip(","))
    return last if 1 < len(name) < _MOST_WORDS and _LATER_POSTCODE.match(text, last) else None


def _may_begin(text: str) -> bool:
    return text[:1].isupper() or text[:1].isdigit() or text.split(" ", 1)[0].rstrip(",").lower() in _FIRST_WORDS


def _words_of_street(words: Sequence[str]) -> int:
    """Return how many of the words after a number are a street's name; 0 where they are none."""
    if words[0].lower() in BEFORE:
        named = next((place for place, word in enumerate(words[1:4], 1) if word not in PARTICLES), 0)
        return named + 1 if named and words[named][:1].isupper() else 0
    count = 0
    for place, word in enumerate(words):
        bare = word.rstrip(_ENDS).lower()
        if not _begins_name(word):
            break
        if place and bare in AFTER:
            # `Oak Park Road`: up to the last of several.
            count = place + 1
        if len(bare) < len(word) and word[-1] != ".":
            break
    return count


def _name(words: Sequence[str]) -> Sequence[str]:
    """Return the words up to the first that ends a name, or is none."""
    for place, word in enumerate(words):
        if not word[:1].isupper():
            return words[:place]
        if word.endswith((",", ".")):
            return words[: place + 1]
    return words


def _start_before(text: str, start: int, end: int) -> int | None:
    """Return where the street begins whose number, from `start` to `end`, comes last; None where there is none."""
    if text[start - 1 : start] not in (" ", "#") or (
        text[end : end + 1] in (".", ",", ":") and text[end + 1 : end + 2].isdigit()
    ):
        return None
    nearest = text[max(0, start - _LONGEST_WORD) : start - 1].rsplit(None, 1)
    if not nearest or (nearest[-1][0].islower() and nearest[-1].rstrip(",") not in _SMALL_WORDS):
        return None
    line = text[max(0, start - _REACH) : start].rsplit("\n", 1)[-1].rstrip("# ")
    words = line.rsplit(" ", _MOST_WORDS + 2)
    while len(words) > 1 and words[-1].lower() in NUMBERED:
        words.pop()
    if not words[-1]:
        return None
    count = _words_of_box(words) or _words_with_street(words) or _words_since_street(words)
    if not count and _THEN_POSTCODE.match(text, end):
        count = _words_of_name(words)
    return text.rindex(words[-count], max(0, start - _REACH), start) if count else None


def _words_of_box(words: Sequence[str]) -> int:
    """Return how many words make a box, a flat or a field post of the number that follows."""
    last, before = words[-1].rstrip(",").lower(), words[-2] if len(words) > 1 else ""
    if (last in UNITS and words[-1][0].isupper()) or last in _BOXES:
        return 1
    return 2 if (last == "box" and before.lower() in _POST_OFFICE) or before in _MILITARY else 0


def _words_with_street(words: Sequence[str]) -> int:
    """Return 1 for `Hauptstraße`, 2 for `Nagy utca`."""
    last = words[-1].rstrip(",")
    if last[:1].isupper() and len(last) >= _SHORTEST_GROWN and last.lower().endswith(GROWN):
        return 1
    return 2 if last.lower() in SPACED and any(word[:1].isupper() for word in words[-3:-1]) else 0


def _words_since_street(words: Sequence[str]) -> int:
    """Return how many words there are from what stands before a street's name (`rue`)."""
    for count in range(2, len(words) + 1):
        if not (_begins_name(words[1 - count]) or words[1 - count] in PARTICLES):
            return 0
        if words[-count].lower() in BEFORE:
            return count if any(map(_begins_name, words[1 - count :])) else 0
    return 0


def _words_of_name(words: Sequence[str]) -> int:
    last = words[-1].rstrip(",")
    if not last[:1].isupper() or len(last) < _SHORTEST_NAME or last.lower() in NO_STREETS:
        return 0
    return 2 if len(words) > 1 and words[-2][:1].isupper() else 1


def _begins_name(word: str) -> bool:
    return word[:1].isupper() or word[:1].isdigit()
