"""Runs the blocks of one page in their order, in one process and in an empty folder: `python -m support.page_runner`.

Policies are loaded and their tests run; a block with a title becomes a file of that name; `gateway` is called in this
process, and a `pyproject.toml` counts as installed. Ends with 1 and the place of the first block that is not as
the page says.
"""

import asyncio
import os
import sys
import tomllib
import traceback
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from unittest.mock import patch

from gateway import plugins
from gateway.cli.main import main as gateway
from gateway.errors import PolicyError
from gateway.policy.load import parse_policy
from gateway.policy_tests import run_tests
from support.pages import ROOT, Block, blocks, matches


def run(page: Path) -> str | None:
    """Run a page; the place and the fault of the first block that is wrong, None where all is well."""
    for link in ("examples", "policies"):
        Path(link).symlink_to(ROOT / link)
    for block in blocks(page):
        if not block.runs:
            continue
        out = StringIO()
        with redirect_stdout(out), redirect_stderr(out):
            fault = _run(block)
        if fault is None and block.shown is not None and not matches(block.shown, out.getvalue()):
            fault = "the output is another"
        if fault is not None:
            return f"{page}:{block.line}: {fault}\n{out.getvalue()}"
    return None


def _run(block: Block) -> str | None:
    if block.title is not None:
        Path(block.title).write_text(block.text, encoding="utf-8")
    if block.title == "pyproject.toml":
        _install(block.text)
    if block.is_policy:
        return _policy(block)
    if block.language == "python" and block.title is None:
        return _python(block)
    return next(filter(None, (_command(*command, block.exit_code) for command in block.commands)), None)


def _install(text: str) -> None:
    """Write what an installer would leave of a project whose modules lie here: its entry points."""
    project = tomllib.loads(text)["project"]
    metadata = Path(f"{project['name'].replace('-', '_')}-{project['version']}.dist-info")
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Name: {project['name']}\nVersion: {project['version']}\n")
    for group, points in project["entry-points"].items():
        lines = [f"[{group}]", *(f"{name} = {module}" for name, module in points.items())]
        (metadata / "entry_points.txt").write_text("\n".join(lines))
    plugins.look_again()


def _policy(block: Block) -> str | None:
    try:
        policy = parse_policy(block.text, environ={}, options_of=plugins.options, kinds_of=plugins.kinds)
    except PolicyError as error:
        return None if block.refused else str(error)
    if block.refused:
        return "the policy is fine"
    failed = [str(result) for result in asyncio.run(run_tests(policy)) if not result.passed]
    return f"tests of the policy fail: {failed}" if failed else None


def _python(block: Block) -> str | None:
    try:
        exec(compile(block.text, "<block>", "exec"), {"__name__": "__main__"})  # noqa: S102 - that is what it is for
    # Whatever a block dies of is the page's fault.
    except BaseException:  # noqa: BLE001
        return traceback.format_exc()
    return None


def _command(environ: dict[str, str], arguments: list[str], expected: int) -> str | None:
    with patch.dict(os.environ, environ):
        code = gateway(arguments)
    return None if code == expected else f"gateway {' '.join(arguments)}: exit code {code}, not {expected}"


if __name__ == "__main__":
    sys.exit(run(Path(sys.argv[1])))
