"""What is written of what served: NOTICE, pages and bills, with the registry's strings to the byte."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from support.entries import attempt_record, ledger_entry
from support.licensed_models import BILL, read_spdx, uses
from support.licensing import TODAY, deployment, records, said

from gateway.licences.bom import Version, cyclonedx
from gateway.licences.notice import Part, notice, page_html, page_markdown
from gateway.licences.page import _page
from gateway.licences.register import Use
from gateway.licences.registry import packaged
from gateway.licences.resolve import resolve
from gateway.licences.served import served
from gateway.licences.spdx import spdx


@pytest.mark.parametrize("licence_id", ["llama-3.1", "llama-3.3", "llama-3.2", "qwen-2024"])
def test_a_notice_has_the_licences_own_words_on_a_line(licence_id: str) -> None:
    """Byte for byte, and nothing around them."""
    licence = packaged().get(licence_id)
    assert licence.notice is not None

    lines = notice("Example", uses()).encode().split(b"\n")

    assert lines.count(licence.notice.text.encode()) == 1


def test_a_notice_names_models_bases_and_parts() -> None:
    """What is unknown is said to be unknown."""
    parts = [Part(name="a list", licence="MIT", whose="somebody"), Part(name="x", licence="ISC")]
    text = notice("Example", uses(), parts)

    assert text.startswith("Example\n")
    assert "- acme-1: licence unknown\n" in text
    assert "(made from meta-llama/Llama-3.1-8B)" in text
    assert "- a list: MIT, somebody\n- x: ISC\n" in text
    assert "no legal advice" in text


def test_a_notice_of_nothing_is_short() -> None:
    """No heading stands over an empty list."""
    assert notice("Example", []).count("\n") == 3


@pytest.mark.parametrize("write", [page_markdown, page_html])
def test_a_page_shows_what_has_to_be_displayed(write: Any) -> None:
    """The page that is written is one that the check accepts."""
    page = _page("about", write("A & B", uses()).encode())

    assert page.has(["Built with Llama", "Built with Meta Llama 3"]) == {
        "Built with Llama": True,
        "Built with Meta Llama 3": False,
    }
    llama = packaged().get("llama-3.1")
    assert llama.notice is not None
    assert page.has([llama.notice.text]) == {llama.notice.text: True}
    assert "made by a machine" in page.text


def test_a_link_is_one_to_the_web_alone() -> None:
    """Terms that stand in your own records are named."""
    closed = Use(deployment=deployment(resolve("x/y", packaged(), provider="x")))

    assert "<a " not in page_html("Example", [closed])
    assert "A closed model" in page_html("Example", [closed])


@pytest.mark.parametrize(("version", "schema"), [("1.6", SchemaVersion.V1_6), ("1.7", SchemaVersion.V1_7)])
def test_a_bill_is_valid_by_the_official_schema(version: Version, schema: SchemaVersion) -> None:
    """Strictly: no key that the standard does not have."""
    validator = JsonStrictValidator(schema)
    bills = [cyclonedx(given, version=version, **BILL) for given in (uses(), uses(traffic=False), [])]

    assert [validator.validate_str(json.dumps(bill)) for bill in bills] == [None] * 3
    assert validator.validate_str(json.dumps({**bills[0], "nonsense": 1})) is not None


def test_a_bill_has_each_model_with_its_card_and_licences() -> None:
    """Declared and concluded, what it was made from, and how often it served."""
    bill = cyclonedx(uses(), version="1.7", **BILL)
    by_name = {component["name"]: component for component in bill["components"]}

    hermes = by_name["NousResearch/Hermes-3-Llama-3.1-8B"]
    assert [one["license"]["name"][:9] for one in hermes["licenses"]] == ["Llama 3.1", "llama-3"]
    assert hermes["pedigree"]["ancestors"][0]["name"] == "meta-llama/Llama-3.1-8B"
    assert hermes["modelCard"]["modelParameters"]["inputs"] == [{"format": "text"}]
    assert {"name": "hybrid-gateway:answers", "value": "3"} in hermes["properties"]
    assert "licenses" not in by_name["acme-1"]
    assert by_name["microsoft/phi-4"]["licenses"][0]["license"]["id"] == "MIT"
    assert list(by_name).count("meta-llama/Llama-3.1-8B") == 1


@pytest.mark.parametrize("given", [uses(), uses(traffic=False), []], ids=["served", "configured", "nobody"])
def test_an_spdx_document_holds_to_the_model_of_3_0_1(given: list[Use]) -> None:
    """Read by the bindings that are made from the official shapes: every type, property and reference."""
    objects = read_spdx(spdx(given, **BILL))

    assert objects.missing_ids == set()
    assert len(list(objects.foreach_type("ai_AIPackage"))) == (8 if given else 0)


def test_an_spdx_document_that_is_wrong_is_found() -> None:
    """So that the test above says something."""
    document = spdx(uses(), **BILL)
    document["@graph"][1]["nonsense"] = 1
    with pytest.raises(KeyError, match="nonsense"):
        read_spdx(document)
    short = spdx(uses(), **BILL)
    del short["@graph"][0]["created"]
    with pytest.raises(ValueError, match="created"):
        read_spdx(short)


def test_an_spdx_package_keeps_declared_and_concluded_apart() -> None:
    """Exactly one relationship of each."""
    graph = spdx(uses(), **BILL)["@graph"]
    hermes = next(one["spdxId"] for one in graph if one.get("name") == "NousResearch/Hermes-3-Llama-3.1-8B")
    ends = {one["spdxId"]: one.get("simplelicensing_licenseExpression") for one in graph if "spdxId" in one}

    of_hermes = [one for one in graph if one.get("from") == hermes and one["relationshipType"] != "descendantOf"]
    said = {one["relationshipType"]: [ends[end] for end in one["to"]] for one in of_hermes}

    assert said == {
        "hasDeclaredLicense": ["LicenseRef-hybrid-gateway-llama-3-2024"],
        "hasConcludedLicense": ["LicenseRef-scancode-llama-3.1-license-2024"],
    }


def test_what_served_is_counted_by_model() -> None:
    """Calls that failed serve nobody; what was asked for an opinion served, and answered nobody."""
    entries = [
        ledger_entry("a"),
        ledger_entry("b", tenant=None, licence=None, at=datetime(2026, 11, 24, tzinfo=UTC)),
        ledger_entry(
            "c",
            attempts=(
                attempt_record(error="timeout"),
                attempt_record(backend="judge", model="qwen3-8b", purpose="judge"),
                attempt_record(model="auto"),
            ),
        ),
        ledger_entry("d", backend=None, model=None, licence=None, attempts=(), status="refused"),
        ledger_entry("e", attempts=()),
    ]

    found = {row.model: row for row in served(entries)}

    assert set(found) == {"llama-3.1-8b-instruct", "qwen3-8b"}
    llama = found["llama-3.1-8b-instruct"]
    assert (llama.answers, llama.calls, llama.tenants, llama.licence) == (4, 3, 1, "llama-3.1")
    assert (llama.first.day, llama.last.day) == (23, 24)
    assert (found["qwen3-8b"].answers, found["qwen3-8b"].calls) == (0, 1)


@pytest.mark.parametrize("write", [page_markdown, page_html])
def test_a_page_shows_what_many_users_ask_to_be_shown(write: Any) -> None:
    """Kimi's name above its limit, and not below."""
    of = {"subject": "kimi-modified-mit", "as_of": TODAY}

    def shown(count: str) -> bool:
        given = records(said("mau", value=count, **of), said("revenue", value="5", **of))
        return "Kimi K2<" in write("x", [Use(deployment=deployment("kimi-k2", records=given))]).replace("**", "<")

    assert (shown("100000001"), shown("100000000")) == (True, False)
