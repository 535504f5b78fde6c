from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.policies import mock, policy

from gateway.policy.lint import lint
from gateway.policy.models import When
from gateway.policy.reach import Demand, covers, impossible, is_unconditional
from gateway.types import Level

LOCAL = mock()
CLOSED = mock(clearance="internal", local=False)
SHARE = {"escalation": {"per_tenant": 0.3}}


def test_a_policy_built_in_code_is_linted_by_its_paths() -> None:
    """Without a text there are paths and no lines."""
    findings = lint(policy({"llama": LOCAL}, {"name": "default", "use": ["lama"]}), name="mine")

    assert findings.errors == ("mine: rules[0].use[0]: there is no backend 'lama'; did you mean 'llama'?",)


def test_a_sound_policy_has_no_findings() -> None:
    """Silence means that nothing is wrong and nothing is odd."""
    findings = lint(policy({"llama": LOCAL}))

    assert (findings.errors, findings.warnings) == ((), ())


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ({}, {"task": "code"}),
        ({"task": ["code", "maths"]}, {"task": "code"}),
        ({"tags": ["pii", "phi"]}, {"tags": ["phi"], "task": "code"}),
        ({"stakes": ["low", "normal", "high"]}, {"stakes": "high"}),
        ({"difficulty": {"at_least": 0.5}}, {"difficulty": {"at_least": 0.8}}),
        ({"difficulty": {"below": 0.5}}, {"difficulty": {"at_least": 0.1, "below": 0.5}}),
        ({"level": {"at_least": "internal"}}, {"level": {"at_least": "confidential", "at_most": "confidential"}}),
        ({"prompt_tokens": {"at_least": 0}}, {"needs": "tools"}),
    ],
)
def test_a_rule_behind_a_wider_one_is_unreachable(earlier: Mapping[str, Any], later: Mapping[str, Any]) -> None:
    """The first rule that holds decides, so that a narrower one behind it never does."""
    rules = (
        {"name": "wide", "when": earlier, "use": ["llama"]},
        {"name": "narrow", "when": later, "use": ["llama"]},
    )

    assert lint(policy({"llama": LOCAL}, *rules)).errors == (
        (
            "<policy>: rules[1]: no request comes this far: rules[0] ('wide') takes them all; "
            "move this rule up or remove it"
        ),
    )


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ({"task": "code"}, {}),
        ({"task": "code"}, {"task": ["code", "maths"]}),
        ({"tags": ["pii"], "task": "code"}, {"tags": ["pii"]}),
        ({"stakes": ["low", "normal"]}, {"stakes": "high"}),
        ({"difficulty": {"at_least": 0.5}}, {"difficulty": {"at_least": 0.4}}),
        ({"difficulty": {"below": 0.5}}, {"difficulty": {"at_least": 0.1}}),
        ({"difficulty": {"below": 2}}, {}),
        ({"level": {"at_most": "internal"}}, {"level": {"at_least": "internal"}}),
        ({"prompt_tokens": {"at_least": 1}}, {}),
    ],
)
def test_a_rule_that_some_request_reaches_is_left_alone(earlier: Mapping[str, Any], later: Mapping[str, Any]) -> None:
    """A policy that does something is never refused for a rule that matters."""
    assert not covers(When.model_validate(earlier), When.model_validate(later), Level.PUBLIC)


words = st.lists(st.sampled_from("abc"), max_size=3, unique=True)
bound = st.none() | st.sampled_from([-1, 0, 0.25, 0.5, 1, 2])
limits = st.none() | st.builds(lambda low, high: {"at_least": low, "below": high}, bound, bound)
levels = st.sampled_from(["public", "internal", "confidential", "restricted"])
conditions = st.builds(
    lambda tags, task, difficulty, level: When.model_validate(
        {"tags": tags, "task": task, "difficulty": difficulty, "level": level}
    ),
    words,
    words,
    limits,
    st.none() | st.builds(lambda low, high: {"at_least": low, "at_most": high}, levels, levels),
)


def holds(when: When, *, tags: set[str], task: str | None, difficulty: float | None, level: int) -> bool:
    """Say by the words of the models' docstrings whether a condition holds."""
    reach, span = when.difficulty, when.level
    low = reach is None or reach.at_least is None or difficulty is None or difficulty >= reach.at_least
    high = reach is None or reach.below is None or (difficulty is not None and difficulty < reach.below)
    return (
        (not when.tags or bool(tags & set(when.tags)))
        and (not when.task or task in when.task)
        and (low and high)
        and (span is None or span.at_least <= level <= span.at_most)
    )


requests = st.fixed_dictionaries(
    {
        "tags": st.sets(st.sampled_from("abcd")),
        "task": st.none() | st.sampled_from("abcd"),
        "difficulty": st.none() | st.floats(0, 1),
        "level": st.integers(0, 3),
    }
)


@given(conditions, conditions, requests, st.sampled_from(Level))
def test_no_rule_is_called_unreachable_that_a_request_reaches(
    wide: When, narrow: When, request: dict[str, Any], default: Level
) -> None:
    """Where one condition is said to cover another, no request meets the second alone."""
    request = {**request, "level": max(request["level"], default)}

    if covers(wide, narrow, default) and holds(narrow, **request):
        assert holds(wide, **request)
    if is_unconditional(wide, default):
        assert holds(wide, **request)
    if any(impossible(wide, Demand(level=default, why="default_level"))):
        assert not holds(wide, **request)


def test_many_rules_are_compared_in_bounded_time() -> None:
    """Beyond 500 rules a shadowed one may stay unseen; loading stays quick."""
    rules = [{"name": f"r{number}", "when": {"task": f"t{number}"}, "use": ["llama"]} for number in range(2000)]

    assert lint(policy({"llama": LOCAL}, *rules)).errors == ()


def test_a_rule_that_nobody_may_serve_names_the_way_to_it() -> None:
    """A tag that means restricted and a list of closed backends contradict each other."""
    rules = (
        {"name": "health", "when": {"tags": ["phi", "secret"]}, "use": ["closed"]},
        {"name": "rest", "use": ["llama"]},
    )

    assert lint(policy({"llama": LOCAL, "closed": CLOSED}, *rules)).errors == (
        (
            "<policy>: rules[0].use: rule 'health' → label restricted, phi → backend 'closed' (clearance internal): "
            "nobody here may ever see that; add a backend that may"
        ),
    )


@pytest.mark.parametrize(
    "when",
    [{"tags": ["phi", "source"]}, {"tags": ["unheard_of"]}, {"level": {"at_least": "internal"}}],
)
def test_a_demand_is_the_least_that_a_rule_can_meet(when: Mapping[str, Any]) -> None:
    """A rule for either of two tags may meet the harmless one."""
    rules = ({"name": "some", "when": when, "use": ["closed"]}, {"name": "rest", "use": ["llama"]})

    errors = lint(policy({"llama": LOCAL, "closed": CLOSED}, *rules)).errors

    assert not any("nobody here may ever see" in error for error in errors)


def test_restricted_is_for_backends_of_our_own() -> None:
    """A clearance cannot make a stranger's machine ours."""
    backends = {
        "llama": LOCAL,
        "closed": mock(local=False),
        "far": {**mock(), "kind": "vllm", "local": None, "urls": ["http://far"]},
    }

    assert [error.split(": ")[1] for error in lint(policy(backends)).errors] == [
        "backends.closed.clearance",
        "backends.far.clearance",
    ]


def test_a_providers_own_api_cannot_be_declared_local() -> None:
    """Saying that you run it makes it no server of yours; naming the server does."""
    hosted = {"kind": "hosted", "model": "openai/gpt-5-mini", "clearance": "restricted", "local": True}
    backends = {"theirs": hosted, "ours": {**hosted, "api_base": "http://10.0.0.7/v1"}}

    assert lint(policy(backends)).errors == (
        (
            "<policy>: backends.theirs.local: without api_base this is the provider's own server, and no local one; "
            "remove it, or name the server that you run in api_base"
        ),
    )


@pytest.mark.parametrize(
    ("when", "problem"),
    [
        (
            {"level": {"at_most": "public"}},
            "level: at_most public never holds: default_level makes a request internal; raise it or remove the rule",
        ),
        (
            {"level": {"at_most": "internal"}, "tags": ["phi", "pii"]},
            "level: at_most internal never holds: when.tags pii makes a request confidential; raise it",
        ),
        ({"difficulty": {"below": 0}}, "difficulty: below 0 there is nothing; raise it or remove the rule"),
        ({"prompt_tokens": {"at_least": -5, "below": -1}}, "prompt_tokens: below -1 there is nothing; raise it or"),
    ],
)
def test_a_rule_that_can_never_hold_is_refused(when: Mapping[str, Any], problem: str) -> None:
    """No request is below the default level or the level of its tags, and nothing measures less than zero."""
    rules = ({"name": "never", "when": when, "use": ["llama"]}, {"name": "rest", "use": ["llama"]})

    found = lint(policy({"llama": LOCAL}, *rules)).errors

    assert len(found) == 1
    assert found[0].startswith(f"<policy>: rules[0].when.{problem}")


@pytest.mark.parametrize(
    "keys",
    [
        {"default_level": "public", "when": {"level": {"at_most": "public"}}},
        {"when": {"level": {"at_most": "internal"}, "tags": ["phi", "source"]}},
        {"when": {"level": {"at_most": "internal"}, "tags": ["unheard_of"]}},
        {"when": {"difficulty": {"at_least": 1.5}}},
    ],
)
def test_a_rule_that_may_hold_is_left_alone(keys: dict[str, Any]) -> None:
    """One tag of several is enough, and an unknown difficulty is above every number."""
    when = keys.pop("when")
    rules = ({"name": "some", "when": when, "use": ["llama"]}, {"name": "rest", "use": ["llama"]})

    assert not any(
        "when.level:" in error or "nothing" in error for error in lint(policy({"llama": LOCAL}, *rules, **keys)).errors
    )


def test_a_rule_for_the_default_level_and_above_takes_every_request() -> None:
    """Nothing behind it is reached, and it is a last resort."""
    wide = {"name": "wide", "when": {"level": {"at_least": "internal"}}, "use": ["llama"]}
    narrow = {"name": "rest", "use": ["llama"]}

    both, alone = lint(policy({"llama": LOCAL}, wide, narrow)), lint(policy({"llama": LOCAL}, wide))

    assert both.errors == (
        (
            "<policy>: rules[1]: no request comes this far: rules[0] ('wide') takes them all; "
            "move this rule up or remove it"
        ),
    )
    assert alone.warnings == ()


def test_a_rule_whose_backends_may_not_see_the_default_level_is_refused() -> None:
    """Whatever comes this way, nobody may answer it."""
    backends = {"llama": LOCAL, "open": mock(clearance="public")}
    rules = ({"name": "code", "when": {"task": "code"}, "use": ["open"]}, {"name": "rest", "use": ["llama"]})

    assert lint(policy(backends, *rules)).errors == (
        (
            "<policy>: rules[0].use: rule 'code' → label internal → backend 'open' (clearance public): "
            "nobody here may ever see that; add a backend that may"
        ),
    )


def test_a_policy_without_a_last_resort_is_odd() -> None:
    """What no rule takes is refused; that may be meant."""
    rule = {"name": "code", "when": {"task": "code"}, "use": ["llama"]}

    assert lint(policy({"llama": LOCAL}, rule)).warnings == (
        "<policy>: rules[0]: requests that match no rule are refused; end with a rule that has no 'when'",
    )


def test_a_backend_that_no_rule_uses_is_odd() -> None:
    """It was forgotten, or its name was."""
    found = lint(policy({"llama": LOCAL, "spare": LOCAL}, {"name": "default", "use": ["llama"]})).warnings

    assert found == ("<policy>: backends.spare: no rule uses this backend",)


def test_a_backend_that_only_a_judge_asks_is_used() -> None:
    """Who gives opinions needs not answer."""
    rule = {"name": "default", "use": ["llama"], "accept": {"judge": "opinion", "backend": "spare"}}

    assert lint(policy({"llama": LOCAL, "spare": LOCAL}, rule)).warnings == ()


def test_a_backend_that_answers_are_compared_with_is_used() -> None:
    """Who is asked afterwards needs not answer."""
    given = policy({"llama": LOCAL, "spare": LOCAL}, {"name": "r", "use": ["llama"]}, holdout={"backend": "spare"})

    assert lint(given).warnings == ()


def test_a_baseline_without_a_price_is_odd() -> None:
    """Savings against it would stay unknown for ever."""
    rule = {"name": "default", "use": ["llama"], "baseline": "openai/gpt-6-lunar"}

    assert lint(policy({"llama": LOCAL}, rule, baseline="openai/gpt-6.1-sol")).warnings == (
        (
            "<policy>: rules[0].baseline: there is no price for 'openai/gpt-6-lunar': savings against it stay unknown; "
            "name a priced model as provider/model"
        ),
    )


def test_a_baseline_with_a_price_of_its_own_is_fine() -> None:
    """A contract's price counts like a listed one."""
    priced = mock(model="house/model", price={"input": 1, "output": 2})

    assert lint(policy({"llama": {**priced, "model": "house/model"}}, baseline="house/model")).warnings == ()


def test_a_baseline_that_ends_is_odd() -> None:
    """Nobody would have used a model that its provider has switched off."""
    assert lint(policy({"llama": LOCAL}, baseline="openai/gpt-5-mini")).warnings == (
        "<policy>: baseline: 'openai/gpt-5-mini' ends on 2026-12-11; name the model that you would use after it",
    )


def test_stakes_that_turn_the_scale_around_are_odd() -> None:
    """An error at low stakes that costs more than a normal one was hardly meant."""
    assert lint(policy({"llama": LOCAL}, stakes={"low": 3, "high": 0.5})).warnings == (
        "<policy>: stakes.low: an error at stakes low costs 3 times a normal one; 1 or less fits",
        "<policy>: stakes.high: an error at stakes high costs 0.5 times a normal one; 1 or more fits",
    )


def test_a_share_that_nobody_could_stay_under_is_odd() -> None:
    """Without a local backend every request leaves, whatever the share."""
    closed, both = policy({"frontier": CLOSED}, **SHARE), policy({"llama": LOCAL, "frontier": CLOSED}, **SHARE)

    assert lint(closed).warnings == (
        (
            "<policy>: escalation: no backend is local, so that no request could stay: this bounds nothing; "
            "add a local one or remove it"
        ),
    )
    assert lint(both).warnings == ()


@pytest.mark.parametrize("asks", [{"backend": "frontier"}, {"backends": ["llama", "frontier"]}])
def test_a_judge_that_is_paid_for_is_odd(asks: Mapping[str, Any]) -> None:
    """It reads every answer, so that each costs twice."""
    rule = {"name": "r", "use": ["llama", "frontier"], "accept": {"judge": "opinion", **asks}}

    assert lint(policy({"llama": LOCAL, "frontier": CLOSED}, rule)).warnings == (
        (
            "<policy>: rules[0].accept[0]: judges read every answer, and frontier is not ours: "
            "each reading is paid for; name a local backend"
        ),
    )


def test_a_judge_of_ours_is_not_odd() -> None:
    """Hardware of ours costs nothing more."""
    rule = {"name": "r", "use": ["llama", "frontier"], "accept": {"judge": "opinion", "backend": "llama"}}

    assert lint(policy({"llama": LOCAL, "frontier": CLOSED}, rule)).warnings == ()
