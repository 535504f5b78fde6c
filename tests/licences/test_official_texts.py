"""The registry's strings, taken out of the official texts again. Needs them in GATEWAY_BENCH_DATA, else says so."""

import hashlib
import os
import re
from datetime import datetime
from pathlib import Path

import pytest

from gateway.licences import registry
from gateway.licences.identify import identify, normal
from gateway.licences.registry import packaged

FOLDER = Path(os.environ.get("GATEWAY_BENCH_DATA", "../shared/data")) / "licences"
FILES = {
    "llama-2": "llama2",
    "llama-3": "llama3",
    "llama-3.1": "llama3_1",
    "llama-3.2": "llama3_2",
    "llama-3.3": "llama3_3",
    "llama-4": "llama4",
}

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason=f"the official texts are not in {FOLDER} (GATEWAY_BENCH_DATA): strings are not compared"
)


def raw(licence_id: str, kind: str = "LICENSE.txt") -> bytes:
    return (FOLDER / f"{FILES[licence_id]}.{kind}").read_bytes()


@pytest.mark.parametrize("licence_id", FILES)
def test_the_strings_stand_in_the_text(licence_id: str) -> None:
    """What has to be displayed, named and noticed is read out of the licence, and is what the registry has."""
    licence, text = registry.get(licence_id), normal(raw(licence_id).decode())

    display = re.search(r'display "([^"]+)" on a related', text)
    prefix = re.search(r'include "([^"]+)" at the beginning of any such AI model name', text)
    notice = re.search(r'a part of such copies: "([^"]+)"', text)
    day = re.search(r"Version (?:Release|Effective) Date: (\w+ \d+, \d{4})", text)

    assert (display and display[1]) == (licence.display and licence.display.text)
    assert (prefix and prefix[1]) == (licence.name_prefix and licence.name_prefix.text)
    assert notice is not None
    assert licence.notice is not None
    assert notice[1] == licence.notice.text
    assert day is not None
    assert datetime.strptime(day[1], "%B %d, %Y").date() == licence.version_date  # noqa: DTZ007 - a day has no zone


@pytest.mark.parametrize("licence_id", FILES)
def test_the_hashes_are_of_the_texts(licence_id: str) -> None:
    """The licence and its use policy are pinned."""
    licence = registry.get(licence_id)

    assert hashlib.sha256(raw(licence_id)).hexdigest() in licence.text.sha256
    assert licence.use_policy is not None
    assert hashlib.sha256(raw(licence_id, "USE_POLICY.md")).hexdigest() in licence.use_policy.sha256


@pytest.mark.parametrize("licence_id", FILES)
def test_the_verbs_and_the_limits_are_the_texts_own(licence_id: str) -> None:
    """Uses or contains, outputs or not, the EU or not, and the number of users."""
    licence, text = registry.get(licence_id), normal(raw(licence_id).decode())
    policy = normal(raw(licence_id, "USE_POLICY.md").decode())
    trigger = licence.display.trigger if licence.display else None

    assert (f"product or service that {trigger} any of them" in text) is (trigger == "uses")
    assert ("that contains any of them" in text) is (trigger == "contains")
    assert ("to improve any other large language model" in text) is (licence.outputs.train == "forbidden")
    assert ("in, the European Union" in policy) is bool(licence.regions)
    assert licence.mau is not None
    assert f"greater than {licence.mau.limit // 1_000_000} million monthly active users" in text
    assert licence.use_policy is not None
    assert licence.use_policy.url.removeprefix("https://").removeprefix("www.") in text


@pytest.mark.parametrize("licence_id", FILES)
@pytest.mark.parametrize("changed", [False, True], ids=["as it is", "with other whitespace"])
def test_a_text_is_taken_for_its_own_licence_alone(licence_id: str, changed: bool) -> None:
    """Llama 3's text is not taken for that of 3.1, however like it is."""
    text = raw(licence_id)

    found = identify(b"\n\n".join(text.split(b"\n")) if changed else text, packaged())

    assert found.licence is not None
    assert (found.licence.id, found.exact) == (licence_id, not changed)
