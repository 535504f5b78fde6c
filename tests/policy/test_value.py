"""A policy that was built in code is held to what a file is held to."""

import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import SecretStr, ValidationError
from support.policies import policy
from support.policy_kinds import kinds_of, options_of

from gateway import plugins
from gateway.errors import PolicyError
from gateway.policy.load import check_value, load_policy
from gateway.policy.models import BackendPolicy, Policy

BROKEN = sorted(Path(__file__).parent.joinpath("broken").glob("*.yaml"))
SHIPPED = sorted(Path(__file__).parents[2].joinpath("policies").glob("*.yaml"))
LLAMA = {"kind": "llamacpp", "model": "m", "clearance": "restricted"}
SECRET = "sk-do-not-show"
# What only a text can get wrong.
OF_TEXTS = {
    *("duplicate_backend", "duplicate_key", "fingerprint_is_ours", "merge_key", "too_deep"),
    *("reference_as_key", "unfinished_reference", "unset_variable", "yes_for_number"),
}


def problems(value: Policy) -> tuple[str, ...]:
    try:
        check_value(value, options_of=options_of, kinds_of=kinds_of)
    except PolicyError as error:
        return error.problems
    return ()


@pytest.mark.parametrize(
    ("key", "remedy"),
    [
        ("url", "write urls: [...]"),
        ("name", "the key above it is the backend's name"),
        ("probe", "write optional: true to have it looked for at start"),
        ("networks", "write addresses: [...]"),
    ],
)
def test_a_key_that_the_router_fills_in_is_refused_however_the_policy_was_made(key: str, remedy: str) -> None:
    """An address among a kind's own keys would be asked without being judged."""
    with pytest.raises(ValidationError) as caught:
        BackendPolicy.model_validate({**LLAMA, key: "http://far.example:8080"})

    assert remedy in str(caught.value)
    assert "far.example" not in str(caught.value)


def test_an_address_that_was_slipped_in_afterwards_is_refused() -> None:
    """A copy of a backend is not validated by anybody else."""
    llama = BackendPolicy.model_validate(LLAMA).model_copy(update={"url": "http://far.example:8080"})
    value = policy({"llama": LLAMA}).model_copy(update={"backends": {"llama": llama}})

    assert problems(value) == ("<policy>: backends.llama.url: unknown key; write urls: [...]",)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"rules": [{"name": "d", "use": "lama"}]}, "rules[0].use[0]: there is no backend 'lama'; did you mean"),
        (
            {"rules": [{"name": "d", "use": ["llama"], "when": {"tags": "phy"}}]},
            "rules[0].when.tags[0]: there is no tag",
        ),
        (
            {"rules": [{"name": "d", "use": ["llama"], "accept": {"judge": "confidenze"}}]},
            "rules[0].accept[0].judge: there is no judge 'confidenze'; did you mean 'confidence'?",
        ),
        (
            {"rules": [{"name": "d", "use": ["llama"], "accept": {"judge": "confidence", "at_least": 2}}]},
            "rules[0].accept[0].at_least: expected 1 or less, not 2",
        ),
        ({"backends": {"llama": {**LLAMA, "pool": "a100"}}}, "backends.llama.pool: there is no pool 'a100'"),
        ({"backends": {"llama": {**LLAMA, "licence": "llama3.1"}}}, "backends.llama.licence: there is no licence"),
        ({"backends": {"llama": {**LLAMA, "kind": "lamacpp"}}}, "backends.llama.kind: there is no kind 'lamacpp'"),
        ({"backends": {"llama": {**LLAMA, "kind": "absent"}}}, "backends.llama.kind: kind 'absent' cannot be loaded"),
        ({"backends": {"llama": {**LLAMA, "api_ky": "x"}}}, "backends.llama.api_ky: unknown key for kind 'llamacpp'"),
        ({"backends": {"llama": {**LLAMA, "urls": "far"}}}, "backends.llama.urls[0]: 'far' is no URL of a server"),
        ({"backends": {"llama": {**LLAMA, "kind": "openai_http"}}}, "backends.llama: 'urls' is missing; add it"),
        ({"backends": {"llama": {**LLAMA, "kind": "hosted"}}}, "backends.llama.clearance: restricted stays on local"),
        ({"backends": {"llama": {**LLAMA, "limit": 1.5}}}, "backends.llama.limit: expected a whole number, not 1.5"),
        ({"backends": {"llama": {**LLAMA, "limit": True}}}, "backends.llama.limit: expected a number, not 'true'"),
        (
            {"backends": {"llama": {**LLAMA, "limit": {}}}},
            "backends.llama.limit: expected a whole number, not an empty",
        ),
        ({"backends": {"llama": {**LLAMA, "weight": float("inf")}}}, "backends.llama.weight: expected a finite number"),
        ({"backends": {"llama": {**LLAMA, "headers": 1}}}, "backends.llama.headers: expected a mapping"),
        (
            {"backends": {"llama": {**LLAMA, "api_version": 2.5}}},
            "backends.llama.api_version: expected text, not a num",
        ),
        ({"classifier": "heuristics"}, "classifier.kind: there is no kind 'heuristics'; did you mean 'heuristic'?"),
        ({"detectors": ["pattern"]}, "detectors[0].kind: there is no kind 'pattern'; did you mean 'patterns'?"),
        ({"ledger": {"kind": "sqlite"}}, "ledger: 'path' is missing; add it"),
    ],
)
def test_what_is_wrong_with_a_policy_is_said_by_its_path(change: Mapping[str, Any], problem: str) -> None:
    """Names, kinds, their options and whatever lint finds: one `PolicyError` before anything is opened."""
    value = Policy.model_validate(
        {"version": 1, "backends": {"llama": LLAMA}, "rules": [{"name": "default", "use": ["llama"]}], **change}
    )

    found = problems(value)

    assert len(found) == 1
    assert found[0].startswith(f"<policy>: {problem}")


def test_everything_is_said_at_once() -> None:
    """One run is enough to mend a policy."""
    value = policy({"llama": {**LLAMA, "kind": "lamacpp"}}, {"name": "d", "use": ["lama"]}, detectors=["pattern"])

    assert [problem.split(": ")[1] for problem in problems(value)] == [
        "backends.llama.kind",
        "detectors[0].kind",
        "rules[0].use[0]",
    ]


@pytest.mark.parametrize("option", [{"limit": SECRET}, {"output_limit": SECRET}, {"extra_body": SECRET}])
def test_no_problem_shows_the_text_of_an_option(option: Mapping[str, str]) -> None:
    """In code nobody can tell a key that was read from the environment from a word."""
    found = problems(policy({"llama": {**LLAMA, **option}}))

    assert len(found) == 1
    assert "not text" in found[0]
    assert SECRET not in found[0]


def test_a_policy_that_holds_passes_whatever_its_values_are_made_of() -> None:
    """Objects that a kind takes, unset values and lists of every sort are fine."""
    backend = {
        **LLAMA,
        "api_key": SecretStr("k"),
        "urls": ("http://127.0.0.1:1", "http://127.0.0.1:2"),
        "stop": ("a", "b"),
        "extra_body": {"top_k": 3, "cache": True, "seed": None, "share": 0.5},
        "context_tokens": None,
    }
    embedded = {"kind": "embedded", "model": "m", "clearance": "restricted", "path": "m.gguf", "context_tokens": None}

    assert problems(policy({"llama": backend, "small": embedded})) == ()


@pytest.mark.parametrize("file", BROKEN, ids=lambda file: file.stem)
def test_what_is_refused_in_a_file_is_refused_in_code(file: Path) -> None:
    """Building a policy in code is no way around a check."""
    try:
        value = Policy.model_validate(yaml.safe_load(file.read_text()))
    except (ValidationError, yaml.YAMLError):
        return

    assert bool(problems(value)) == (file.stem not in OF_TEXTS)


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_what_holds_in_a_file_holds_in_code(file: Path) -> None:
    """A policy that was loaded may be handed on as a value, and costs less to check than to load."""

    def load() -> Policy:
        return load_policy(file, options_of=plugins.options, kinds_of=plugins.kinds, environ={})

    value = load()
    check = partial(check_value, value, options_of=plugins.options, kinds_of=plugins.kinds)
    # In turns, so that a machine that halves its speed meanwhile halves both.
    rounds = [(_spent(load), _spent(check)) for _ in range(9)]
    loading, checking = map(min, zip(*rounds, strict=True))

    assert checking < loading


def _spent(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started
