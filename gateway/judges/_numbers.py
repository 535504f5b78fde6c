r"""Numbers as people write them, read exactly: `$1,234.50`, `1.234,50`, `50%`, `3/4`, `1 1/2`, `2.5e3`, `\frac{1}{2}`.

A percent sign, a currency and a unit are not part of the value. What is longer than a number that somebody means is
none; every pattern looks a bounded way ahead.
"""

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

_DIGITS = (
    r"[0-9]{1,3}(?:[,\u202f\u00a0][0-9]{3}){1,8}(?:\.[0-9]{1,20})?"
    r"|[0-9]{1,3}(?:\.[0-9]{3}){1,8},[0-9]{1,20}"
    r"|[0-9]{1,30}(?:[.,][0-9]{1,20})?"
    r"|\.[0-9]{1,20}"
)
_POWER_OF_TEN = r"\s?(?:[x\u00d7*]|\\times|\\cdot)\s?10\s?\^\s?\{?(?P<power>[-+\u2212]?[0-9]{1,2})\}?"
_NUMBER = re.compile(
    r"(?P<sign>(?<![\w)\]%.])[-\u2212](?:(?:\\?\$|[€£¥])\s?)?(?=[0-9.\\]))?"
    r"(?<![\w.,/])"
    r"(?P<whole>[0-9]{1,9}(?:\s(?=[0-9]{1,4}/[0-9])|\s?(?=\\[dt]?frac)))?"
    r"(?:"
    r"\\[dt]?frac\s?\{\s?(?P<top>[-\u2212]?[0-9]{1,20})\s?\}\s?\{\s?(?P<bottom>[0-9]{1,20})\s?\}"
    rf"|(?P<digits>{_DIGITS})(?![0-9]|[.,][0-9]|/[0-9]{{1,4}}/|(?:st|nd|rd|th)\b)"
    rf"(?:[eE](?P<exponent>[-+]?[0-9]{{1,2}})(?!\w)|{_POWER_OF_TEN}"
    r"|\s?/\s?(?P<under>[0-9]{1,20})(?![0-9/]|[.,][0-9]))?"
    r")"
)
# What a number can begin with, found fast; before it there may be a sign, spaces and a currency.
_CANDIDATE = re.compile(r"[0-9]+|\\[dt]?frac")
_MOST_BEFORE = 5
_THOUSANDS = re.compile(r"[1-9][0-9]{0,2}(?:,[0-9]{3})+")
_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
)
WORDS = {word: str(number) for number, word in enumerate(_WORDS.split())}


class Number(NamedTuple):
    """A number in a text: its value, and the characters that it takes there."""

    value: Fraction
    start: int
    end: int


class Decimals(NamedTuple):
    """A plain number: its value, and how many decimals of it are shown."""

    value: Fraction
    decimals: int


def numbers(text: str) -> Iterator[Number]:
    """Yield the numbers of a text in its order; parts of words, dates and versions are none."""
    place = 0
    for match in _CANDIDATE.finditer(text):
        if match.start() >= place and (number := _around(text, match.start(), place)) is not None:
            place = number.end
            yield number


def number_at(text: str, place: int = 0) -> Number | None:
    """Return the number that begins at a place of a text."""
    match = _NUMBER.match(text, place)
    value = _value(match) if match else None
    return None if match is None or value is None else Number(value, match.start(), match.end())


def decimals(digits: str) -> Decimals:
    """Return the value of unsigned digits with their separators, thousands' or decimal."""
    digits = digits.replace("\u202f", ",").replace("\u00a0", ",")
    if "," in digits and ("." not in digits or digits.rfind(",") > digits.rfind(".")):
        written = digits.replace(".", "")
        digits = written.replace(",", "") if _THOUSANDS.fullmatch(written) else written.replace(",", ".")
    digits = digits.replace(",", "")
    whole, _, shown = digits.partition(".")
    return Decimals(Fraction(int((whole or "0") + shown), 10 ** len(shown)), len(shown))


def written(value: Fraction) -> str:
    """Return the one way in which a value is written here: `64`, `-1/2`."""
    return str(value)


def _around(text: str, digit: int, least: int) -> Number | None:
    """Return the number that a digit begins, its sign before it."""
    before = text[max(least, digit - _MOST_BEFORE) : digit]
    if before and (before[-1] == "." or "-" in before or "\u2212" in before):
        for place in range(digit - len(before), digit):
            number = number_at(text, place)
            if number is not None and number.end > digit:
                return number
    return number_at(text, digit)


def _value(match: re.Match[str]) -> Fraction | None:
    if match["top"] is not None:
        value = _ratio(Fraction(_integer(match["top"])), match["bottom"])
    else:
        value = decimals(match["digits"]).value
        if match["under"] is not None:
            value = _ratio(value, match["under"])
    if value is None:
        return None
    if match["whole"] is not None:
        value += int(match["whole"])
    power = match["exponent"] or match["power"]
    if power is not None:
        value *= Fraction(10) ** _integer(power)
    return -value if match["sign"] is not None else value


def _ratio(top: Fraction, bottom: str) -> Fraction | None:
    return top / int(bottom) if int(bottom) else None


def _integer(digits: str) -> int:
    return int(digits.replace("\u2212", "-"))
