"""Microsoft's Presidio as a detector: the recognisers of `presidio-analyzer`, with a spaCy model of yours or with none.

Needs the extra `presidio`. Without `model` only what has a pattern is found, no names. Nothing is downloaded: a model
that is not installed is an error, and the list of domains that Presidio would fetch is the one that came with it.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from threading import Lock
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from gateway.detectors._entities import NOBODY, finding
from gateway.errors import ConfigurationError
from gateway.types import Finding


class Options(BaseModel):
    """Which recognisers are asked, in which language, and from which score."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())

    language: str = Field(default="en", pattern="^[a-z]{2}$", description="The language whose recognisers are asked.")
    model: str | None = Field(
        default=None,
        description="A spaCy model that is installed (`en_core_web_lg`): finds names. Unset: patterns alone.",
    )
    entities: tuple[str, ...] | None = Field(
        default=None, description="Presidio's ids to look for. Unset: all it knows."
    )
    without: tuple[str, ...] = Field(default=NOBODY, description="Ids that count as nothing.")
    at_least: float = Field(default=0.4, ge=0, le=1, description="The score from which an entity counts.")
    sure: float = Field(
        default=0.5, ge=0, le=1, description="The score from which it is strong evidence; names and places never are."
    )


@asynccontextmanager
async def build(options: Options) -> AsyncIterator["PresidioDetector"]:
    """Build the detector; loads spaCy and Presidio, which takes seconds. `ConfigurationError` where one is missing."""
    yield PresidioDetector(_engine(options), options)


class PresidioDetector:
    """Asks one engine, one text at a time."""

    slow = True

    # The engine is of an optional package.
    def __init__(self, engine: Any, options: Options) -> None:
        self._engine = engine
        self._options = options
        # spaCy does not promise that a pipeline may be used in several threads.
        self._lock = Lock()

    def detect(self, text: str) -> Sequence[Finding]:
        """Return the findings in the order of the text; they may overlap."""
        asked = self._options
        entities = None if asked.entities is None else list(asked.entities)
        with self._lock:
            found = self._engine.analyze(
                text=text, language=asked.language, entities=entities, score_threshold=asked.at_least
            )
        return tuple(
            finding(one.entity_type, one.start, one.end, sure=one.score >= asked.sure, detector="presidio")
            for one in sorted(found, key=lambda one: (one.start, one.end))
            if one.start < one.end and one.entity_type not in asked.without
        )


def _engine(options: Options) -> Any:
    try:
        import spacy  # noqa: PLC0415 - an optional package, heavy
        import tldextract  # noqa: PLC0415 - as above
        from presidio_analyzer import AnalyzerEngine  # noqa: PLC0415 - as above
        from presidio_analyzer.nlp_engine import SpacyNlpEngine  # noqa: PLC0415 - as above
    except ImportError as error:
        raise ConfigurationError(
            "the detector 'presidio' needs the package presidio-analyzer; run: pip install 'hybrid-gateway[presidio]'"
        ) from error
    # Presidio checks the domains of e-mail addresses against a list that it would fetch.
    tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
    named = options.model or "blank"
    nlp = SpacyNlpEngine(models=[{"lang_code": options.language, "model_name": named}])
    # Set, not loaded: `load` downloads what is missing.
    nlp.nlp = {options.language: _pipeline(spacy, options)}
    return AnalyzerEngine(nlp_engine=nlp, supported_languages=[options.language])


def _pipeline(spacy: Any, options: Options) -> Any:
    if options.model is None:
        return spacy.blank(options.language)
    if not spacy.util.is_package(options.model):
        raise ConfigurationError(
            f"the spaCy model {options.model!r} of the detector 'presidio' is not installed; "
            "install it, or leave `model` out"
        )
    return spacy.load(options.model)
