"""A trained model: its table of words, its heads, and its card; as a file of plain arrays that knows its own hash.

Nothing in a file is code: arrays and one JSON text, read with pickling off, and refused whole where the hash over all
of it does not fit.
"""

import hashlib
import io
import json
import tokenize
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gateway.errors import ModelFileError
from gateway.estimate.features import VERSION as FEATURES_VERSION
from gateway.estimate.features import read
from gateway.estimate.head import Head
from gateway.estimate.words import Words
from gateway.types import Request

FORMAT = 1
MOST_BYTES = 64_000_000
_META, _DIGEST, _STEMS = "meta", "sha256", "stems"
_HEAD_ARRAYS = ("center", "scale", "line", "offset", "lean", "feature", "threshold", "value", "ranks", "chances")
# What readers of archives raise over damaged bytes: `RuntimeError` where they look like encryption, `MemoryError` where
# an array claims to be of an impossible size, `TokenError` where its header is cut in the middle of a word.
_DAMAGES = (
    *(OSError, ValueError, LookupError, EOFError, RuntimeError, MemoryError),
    *(tokenize.TokenError, SyntaxError, zipfile.BadZipFile, zlib.error),
)

Arrays = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a model is, besides its numbers.

    `voices` are the other models whose answers its head `voices` compares with; `reads_prompt` says whether the heads
    that read answers see the prompt's numbers too. `scores` is the share of training rows in each tenth of difficulty.
    """

    voices: tuple[str, ...] = ()
    reads_prompt: bool = True
    scores: tuple[float, ...] = ()
    card: Mapping[str, Any] = field(default_factory=dict)


class Model:
    """A trained model. `heads` has `prompt`, and where answers were learned from `weak` and `voices`."""

    def __init__(
        self, words: Words, heads: Mapping[str, Head], manifest: Manifest, learned: Sequence[int] = ()
    ) -> None:
        self.words = words
        self.heads = dict(heads)
        self.manifest = manifest
        # Hashes of the prompts that it learned from: what it knows it must not be measured on.
        self.learned = frozenset(learned)

    def vector(self, request: Request) -> npt.NDArray[np.float32]:
        """Return a request as the numbers that the head `prompt` reads."""
        return self.words.vector(read(request))

    @property
    def card(self) -> Mapping[str, Any]:
        """What the model was made of, what it is for, and its measured limits."""
        return self.manifest.card

    @cached_property
    def sha256(self) -> str:
        """The hash over all that the model is."""
        return _digest(self._arrays())

    def save(self, path: Path) -> None:
        """Write the file; raises `OSError`."""
        arrays = self._arrays()
        stamp = np.frombuffer(_digest(arrays).encode(), dtype=np.uint8)
        buffer = io.BytesIO()
        # numpy's stub takes the names of arrays for those of its own keywords.
        np.savez_compressed(buffer, **arrays, **{_DIGEST: stamp})  # type: ignore[arg-type]
        path.write_bytes(buffer.getvalue())

    def _arrays(self) -> dict[str, npt.NDArray[Any]]:
        manifest = self.manifest
        meta = {
            "format": FORMAT,
            "features": FEATURES_VERSION,
            "heads": sorted(self.heads),
            "voices": list(manifest.voices),
            "reads_prompt": manifest.reads_prompt,
            "scores": list(manifest.scores),
            "card": manifest.card,
        }
        arrays: dict[str, npt.NDArray[Any]] = {
            _META: _bytes(json.dumps(meta, sort_keys=True)),
            _STEMS: _bytes("\n".join(self.words.stems)),
            "weights": self.words.weights,
            "meaning": self.words.meaning.astype(np.float16),
            "learned": np.array(sorted(self.learned), dtype=np.uint64),
        }
        for name, head in self.heads.items():
            arrays |= {f"{name}.{part}": getattr(head, part) for part in _HEAD_ARRAYS}
        return arrays


def packaged() -> Path:
    """Return the model that comes with the package: a starting point, see its card."""
    return Path(__file__).with_name("default.npz")


def load(path: Path) -> Model:
    """Return the model of a file; raises `ModelFileError` where it is none, was changed, or is of another version."""
    try:
        arrays = _read(path)
        stamp = _text(arrays.pop(_DIGEST, np.zeros(0, np.uint8)))
    except _DAMAGES as error:
        reason = (
            error.strerror if isinstance(error, OSError) and error.strerror else "it is no model file, or a damaged one"
        )
        raise ModelFileError(
            f"cannot read the model {str(path)!r}: {reason.lower()}; name a file of `gateway train`"
        ) from error
    if stamp != _digest(arrays):
        raise ModelFileError(
            f"the model {str(path)!r} is not what was written: its hash does not fit; restore it, or train it anew"
        )
    try:
        return _built(path, arrays)
    except (LookupError, TypeError, ValueError) as error:
        raise ModelFileError(f"the model {str(path)!r} lacks a part; train it anew") from error


def _built(path: Path, arrays: dict[str, npt.NDArray[Any]]) -> Model:
    meta = json.loads(_text(arrays[_META]))
    if (meta["format"], meta["features"]) != (FORMAT, FEATURES_VERSION):
        raise ModelFileError(
            f"the model {str(path)!r} has format {meta['format']} with features {meta['features']}, this program reads "
            f"{FORMAT} with {FEATURES_VERSION}; train it anew"
        )
    words = Words(_text(arrays[_STEMS]).split("\n"), arrays["weights"], arrays["meaning"].astype(np.float32))
    heads = {name: Head(**{part: arrays[f"{name}.{part}"] for part in _HEAD_ARRAYS}) for name in meta["heads"]}
    manifest = Manifest(
        voices=tuple(meta["voices"]),
        reads_prompt=bool(meta["reads_prompt"]),
        scores=tuple(meta["scores"]),
        card=meta["card"],
    )
    return Model(words, heads, manifest, arrays["learned"].tolist())


def _read(path: Path) -> dict[str, npt.NDArray[Any]]:
    with path.open("rb") as file:
        raw = file.read(MOST_BYTES + 1)
    if len(raw) > MOST_BYTES:
        raise ValueError("too large")
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        if sum(member.file_size for member in archive.infolist()) > 4 * MOST_BYTES:
            raise ValueError("too large unpacked")
    with np.load(io.BytesIO(raw), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def _digest(arrays: Arrays) -> str:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name}\0{array.dtype.str}\0{array.shape}\0".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def _bytes(text: str) -> npt.NDArray[np.uint8]:
    return np.frombuffer(text.encode(), dtype=np.uint8)


def _text(array: npt.NDArray[Any]) -> str:
    return array.astype(np.uint8).tobytes().decode()
