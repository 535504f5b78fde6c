"""Attestations: who, when, until when; nothing from the future, nothing that was changed afterwards."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.licensing import NOON, records, said, users

from gateway.errors import LicenceError
from gateway.licences.records import NONE, _sealed, append, read, replace


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "policy.attestations.jsonl"


def test_what_is_appended_is_read_again(file: Path) -> None:
    """With all that was said, in its order."""
    one = users(until=date(2027, 11, 28), note="counted by the data team", subject="llama-3.1")
    two = said("seat", value="DE", place="register.pdf", sha256="0" * 64)

    append(file, one, now=NOON)
    kept = append(file, two, now=NOON)

    assert kept == read(file, now=NOON)
    assert kept.records == (one, two)
    assert len(file.read_text().splitlines()) == 2


def test_a_file_that_is_not_there_has_no_records(file: Path) -> None:
    """Nobody said anything yet."""
    assert read(file).records == NONE.records


def test_the_latest_counts_of_its_subject_and_day() -> None:
    """One that names no subject is about all of them."""
    first, second, other = users(1), users(2), users(3, as_of=date(2024, 9, 25))
    about = said("counsel", subject="llama-3.1"), said("counsel")
    given = records(first, second, other, *about)

    assert given.latest("mau", as_of=date(2024, 7, 23)) == second
    assert given.latest("mau") == other
    assert given.latest("counsel", subject="llama-4") == about[1]
    assert given.latest("seat") is None


@pytest.mark.parametrize(("until", "holds"), [(None, True), (NOON.date(), True), (date(2026, 11, 27), False)])
def test_a_statement_holds_until_its_last_day(until: date | None, *, holds: bool) -> None:
    """That day included."""
    assert said("seat", until=until).holds(NOON.date()) is holds


@pytest.mark.parametrize(
    ("record", "told"),
    [
        (said("seat", at=NOON + timedelta(hours=1)), "at: 2026-11-28 13:00 is in the future"),
        (users(as_of=date(2026, 11, 29)), "as_of: 2026-11-29 is in the future; wait for the day"),
        (said("seat", until=date(2026, 11, 27)), "until: 2026-11-27 is before 2026-11-28"),
        (said("mau"), "value: None is no number of users; write for instance 120000"),
        (said("mau", value="about 9"), "value: 'about 9' is no number of users"),
    ],
)
def test_what_nobody_can_say_today_is_refused(record: Any, told: str, file: Path) -> None:
    """Nothing of it is written."""
    with pytest.raises(LicenceError, match=told):
        append(file, record, now=NOON)

    assert not file.exists()


def _line(**changes: Any) -> str:
    plain = {"previous": "0" * 64, "what": "seat", "by": "legal", "at": "2026-11-28T11:00:00+00:00", "value": "DE"}
    values = {key: value for key, value in {**plain, **changes}.items() if value is not None}
    return json.dumps({**values, "seal": _sealed(values)})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("seat: DE", ":1: this is no JSON object on one line"),
        ("[1]", ":1: expected an object"),
        (_line(vaule="x"), ":1: vaule: unknown field; did you mean 'value'"),
        (_line(zzz="x"), ":1: zzz: unknown field; remove it"),
        (_line(what="mao"), ":1: what: there is no 'mao'; did you mean 'mau'"),
        (_line(by=None), ":1: by: this field is missing; say who and when"),
        (_line(by=""), ":1: by: this field is missing"),
        (_line(value=5), ":1: value: expected text"),
        (_line(at="yesterday"), ":1: at: 'yesterday' is no day"),
        (_line(until="2026-13-01"), ":1: until: '2026-13-01' is no day"),
        (_line(at="2026-11-28T11:00:00"), ":1: at: '2026-11-28T11:00:00' has no time zone"),
        (_line(at="2027-11-28T11:00:00+00:00"), ":1: at: 2027-11-28 11:00 is in the future"),
        (_line(previous="1" * 64), ":1: the line before is not the one"),
        (_line() + "\n" + _line(), ":2: the line before is not the one that this one was written after"),
    ],
)
def test_a_file_that_cannot_be_relied_on_is_an_error_with_its_line(text: str, told: str, file: Path) -> None:
    """What is wrong, where, and what would be right."""
    file.write_text(f"{text}\n")

    with pytest.raises(LicenceError, match=rf"policy\.attestations\.jsonl{told}"):
        read(file, now=NOON)


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: lines[1:],
        lambda lines: [lines[0], lines[2]],
        lambda lines: [lines[0].replace("DE", "US"), *lines[1:]],
        lambda lines: [lines[1], lines[0], lines[2]],
    ],
)
def test_a_line_that_was_changed_or_left_out_is_found(change: Callable[[list[str]], list[str]], file: Path) -> None:
    """Each line holds the hash of the one before."""
    for value in ("DE", "FR", "IT"):
        append(file, said("seat", value=value), now=NOON)
    file.write_text("\n".join(change(file.read_text().splitlines())) + "\n")

    with pytest.raises(LicenceError, match=r"lines were changed or removed|this line was changed after"):
        read(file, now=NOON)


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    """A folder is no file, and a huge one holds no attestations."""
    with pytest.raises(LicenceError, match="cannot be read: Is a directory"):
        read(tmp_path)
    huge = tmp_path / "huge"
    huge.write_bytes(b"x" * 8_000_001)
    with pytest.raises(LicenceError, match="larger than 8,000,000 bytes"):
        read(huge)
    with pytest.raises(LicenceError, match="cannot be read: embedded null"):
        read(Path("a\0b"))


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """Nothing is made by the way."""
    with pytest.raises(LicenceError, match="make it first"):
        append(tmp_path / "no" / "such.jsonl", said("seat", value="DE"), now=NOON)
    with pytest.raises(LicenceError, match="cannot write"):
        replace(tmp_path / "no" / "such.jsonl", b"")


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    """A folder stands where the file should: what was written meanwhile is taken away."""
    (tmp_path / "there" / "inside").mkdir(parents=True)

    with pytest.raises(LicenceError, match="cannot write"):
        replace(tmp_path / "there", b"text")

    assert [path.name for path in tmp_path.iterdir()] == ["there"]


def test_the_present_is_now_where_nobody_says_it(file: Path) -> None:
    """As the command writes it."""
    append(file, said("seat", value="DE", at=datetime.now(UTC)))

    assert len(read(file).records) == 1


def test_the_last_line_is_found_changed_too(file: Path) -> None:
    """No line comes after it: it has a hash of its own."""
    append(file, users(9_000), now=NOON)
    file.write_text(file.read_text().replace("9000", "1000"))

    with pytest.raises(LicenceError, match=r":1: this line was changed after it was written; restore the file"):
        read(file, now=NOON)


def test_a_line_behind_one_without_an_end_is_a_line_of_its_own(file: Path) -> None:
    """Editors take the last line's end away."""
    append(file, users(1), now=NOON)
    file.write_bytes(file.read_bytes().rstrip(b"\n"))

    assert append(file, users(2), now=NOON).records == (users(1), users(2))


@pytest.mark.parametrize(
    ("record", "told"),
    [
        (said("seat", by="", value="DE"), "by: this field is empty; say who says it"),
        (said("seat", by="legal\udcff", value="DE"), "by: this is no text that can be written"),
        (users(10**19), "value: .* is no number of users"),
    ],
)
def test_what_cannot_be_read_again_is_not_written(record: Any, told: str, file: Path) -> None:
    """The file stays as it was."""
    append(file, users(1), now=NOON)

    with pytest.raises(LicenceError, match=told):
        append(file, record, now=NOON)

    assert read(file, now=NOON).records == (users(1),)


def test_brackets_without_end_are_no_json(file: Path) -> None:
    """They are a line that is wrong, not a crash."""
    file.write_text("[" * 200_000)

    with pytest.raises(LicenceError, match=r":1: this is no JSON object"):
        read(file)


def test_what_was_said_of_another_month_hides_no_later_one() -> None:
    """Of every month's number the one of the last day counts, in whatever order they were said."""
    monthly, long_ago = users(1, as_of=date(2026, 11, 20), subject="qwen-2024"), users(2)

    assert records(monthly, long_ago).newest("mau", subject="qwen-2024") == monthly
    assert records(long_ago, monthly).newest("mau", subject="qwen-2024") == monthly
    assert records(said("mau", value="3"), monthly).newest("mau", subject="qwen-2024") == said("mau", value="3")
    assert records().newest("mau", subject="qwen-2024") is None
