"""Files of rows: read piece by piece, each row with its line, and no further than can be trusted."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import RowsError
from gateway.history import files
from gateway.history.files import opened

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.lists(st.dictionaries(st.text(max_size=3), JSON, max_size=3), max_size=6)


def values(path: Path) -> list[object]:
    with opened(path) as source:
        return [value for _, value in source.values()]


@given(objects=OBJECTS, as_list=st.booleans(), chunk=st.integers(1, 40), indent=st.none() | st.just(1))
def test_rows_are_read_however_the_file_is_laid_out(
    tmp_path_factory: pytest.TempPathFactory,
    objects: list[object],
    as_list: bool,
    chunk: int,
    indent: int | None,
) -> None:
    """One after another or in a list, on one line or on many, wherever a piece of the file ends."""
    path = tmp_path_factory.getbasetemp() / "rows.json"
    lines = "\n".join(json.dumps(one, indent=indent) for one in objects)
    path.write_text(json.dumps(objects, indent=indent) if as_list else lines)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "_CHUNK", chunk)
        assert values(path) == objects


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"a": 1}\n{"a": \n', "rows:3: is no JSON"),
        ('{"a": 1}\n\n{"a": x}', "rows:3: is no JSON: Expecting value"),
        ('[{"a": 1},\n', "rows:2: the list has no end"),
        ('[{"a": 1}]\n{}', "rows:2: is no JSON where the next row should be"),
        ('{"a": 1}]', "rows:1: is no JSON where the next row should be"),
        ('{"a": NaN}', "rows:1: holds NaN"),
        ("[" * 100_000, "rows:1: is no JSON of a sensible depth"),
    ],
)
def test_what_is_no_json_is_refused_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    """The line is where the user looks."""
    (tmp_path / "rows").write_text(text)

    with pytest.raises(RowsError) as refused:
        values(tmp_path / "rows")

    assert told in str(refused.value)


def test_a_value_that_never_ends_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The memory of a machine is not the bound."""
    monkeypatch.setattr(files, "MOST_VALUE", 100)
    monkeypatch.setattr(files, "_CHUNK", 50)
    (tmp_path / "rows").write_text('{"a": "' + "x" * 10_000)

    with pytest.raises(RowsError, match="rows:1: is no JSON"):
        values(tmp_path / "rows")


def test_lines_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row of ours is short; empty lines are none."""
    monkeypatch.setattr(files, "MOST_LINE", 20)
    (tmp_path / "rows").write_text("\n{}\n" + "x" * 100)

    with opened(tmp_path / "rows") as source:
        lines = source.lines()
        assert next(lines) == (2, "{}\n")
        with pytest.raises(RowsError, match="rows:3: the line is longer than 20"):
            next(lines)


def test_other_encodings_are_refused(tmp_path: Path) -> None:
    """A byte that is no UTF-8 is told with where it stands, about."""
    (tmp_path / "rows").write_bytes(b'{}\n{"a": "\xff"}\n')

    with pytest.raises(RowsError, match="rows:1: is no UTF-8; convert the file first, in it or after it"):
        values(tmp_path / "rows")
    with opened(tmp_path / "rows") as source, pytest.raises(RowsError, match="rows:1: is no UTF-8"):
        list(source.lines())
    with opened(tmp_path / "rows") as source, pytest.raises(RowsError, match="rows:1: is no UTF-8"):
        list(source.rows())


def test_a_mark_of_the_byte_order_is_no_part_of_it(tmp_path: Path) -> None:
    """Some programs begin every file so."""
    (tmp_path / "rows").write_bytes(b"\xef\xbb\xbf{}")

    assert values(tmp_path / "rows") == [{}]


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    """A folder, a name that is nowhere, and what can be read only once."""
    with pytest.raises(RowsError, match="cannot be read: is a directory"), opened(tmp_path):
        pass
    with pytest.raises(RowsError, match="cannot be read: no such file"), opened(tmp_path / "none"):
        pass
    with pytest.raises(RowsError, match="is no plain file"), opened(Path("/dev/null")):
        pass


def test_a_file_that_changes_meanwhile_is_noticed(tmp_path: Path) -> None:
    """What was checked is what is imported."""
    path = tmp_path / "rows"
    path.write_text("{}")

    with opened(path) as source:
        source.check_unchanged()
        path.write_text("{}{}")
        with pytest.raises(RowsError, match="it was changed while it was read"):
            source.check_unchanged()
