"""Plain writing: what is read alike, what stays as it is, and where everything stood."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.detectors._normal import plain

ODD = st.sampled_from(
    ("\u200b", "\u00ad", "\uff11", "\u0130", "%40", "%", "\\u0041", "\\u", "&#64;", "&amp;", "&", "\u0430", "a", "\\n")
)


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "Janet\u2019s caf\u00e9",
        "\u6f22\u5b57",
        "\u0436\u043e\u0430\u043d \u043f\u043e\u0448\u0435\u043b \u0432 \u043b\u0435\u0441 2024",
        "\u03bf \u03ba\u03b1\u03b9\u03c1\u03cc\u03c2",
        "100 % of 5% & more \\ less",
        "\\d+ %s &nosuch; &#1; %07 \\ud800 \\u12",
    ],
)
def test_a_text_in_plain_writing_stays_as_it_is(text: str) -> None:
    """Accents, curly quotes, words of one script, and signs that escape nothing."""
    assert plain(text, escapes=True) == (text, ())


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("\uff14\u2011\u00a0\u0663\u0130", "4- 3I"),
        ("a\u200bb\ufeffc", "abc"),
        ("\U0001d41a\U0001d7d9\u2463\u00b2", "a142"),
        ("p\u0430ypal", "paypal"),
        ("\u0441\u043e@x", "co@x"),
        ("\u0410\u0412123456", "AB123456"),
        ("a%40b%2ec", "a@b.c"),
        ("\\u0040\\x41\\n1", "@A\n1"),
        ("&#64;&#x40;&commat;&AMP", "@@@&AMP"),
        ("\\u200b1", "\\u200b1".replace("\\u200b", "")),
        ("\\u0430b %D0", "ab %D0"),
    ],
)
def test_variants_of_a_character_are_read_as_the_plain_one(text: str, read: str) -> None:
    """Other widths, dashes, digits and scripts, and the escapes of addresses, JSON and HTML."""
    assert plain(text, escapes=True)[0] == read


@pytest.mark.parametrize(("text", "places"), [("a\u200bb%40c", [0, 2, 3, 6]), ("%41\u00ad%42", [0, 4])])
def test_every_place_is_known_in_the_text_as_it_was_given(text: str, places: list[int]) -> None:
    """Also where characters were left out and escapes were read in the same text."""
    read, steps = plain(text, escapes=True)

    back = list(range(len(read) + 1))
    for step in steps:
        back = list(map(step, back))

    assert back == [*places, len(text)]


@given(st.lists(ODD | st.characters(), max_size=30).map("".join))
def test_places_rise_and_lie_within_the_text(text: str) -> None:
    """Whatever people send."""
    read, steps = plain(text, escapes=True)

    back = list(range(len(read) + 1))
    for step in steps:
        back = list(map(step, back))

    assert len(read) <= len(text)
    assert back == sorted(set(back))
    assert back[-1] == len(text)


@given(st.text(st.characters(codec="ascii", exclude_characters="%&\\")))
def test_plain_ascii_is_not_touched(text: str) -> None:
    """The common case costs a glance."""
    assert plain(text, escapes=True) == (text, ())


def test_escapes_stay_where_they_may_mean_themselves() -> None:
    """A password may hold a percent sign; what hides letters is read all the same."""
    assert plain("p%40ss \\u0041 \uff11", escapes=False) == ("p%40ss \\u0041 1", ())
