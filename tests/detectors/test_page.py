"""How detectors claim a text: spans of the text as it was given, no character twice, also what is in base64."""

import sys
from base64 import b64encode

import pytest

from gateway.detectors._page import Page, read
from gateway.detectors.patterns import PatternDetector


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


def look(page: Page) -> None:
    """Claim the first `strong`, the first `weak` and the first code, each as a kind of its own."""
    for word, kind in (("strong", "pii"), ("weak", "phi"), ("d2Vha", "pci")):
        start, end = page.text.find(word), page.text.find(word) + len(word)
        if start >= 0:
            page.claim(start, end, kind=kind, type=word.upper(), strength="weak" if word == "weak" else "strong")


def found(text: str) -> list[tuple[str, str]]:
    """Return type and text of what `look` finds."""
    return [(finding.type, text[finding.start : finding.end]) for finding in read(text, "me", look, escapes=True)]


def test_what_is_within_base64_is_found_as_the_whole_run() -> None:
    """The run is what would have to be replaced."""
    run = b64encode(b"this is strong and more").decode()

    assert found(f"see {run} here") == [("STRONG", run)]


def test_each_kind_within_base64_is_of_the_whole_run() -> None:
    """So that no kind is lost, and half of the run is not left when one of them is replaced."""
    run = b64encode(b"first strong, then weak, then d2Vha").decode()

    findings = read(run, "me", look, escapes=True)

    assert {finding.kind for finding in findings} == {"pii", "phi", "pci"}
    assert {(finding.start, finding.end) for finding in findings} == {(0, len(run))}


def test_a_certain_finding_of_the_letters_comes_before_a_suspicion_within_them() -> None:
    """A key that happens to be readable in base64 is a key."""
    run = b64encode(b"weak weak weak weak").decode()

    assert run.startswith("d2Vha")
    assert found(run) == [("D2VHA", "d2Vha")]


def test_a_suspicion_within_base64_is_told_where_nothing_else_is() -> None:
    """What is weak in the open is weak in base64."""
    run = b64encode(b"that is a weak one").decode()

    assert found(run) == [("WEAK", run)]


def test_base64_within_base64_is_not_read() -> None:
    """One level: a text cannot make work without end."""
    assert found(b64encode(b64encode(b"this is strong and more")).decode()) == []


@pytest.mark.parametrize(
    ("text", "type_"),
    [
        ("susan.smith14%40example.com", "EMAIL_ADDRESS"),
        ("jane\\u0040example.org", "EMAIL_ADDRESS"),
        ("jane&#64;example&period;org", "EMAIL_ADDRESS"),
        ("j\u0430ne.d\u043ee@example.com", "EMAIL_ADDRESS"),
        ("\U0001d7d2\U0001d7cf\U0001d7cf\U0001d7cf 1111 1111 1111", "CREDIT_CARD"),
        ("4111\u200b 1111\u200b 1111 1111", "CREDIT_CARD"),
        ("078%2D05%2d1120", "US_SSN"),
        (b64encode(b"078-05-1120").decode(), "US_SSN"),
        (b64encode(b"mail jane@example.org, please").decode(), "EMAIL_ADDRESS"),
    ],
)
def test_no_disguise_hides_what_has_a_shape(text: str, type_: str) -> None:
    """And the finding covers what was written, whatever stands around it."""
    text = f"see {text} here"

    (finding,) = PatternDetector().detect(text)

    assert (finding.type, finding.start, finding.end) == (type_, 4, len(text) - 5)
