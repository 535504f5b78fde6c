"""The model of names: a file of known words and of weights, read once. numpy reads it, and nothing else does."""

import hashlib
import zlib
from array import array
from functools import cache
from io import BytesIO
from itertools import repeat
from math import inf
from pathlib import Path
from zipfile import BadZipFile

from gateway.detectors._name_words import Words
from gateway.errors import ModelFileError

FILE = Path(__file__).parent / "names.npz"
FORMAT = 1
_NOTHING = repeat(0.0)


class NameModel:
    """Known words, and a weight for each feature that counts."""

    __slots__ = ("bias", "sha256", "weights", "words")

    def __init__(self, words: Words, weights: dict[str, float], *, bias: float, sha256: str = "") -> None:
        self.words = words
        self.weights = weights
        self.bias = bias
        self.sha256 = sha256

    def score(self, features: list[str]) -> float:
        """Return the log-odds that a word with these features is part of a name."""
        return sum(map(self.weights.get, features, _NOTHING), self.bias)


@cache
def load(file: Path = FILE) -> NameModel:
    """Return the model of a file; raises `ModelFileError` where it is missing or is none."""
    import numpy as np  # noqa: PLC0415 - heavy, and read by those alone who look for names

    try:
        content = file.read_bytes()
        with np.load(BytesIO(content), allow_pickle=False) as arrays:
            if int(arrays["format"]) != FORMAT:
                raise ModelFileError(f"the model of names {str(file)!r} is of another format; install the package anew")
            keys = array("I", arrays["keys"].astype("=u4").tobytes())
            numbers = array("H", arrays["kinds"].astype("=u2").tobytes())
            features = arrays["features"].tobytes().decode("utf-8").split("\n")
            weights = dict(zip(features, arrays["weights"].astype(float).tolist(), strict=True))
    except (OSError, EOFError, ValueError, KeyError, BadZipFile, zlib.error) as error:
        raise ModelFileError(f"the model of names {str(file)!r} cannot be read; install the package anew") from error
    return NameModel(
        Words(keys, numbers), weights, bias=weights.pop("", -inf), sha256=hashlib.sha256(content).hexdigest()
    )
