"""GLiNER as a detector: a model of yours that finds what its labels name, in any words. Needs the extra `gliner`.

No weights come with it, and none are downloaded: `model` is a folder. What the model says is an opinion where names and
places are concerned, and evidence where a label names a number of somebody. Long texts are read window by window, since
the model reads no more than some hundred words and says nothing of the rest.
"""

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Lock
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from gateway.detectors._entities import entity_id, finding
from gateway.errors import ConfigurationError
from gateway.types import Finding

LABELS = (
    *(
        "person",
        "street address",
        "email",
        "phone number",
        "credit card number",
        "social security number",
        "passport number",
    ),
    *(
        "driver license number",
        "bank account number",
        "medical record number",
        "medical condition",
        "date of birth",
        "password",
    ),
)
# The model's own way to count words, and how many it is given: well within the 384 that it was trained with.
_WORD = re.compile(r"\w+(?:[-_]\w+)*|\S")
WINDOW = 200
_OVERLAP = 40


class Options(BaseModel):
    """Which model, what it looks for, and from which score."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())

    model: str | None = Field(
        default=None, description="The folder of the model's weights. Required; nothing is downloaded."
    )
    labels: tuple[str, ...] = Field(default=LABELS, min_length=1, description="What to look for, in the model's words.")
    at_least: float = Field(default=0.5, ge=0, le=1, description="The score from which something counts.")
    sure: float = Field(
        default=0.8, ge=0, le=1, description="The score from which it is strong evidence; names and places never are."
    )


@asynccontextmanager
async def build(options: Options) -> AsyncIterator["GlinerDetector"]:
    """Build the detector; loads the model, which takes seconds. `ConfigurationError` where something is missing."""
    yield GlinerDetector(_model(options), options)


class GlinerDetector:
    """Asks one model, one text at a time."""

    slow = True

    # The model is of an optional package.
    def __init__(self, model: Any, options: Options) -> None:
        self._model = model
        self._options = options
        self._lock = Lock()

    def detect(self, text: str) -> Sequence[Finding]:
        """Return the findings in the order of the text; they may overlap."""
        asked, found = self._options, set()
        with self._lock:
            for start, end in _windows(text):
                for one in self._model.predict_entities(text[start:end], list(asked.labels), threshold=asked.at_least):
                    found.add((start + one["start"], start + one["end"], one["label"], one["score"] >= asked.sure))
        return tuple(
            finding(entity_id(label), start, end, sure=sure, detector="gliner")
            for start, end, label, sure in sorted(found)
        )


def _windows(text: str) -> Iterator[tuple[int, int]]:
    """Yield pieces of the text of at most `WINDOW` words that overlap, so that what one cuts the next has whole."""
    starts = [match.start() for match in _WORD.finditer(text)]
    for first in range(0, len(starts), WINDOW - _OVERLAP):
        after = first + WINDOW
        yield starts[first], starts[after] if after < len(starts) else len(text)
        if after >= len(starts):
            return


def _model(options: Options) -> Any:
    if options.model is None or not Path(options.model).expanduser().is_dir():
        raise ConfigurationError(
            f"the detector 'gliner' needs the folder of a model's weights, not {options.model!r}; "
            "fetch a model, and name its folder as `model`"
        )
    try:
        from gliner import GLiNER  # noqa: PLC0415 - an optional package, heavy
    except ImportError as error:
        raise ConfigurationError(
            "the detector 'gliner' needs the package gliner; run: pip install 'hybrid-gateway[gliner]'"
        ) from error
    return GLiNER.from_pretrained(str(Path(options.model).expanduser()), local_files_only=True)
