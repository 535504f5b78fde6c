"""Finds what has a frame of its own: private keys between their lines, and signed tokens, whose first part is JSON."""

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Iterator

from gateway.detectors._keys import Hit

_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_END_OF_KEY = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
# The first line of a key, also where line feeds are written `\n`; what an encrypted one says of itself may precede it.
_BODY = re.compile(r"(?:\\+[nr]|[\s\"'+,>|#*;]|[A-Z][A-Za-z-]{2,20}: [^\n]{1,120}\n){0,60}+[A-Za-z0-9+/=]{20}")
_PUTTY_KEY = re.compile(r"PuTTY-User-Key-File-[0-9]: [^\n]{1,40}\n")
_END_OF_PUTTY_KEY = re.compile(r"Private-MAC: [0-9a-f]{40,64}")
_SERVICE_ACCOUNT = re.compile(r"\"type\\?\"\s{0,4}:\s{0,4}\\?\"service_account\\?\"")
_TOKEN = re.compile(
    r"(?<![A-Za-z0-9_-])(?P<header>eyJ[A-Za-z0-9_-]{10,}+)\.[A-Za-z0-9_-]{4,}+(?:\.[A-Za-z0-9_-]*+){0,3}+"
)
# The same in base64 once more, as secrets of Kubernetes are written.
_WRAPPED_TOKEN = re.compile(r"(?<![A-Za-z0-9_-])ZXlK[A-Za-z0-9+/_-]{40,}+={0,2}")
_LONGEST_HEADER = 8_192


def private_keys(text: str) -> Iterator[Hit]:
    """Yield keys in the armour of PEM, OpenPGP and PuTTY, and what marks the file of a service account."""
    if "PRIVATE KEY" in text:
        yield from _framed(text, _PRIVATE_KEY, _END_OF_KEY)
    if "PuTTY-User-Key-File" in text:
        yield from _framed(text, _PUTTY_KEY, _END_OF_PUTTY_KEY)
    if "service_account" in text:
        for match in _SERVICE_ACCOUNT.finditer(text):
            yield "SERVICE_ACCOUNT", *match.span(), "weak"


def _framed(text: str, first: re.Pattern[str], last: re.Pattern[str]) -> Iterator[Hit]:
    end = 0
    for match in first.finditer(text):
        # A mere first line is talk of keys.
        if match.start() < end or not _BODY.match(text, match.end()):
            continue
        close = last.search(text, match.end())
        # A key that does not end was cut: the rest of the text is the key.
        end = close.end() if close else len(text)
        yield "PRIVATE_KEY", match.start(), end, "strong"


def web_tokens(text: str) -> Iterator[Hit]:
    """Yield JSON Web Tokens, signed, encrypted or bare, also in base64 once more."""
    if "eyJ" in text:
        for match in _TOKEN.finditer(text):
            if _is_json(match["header"]):
                yield "JSON_WEB_TOKEN", *match.span(), "strong"
    if "ZXlK" in text:
        for match in _WRAPPED_TOKEN.finditer(text):
            inner = _TOKEN.match(_decoded(match[0]).decode("ascii", "replace"))
            if inner and _is_json(inner["header"]):
                yield "JSON_WEB_TOKEN", *match.span(), "strong"


def _is_json(header: str) -> bool:
    if len(header) > _LONGEST_HEADER:
        return False
    try:
        return isinstance(json.loads(_decoded(header)), dict)
    except (ValueError, RecursionError):
        return False


def _decoded(written: str) -> bytes:
    """Return what base64 stands for, in either of its alphabets and with or without padding."""
    written = written[:_LONGEST_HEADER].rstrip("=").replace("+", "-").replace("/", "_")
    # A last character alone stands for nothing.
    written = written[: len(written) - (len(written) % 4 == 1)]
    return urlsafe_b64decode(written + "=" * (-len(written) % 4))
