"""Files that are written once: whole or not at all, and never in the place of another."""

import errno
from pathlib import Path

import pytest

from gateway.errors import LedgerError
from gateway.ledgers._files import fresh


def put(path: Path, text: str = "new") -> None:
    with fresh(path) as file:
        file.fresh.write_text(text)
        file.put()


def put_and_fail(path: Path) -> None:
    with fresh(path) as file:
        file.fresh.write_text("new")
        file.put()
        raise RuntimeError


def test_a_file_is_there_once_it_is_put(tmp_path: Path) -> None:
    """With its folder, and with nothing beside it."""
    put(tmp_path / "folder" / "file")

    assert [path.read_text() for path in (tmp_path / "folder").iterdir()] == ["new"]


def test_the_same_file_may_be_there_another_may_not(tmp_path: Path) -> None:
    """Neither is touched."""
    put(tmp_path / "file")
    put(tmp_path / "file")

    with pytest.raises(LedgerError, match="is there already and says something else"):
        put(tmp_path / "file", "newer")

    assert [path.read_text() for path in tmp_path.iterdir()] == ["new"]


def test_what_was_put_is_taken_back_where_the_rest_fails(tmp_path: Path) -> None:
    """But for a file that was there before."""
    for name in ("there", "new"):
        if name == "there":
            put(tmp_path / name)
        with pytest.raises(RuntimeError):
            put_and_fail(tmp_path / name)

    assert [path.name for path in tmp_path.iterdir()] == ["there"]


@pytest.mark.parametrize("number", [errno.EPERM, errno.ENOTSUP])
def test_a_file_system_without_links_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """The file is moved there."""

    def fail(*_: object) -> None:
        raise OSError(number, "no links here")

    monkeypatch.setattr(Path, "hardlink_to", fail)

    put(tmp_path / "file")

    assert [path.read_text() for path in tmp_path.iterdir()] == ["new"]


def test_a_file_that_somebody_makes_just_now_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the look and the link."""
    (tmp_path / "file").write_text("theirs")
    monkeypatch.setattr(Path, "exists", lambda _: False)

    with pytest.raises(LedgerError, match="cannot write"):
        put(tmp_path / "file")

    assert [path.read_text() for path in tmp_path.iterdir()] == ["theirs"]
