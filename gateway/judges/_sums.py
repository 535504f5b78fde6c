r"""The arithmetic of a text, recalculated exactly: `8*5 = 40`, `<<8*5/2=20>>`, `3 x $5 = $15`, `20% of 50 = 10`.

Nothing is evaluated as code. What cannot be read for certain (variables, functions, sums of unlike units) is neither
right nor wrong: a wrong sum is one that no reading makes right.
"""

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import islice, pairwise
from typing import NamedTuple

from gateway.judges._calculator import PERCENT_READINGS, UnreadableError, calculated
from gateway.judges._numbers import decimals
from gateway.judges._tally import Tally
from gateway.judges._text import ends, fences, prose

_HEAD, _TAIL = 2_000, 10_000
_MOST_LINE = 600
_MOST_TOKENS = 48
_MOST_SUMS = 100


def sums(text: str) -> Tally:
    """Return how many equations of numbers in a text are right, and wrong; those in blocks of code do not count."""
    text = ends(text, head=_HEAD, tail=_TAIL)
    if not _EQUALS.search(text):
        return Tally(0, 0)
    lines = prose(text, fences(text)).splitlines()
    told = list(islice((right for line in lines for right in _line_sums(line[:_MOST_LINE])), _MOST_SUMS))
    return Tally(told.count(True), told.count(False))


_EQUALS = re.compile(r"=|\u2248|\\approx")
_LATEX = (
    *(("\\times", "*"), ("\\cdot", "*"), ("\\div", "/"), ("\\approx", "\u2248"), ("\\left", ""), ("\\right", "")),
    *(("\\$", "$"), ("\\%", "%"), ("{,}", ","), ("\\,", ""), ("\\!", ""), ("\\(", " "), ("\\)", " ")),
)
_FRACTION = re.compile(r"\\[dt]?frac\s?\{([^{}]{1,40})\}\s?\{([^{}]{1,40})\}")
_TEXT = re.compile(r"\\(?:text|mathrm|textbf|mathbf)\s?\{([^{}]{0,40})\}")
_CURRENCIES = "$\u20ac\u00a3"
_BULLET = re.compile(r"\s{0,20}(?:[-*+\u2022]|[0-9]{1,2}[.)])\s")
_BOLD = re.compile(r"(?<![0-9)])\*\*|\*\*(?![0-9(])")


class _Token(NamedTuple):
    """A piece of a line. Its mark is what it can be: see `_marked`."""

    mark: str
    text: str


class _Side(NamedTuple):
    """One side of an equation: what it can mean and the last place that is shown, and the units in it."""

    values: tuple[tuple[Fraction, Fraction], ...]
    is_sum: bool
    adds: bool
    is_bare: bool
    is_money: bool
    units: frozenset[str]


def _line_sums(line: str) -> Iterator[bool]:
    if not _EQUALS.search(line):
        return
    for chain in _chains(_plain(line)):
        for (left, sign), (right, _) in pairwise(chain):
            if "n" in (marks := [token.mark for token in left + right]) and any(mark in "om" for mark in marks):
                told = _told(_side(left, _LEFT), _side(right, _RIGHT), about=sign != "=")
                yield from () if told is None else (told,)


def _plain(line: str) -> str:
    bullet = _BULLET.match(line)
    line = line[bullet.end() :] if bullet else line
    if "\\" in line or "{,}" in line:
        line = _FRACTION.sub(r"((\1)/(\2))", _TEXT.sub(r" \1 ", line))
        for written, same in _LATEX:
            line = line.replace(written, same)
    return _BOLD.sub(" ", line)


_TOKEN = re.compile(
    r"(?P<n>[$\u20ac\u00a3]?(?:[0-9]{1,3}(?:,[0-9]{3}){1,6}(?![0-9])(?:\.[0-9]{1,15})?|[0-9]{1,24}(?:\.[0-9]{1,20})?"
    r"|\.[0-9]{1,15}))"
    r"|(?P<percent>%)"
    r"|(?P<equals>(?<![=<>!:+*/-])=(?![=>])|\u2248)"
    r"|(?P<o>\*\*|[+*/^\u00d7\u00f7\u00b7])"
    r"|(?P<m>[-\u2212])"
    r"|(?P<bracket>[()])"
    r"|(?P<w>[^\W\d_]{1,40}(?:['\u2019][^\W\d_]{1,3})?|[$\u20ac\u00a3])"
    r"|(?P<space>\s{1,20})"
    r"|(?P<end>[.,;:?\[\]{}|_\"'\u201c\u201d]|<<|>>|\u2192|\u21d2)"
    r"|(?P<v>.)"
)
_ABOUT = frozenset({"about", "approximately", "around", "roughly", "exactly", "total"})
# A number of these is another number.
_MULTIPLIERS = frozenset(
    {"dozen", "hundred", "thousand", "million", "billion", "trillion", "half", "double", "twice", "mod", "squared"}
)


def _chains(line: str) -> Iterator[list[tuple[list[_Token], str]]]:
    """Yield what is linked by equals signs: the tokens of each link, and the sign behind it."""
    chain: list[tuple[list[_Token], str]] = []
    link: list[_Token] = []
    joined = False
    for match in _TOKEN.finditer(line):
        group = match.lastgroup or "v"
        if group in ("equals", "end"):
            chain.append((link, match[0]))
            link = []
            if group == "end":
                yield chain
                chain = []
        elif group != "space":
            link.append(_Token(_marked(match, link, joined=joined), match[0]))
        joined = group != "space"
    yield [*chain, (link, "")]


def _marked(match: re.Match[str], before: Sequence[_Token], *, joined: bool) -> str:
    """Return the mark of a token.

    n number, % percent, o operator, m minus, u sign, ( ), w word or unit, f word before a number, v anything unknown.
    """
    group, text = match.lastgroup or "v", match[0]
    last = before[-1].mark if before else ""
    after = match.string[match.end() : match.end() + 3].lstrip()[:1]
    if group == "percent":
        return "%"
    if group == "bracket":
        return "v" if text == "(" and joined and last not in ("", "o", "m", "u", "(") else text
    if group == "m":
        return (
            "u"
            if last in ("", "o", "m", "(", "w", "f") and match.string[match.end() : match.end() + 1].strip()
            else "m"
        )
    if group == "n":
        return "v" if joined and last in ("w", "v") else "n"
    return _word_mark(text, before, after=after, joined=joined) if group == "w" else group


def _word_mark(text: str, before: Sequence[_Token], *, after: str, joined: bool) -> str:
    last = before[-1].mark if before else ""
    if text in "xX":
        return "o" if last in tuple("n%)w") and (after.isdigit() or after in tuple("($.")) else "v"
    if text == "of" and (last == "%" or (last == "n" and [token.text for token in before[-2:-1]] == ["/"])):
        return "o"
    if text.casefold() in _ABOUT or text in ("a", "of"):
        return "f" if not before or before[-1].mark == "f" else "w"
    return "v" if len(text) == 1 and text not in "aI$\u20ac\u00a3" and (joined or text != "A") else "w"


_OPERAND = r"(?:u?\()*+u?n%?(?:w{1,3}(?=[om)]))?\)*+"
_EXPRESSION = rf"{_OPERAND}(?:[om]{_OPERAND})*+"
# Before an equals sign stands the end of a sentence, behind it the start of one.
_LEFT = re.compile(rf"(?:^|(?<=[wf]))(?P<sum>{_EXPRESSION})(?P<unit>w{{0,3}})$")
_RIGHT = re.compile(rf"f*+(?P<sum>{_EXPRESSION})(?P<unit>w?)w*+(?![om(v%])")


def _side(tokens: list[_Token], reading: re.Pattern[str]) -> _Side | None:
    tokens = tokens[-_MOST_TOKENS:] if reading is _LEFT else tokens[:_MOST_TOKENS]
    marks = "".join(token.mark for token in tokens)
    match = reading.search(marks) if reading is _LEFT else reading.match(marks)
    if match is None:
        return None
    kept = [token for token in tokens[slice(*match.span("sum"))] if token.mark != "w"]
    units = [token.text for token in tokens[match.start("sum") : match.end("unit")] if token.mark == "w"]
    try:
        values = tuple(_values(kept))
    except UnreadableError:
        return None
    is_sum = any(token.mark in "om" for token in kept)
    adds = any(token.text in "+-\u2212" and token.mark != "u" for token in kept)
    return _Side(
        values=values,
        is_sum=is_sum,
        adds=adds,
        is_bare=match.span("sum") == (0, len(tokens)),
        is_money=any(token.text[0] in _CURRENCIES for token in kept),
        units=frozenset(unit.casefold().rstrip("s") for unit in units),
    )


def _values(tokens: Sequence[_Token]) -> Iterator[tuple[Fraction, Fraction]]:
    """Yield what a side can mean, and the last place that it shows."""
    terms = [token.text.lstrip(_CURRENCIES) for token in tokens]
    shown = max(decimals(text).decimals for token, text in zip(tokens, terms, strict=True) if token.mark == "n")
    place = Fraction(1, 10**shown)
    if not any(token.mark == "%" for token in tokens):
        yield calculated(terms), place
        return
    for reading in PERCENT_READINGS:
        yield calculated(terms, percent=reading), place if reading == "plain" else place / 100


def _told(left: _Side | None, right: _Side | None, *, about: bool) -> bool | None:
    """Say whether two sides are equal; None where that cannot be said."""
    if left is None or right is None or not (left.is_sum or right.is_sum):
        return None
    if not left.is_sum and not left.is_bare:
        # `Cost of 3 loaves = 3 * $2`: what is said is no number.
        return None
    exact = left.is_sum and right.is_sum
    for value, place in left.values:
        for other, shown in right.values:
            if _is_close(value, other, None if exact else place if right.is_sum else shown, about=about):
                return True
    units = left.units | right.units
    unlike = bool(left.units and right.units) and not left.units & right.units
    mixed = any(side.adds and len(side.units) > 1 for side in (left, right))
    in_cents = (left.is_money or right.is_money) and any(
        value in (other * 100, other / 100) for value, _ in left.values for other, _ in right.values
    )
    return None if unlike or mixed or in_cents or units & _MULTIPLIERS else False


def _is_close(a: Fraction, b: Fraction, place: Fraction | None, *, about: bool) -> bool:
    difference = abs(a - b)
    if difference <= abs(a) / 10**9 or (about and difference <= abs(a) / 20):
        return True
    if place is None:
        return difference <= abs(a) / 100
    if place < 1:
        # Rounded, or cut off.
        return difference < place
    # What ends after two decimals at most is hardly rounded to a whole number.
    return difference <= Fraction(1, 2) and ((a * 100).denominator > 1 or (difference <= abs(a) / 50 and a != int(a)))
