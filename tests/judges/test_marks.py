"""The signs that an answer bears, whatever it says."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import hostile
from support.pace import quickest

from gateway.judges._marks import loop, marks, refuses

FINE = "The parcel left the house on Monday. It takes three days, so it will be with you on Thursday."


@pytest.mark.parametrize(
    "text",
    [
        "I can't help with that.",
        "I\u2019m sorry, but I can\u2019t assist with that request.",
        "I'm unable to provide medical advice.",
        "As an AI language model, I have no feelings.",
        "I cannot fulfill this request.",
        "Sorry. I won't do that.",
        "That goes against my guidelines.",
        "Dabei kann ich leider nicht helfen.",
        "Ich kann Ihnen dabei leider nicht weiterhelfen.",
        "Je ne peux pas vous aider avec cela.",
        "Lo siento, pero no puedo ayudar con eso.",
    ],
)
def test_a_refusal_is_seen(text: str) -> None:
    """In several words and tongues."""
    assert marks(text).refuses


@pytest.mark.parametrize(
    "text",
    ["", FINE, "I can help with that.", "You can't park here.", f"{FINE * 6} I can't help with more.", "I can't wait!"],
)
def test_an_answer_is_no_refusal(text: str) -> None:
    """What stands late in an answer, or of somebody else, refuses nothing."""
    assert not refuses(text)


def test_doubts_are_counted() -> None:
    """Each of them."""
    assert marks("I'm not sure, but it is probably Thursday. Ich bin nicht sicher.").hedges == 3
    assert marks(FINE).hedges == 0


@pytest.mark.parametrize("text", ["```python\nx = 1", '{"a": "so it goes', '["a", "b', "Like so:\n```\nx\n```\n~~~\ny"])
def test_what_is_not_closed_was_cut_off(text: str) -> None:
    """A block of code and JSON have an end."""
    assert marks(text).is_cut


@pytest.mark.parametrize("text", [FINE, "```python\nx = 1\n```", '{"a": 1}', "[1, 2]", "[1] see there", "{x} is a set"])
def test_what_is_closed_was_not_cut_off(text: str) -> None:
    """Unless the backend says that it was."""
    assert not marks(text).is_cut
    assert marks(text, finish_reason="length").is_cut


@pytest.mark.parametrize(
    ("text", "ends_open"),
    [
        (FINE, False),
        (f"{FINE} And then it is brought to the", True),
        (f"{FINE} For three reasons,", True),
        (f"{FINE}\n- one\n- two", False),
        (f"{FINE}\n| a | b", False),
        (f"{FINE} It may well be that the courier comes before noon and leaves it with a neighbour next door", True),
        ("Paris and", False),
    ],
)
def test_an_end_amid_a_sentence_is_seen(text: str, ends_open: bool) -> None:
    """A label, a list and a table need no full stop."""
    assert marks(text).ends_open is ends_open


@pytest.mark.parametrize("period", ["ha ", "the same again. ", "line\n", "x", "a long sentence that says it all. "])
def test_a_tail_that_loops_is_measured(period: str) -> None:
    """From three turns on, and from some length on."""
    assert loop(FINE + period * 200) > 0.5
    assert loop(FINE + period) == 0
    assert loop(FINE + " " * 100) == 0


def test_repeated_lines_and_phrases_are_measured() -> None:
    """Also where something stands between them."""
    lines = "\n".join(f"- the same line\n- line number {number}" for number in range(10))

    assert marks(lines).repeated == pytest.approx(0.45, abs=0.2)
    assert marks(FINE).repeated == 0


def test_an_echo_of_the_prompt_is_measured() -> None:
    """An answer that only says the question again says nothing."""
    assert marks(FINE, prompt=f"Rewrite: {FINE}").echo == 1
    assert marks(FINE, prompt="Where is my parcel?").echo < 0.2
    assert marks("", prompt=FINE).echo == 0


@pytest.mark.parametrize("text", ["", "  \n\t"])
def test_an_empty_answer_is_seen(text: str) -> None:
    """White space is none."""
    found = marks(text, prompt=FINE)

    assert found.is_empty
    assert not found.ends_open


@given(st.text(), st.text())
def test_no_text_makes_the_reading_fail(text: str, prompt: str) -> None:
    """Every share is one."""
    found = marks(text, prompt=prompt)

    assert all(0 <= share <= 1 for share in (found.loop, found.repeated, found.echo))


def test_long_texts_are_read_in_bounded_time() -> None:
    """Nobody can keep the gateway busy with an answer."""
    for text in (*hostile.texts(), *hostile.texts(49_000)):
        assert quickest(partial(marks, text, prompt=text), most=0.5) < 0.5, text[:20]
