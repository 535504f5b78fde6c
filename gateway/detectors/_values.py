"""Whether a value can be a secret: not a template, a name, words, a drawn placeholder, a UUID made from the clock."""

import re
from collections import Counter
from itertools import pairwise
from math import log2

from gateway.detectors._page import Strength

_TEMPLATE = re.compile(
    r"[$%#@]?\{.*|\$\(.*|<.*|%(?:[sdrv]|\([^)]*\)[sdr]|[A-Za-z_]+%)|@[A-Z_]+@|\$(?:[A-Z_][A-Z0-9_]*|[a-z_]+|[0-9])|\[.*\]"
    # Rules of a form: `required|min:8`.
    r"|[a-z_]+(?:\|[a-z_]+(?::[\w,.]+)?)+"
    r"|.*\.\.\..*|.*://.*|.*\{\{.*|.*\$\{.*"
)
_FILLED_IN = re.compile(r"\{[A-Za-z_][A-Za-z0-9_.]{0,40}\}")
_WORDS = re.compile(r"[A-Z]*+[a-z]*+(?:[A-Z][a-z]++)*+(?:[ _.:/>-]++[A-Z]*+[a-z]*+(?:[A-Z][a-z]++)*+)*+")
# What the code calls a secret is not the secret: `settings.token2`, `Curve25519.secret_size`, `my_token_v2`.
_NAME = re.compile(
    r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)+|[A-Za-z]+[0-9]{0,2}(?:[_-][A-Za-z]+[0-9]{0,2})+"
)
# Words and numbers of versions: `jjwt-jackson-0.11.2`, `llama-3-70b-instruct`, `2024-11-05`.
_SLUG = re.compile(
    r"(?:[A-Za-z]{2,}[0-9]{0,3}|[0-9]{1,4}[a-z]?|[A-Za-z])(?:[_.:/~-](?:[A-Za-z]{2,}[0-9]{0,3}|[0-9]{1,4}[a-z]?|[A-Za-z]))*"
)
_PATH = re.compile(r"(?:~|\.{1,2}|[A-Za-z]:)?[/\\](?:[\w.-]{1,64}[/\\]){1,16}[\w.-]{0,64}")
_UUID = re.compile(r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-([0-9A-Fa-f])[0-9A-Fa-f]{3}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}")
_SEPARATORS = re.compile(r"[-_.~=:/ ]+")
_PLACEHOLDERS = (
    *("example", "placeholder", "your", "redacted", "changeme", "change_me", "insert", "dummy", "xxxx", "****"),
    *("password", "token_here", "tokenhere", "key_here", "not_long", "foobar", "todo"),
)
_EXAMPLES = frozenset(
    {"password", "passwd", "pass", "pwd", "secret", "token", "postgres", "mysql", "root", "admin", "test"}
)
SHORTEST = 6
_SHORTEST_TOKEN = 10
# A drawn key of this length is one; a shorter one may be a poor secret.
_SURELY_DRAWN = 20
# Kinds of letters.
_FEW, _VERY_FEW = 10, 4
# So end the keys in the documentation of Amazon.
_DOCUMENTED = ("EXAMPLE", "EXAMPLEKEY")
# More of a value does not tell more about it.
_READ = 512


def of_assigned(value: str, *, made_up: bool, quoted: bool) -> Strength | None:
    """Return how sure it is that a value with a secret's name is one; people make up passwords, machines tokens."""
    if len(value) < (SHORTEST if made_up else _SHORTEST_TOKEN) or is_template(value):
        return None
    if _WORDS.fullmatch(value):
        return "weak" if quoted and made_up else None
    if not made_up and (is_number_or_name(value.strip("\"'")) or is_drawn(value)):
        return None
    return "weak" if is_placeholder(value) or entropy(value) < (2.0 if made_up else 2.8) else "strong"


def of_login(value: str) -> Strength | None:
    """Return how sure it is that what stands where a password belongs is one."""
    if not value or is_template(value):
        return None
    return "weak" if value.lower() in _EXAMPLES or is_placeholder(value) else "strong"


def of_key(body: str, *, exact: bool) -> Strength | None:
    """Return how sure it is that what follows a provider's mark is a key; `exact` if it has its form to the letter."""
    if is_drawn(body):
        # Many different letters that count, in a key's exact form, are suspected; a long row of few is a picture.
        counts = exact and len(set(body)) > _FEW
        return "weak" if counts or len(body) < _SURELY_DRAWN else None
    if is_wording(body) or body.endswith(_DOCUMENTED):
        return None
    return "weak" if is_placeholder(body) else "strong"


def is_template(value: str) -> bool:
    """Whether something is filled in there later: `${TOKEN}`, `<your key>`, `%s`, `sk-...`."""
    return _TEMPLATE.fullmatch(value) is not None or _FILLED_IN.search(value) is not None


def is_words(value: str) -> bool:
    """Whether it is written in letters, as words are."""
    return _WORDS.fullmatch(value) is not None


def is_name(value: str) -> bool:
    """Whether code would read it as the name of something."""
    return _NAME.fullmatch(value) is not None


def is_number_or_name(value: str) -> bool:
    """Whether machines use such values for other things than secrets."""
    if value.isdecimal() or any(map(str.isspace, value)) or is_name(value):
        return True
    if uuid := _UUID.fullmatch(value):
        # Only version 4 is random.
        return uuid[1] != "4"
    return _SLUG.fullmatch(value) is not None or _PATH.fullmatch(value) is not None


def is_uuid(value: str) -> bool:
    """Whether it is written as a UUID."""
    return _UUID.fullmatch(value) is not None


def is_wording(body: str) -> bool:
    """Whether it is words and not letters drawn by lot: `learn-contrib-of-mine`, `ConfigurationTokenHere`."""
    letters = _SEPARATORS.sub("", body)
    if not letters.isalpha():
        return False
    return letters.islower() or letters.isupper() or len(letters) >= 4 * sum(map(str.isupper, letters))


def is_mixed(value: str) -> bool:
    """Whether it holds digits, small and capital letters."""
    return all(any(map(test, value)) for test in (str.isdigit, str.islower, str.isupper))


def is_drawn(body: str) -> bool:
    """Whether it repeats or counts, as no key does: `xxxxxxxx`, `12345678`, `abcabcabc`."""
    letters = _SEPARATORS.sub("", body[:_READ]).lower()
    if len(letters) < SHORTEST:
        return False
    steps = sum(0 <= ord(after) - ord(before) <= 1 for before, after in pairwise(letters))
    return 2 * steps >= len(letters) - 1 or (len(letters) >= _SURELY_DRAWN and len(set(letters)) <= _VERY_FEW)


def is_placeholder(value: str) -> bool:
    """Whether it says itself that it is none."""
    lower = value[:_READ].lower()
    return set(lower) <= set("x*.-_0") or any(word in lower for word in _PLACEHOLDERS)


def entropy(value: str) -> float:
    """Return Shannon's entropy in bits a character."""
    shares = [count / len(value) for count in Counter(value).values()]
    return -sum(share * log2(share) for share in shares)
