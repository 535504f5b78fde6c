"""Who may see a request redacted, who whole, and who not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.policies import assessment, mock, policy

from gateway.clearance import Clearance, admit
from gateway.decide import Fleet, decide
from gateway.policy.place import destination
from gateway.types import Assessment, Label, Level, Plan, Redaction

BACKENDS = {
    "ours": mock(clearance="restricted"),
    "partner": mock(clearance="confidential", local=False),
    "closed": mock(clearance="internal", local=False),
    "public": mock(clearance="public", local=False),
}
POLICY = policy(BACKENDS)


def redacted(level: Level = Level.CONFIDENTIAL, to: Level = Level.INTERNAL) -> Assessment:
    """Return what a request is with an address in it, and without."""
    return assessment(level=level, redaction=Redaction(label=Label(level=to), counts={"EMAIL_ADDRESS": 2}))


def seen(plan: Plan) -> dict[str, bool]:
    """Return who is asked, and whether with placeholders."""
    return {step.backend: step.redacted for step in plan.steps}


def test_each_sees_as_much_as_it_may() -> None:
    """The whole where its clearance covers that, placeholders where it covers those, else nothing."""
    plan = decide(redacted(), POLICY, Fleet())

    assert seen(plan) == {"ours": False, "partner": False, "closed": True}
    assert plan.reasons["public"].text.startswith("level confidential is above its clearance public")


def test_the_reason_says_what_is_replaced() -> None:
    """By type and count."""
    plan = decide(redacted(), POLICY, Fleet())

    assert str(plan.reasons["closed"]) == (
        "in: clearance internal covers level internal: it sees the request redacted (EMAIL_ADDRESS x 2)"
    )


def test_without_a_redaction_nobody_sees_placeholders() -> None:
    """Who may not see a request is not asked."""
    plan = decide(assessment(level=Level.CONFIDENTIAL), POLICY, Fleet())

    assert seen(plan) == {"ours": False, "partner": False}


@pytest.mark.parametrize("bound", [{"refuses": ["pii"]}, {"region": "us"}, {"retains": True}])
def test_what_a_label_says_besides_its_level_holds_for_placeholders_too(bound: dict[str, object]) -> None:
    """A redacted request is of the same kinds, bound to the same regions, and may be kept no more."""
    label = Label(level=Level.INTERNAL, kinds=frozenset({"pii"}), regions=frozenset({"eu"}), retain=False)
    fits = {"region": "eu", "retains": False}
    backends = {
        name: mock(clearance="internal", local=False, **{**fits, **more}) for name, more in (("a", {}), ("b", bound))
    }
    request = assessment(
        level=Level.CONFIDENTIAL,
        kinds=label.kinds,
        regions=label.regions,
        retain=False,
        redaction=Redaction(label=label, counts={"EMAIL_ADDRESS": 1}),
    )

    assert seen(decide(request, policy(backends), Fleet())) == {"a": True}


LEVELS = st.sampled_from(Level)


@given(LEVELS, LEVELS)
def test_whoever_is_asked_holds_a_token_for_what_he_sees(level: Level, to: Level) -> None:
    """And whoever may see the whole is never shown less."""
    request = redacted(level, to)
    assert request.redaction is not None

    plan = decide(request, POLICY, Fleet())

    for name, is_redacted in seen(plan).items():
        place = destination(name, POLICY.backends[name])
        whole = isinstance(admit(request.label, place), Clearance)
        assert is_redacted is not whole
        assert plan.clearances[name].label == (request.redaction.label if is_redacted else request.label)
        assert isinstance(admit(plan.clearances[name].label, place), Clearance)


@given(LEVELS, LEVELS)
def test_a_redaction_never_leaves_anybody_out(level: Level, to: Level) -> None:
    """It only adds backends that may see less."""
    whole = decide(assessment(level=level), POLICY, Fleet())

    plan = decide(redacted(level, to), POLICY, Fleet())

    assert set(whole.backends) <= set(plan.backends)
    assert set(whole.consultable) <= set(plan.consultable)
