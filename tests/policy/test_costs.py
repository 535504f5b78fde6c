"""What is odd about the money of a policy."""

from pathlib import Path
from typing import Any

import pytest
from support.policies import policy

from gateway.policy.lint import lint

SOL = {"kind": "hosted", "model": "openai/gpt-6.1-sol", "clearance": "internal"}


def found(backend: dict[str, Any], **keys: Any) -> tuple[list[str], list[str]]:
    """Return errors and warnings, without those that are not about money."""
    findings = lint(policy({"a": backend}, **keys))
    return list(findings.errors), [warning for warning in findings.warnings if "licence" not in warning]


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"baseline": "openai/gpt-6.1-sol"}, []),
        ({"baseline": "openai/gpt-99"}, ["baseline: there is no price for 'openai/gpt-99': savings against it stay"]),
        ({"baseline": "openai/gpt-5-mini"}, ["baseline: 'openai/gpt-5-mini' ends on 2026-12-11; name the model"]),
        ({"baseline": "gemini/gemini-4-argon"}, ["baseline: 'gemini/gemini-4-argon' costs 4/20 USD per million"]),
    ],
)
def test_a_baseline_without_a_price_or_with_an_end_is_odd(keys: dict[str, Any], said: list[str]) -> None:
    """So is one whose price changes: the savings change with it."""
    _, warnings = found(SOL, **keys)

    assert len(warnings) == len(said)
    assert all(start in warning for start, warning in zip(said, warnings, strict=True))


def test_a_baseline_of_a_rule_is_looked_at_too() -> None:
    """At its place."""
    rule = {"name": "r", "use": ["a"], "baseline": "openai/gpt-99"}

    findings = lint(policy({"a": SOL}, rule))

    assert any("rules[0].baseline: there is no price" in warning for warning in findings.warnings)


def test_a_backend_whose_model_ends_is_odd() -> None:
    """It will answer nobody any more; what costs your price, or nothing, is yours to know."""
    ending = {**SOL, "model": "openai/gpt-5-mini"}
    priced = {**ending, "price": {"input": 1, "output": 2}}

    assert "backends.a.model: 'openai/gpt-5-mini' ends on 2026-12-11" in found(ending)[1][0]
    assert found(priced)[1] == []


def test_a_rate_without_a_price_is_odd() -> None:
    """What it costs would stay unknown."""
    novita = {
        **SOL,
        "kind": "openai_http",
        "model": "novita/meta-llama/llama-3.1-8b-instruct",
        "rate": "batch",
        "urls": ["https://api.novita.ai"],
    }

    assert found({**SOL, "rate": "batch"})[1] == []
    assert "backends.a.rate: there is no batch price for 'novita/meta-llama" in found(novita)[1][0]
    assert found({**novita, "model": "nobody/knows"})[1] == []


def test_a_file_of_prices_that_cannot_be_read_is_an_error_of_the_policy(tmp_path: Path) -> None:
    """Every fault of it, at its own place."""
    file = tmp_path / "prices.yaml"
    file.write_text("models: {a/b: {input: -1, outptu: 1}}")

    errors, _ = found(SOL, prices=str(file))

    assert len(errors) == 2
    assert "prices.yaml:1:23: models.a/b.input: expected 0 or more" in errors[0]
    assert "did you mean 'output'?" in errors[1]


def test_your_prices_count_as_prices(tmp_path: Path) -> None:
    """A baseline that only your file knows is priced."""
    file = tmp_path / "prices.yaml"
    file.write_text("models: {acme/m: {input: 1, output: 1}}")

    assert found(SOL, prices=str(file), baseline="acme/m") == ([], [])


def test_a_baseline_that_a_backend_prices_is_priced() -> None:
    """Your own price for it is the one that counts."""
    assert found({**SOL, "model": "acme/m", "price": {"input": 1, "output": 2}}, baseline="acme/m") == ([], [])
