"""A policy under the licence rules: strict where it says who deploys, a reminder where it does not."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from support.licensing import said
from support.policies import assessment, mock, policy
from support.settling import completion

from gateway import plugins
from gateway.errors import LicenceError, PolicyError
from gateway.licences.records import append
from gateway.policy.duties import Origins, deployments, entity_of, gate_of, origin_of, records_path
from gateway.policy.licensing import LicencesPolicy
from gateway.policy.lint import lint
from gateway.policy.load import check_policy, check_value
from gateway.policy.models import BackendPolicy, Policy
from gateway.types import Need

LLAMA = {"kind": "vllm", "model": "llama-3.1-8b-instruct", "clearance": "restricted"}
GERMAN = {"name": "Example GmbH", "seat": "DE", "exposure": "customers"}
TEXT = """\
version: 1
entity: {name: Example GmbH, seat: de, exposure: customers}
licences: {attribution: {file: about.html}}
backends:
  llama: {kind: vllm, model: llama-3.1-8b-instruct, clearance: restricted}
rules: [{name: default, use: llama}]
"""


def backend(**keys: Any) -> BackendPolicy:
    return BackendPolicy.model_validate({**LLAMA, **keys})


def findings(**keys: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    found = lint(policy(keys.pop("backends", {"llama": LLAMA}), **keys))
    return found.errors, found.warnings


def test_a_policy_that_says_who_deploys_is_held_to_the_rules() -> None:
    """A display duty without a place and users that nobody attested are errors, each with rule and remedy."""
    errors, _ = findings(entity=GERMAN)

    assert [error.partition(": Llama 3.1")[0] for error in errors] == [
        "<policy>: backends.llama: R-05",
        "<policy>: backends.llama: R-07",
    ]
    assert errors[0].endswith("name the page in `licences.attribution`")


def test_a_rule_only_warns_where_the_policy_says_why() -> None:
    """The reason stands beside it."""
    errors, warnings = findings(entity=GERMAN, licences={"warn": {"R-05": "on Monday", "R-07": "in other books"}})

    assert errors == ()
    assert any("R-05" in warning and "(a warning by licences.warn: on Monday)" in warning for warning in warnings)


def test_a_policy_that_does_not_say_who_deploys_is_reminded() -> None:
    """Nothing is refused: what nobody said cannot be judged."""
    errors, warnings = findings(backends={"llama": {**LLAMA, "licence": "llama-3.1"}})

    assert errors == ()
    assert [warning for warning in warnings if "licence duties of llama (llama-3.1) are not checked here" in warning]
    assert findings(backends={"llama": {**LLAMA, "model": "m", "licence": "mit"}}) == ((), ())
    assert findings() == ((), ())


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        (
            {"entity": {**GERMAN, "sectors": ["banking", "milytary"]}},
            "entity.sectors[1]: there is no sector 'milytary'; did you mean",
        ),
        ({"licences": {"warn": {"R-5": "x"}}}, "licences.warn.R-5: there is no rule 'R-5'; did you mean 'R-"),
    ],
)
def test_a_word_that_is_none_is_an_error(keys: Any, told: str) -> None:
    """A misspelt sector would be allowed everywhere, and a misspelt rule would warn about nothing."""
    errors, _ = findings(**keys)

    assert any(told in error for error in errors)


@pytest.mark.parametrize(("supports", "takes"), [(["images"], True), (["tools"], False), (None, False)])
def test_who_supports_images_has_a_multimodal_model(supports: Any, *, takes: bool) -> None:
    """Whatever its name says: the limit for the EU follows it."""
    found = origin_of(backend(model="llama-3.2-acme", supports=supports))

    assert ("image" in found.takes(found.licences[0])) is takes


def test_a_reason_of_blanks_is_none() -> None:
    """It would stand in the report and say nothing."""
    with pytest.raises(ValidationError, match="at least 1 character"):
        LicencesPolicy.model_validate({"warn": {"R-05": " "}})


@pytest.mark.parametrize(
    ("keys", "hosted_by", "licence_id"),
    [
        ({}, None, "llama-3.1"),
        ({"model": "acme-1"}, None, None),
        ({"model": "acme-1", "licence": "mit"}, None, "mit"),
        ({"model": "acme-1", "origin": {"base": "meta-llama/Llama-3.3-70B"}}, None, "llama-3.3"),
        ({"model": "auto"}, None, None),
        ({"origin": {"host": "Bedrock"}}, "bedrock", "llama-3.1"),
        ({"origin": {"host": "self"}, "kind": "openai_http", "urls": ["https://gpu.example.com"]}, None, "llama-3.1"),
        ({"kind": "openai_http", "urls": ["https://api.example.com"], "model": "m"}, "unknown", "proprietary-api"),
        ({"kind": "hosted", "model": "openai/gpt-6"}, "openai", "openai-services"),
        ({"kind": "hosted", "model": "openai/llama-3.1-8b", "api_base": "http://127.0.0.1:9"}, "unknown", "llama-3.1"),
        ({"kind": "hosted", "model": "openai/gpt-6", "api_base": "http://127.0.0.1:9", "local": True}, None, None),
        ({"kind": "mock", "model": "mock-1"}, None, None),
    ],
)
def test_who_hosts_a_model_is_told_by_its_kind(keys: Any, hosted_by: str | None, licence_id: str | None) -> None:
    """As the policy says it, else by whose servers are asked."""
    given = policy({"one": {**LLAMA, **keys, "clearance": "internal"}})

    (found,) = deployments(given)

    assert (found.hosted_by, found.resolution.licence_id) == (hosted_by, licence_id)


def test_a_free_key_and_what_a_backend_may_see_are_told_to_the_rules() -> None:
    """The free tier of Gemini trains on what it sees."""
    gemini = {"kind": "hosted", "model": "gemini/gemini-3-flash", "clearance": "internal", "origin": {"tier": "free"}}

    errors, _ = findings(backends={"g": gemini}, entity={**GERMAN, "users_in": ["us"]})

    assert any("R-10: the free tier of Google LLC trains on what it sees" in error for error in errors)


def test_an_entity_is_read_as_it_is_written() -> None:
    """Countries in capitals, sectors by their own words."""
    found = entity_of(
        policy({"a": LLAMA}, entity={**GERMAN, "sectors": "defence", "affiliates": "x", "users_in": "fr"})
    )

    assert found is not None
    assert (found.seat, found.sectors, found.affiliates, found.users_in) == (
        "DE",
        frozenset({"military"}),
        True,
        frozenset({"FR"}),
    )
    assert entity_of(policy({"a": LLAMA})) is None
    assert entity_of(policy({"a": LLAMA}, entity={"name": "x"})).seat is None  # type: ignore[union-attr]  # it is there


@pytest.mark.parametrize("attribution", [{}, {"file": "a", "url": "https://b"}, {"url": "ftp://b"}])
def test_a_place_for_texts_is_one_page(attribution: Any) -> None:
    """A file or a URL of the web."""
    with pytest.raises(ValueError, match=r"name a file or a url|begins with https"):
        policy({"a": LLAMA}, licences={"attribution": attribution})


@pytest.mark.parametrize("seat", ["GER", "D1"])
def test_a_country_has_two_letters(seat: str) -> None:
    """A misspelt seat would be in the EU, or not."""
    with pytest.raises(ValueError, match="two letters"):
        policy({"a": LLAMA}, entity={**GERMAN, "seat": seat})


def checked(path: Path, **keys: Any) -> Policy:
    return check_policy(path, options_of=plugins.options, kinds_of=plugins.kinds, **keys).policy


def test_attestations_beside_the_file_are_read_with_it(tmp_path: Path) -> None:
    """What is attested is no fault any more, and makes another version of the policy."""
    path = tmp_path / "policy.yaml"
    path.write_text(TEXT)
    with pytest.raises(PolicyError, match="R-07"):
        checked(path)
    before = checked(path, licensed=False)

    now = datetime.now(UTC)
    append(tmp_path / "policy.attestations.jsonl", said("mau", value="7", as_of=datetime(2024, 7, 23).date(), at=now))  # noqa: DTZ001 - a day

    after = checked(path)
    assert after.papers.records.records[0].value == "7"
    assert (before.fingerprint == after.fingerprint, len(after.fingerprint)) == (False, 12)


def test_a_broken_file_of_attestations_is_a_fault_of_the_policy(tmp_path: Path) -> None:
    """Nobody builds on what was changed."""
    path = tmp_path / "policy.yaml"
    path.write_text(TEXT)
    (tmp_path / "policy.attestations.jsonl").write_text("nonsense\n")

    with pytest.raises(PolicyError, match=r"attestations\.jsonl:1: this is no JSON object"):
        checked(path)


def test_attestations_may_be_elsewhere(tmp_path: Path) -> None:
    """From the policy's folder; one that was built in code has none unless it says where."""
    file = tmp_path / "policy.yaml"

    assert records_path(policy({"a": LLAMA}), file) == tmp_path / "policy.attestations.jsonl"
    assert records_path(policy({"a": LLAMA}, licences={"records": "x/y"}), file) == tmp_path / "x" / "y"
    assert records_path(policy({"a": LLAMA}), None) is None


def test_the_text_beside_the_weights_is_compared(tmp_path: Path) -> None:
    """A text that is no licence's is an error, and so is one that is not there or no text."""
    path = tmp_path / "policy.yaml"
    (tmp_path / "LICENSE").write_text("something else")
    path.write_text(TEXT.replace("clearance", "origin: {text: LICENSE}, clearance"))

    with pytest.raises(PolicyError, match=r"R-09: the text in `origin\.text` \(SHA-256 [0-9a-f]{12}\) is that of no"):
        checked(path)
    assert checked(path, licensed=False).papers.texts["llama"].sha256 == hashlib.sha256(b"something else").hexdigest()
    (tmp_path / "LICENSE").write_bytes(b"x" * 1_000_001)
    with pytest.raises(PolicyError, match="is larger than"):
        checked(path)
    (tmp_path / "LICENSE").unlink()
    with pytest.raises(PolicyError, match=r"origin\.text: .* cannot be read: No such file"):
        checked(path)


def test_a_policy_of_code_is_given_back_with_its_papers(tmp_path: Path) -> None:
    """Where it says which; else it is itself."""
    plain = policy({"a": mock()})
    assert check_value(plain, options_of=plugins.options, kinds_of=plugins.kinds) is plain

    file = tmp_path / "said.jsonl"
    append(file, said("seat", value="DE", at=datetime.now(UTC)))
    given = check_value(
        policy({"a": mock()}, licences={"records": str(file)}), options_of=plugins.options, kinds_of=plugins.kinds
    )

    assert len(given.papers.records.records) == 1


def test_what_a_server_says_it_runs_decides_where_the_policy_leaves_it_open() -> None:
    """`model: auto` is what the server names, looked up once."""
    origins = Origins(policy({"auto": {**LLAMA, "model": "auto"}, "named": LLAMA}))
    told = completion(model="Meta-Llama-3-8B-Instruct")

    assert origins.of("auto", told).licence_id == "llama-3"
    assert origins.of("auto", told) is origins.of("auto", told)
    assert origins.of("auto", None).licence_id is None
    assert origins.of("auto", completion(model="")).licence_id is None
    assert origins.of("named", told).licence_id == "llama-3.1"


def test_names_that_servers_give_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond a thousand they are looked up anew."""
    monkeypatch.setattr("gateway.policy.duties._MOST_TOLD", 1)
    origins = Origins(policy({"auto": {**LLAMA, "model": "auto"}}))

    assert [origins.of("auto", completion(model=f"llama-3.{n}")).licence_id for n in (1, 2, 3)] == [
        "llama-3.1",
        "llama-3.2",
        "llama-3.3",
    ]
    assert len(origins._told) == 1


def test_a_licence_that_nobody_knows_opens_nothing() -> None:
    """Also where the policy was built in code and checked by nobody."""
    with pytest.raises(LicenceError, match="unknown licence 'nonsense'"):
        Origins(policy({"a": mock(licence="nonsense")}))


def test_without_an_entity_nobody_is_kept_out_by_a_seat() -> None:
    """What a request is for is asked of everybody."""
    llama4 = {**LLAMA, "model": "llama-4-scout"}
    now = datetime.now(UTC)
    image, forbidden = assessment(needs=frozenset({Need.IMAGES})), assessment(tags=frozenset({"aup:military"}))

    unsaid, german = gate_of(policy({"a": llama4})), gate_of(policy({"a": llama4}, entity=GERMAN))

    assert (unsaid.barred(image, now), set(german.barred(image, now))) == ({}, {"a"})
    assert set(unsaid.barred(forbidden, now)) == {"a"}


def test_a_scripted_backend_without_a_licence_is_nobodys_model() -> None:
    """Tests and demos name none; one that is named counts."""
    errors, _ = findings(backends={"a": mock()}, entity=GERMAN)
    named, _ = findings(backends={"a": mock(licence="llama-3.1")}, entity=GERMAN)

    assert errors == ()
    assert "R-05" in named[0]
    assert origin_of(backend(kind="mock", licence="llama-3.1", model="x")).licence_id == "llama-3.1"
