"""Vectors as the ledger keeps them: half-precision numbers, after the table of words that gives them their meaning.

Nobody can turn them into words again. Vectors of one table mean the same whatever was learned from them, so that a
model that was learned anew reads what the one before it had kept.
"""

import hashlib

import numpy as np
import numpy.typing as npt

from gateway.errors import ModelFileError
from gateway.estimate.features import VERSION as FEATURES_VERSION
from gateway.estimate.words import Words

Floats = npt.NDArray[np.float32]

FORMAT = 1
MOST_BYTES = 4_096
_TABLE_DIGITS = 4
_HEAD_BYTES = 1 + _TABLE_DIGITS
# Half precision ends at 65,504.
_BOUND = 60_000.0


class Packing:
    """Packs the vectors of one table; raises `ModelFileError` for a table whose vectors would be too long to keep."""

    def __init__(self, words: Words) -> None:
        self._count = len(words.names)
        if _HEAD_BYTES + 2 * self._count > MOST_BYTES:
            raise ModelFileError(f"the model has vectors of {self._count:,} numbers, too many to keep; train it anew")
        self._head = bytes([FORMAT]) + _table(words)

    def pack(self, vector: Floats) -> bytes:
        """Return a vector as bytes: the format's version, four bytes of the table's hash, the numbers."""
        return self._head + np.clip(vector, -_BOUND, _BOUND).astype("<f2").tobytes()

    def unpack(self, packed: bytes) -> Floats | None:
        """Return the vector; None for one of another table or format."""
        if len(packed) != _HEAD_BYTES + 2 * self._count or not packed.startswith(self._head):
            return None
        vector = np.frombuffer(packed, dtype="<f2", offset=_HEAD_BYTES).astype(np.float32)
        return vector if np.isfinite(vector).all() else None


def _table(words: Words) -> bytes:
    digest = hashlib.sha256(f"{FEATURES_VERSION}\0".encode())
    digest.update("\n".join(words.stems).encode())
    digest.update(np.ascontiguousarray(words.weights, dtype=np.float32).tobytes())
    digest.update(words.meaning.astype(np.float16).tobytes())
    return digest.digest()[:_TABLE_DIGITS]
