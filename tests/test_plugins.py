"""From a `kind` to its module."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway import plugins
from gateway.errors import UnknownKindError

METADATA = "Metadata-Version: 2.1\nName: their-kind\nVersion: 1\n"


@pytest.fixture
def _third_party(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Install a distribution with a backend of its own."""
    info = tmp_path / "their_kind-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(METADATA)
    (info / "entry_points.txt").write_text("[hybrid_gateway.backends]\ntheirs = their_kind\n")
    (tmp_path / "their_kind.py").write_text("from gateway.backends.mock import Options, build\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    plugins.look_again()
    yield
    sys.modules.pop("their_kind", None)
    plugins.look_again()


def test_a_file_is_a_kind() -> None:
    """Nothing is registered by hand, and private modules are no kinds."""
    assert {"openai_http", "llamacpp", "vllm", "embedded", "hosted", "mock"} <= set(plugins.kinds("backends"))
    assert not [kind for socket in plugins.SOCKETS for kind in plugins.kinds(socket) if kind.startswith("_")]


def test_an_unknown_kind_is_refused_with_the_nearest_one() -> None:
    """A slip of the finger is named."""
    with pytest.raises(UnknownKindError, match="did you mean 'llamacpp'"):
        plugins.load("backends", "lamacpp")
    with pytest.raises(UnknownKindError, match="known: memory, postgres, sqlite"):
        plugins.load("ledgers", "zzz")


@pytest.mark.usefixtures("_third_party")
def test_a_third_party_brings_a_kind_by_entry_point() -> None:
    """Their module is loaded like ours."""
    assert "theirs" in plugins.kinds("backends")
    assert plugins.options("backends", "theirs").__name__ == "Options"
