r"""A text in plain writing: one way to write a letter, a digit, a dash and a space, and nothing invisible or escaped.

`%40`, `\u0040` and `&#64;` are an at sign, a Cyrillic `a` among Latin letters is an `a`. Words of one script stay as
they are. Whatever is done, each place of the plain text is known in the text as it was given.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field

from gateway.detectors._search import PIECE, found, matches

_INVISIBLE_CHARACTERS = "\u00ad\u034f\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufe00-\ufe0f\ufeff"
_SPACES = "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63"
_ZEROS = "\u0660\u06f0\u0966"
# Letters for sums, in circles, raised and lowered: nobody writes words of them but to be seen and not found.
_ORNAMENTS = (*range(0x2070, 0x209D), *range(0x2460, 0x24EA), *range(0x1D400, 0x1D800), 0xB2, 0xB3, 0xB9)


def _ornaments() -> dict[str, str]:
    folded = {chr(code): unicodedata.normalize("NFKC", chr(code)) for code in _ORNAMENTS}
    return {ornate: letter for ornate, letter in folded.items() if len(letter) == 1 and letter.isascii()}


# One character stands for one character, so that offsets stay. U+0130 alone grows when it is written small.
_PLAIN = {
    **dict.fromkeys(_SPACES, " "),
    **dict.fromkeys(_DASHES, "-"),
    **{chr(0xFF00 + code): chr(0x20 + code) for code in range(1, 0x5F)},
    **{chr(ord(zero) + digit): str(digit) for zero in _ZEROS for digit in range(10)},
    **_ornaments(),
    "\u0130": "I",
    "\u2024": ".",
}
# A range for what lies beyond the basic plane: one by one those would be compared with every character.
_BASIC = "".join(sign for sign in _PLAIN if sign <= "\uffff")
_VARIANT = re.compile(f"[{_BASIC}\U0001d400-\U0001d7ff]")
_INVISIBLE = re.compile(f"[{_INVISIBLE_CHARACTERS}]")

# Cyrillic, Greek and other letters that cannot be told from Latin ones, in pairs.
_TWINS = (
    "\u0430a\u0435e\u043eo\u0440p\u0441c\u0443y\u0445x\u0456i\u0458j\u0455s\u0501d\u04bbh\u04cfl\u051bq\u051dw\u0433r"
    "\u0410A\u0412B\u0415E\u041aK\u041cM\u041dH\u041eO\u0420P\u0421C\u0422T\u0423Y\u0425X\u0406I\u0408J\u0405S\u0417"
    "3\u03bfo\u03b1a\u03bdv\u03b9i\u03bak\u03c1p\u03c5u\u03c7x\u03b3y\u0391A\u0392B\u0395E\u0396Z\u0397H\u0399I\u039aK"
    "\u039cM\u039dN\u039fO\u03a1P\u03a4T\u03a5Y\u03a7X\u0585o\u057du\u0570h\u0578n\u0251a\u0261g\u0131i\u043ak\u043c"
    "m\u0442t\u043dh\u0432b"
)
_TWIN_OF = dict(zip(_TWINS[::2], _TWINS[1::2], strict=True))
_TO_LATIN = str.maketrans(_TWIN_OF)
_TWIN = re.compile(f"[{''.join(_TWIN_OF)}]")
_WORD = re.compile(r"\S{1,200}+")
_LATIN = re.compile(r"[A-Za-z@]")

_NAMED = {
    "commat": "@",
    "period": ".",
    "amp": "&",
    "quot": '"',
    "apos": "'",
    "colon": ":",
    "sol": "/",
    "plus": "+",
    "lowbar": "_",
    "hyphen": "-",
    "dash": "-",
    "num": "#",
    "equals": "=",
    "lpar": "(",
    "rpar": ")",
    "lt": "<",
    "gt": ">",
    "nbsp": " ",
}
_BREAKS = {"n": "\n", "r": "\r", "t": "\t"}
_ESCAPED = re.compile(
    r"%([2-7][0-9A-Fa-f])|\\(?:u([0-9A-Fa-f]{4})|x([2-7][0-9A-Fa-f])|([nrt]))"
    rf"|&(?:#([0-9]{{2,6}})|#[xX]([0-9A-Fa-f]{{2,5}})|({'|'.join(_NAMED)}));"
)
_READERS: tuple[Callable[[str], int | str], ...] = (
    *(lambda digits: int(digits, 16),) * 3,
    _BREAKS.__getitem__,
    int,
    lambda digits: int(digits, 16),
    _NAMED.__getitem__,
)


# No control characters, no halves of surrogate pairs.
_SOUND, _SOUND_BEYOND = range(0x20, 0xD800), range(0xE000, 0x110000)


@dataclass(slots=True)
class Places:
    """Where the characters of a text stood before some were taken out: from `at` on, `shift` characters further."""

    at: list[int] = field(default_factory=list)
    shift: list[int] = field(default_factory=list)

    def __call__(self, place: int) -> int:
        """Return where the character stood; behind the last one, where the text ended."""
        known = bisect_right(self.at, place) - 1
        return place if known < 0 else place + self.shift[known]

    def note(self, place: int, shift: int) -> None:
        """Say that the character that is at `place` now stood `shift` characters further."""
        if self.at and self.at[-1] == place:
            self.shift[-1] = shift
        else:
            self.at.append(place)
            self.shift.append(shift)


def plain(text: str, *, escapes: bool) -> tuple[str, tuple[Places, ...]]:
    """Return the text in plain writing, and how to go back: the places of each step, the last step first.

    Escapes of addresses, JSON and HTML are read where `escapes` says so.
    """
    places: tuple[Places, ...] = ()
    if escapes and _may_escape(text):
        text, moved = _unescaped(text)
        places = (moved,) if moved.at else ()
    if text.isascii():
        return text, places
    text = _latin(_in_plain_letters(text))
    if found(_INVISIBLE, text):
        text, moved = _without(_INVISIBLE, text)
        places = (moved, *places)
    return text, places


def has_escapes(text: str) -> bool:
    """Whether the text holds an escape of addresses, JSON or HTML."""
    return _may_escape(text) and found(_ESCAPED, text)


def _may_escape(text: str) -> bool:
    return "%" in text or "\\" in text or "&" in text


def _unescaped(text: str) -> tuple[str, Places]:
    places, parts, end, length = Places(), list[str](), 0, 0
    for match in matches(_ESCAPED, text):
        group = match.lastindex or 1
        character = _READERS[group - 1](match[group])
        written = chr(character) if isinstance(character, int) and _is_sound(character) else character
        if isinstance(written, str):
            parts += text[end : match.start()], written
            length += match.start() - end + 1
            end = match.end()
            places.note(length, end - length)
    return "".join((*parts, text[end:])), places


def _is_sound(code: int) -> bool:
    return code in _SOUND or code in _SOUND_BEYOND


def _in_plain_letters(text: str) -> str:
    if not found(_VARIANT, text):
        return text
    pieces = (text[start : start + PIECE] for start in range(0, len(text), PIECE))
    return "".join([_VARIANT.sub(lambda match: _PLAIN.get(match[0], match[0]), piece) for piece in pieces])


def _latin(text: str) -> str:
    if not found(_TWIN, text):
        return text
    parts, end = list[str](), 0
    for match in matches(_WORD, text):
        if _TWIN.search(match[0]) and _pretends(match[0]):
            parts += text[end : match.start()], match[0].translate(_TO_LATIN)
            end = match.end()
    return "".join((*parts, text[end:]))


def _pretends(word: str) -> bool:
    # A word of two scripts, or letters and digits where each letter has a Latin twin: `AB123456` in Cyrillic.
    if _LATIN.search(word):
        return True
    return any(map(str.isdigit, word)) and not any(sign.isalpha() and sign not in _TWIN_OF for sign in word)


def _without(pattern: re.Pattern[str], text: str) -> tuple[str, Places]:
    places, parts, end, length = Places(), list[str](), 0, 0
    for match in matches(pattern, text):
        parts.append(text[end : match.start()])
        length += match.start() - end
        end = match.end()
        places.note(length, end - length)
    return "".join((*parts, text[end:])), places
