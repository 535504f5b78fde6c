"""Where a JSON text stands that comes in pieces: in a string of its own, or in JSON that is written in a string."""

import re

# What changes anything: a quote, an escape, the first letter of a string.
_NEXT = re.compile(r"[\"\\]")
_FIRST = re.compile(r"\S")


class Depth:
    """Follows a JSON text letter by letter.

    `is_nested` in a string that begins as an object or an array does, from its first escaped quote on.
    """

    def __init__(self) -> None:
        self.is_nested = False
        self._is_inside = self._is_escape = self._begins = False
        self._holds_json = False

    def feed(self, text: str) -> None:
        """Go on by a piece."""
        at = 0
        while at < len(text):
            if self._is_escape:
                at = self._escaped(text, at)
            elif self._begins and (first := _FIRST.match(text, at)):
                self._begins = False
                self._holds_json = first[0] in "{["
            elif (found := (_FIRST if self._begins else _NEXT).search(text, at)) is None:
                return
            elif self._begins:
                at = found.start()
            else:
                at = found.end()
                self._at_sign(found[0])

    def value(self) -> None:
        """Go on by a value that is put in: a string that begins with one is no JSON."""
        self._begins = False

    def _at_sign(self, sign: str) -> None:
        if sign == "\\":
            self._is_escape = self._is_inside
            return
        self._is_inside = self._begins = not self._is_inside
        self.is_nested = self._holds_json = False

    def _escaped(self, text: str, at: int) -> int:
        self._is_escape = False
        if text[at] == '"' and self._holds_json:
            self.is_nested = True
        return at + 1
