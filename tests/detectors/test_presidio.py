"""`kind: presidio`, against a stand-in for the package: what its entities are to us, and that nothing is fetched."""

import sys

import pytest
from support.stand_ins import INSTALLED, install_presidio

from gateway.detectors.presidio import Options, build
from gateway.errors import ConfigurationError

TEXT = "Jane Doe, jane@example.org, 555-0187, at 10:30, card 4111 1111"


@pytest.fixture(autouse=True)
def _presidio(monkeypatch: pytest.MonkeyPatch) -> None:
    install_presidio(monkeypatch)


async def found(options: Options) -> dict[str, tuple[str, str]]:
    """Return kind and strength of what is found, by type."""
    async with build(options) as detector:
        return {finding.type: (finding.kind, finding.strength) for finding in detector.detect(TEXT)}


async def test_structured_entities_are_strong_and_names_are_weak() -> None:
    """A name is an opinion whatever its score; a low score makes anything a suspicion; a card is `pci`."""
    assert await found(Options()) == {
        "PERSON": ("pii", "weak"),
        "EMAIL_ADDRESS": ("pii", "strong"),
        "PHONE_NUMBER": ("pii", "weak"),
        "CREDIT_CARD": ("pci", "strong"),
    }


async def test_what_is_looked_for_can_be_chosen() -> None:
    """By id, by what counts as nothing, and by score."""
    assert (await found(Options(entities=("EMAIL_ADDRESS",)))).keys() == {"EMAIL_ADDRESS"}
    assert "DATE_TIME" in await found(Options(without=()))
    assert "PHONE_NUMBER" not in await found(Options(at_least=0.5))
    assert (await found(Options(sure=0.4)))["PHONE_NUMBER"] == ("pii", "strong")


async def test_findings_come_in_the_order_of_the_text() -> None:
    """Each with its place and who found it."""
    async with build(Options()) as detector:
        findings = detector.detect(TEXT)

    assert [TEXT[one.start : one.end] for one in findings][:2] == ["Jane Doe", "jane@example.org"]
    assert {one.detector for one in findings} == {"presidio"}


async def test_nothing_is_fetched() -> None:
    """The list of domains is the one that came with the package."""
    async with build(Options()):
        assert sys.modules["tldextract"].tldextract.TLD_EXTRACTOR == {"suffix_list_urls": (), "cache_dir": None}


async def test_an_installed_model_is_loaded() -> None:
    """It finds names; without one a blank pipeline cuts the text into words."""
    async with build(Options(model=INSTALLED)) as named, build(Options(language="de")) as blank:
        assert named._engine.nlp_engine.nlp == {"en": f"loaded {INSTALLED}"}
        assert blank._engine.nlp_engine.nlp == {"de": "blank de"}


async def test_a_model_that_is_not_installed_is_not_downloaded() -> None:
    """It is an error that says what to do."""
    with pytest.raises(ConfigurationError, match="'en_core_web_lg' of the detector 'presidio' is not installed"):
        async with build(Options(model="en_core_web_lg")):
            pass


async def test_without_the_package_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line, with the command."""
    monkeypatch.setitem(sys.modules, "presidio_analyzer", None)

    with pytest.raises(ConfigurationError, match=r"pip install 'hybrid-gateway\[presidio\]'"):
        async with build(Options()):
            pass
