"""Kind `logistic`: a trained model says how hard a request is, in operation as in training."""

import asyncio
import gc
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError
from support.policies import mock, policy
from support.routers import labelled
from support.trained import prompt_model
from support.unmeasured import unmeasured

from gateway import Router
from gateway.classifiers import logistic
from gateway.errors import ModelFileError
from gateway.estimate.model import Manifest, Model, load
from gateway.estimate.packing import Floats, Packing
from gateway.interfaces import Featured
from gateway.training.scoring import difficulties
from gateway.types import Request
from gateway.wire.request import parse_request

BACKENDS = {"llama": mock("a local answer"), "frontier": mock("a strong answer", clearance="internal", local=False)}
POLICY = """
version: 1
ledger: memory
classifier: {{kind: logistic, path: {path}}}
backends:
  llama: {{kind: mock, model: m, clearance: restricted, local: true}}
rules:
  - {{name: default, use: [llama]}}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A model's file."""
    path = tmp_path / "router.model"
    prompt_model().save(path)
    return path


def cut(path: Path) -> None:
    """Lose the end of a file."""
    path.write_bytes(path.read_bytes()[:-2_000])


async def test_difficulty_is_what_training_measured(path: Path) -> None:
    """The same number for the same prompt, to the sixth digit."""
    rows = labelled(40, seed=5)

    async with logistic.build(logistic.Options(path=str(path))) as classifier:
        found = [classifier.difficulty(row.request) for row in rows]

    np.testing.assert_allclose(found, difficulties(load(path), rows, use="prompt"), atol=1e-6)
    assert max(found) > min(found)


async def test_a_version_names_the_model(path: Path) -> None:
    """Difficulties of two models are not comparable, so that each entry names its own."""
    async with logistic.build(logistic.Options(path=str(path))) as classifier:
        assert classifier.version == f"logistic:{prompt_model().sha256[:12]}"


async def test_the_packaged_model_needs_no_path() -> None:
    """A starting point comes with the package."""
    async with logistic.build(logistic.Options()) as classifier:
        assert 0 <= classifier.difficulty(parse_request("hello")) <= 1


@pytest.mark.parametrize("text", ["42", "…", "日本語", "a" * 100_000, "prove " * 5_000])
async def test_any_text_has_a_difficulty(path: Path, text: str) -> None:
    """Prompts without a word, in other scripts, or of enormous length."""
    async with logistic.build(logistic.Options(path=str(path))) as classifier:
        assert 0 <= classifier.difficulty(parse_request(text)) <= 1


async def test_a_vector_is_kept_that_training_reads(path: Path) -> None:
    """It is small, and its difficulty is the one that was said, but for rounding."""
    request = parse_request("Prove that there are more primes than any number of them.")
    async with logistic.build(logistic.Options(path=str(path))) as classifier:
        assert isinstance(classifier, Featured)
        packed, said = classifier.features(request), classifier.difficulty(request)

    model = load(path)
    vector = Packing(model.words).unpack(packed)

    assert len(packed) <= 4_096
    assert vector is not None
    np.testing.assert_allclose(vector, model.vector(request), rtol=1e-3)
    assert model.heads["prompt"].difficulty(vector) == pytest.approx(said, abs=0.1)


async def test_a_vector_is_reckoned_once_a_request(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Features cost next to nothing beside the difficulty; another request, even an equal one, is read anew."""
    seen: list[Request] = []
    read = Model.vector

    def remembering(model: Model, request: Request) -> Floats:
        seen.append(request)
        return read(model, request)

    monkeypatch.setattr(Model, "vector", remembering)
    first, second = parse_request("one"), parse_request("one")

    async with logistic.build(logistic.Options(path=str(path))) as classifier:
        classifier.difficulty(first)
        classifier.features(first)
        classifier.difficulty(second)

    assert [one is other for one, other in zip(seen, (first, second), strict=True)] == [True, True]


async def test_no_request_is_held_in_memory(path: Path) -> None:
    """What was read is gone when its request is."""
    async with logistic.build(logistic.Options(path=str(path))) as classifier:
        request = parse_request("a secret")
        classifier.difficulty(request)
        del request
        gc.collect()

        assert not [one for one in gc.get_objects() if isinstance(one, Request) and "a secret" in one.messages[0].text]


@pytest.mark.parametrize("digits", [8, 12, 64])
async def test_a_hash_pins_the_model(path: Path, digits: int) -> None:
    """All of it or its beginning, in letters of either size."""
    pinned = prompt_model().sha256[:digits].upper()

    async with logistic.build(logistic.Options(path=str(path), sha256=pinned)) as classifier:
        assert classifier.version


async def test_another_model_than_the_pinned_one_is_not_opened(path: Path) -> None:
    """The error says which was found and which was asked for."""
    with pytest.raises(ModelFileError, match=rf"router\.model.*{prompt_model().sha256[:12]}.*asks for 012345678901"):
        async with logistic.build(logistic.Options(path=str(path), sha256="0123456789012345")):
            pass


@pytest.mark.parametrize("sha256", ["1234567", "0123456z", "0" * 65, "01234567\n"])
def test_a_pin_is_a_hash(sha256: str) -> None:
    """A few digits pin nothing."""
    with pytest.raises(ValidationError, match="sha256"):
        logistic.Options(sha256=sha256)


async def test_a_broken_model_stops_the_opening(path: Path) -> None:
    """The router says which file, and what to do."""
    await asyncio.to_thread(cut, path)

    with pytest.raises(ModelFileError, match=r"router\.model.*gateway train"):
        async with Router.from_policy(policy(BACKENDS, classifier={"kind": "logistic", "path": str(path)})):
            pass


async def test_a_model_with_vectors_too_long_to_keep_is_refused(path: Path) -> None:
    """A vector beyond what the ledger takes would be lost with every request."""
    model = prompt_model()
    wide = type(model.words)(
        model.words.stems, model.words.weights, np.zeros((len(model.words.stems), 2_050), dtype=np.float32)
    )
    Model(wide, model.heads, Manifest()).save(path)

    with pytest.raises(ModelFileError, match="too many to keep"):
        async with logistic.build(logistic.Options(path=str(path))):
            pass


async def test_a_reload_to_a_broken_model_leaves_the_last_good_policy(path: Path, tmp_path: Path) -> None:
    """A slip in the file does not stop the service."""
    file = tmp_path / "policy.yaml"
    file.write_text(POLICY.format(path=path))
    async with Router.from_policy(file) as router:
        before = router.policy.fingerprint
        file.write_text(POLICY.format(path=tmp_path / "gone.model"))

        with pytest.raises(ModelFileError, match=r"gone\.model.*no such file"):
            await router.refresh()

        reply = await router.route("hello")
        (entry,) = await router.ledger.entries()
    assert reply.text
    assert (entry.policy_version, entry.classifier) == (before, f"logistic:{prompt_model().sha256[:12]}")


async def test_a_model_that_was_written_anew_is_read_anew(path: Path) -> None:
    """A file that is replaced is another model, for whoever opens it afterwards."""
    async with logistic.build(logistic.Options(path=str(path))) as before:
        model = Model(prompt_model().words, prompt_model().heads, Manifest(card={"learned": "again"}))
        model.save(path)
        async with logistic.build(logistic.Options(path=str(path))) as after:
            assert after.version == f"logistic:{model.sha256[:12]}" != before.version


@pytest.mark.parametrize(("when_unsure", "backend"), [("hard", "frontier"), ("easy", "llama")])
async def test_a_model_that_gives_no_number_counts_as_the_policy_says(
    path: Path, when_unsure: str, backend: str
) -> None:
    """What is no number says nothing; the request is answered all the same."""
    model = prompt_model()
    head = model.heads["prompt"]
    broken = replace(head, chances=np.full_like(head.chances, np.nan))
    Model(model.words, {"prompt": broken}, Manifest()).save(path)
    rules = (
        {"name": "hard", "when": {"difficulty": {"at_least": 0.6}}, "use": ["frontier", "llama"]},
        {"name": "easy", "use": ["llama", "frontier"]},
    )
    classifier = {"kind": "logistic", "path": str(path)}

    async with Router.from_policy(policy(BACKENDS, *rules, classifier=classifier, when_unsure=when_unsure)) as router:
        reply = await router.route("hello")
        (entry,) = await router.ledger.entries()

    assert (reply.backend, entry.difficulty) == (backend, None)


async def test_features_reach_the_ledger_where_the_policy_keeps_them(path: Path) -> None:
    """With `learning: {keep: features}` an entry holds the vector, and the version that tells whose it is."""
    given = policy(BACKENDS, classifier={"kind": "logistic", "path": str(path)}, learning={"keep": "features"})
    async with Router.from_policy(given) as router:
        await router.route("hello")
        (entry,) = await router.ledger.entries()

    assert entry.features is not None
    assert Packing(prompt_model().words).unpack(entry.features) is not None


def test_a_policy_is_checked_without_loading_numpy(tmp_path: Path) -> None:
    """Neither is the model opened: a check runs where it is not."""
    file = tmp_path / "policy.yaml"
    file.write_text(POLICY.format(path=tmp_path / "gone.model"))
    script = (
        "import sys; from gateway.cli.main import main; code = main(['policy', 'check', sys.argv[1]]);"
        "sys.exit(code or ', '.join({'numpy', 'sklearn'} & sys.modules.keys()) or 0)"
    )

    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", script, str(file)], env=unmeasured(), capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
