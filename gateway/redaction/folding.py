"""What is the same of a value however it is written, and what of it betrays that it stands somewhere all the same.

Signs, spaces, accents and the width of letters count for nothing. Nothing is found here that could be replaced: where
a trace of a value is left, it is not surely gone.
"""

import re
import unicodedata
from collections.abc import Iterator
from itertools import permutations

# Of fewer letters or digits, words and other numbers are full.
_LEAST = 6
# The digits of a number of a telephone that are dialled from anywhere near.
_LOCAL_DIGITS = 7
# The letters of a country and its check digits.
_IBAN_HEAD = 4
_BIRTH = re.compile(r"BIRTH|DATE")
_YEAR = re.compile(r"(?:18|19|20)[0-9]{2}")
# NUL stands for what was taken out: nothing is joined over it.
_SIGNS = re.compile(r"[^\w\0]+|_+")
_SPELT = re.compile(r"[\[({<]\s{0,3}(?:at|dot)\s{0,3}[\])}>]|(?<=\s)(?:at|dot)(?=\s)")
_NOT_DIGITS = re.compile(r"[^0-9]+")
_NUMBERS = re.compile(r"[0-9]+")


def fold(text: str) -> str:
    """Return the letters and digits of a text, small and without accents; NUL stays."""
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text)
    return _SIGNS.sub("", _SPELT.sub("", text.casefold()))


def traces(type_: str, value: str) -> Iterator[str]:
    """Yield what of a value must stand nowhere in a folded text; nothing of a value that is too short to be told."""
    core = fold(value)
    digits = _NOT_DIGITS.sub("", core)
    if len(core) >= _LEAST:
        yield core
    if len(digits) >= _LEAST:
        yield digits
    if type_ == "IBAN_CODE" and len(core) >= _LEAST + _IBAN_HEAD:
        yield core[_IBAN_HEAD:]
    if type_ == "PHONE_NUMBER" and len(digits) > _LOCAL_DIGITS:
        yield digits[-_LOCAL_DIGITS:]
    if _BIRTH.search(type_):
        yield from _days(value)


def _days(value: str) -> Iterator[str]:
    """Yield how else a day may be written: its year, whatever the words beside it, and all orders of its numbers."""
    yield from _YEAR.findall(value)
    numbers = [number.zfill(2)[-2:] for number in _NUMBERS.findall(value)[:3]]
    if len(numbers) == len(("day", "month", "year")):
        yield from map("".join, permutations(numbers))
