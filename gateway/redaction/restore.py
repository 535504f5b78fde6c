"""Put the values in the place of placeholders, in a text that comes whole or in pieces.

Models write placeholders as they like: in small letters, without brackets, with a backslash before what Markdown would
read. The nonce says what was meant, or nobody can say, and then it stays as it is. However a text is cut into pieces,
the same comes out.
"""

import json
import re
from dataclasses import dataclass

from gateway.redaction.nesting import Depth
from gateway.redaction.vault import Vault

# Markdown's backslash, which JSON doubles.
_MOST_ESCAPES = 2
_MOST_BRACKETS = 2
_CLOSE = re.compile(r"\\{0,2}\]")
_ONLY_ESCAPES = re.compile(r"\\{0,2}")


def restored(text: str, vault: Vault, *, as_json: bool = False) -> tuple[str, int]:
    """Return the text with its values, and how many placeholders could not be restored."""
    restorer = Restorer(vault, as_json=as_json)
    return restorer.feed(text) + restorer.end(), restorer.misses


class Restorer:
    """Takes one text in pieces and gives it with its values.

    What may be the beginning of a placeholder is held back until it is known. `as_json` writes values as they stand
    inside a JSON string; in JSON that is itself such a string, one that would have to be escaped does not come back.
    `misses` counts those, and the nonces that are of no placeholder: damaged ones, and ones that a model made up.
    """

    def __init__(self, vault: Vault, *, as_json: bool = False) -> None:
        self.misses = 0
        self._vault = vault
        self._json = Depth() if as_json else None
        self._nonce = re.compile(re.escape(vault.nonce), re.IGNORECASE | re.ASCII)
        self._held = ""
        # The last that was given out and is no value: the beginning of a nonce may be in it.
        self._said = ""

    def feed(self, piece: str) -> str:
        """Take the next piece, and return what is certain by now."""
        return self._taken(self._held + piece, is_all=False)

    def end(self) -> str:
        """Return what was held back."""
        return self._taken(self._held, is_all=True)

    def _taken(self, text: str, *, is_all: bool) -> str:
        pieces: list[str] = []
        last, until = 0, None
        for match in self._nonce.finditer(text):
            place = self._place(text, last, match)
            if place is None:
                continue
            if place.is_open and not is_all:
                until = place.widest
                break
            pieces += (self._passed(text[last : place.start]), self._value(place, text))
            last, self._said = place.end, ""
        if until is None:
            until = len(text) if is_all else self._certain(text, last)
        pieces.append(self._passed(text[last:until]))
        self._held = text[until:]
        return "".join(pieces)

    def _passed(self, text: str) -> str:
        said = self._said + text
        self.misses += sum(1 for _ in self._nonce.finditer(said))
        self._said = said[max(0, len(said) - len(self._vault.nonce) + 1) :]
        if self._json is not None:
            self._json.feed(text)
        return text

    def _value(self, place: "_Place", text: str) -> str:
        value = self._vault.values[place.name]
        if value is None:
            return text[place.start : place.end]
        if self._json is None:
            return value
        self._json.value()
        escaped = json.dumps(value, ensure_ascii=False)[1:-1]
        if escaped != value and self._json.is_nested:
            self.misses += 1
            return text[place.start : place.end]
        return escaped

    def _place(self, text: str, first: int, nonce: "re.Match[str]") -> "_Place | None":
        """Return the placeholder that a nonce ends, with as many brackets as it has on both sides."""
        run, starts = self._run(text, first, nonce.start())
        name = self._vault.ending(run + nonce[0])
        if name is None:
            return None
        start = starts[len(name) - len(nonce[0]) - 1]
        opened = _opened(text, first, start)
        closed: list[tuple[int, int]] = []
        end = nonce.end()
        while len(closed) < len(opened) and (match := _CLOSE.match(text, end)):
            closed.append((len(match[0]) - 1, end := match.end()))
        pairs = len(closed)
        if pairs:
            escapes, end = closed[-1]
            bracket, first = opened[pairs - 1]
            # Backslashes before a bracket whose counterpart has none are the caller's own: \\[[IP_ADDRESS_1_3fa9c1]].
            start = max(first, bracket - escapes)
        return _Place(
            name=name,
            start=start,
            end=end,
            widest=opened[-1][1] if opened else start,
            is_open=pairs < len(opened) and _ONLY_ESCAPES.fullmatch(text, end) is not None,
        )

    def _run(self, text: str, first: int, end: int) -> tuple[str, list[int]]:
        """Return the letters before `end` without backslashes, and where each begins, the last one first."""
        letters: list[str] = []
        starts: list[int] = []
        while end > first and len(letters) < self._vault.longest:
            letter = text[end - 1]
            if letter == "_":
                end = _unescaped(text, first, end - 1)
            elif letter.isascii() and letter.isalnum():
                end -= 1
            else:
                break
            letters.append(letter)
            starts.append(end)
        return "".join(reversed(letters)), starts

    def _certain(self, text: str, first: int) -> int:
        """Return where the longest end of a text begins that may be the beginning of a placeholder."""
        end = _unescaped(text, first, len(text))
        is_escaped = end < len(text)
        run, starts = self._run(text, first, end)
        for length in range(len(run), 0, -1):
            if self._vault.begins_with(run[-length:] + ("_" if is_escaped else "")):
                return _widest(text, first, starts[length - 1])
        # A backslash can only belong to a further bracket.
        return _widest(text, first, end, most=_MOST_BRACKETS - is_escaped)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where a placeholder stands; while it `is_open`, brackets may follow, and it may begin as early as `widest`."""

    name: str
    start: int
    end: int
    widest: int
    is_open: bool


def _opened(text: str, first: int, end: int, *, most: int = _MOST_BRACKETS) -> list[tuple[int, int]]:
    """Return where the brackets before `end` are and their backslashes begin, the nearest first."""
    opened: list[tuple[int, int]] = []
    while len(opened) < most and end > first and text[end - 1] == "[":
        bracket, end = end - 1, _unescaped(text, first, end - 1)
        opened.append((bracket, end))
    return opened


def _widest(text: str, first: int, end: int, *, most: int = _MOST_BRACKETS) -> int:
    """Return where brackets before `end` begin, else `end`."""
    opened = _opened(text, first, end, most=most)
    return opened[-1][1] if opened else end


def _unescaped(text: str, first: int, end: int) -> int:
    """Return where the backslashes before `end` begin, of those that can belong to what follows."""
    least = max(first, end - _MOST_ESCAPES)
    while end > least and text[end - 1] == "\\":
        end -= 1
    return end
