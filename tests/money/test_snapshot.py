"""A price list as a file: read whole or refused, written whole or not at all."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import PriceFileError
from gateway.money import prices
from gateway.money.snapshot import FORMAT, MOST_BYTES, Snapshot, digest, load, read, save

ROWS: dict[str, Any] = {
    "a/b": {"input": 1, "output": 2, "source": "one"},
    "a/b-2026": {"as": "a/b", "ends": "2027-01-01", "source": "one"},
    "c/d": {"input": 3, "output": 4, "source": "two"},
}

WRONG = json.dumps({"format": FORMAT, "date": "2026-11-23", "models": 7, "sources": {}, "left_out": {}})


@pytest.fixture
def snapshot() -> Snapshot:
    return Snapshot(
        date=date(2026, 11, 23), rows=ROWS, sources={"one": "one 1.0", "two": "two 2.0"}, left_out={"x/y": "odd"}
    )


def test_what_is_written_is_read_again(snapshot: Snapshot, tmp_path: Path) -> None:
    """Rows, sources, and what was left out."""
    save(snapshot, tmp_path / "prices.json")

    found = load(tmp_path / "prices.json")

    assert found == snapshot
    assert [path.name for path in tmp_path.iterdir()] == ["prices.json"]


def test_another_name_of_a_model_has_its_row_and_its_own_end(snapshot: Snapshot) -> None:
    """What it says itself stands before what it is another name of."""
    assert snapshot.row("a/b-2026") == {"input": 1, "output": 2, "as": "a/b", "ends": "2027-01-01", "source": "one"}
    assert snapshot.row("nobody") is None


def test_the_packaged_list_is_written_as_this_code_writes_it() -> None:
    """So that its version can be reckoned from its content, and a rebuild changes what changed alone."""
    assert digest(prices.packaged().text()) == prices.load().version.rpartition("-")[2]
    assert prices.load().version == prices.packaged().version


@pytest.mark.parametrize(
    "text", ["", "no json", "[]", "{}", '{"format": 7}', "[" * 100_000, json.dumps({"format": FORMAT}), WRONG]
)
def test_what_is_no_price_list_is_refused(text: str) -> None:
    """With the command that writes one."""
    with pytest.raises(PriceFileError, match="gateway prices update"):
        read(text, name="odd.json")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"as": "nobody"}, "another name of 'nobody', which is not in the list"),
        ({"input": -1, "output": 1}, "cannot be read"),
        ({"batch": {"input": 1, "output": 1}}, "without a price"),
    ],
)
def test_a_list_with_a_row_that_is_none_is_refused(snapshot: Snapshot, tmp_path: Path, row: Any, said: str) -> None:
    """By the name of the model: a corrupt list is not used in part."""
    broken = Snapshot(date=snapshot.date, rows={**ROWS, "bad/one": {**row, "source": "one"}}, sources=snapshot.sources)
    save(broken, tmp_path / "prices.json")

    with pytest.raises(PriceFileError) as refusal:
        load(tmp_path / "prices.json")

    assert str(refusal.value).startswith(f"{tmp_path / 'prices.json'}: bad/one: {said}")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """With the reason."""
    huge = tmp_path / "huge.json"
    huge.write_bytes(b" " * (MOST_BYTES + 1))

    with pytest.raises(PriceFileError, match="no such file"):
        load(tmp_path / "none.json")
    with pytest.raises(PriceFileError, match="no path"):
        load(Path("a\0b"))
    with pytest.raises(PriceFileError, match="this is no price list"):
        load(huge)


def test_what_cannot_be_written_leaves_what_was_there(snapshot: Snapshot, tmp_path: Path) -> None:
    """The place is named, and nothing half written stays."""
    with pytest.raises(PriceFileError, match="cannot be written"):
        save(snapshot, tmp_path / "none" / "prices.json")
    (tmp_path / "folder.json").mkdir()
    with pytest.raises(PriceFileError, match="cannot be written"):
        save(snapshot, tmp_path / "folder.json")

    assert [path.name for path in tmp_path.iterdir()] == ["folder.json"]
