"""`kind: gliner`, against a stand-in for the package: labels become our types, long texts are read to the end."""

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.stand_ins import install_gliner

from gateway.detectors.gliner import WINDOW, Options, _windows, build
from gateway.errors import ConfigurationError


@pytest.fixture(autouse=True)
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bool]]:
    """Return what the stand-in was asked to load."""
    return install_gliner(monkeypatch)


async def test_labels_become_types_of_ours(tmp_path: Path) -> None:
    """`email` is EMAIL_ADDRESS and strong, `person` is PERSON and weak."""
    async with build(Options(model=str(tmp_path))) as detector:
        findings = detector.detect("Jane Doe wrote from jane@example.org")

    assert [(one.type, one.kind, one.strength, one.start) for one in findings] == [
        ("PERSON", "pii", "weak", 0),
        ("EMAIL_ADDRESS", "pii", "strong", 20),
    ]


async def test_a_low_score_is_a_suspicion(tmp_path: Path) -> None:
    """From `at_least` it counts, from `sure` it is strong."""
    async with build(Options(model=str(tmp_path), at_least=0.3)) as detector:
        (finding,) = detector.detect("call 555-0187")

    assert (finding.type, finding.strength) == ("PHONE_NUMBER", "weak")


async def test_a_long_text_is_read_to_its_end(tmp_path: Path) -> None:
    """The model stops after some hundred words; what stands later is found all the same, once."""
    text = "word " * 1_000 + "jane@example.org " + "word " * 500

    async with build(Options(model=str(tmp_path))) as detector:
        findings = detector.detect(text)

    assert [text[one.start : one.end] for one in findings] == ["jane@example.org"]


@given(st.text(alphabet="ab_-. \n", max_size=3_000))
def test_windows_cover_every_word(text: str) -> None:
    """None is longer than the model reads, and no character that is a word's is left out."""
    windows = list(_windows(text))

    covered = "".join(text[start:end] for start, end in windows)
    assert len(covered) >= len(text.strip())
    assert all(len(text[start:end].split()) <= WINDOW for start, end in windows)


async def test_the_weights_come_from_the_disk(tmp_path: Path, loaded: list[tuple[str, bool]]) -> None:
    """Nothing is downloaded."""
    async with build(Options(model=str(tmp_path))):
        assert loaded == [(tmp_path.name, True)]


@pytest.mark.parametrize("model", [None, "urchade/gliner_multi_pii-v1"])
async def test_a_model_that_is_no_folder_is_an_error(model: str | None) -> None:
    """A name of the hub would be downloaded: it is refused."""
    with pytest.raises(ConfigurationError, match="needs the folder of a model's weights"):
        async with build(Options(model=model)):
            pass


async def test_without_the_package_the_remedy_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line, with the command."""
    monkeypatch.setitem(sys.modules, "gliner", None)

    with pytest.raises(ConfigurationError, match=r"pip install 'hybrid-gateway\[gliner\]'"):
        async with build(Options(model=str(tmp_path))):
            pass
