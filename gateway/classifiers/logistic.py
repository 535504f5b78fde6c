"""Difficulty as a trained model says it: the chance that the local answer will not be good enough.

The model is a file of `gateway train`, or the one that comes with the package, which is a starting point: it learned
from other models and other prompts than yours. What tools and models wrote is not read.
"""

import asyncio
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from gateway.types import Request

if TYPE_CHECKING:
    from gateway.estimate.model import Model
    from gateway.estimate.packing import Floats, Packing

_VERSION_DIGITS = 12


class Options(BaseModel):
    """Which model."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str | None = Field(
        default=None, min_length=1, description="A file of `gateway train`; unset: the packaged one."
    )
    sha256: str | None = Field(
        default=None,
        pattern=r"^[0-9a-fA-F]{8,64}$",
        description="What the model's hash is, or begins with: another one is not opened.",
    )


@asynccontextmanager
async def build(options: Options) -> AsyncIterator["LogisticClassifier"]:
    """Read the model in a thread; raises `ModelFileError`."""
    yield await asyncio.to_thread(_open, options)


def _open(options: Options) -> "LogisticClassifier":
    # numpy takes longer to load than all of ours: only who uses a model waits for it.
    from gateway.estimate.opening import open_model  # noqa: PLC0415
    from gateway.estimate.packing import Packing  # noqa: PLC0415

    model = open_model(options.path, options.sha256)
    return LogisticClassifier(model, Packing(model.words))


class LogisticClassifier:
    """Reads what the user says in the whole conversation; the same request always has the same difficulty."""

    def __init__(self, model: "Model", packing: "Packing") -> None:
        self._model = model
        self._head = model.heads["prompt"]
        self._packing = packing
        self._last: tuple[weakref.ref[Request], Floats] | None = None
        self.version = f"logistic:{model.sha256[:_VERSION_DIGITS]}"

    def difficulty(self, request: Request) -> float:
        """Return the chance that the local answer is not good enough: 0 to 1."""
        return self._head.difficulty(self._vector(request))

    def features(self, request: Request) -> bytes:
        """Return the vector that the difficulty was read from."""
        return self._packing.pack(self._vector(request))

    def _vector(self, request: Request) -> "Floats":
        # Both are asked of one request, one after the other.
        if self._last is not None and self._last[0]() is request:
            return self._last[1]
        vector = self._model.vector(request)
        self._last = weakref.ref(request), vector
        return vector
