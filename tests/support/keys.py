"""Keys that nobody issued: drawn by lot where a test runs, so that no scanner of this repository takes one for real."""

import random
import re
import string

ALPHABETS = {
    "letters": string.ascii_letters + string.digits,
    "lower": string.ascii_lowercase + string.digits,
    "capitals": string.ascii_uppercase + string.digits,
    "hex": "0123456789abcdef",
    "anyhex": "0123456789abcdefABCDEF",
    "url": string.ascii_letters + string.digits + "_-",
    "dotted": string.ascii_letters + string.digits + "_.-",
    "base64": string.ascii_letters + string.digits + "+/",
    "digits": string.digits,
}
_PART = re.compile(r"<(?P<alphabet>[a-z0-9]+) (?P<length>[0-9]+)>")


def random_text(alphabet: str, length: int) -> str:
    """Return always the same letters: of every sort that the alphabet has, the last one no sign."""
    lot = random.Random(f"{alphabet} {length}")
    start = {"letters": "a7Q", "url": "a7Q", "dotted": "a7Q", "base64": "a7Q"}.get(alphabet, "")[:length]
    body = "".join(lot.choices(ALPHABETS[alphabet], k=max(length - len(start) - 1, 0)))
    last = "7" if alphabet in ("digits", "hex", "anyhex") else "K" if alphabet == "capitals" else "k"
    return (start + body + last)[:length] if length > len(start) else start


def from_form(form: str) -> str:
    """Return a key of a form like `abc-<hex 32>-<letters 8>`."""
    return _PART.sub(lambda part: random_text(part["alphabet"], int(part["length"])), form)
