"""Finds personal data that has a shape: e-mail, cards, accounts, numbers of people, addresses of machines.

Not names and street addresses: they have no shape. Linear in the text, and a rule reads a text only where a cheap look
says that it may hold something of the kind.
"""

import re
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager

from pydantic import BaseModel, ConfigDict, Field, field_validator

from gateway.detectors import _national
from gateway.detectors._page import Page, known_types, read
from gateway.detectors._search import found, matches
from gateway.detectors._shapes import RULES, Rule, Sign
from gateway.types import Finding

TYPES = tuple(dict.fromkeys((*(rule.type for rule in RULES), *_national.TYPES)))
# What claims a text before the numbers of people do.
_FIRST = ("EMAIL_ADDRESS", "CREDIT_CARD", "IBAN_CODE")

_DIGIT = re.compile(r"[0-9]")
_NUMBER = re.compile(r"[0-9](?:[-0-9 ().]{5}|[0-9]{3}[_/\n\r][0-9]{4})")
_IBAN = re.compile(r"[0-9](?<=[A-Za-z]{2}[0-9])[0-9]")
_PAIRS = re.compile(r":[0-9A-Fa-f]{0,4}:|-[0-9A-Fa-f]{2}-|\.[0-9A-Fa-f]{4}\.")
# The shortest number that a word makes one of, and the shortest date.
_SEVERAL = re.compile(r"[0-9](?:[ -]?[0-9]){3}|[0-9][/.-][0-9]")
_DIGITS_ALONE = frozenset[Sign]({"digit"})
_SignsOfWords = tuple[tuple[Sign, tuple[str, ...]], ...]
_WORDS: _SignsOfWords = (
    ("record", ("mrn", "record", "patient", "chart", "nhs")),
    (
        "label",
        ("licen", "dl", "account", "acct", "a/c", "medica", "health", "insur", "member", "subscriber", "beneficiary"),
    ),
    ("birth", ("dob", "d.o.b", "birth", "born", "geb", "naiss", "n\u00e9", "nacim", "nacid", "nasc", "nato ", "nata ")),
    (
        "birth",
        ("urodz", "\u0440\u043e\u0436\u0434\u0435\u043d", "do\u011fum", "f\u00f6delse", "\u51fa\u751f", "\u751f\u5e74"),
    ),
)
_WORDS_OF_NUMBERS: _SignsOfWords = (
    ("ssn", ("ssn", "social")),
    ("call", ("phone", "mobile", "cell", "tel", "fax", "app", "call", "contact", "desk", "reach", "answering")),
    (
        "call",
        (
            "message",
            "dial",
            "sms",
            "cep",
            "gsm",
            "handy",
            "mobil",
            "m\u00f3vil",
            "movil",
            "celular",
            "t\u00e9l",
            "portable",
        ),
    ),
    ("call", ("\u7535\u8bdd", "\u96fb\u8a71", "\u624b\u673a", "\u624b\u6a5f", "\uc804\ud654", "\u0e42\u0e17\u0e23")),
    ("place", ("office", "fax", "mobile", "home", "cell", "desk", "work")),
)


class Options(BaseModel):
    """What to leave out, by type."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    without: tuple[str, ...] = Field(default=(), description=f"Types that are not looked for: {', '.join(TYPES)}.")

    @field_validator("without")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return known_types(names, TYPES)


@asynccontextmanager
async def build(options: Options) -> AsyncIterator["PatternDetector"]:
    """Build the detector; nothing is opened."""
    yield PatternDetector(without=frozenset(options.without))


class PatternDetector:
    """Finds what has a shape, less the types `without`; may be called in several threads."""

    def __init__(self, *, without: frozenset[str] = frozenset()) -> None:
        rules = [rule for rule in RULES if rule.type not in without]
        self._first = [rule for rule in rules if rule.type in _FIRST or rule.sign == "ssn"]
        self._last = [rule for rule in rules if rule not in self._first]
        self._without = without

    def detect(self, text: str) -> Sequence[Finding]:
        """Return the findings in the order of the text; none overlap."""
        return read(text, "patterns", self._look, escapes=True)

    def _look(self, page: Page) -> None:
        signs = _signs(page)
        if not signs:
            return
        # Most texts bear no sign but a few digits: then no rule is touched.
        marked = signs != _DIGITS_ALONE
        if marked:
            _apply_all(self._first, signs, page)
        if "digit" in signs:
            _national.find(page, without=self._without)
        if marked:
            _apply_all(self._last, signs, page)


def _apply_all(rules: Sequence[Rule], signs: Collection[Sign], page: Page) -> None:
    for rule in rules:
        if rule.sign in signs:
            _apply(rule, page)


def _apply(rule: Rule, page: Page) -> None:
    for match in matches(rule.pattern, page.lower if rule.lowered else page.text):
        if reading := rule.read(match):
            strength, end = reading
            page.claim(match.start("value"), end, kind=rule.kind, type=rule.type, strength=strength)


def _signs(page: Page) -> set[Sign]:
    text, lower, signs = page.text, page.lower, set[Sign]()
    if "@" in text:
        signs.add("at")
    if "bic" in lower or "swift" in lower:
        # The code of a bank may have no digit, nor may the address of a machine.
        signs.add("bank")
    if found(_PAIRS, text):
        signs.add("pairs")
    if found(_DIGIT, text):
        signs.add("digit")
        if found(_SEVERAL, text):
            _add_signs_of_numbers(signs, text, lower)
    return signs


def _add_signs_of_numbers(signs: set[Sign], text: str, lower: str) -> None:
    _add_signs_of_words(signs, _WORDS, lower)
    if found(_IBAN, text):
        signs.add("iban")
    if found(_NUMBER, text):
        signs.add("number")
        _add_signs_of_words(signs, _WORDS_OF_NUMBERS, lower)


def _add_signs_of_words(signs: set[Sign], signs_of_words: _SignsOfWords, lower: str) -> None:
    for sign, words in signs_of_words:
        for word in words:
            if word in lower:
                signs.add(sign)
                break
