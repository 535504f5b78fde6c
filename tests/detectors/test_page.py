"""How detectors read a text: one way to write a character, and spans of the text as it was given."""

import re
import sys

# The parser knows how far a pattern reaches, and has no public name; the stubs do not list it.
from re import _parser  # type: ignore[attr-defined]

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.detectors import _page, _runs, patterns
from gateway.detectors._page import REACH, Page, found, matches, plain
from gateway.detectors._shapes import RULES

SEARCHED = {
    **{f"{rule.type} {number}": rule.pattern for number, rule in enumerate(RULES)},
    **{
        name: value
        for module in (_page, _runs, patterns)
        for name, value in vars(module).items()
        if type(value) is re.Pattern
    },
}


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


@pytest.mark.parametrize("name", SEARCHED)
def test_no_pattern_looks_further_than_a_piece_goes_beyond_its_end(name: str) -> None:
    """Else a match at the border of two pieces could be missed; the margin is for what stands behind a match."""
    pattern = SEARCHED[name]

    shortest, longest = _parser.parse(pattern.pattern, pattern.flags).getwidth()

    assert (shortest > 0, longest < REACH - 50) == (True, True)


FRAGMENTS = (
    *("4111 1111 1111 1111", "a@b.org", "078-05-1120", "+1 202 555 0147", "MRN 448812", "8.8.8.8", "born 1.2.1985"),
    *(
        "GB82 WEST 1234 5698 7654 32",
        "00:1a:2b:3c:4d:5e",
        "2001:db8::ff00:42:8329",
        "call 9472 7916",
        "416 60 039 office",
    ),
    *(" ", "\n", "x", "1", "-", ".", "a@b.", "(", "\u200b", "\u00a0"),
)


@given(
    st.sampled_from(sorted(SEARCHED)),
    st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=3), max_size=12).map("".join),
    st.integers(1, 60),
)
def test_a_text_in_pieces_has_the_matches_of_the_whole(name: str, text: str, piece: int) -> None:
    """None is lost at a border, and none is found twice."""
    pattern = SEARCHED[name]

    in_pieces = [match.span() for match in matches(pattern, text, piece=piece)]

    assert in_pieces == [match.span() for match in pattern.finditer(text)]


@pytest.mark.parametrize("border", [-19, -10, -1, 0, 1])
def test_a_finding_at_the_border_of_two_pieces_is_found_once(border: int) -> None:
    """A card number that begins in one piece and ends in the next."""
    start = _page._PIECE + border
    text = " " * start + "4111 1111 1111 1111" + " " * _page._PIECE

    findings = patterns.PatternDetector().detect(text)

    assert [(finding.type, finding.start, finding.end) for finding in findings] == [("CREDIT_CARD", start, start + 19)]


@pytest.mark.parametrize("place", [0, _page._PIECE - 1, _page._PIECE, 3 * _page._PIECE])
def test_a_pattern_is_found_in_any_piece(place: int) -> None:
    """Also in the last one, and characters that vanish do so everywhere."""
    text = "a" * place + "\u200b1\u00a0"

    read, places = plain(text)

    assert found(re.compile("[0-9]"), read)
    assert (read, places) == ("a" * place + "1 ", [*range(place), place + 1, place + 2])
