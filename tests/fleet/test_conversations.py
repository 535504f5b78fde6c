"""What is kept of conversations that escalated, and when they go back."""

from functools import partial
from typing import Any

import pytest
from support.crews import Clock
from support.policies import assessment

from gateway.fleet.conversations import Conversations, standing
from gateway.money.prices import Price
from gateway.policy.models import ConversationPolicy
from gateway.types import Request
from gateway.wire.openai import parse_request

LIMITS = ConversationPolicy()
HARD = "Prove that the algorithm for sorting the ledger's entries by time is stable, and derive its complexity."
OTHER = "Suggest a birthday present for my grandmother who loves gardening and tulips"
STRONG = Price.per_mtok(input="1.25", cached_input="0.125", output=10).of


def turns(*texts: str, system: str | None = None, **fields: Any) -> Request:
    """Return a conversation in which user and assistant take turns, the user first."""
    roles = ("user", "assistant")
    messages = [{"role": roles[number % 2], "content": text} for number, text in enumerate(texts)]
    first = [{"role": "system", "content": system}] if system else []
    return parse_request([*first, *messages], **fields)


def kept(*requests: Request, clock: Clock | None = None, limits: ConversationPolicy = LIMITS) -> Conversations:
    """Keep that these conversations escalated."""
    conversations = Conversations(clock=clock or Clock())
    for request in requests:
        conversations.keep(request, limits, backend="frontier", prompt_tokens=4_000, answer_tokens=300)
    return conversations


def test_a_later_turn_is_known_by_its_beginning() -> None:
    """The first message names the conversation, whatever came since."""
    conversations = kept(turns("Hello", system="Be brief."))

    recalled = conversations.recall(turns("Hello", "Hi.", "And now?", system="Be brief."), LIMITS)

    assert recalled is not None
    assert recalled.backend == "frontier"


@pytest.mark.parametrize(
    "other",
    [
        turns("Hello"),
        turns("Hello!", "Hi.", "And now?"),
        turns("Hello", "Hi.", "And now?", system="Be brief."),
        turns("Hello", "Hi.", "And now?", tenant="acme"),
        turns("Hello", "Hi.", "And now?", conversation="c1"),
    ],
)
def test_another_beginning_is_another_conversation(other: Request) -> None:
    """A first turn, another message, another system prompt, another tenant, a name of the caller's."""
    assert kept(turns("Hello")).recall(other, LIMITS) is None


def test_a_callers_name_knows_a_conversation_from_its_first_turn_on() -> None:
    """Whatever it begins with, for the tenant that named it."""
    conversations = kept(turns("Hello", conversation="c1", tenant="acme"))

    assert conversations.recall(turns("Something else", conversation="c1", tenant="acme"), LIMITS) is not None
    assert conversations.recall(turns("Hello", conversation="c1", tenant="other"), LIMITS) is None
    assert conversations.recall(turns("Hello", conversation="c2", tenant="acme"), LIMITS) is None


@pytest.mark.parametrize("place", [0, 10_000, 29_999])
def test_long_beginnings_are_told_apart_at_their_ends_and_by_their_length(place: int) -> None:
    """A book with a question before or after it is known by the question."""
    book = "x" * 30_000
    changed = f"{book[:place]}y{book[place:]}"

    assert kept(turns(book)).recall(turns(changed, "Hi.", "And now?"), LIMITS) is None
    assert kept(turns(book)).recall(turns(book, "Hi.", "And now?"), LIMITS) is not None


def test_a_beginning_with_another_picture_is_another_conversation() -> None:
    """The same question about two pictures is two conversations."""

    def asked(url: str, *more: dict[str, Any]) -> Request:
        parts = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": url}}]
        return parse_request([{"role": "user", "content": parts}, *more])

    more: list[dict[str, Any]] = [{"role": "assistant", "content": "A cat."}, {"role": "user", "content": "Sure?"}]
    conversations = kept(asked("https://example.com/a.png"))

    assert conversations.recall(asked("https://example.com/a.png", *more), LIMITS) is not None
    assert conversations.recall(asked("https://example.com/b.png", *more), LIMITS) is None


def test_a_conversation_that_rested_is_forgotten() -> None:
    """After its time it begins like any other, and its place is free."""
    clock = Clock()
    conversations = kept(turns("Hello"), clock=clock)
    clock.now = LIMITS.ttl_s

    assert conversations.recall(turns("Hello", "Hi.", "And now?"), LIMITS) is None
    conversations.keep(turns("Bye"), LIMITS, backend="frontier", prompt_tokens=1, answer_tokens=None)
    assert len(conversations) == 1


def test_the_conversation_that_rested_longest_makes_room() -> None:
    """Invented conversations cannot fill the memory."""
    limits = ConversationPolicy(most=2)
    first, second, third = (turns(text) for text in ("one", "two", "three"))
    conversations = kept(first, second, first, third, limits=limits)

    assert len(conversations) == 2
    assert conversations.recall(turns("one", "Hi.", "?"), limits) is not None
    assert conversations.recall(turns("two", "Hi.", "?"), limits) is None


def test_what_is_kept_has_no_text() -> None:
    """Hashes and numbers, under a key of this process."""
    conversations = kept(turns("zebra crossing", tenant="acme"))

    assert "zebra" not in repr(conversations._kept)
    assert b"zebra" not in b"".join(conversations._kept)
    assert set(conversations._kept) != set(kept(turns("zebra crossing", tenant="acme"))._kept)


def test_a_forgotten_conversation_is_gone() -> None:
    """One that is answered locally again is like any other."""
    conversations = kept(turns("Hello"))
    conversations.forget(turns("Hello", "Hi.", "And now?"))

    assert len(conversations) == 0


def stands(
    *texts: str, tokens: int = 4_100, difficulty: float | None = 0.2, estimate: Any = STRONG
) -> tuple[bool, str]:
    """Return whether a conversation of a hard question stays, and why."""
    recalled = kept(turns(HARD)).recall(turns(HARD, "Here is the proof.", *texts), LIMITS)
    assert recalled is not None
    told = standing(
        recalled,
        turns(HARD, "Here is the proof.", *texts),
        assessment(prompt_tokens=tokens, difficulty=difficulty),
        estimate,
    )
    return told.stays, told.told


def test_a_follow_up_stays() -> None:
    """It needs no price to be reckoned."""
    assert stands("commit it", difficulty=0.0) == (True, "stays with frontier: this conversation escalated before")


def test_an_easy_new_topic_goes_back_and_says_both_amounts() -> None:
    """0.2 x (4,100 x 1,250 + 300 x 10,000) nano-USD against 4,000 x 125 + 100 x 1,250 + 300 x 10,000."""
    assert stands(OTHER) == (
        False,
        ("its topic changed, and going back pays: escalating again at 0.20 would cost $0.001625, staying $0.003625"),
    )


def test_a_new_topic_stays_where_going_back_does_not_pay() -> None:
    """A hard one would only escalate again."""
    stays, told = stands(OTHER, difficulty=0.5)

    assert stays
    assert told.endswith("its topic changed, but escalating again at 0.50 would cost $0.004062, staying $0.003625")


def test_an_unknown_difficulty_counts_as_sure_to_escalate_again() -> None:
    """A classifier that fails takes nobody back."""
    assert stands(OTHER, difficulty=None)[0]


def test_an_unknown_price_stays() -> None:
    """What staying costs must be known to be saved."""
    assert stands(OTHER, difficulty=0.0, estimate=lambda _: None) == (
        True,
        "stays with frontier: this conversation escalated before; its topic changed, its price is unknown",
    )


def test_a_shorter_prompt_than_the_last_has_no_new_tokens() -> None:
    """Callers may cut the history."""
    assert stands(OTHER, tokens=10)[0] is False


def test_a_conversation_without_a_word_of_the_user_stays() -> None:
    """Nothing was said that could be another topic."""
    silent = parse_request([{"role": "assistant", "content": "Hi."}], conversation="c1")
    recalled = kept(silent).recall(silent, LIMITS)
    assert recalled is not None

    assert partial(standing, recalled, silent, assessment())(STRONG).stays
