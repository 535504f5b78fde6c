"""What kind of word a word is, to who looks for names: packed into a small number. Lookups, no learning."""

import unicodedata
from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

if TYPE_CHECKING:
    from array import array

LONGEST = 30

_LETTERS = str.maketrans({
    "ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "\u0131": "i", "ə": "e",
    "\u2019": "'",
})  # fmt: skip
_TWO_BITS = 3


class Kind(NamedTuple):
    """How much a word is one thing or another: 0 not at all, 3 most of all; `other` is the number of a list of ours.

    The lists: 1 calendar, languages and peoples, 2 organisations and products, 3 titles and roles.
    """

    first: int
    last: int
    common: int
    place: int
    other: int


NOTHING = Kind(0, 0, 0, 0, 0)


def fold(word: str) -> str:
    """Return a word in small letters without accents."""
    word = word.lower()
    if word.isascii():
        return word
    letters = unicodedata.normalize("NFKD", word.translate(_LETTERS))
    return "".join([letter for letter in letters if not unicodedata.combining(letter)])


def pack(kind: Kind) -> int:
    """Return a kind as a number of ten bits."""
    return kind.first | kind.last << 2 | kind.common << 4 | kind.place << 6 | kind.other << 8


def unpack(number: int) -> Kind:
    """Return the kind of a number."""
    return Kind(*[number >> bits & _TWO_BITS for bits in (0, 2, 4, 6, 8)])


def key(word: str) -> int:
    """Return what a folded word is found by."""
    return crc32(word.encode("utf-8", "surrogatepass"))


class Words:
    """The known words: 32-bit keys in order, and the number of each one's kind. One in 27,000 others is mistaken."""

    __slots__ = ("_keys", "_kinds", "_numbers")

    def __init__(self, keys: "array[int]", numbers: "array[int]") -> None:
        self._keys = keys
        self._numbers = numbers
        self._kinds = {number: unpack(number) for number in set(numbers)}

    def kind(self, word: str) -> Kind:
        """Return what a folded word is."""
        wanted = key(word)
        place = bisect_left(self._keys, wanted)
        if place < len(self._keys) and self._keys[place] == wanted:
            return self._kinds[self._numbers[place]]
        return NOTHING
