"""Conversations stay as private as they were, within bounds, and no text is kept."""

from hypothesis import given
from hypothesis import strategies as st
from support.crews import Clock
from support.policies import mock, policy

from gateway.fleet.labels import ConversationLabels
from gateway.policy.models import Policy
from gateway.types import Label, Level, Request
from gateway.wire.request import parse_request

PII = Label(level=Level.CONFIDENTIAL, kinds=frozenset({"pii"}))
GONE = Label(retain=False, regions=frozenset({"eu"}))
LABELS = st.builds(
    Label,
    level=st.sampled_from(Level),
    kinds=st.frozensets(st.sampled_from(["pii", "phi", "phi_weak", "unknown"])),
    regions=st.none() | st.frozensets(st.sampled_from(["eu", "us"])),
    retain=st.booleans(),
)


def turn(conversation: str | None = "c1", tenant: str | None = "acme") -> Request:
    """Return a turn of a conversation."""
    return parse_request("a text that nobody keeps", conversation=conversation, tenant=tenant)


def ruled(**conversations: object) -> Policy:
    """Return a policy with bounds for what is remembered."""
    return policy({"llama": mock()}, conversations=conversations)


@given(st.lists(LABELS, min_size=1, max_size=4))
def test_a_conversation_covers_all_its_turns(labels: list[Label]) -> None:
    """In whatever order they came."""
    memory, rules = ConversationLabels(), ruled()

    for label in labels:
        memory.join(turn(), label, rules)

    kept = memory.recall(turn(), rules.conversations)
    assert kept is not None
    assert all(kept.covers(label) for label in labels)


def test_a_conversation_is_its_tenants() -> None:
    """Another tenant's of the same name, and the same of no tenant, know nothing of it."""
    memory, rules = ConversationLabels(), ruled()

    memory.join(turn(), PII, rules)

    others = [turn(tenant="other"), turn(tenant=None), turn("acmec1", tenant=None), turn("mec1", "ac"), turn("c2")]
    assert [memory.recall(other, rules.conversations) for other in others] == [None] * 5


def test_what_has_no_name_is_not_remembered() -> None:
    """Its earlier turns are in its messages."""
    memory, rules = ConversationLabels(), ruled()

    memory.join(turn(None), PII, rules)

    assert (len(memory), memory.recall(turn(None), rules.conversations)) == (0, None)


def test_a_conversation_that_rests_is_forgotten() -> None:
    """After the time that the policy says; every turn begins it anew."""
    clock, rules = Clock(), ruled(ttl_s=60)
    memory = ConversationLabels(clock=clock)

    memory.join(turn(), PII, rules)
    clock.now = 59
    memory.join(turn(), GONE, rules)
    clock.now = 118
    joined = memory.recall(turn(), rules.conversations)
    clock.now = 120
    memory.join(turn("c2"), PII, rules)

    assert (joined, memory.recall(turn(), rules.conversations), len(memory)) == (PII | GONE, None, 1)


def test_no_more_are_remembered_than_the_policy_says() -> None:
    """The latest stay."""
    memory, rules = ConversationLabels(), ruled(most=2)

    for number in range(5):
        memory.join(turn(f"c{number}"), PII, rules)

    assert len(memory) == 2
    assert memory.recall(turn("c4"), rules.conversations) == PII


def test_words_that_only_a_caller_knows_are_not_kept() -> None:
    """They are as many as he likes; that they are unknown is kept."""
    memory, rules = ConversationLabels(), ruled()
    label = PII | Label(kinds=frozenset({"unknown", "phi_weak", *(f"t{number}" for number in range(1_000))}))

    memory.join(turn(), label, rules)

    kept = memory.recall(turn(), rules.conversations)
    assert kept is not None
    assert set(kept.kinds) == {"pii", "phi_weak", "unknown"}


def test_a_tenant_with_many_conversations_pushes_out_no_other_tenants() -> None:
    """His own that rested longest go."""
    memory, rules = ConversationLabels(), ruled(most=4)

    for name in ("a1", "a2"):
        memory.join(turn(name, "acme"), PII, rules)
    for number in range(50):
        memory.join(turn(f"c{number}", "other"), GONE, rules)

    kept = [memory.recall(turn(name, "acme"), rules.conversations) for name in ("a1", "a2")]
    others = [number for number in range(50) if memory.recall(turn(f"c{number}", "other"), rules.conversations)]
    assert (kept, others, len(memory)) == ([PII, PII], [48, 49], 4)


def test_of_tenants_with_one_conversation_each_the_latest_stay() -> None:
    """Nobody has more than another, and the bound holds."""
    memory, rules = ConversationLabels(), ruled(most=3)

    for number in range(9):
        memory.join(turn("c1", f"tenant {number}"), PII, rules)

    kept = [number for number in range(9) if memory.recall(turn("c1", f"tenant {number}"), rules.conversations)]
    assert kept == [6, 7, 8]


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6), st.integers(0, 30)), max_size=60))
def test_nobody_loses_a_conversation_who_has_no_more_than_his_share(turns: list[tuple[int, int, int]]) -> None:
    """Whoever has come, whatever was forgotten in the meantime, and the bound always holds."""
    clock, rules = Clock(), ruled(most=10, ttl_s=60)
    memory = ConversationLabels(clock=clock)
    told: dict[tuple[int, int], float] = {}

    for tenant, conversation, pause in turns:
        clock.now += pause
        memory.join(turn(f"c{conversation}", f"t{tenant}"), PII, rules)
        told[tenant, conversation] = clock.now

    fresh = {key for key, at in told.items() if clock.now - at < 60}
    kept = {key for key in told if memory.recall(turn(f"c{key[1]}", f"t{key[0]}"), rules.conversations)}
    assert kept <= fresh
    assert len(memory) == len(kept) <= 10
    for tenant in range(5):
        # Five tenants share ten places: two are everybody's own, the latest.
        own = sorted((key for key in fresh if key[0] == tenant), key=lambda key: told[key])
        assert len([key for key in kept if key[0] == tenant]) >= min(2, len(own))
