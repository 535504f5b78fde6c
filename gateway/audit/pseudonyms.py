"""How somebody is named in a trail: by a key of their own. Whoever loses the key can no longer be found in it.

The key is looked up by a digest of the name under the trail's pepper. Once it is deleted, the pseudonyms in the records
are random numbers to everybody, also to who knows the name and has the file.
"""

import hmac
import secrets

from gateway.audit.evidence import Party

KEY_BYTES = 32
_PSEUDONYM_BYTES = 16


def new_key() -> bytes:
    """Return a random key."""
    return secrets.token_bytes(KEY_BYTES)


def lookup(pepper: bytes, party: Party) -> bytes:
    """Return under what a party's key is kept."""
    return hmac.digest(pepper, _named(party), "sha256")


def pseudonym(key: bytes, party: Party) -> str:
    """Return what a party is called in the records."""
    return hmac.digest(key, _named(party), "sha256")[:_PSEUDONYM_BYTES].hex()


def _named(party: Party) -> bytes:
    # JSON can carry half a surrogate pair in a name, and no two names may become one.
    return f"{party.whose}:{party.name}".encode("utf-8", "surrogatepass")
