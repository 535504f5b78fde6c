"""Finds credentials: keys of providers, private keys, signed tokens, passwords in addresses and in assignments.

Linear in the text: a fixed beginning is looked for first, and what follows it is read once.
A placeholder (`sk-xxxx`, `<your key>`, `${TOKEN}`) is no secret; where that is unsure the finding is weak.
"""

import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from math import log2
from typing import cast

from pydantic import BaseModel, ConfigDict, Field, field_validator

from gateway.detectors._page import Page, Strength, known_types
from gateway.detectors._provider_keys import KEY_SHAPES, Alphabet, KeyShape
from gateway.types import Finding

OWN_TYPES = ("PRIVATE_KEY", "JSON_WEB_TOKEN", "CONNECTION_STRING", "PASSWORD", "TOKEN")
TYPES = tuple(dict.fromkeys((*(shape.type for shape in KEY_SHAPES), *OWN_TYPES)))

# Type, start, end, strength.
Hit = tuple[str, int, int, Strength]

_ALPHABETS: dict[Alphabet, re.Pattern[str]] = {
    "letters": re.compile(r"[A-Za-z0-9]*+"),
    "capitals": re.compile(r"[A-Z0-9]*+"),
    "hex": re.compile(r"[0-9a-f]*+"),
    "url": re.compile(r"[A-Za-z0-9_-]*+"),
    "dotted": re.compile(r"[A-Za-z0-9_.-]*+"),
    "base64": re.compile(r"[A-Za-z0-9+/=_-]*+"),
}
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_END_OF_KEY = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_JSON_WEB_TOKEN = re.compile(
    r"eyJ(?<![A-Za-z0-9_-]eyJ)[A-Za-z0-9_-]{10,}+\.eyJ[A-Za-z0-9_-]{6,}+(?:\.[A-Za-z0-9_-]*+)?"
)
_PASSWORD_IN_URL = re.compile(r"://[^\s:/@\"'<>]{0,128}+:(?P<value>[^\s/@\"'<>]{1,256}+)@[\w.\[-]")

# What stands before a secret, in small letters, and whether people make it up (then it may be short).
_LABELS: tuple[tuple[str, bool], ...] = (
    ("pass", True),
    ("pwd", True),
    ("identified by", True),
    ("secret", False),
    ("token", False),
    ("api_key", False),
    ("api-key", False),
    ("api key", False),
    ("apikey", False),
    ("access_key", False),
    ("access-key", False),
    ("accesskey", False),
    ("private_key", False),
    ("signing_key", False),
    ("encryption_key", False),
    ("auth_key", False),
    ("credential", False),
    ("authorization", False),
)
_ASSIGNED = re.compile(
    r"(?i:(?:wor[dt]|wd|phrase|code|key|token|value|secret)?[0-9]{0,2}(?:[_-][a-z0-9]{1,16}){0,3})"
    r"(?:\\?[\"'`])?\]?\s{0,3}(?:=>|:=|={1,2}|:|is\b:?|(?<=[bB][yY])\s)[\s*]{0,3}"
    r"(?i:(?:bearer|basic|token|api-token) )?"
    r"(?:\\?\"(?P<double>[^\"\n\\]{1,512})|\\?'(?P<single>[^'\n\\]{1,512})|`(?P<back>[^`\n\\]{1,512})|(?P<bare>[^\s\"'`<>,;(){}\[\]\\]{4,512}))"
)
_TEMPLATE = re.compile(
    r"[$%#]?\{.*|\$\(.*|<.*|%(?:[sdr]|\([^)]*\)[sdr]|[A-Z_]+%)|\$(?:[A-Z_][A-Z0-9_]*|[a-z_]+)|\[.*\]|.*\.\.\..*|.*://.*"
)
_WORDS = re.compile(r"[A-Z]*+[a-z]*+(?:[A-Z][a-z]++)*+(?:[ _.:/>-]++[A-Z]*+[a-z]*+(?:[A-Z][a-z]++)*+)*+")
_EXAMPLES = frozenset({"password", "passwd", "pass", "pwd", "secret", "token", "postgres", "mysql", "root", "admin"})
# What the code calls a secret is not the secret: `settings.token2`, `X25519.secret_length`, `my_token_v2`.
_NAME = re.compile(
    r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)+|[A-Za-z]+[0-9]{0,2}(?:[_-][A-Za-z]+[0-9]{0,2})+"
)
_PLACEHOLDERS = (
    "example",
    "placeholder",
    "your",
    "redacted",
    "changeme",
    "insert",
    "dummy",
    "xxxx",
    "****",
    "password",
)
_SHORTEST_PASSWORD = 6
_SHORTEST_TOKEN = 10


class Options(BaseModel):
    """What to leave out, by type."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    without: tuple[str, ...] = Field(
        default=(), description="Types that are not looked for: PASSWORD, GITHUB_TOKEN ..."
    )

    @field_validator("without")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return known_types(names, TYPES)


@asynccontextmanager
async def build(options: Options) -> AsyncIterator["SecretDetector"]:
    """Build the detector; nothing is opened."""
    yield SecretDetector(without=frozenset(options.without))


class SecretDetector:
    """Finds credentials, less the types `without`; may be called in several threads."""

    def __init__(self, *, without: frozenset[str] = frozenset()) -> None:
        self._without = without
        # A key with an underscore in its beginning is looked for only in texts that have one.
        self._shapes = [
            (mark, [shape for shape in KEY_SHAPES if _mark(shape) == mark and shape.type not in without])
            for mark in ("_", "-", ".", "")
        ]

    def detect(self, text: str) -> Sequence[Finding]:
        """Return the findings in the order of the text; none overlap."""
        page = Page(text, "secrets")
        for found in (_private_keys(page), _web_tokens(page), self._keys(page), _url_passwords(page), _assigned(page)):
            for type_, start, end, strength in found:
                if type_ not in self._without:
                    page.claim(start, end, kind="secret", type=type_, strength=strength)
        return page.findings

    def _keys(self, page: Page) -> Iterator[Hit]:
        for mark, shapes in self._shapes:
            if mark in page.text:
                for shape in shapes:
                    if shape.start in page.text:
                        yield from _keys_of(shape, page.text)


def _mark(shape: KeyShape) -> str:
    return next((mark for mark in "_-." if mark in shape.start), "")


def _keys_of(shape: KeyShape, text: str) -> Iterator[Hit]:
    alphabet, start = _ALPHABETS[shape.alphabet], text.find(shape.start)
    while start >= 0:
        begin = start + len(shape.start)
        # The pattern may match nothing, so it always matches.
        end = cast("re.Match[str]", alphabet.match(text, begin)).end()
        body = text[begin:end]
        alone = start == 0 or not text[start - 1].isalnum()
        if alone and shape.at_least <= len(body) <= shape.at_most and not _is_wording(body):
            yield shape.type, start, end, "weak" if _is_placeholder(body) else "strong"
        start = text.find(shape.start, end)


def _is_wording(body: str) -> bool:
    # `sk-learn-contrib-of-mine` is a name; a key has a digit or a long run of letters.
    return "-" in body and body.replace("-", "").isalpha() and body.islower()


def _is_placeholder(body: str) -> bool:
    lower = body.lower()
    return set(lower) <= set("x*.-_0") or any(word in lower for word in _PLACEHOLDERS)


def _private_keys(page: Page) -> Iterator[Hit]:
    if "PRIVATE KEY" in page.text:
        end = 0
        for match in _PRIVATE_KEY.finditer(page.text):
            if match.start() >= end:
                close = _END_OF_KEY.search(page.text, match.end())
                # A key that does not end was cut: the rest of the text is the key.
                end = close.end() if close else len(page.text)
                yield "PRIVATE_KEY", match.start(), end, "strong"


def _web_tokens(page: Page) -> Iterator[Hit]:
    if "eyJ" in page.text:
        for match in _JSON_WEB_TOKEN.finditer(page.text):
            yield "JSON_WEB_TOKEN", *match.span(), "strong"


def _url_passwords(page: Page) -> Iterator[Hit]:
    if "://" in page.text:
        for match in _PASSWORD_IN_URL.finditer(page.text):
            if not _TEMPLATE.fullmatch(match["value"]):
                weak = match["value"].lower() in _EXAMPLES or _is_placeholder(match["value"])
                yield "CONNECTION_STRING", *match.span("value"), "weak" if weak else "strong"


def _assigned(page: Page) -> Iterator[Hit]:
    for label, made_up in _LABELS:
        place = page.lower.find(label)
        while place >= 0:
            end = place + len(label)
            if match := _ASSIGNED.match(page.text, end):
                end = match.end()
                yield from _value(match, made_up=made_up)
            place = page.lower.find(label, end)


def _value(match: re.Match[str], *, made_up: bool) -> Iterator[Hit]:
    group = match.lastgroup or "bare"
    quoted, value = group != "bare", match[group]
    if not quoted:
        value = value.rstrip(".:!?*")
        called = match.string[match.end() : match.end() + 1] in ("(", "[")
        if called or _NAME.fullmatch(value):
            return
    if strength := _strength(value, made_up=made_up, quoted=quoted):
        start = match.start(group)
        yield "PASSWORD" if made_up else "TOKEN", start, start + len(value), strength


def _strength(value: str, *, made_up: bool, quoted: bool) -> Strength | None:
    if len(value) < (_SHORTEST_PASSWORD if made_up else _SHORTEST_TOKEN) or _TEMPLATE.fullmatch(value):
        return None
    if _WORDS.fullmatch(value):
        return "weak" if quoted and made_up else None
    if not made_up and (value.isdecimal() or any(map(str.isspace, value)) or _NAME.fullmatch(value)):
        return None
    return "weak" if _is_placeholder(value) or _entropy(value) < (2.0 if made_up else 2.8) else "strong"


def _entropy(value: str) -> float:
    """Return Shannon's entropy in bits a character."""
    shares = [count / len(value) for count in Counter(value).values()]
    return -sum(share * log2(share) for share in shares)
