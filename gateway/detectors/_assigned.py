"""Finds what is given a secret's name: in code, configuration, markup, headers, command lines and prose."""

import re
from collections.abc import Iterator
from typing import cast

from gateway.detectors._keys import Hit
from gateway.detectors._labels import ANY_STEM, STEM, Label, is_pass, label_of
from gateway.detectors._page import Strength
from gateway.detectors._scan import Finder
from gateway.detectors._values import (
    SHORTEST,
    entropy,
    is_drawn,
    is_name,
    is_number_or_name,
    is_uuid,
    is_words,
    of_assigned,
)

_TAIL = r"[A-Za-z0-9_-]{0,40}[\\\"'`]{0,4}[\])]{0,2}"
_FINDER = Finder(
    # A key may be many things: a sign must join it.
    rf"(?s:.)(?i:(?:{ANY_STEM}){_TAIL}[\s=:|,(>?]|key{_TAIL}[ \t]?[=:|>,?(])"
    r"(?:[^\n]?[^\n]?[^\n][^\n]|[ \t]?[|>]?[-+]?\r?\n[^\n])"
)
_JOINED = re.compile(
    r"(?P<tail>[A-Za-z0-9_-]{0,40}+)(?:\\{0,3}[\"'`])?[\])]{0,2}"
    r"(?:"
    # The name of a variable, and beside it its value.
    r"[ \t]{0,4},?\s{1,40}[\"']?(?i:value)[\"']?[ \t]?:|,[\"'](?i:value)[\"'][ \t]?:"
    # A value of several lines, or one in a line of its own.
    r"|:[ \t]{0,4}(?:[|>][-+]?[ \t]{0,4})?(?P<below>\r?\n[ \t]{0,24})"
    r"|[ \t]{0,8}(?:=>|:=|\?=|={1,3}|\|\||(?<=[ \t])\|(?=[ ])|\?\?|:[ ]?[A-Za-z][A-Za-z0-9_]{1,20}\??[ ]?=|::?)"
    r"|\s{1,4}(?i:(?:(?:is|was|has[ ]been)[ ])?(?:now|(?:changed|set|reset|updated)[ ]to)"
    r"|is|was|ist|est|es|lautet|value[ ]?=)(?![A-Za-z])[ ]?:?"
    # What stands there without a sign of equality is no secret where it is words.
    r"|(?P<loose>[ ]{0,2},|\(|>|(?<=[bB][yY])\s|[ \t]{1,4}(?=\\?[\"'`])|(?P<flag>[ \t]{1,4}))"
    r")[\s*]{0,6}"
    r"(?i:(?:bearer|basic|token|api-token|apikey|digest|bot|sso-key|splunk)[ ]{1,3})?(?:[bfruLBFRU@$]{1,2}(?=[\"'`]))?"
    r"(?:\"(?P<double>(?:[^\"\n\\]|\\[^\n]){1,512})|\\\"(?P<escaped>[^\"\n\\]{1,512})"
    r"|'(?P<single>(?:[^'\n\\]|\\[^\n]){1,512})|\\'(?P<escaped_single>[^'\n\\]{1,512})|`(?P<back>[^`\n\\]{1,512})"
    # A sign that ends most values belongs to one that goes on, but for `;name=` and `,name=`.
    r"|(?P<bare>[^\s\"'`<>,;(){}\[\]\\]{2,512}"
    r"(?P<more>(?:[,;\\](?![A-Za-z_ -]{1,40}[=:])[^\s\"'`<>,;(){}\[\]\\]{1,512}){0,4})))"
)
_NAME_CHARACTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-$")
_LONGEST_NAME = 40
# In .netrc a plain word precedes a plain word.
_LOGIN_BEFORE = re.compile(r"login\s{1,8}\S{1,64}\s{1,8}$")
_RANDOM = re.compile(r"[A-Za-z0-9+/=_-]{24,512}")
# Bits of entropy a character.
_RANDOM_BITS = 3.0
_DIGIT = re.compile(r"[0-9]")


def assigned(text: str, scanned: bytes) -> Iterator[Hit]:
    """Yield the values of names that tell of a secret."""
    place = 0
    while candidate := _FINDER.find(scanned, place):
        # What the finder points to is the beginning of a stem.
        stem = cast("re.Match[str]", STEM.match(text, candidate[0]))
        place = stem.end()
        if joined := _JOINED.match(text, place):
            hit, place = _read(text, stem, joined)
            if hit:
                yield hit


def _read(text: str, stem: re.Match[str], joined: re.Match[str]) -> tuple[Hit | None, int]:
    """Return the secret, and how far the text was read: within quotes or a name there may be another."""
    group = joined.lastgroup or "bare"
    place, value, begin = joined.start(group), joined[group], _beginning(text, stem.start())
    if group == "bare":
        value = _cut(_less_words(value, joined["more"]), text[max(begin - 1, 0) : begin])
    fits = len(value) >= SHORTEST and (joined["below"] is None or _ends_line(text, joined.end()))
    label = _label(text, stem, joined, begin, value) if fits else None
    strength = _strength(label, value, quoted=group != "bare") if label else None
    if strength is None or (joined["loose"] and (strength == "weak" or not _is_joined(stem, begin, joined))):
        return None, place if group != "bare" or is_name(value) else place + len(value)
    end = place + len(value)
    return ("PASSWORD" if label == "password" else "TOKEN", place, end, strength), end


def _label(text: str, stem: re.Match[str], joined: re.Match[str], begin: int, value: str) -> Label | None:
    end = joined.start("bare") + len(value)
    called = text[end : end + 1] in ("(", "[")
    if joined["bare"] and (called or is_name(value)):
        return None
    return label_of(text[begin : joined.end("tail")], stem.start() - begin)


def _beginning(text: str, start: int) -> int:
    """Return where the name begins that has its stem at `start`."""
    begin, limit = start, max(start - _LONGEST_NAME, 0)
    while begin > limit and text[begin - 1] in _NAME_CHARACTERS:
        begin -= 1
    return begin


def _cut(value: str, before: str) -> str:
    """Return the value without the sentence's or the address's signs behind it."""
    if before in ("?", "&"):
        value = re.split("[&#]", value, maxsplit=1)[0]
    return value.rstrip(".:!?*")


def _less_words(value: str, more: str) -> str:
    """Return the value without what follows a comma, where what precedes it are words or a number."""
    head = value[: len(value) - len(more)]
    return head if head.isdecimal() or is_words(head) else value


def _ends_line(text: str, end: int) -> bool:
    return text[end : end + 80].lstrip(" \t\r\"'")[:1] in ("\n", "") if end < len(text) else True


def _is_joined(stem: re.Match[str], begin: int, joined: re.Match[str]) -> bool:
    """Whether a loose sign joins name and value: quotes behind a comma, a plain word behind a flag."""
    text = stem.string
    if stem[0].lower() in joined[joined.lastgroup or "bare"].lower():
        # What is called so in `secret "db-secret-50e9" not found`.
        return False
    if joined["flag"] or is_pass(stem):
        return text[begin] == "-" or _LOGIN_BEFORE.search(text, max(begin - 80, 0), begin) is not None
    return joined["bare"] is None or joined["loose"].strip() not in (",", "(")


def _strength(label: Label, value: str, *, quoted: bool) -> Strength | None:
    if label != "key":
        strength = of_assigned(value, made_up=label == "password", quoted=quoted)
        return "weak" if strength and label == "token" and is_uuid(value) else strength
    random = _RANDOM.fullmatch(value) and _DIGIT.search(value) and entropy(value) >= _RANDOM_BITS
    return "weak" if random and not (is_drawn(value) or is_number_or_name(value) or is_uuid(value)) else None
