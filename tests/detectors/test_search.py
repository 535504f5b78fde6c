"""Searches by pieces find what a search of the whole finds."""

import re

# The parser knows how far a pattern reaches, and has no public name; the stubs do not list it.
from re import _parser  # type: ignore[attr-defined]

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.detectors import _hidden, _normal, _runs, patterns
from gateway.detectors._normal import plain
from gateway.detectors._search import PIECE, REACH, found, matches
from gateway.detectors._shapes import RULES

SEARCHED = {
    **{f"{rule.type} {number}": rule.pattern for number, rule in enumerate(RULES)},
    **{name: value for name, value in vars(patterns).items() if type(value) is re.Pattern},
    **{
        f"{module.__name__} {name}": vars(module)[name]
        for module, names in (
            (_runs, ("_RUN",)),
            (_hidden, ("_RUN",)),
            (_normal, ("_ESCAPED", "_VARIANT", "_INVISIBLE", "_TWIN", "_WORD")),
        )
        for name in names
    },
}


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
    start = PIECE + border
    text = " " * start + "4111 1111 1111 1111" + " " * PIECE

    findings = patterns.PatternDetector().detect(text)

    assert [(finding.type, finding.start, finding.end) for finding in findings] == [("CREDIT_CARD", start, start + 19)]


@pytest.mark.parametrize("place", [0, PIECE - 1, PIECE, 3 * PIECE])
def test_a_pattern_is_found_in_any_piece(place: int) -> None:
    """Also in the last one, and characters that vanish do so everywhere."""
    text = "a" * place + "\u200b1\u00a0"

    read, places = plain(text, escapes=False)

    assert found(re.compile("[0-9]"), read)
    assert read == "a" * place + "1 "
    assert [places[0](end) for end in (0, place, place + 1, place + 2)] == [
        0 if place else 1,
        place + 1,
        place + 2,
        place + 3,
    ]
