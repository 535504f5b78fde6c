"""What stands in the place of a value: `[[EMAIL_ADDRESS_1_3fa9c1]]`, its type, a number and a nonce.

The same value has the same number wherever it is met, and every way of writing it a name of its own
(`EMAIL_ADDRESS_1v2`), so that a text comes back letter by letter. What is remembered of values are keyed hashes: a
numbering that outlives a request holds no text.
"""

import os
import re
import secrets
import threading
import unicodedata
from collections.abc import Callable
from hashlib import blake2b

# Kinds whose values are gone for good once they are replaced: an answer has no use for them.
NEVER_RESTORED = frozenset({"secret", "pci"})
# So many ways of writing values are remembered; the oldest is forgotten, and named anew when it comes again.
MOST_REMEMBERED = 4_000

_TRIES = 64
_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")
# Written with or without spaces and dashes, in small letters or capitals: what counts are its letters and digits.
_SPACED = re.compile(r"CREDIT_CARD|PHONE_NUMBER|IBAN_CODE|MAC_ADDRESS|MEDICAL_RECORD_NUMBER|[A-Z]{2}_[A-Z0-9_]+")


def new_nonce(text: str, draw: Callable[[], str] = lambda: secrets.token_hex(3)) -> str | None:
    """Return a nonce that does not occur in `text` (in small letters), None where none was drawn."""
    for _ in range(_TRIES):
        nonce = draw()
        # One that nowhere begins anew inside itself is counted the same in any pieces.
        if nonce[0] not in nonce[1:] and nonce not in text:
            return nonce
    return None


class Numbering:
    """The names of the values of one conversation. Holds hashes and numbers, no text; long texts use it in threads."""

    def __init__(self, nonce: str) -> None:
        self.nonce = nonce
        self._names: dict[bytes, str] = {}
        self._numbers: dict[bytes, tuple[int, int]] = {}
        self._last: dict[str, int] = {}
        # With a key of its own nobody can try out values on what is kept.
        self._key = os.urandom(32)
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._names)

    def name(self, type_: str, value: str) -> str:
        """Return the placeholder of a value, without its brackets."""
        shown = type_.upper() if _TYPE.fullmatch(type_) else "VALUE"
        exact = self._hash(shown, value)
        with self._lock:
            name = self._names.get(exact)
            if name is None:
                name = self._names[exact] = self._new_name(shown, value)
                while len(self._names) > MOST_REMEMBERED:
                    del self._names[next(iter(self._names))]
            return name

    def _new_name(self, shown: str, value: str) -> str:
        meant = self._hash(shown, _meant(shown, value))
        number, ways = self._numbers.get(meant, (0, 0))
        if not number:
            number = self._last[shown] = self._last.get(shown, 0) + 1
        self._numbers[meant] = (number, ways + 1)
        while len(self._numbers) > MOST_REMEMBERED:
            del self._numbers[next(iter(self._numbers))]
        way = f"v{ways + 1}" if ways else ""
        return f"{shown}_{number}{way}_{self.nonce}"

    def _hash(self, shown: str, value: str) -> bytes:
        return blake2b(f"{shown}\0{value}".encode("utf-8", "surrogatepass"), key=self._key, digest_size=16).digest()


def _meant(shown: str, value: str) -> str:
    """Return what is the same for every way of writing a value."""
    folded = unicodedata.normalize("NFKC", value).casefold()
    if _SPACED.fullmatch(shown):
        return "".join(letter for letter in folded if letter.isalnum() or letter == "+") or folded
    return " ".join(folded.split()).replace("%40", "@")
