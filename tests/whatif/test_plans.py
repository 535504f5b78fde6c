"""What would have been planned: the same as `decide` plans, for requests as far as the books know them."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.entries import ledger_entry
from support.policies import mock, policy

from gateway.policy.models import Policy
from gateway.types import Level
from gateway.whatif import plans
from gateway.whatif.plans import Planned, Planner

BACKENDS = {
    "llama": mock(context_tokens=3000),
    "frontier": mock(local=False, clearance="internal", model="openai/big"),
}
JUDGED = {"judge": "confidence", "at_least": 0.8}


def ruled(*rules: dict[str, Any], **keys: Any) -> Policy:
    return policy(BACKENDS, *rules, **keys)


def planned(given_policy: Policy, *, difficulty: float | None = 0.3, tokens: int = 100, **fields: Any) -> Planned:
    fields = {"tags": (), "kinds": (), "level": Level.INTERNAL, **fields}
    return Planner(given_policy).plan(ledger_entry("a", **fields), difficulty=difficulty, prompt_tokens=tokens)


def test_the_first_that_nobody_judges_is_the_last() -> None:
    """Who stands behind him is asked where he fails, and that is not played through."""
    judged = ruled({"name": "r", "use": ["llama", "frontier"], "accept": JUDGED})

    assert planned(judged).backends == ("llama", "frontier")
    assert planned(ruled({"name": "r", "use": ["llama", "frontier"]})).backends == ("llama",)
    assert planned(judged).rule == "r"


def test_a_private_request_stays() -> None:
    """As it would: by its level, its tags, and what was found in it."""
    judged = ruled({"name": "r", "use": ["frontier", "llama"]})

    assert planned(judged).backends == ("frontier",)
    assert planned(judged, level=Level.RESTRICTED).backends == ("llama",)
    assert planned(judged, tags=("phi",)).backends == ("llama",)
    assert planned(judged, kinds=("secret",)).backends == ("llama",)


def test_nobody_may_answer_where_nobody_is_cleared() -> None:
    """Then it is refused."""
    assert planned(ruled({"name": "r", "use": ["frontier"]}), level=Level.RESTRICTED).backends == ()


def test_a_tag_that_the_policy_does_not_know_asks_for_everything() -> None:
    """As it does of a request; of an imported one tags are names of somebody else's."""
    judged = ruled({"name": "r", "use": ["frontier", "llama"]})

    assert planned(judged, tags=("team-x",)).backends == ("llama",)
    assert planned(judged, tags=("team-x",), source="litellm").backends == ("frontier",)


def test_tenants_have_their_tags() -> None:
    """Those of the other policy; one that it does not name is restricted."""
    tenants = ruled({"name": "r", "use": ["frontier", "llama"]}, tenants={"acme": ["phi"], "free": []})
    anybody = ruled({"name": "r", "use": ["frontier", "llama"]}, tenants={"*": []})

    assert planned(tenants, tenant="acme").backends == ("llama",)
    assert planned(tenants, tenant="free").backends == ("frontier",)
    assert planned(tenants, tenant="nobody").backends == ("llama",)
    assert planned(tenants, tenant=None, source="jsonl").backends == ("frontier",)
    assert planned(anybody, tenant="nobody").backends == ("frontier",)


def test_a_local_answer_may_be_compared() -> None:
    """Where the policy has a holdout, up to its level, with somebody who may see the request."""
    rule = {"name": "r", "use": ["llama"]}
    holdout = ruled(rule, holdout={"backend": "frontier", "share": 0.1})

    assert planned(holdout).comparable
    assert not planned(holdout, level=Level.CONFIDENTIAL).comparable
    assert not planned(ruled(rule)).comparable


def test_a_difficulty_that_is_unknown_counts_as_the_policy_says() -> None:
    """Hard, unless it says easy."""
    hard = {"name": "hard", "when": {"difficulty": {"at_least": 0.6}}, "use": ["frontier"]}
    rest = {"name": "rest", "use": ["llama"]}

    assert planned(ruled(hard, rest), difficulty=None).backends == ("frontier",)
    assert planned(ruled(hard, rest, when_unsure="easy"), difficulty=None).backends == ("llama",)


NUMBERS = st.sampled_from([0.0, 0.1, 0.25, 0.3, 0.5, 0.6, 0.61, 0.9, 1.0])
RANGES = st.fixed_dictionaries({}, optional={"at_least": NUMBERS, "below": NUMBERS})
LENGTHS = st.fixed_dictionaries({}, optional={"at_least": st.integers(0, 5000), "below": st.integers(0, 5000)})
WHENS = st.fixed_dictionaries(
    {},
    optional={
        "difficulty": RANGES,
        "prompt_tokens": LENGTHS,
        "tags": st.sampled_from(["pii", "x"]),
        "task": st.just("t"),
        "tenant": st.just("acme"),
    },
)
REQUESTS = st.tuples(
    st.none() | NUMBERS,
    st.integers(0, 5000),
    st.fixed_dictionaries(
        {
            "tags": st.sampled_from([(), ("pii",), ("x",)]),
            "task": st.sampled_from([None, "t"]),
            "tenant": st.sampled_from(["acme", "other"]),
            "level": st.sampled_from(Level),
        }
    ),
)


@settings(max_examples=60)
@given(st.lists(WHENS, min_size=1, max_size=3), st.lists(REQUESTS, min_size=1, max_size=12))
def test_what_was_planned_for_one_holds_for_those_like_it(whens: list[Any], requests: list[Any]) -> None:
    """A planner that remembers says the same as one that does not."""
    rules = [{"name": f"r{number}", "when": when, "use": ["frontier", "llama"]} for number, when in enumerate(whens)]
    given_policy = ruled(*rules, tags={"x": "public"})
    remembering = Planner(given_policy)

    for difficulty, tokens, fields in requests:
        entry = ledger_entry("a", **fields)
        known = remembering.plan(entry, difficulty=difficulty, prompt_tokens=tokens)
        assert known == planned(given_policy, difficulty=difficulty, tokens=tokens, **{"kinds": entry.kinds, **fields})


def test_the_memory_of_plans_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A million tasks are no more than the last ones."""
    monkeypatch.setattr(plans, "MOST_PLANS", 3)
    planner = Planner(ruled({"name": "r", "use": ["llama"]}))

    for number in range(10):
        planner.plan(ledger_entry("a", task=str(number)), difficulty=None, prompt_tokens=1)

    assert len(planner._known) == 3
