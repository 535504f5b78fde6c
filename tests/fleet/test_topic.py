"""Whether a message is about something else, told from hashed words."""

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.fleet.topic import FEWEST_WORDS, is_another, sketch, words

PROOF = "Prove that the algorithm for sorting the ledger's entries by time is stable, and derive its complexity."
TOPIC = sketch(words(PROOF))


@pytest.mark.parametrize(
    "said",
    [
        "commit it",
        "and now?",
        "thanks",
        "",
        "ok, please go on with that",
        "Mach weiter, bitte",
        "yes, do it now!",
        "再来",
    ],
)
def test_a_short_follow_up_is_never_another_topic(said: str) -> None:
    """Who says little goes on with what was said."""
    assert not is_another(words(said), TOPIC)


def test_the_same_words_in_other_forms_are_the_same_topic() -> None:
    """Endings and cases do not count."""
    assert not is_another(words("Is your SORTING algorithms' complexity still derived for larger ledgers?"), TOPIC)


def test_other_words_are_another_topic() -> None:
    """Enough content words, of which none was said before."""
    assert is_another(words("Suggest a birthday present for my grandmother who loves gardening and tulips"), TOPIC)


def test_words_of_no_subject_do_not_count() -> None:
    """A message of them alone says nothing of a topic."""
    assert len(words("What would you have done with all of these, and why not just the other one?")) < FEWEST_WORDS


def test_a_sketch_holds_no_text_and_is_bounded() -> None:
    """However long the conversation, two kibibytes."""
    long = " ".join(f"{number:05}" for number in range(2_000))

    assert len(sketch(words(long))) == 2048
    assert b"word" not in sketch(words("wordless wordplay"))


def test_a_long_conversation_is_compared_by_a_fair_sample() -> None:
    """Words that a full sketch cannot know are left out of the comparison, not counted as new."""
    said = [f"{number:05}" for number in range(2_000)]
    topic = sketch(words(" ".join(said)))

    assert not is_another(words(" ".join(said[:200])), topic)
    assert is_another(words(" ".join(f"{number:05}" for number in range(5_000, 5_200))), topic)


def test_a_message_whose_words_the_sketch_cannot_know_is_no_other_topic() -> None:
    """Where nothing can be told, a conversation stays."""
    topic = array("I", range(512)).tobytes()

    assert not is_another(frozenset({2**31 + number for number in range(50)}), topic)


def test_two_sketches_are_one_of_both() -> None:
    """What was said in earlier turns is still the topic."""
    both = sketch(words("gardening with tulips"), TOPIC)

    assert not is_another(words("tulips gardening algorithm complexity"), both)


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_text_has_words_and_is_not_another_topic_than_itself(said: str, before: str) -> None:
    """Nothing that anybody writes breaks it."""
    assert not is_another(words(said), sketch(words(before), sketch(words(said))))
