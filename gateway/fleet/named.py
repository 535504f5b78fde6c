"""Under what a named conversation is remembered: a hash that nobody can try out names on."""

import os
from hashlib import blake2b

from gateway.types import Request


class ConversationNames:
    """Hashes with a key of this process. A conversation is a tenant's: the same name of another tenant is another."""

    def __init__(self) -> None:
        self._key = os.urandom(32)

    def of(self, request: Request) -> bytes:
        """Return the hash of a request's tenant and conversation."""
        digest = blake2b(key=self._key, digest_size=16)
        # The length keeps the end of a tenant's name from being read as the beginning of a conversation's.
        tenant = (request.tenant or "").encode("utf-8", "surrogatepass")
        digest.update(b"%d:%d:" % (request.tenant is None, len(tenant)) + tenant)
        digest.update((request.conversation or "").encode("utf-8", "surrogatepass"))
        return digest.digest()
