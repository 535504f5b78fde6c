"""Stand-ins for packages that are in no lock (Presidio, spaCy, GLiNER): the few names of them that our kinds call.

They find what looks like an e-mail address, a name in two capitals and a time, in the shapes that the real ones answer
in. What the real ones do was seen by hand, with presidio-analyzer 2.2.366.
"""

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

_FORMS = {
    "EMAIL_ADDRESS": (re.compile(r"\w+@\w+\.\w+"), 1.0),
    "PERSON": (re.compile(r"[A-Z]\w+ [A-Z]\w+"), 0.85),
    "PHONE_NUMBER": (re.compile(r"\d{3}-\d{4}"), 0.4),
    "DATE_TIME": (re.compile(r"\d\d:\d\d"), 0.9),
    "CREDIT_CARD": (re.compile(r"4111[ 1]+"), 1.0),
}
INSTALLED = "xx_some_model"


@dataclass(frozen=True)
class Result:
    """What Presidio's analyzer answers with."""

    entity_type: str
    start: int
    end: int
    score: float


class AnalyzerEngine:
    """Presidio's engine, so far as it is called."""

    def __init__(self, *, nlp_engine: Any, supported_languages: Sequence[str]) -> None:
        self.nlp_engine = nlp_engine
        self.supported_languages = supported_languages

    def analyze(
        self, *, text: str, language: str, entities: Sequence[str] | None, score_threshold: float
    ) -> list[Result]:
        """Return what the forms match, as scored."""
        assert language in self.supported_languages
        return [
            Result(name, *match.span(), score)
            for name, (form, score) in _FORMS.items()
            if score >= score_threshold and (entities is None or name in entities)
            for match in form.finditer(text)
        ]


class SpacyNlpEngine:
    """Presidio's way to a spaCy pipeline, which is set and not loaded: `load` would download."""

    def __init__(self, *, models: Sequence[dict[str, str]]) -> None:
        self.models = models
        self.nlp: dict[str, Any] = {}


class Gliner:
    """A GLiNER model that says nothing of what stands beyond its window."""

    labels = ("email", "person", "passport number")
    reads = 384

    def predict_entities(self, text: str, labels: Sequence[str], *, threshold: float) -> Iterator[dict[str, Any]]:
        """Yield what the forms match in the first words, in the model's own labels."""
        words = list(re.finditer(r"\w+(?:[-_]\w+)*|\S", text))
        end = words[self.reads - 1].end() if len(words) > self.reads else len(text)
        for label, name in (("email", "EMAIL_ADDRESS"), ("person", "PERSON"), ("phone number", "PHONE_NUMBER")):
            form, score = _FORMS[name]
            if label in labels and score >= threshold:
                for match in form.finditer(text, 0, end):
                    yield {"start": match.start(), "end": match.end(), "label": label, "score": score, "text": match[0]}


def install_presidio(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `presidio_analyzer`, `spacy` and `tldextract` be the stand-ins until the test ends."""
    spacy = _module("spacy", blank=lambda language: f"blank {language}", load=lambda name: f"loaded {name}")
    vars(spacy)["util"] = SimpleNamespace(is_package=lambda name: name == INSTALLED)
    extract = SimpleNamespace(TLD_EXTRACTOR=None)
    for module in (
        spacy,
        _module("tldextract", tldextract=extract, TLDExtract=lambda **options: options),
        _module("presidio_analyzer", AnalyzerEngine=AnalyzerEngine),
        _module("presidio_analyzer.nlp_engine", SpacyNlpEngine=SpacyNlpEngine),
    ):
        monkeypatch.setitem(sys.modules, module.__name__, module)


def install_gliner(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bool]]:
    """Let `gliner` be the stand-in until the test ends; returns what was loaded, and whether from the disk alone."""
    loaded: list[tuple[str, bool]] = []

    def from_pretrained(folder: str, *, local_files_only: bool) -> Gliner:
        loaded.append((Path(folder).name, local_files_only))
        return Gliner()

    monkeypatch.setitem(
        sys.modules, "gliner", _module("gliner", GLiNER=SimpleNamespace(from_pretrained=from_pretrained))
    )
    return loaded


def _module(name: str, **names: Any) -> ModuleType:
    module = ModuleType(name)
    vars(module).update(names)
    return module
