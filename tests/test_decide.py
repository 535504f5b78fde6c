"""Who may answer, and in what order."""

import copy
import pickle
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.policies import assessment, mock, policy

from gateway.clearance import Clearance, admit
from gateway.decide import Fleet, counted, decide
from gateway.fleet.past import Past, Standing
from gateway.policy.models import AcceptPolicy, BackendPolicy, Policy, StakesPolicy
from gateway.policy.place import destination, destinations
from gateway.types import Assessment, Level, Need, Plan, Stakes

NO_FLEET = Fleet()
BY_DIFFICULTY = policy(
    {"a": mock(), "b": mock(clearance="internal", local=False)},
    {"name": "hard", "when": {"difficulty": {"at_least": 0.62}}, "use": ["b"]},
    {"name": "r", "use": ["a", "b"]},
)

levels = st.sampled_from(list(Level))
regions = st.none() | st.frozensets(st.sampled_from(["eu", "us"]))
assessments = st.builds(
    lambda level, tags, regions, difficulty, needs, tokens: assessment(
        level=level, tags=tags, regions=regions, difficulty=difficulty, needs=needs, prompt_tokens=tokens
    ),
    levels,
    st.frozensets(st.sampled_from(["phi", "pii", "vip"])),
    regions,
    st.none() | st.floats(0, 1),
    st.frozensets(st.sampled_from(list(Need))),
    st.integers(0, 5000),
)
backends = st.builds(
    lambda level, local, region, supports, context: mock(
        clearance=str(level), local=local, region=region, supports=[str(n) for n in supports], context_tokens=context
    ),
    levels,
    st.booleans(),
    st.none() | st.sampled_from(["eu", "us"]),
    st.frozensets(st.sampled_from(list(Need))),
    st.none() | st.integers(1, 5000),
)
conditions = st.fixed_dictionaries(
    {},
    optional={
        "tags": st.lists(st.sampled_from(["phi", "pii", "vip"]), min_size=1),
        "difficulty": st.builds(lambda low: {"at_least": low}, st.floats(0, 1)),
        "level": st.builds(lambda low: {"at_least": str(low)}, levels),
    },
)
rules = st.lists(
    st.tuples(conditions, st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, unique=True)), min_size=1, max_size=4
)
policies = st.builds(
    lambda a, b, c, rows: policy(
        {"a": a, "b": b, "c": c}, *({"name": f"r{i}", "when": when, "use": use} for i, (when, use) in enumerate(rows))
    ),
    backends,
    backends,
    backends,
    rules,
)


def may_see(request_: Assessment, backend: BackendPolicy) -> bool:
    return isinstance(admit(request_.label, destination("it", backend)), Clearance)


@given(assessments, policies)
def test_a_plan_holds_admitted_backends_only(request_: Assessment, rules_: Policy) -> None:
    """Whatever the request and the policy, nobody is asked who may not see it."""
    plan = decide(request_, rules_, NO_FLEET)

    for name in plan.backends:
        backend = rules_.backends[name]
        assert request_.level <= backend.clearance
        assert request_.level != Level.RESTRICTED or backend.local
        assert may_see(request_, backend)


@given(assessments, policies, st.sampled_from(["a", "b", "c"]))
def test_who_may_be_consulted_is_admitted_fit_and_named(request_: Assessment, rules_: Policy, asked: str) -> None:
    """No judge's question reaches somebody who may not see the request, or whom the rule does not name."""
    judge = AcceptPolicy.model_validate({"judge": "any", "backend": asked, "backends": ["nobody", 7]})
    rules_ = rules_.model_copy(
        update={"rules": tuple(rule.model_copy(update={"accept": (judge,)}) for rule in rules_.rules)}
    )

    plan = decide(request_, rules_, NO_FLEET)

    rule = next((rule for rule in rules_.rules if rule.name == plan.rule), None)
    assert plan.consultable <= {*(rule.use if rule else ()), asked, request_.pin}
    assert all(may_see(request_, rules_.backends[name]) for name in plan.consultable)
    assert plan.consultable >= set(plan.backends)


@given(assessments, policies)
def test_whoever_may_be_asked_has_a_token_and_nobody_else_has_one(request_: Assessment, rules_: Policy) -> None:
    """There is no plan with a backend in it that `admit` did not let in for this very label."""
    plan = decide(request_, rules_, NO_FLEET)

    assert set(plan.clearances) == plan.consultable.union(plan.backends)
    assert all(token.destination.name == name for name, token in plan.clearances.items())
    assert all(token.label == request_.label for token in plan.clearances.values())


def test_a_copy_of_a_plan_asks_nobody() -> None:
    """What was admitted once is not admitted by whoever holds a copy, here or in another process."""
    plan = decide(assessment(), policy({"a": mock()}), NO_FLEET)

    copies: list[Plan] = [copy.copy(plan), copy.deepcopy(plan), pickle.loads(pickle.dumps(plan))]  # noqa: S301 - ours

    assert [one.clearances for one in copies] == [{}, {}, {}]
    assert copies == [plan] * 3
    assert set(plan.clearances) == {"a"}


def test_a_fleet_of_another_policy_lends_no_clearance() -> None:
    """A policy is decided by its own clearances, also with a fleet that was opened for a laxer one."""
    lax, strict = policy({"a": mock(local=False, clearance="confidential")}), policy({"a": mock(clearance="public")})

    plan = decide(assessment(), strict, Fleet(destinations=destinations(lax)))

    assert decide(assessment(), lax, Fleet(destinations=destinations(lax))).backends == ("a",)
    assert (plan.backends, plan.reasons["a"].code) == ((), "clearance")


def test_a_judges_backend_is_consultable_where_it_is_there_and_can_take_the_request() -> None:
    """A key of the judge names it, alone, in a list or by another name; it needs not stand in the rule's `use`."""
    backends = {"a": mock(), "b": mock(), "c": mock(), "d": mock(context_tokens=1), "e": mock(), "f": mock()}
    accept = [
        {"judge": "one", "backend": "b"},
        {"judge": "many", "backends": ["c", "d", "e"]},
        {"judge": "learned", "voices": {"small": "f"}},
    ]
    rules_ = policy(backends, {"name": "r", "use": ["a"], "accept": accept})

    plan = decide(assessment(), rules_, Fleet(unavailable={"c": "it is not there"}))

    assert plan.consultable == {"a", "b", "e", "f"}
    assert plan.backends == ("a",)


@given(assessments, policies)
def test_every_backend_has_a_reason_and_only_steps_are_in(request_: Assessment, rules_: Policy) -> None:
    """The plan says of each backend why it is in or out, and the two accounts agree."""
    plan = decide(request_, rules_, NO_FLEET)

    assert set(plan.reasons) == set(rules_.backends)
    assert {name for name, reason in plan.reasons.items() if reason.admitted} == set(plan.backends)
    assert all(reason.text for reason in plan.reasons.values())


@given(assessments, policies)
def test_the_same_request_gets_the_same_plan(request_: Assessment, rules_: Policy) -> None:
    """Deciding is pure."""
    assert decide(request_, rules_, NO_FLEET) == decide(request_, rules_, NO_FLEET)


@given(assessments, levels, backends)
def test_a_higher_level_never_admits_more(request_: Assessment, level: Level, backend: dict[str, object]) -> None:
    """Whoever may see the more private request may see the less private one."""
    one = BackendPolicy.model_validate(backend)
    low, high = sorted([request_.level, level])

    if may_see(assessment(level=high, regions=request_.regions), one):
        assert may_see(assessment(level=low, regions=request_.regions), one)


@given(assessments, policies, st.frozensets(st.sampled_from(["a", "b", "c"])))
def test_a_backend_that_is_not_there_is_not_asked(request_: Assessment, rules_: Policy, gone: frozenset[str]) -> None:
    """What is unavailable is out, and nobody else comes in for it."""
    fleet = Fleet(unavailable=dict.fromkeys(gone, "nobody listens"))

    plan = decide(request_, rules_, fleet)

    assert set(plan.backends) == set(decide(request_, rules_, NO_FLEET).backends) - gone


@pytest.mark.parametrize(
    ("when", "request_", "holds"),
    [
        ({"task": "classification"}, assessment(task="classification"), True),
        ({"task": ["a", "b"]}, assessment(task="c"), False),
        ({"kinds": "pii"}, assessment(kinds=frozenset({"pii"})), True),
        ({"kinds": "pii"}, assessment(), False),
        ({"tenant": "acme"}, assessment(tenant="acme"), True),
        ({"stakes": "high"}, assessment(stakes="normal"), False),
        ({"needs": "tools"}, assessment(needs=frozenset({Need.TOOLS})), True),
        ({"difficulty": {"at_least": 0.5, "below": 0.7}}, assessment(difficulty=0.5), True),
        ({"difficulty": {"at_least": 0.5, "below": 0.7}}, assessment(difficulty=0.7), False),
        ({"difficulty": {"at_least": 0.5}}, assessment(difficulty=None), True),
        ({"difficulty": {"below": 0.5}}, assessment(difficulty=None), False),
        ({"prompt_tokens": {"below": 100}}, assessment(prompt_tokens=100), False),
        ({"level": {"at_most": "internal"}}, assessment(level=Level.CONFIDENTIAL), False),
    ],
)
def test_a_rule_holds_when_all_its_conditions_do(when: dict[str, object], request_: Assessment, *, holds: bool) -> None:
    """Each condition reads one property of the request; an unknown difficulty counts as hard."""
    rules_ = policy({"a": mock(supports=list(Need))}, {"name": "r", "when": when, "use": "a"})

    assert (decide(request_, rules_, NO_FLEET).rule == "r") is holds


def test_only_the_last_answer_is_not_judged() -> None:
    """The last backend has nobody behind it: its answer is given."""
    rules_ = policy({"a": mock(), "b": mock()}, {"name": "r", "use": ["a", "b"], "accept": {"judge": "format"}})

    assert [step.judged for step in decide(assessment(), rules_, NO_FLEET).steps] == [True, False]


def test_the_last_answer_is_judged_where_the_rule_would_rather_refuse() -> None:
    """`unaccepted: refuse` makes the judges read every answer."""
    accept = {"accept": {"judge": "format"}, "unaccepted": "refuse"}
    rules_ = policy({"a": mock()}, {"name": "r", "use": ["a"], **accept})

    assert [step.judged for step in decide(assessment(), rules_, NO_FLEET).steps] == [True]


@pytest.mark.parametrize(
    ("backend", "request_", "code"),
    [
        (mock(clearance="internal"), assessment(level=Level.CONFIDENTIAL, level_reasons=("tag pii",)), "clearance"),
        (mock(local=False), assessment(level=Level.RESTRICTED), "clearance"),
        (mock(local=False, region="us"), assessment(regions=frozenset({"eu"})), "region"),
        (mock(refuses=["source"]), assessment(kinds=frozenset({"source"})), "kind"),
        (mock(retains=True), assessment(retain=False), "retention"),
        (mock(supports=[]), assessment(needs=frozenset({Need.IMAGES})), "needs"),
        (mock(context_tokens=5), assessment(prompt_tokens=6), "context"),
    ],
)
def test_a_reason_names_what_kept_a_backend_out(backend: dict[str, object], request_: Assessment, code: str) -> None:
    """Whoever asks why gets the first thing that closed the door."""
    plan = decide(request_, policy({"a": backend}), NO_FLEET)

    assert plan.reasons["a"].code == code
    assert plan.first is None


def test_a_request_that_no_rule_fits_is_refused_with_that_reason() -> None:
    """A policy without a last rule for everything refuses what it does not name."""
    plan = decide(assessment(), policy({"a": mock()}, {"name": "r", "when": {"task": "x"}, "use": "a"}), NO_FLEET)

    assert (plan.rule, plan.steps, plan.reasons["a"].code) == (None, (), "no_rule")


def test_the_shortest_deadline_counts() -> None:
    """The caller's, the rule's and the policy's time limits all hold."""
    rules_ = policy({"a": mock()}, {"name": "r", "use": "a", "deadline_s": 5}, deadline_s=10)

    assert decide(assessment(), rules_, NO_FLEET).deadline_s == 5
    assert decide(assessment(), rules_, NO_FLEET, deadline_s=2).deadline_s == 2


@pytest.mark.parametrize(
    ("stakes", "difficulty", "rule"),
    [("normal", 0.61, "r"), ("normal", 0.62, "hard"), ("high", 0.30, "r"), ("high", 0.31, "hard"), ("low", 1.0, "r")],
)
def test_stakes_move_the_threshold_of_a_rule(stakes: Stakes, difficulty: float, rule: str) -> None:
    """A difficulty counts as many times as an error costs."""
    plan = decide(assessment(stakes=stakes, difficulty=difficulty), BY_DIFFICULTY, NO_FLEET)

    assert plan.rule == rule


def test_what_an_error_costs_is_the_policys_to_say() -> None:
    """The factors are the policy's own."""
    dear = BY_DIFFICULTY.model_copy(update={"stakes": StakesPolicy(high=10)})

    assert decide(assessment(stakes="high", difficulty=0.062), dear, NO_FLEET).rule == "hard"


@given(st.floats(0, 1), st.sampled_from(["low", "normal", "high"]))
def test_a_counted_difficulty_is_a_share(difficulty: float, stakes: Stakes) -> None:
    """Whatever hangs on it, 1 is the hardest."""
    assert 0 <= counted(assessment(difficulty=difficulty, stakes=stakes), BY_DIFFICULTY) <= 1


def test_the_reasons_say_how_the_difficulty_was_counted() -> None:
    """Whoever asks why a hard model answers an easy text is told."""
    plan = decide(assessment(stakes="high", difficulty=0.4), BY_DIFFICULTY, NO_FLEET)

    assert plan.reasons["b"].text.endswith("; difficulty 0.40 counts as 0.80 at stakes high")
    assert "counts as" not in decide(assessment(difficulty=0.4), BY_DIFFICULTY, NO_FLEET).reasons["b"].text


def test_a_difficulty_that_no_rule_reads_is_not_told() -> None:
    """A reason names what decided."""
    plan = decide(assessment(stakes="high", difficulty=0.4), policy({"a": mock()}), NO_FLEET)

    assert "difficulty" not in plan.reasons["a"].text


@pytest.mark.parametrize(("when_unsure", "rule"), [("hard", "hard"), ("easy", "r")])
def test_an_unknown_difficulty_counts_as_the_policy_says(when_unsure: str, rule: str) -> None:
    """A classifier that fails decides nothing by itself."""
    rules_ = BY_DIFFICULTY.model_copy(update={"when_unsure": when_unsure})

    plan = decide(assessment(difficulty=None, stakes="high"), rules_, NO_FLEET)

    assert plan.rule == rule
    assert plan.reasons["a"].text.endswith(f"; the difficulty is unknown and counts as {when_unsure}")


@pytest.mark.parametrize(
    ("when_unsure", "limits", "holds"),
    [("hard", {"below": 2}, False), ("easy", {"below": 0.1}, True), ("easy", {"at_least": 0.1}, False)],
)
def test_hard_is_above_every_limit_and_easy_is_zero(
    when_unsure: str, limits: dict[str, object], *, holds: bool
) -> None:
    """An unknown difficulty lies outside what a rule means by its numbers."""
    only = {"name": "r", "when": {"difficulty": limits}, "use": "a"}

    plan = decide(assessment(difficulty=None), policy({"a": mock()}, only, when_unsure=when_unsure), NO_FLEET)

    assert (plan.rule == "r") is holds


@given(assessments, policies, st.sampled_from(["a", "b", "c", "nobody"]))
def test_a_pin_never_widens_who_may_see_a_request(request_: Assessment, rules_: Policy, pin: str) -> None:
    """Whatever the caller pins, the one who answers could have been admitted and is fit."""
    free = decide(request_, rules_, NO_FLEET)
    plan = decide(replace(request_, pin=pin), rules_, NO_FLEET)

    assert set(plan.backends) <= {pin}
    assert plan.rule == free.rule
    for name in plan.backends:
        backend = rules_.backends[name]
        assert may_see(request_, backend)
        assert request_.needs <= set(backend.supports or ())
        assert backend.context_tokens is None or request_.prompt_tokens <= backend.context_tokens
    if pin in free.backends:
        assert plan.backends == (pin,)


def test_a_pinned_backend_is_asked_alone_also_where_the_rule_does_not_use_it() -> None:
    """The caller chooses among those who may."""
    plan = decide(assessment(difficulty=0.9, pin="a"), BY_DIFFICULTY, NO_FLEET)

    assert plan.backends == ("a",)
    assert str(plan.reasons["b"]) == "out: the caller pinned 'a'"


def test_a_pinned_backend_that_may_not_see_the_request_is_out() -> None:
    """A pin is no clearance."""
    plan = decide(assessment(level=Level.RESTRICTED, pin="b"), BY_DIFFICULTY, NO_FLEET)

    assert plan.backends == ()
    assert plan.reasons["b"].code == "clearance"


def test_a_pin_opens_nothing_where_no_rule_fits() -> None:
    """What the policy refuses stays refused."""
    rules_ = policy({"a": mock()}, {"name": "r", "when": {"task": "x"}, "use": "a"})

    assert decide(assessment(pin="a"), rules_, NO_FLEET).backends == ()


def test_an_unknown_pin_refuses_with_the_nearest_name() -> None:
    """A slip of the finger is answered by nobody rather than by somebody else."""
    plan = decide(assessment(pin="lama"), policy({"llama": mock(), "frontier": mock()}), NO_FLEET)

    assert plan.backends == ()
    assert {str(reason) for reason in plan.reasons.values()} == {
        "out: the caller pinned 'lama', which this policy does not have; did you mean 'llama'?"
    }


@pytest.mark.parametrize(("unaccepted", "judged"), [("refuse", True), ("answer", False)])
def test_a_pinned_answer_is_judged_only_where_the_rule_would_rather_refuse(unaccepted: str, *, judged: bool) -> None:
    """The pinned backend is the last one."""
    rule = {"name": "r", "use": ["a", "b"], "accept": {"judge": "format"}, "unaccepted": unaccepted}

    plan = decide(assessment(pin="a"), policy({"a": mock(), "b": mock()}, rule), NO_FLEET)

    assert [step.judged for step in plan.steps] == [judged]


def stay(backend: str, *, stays: bool = True) -> Past:
    """Return the past of a conversation that a backend answers."""
    return Past(standing=Standing(backend=backend, stays=stays, told="as told"))


LADDER = policy(
    {"a": mock(), "b": mock(), "c": mock(clearance="internal", local=False)},
    {"name": "r", "use": ["a", "b", "c"], "accept": {"judge": "format"}},
)


@given(assessments, policies, st.sampled_from(["a", "b", "c", "gone"]), st.booleans(), st.booleans())
def test_the_past_never_widens_who_may_answer(
    request_: Assessment, rules_: Policy, backend: str, stays: bool, over_quota: bool
) -> None:
    """What came before changes the order, or leaves somebody out."""
    past = Past(over_quota=over_quota, standing=Standing(backend=backend, stays=stays, told="as told"))

    free, plan = decide(request_, rules_, NO_FLEET), decide(request_, rules_, NO_FLEET, past=past)

    assert set(plan.backends) <= set(free.backends)
    assert over_quota or set(plan.backends) == set(free.backends)
    assert bool(plan.backends) == bool(free.backends)
    assert {name for name, reason in plan.reasons.items() if reason.admitted} == set(plan.backends)


def test_a_conversation_stays_with_who_answers_it() -> None:
    """The plan begins there; those behind it in the rule come next, those before it last."""
    assert decide(assessment(), LADDER, NO_FLEET, past=stay("b")).backends == ("b", "c", "a")
    assert decide(assessment(), LADDER, NO_FLEET, past=stay("c")).backends == ("c", "a", "b")


def test_the_strongest_answer_is_not_judged_where_it_is_asked_first() -> None:
    """No judge sends a conversation from the last backend of a rule down to the first."""
    plan = decide(assessment(), LADDER, NO_FLEET, past=stay("c"))

    assert [(step.backend, step.judged) for step in plan.steps] == [("c", False), ("a", True), ("b", False)]


def test_the_reason_tells_why_a_conversation_stays_or_goes_back() -> None:
    """Both are said of the backend that they are about."""
    staying = decide(assessment(), LADDER, NO_FLEET, past=stay("c"))
    going = decide(assessment(), LADDER, NO_FLEET, past=stay("c", stays=False))

    assert staying.reasons["c"].text == going.reasons["c"].text == "clearance internal covers level internal; as told"
    assert going.backends == ("a", "b", "c")


def test_a_conversation_does_not_stay_with_who_may_not_see_this_turn() -> None:
    """A private turn is answered by those who may."""
    plan = decide(assessment(level=Level.RESTRICTED), LADDER, NO_FLEET, past=stay("c"))

    assert plan.backends == ("a", "b")
    assert "as told" not in plan.reasons["c"].text


def test_a_full_share_keeps_a_request_on_local_backends() -> None:
    """Who is out says why."""
    plan = decide(assessment(), LADDER, NO_FLEET, past=Past(over_quota=True))

    assert plan.backends == ("a", "b")
    assert plan.reasons["c"].code == "quota"


def test_a_request_that_no_local_backend_may_answer_leaves_all_the_same() -> None:
    """A full share bounds escalations; it refuses nobody."""
    lacking = policy(
        {"a": mock(), "c": mock(local=False, clearance="internal", supports=list(Need))},
        {"name": "r", "use": ["a", "c"]},
    )

    plan = decide(assessment(needs=frozenset({Need.IMAGES})), lacking, NO_FLEET, past=Past(over_quota=True))

    assert plan.backends == ("c",)
