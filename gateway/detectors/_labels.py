"""What a secret is called: the names that stand before passwords, tokens and keys, and those that only sound alike."""

import re
from collections.abc import Mapping
from typing import Literal, cast

# A `password` is made up by people, so it may be short; a `token` comes from a machine; a `key` may be many things.
Label = Literal["password", "token", "key"]

_KEYS = (
    *(
        "api",
        "access",
        "private",
        "signing",
        "encryption",
        "auth",
        "account",
        "shared",
        "storage",
        "master",
        "licen[cs]e",
    ),
    *("service", "server", "client", "consumer", "subscription", "function", "webhook", "ssh", "session", "admin"),
    *("deploy", "ingest", "write", "read", "integration", "app", "hmac", "aes", "jwt", "root"),
)
_STEMS: Mapping[Label, tuple[str, ...]] = {
    "password": (
        *(
            "pass(?:word|wort|wd|phrase|code)?",
            "pwd",
            "pw",
            "identified[ ]by",
            "kennwort",
            "contrase.a",
            "senha",
            "psk",
        ),
        *("mot[ ]de[ ]passe", "wachtwoord"),
    ),
    "token": (
        *("secret", "token", "credential", "creds?", "authorization", "auth(?:[_-]?code)?"),
        *(f"{kind}[ _.-]?key" for kind in _KEYS),
    ),
    "key": ("key",),
}
# In the dialect that `re` and `re2` share.
ANY_STEM = "|".join((*_STEMS["password"], *_STEMS["token"]))
STEM = re.compile("|".join(f"(?P<{label}>{'|'.join(stems)})" for label, stems in _STEMS.items()), re.IGNORECASE)


def _words(words: str) -> frozenset[str]:
    return frozenset(words.split())


# With what letters a name may go on at once: `passwords`, `tokenvalue`; not `tokenizer`, `passenger`, `author`.
_GOES_ON = _words("s value string str data text key secret token hash id base") | {""}
_BEFORE_PASS = _words("db my user usr root admin pg smtp mail ftp ssh new old") | {""}
_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
# A name that ends so tells something about a secret.
_ABOUT = _words(
    "id ids url urls uri endpoint name names length len size count limit type path file filename dir folder expiry"
    " expires expiration expire ttl age usage hint label version index idx algorithm alg format host field header"
    " prefix pattern policy rule rules provider ref reference arn alias class store manager validator date time"
    " timeout min max required enabled error message placeholder regex column param parameter env var variable"
    " description title state status pair map schema mode source scope scopes method vault board code frame ring mgr"
    " handler factory generator reset change exception form input group grant"
    " at attempt attempts tries retry retries"
)
# A name that holds one of these is that of something open.
_OPEN = _words(
    "public pub csrf xsrf authenticity antiforgery page next continuation cursor cancellation primary foreign cache"
    " sort partition sequence translation vault bucket natural row object unique composite routing idempotency not no"
)


def label_of(name: str, start: int) -> Label | None:
    """Return what the stem that starts there makes of the whole name, None where the name means something else."""
    # It was matched before, with more text around it.
    stem = cast("re.Match[str]", STEM.match(name, start))
    before, after = _letters_around(name, start, stem.end())
    if after.lower() not in _GOES_ON or (is_pass(stem) and not _is_short_for_password(before, name[stem.end() :])):
        return None
    parts = [part.lower() for part in _PART.findall(name)]
    if not _OPEN.isdisjoint(parts) or (parts and parts[-1] in _ABOUT and parts[-3:] != ["access", "key", "id"]):
        return None
    if stem["key"]:
        return None if before else "key"
    return "password" if stem["password"] else "token"


def is_pass(stem: re.Match[str]) -> bool:
    """Whether the stem is the mere `pass`, which is a verb as well, or `pw`, which is in many words."""
    return stem[0].lower() in ("pass", "pw")


def _is_short_for_password(before: str, tail: str) -> bool:
    return before.lower() in _BEFORE_PASS and not tail.strip("0123456789_-")


def _letters_around(name: str, start: int, end: int) -> tuple[str, str]:
    """Return the letters that belong to the word of the stem: `db` in `dbpass`, nothing in `dbPass` and `db_pass`."""
    before, after = start, end
    while before and name[before - 1].isalpha() and name[before - 1].islower() == name[start].islower():
        before -= 1
    while after < len(name) and name[after].isalpha() and name[after].islower() == name[end - 1].islower():
        after += 1
    return name[before:start], name[end:after]
