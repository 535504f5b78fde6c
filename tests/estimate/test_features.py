"""What is read of a request: neither case nor white space nor courtesy, and never for long."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import hostile
from support.pace import Watch

from gateway.estimate.features import HEAD, SHAPE_NAMES, TAIL, WORD_NAMES, Reading, read, stem, window, word_row
from gateway.types import Message, Request

QUESTION = "Which of the following is false?\nA. 2 + 2 = 4\nB. The Thames flows through Paris.\nC. Both of these"
TASKS = (
    QUESTION,
    "A farmer sold 12 eggs at $2.50 each, and 7 more for half the price.  How much did he earn?",
    "def total(rows): return sum(rows)\n\nWhy does this fail on an empty list?",
    "Kurz gesagt: was ist eine Primzahl?",
)
PLAIN = st.text(st.characters(codec="ascii", categories=("L", "N", "P", "S")), min_size=1, max_size=12)
GAPS = st.sampled_from((" ", "\n"))
# What a reader may take for 1 MB: far above what it takes, far below what a careless one would.
MOST_CPU_S = 0.5


def of(text: str) -> Reading:
    """Read a text as the one message of a user."""
    return read(request_of(text))


def request_of(text: str) -> Request:
    """Make a request of any text, also of one that callers are refused for."""
    return Request(messages=(Message(role="user", content=text),))


@st.composite
def spaced(draw: st.DrawFn) -> list[str]:
    """Make words with a gap between each two, as a list that begins and ends with a word."""
    words = draw(st.lists(PLAIN, min_size=1, max_size=40))
    pieces = [words[0]]
    for word in words[1:]:
        pieces += [draw(GAPS), word]
    return pieces


@given(spaced())
def test_case_says_nothing(pieces: list[str]) -> None:
    """A question in capitals is the same question."""
    text = "".join(pieces)

    assert of(text.upper()) == of(text.lower()) == of(text)


@given(spaced(), st.sampled_from(("  ", "\t", " \t ")), st.sampled_from(("\n\n", " \n", "\n \n\n")))
def test_runs_of_white_space_say_nothing(pieces: list[str], space: str, line: str) -> None:
    """Whoever double-spaces or leaves lines empty asks the same."""
    wide = "".join({" ": space, "\n": line}.get(piece, piece) for piece in pieces)

    assert of(f"\n {wide} \n") == of("".join(pieces))


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize(
    "courteous",
    [
        "Please, {}",
        "Hi there, {}",
        "Hello! Could you please tell me: {}",
        "Quick question: {}",
        "{}\nThanks in advance!",
        "{} Thank you very much.",
        "{}\nLet's think step by step.",
        "{} Take a deep breath.",
        "{}\n\nKind regards",
    ],
)
def test_courtesy_and_coaxing_say_nothing(task: str, courteous: str) -> None:
    """A polite request is as hard as a curt one."""
    assert of(courteous.format(task)) == of(task)


@pytest.mark.parametrize("text", ["please", "Thanks!", "hello", "thank you so much, cheers"])
def test_courtesy_alone_is_read(text: str) -> None:
    """A greeting is a request too, if an easy one."""
    assert of(text).stem_words


@given(st.text(max_size=300))
def test_every_text_is_read_into_as_many_finite_numbers(text: str) -> None:
    """No text is too strange to be read."""
    reading = of(text)

    assert len(reading.shape) == len(SHAPE_NAMES)
    assert all(abs(number) < float("inf") for number in reading.shape)


@given(st.text(st.characters(categories=("Cs", "Cn", "Mn", "Lo", "Nd")), max_size=60))
def test_halves_of_characters_and_foreign_digits_are_read(text: str) -> None:
    """What no encoding holds must not stop a request."""
    assert len(of(text).shape) == len(SHAPE_NAMES)


def test_words_are_distinct_and_those_of_options_stand_apart() -> None:
    """What only the options say is told from what is asked."""
    reading = of("Which river is the river of Paris?\nA. the Seine\nB. the Thames")

    assert reading.stem_words == ("which", "river", "is", "the", "of", "paris")
    assert set(reading.other_words) >= {"seine", "thames"}
    assert "the" not in reading.other_words


def test_what_others_wrote_does_not_make_a_request_look_hard() -> None:
    """A tool's page or an earlier answer is not the user's doing."""
    asked = Message(role="user", content="What does it say?")
    short, long = ("ok", "Prove the theorem. " * 50)

    readings = [
        read(Request(messages=(asked, Message(role=role, content=text), asked)))
        for text in (short, long)
        for role in ("assistant", "tool")
    ]

    assert len(set(readings)) == 1


def test_a_long_text_is_read_at_its_two_ends() -> None:
    """The task stands before or after the material, so the middle says nothing."""
    ends = "a" * HEAD, "b" * TAIL

    assert of("c".join(ends)) == of(("d" * 1_000_000).join(ends))
    assert len(window("x" * 1_000_000)) <= HEAD + TAIL + 1


HOSTILE: tuple[Callable[[], str], ...] = (
    lambda: "thanks " * 200_000,
    lambda: "please, " * 150_000,
    lambda: "A. one\n" * 150_000,
    lambda: "\n" * 1_000_000,
    lambda: " \n" * 500_000,
    lambda: "\u00e9\u0130\u1e9e" * 300_000,
    lambda: "9" * 1_000_000,
    lambda: "1,1." * 250_000,
    lambda: "many thanks" + " " * 1_000_000,
)


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_a_megabyte_that_repeats_a_trap_is_read_at_once(number: int) -> None:
    """No text makes the reader wait."""
    request = request_of(HOSTILE[number]())

    assert seconds(request) < MOST_CPU_S


COURTESIES = ("thanks", "thank you", "please", "cheers", "kind regards", "please think step by step", "could you", "hi")


@pytest.mark.parametrize("courtesy", COURTESIES)
@pytest.mark.parametrize("gap", ["!!! ", "...", "! ", " ", ""])
def test_courtesy_without_an_end_is_read_at_once(courtesy: str, gap: str) -> None:
    """Thanks upon thanks that end in something else can be taken apart in one way alone."""
    for count in (10, 30, 1_000):
        assert seconds(request_of((courtesy + gap) * count + "x")) < MOST_CPU_S


def test_texts_that_careless_readers_choke_on_are_read_at_once() -> None:
    """A reader's cost is bounded, whatever is repeated."""
    slowest = max(seconds(request_of(text)) for text in hostile.texts())

    assert slowest < MOST_CPU_S


def test_many_messages_cost_as_much_as_one_text() -> None:
    """A conversation of a hundred thousand turns is no way around the bound."""
    request = Request(messages=tuple(Message(role="user", content="hello") for _ in range(100_000)))

    assert seconds(request) < MOST_CPU_S


def seconds(request: Request) -> float:
    """Return the CPU time of reading a request: that of the clock is the machine's."""
    watch = Watch()
    read(request)
    return watch.seconds()


@pytest.mark.parametrize(
    ("inflected", "same"), [("studies", "study"), ("walked", "walk"), ("walking", "walk"), ("cats", "cat")]
)
def test_inflections_share_a_stem(inflected: str, same: str) -> None:
    """What is known of a word is known of its plural."""
    assert stem(inflected) == stem(same)


@pytest.mark.parametrize("word", ["is", "as", "ing", "class", "bed"])
def test_short_words_keep_their_endings(word: str) -> None:
    """An ending that is half of the word is none."""
    assert stem(word) == word


@given(PLAIN)
def test_every_word_is_described_by_as_many_numbers(word: str) -> None:
    """A word that no class holds is described too."""
    assert len(word_row(word)) == len(WORD_NAMES)
