import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from support.policy_kinds import kinds_of, options_of

from gateway import plugins
from gateway.policy.load import packaged_default
from gateway.policy.schema import IDENTIFIER, json_schema

SHIPPED = sorted(packaged_default().parent.glob("*.yaml"))
ABSENT = "absent"


def schema_of_tests() -> dict[str, Any]:
    return json_schema(options_of, lambda socket: [kind for kind in kinds_of(socket) if kind != ABSENT])


SCHEMAS = {"fakes": schema_of_tests(), "installed": json_schema(plugins.options, plugins.kinds)}
FAKES = Draft202012Validator(SCHEMAS["fakes"])
REAL = Draft202012Validator(SCHEMAS["installed"])


def wrong(text: str) -> set[str]:
    """Return where a policy's text disagrees with the schema, as paths."""
    return {
        ".".join(map(str, leaf.absolute_path))
        for error in FAKES.iter_errors(yaml.safe_load(text))
        for leaf in (error.context or [error])
    }


def backend(keys: str) -> str:
    return (
        "version: 1\n"
        f"backends: {{llama: {{model: m, clearance: restricted, {keys}}}}}\n"
        "rules: [{name: default, use: llama}]\n"
    )


def rule(keys: str) -> str:
    return backend("kind: llamacpp").replace("use: llama", f"use: llama, {keys}")


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)
def test_the_schema_is_one(schema: dict[str, Any]) -> None:
    """Editors refuse a schema that is not."""
    Draft202012Validator.check_schema(schema)

    assert schema["$id"] == IDENTIFIER
    assert json.loads(json.dumps(schema)) == schema


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_policy_agrees_with_the_schema(path: Path) -> None:
    """Nobody sees red lines in a policy of ours."""
    assert [error.message for error in REAL.iter_errors(yaml.safe_load(path.read_text()))] == []


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
@pytest.mark.parametrize("misspelt", ["clearence", "modl", "optinal"])
def test_a_misspelt_key_in_a_shipped_policy_is_marked(path: Path, misspelt: str) -> None:
    """An editor shows a slip before the gateway does."""
    right = {"clearence": "clearance", "modl": "model", "optinal": "optional"}[misspelt]
    text = path.read_text().replace(f"{right}:", f"{misspelt}:", 1)

    assert not REAL.is_valid(yaml.safe_load(text))


@pytest.mark.parametrize(
    "text",
    [
        backend("kind: llamacpp"),
        backend("kind: vllm, urls: http://127.0.0.1:1, api_key: x, tls: {certificate: a}"),
        backend("kind: openai_http, urls: [http://127.0.0.1:1, http://127.0.0.1:2], stop: [a]"),
        backend("kind: embedded, path: a.gguf"),
        backend("kind: '${KIND}', anything: 1"),
        backend("kind: mock, timeout_s: '${T:-30}', optional: '${O}', price: {input: '${I}', output: 1}"),
        rule(
            "when: {tags: phi, stakes: [low], needs: tools, difficulty: {at_least: 0.5}, level: {at_least: internal}}"
        ),
        rule("accept: {judge: confidence, at_least: 0.9}"),
        rule("accept: [{judge: format, one_of: [a, b]}, {judge: '${JUDGE}'}]"),
        backend("kind: mock") + "tags: {a: restricted, b: {level: internal, region: eu}}\n",
        backend("kind: mock")
        + "classifier: heuristic\ndetectors: [patterns, {kind: secrets}]\nledger: {kind: sqlite, path: x}\n",
        backend("kind: mock")
        + "tests: [{request: {text: a, tags: [phi]}, expect: {never: llama, level: restricted}}]\n",
    ],
)
def test_what_the_loader_takes_the_schema_takes(text: str) -> None:
    """Short forms, references and the keys of a kind are all right."""
    assert wrong(text) == set()


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (backend("kind: lamacpp"), "backends.llama.kind"),
        (backend("kind: llamacpp, api_ky: x"), "backends.llama"),
        (backend("kind: llamacpp, url: http://127.0.0.1:1"), "backends.llama"),
        (backend("kind: llamacpp, limit: 0"), "backends.llama.limit"),
        (backend("kind: llamacpp, tls: {certificat: a}"), "backends.llama.tls"),
        (backend("kind: openai_http"), "backends.llama"),
        (backend("kind: mock, urls: http://127.0.0.1:1"), "backends.llama"),
        (backend("kind: embedded"), "backends.llama"),
        (backend("kind: mock, timeout_s: soon"), "backends.llama.timeout_s"),
        (backend("kind: mock").replace("restricted", "secret"), "backends.llama.clearance"),
        (backend("kind: mock").replace("version: 1", "version: 2"), "version"),
        (backend("kind: mock") + "fingerprint: a\n", ""),
        (backend("kind: mock") + "classifier: heuristics\n", "classifier"),
        (backend("kind: mock") + "detectors: [{kind: patterns, x: 1}]\n", "detectors.0"),
        (rule("accept: {judge: confidence}"), "rules.0.accept"),
        (rule("accept: [{judge: confidence, at_least: 0.9, one_off: [a]}]"), "rules.0.accept.0"),
        (rule("when: {dificulty: {at_least: 0.5}}"), "rules.0.when"),
    ],
)
def test_what_the_loader_refuses_the_schema_marks(text: str, place: str) -> None:
    """The place is the one that somebody has to mend."""
    assert place in wrong(text)


def test_an_editor_can_say_what_a_key_is_for() -> None:
    """Descriptions of ours and of the kinds reach the schema."""
    definitions = schema_of_tests()["$defs"]

    assert (
        definitions["BackendPolicy"]["properties"]["clearance"]["description"]
        == "The highest level this backend may see."
    )
    cases = {case["if"]["properties"]["kind"]["const"]: case["then"] for case in definitions["BackendPolicy"]["allOf"]}
    assert cases["embedded"]["properties"]["path"]["description"] == "The model's file."


def test_a_socket_without_kinds_has_no_cases() -> None:
    """Nothing is installed, and the schema still is one."""
    schema = json_schema(
        options_of, lambda socket: [] if socket == "judges" else ["mock"] if socket == "backends" else []
    )

    Draft202012Validator.check_schema(schema)

    assert "allOf" not in schema["$defs"]["AcceptPolicy"]
