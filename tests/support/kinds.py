"""Kinds of third parties, installed for a test as a distribution with an entry point."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import pytest

from gateway import plugins


class InstallKind(Protocol):
    """Installs a kind of a socket, whose module has this code, until the test ends."""

    def __call__(self, socket: plugins.Socket, kind: str, code: str) -> None: ...


@contextmanager
def installing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InstallKind]:
    """Install kinds into a folder that is on the path; what was imported of them is forgotten at the end."""
    modules: list[str] = []

    def install(socket: plugins.Socket, kind: str, code: str) -> None:
        module = f"their_{kind}_kind"
        info = folder / f"{module}-1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1\n")
        (info / "entry_points.txt").write_text(f"[hybrid_gateway.{socket}]\n{kind} = {module}\n")
        (folder / f"{module}.py").write_text(code)
        modules.append(module)
        plugins.look_again()

    monkeypatch.syspath_prepend(str(folder))
    yield install
    for module in modules:
        sys.modules.pop(module, None)
    plugins.look_again()
