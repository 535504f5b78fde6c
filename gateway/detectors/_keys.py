"""Finds the keys of providers: one search for all of them, then one look at what follows."""

import re
from collections.abc import Iterator
from typing import cast

from gateway.detectors._key_patterns import KEY_PATTERNS, KeyPattern
from gateway.detectors._page import Strength
from gateway.detectors._provider_keys import KEY_SHAPES, Alphabet, KeyShape
from gateway.detectors._scan import Finder
from gateway.detectors._values import is_mixed, of_key

# Type, start, end, strength.
Hit = tuple[str, int, int, Strength]

_ALPHABETS: dict[Alphabet, str] = {
    "letters": "[A-Za-z0-9]",
    "lower": "[a-z0-9]",
    "capitals": "[A-Z0-9]",
    "hex": "[0-9a-f]",
    "anyhex": "[0-9A-Fa-f]",
    "url": "[A-Za-z0-9_-]",
    "dotted": "[A-Za-z0-9_.-]",
    "base64": "[A-Za-z0-9+/=_-]",
}
_RUNS = {name: re.compile(f"{alphabet}*+") for name, alphabet in _ALPHABETS.items()}
# The fingerprint of a picture or a script is no key.
_FILE = re.compile(r"\.(?:png|gif|jpe?g|svg|ico|webp|css|m?js|map|html?|woff2?|ttf|zip|gz|jar)(?![A-Za-z0-9])")
# So many characters of the body must be there for a second look.
_FIRST_LOOK = 16


class Keys:
    """Finds keys of the types that are not in `without`."""

    def __init__(self, without: frozenset[str] = frozenset()) -> None:
        shapes = sorted((s for s in KEY_SHAPES if s.type not in without), key=lambda s: len(s.start), reverse=True)
        self._shapes: dict[str, list[KeyShape]] = {}
        for shape in shapes:
            self._shapes.setdefault(shape.start, []).append(shape)
        self._lengths = list(dict.fromkeys(map(len, self._shapes)))
        patterns = [pattern for pattern in KEY_PATTERNS if pattern.type not in without]
        self._patterns = {f"p{number}": pattern for number, pattern in enumerate(patterns)}
        # Where no pattern is left, none of the empty class matches.
        self._any_pattern = re.compile(
            "|".join(f"(?P<{n}>{p.pattern})" for n, p in self._patterns.items()) or "[^\\s\\S]"
        )
        alternatives = "|".join(_alternatives(shapes, patterns))
        self._finder = Finder(f"[^A-Za-z0-9](?:{alternatives})") if alternatives else None

    def find(self, text: str, scanned: bytes) -> Iterator[Hit]:
        """Yield the keys in the order of the text."""
        place = 0
        while self._finder is not None and (candidate := self._finder.find(scanned, place)):
            start, place = candidate
            hit, end = self._read(text, start)
            place = max(place, end)
            if hit:
                yield hit

    def _read(self, text: str, start: int) -> tuple[Hit | None, int]:
        """Return the key that starts there, and how far the text was read."""
        if hit := self._patterned(text, start):
            return hit, hit[2]
        read = start
        for length in self._lengths:
            for shape in self._shapes.get(text[start : start + length], ()):
                hit, end = _measured(shape, text, start)
                read = max(read, end)
                if hit:
                    return hit, hit[2]
        return None, read

    def _patterned(self, text: str, start: int) -> Hit | None:
        match = self._any_pattern.match(text, start)
        if match is None or match.lastgroup is None or _goes_on(text, match.end()):
            return None
        pattern = self._patterns[match.lastgroup]
        if pattern.mixed and not is_mixed(match[0]):
            return None
        strength = of_key(match[0], exact=True)
        return (pattern.type, start, match.end(), strength) if strength else None


def _alternatives(shapes: list[KeyShape], patterns: list[KeyPattern]) -> Iterator[str]:
    for shape in shapes:
        yield f"{re.escape(shape.start)}{_ALPHABETS[shape.alphabet]}{{{min(shape.at_least, _FIRST_LOOK)}}}"
    for pattern in patterns:
        yield f"(?:{pattern.pattern})"


def _measured(shape: KeyShape, text: str, start: int) -> tuple[Hit | None, int]:
    begin = start + len(shape.start)
    # The pattern may match nothing, so it always matches.
    end = cast("re.Match[str]", _RUNS[shape.alphabet].match(text, begin)).end()
    if end - begin > shape.at_most:
        return None, end
    if end - begin < shape.at_least or _goes_on(text, end):
        return None, start
    strength = of_key(text[begin:end], exact=False)
    return ((shape.type, start, end, strength) if strength else None), start


def _goes_on(text: str, end: int) -> bool:
    return text[end : end + 1].isalnum() or _FILE.match(text, end) is not None
