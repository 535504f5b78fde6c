"""One statement of an answer, read: an option's letter, a number, yes or no, a label, else its words."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from gateway.judges._numbers import WORDS, Number, number_at, written
from gateway.judges._text import ends, squeezed, words

Kind = Literal["number", "option", "json", "label", "code", "call", "text"]

MOST_LABEL_WORDS = 5
_MOST_TEXT = 8_000

# The options of the prompt, letter to words, read where a letter is.
Options = Callable[[], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What an answer says, in the one way of writing it; `span` is where it stands in the text."""

    kind: Kind
    value: str = field(repr=False)
    span: tuple[int, int] = field(default=(0, 0), compare=False)


_OPTION = re.compile(
    r"(?:the\s)?(?:(?:option|choice|letter)\s)?[(\[\"'*]{0,3}([A-Z])(?P<after>[)\].:*\"',]|\s|$)", re.IGNORECASE
)
_LONE = re.compile(r"[(\[\"'*]{0,3}[A-Z][)\].:*\"']{0,4}")
_WRAPPED = re.compile(r"\\(?:text|textbf|mathrm|mathbf|mathit)\s?\{")
_LETTERED = re.compile(r"\(([A-J])\)|([A-J])[).:]\s")
_YES_NO = re.compile(r"(yes|no|true|false|ja|nein|oui|non|sí|si)(?=\s?(?:[,.;:!\u2013\u2014(-]|$))", re.IGNORECASE)


def read(text: str, span: tuple[int, int], options: Options, *, marked: bool) -> Answer | None:
    """Return what a span of a text says; a marked statement may explain itself after it. None for white space."""
    start, end = trimmed(text, *span)
    while wrapped := _WRAPPED.match(text, start, end):
        start, end = trimmed(text, wrapped.end(), end - 1 if text[end - 1] == "}" else end)
    if start >= end:
        return None
    option = _option(text[start:end], options, marked=marked)
    if option is not None:
        return Answer("option", option, (start, end))
    first, last = _peeled(text, start, end)
    if first >= last:
        return Answer("label", squeezed(text[start:end]).casefold(), (start, end))
    number = _number(text, first, last)
    if number is not None:
        return number_answer(number)
    yes_no = _YES_NO.match(text, first, last)
    if yes_no is not None:
        return Answer("label", yes_no[1].casefold(), yes_no.span())
    return label_of(text, first, last) or Answer("text", plain(text[first:last]), (first, last))


def _option(said: str, options_of: Options, *, marked: bool) -> str | None:
    match = _OPTION.match(said)
    if match is None:
        return None
    options = options_of()
    if not options:
        lettered = _LETTERED.match(said) if marked else None
        if lettered is not None:
            return lettered[1] or lettered[2]
        return said.strip("([\"'*)].: ").upper() if not options and _LONE.fullmatch(said) else None
    letter, lone = match[1].upper(), match.end("after") >= len(said.rstrip(")].:*\"' "))
    if letter in options and (lone or (match[1].isupper() and (marked or match["after"] in ")].:"))):
        return letter
    return None


_BEFORE_NUMBER = re.compile(
    r"(?:(?:a|an|the|of|to|is|be|about|approximately|approx|around|roughly|exactly|only|just|total|sum|equals?|usd|eur"
    r"|[a-z])\b|[=~≈≃:$€£¥\s*(]|\\approx|\\\$|\\\()*+",
    re.IGNORECASE,
)
_MOST_UNIT_WORDS = 4
_EXPLAINS = re.compile(r"[;(]|,\s|\s(?:because|since|as|so|which|and\snot|not|instead)\s|\s[\u2013\u2014-]\s")


def _number(text: str, start: int, end: int) -> Number | None:
    """Return the one number that a statement is: `x = 18`, `about $18 per day (9 eggs at $2)`, `eighteen`."""
    said = text[start:end]
    word = WORDS.get(said.casefold().strip(" .*"))
    if word is not None:
        number = number_at(word)
        return number and Number(number.value, start, end)
    explained = _EXPLAINS.search(said, 1)
    said = said[: explained.start()] if explained else said
    place = max(said.rfind("="), said.rfind("≈")) + 1
    before = _BEFORE_NUMBER.match(said, place)
    begins = before.end() if before else place
    # The sign, and a currency after it, stand before the digits.
    found = [number for at in range(max(place, begins - 2), begins + 1) if (number := number_at(said, at))]
    if not found:
        return None
    number = found[0]
    rest = said[number.end :]
    if any(character.isdigit() for character in rest) or len(words(rest)) > _MOST_UNIT_WORDS or rest[:1] in (":", "/"):
        return None
    return Number(number.value, start + number.start, start + number.end)


def number_answer(number: Number) -> Answer:
    """Return a number as the answer that it is."""
    return Answer("number", written(number.value), (number.start, number.end))


_ARTICLES = ("the ", "a ", "an ")


def label_of(text: str, start: int, end: int) -> Answer | None:
    """Return a few words as a label, None where they are more."""
    said = words(text[start:end])
    if len(said) > MOST_LABEL_WORDS:
        return None
    label = " ".join(said) or squeezed(text[start:end]).casefold()
    for article in _ARTICLES:
        label = label.removeprefix(article)
    return Answer("label", label, (start, end))


def plain(text: str) -> str:
    """Return a text as it is compared: in small letters, with single spaces, its ends alone where it is long."""
    return squeezed(ends(text, head=_MOST_TEXT // 2, tail=_MOST_TEXT // 2)).casefold()


_QUOTES = " \t\r\n*_`\"'\u201c\u201d\u2018\u2019«»$\\()[]{}"


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """Leave out the white space at the ends of a span."""
    said = text[start:end]
    return start + len(said) - len(said.lstrip()), start + len(said.rstrip())


def _peeled(text: str, start: int, end: int) -> tuple[int, int]:
    """Leave out the marks around what is said; a backslash that begins a fraction stays."""
    while start < end and (text[start] in _QUOTES or text[start] in ":,;!") and text[start : start + 3] != "\\fr":
        start += 1
    while start < end and (text[end - 1] in _QUOTES or text[end - 1] in ".:,;!?") and not _closes(text, start, end):
        end -= 1
    return start, end


def _closes(text: str, start: int, end: int) -> bool:
    return text[end - 1] == "}" and "frac" in text[start:end]
