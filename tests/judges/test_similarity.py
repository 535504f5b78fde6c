"""How far two answers say the same."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import hostile
from support.pace import quickest

from gateway.judges._similarity import agreement, call_agreement, similarity
from gateway.types import ToolCall

WORKED = "She sells 16 - 3 - 4 = 9 eggs a day.\nShe makes 9 * 2 = $18 every day."
CITIES = "Which is the largest?\nA) Paris\nB) London"


@pytest.mark.parametrize(
    ("bare", "text"),
    [
        ("18", WORKED),
        ("18", "Janet makes 18 dollars."),
        ("18", "I went through it twice and think that Janet makes 18 dollars"),
        ("B", "I have looked at both of them, and it is (B)"),
        ("Paris", "The capital of France is Paris."),
        ("Paris", "Paris is what they call the capital of France."),
        ("not urgent", "I would say that this ticket is not urgent"),
        ('{"a": 1}', '```json\n{"a": 1.0}\n```'),
        ("", "  \n"),
    ],
)
def test_a_bare_value_agrees_with_a_text_that_says_it(bare: str, text: str) -> None:
    """How much is said around an answer is no disagreement."""
    assert agreement(bare, text, prompt=CITIES if bare == "B" else "") == 1
    assert agreement(text, bare, prompt=CITIES if bare == "B" else "") == 1


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("18", "19"),
        ("18", f"{WORKED} #### 17"),
        ("A", "B"),
        ("positive", "negative"),
        ("Paris", "It is certainly not Paris."),
        ("Paris", "The largest of them all would be London I think"),
        ("18", ""),
        ("18", "positive"),
        ('{"a": 1}', "the object that you have asked me to give you"),
    ],
)
def test_other_values_do_not_agree(a: str, b: str) -> None:
    """Exact kinds are the same or not."""
    assert agreement(a, b) == agreement(b, a) == 0


def test_json_agrees_by_its_fields() -> None:
    """A field that one has and the other has not is a field that differs."""
    assert agreement('{"a": 1, "b": "x"}', '{"b": "X", "a": 2}') == pytest.approx(1 / 2)
    assert agreement('{"a": 1, "b": [1, 2]}', '{"a": "1", "b": [1, 3], "c": null}') == pytest.approx(2 / 4)
    assert agreement('{"a": true}', '{"a": "true"}') == 0
    assert agreement('{"a": {"b": 1}}', '{"a": 1}') == 0
    assert agreement("[]", "{}") == 0.0


def test_long_fields_share_their_words() -> None:
    """A summary need not be the same word by word."""
    a = '{"summary": "the parcel has not come since Monday morning"}'
    b = '{"summary": "the parcel has not come since Monday evening"}'

    assert 0.5 < agreement(a, b) < 1


def test_code_agrees_by_its_words() -> None:
    """Code that differs in a name is nearer than other code."""
    near = agreement("```\ndef f(x): return x + 1\n```", "```\ndef f(y): return y + 1\n```")

    assert 0.3 < near < 1
    assert near > agreement("```\ndef f(x): return x + 1\n```", "```\nprint('hello')\n```")


def test_prose_agrees_by_words_numbers_and_length() -> None:
    """A word changed is less than a number changed."""
    told = "the parcel left the house on Monday and took 3 days to come to the customer"

    word, number = told.replace("Monday", "Friday"), told.replace("3", "4")
    assert 1 > similarity(told, word) > similarity(told, number) > 0.5
    assert similarity(told, told[:40]) < similarity(told, word)
    assert similarity(told, "nobody knows what happened") == 0


@pytest.mark.parametrize(
    ("a", "b", "share"),
    [
        ("", "", 1.0),
        ("", "a", 0.0),
        ("a", "", 0.0),
        ("!", "?", 0.0),
        ("Hello, you", "hello you!", 1.0),
        ("a b", "b", 0.6),
    ],
)
def test_short_texts_have_their_share(a: str, b: str, share: float) -> None:
    """Signs and case aside."""
    assert similarity(a, b) == pytest.approx(share, abs=0.05)


def test_scripts_without_spaces_share_their_signs() -> None:
    """A sentence is not one word because its script writes it as one."""
    assert 0.5 < similarity("東京は日本の首都です", "東京は日本の都市です") < 1


def call(name: str, arguments: str) -> ToolCall:
    """Return a call."""
    return ToolCall(id="1", name=name, arguments=arguments)


def test_calls_agree_by_name_and_arguments() -> None:
    """Their order and the writing of their JSON say nothing."""
    a = [call("f", '{"x": 1, "y": "Paris"}'), call("g", "")]

    assert call_agreement([], []) == 1
    assert call_agreement(a, []) == 0
    assert call_agreement(a, [call("g", "{}"), call("f", '{"y":"paris","x":1.0}')]) == 1
    assert call_agreement(a, [call("f", '{"x": 2, "y": "Paris"}')]) == pytest.approx(0.25)
    assert call_agreement(a, [call("h", "{}")]) == 0
    assert call_agreement([call("f", "{x")], [call("f", "{x ")]) == 1
    assert call_agreement([call("f", "{x")], [call("f", "{}")]) == 0


_ANSWERS = st.one_of(
    st.text(max_size=80),
    st.lists(st.sampled_from(["18", "not", "Paris", "{", "}", '"a"', ":", "1", "(B)", "=", "###", "\n", "the"])).map(
        " ".join
    ),
)


@given(_ANSWERS, _ANSWERS, st.sampled_from(["", CITIES, "How many?"]))
def test_agreement_is_a_symmetric_share(a: str, b: str, prompt: str) -> None:
    """Who is asked first makes no difference, and an answer agrees with itself."""
    assert 0 <= agreement(a, b, prompt=prompt) <= 1
    assert agreement(a, b, prompt=prompt) == pytest.approx(agreement(b, a, prompt=prompt))
    assert agreement(a, a, prompt=prompt) == 1


@given(_ANSWERS, _ANSWERS)
def test_similarity_is_a_symmetric_share(a: str, b: str) -> None:
    """As agreement is."""
    assert 0 <= similarity(a, b) <= 1
    assert similarity(a, b) == pytest.approx(similarity(b, a))
    assert similarity(a, a) == 1


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_arguments_make_the_comparison_fail(a: str, b: str) -> None:
    """Models write what they like where JSON should be."""
    assert 0 <= call_agreement([call("f", a)], [call("f", b)]) <= 1


@pytest.mark.parametrize("size", [1_000_000, 49_000])
def test_long_texts_are_compared_in_bounded_time(size: int) -> None:
    """Nobody can keep the gateway busy with two answers."""
    for text in hostile.texts(size):
        compare = partial(agreement, text, text[1:], prompt="How many?")
        assert quickest(compare, most=1) < 1, text[:20]
