"""How detectors read a text: one way to write a character, and spans of the text as it was given."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.detectors._page import Page, plain


@pytest.mark.parametrize("text", ["plain", "Janet\u2019s caf\u00e9", "\u6f22\u5b57"])
def test_a_text_without_odd_characters_is_read_as_it_is(text: str) -> None:
    """Accents, curly quotes and other scripts are no oddities."""
    assert plain(text) == (text, None)


def test_variants_of_a_character_are_read_as_the_plain_one() -> None:
    """Full width, other dashes, spaces and digits, each one for one."""
    assert plain("\uff14\u2011\u00a0\u0663\u0130") == ("4- 3I", None)


def test_invisible_characters_vanish_and_leave_their_place() -> None:
    """Each kept character knows where it stood."""
    assert plain("a\u200bb\ufeffc") == ("abc", [0, 2, 4])


def test_a_character_belongs_to_the_first_that_claims_it() -> None:
    """A number inside an e-mail address is not found a second time."""
    page = Page("abcdef", "me")

    page.claim(2, 5, kind="pii", type="FIRST", strength="strong")
    page.claim(4, 6, kind="pii", type="SECOND", strength="strong")
    page.claim(0, 2, kind="pii", type="THIRD", strength="weak")

    assert [(finding.type, finding.start, finding.end) for finding in page.findings] == [
        ("THIRD", 0, 2),
        ("FIRST", 2, 5),
    ]


def test_a_span_covers_the_invisible_characters_inside_it() -> None:
    """What is replaced later is the text as it was given."""
    page = Page("x4\u200b2y", "me")

    page.claim(1, 3, kind="pii", type="NUMBER", strength="strong")

    assert [(finding.start, finding.end) for finding in page.findings] == [(1, 4)]


def test_small_letters_stand_where_the_letters_stood() -> None:
    """Whatever the character: words are looked for in small letters, and their place is used in the text."""
    text = "".join(chr(code) for code in range(sys.maxunicode + 1))

    page = Page(text, "me")

    assert len(page.lower) == len(page.text)


@given(st.text(st.characters() | st.sampled_from("\u200b\u00ad\uff11\u0130"), max_size=30))
def test_every_kept_character_is_found_at_its_place(text: str) -> None:
    """The places rise, and lie within the text."""
    read, places = plain(text)

    assert len(read) <= len(text)
    assert places is None or (len(places) == len(read) and list(places) == sorted(set(places)))
