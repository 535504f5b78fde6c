"""Base64 in a text: what is readable is read, what is not is left alone."""

from base64 import b64encode, urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.detectors import _hidden
from gateway.detectors._hidden import hidden
from gateway.detectors._search import PIECE


@pytest.mark.parametrize("around", ["{}", "see {} here", "data:text/plain;base64,{}", '"{}"', "x.{}.y", "{}\n"])
@pytest.mark.parametrize(
    "said", ["a@b.example", "some text of a certain length, with numbers: 12345", "caf\u00e9 " * 40]
)
def test_readable_text_is_read(said: str, around: str) -> None:
    """Wherever it stands, with or without padding."""
    run = b64encode(said.encode()).decode()

    for written in (run, run.rstrip("=")):
        text = around.format(written)
        assert [(text[start:end], read) for start, end, read in hidden(text)] == [(written, said)]


@pytest.mark.parametrize("before", ["?data=", "CONFIG=", "--arg=", "-", "--", "blob-", "blob_", "/api/v2/file/", "a+"])
def test_readable_text_is_read_behind_what_joins_it_to_a_word(before: str) -> None:
    """In an address, in a setting, behind a flag: the signs between may belong to base64 as well."""
    run = b64encode(b"a secret of some length").decode()
    text = f"see {before}{run} here"

    assert [(text[start:end], read) for start, end, read in hidden(text)] == [(run, "a secret of some length")]


@pytest.mark.parametrize("said", ["\0jane@example.com", "a line\0of many letters, and\x1b the end of the line. " * 2])
def test_a_sign_of_no_script_hides_nothing(said: str) -> None:
    """One in twenty, or a single one."""
    assert [run.text for run in hidden(b64encode(said.encode()).decode())] == [said]


def test_the_alphabet_of_addresses_is_read() -> None:
    """`-` and `_` in the place of `+` and `/`."""
    said = "\u00fb\u00ff\u00fe ~~~ ??? >>> and so on"

    assert [read for _, _, read in hidden(urlsafe_b64encode(said.encode()).decode())] == [said]


@pytest.mark.parametrize("width", [64, 76])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_lines_of_a_mail_are_one_run(width: int, line_end: str) -> None:
    """An identifier may stand across the break of a line."""
    said = "a line of a letter, and another. " * 9
    run = b64encode(said.encode()).decode()
    text = line_end.join(run[start : start + width] for start in range(0, len(run), width))

    assert [(start, end, read) for start, end, read in hidden(f"{text}\n\nthe end")] == [(0, len(text), said)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "internationalization of responsibilities",
        "0123456789abcdef0123456789abcdef",
        "AAAAAAAAAAAAAAAAAAAAAAAA",
        b64encode(bytes(range(200))).decode(),
        b64encode(b"readable for a while, and long enough for a sample; then " + bytes([0, 255])).decode(),
        "x" * 10_000,
    ],
)
def test_what_is_not_readable_is_left_alone(text: str) -> None:
    """Words, digests, pictures."""
    assert hidden(text) == ()


def test_long_texts_are_read_to_their_end() -> None:
    """Also across the border of two pieces."""
    run = b64encode(b"a secret of some length").decode()
    text = " " * (PIECE - 7) + run + " " * PIECE + run

    assert [(start, read) for start, _, read in hidden(text)] == [
        (PIECE - 7, "a secret of some length"),
        (2 * PIECE - 7 + len(run), "a secret of some length"),
    ]


def test_work_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """After so many characters nothing more is decoded."""
    monkeypatch.setattr(_hidden, "_MOST", 40)
    run = b64encode(b"a secret of some length").decode()

    assert len(hidden(" ".join([run] * 9))) == 2


@given(st.text(max_size=60), st.text(min_size=20, max_size=60))
def test_every_run_lies_within_the_text(before: str, said: str) -> None:
    """Whatever stands around it."""
    text = before + b64encode(said.encode(errors="replace")).decode()

    assert all(0 <= start < end <= len(text) for start, end, _ in hidden(text))
