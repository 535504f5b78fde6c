"""Finds passwords that stand beside a user's name: in addresses, in `Authorization: Basic`, in command lines."""

import re
from base64 import b64decode
from collections.abc import Iterator

from gateway.detectors._keys import Hit
from gateway.detectors._page import Page, Strength
from gateway.detectors._values import entropy, is_drawn, is_template, is_words, of_login

_IN_URL = re.compile(r"://[^\s:/@\"'<>]{0,128}+:(?P<value>[^\s/@\"'<>]{1,256}+)@[\w.\[-]")
_BASIC = re.compile(r"[bB](?:asic|ASIC)[ \t]{1,4}(?P<value>[A-Za-z0-9+/]{6,512}+={0,2})(?![A-Za-z0-9+/=._-])")
# Quotes may enclose the pair, or each of its halves.
_FLAG = re.compile(
    r"(?<=\s)(?:-u[= ]?|--(?:proxy-)?user[= ])\s{0,4}"
    r"(?P<value>(?:\"[^\"\n]{1,200}\"|'[^'\n]{1,200}'|[^\s\"'|;<>]{1,200}){1,4})"
)
_PAIR = re.compile(r"(?P<user>[\"']?[^:]*[\"']?):(?P<password>.*)", re.DOTALL)
# A line of .npmrc, which names the registry that takes the token.
_REGISTRY = re.compile(
    r"//[A-Za-z0-9.-]{1,128}+(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~@%-]{0,64}){1,8}:_(?:authToken|auth|password)"
    r"[ ]?=[ ]?\"?(?P<value>[A-Za-z0-9+/=_.-]{6,512})"
)
_COMMANDS = ("curl", "wget", "http ", "https ")
# Programs that are given a password behind a flag of one letter.
_SHORT_FLAG = re.compile(
    r"\b(?:sshpass|mysql(?:dump|admin)?|redis-cli|(?:docker|podman|az|helm|oc|npm) (?:registry )?login)\b"
    r"[^\n|;&]{0,160}?\s-(?:p|a)[ =]?(?P<value>\"[^\"\n]{4,200}\"|'[^'\n]{4,200}'|[^\s\"'|;<>-][^\s\"'|;<>]{3,200})"
)
_SHORT_FLAGS = ("sshpass", "mysql", "redis-cli", " login ")
# `auth=("user", "password")`, `HTTPBasicAuth("user", "password")`.
_CALL = re.compile(
    r"(?:auth[ ]?=[ ]?|[aA]uth)\(\s{0,4}(?P<quote>[\"'])[^\"'\n]{0,128}(?P=quote),\s{0,4}"
    r"[\"'](?P<value>[^\"'\n]{1,256})[\"']"
)
_COOKIES = re.compile(r"cookie[\"']?[ ]?[:=][ ]?[\"']?(?P<value>[^\n]{1,4000})", re.IGNORECASE)
# What stands for a login in a line of cookies.
_SESSION = re.compile(
    r"(?<![\w.-])[\w.-]{0,40}?(?:sess(?:ion)?|sid|auth|token|jwt)[\w.-]{0,20}=(?P<value>[A-Za-z0-9+/=_.%:~-]{12,1024})",
    re.IGNORECASE,
)
_SHORTEST = 3
_SHORTEST_TOKEN = 16
# Bits of entropy a character.
_RANDOM_BITS = 3.0


def logins(page: Page) -> Iterator[Hit]:
    """Yield the passwords; a rule reads the text only where a cheap look says that there may be one."""
    text, lower = page.text, page.lower
    if "://" in text:
        yield from _in_urls(text)
    if "basic" in lower:
        yield from _basic(text)
    if ":_" in text:
        yield from _registries(text)
    if "auth" in lower:
        yield from _calls(text)
    if "cookie" in lower:
        yield from _cookies(text)
    if any(command in lower for command in _COMMANDS):
        yield from _user_flags(text)
    if any(command in lower for command in _SHORT_FLAGS):
        yield from _short_flags(text)


def _in_urls(text: str) -> Iterator[Hit]:
    for match in _IN_URL.finditer(text):
        if strength := of_login(match["value"]):
            yield "CONNECTION_STRING", *match.span("value"), strength


def _registries(text: str) -> Iterator[Hit]:
    for match in _REGISTRY.finditer(text):
        yield "NPM_TOKEN", *match.span("value"), "weak" if is_drawn(match["value"]) else "strong"


def _calls(text: str) -> Iterator[Hit]:
    for match in _CALL.finditer(text):
        if len(match["value"]) >= _SHORTEST and (strength := of_login(match["value"])):
            yield "PASSWORD", *match.span("value"), "weak" if is_words(match["value"]) else strength


def _cookies(text: str) -> Iterator[Hit]:
    for line in _COOKIES.finditer(text):
        for match in _SESSION.finditer(text, *line.span("value")):
            if "csrf" not in match[0].lower() and (strength := _of_token(match["value"])):
                yield "TOKEN", *match.span("value"), strength


def _short_flags(text: str) -> Iterator[Hit]:
    for match in _SHORT_FLAG.finditer(text):
        value = match["value"].strip("\"'")
        if not value.isdecimal() and (strength := _of_flag(value)):
            yield "PASSWORD", *match.span("value"), strength


def _basic(text: str) -> Iterator[Hit]:
    for match in _BASIC.finditer(text):
        value = match["value"]
        decoded = b64decode(value[: len(value) - len(value) % 4]).decode("utf-8", "replace")
        if ":" in decoded and decoded.isprintable():
            yield "HTTP_BASIC_AUTH", *match.span("value"), "strong"


def _user_flags(text: str) -> Iterator[Hit]:
    for match in _FLAG.finditer(text):
        value = match["value"]
        pair = _PAIR.fullmatch(value)
        if not pair:
            continue
        user, password = pair["user"].strip("\"'"), pair["password"].strip("\"'")
        # A service may be given a token for a name, and nothing for a password.
        strength = _of_flag(password) if password else _of_token(user)
        if strength:
            place = match.start("value") + (pair.start("password") if password else 0)
            yield "PASSWORD", place, match.end("value"), strength


def _of_flag(value: str) -> Strength | None:
    if len(value) < _SHORTEST or is_words(value) or is_drawn(value) or is_template(value):
        return None
    # `docker run -u 1000:1000` names a user and a group.
    return None if value.isdecimal() and len(value) <= len("65535") else of_login(value)


def _of_token(value: str) -> Strength | None:
    if len(value) < _SHORTEST_TOKEN or is_template(value) or is_words(value) or is_drawn(value):
        return None
    return "strong" if entropy(value) > _RANDOM_BITS else None
