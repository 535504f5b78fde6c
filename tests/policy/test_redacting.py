"""Where a policy may lower a level by redaction, and how it must say so."""

from typing import Any

import pytest
from support.policies import mock, policy

from gateway.policy.lint import lint
from gateway.policy.load import packaged_default
from gateway.policy.models import Policy
from gateway.policy.redacting import lowest, redacted
from gateway.policy.tags import PROTECTED
from gateway.types import Level

CLOSED = mock(clearance="internal", local=False)


def tagged(**tags: Any) -> Policy:
    """Return a policy with tags."""
    return policy({"llama": mock()}, tags=tags)


def test_nothing_is_redacted_unless_the_policy_says_so() -> None:
    """Neither in a policy without a word of it, nor in ours."""
    assert redacted(tagged(mine="confidential")) == {}


def test_a_tag_says_to_which_level_it_may_come() -> None:
    """Beside the level that it has."""
    allowed = tagged(pii={"level": "confidential", "redact_to": "internal"})

    assert lint(allowed).errors == ()
    assert redacted(allowed) == {"pii": Level.INTERNAL}


@pytest.mark.parametrize("kind", sorted(PROTECTED))
def test_what_needs_protection_most_must_be_meant_twice(kind: str) -> None:
    """Of a diagnosis, or of a trade secret, no detector finds all."""
    once = {"level": "restricted", "redact_to": "internal"}

    (error,) = lint(tagged(**{kind: once})).errors

    assert error.startswith(f"<policy>: tags.{kind}.redact_to: of {kind} there may be more than anybody finds; ")
    assert error.endswith("say 'redact_even: true' beside it")
    assert lint(tagged(**{kind: {**once, "redact_even": True}})).errors == ()


@pytest.mark.parametrize(
    ("tags", "fault"),
    [
        ({"pii": {"level": "internal", "redact_to": "internal"}}, "pii.redact_to: internal is not below"),
        ({"pii": {"level": "confidential", "redact_even": True}}, "pii.redact_even: there is no redact_to"),
        ({"unread": {"level": "restricted", "redact_to": "internal"}}, "unread.redact_to: unread is nothing that"),
        ({"pii_weak": {"level": "internal", "redact_to": "public"}}, "pii_weak.redact_to: pii_weak is nothing that"),
        ({"restricted": {"level": "restricted", "redact_to": "public"}}, "restricted.redact_to: restricted is nothing"),
    ],
)
def test_what_could_not_be_meant_is_an_error(tags: dict[str, Any], fault: str) -> None:
    """Each with its place and what to do."""
    (error,) = lint(tagged(**tags)).errors

    assert error.startswith(f"<policy>: tags.{fault}")


def test_a_request_comes_no_lower_than_the_default() -> None:
    """Redaction takes back what was found, and not what the policy says of everything."""
    allowed = policy(
        {"llama": mock()}, default_level="internal", tags={"pii": {"level": "confidential", "redact_to": "public"}}
    )

    assert lowest(allowed, Level.CONFIDENTIAL) == Level.INTERNAL
    assert lowest(allowed, Level.RESTRICTED) == Level.RESTRICTED


def test_a_backend_that_sees_redacted_requests_is_no_idle_one() -> None:
    """A rule for confidential requests may use a backend that is cleared for internal ones."""
    backends, rule = {"closed": CLOSED}, {"name": "r", "when": {"level": {"at_least": "confidential"}}, "use": "closed"}
    allows = {"pii": {"level": "confidential", "redact_to": "internal"}}

    without, with_it = (lint(policy(backends, rule, tags=tags)) for tags in ({}, allows))

    assert any("nobody here may ever see that" in error for error in without.errors)
    assert with_it.errors == ()


def test_a_comparison_may_be_made_of_redacted_requests() -> None:
    """So a holdout that asks for more than its backend's clearance is no fault where such requests are redacted."""
    allows = {"pii": {"level": "confidential", "redact_to": "internal"}}
    backends, holdout = {"llama": mock(), "closed": CLOSED}, {"backend": "closed", "at_most": "confidential"}

    without, with_it = (lint(policy(backends, tags=tags, holdout=holdout)) for tags in ({}, allows))

    assert len(without.errors) == 1
    assert with_it.errors == ()


def test_the_packaged_policy_redacts_nothing() -> None:
    """Whoever wants it writes it."""
    path = packaged_default()

    assert "redact_to" not in path.read_text(encoding="utf-8")
