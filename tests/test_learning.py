"""What is kept of requests to learn from: a vector of the classifier, where the policy lets it, and never words."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.policies import assessment, mock, policy
from support.settling import attempt, settled

from gateway import Router
from gateway.assess import assess
from gateway.entries import LedgerEntry
from gateway.interfaces import Classifier, Featured
from gateway.ledgers import sqlite
from gateway.ledgers.sqlite import read_entries
from gateway.policy.models import Policy
from gateway.reading import Reader, open_reader
from gateway.types import Assessment, Level, Request
from gateway.wire.openai import parse_request

VECTOR = b"\x00\x01\xff"
KEEP = {"keep": "features"}


@dataclass
class Vectors:
    """A classifier that offers a vector, whatever is asked."""

    vector: Any = VECTOR
    version: Any = "model-7"

    def difficulty(self, request: Request) -> float:
        return 0.5

    def features(self, request: Request) -> bytes:
        if isinstance(self.vector, Exception):
            raise self.vector
        vector: bytes = self.vector
        return vector


async def read(classifier: Classifier, *, level: Level = Level.PUBLIC, **learning: str) -> Assessment:
    """Assess a request of a level by a policy that keeps `learning`."""
    given = policy({"a": mock()}, learning=learning, default_level="public", detectors=[])
    featured = classifier if isinstance(classifier, Featured) else None
    request = parse_request("hello", tags=[str(level)])
    return await assess(request, policy=given, detectors={}, classifier=classifier, featured=featured)


async def test_nothing_is_kept_unless_the_policy_says_so() -> None:
    """Learning is asked for; the version of the classifier is no content and always there."""
    seen = await read(Vectors())

    assert (seen.features, seen.classifier) == (None, "model-7")


@pytest.mark.parametrize("level", list(Level))
@pytest.mark.parametrize("at_most", list(Level))
async def test_features_are_kept_up_to_the_level_that_the_policy_names(level: Level, at_most: Level) -> None:
    """Of a more private request not even a vector stays."""
    seen = await read(Vectors(), level=level, keep="features", at_most=str(at_most))

    assert seen.features == (VECTOR if level <= at_most else None)


@pytest.mark.parametrize(("level", "kept"), [(Level.INTERNAL, True), (Level.CONFIDENTIAL, False)])
async def test_without_a_level_features_are_kept_up_to_internal(level: Level, *, kept: bool) -> None:
    """Confidential and restricted requests are not learned from unless somebody says so."""
    assert ((await read(Vectors(), level=level, keep="features")).features is not None) is kept


@pytest.mark.parametrize(
    ("vector", "said"),
    [
        (ValueError("a canary"), "failed: ValueError"),
        ("text", "no vector"),
        (b"x" * 4_097, "no vector"),
        (None, "no ve"),
    ],
)
async def test_what_is_no_small_vector_is_not_kept(vector: object, said: str, caplog: pytest.LogCaptureFixture) -> None:
    """A third party's classifier may do anything; the request goes on, and no log quotes it."""
    with caplog.at_level(logging.ERROR):
        seen = await read(Vectors(vector), keep="features")

    assert (seen.features, seen.difficulty) == (None, 0.5)
    assert said in caplog.text
    assert "canary" not in caplog.text


async def test_a_version_that_is_no_text_is_none() -> None:
    """What a third party calls a version may be anything."""
    assert (await read(Vectors(version=lambda: "model"))).classifier is None


async def test_a_classifier_without_features_is_asked_for_none() -> None:
    """Offering a vector is up to the classifier."""
    async with open_reader(policy({"a": mock()}, learning=KEEP, classifier="heuristic")) as reader:
        seen = await reader.assess(parse_request("hello"))

    assert reader.featured is None
    assert (seen.features, seen.classifier) == (None, None)


async def test_a_reader_asks_the_classifier_that_offers_features() -> None:
    """It is looked up once, when the parts are opened."""
    vectors = Vectors()
    reader = Reader(policy=policy({"a": mock()}, learning=KEEP), detectors={}, classifier=vectors, featured=vectors)

    assert (await reader.assess(parse_request("hello"))).features == VECTOR


def test_the_entry_keeps_what_the_assessment_holds() -> None:
    """The vector and the version that scores and vectors may be compared within; no repr shows the vector."""
    seen = assessment(classifier="model-7", features=VECTOR)

    entry = settled(attempt("llama"), read=seen).entry

    assert (entry.classifier, entry.features) == ("model-7", VECTOR)
    assert "\\x00" not in repr(entry) + repr(seen)


def learning_policy(path: Path) -> Policy:
    """Return a policy that learns, with its books in a file."""
    books = {"kind": "sqlite", "path": str(path)}
    return policy({"llama": mock()}, learning=KEEP, ledger=books, classifier="heuristic")


async def test_features_are_on_the_books(tmp_path: Path) -> None:
    """From the classifier to the file and back, not a bit is changed."""
    path = tmp_path / "ledger.db"
    async with Router.from_policy(learning_policy(path)) as router:
        house = router._generations.house
        object.__setattr__(house.reader, "classifier", Vectors())
        object.__setattr__(house.reader, "featured", Vectors())
        await router.route("hello")

    assert [(entry.classifier, entry.features) for entry in read_entries(path)] == [("model-7", VECTOR)]


async def test_an_entry_without_features_keeps_none(tmp_path: Path) -> None:
    """What is not there is unknown, not empty."""
    path = tmp_path / "ledger.db"
    async with (
        sqlite.build(sqlite.Options(path=str(path))) as ledger,
        Router.from_policy(learning_policy(path), ledger=ledger) as router,
    ):
        await router.route("hello")

    (entry,) = read_entries(path)
    assert isinstance(entry, LedgerEntry)
    assert entry.features is None
