"""Whom the own keys of a judge name."""

import pytest
from support.policies import mock, policy

from gateway.policy.asked import asked
from gateway.policy.lint import lint
from gateway.policy.models import AcceptPolicy


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"backend": "a"}, [(("backend",), "a")]),
        ({"backends": ["a", "b"]}, [(("backends", 0), "a"), (("backends", 1), "b")]),
        ({"backends": "a"}, [(("backends",), "a")]),
        ({"voices": {"small": "a", "other": "b"}}, [(("voices", "small"), "a"), (("voices", "other"), "b")]),
        ({"voices": ["a", 3, None], "backend": {"x": 4}}, [(("voices", 0), "a")]),
        ({"at_least": 0.5, "one_of": ["a"]}, []),
    ],
)
def test_backends_are_found_with_their_places(options: dict[str, object], named: list[object]) -> None:
    """Whatever shape the value has; other keys name nobody."""
    assert list(asked(options)) == named
    assert AcceptPolicy.model_validate({"judge": "third", **options}).asks == tuple(dict(asked(options)).values())


def test_a_voice_that_is_no_backend_is_found_with_its_place() -> None:
    """A slip in a name is said before anything is opened."""
    accept = {"judge": "learned", "voices": {"small": "lama"}}

    findings = lint(policy({"llama": mock()}, {"name": "r", "use": "llama", "accept": accept}), name="mine")

    assert findings.errors == (
        "mine: rules[0].accept[0].voices.small: there is no backend 'lama'; did you mean 'llama'?",
    )
