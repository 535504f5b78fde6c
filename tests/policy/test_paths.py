"""A backend that is named for what it can never see is an error before anything runs, with the way to it."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.assessing import Fixed, asked, assessed, finding
from support.policies import mock, policy

from gateway.clearance import Clearance, Destination, Refusal, admit
from gateway.decide import Fleet, decide
from gateway.policy import paths
from gateway.policy.lint import lint
from gateway.policy.paths import least_labels
from gateway.policy.tags import BUILT_IN_TAGS
from gateway.types import Label, Level

LLAMA = mock()
FRONTIER = mock(clearance="internal", local=False)
EU = mock(clearance="confidential", local=False, region="eu", refuses=["phi", "legal"], retains=False)
BACKENDS = {"llama": LLAMA, "frontier": FRONTIER, "eu": EU}
TAGS = {"eu_only": {"level": "internal", "region": "eu"}, "unkept": {"level": "internal", "retain": False}}
REST = {"name": "rest", "use": ["llama"]}


def errors(*rules: Mapping[str, Any], **keys: Any) -> list[str]:
    """Return what is wrong with the ways of a policy of a local, a closed and a European backend."""
    return [str(error) for error in lint(policy(BACKENDS, *rules, REST, tags=TAGS, **keys)).errors]


@pytest.mark.parametrize(
    ("when", "use", "way"),
    [
        ({"tags": "phi"}, "frontier", "label restricted, phi → backend 'frontier' (clearance internal)"),
        ({"kinds": ["phi", "pci"]}, "frontier", "label confidential, pci → backend 'frontier' (clearance internal)"),
        (
            {"level": {"at_least": "confidential"}},
            "frontier",
            "label confidential → backend 'frontier' (clearance inter",
        ),
        ({"tags": "legal"}, "eu", "label confidential, legal → backend 'eu' (it refuses legal)"),
        (
            {"tags": "eu_only"},
            "frontier",
            "label internal, eu_only, in eu alone → backend 'frontier' (it runs in an und",
        ),
        (
            {"tags": "unkept"},
            "frontier",
            "label internal, unkept, kept by nobody → backend 'frontier' (what it sees may",
        ),
        (
            {"kinds": "unknown"},
            "eu",
            "label restricted, unknown, on local backends alone, kept by nobody → backend 'eu'",
        ),
        (
            {"kinds": "unread"},
            "eu",
            "label restricted, unknown, unread, on local backends alone, kept by nobody → back",
        ),
    ],
)
def test_a_backend_that_a_rule_can_never_ask_is_refused_with_the_way_to_it(
    when: Mapping[str, Any], use: str, way: str
) -> None:
    """By level, by kind, by region and by retention; beside one that may see it, it is to be removed."""
    (error,) = errors({"name": "r", "when": when, "use": ["llama", use]})

    assert error.startswith(f"<policy>: rules[0].use: rule 'r' → {way}")
    assert error.endswith("): never asked for these; remove it")


@pytest.mark.parametrize(
    "when",
    [
        {"tags": ["phi", "source"]},
        {"kinds": ["phi", "pii_weak"]},
        {"tags": ["pii", "source"], "level": {"at_most": "internal"}},
        {"level": {"at_most": "confidential"}},
        {"task": "code"},
    ],
)
def test_a_backend_that_may_see_some_of_a_rules_requests_is_fine(when: Mapping[str, Any]) -> None:
    """The plan leaves it out where it may not."""
    assert errors({"name": "r", "when": when, "use": ["llama", "frontier"]}) == []


def test_what_may_be_seen_redacted_is_a_way() -> None:
    """A kind that a policy lowers asks for less once it is replaced; a caller's tag of the same name does not."""
    lowered = {"pii": {"level": "confidential", "redact_to": "internal"}}
    use = {"use": ["llama", "frontier"]}
    found, tagged = {"name": "f", "when": {"kinds": "pii"}, **use}, {"name": "t", "when": {"tags": "pii"}, **use}

    (error,) = lint(policy(BACKENDS, found, tagged, REST, tags=lowered)).errors

    assert "rules[1].use: rule 't' → label confidential, pii → backend 'frontier'" in error


def test_what_a_level_shuts_out_is_no_way() -> None:
    """Of two tags the one that is above the rule's level never comes this way."""
    when = {"tags": ["phi", "pii"], "level": {"at_most": "confidential"}}

    (error,) = errors({"name": "r", "when": when, "use": ["llama", "frontier"]})

    assert "rule 'r' → label confidential, pii → backend 'frontier'" in error


def test_a_judge_that_may_never_see_a_rules_requests_is_refused() -> None:
    """It reads the answer, and the question with it."""
    accept = [{"judge": "opinion", "backend": "llama"}, {"judge": "opinion", "backends": ["llama", "frontier"]}]

    (error,) = errors({"name": "r", "when": {"tags": "phi"}, "use": ["llama"], "accept": accept})

    assert error == (
        "<policy>: rules[0].accept[1]: rule 'r' → label restricted, phi → judge 'opinion' → backend 'frontier' "
        "(clearance internal): never asked for these; name another"
    )


def test_a_holdout_above_its_backends_clearance_is_refused() -> None:
    """What is above it would never be compared."""
    (error,) = errors(holdout={"backend": "frontier", "at_most": "confidential"})

    assert error == (
        "<policy>: holdout.at_most: holdout → label confidential (at_most) → backend 'frontier' (clearance internal): "
        "never asked for these; lower at_most, or name another backend"
    )


CODE = {"name": "code", "when": {"task": "code"}, "use": ["frontier"]}
MAIN = {"name": "main", "use": ["frontier"]}


def callers(*rules: Mapping[str, Any], **keys: Any) -> list[str]:
    """Return what is wrong with the tenants and keys of a policy whose rules name the closed backend."""
    return [str(error) for error in lint(policy(BACKENDS, *rules, tags=TAGS, **keys)).errors]


def test_a_tenant_whom_nobody_may_ever_answer_is_refused() -> None:
    """Its own tags shut every door that the rules open."""
    (error,) = callers(CODE, MAIN, tenants={"clinic": "phi", "shop": ["source"]})

    assert error == (
        "<policy>: tenants.clinic: tenant 'clinic' → label restricted, phi → rules 'code', 'main' → "
        "backend 'frontier' (clearance internal): nobody may ever answer it; add a backend that may see that"
    )


def test_a_key_with_which_nobody_may_ever_be_answered_is_refused() -> None:
    """As a tenant."""
    (error,) = callers(MAIN, keys={"intranet": "pii", "web": []})

    assert error.startswith("<policy>: keys.intranet: key 'intranet' → label confidential, pii → rules 'main' →")


def test_a_tenant_whom_no_rule_takes_is_refused() -> None:
    """The levels of all rules end below its tags."""
    low = {"name": "low", "when": {"level": {"at_most": "internal"}}, "use": ["llama"]}

    assert callers(low, tenants={"clinic": "phi"}) == [
        "<policy>: tenants.clinic: tenant 'clinic' → label restricted, phi → no rule takes it; add one that does"
    ]


@pytest.mark.parametrize(
    "rule",
    [
        {"name": "own", "when": {"tenant": "clinic"}, "use": ["llama"]},
        {"name": "own", "when": {"tags": "phi", "task": "notes"}, "use": ["llama", "llama2"]},
    ],
)
def test_a_tenant_that_some_rule_serves_is_fine(rule: Mapping[str, Any]) -> None:
    """One rule is enough, and one backend of it."""
    found = lint(policy({**BACKENDS, "llama2": LLAMA}, rule, MAIN, tenants={"clinic": "phi"})).errors

    assert not any("tenants" in error for error in found)


def test_everybody_else_may_be_one_of_the_tenants_that_a_rule_names() -> None:
    """A rule for a tenant that has no tags of its own takes requests of `*`."""
    own = {"name": "own", "when": {"tenant": ["shop", "clinic"]}, "use": ["llama"]}

    served = callers(own, MAIN, tenants={"*": "phi", "shop": []})
    not_served = callers(own, MAIN, tenants={"*": "phi", "shop": [], "clinic": []})

    assert served == []
    assert [error.split(":")[1] for error in not_served] == [" tenants['*']"]


def test_a_rule_for_a_tenant_has_the_tags_of_that_tenant() -> None:
    """They are on every request that it takes."""
    own = {"name": "own", "when": {"tenant": "clinic"}, "use": ["llama", "frontier"]}
    other = {"name": "other", "when": {"tenant": "somebody"}, "use": ["llama", "frontier"]}

    (error,) = errors(own, other, tenants={"clinic": "phi", "*": "source"})

    assert "rules[0].use: rule 'own' → label restricted, phi → backend 'frontier'" in error


def test_a_rule_for_a_tenant_that_is_not_there_is_refused() -> None:
    """Nobody of that name may come."""
    own = {"name": "own", "when": {"tenant": "clinik"}, "use": ["llama"]}

    assert errors(own, tenants={"clinic": "phi"}) == [
        "<policy>: rules[0].when.tenant[0]: there is no tenant 'clinik'; did you mean 'clinic'?"
    ]


def test_of_very_many_labels_none_is_searched() -> None:
    """The check stays quick, and silent where it does not know."""
    names = [f"t{number}" for number in range(40)]
    given_policy = policy(
        BACKENDS,
        {"name": "r", "when": {"tags": names, "kinds": names}, "use": ["llama", "frontier"]},
        tags=dict.fromkeys(names, "restricted"),
    )

    assert least_labels(given_policy, given_policy.rules[0]) == [Label(level=Level.INTERNAL)]
    assert lint(given_policy).errors == ()


NAMES = st.lists(st.sampled_from([*BUILT_IN_TAGS, *TAGS]), max_size=2, unique=True)
USES = st.lists(st.sampled_from([*BACKENDS]), min_size=1, max_size=3, unique=True)


@given(NAMES, NAMES, USES, st.frozensets(st.sampled_from([*BUILT_IN_TAGS, *TAGS, "nobody_named_this"])), NAMES)
async def test_what_is_called_impossible_never_happens(
    tags: list[str], kinds: list[str], use: list[str], given_tags: frozenset[str], found: list[str]
) -> None:
    """A backend that is refused for a rule is in no plan of that rule, whatever the request."""
    rule = {"name": "r", "when": {"tags": tags, "kinds": kinds}, "use": use}
    given_policy = policy(BACKENDS, rule, tags=TAGS)
    refused = {name for name in use for error in lint(given_policy).errors if f"→ backend '{name}'" in error}
    detectors = {"one": Fixed([finding(kind) for kind in found])}

    read = await assessed(asked(tags=given_tags), given_policy=given_policy, detectors=detectors)
    plan = decide(read, given_policy, Fleet())

    assert refused.isdisjoint(plan.backends)


def test_each_backend_is_asked_of_each_label_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many rules share them, and no more once one is admitted."""
    asked: list[tuple[Label, str]] = []

    def counted(label: Label, place: Destination) -> Clearance | Refusal:
        asked.append((label, place.name))
        return admit(label, place)

    monkeypatch.setattr(paths, "admit", counted)
    many = [
        {"name": f"r{number}", "when": {"tags": ["phi", "pii", "pci"]}, "use": ["llama", "frontier"]}
        for number in range(9)
    ]

    found = errors(*many)

    assert len(found) > 0
    # The one that sees all is asked of a label of these rules and of the last one's, the other of all three.
    assert len(asked) == len(set(asked)) == 2 + 3
