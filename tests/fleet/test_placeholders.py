"""Conversations keep their placeholders, within bounds, and no value is kept."""

import pytest
from support.crews import Clock

from gateway.fleet.placeholders import ConversationPlaceholders
from gateway.policy.models import ConversationPolicy
from gateway.redaction.placeholders import Numbering
from gateway.types import Request
from gateway.wire.request import parse_request

LIMITS = ConversationPolicy()


def turn(conversation: str | None = "c1", tenant: str | None = "acme") -> Request:
    """Return a turn of a conversation."""
    return parse_request("a text that nobody keeps", conversation=conversation, tenant=tenant)


def numbering(*values: str) -> Numbering:
    """Return names of values."""
    made = Numbering("3fa9c1")
    for value in values:
        made.name("PERSON", value)
    return made


def test_a_conversation_gets_its_names_back() -> None:
    """And nobody else does: they are its tenant's, by its name."""
    memory, names = ConversationPlaceholders(), numbering("jane")

    memory.keep(turn(), LIMITS, names)

    assert memory.recall(turn(), LIMITS) is names
    others = [turn(tenant="other"), turn(tenant=None), turn("acmec1", tenant=None), turn("c2"), turn(None)]
    assert [memory.recall(other, LIMITS) for other in others] == [None] * 5


def test_what_has_no_name_is_not_remembered() -> None:
    """A conversation without one begins anew each time."""
    memory = ConversationPlaceholders()

    memory.keep(turn(None), LIMITS, numbering("jane"))

    assert len(memory) == 0


def test_what_rests_too_long_is_forgotten() -> None:
    """Its memory goes with it, when the next one is kept."""
    clock = Clock()
    memory, limits = ConversationPlaceholders(clock=clock), ConversationPolicy(ttl_s=10)
    memory.keep(turn(), limits, numbering("jane"))

    clock.now = 10.0

    assert memory.recall(turn(), limits) is None
    memory.keep(turn("c2"), limits, numbering("bob"))
    assert len(memory) == 1


@pytest.mark.parametrize(("most", "most_values"), [(2, 100), (100, 4)])
def test_beyond_a_bound_the_one_that_rested_longest_goes(most: int, most_values: int) -> None:
    """A bound of conversations, and one of values in all of them together."""
    memory = ConversationPlaceholders(most_values=most_values)
    limits = ConversationPolicy(most=most)

    for name in ("c1", "c2", "c1", "c3"):
        memory.keep(turn(name), limits, numbering("jane", "bob"))

    assert [memory.recall(turn(name), limits) is not None for name in ("c1", "c2", "c3")] == [True, False, True]


def test_one_conversation_of_too_many_values_is_not_remembered() -> None:
    """The bound holds for it too."""
    memory = ConversationPlaceholders(most_values=1)

    memory.keep(turn(), LIMITS, numbering("jane", "bob"))

    assert len(memory) == 0


def test_no_value_is_kept() -> None:
    """Who reads the memory finds hashes."""
    names = numbering("jane.doe@example.com")

    assert "jane" not in repr(vars(names))
