"""Labelled rows from JSON lines: strict, located, bounded, and silent about what they say."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import RowsError
from gateway.training import rows as module
from gateway.training.rows import Row, check_learnable, fingerprint, read_rows
from gateway.wire.request import parse_request

GOOD: dict[str, Any] = {"prompt": "What is 2+2?", "weak": 1, "strong": 0.5}
SECRET = "the-secret-of-the-prompt"


def written(path: Path, *rows: object) -> Path:
    """Write rows as JSON lines; bytes go out as they are."""
    lines = [row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows]
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path


def row(*, weak: float = 1.0, strong: float = 1.0) -> Row:
    return Row(request=parse_request("hello"), weak=weak, strong=strong)


def test_a_row_has_what_its_line_says(tmp_path: Path) -> None:
    """Every key of a line arrives, numbers and OpenAI's objects among the log-probabilities alike."""
    token = {"token": "a", "logprob": -0.5, "bytes": None, "top_logprobs": []}
    line = {
        **GOOD,
        "category": "maths",
        "answers": {"weak": "4", "llama": ""},
        "weak_logprobs": [-1, token, 1e-9],
    }

    (read,) = read_rows(written(tmp_path / "rows.jsonl", line))

    assert read.request.messages[0].text == "What is 2+2?"
    assert (read.weak, read.strong, read.category) == (1.0, 0.5, "maths")
    assert read.answers == {"weak": "4", "llama": ""}
    assert read.weak_logprobs == (-1.0, -0.5, 0.0)


def test_a_conversation_is_a_prompt_too(tmp_path: Path) -> None:
    """`prompt` takes a list of messages."""
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}]

    (read,) = read_rows(written(tmp_path / "rows.jsonl", {**GOOD, "prompt": messages}))

    assert [message.role for message in read.request.messages] == ["system", "user"]


def test_null_means_left_out(tmp_path: Path) -> None:
    """A table that was exported with empty cells is read as if they were not there."""
    line = {**GOOD, "category": None, "answers": None, "weak_logprobs": None}

    (read,) = read_rows(written(tmp_path / "rows.jsonl", line))

    assert (read.category, read.answers, read.weak_logprobs) == (None, {}, None)


def test_blank_lines_are_skipped_and_still_counted(tmp_path: Path) -> None:
    """A fault behind a blank line has the number that an editor shows."""
    path = written(tmp_path / "rows.jsonl", GOOD, b"  ", {**GOOD, "weak": 2})

    with pytest.raises(RowsError, match=r"rows\.jsonl:3: `weak` is outside 0 to 1"):
        read_rows(path)


def test_standard_input_is_read_for_a_dash(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows can be piped in."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(GOOD).encode())))

    assert len(read_rows("-")) == 1


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"wek": 1}, "has the key 'wek'; did you mean 'weak'"),
        ({SECRET: 1}, "has an unknown key; known: prompt"),
        ({"weak": True}, "`weak` is a bool"),
        ({"weak": "1"}, "`weak` is a str"),
        ({"strong": None}, "`strong` is a NoneType"),
        ({"strong": -0.1}, "`strong` is outside 0 to 1"),
        ({"weak": 10**400}, "`weak` is outside 0 to 1"),
        ({"prompt": ""}, "`prompt`: the text is empty"),
        ({"prompt": []}, "`prompt`: messages is empty"),
        ({"prompt": 3}, "`prompt` is a int"),
        ({"prompt": "\ud800"}, "`prompt`: "),
        ({"category": ""}, "`category` is no text"),
        ({"category": 3}, "`category` is no text"),
        ({"answers": "4"}, "`answers` is a str"),
        ({"answers": {"llama": "4"}}, '`answers` lacks "weak"'),
        ({"answers": {"weak": "4", " ": "4"}}, "an empty name"),
        ({"answers": {"weak": 4}}, "no text that can be written as UTF-8"),
        ({"answers": {"weak": "\ud800"}}, "no text that can be written as UTF-8"),
        ({"weak_logprobs": 0.1}, "`weak_logprobs` is a float"),
        ({"weak_logprobs": [True]}, "something else than numbers up to 0"),
        ({"weak_logprobs": [0.5]}, "something else than numbers up to 0"),
        ({"weak_logprobs": [{"token": "a"}]}, "something else than numbers up to 0"),
        ({"weak_logprobs": [{"token": "a", "logprob": -1, "x": 1}]}, 'is no {"token"'),
    ],
)
def test_a_fault_of_a_row_is_named_with_its_line(tmp_path: Path, change: dict[str, Any], fault: str) -> None:
    """Whoever made the file learns the line and what is wrong with it."""
    path = written(tmp_path / "rows.jsonl", GOOD, {**GOOD, **change})

    with pytest.raises(RowsError) as caught:
        read_rows(path)

    assert len(caught.value.problems) == 1
    assert caught.value.problems[0].startswith(f"{path}:2: ")
    assert fault in caught.value.problems[0]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (b'{"prompt": "a", "weak": NaN, "strong": 1}', "holds NaN"),
        (b'{"prompt": "a", "weak": -Infinity, "strong": 1}', "holds -Infinity"),
        (b'{"prompt": "a", "weak": 1e999, "strong": 1}', "outside 0 to 1"),
        (b'{"prompt": "a", "weak": 1, "weak": 0, "strong": 1}', "has a key twice"),
        (b'{"prompt": "a"}', "lacks `weak`, `strong`"),
        (b'{"prompt": "\xff", "weak": 1, "strong": 1}', "is no UTF-8 at byte 12"),
        (b"[1]", "is a list"),
        (b'{"prompt"', "is no JSON at column 10"),
        (b"[" * 100_000, "is no JSON of a sensible depth"),
        (b'{"weak": ' + b"1" * 10_000 + b"}", "is no JSON of a sensible depth"),
    ],
)
def test_a_line_that_is_no_row_is_refused(tmp_path: Path, line: bytes, fault: str) -> None:
    """Broken text, doubled keys and numbers that are none do not get in."""
    with pytest.raises(RowsError, match=fault):
        read_rows(written(tmp_path / "rows.jsonl", line))


def test_every_fault_is_said_at_once_up_to_ten(tmp_path: Path) -> None:
    """One run shows what to mend; a file of the wrong kind does not fill the screen."""
    path = written(tmp_path / "rows.jsonl", *[{**GOOD, "weak": 2}] * 12)

    with pytest.raises(RowsError) as caught:
        read_rows(path)

    assert len(caught.value.problems) == 11
    assert "after line 10 was not read" in caught.value.problems[-1]


def test_a_huge_line_is_refused_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line without an end costs no more memory than the bound."""
    monkeypatch.setattr(module, "MOST_LINE_BYTES", 100)

    with pytest.raises(RowsError, match="longer than 100 bytes"):
        read_rows(written(tmp_path / "rows.jsonl", {**GOOD, "prompt": "a" * 200}))


def test_too_many_rows_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file without an end does not fill the memory."""
    monkeypatch.setattr(module, "MOST_ROWS", 2)

    with pytest.raises(RowsError, match="more than 2 rows"):
        read_rows(written(tmp_path / "rows.jsonl", GOOD, GOOD, GOOD))


@pytest.mark.parametrize("name", ["missing.jsonl", "."])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    """A wrong path is a fault of the call, not a trace."""
    with pytest.raises(RowsError, match="cannot be read"):
        read_rows(tmp_path / name)


def test_a_file_that_breaks_off_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fails while it is read is told like a file that is not there."""

    class Failing(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def readinto(self, _: object) -> int:
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(Failing())))

    with pytest.raises(RowsError, match="standard input:1: cannot be read: Input/output error"):
        read_rows("-")


@given(
    where=st.sampled_from(["prompt", "category", "answers", "weak_logprobs", "weak", "strong", SECRET]), data=st.data()
)
def test_no_fault_quotes_what_a_row_says(where: str, data: st.DataObject) -> None:
    """A prompt may be private: an error goes into logs."""
    wrong = data.draw(
        st.sampled_from(
            [
                [SECRET],
                {SECRET: SECRET},
                {"weak": SECRET, SECRET: 1},
                [{"role": SECRET, "content": SECRET}],
                [{"role": "user", "content": SECRET, SECRET: SECRET}],
                [{"token": SECRET, "logprob": SECRET}],
            ]
        )
    )
    text = json.dumps({**GOOD, where: wrong}).encode()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
        with pytest.raises(RowsError) as caught:
            read_rows("-")

    assert SECRET not in str(caught.value)


def test_a_row_does_not_show_its_texts() -> None:
    """Prompts and answers stay out of every repr."""
    shown = repr(Row(request=parse_request(SECRET), weak=1, strong=1, answers={"weak": SECRET}, weak_logprobs=(-1.0,)))

    assert SECRET not in shown


def test_few_rows_say_how_many_are_needed() -> None:
    """Nobody waits for a router that cannot be any good."""
    with pytest.raises(RowsError, match="49 rows are too few to learn from; at least 50"):
        check_learnable([row()] * 49)


def test_rows_of_one_kind_teach_nothing() -> None:
    """A weak model that is always right needs no router."""
    with pytest.raises(RowsError, match="`weak` is 1 in every row"):
        check_learnable([row()] * 50)


def test_rows_of_both_kinds_can_be_learned() -> None:
    """Fifty rows with both outcomes are enough to begin."""
    check_learnable([*[row()] * 49, row(weak=0.0)])


def test_rows_are_known_again_in_another_order() -> None:
    """What was learned from can be told from what was held out, also in a file that was shuffled."""
    one, two = row(), row(weak=0.0)

    assert fingerprint([one, two]) == fingerprint([two, one])
    assert fingerprint([one, two]) != fingerprint([one, one])
