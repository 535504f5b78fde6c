"""The tests inside a policy: the router's own decision is compared, nobody is called."""

from typing import Any

import pytest
from support.policies import mock, policy

from gateway.policy.models import Policy
from gateway.policy_tests import TestResult, run_tests

PHI_RULE = {"name": "regulated", "when": {"tags": ["phi"]}, "use": ["llama"]}
DEFAULT_RULE = {"name": "default", "use": ["llama", "frontier"]}


def of_two(request: dict[str, Any], **expect: object) -> Policy:
    """Return a policy of two backends with one test."""
    backends = {"llama": mock(), "frontier": mock(clearance="internal", local=False)}
    return policy(backends, PHI_RULE, DEFAULT_RULE, tests=[{"request": request, "expect": expect}])


async def only(given: Policy) -> TestResult:
    """Return the one result."""
    (result,) = await run_tests(given)
    return result


@pytest.mark.parametrize(
    "expect",
    [
        {"first": "llama"},
        {"uses": ["llama"]},
        {"never": "frontier"},
        {"rule": "regulated"},
        {"level": "restricted"},
        {"refused": False},
        {},
    ],
)
async def test_a_plan_that_meets_every_demand_passes(expect: dict[str, object]) -> None:
    """Each kind of demand can be met."""
    result = await only(of_two({"text": "hi", "tags": ["phi"]}, **expect))

    assert (result.passed, result.name, result.rule, result.uses) == (True, "test 1", "regulated", ("llama",))


async def test_a_test_may_pin_and_raise_the_stakes() -> None:
    """Every keyword of `route` works in a test too."""
    result = await only(of_two({"text": "hi", "pin": "frontier", "stakes": "high"}, uses=["frontier"]))

    assert result.passed


@pytest.mark.parametrize(
    ("expect", "said"),
    [
        ({"first": "frontier"}, "first: expected frontier, got llama"),
        ({"uses": ["frontier"]}, "uses: expected frontier, got llama"),
        ({"never": "llama"}, "never: expected llama out, got llama in"),
        ({"rule": "default"}, "rule: expected default, got regulated"),
        ({"level": "public"}, "level: expected public, got restricted"),
        ({"refused": True}, "refused: expected yes, got no"),
    ],
)
async def test_a_demand_that_is_not_met_says_what_came(expect: dict[str, object], said: str) -> None:
    """The mismatch names both sides."""
    result = await only(of_two({"text": "hi", "tags": ["phi"]}, **expect))

    assert not result.passed
    assert str(result.mismatches[0]).startswith(said)


async def test_a_refusal_is_explained_where_somebody_was_expected() -> None:
    """The reasons of all backends stand in for the name."""
    given = policy(
        {"frontier": mock(clearance="internal", local=False)},
        tests=[{"request": {"text": "hi", "tags": ["phi"]}, "expect": {"first": "frontier", "uses": ["frontier"]}}],
    )

    result = await only(given)

    assert result.mismatches[0].got.startswith("nobody (frontier: ")
    assert result.mismatches[1].got == "nobody"


async def test_no_rule_is_said() -> None:
    """A request that no rule fits has no rule."""
    given = policy({"llama": mock()}, PHI_RULE, tests=[{"request": {"text": "hi"}, "expect": {"rule": "regulated"}}])

    result = await only(given)

    assert str(result.mismatches[0]) == "rule: expected regulated, got no rule"


@pytest.mark.parametrize(
    "request_",
    [{}, {"text": "hi", "messages": []}, {"messages": []}, {"text": "hi", "tagz": ["phi"]}, {"text": 5}],
)
async def test_a_request_that_cannot_be_read_fails_its_test(request_: dict[str, Any]) -> None:
    """It does not end the run of the others."""
    result = await only(of_two(request_, first="llama"))

    assert [mismatch.what for mismatch in result.mismatches] == ["request"]


async def test_messages_are_read_as_a_caller_gives_them() -> None:
    """A test may hold a conversation."""
    result = await only(of_two({"messages": [{"role": "user", "content": "hi"}], "task": "chat"}, first="llama"))

    assert result.passed


async def test_a_backend_that_is_not_there_counts_as_present() -> None:
    """A policy's tests say the same on every machine, and open no connection."""
    server = {"kind": "openai_http", "model": "m", "urls": ["http://127.0.0.1:9"], "clearance": "restricted"}
    given = policy(
        {"server": {**server, "optional": True}}, tests=[{"request": {"text": "hi"}, "expect": {"first": "server"}}]
    )

    result = await only(given)

    assert result.passed


async def test_a_test_keeps_its_name() -> None:
    """The name is what a failing run shows."""
    given = policy({"llama": mock()}, tests=[{"name": "greeting", "request": {"text": "hi"}, "expect": {}}])

    result = await only(given)

    assert (result.number, result.name) == (1, "greeting")


async def test_a_test_sees_whom_the_terms_of_a_model_keep_out() -> None:
    """A policy's tests ask the licence rules as a request does."""
    test = {"request": {"text": "hello", "tags": ["aup:military"]}, "expect": {"uses": ["qwen"]}}
    given = policy(
        {"llama": mock(model="llama-3.1-8b", licence="llama-3.1"), "qwen": mock(model="qwen3-8b")}, tests=[test]
    )

    (result,) = await run_tests(given)

    assert result.passed
