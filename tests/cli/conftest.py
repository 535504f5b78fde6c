"""The command as a user types it: in this process, with an empty home and no policy but the test's own."""

import io
import re
import sys
from pathlib import Path

import pytest
from support.command import PARTS, POLICY, Gateway, OnTerminal, Outcome, Terminal, WritePolicy

from gateway.cli.main import main


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, and an environment that says nothing."""
    for name in ("GATEWAY_POLICY", "GATEWAY_LEDGER", "OPENAI_API_KEY", "NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        # Set before it is removed, so that what a command sets is undone too.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Gateway:
    """Run a command line; `stdin` is what is piped in."""

    def run(*arguments: object, stdin: bytes = b"") -> Outcome:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Outcome(code=code, out=captured.out, err=captured.err)

    return run


@pytest.fixture
def on_terminal(monkeypatch: pytest.MonkeyPatch) -> OnTerminal:
    """Run a command line at a terminal of `columns`; colours are removed from what comes."""

    def run(*arguments: object, columns: int, stdin: io.TextIOWrapper | None = None) -> Outcome:
        screen = Terminal()
        monkeypatch.setenv("COLUMNS", str(columns))
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", screen)
            patch.setattr(sys, "stdin", stdin or io.TextIOWrapper(io.BytesIO(), encoding="utf-8"))
            code = main([str(argument) for argument in arguments])
            screen.flush()
        shown = re.sub(r"\x1b\[[0-9;]*m", "", screen.written.getvalue().decode())
        return Outcome(code=code, out=shown, err="")

    return run


@pytest.fixture
def write_policy(home: Path) -> WritePolicy:
    """Write a policy of two scripted backends; keywords replace parts of it."""

    def write(name: str = "policy.yaml", **parts: str) -> Path:
        path = home / name
        path.write_text(POLICY.format(**{**PARTS, **parts}))
        return path

    return write
