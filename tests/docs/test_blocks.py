"""What the pages show is what happens: every block of code, every policy and every command."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.pages import ROOT, Block, blocks, matches, pages
from support.unmeasured import unmeasured

from gateway.cli.main import COMMANDS, command

PAGES = {str(page.relative_to(ROOT)): page for page in pages()}
COMMAND_LINES = {
    f"{name}:{block.line}: {' '.join(arguments)}": arguments
    for name, page in PAGES.items()
    for block in blocks(page)
    if not block.runs
    for _, arguments in block.commands
}


def runs_something(block: Block) -> bool:
    return block.runs and (block.language == "python" or block.is_policy or bool(block.commands))


@pytest.mark.parametrize("name", [name for name, page in PAGES.items() if any(map(runs_something, blocks(page)))])
def test_a_page_does_what_it_says(name: str, tmp_path: Path) -> None:
    """Blocks run in their order, offline, in an empty folder and an empty home."""
    ours = f"{ROOT}{os.pathsep}{ROOT / 'tests'}"
    home = {"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state"), "PYTHONPATH": ours}
    kept = {key: value for key, value in unmeasured().items() if not key.startswith(("GATEWAY_", "XDG_"))}
    environ = {key: value for key, value in kept.items() if not key.endswith("_API_KEY")} | home | {"TZ": "UTC"}

    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "support.page_runner", str(PAGES[name])],
        check=False,
        cwd=tmp_path,
        env=environ,
        timeout=180,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("arguments", COMMAND_LINES.values(), ids=COMMAND_LINES.keys())
def test_a_command_that_is_only_shown_can_be_typed(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every option that a page shows is there."""
    monkeypatch.chdir(ROOT)
    found: Any = command(arguments[0]) if arguments[0] in COMMANDS else None

    rest = arguments[1:]
    if hasattr(found, "commands"):
        found, rest = found.commands.get(rest[0]), rest[1:]

    assert found is not None
    found.make_context("gateway", rest)


def test_dots_stand_for_whatever_comes() -> None:
    """Times and durations need not be foretold."""
    assert matches("a ... c\n...\nend", "a  b c\nx\ny\nend\n")
    assert not matches("a\n", "b\n")
