"""Would the suite notice if the boundary had a hole? Each check is taken out in turn, in a copy, and the tests are run.

Every call of `admit`, of `confirm` and of `covers` in the package is found by itself, and so is every refusal that
`admit` can give.
"""

import ast
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from table import Measure

ROOT = Path(__file__).parent.parent.parent
# Who notices: the tests of the boundary, not the whole suite.
TESTS = (
    *("tests/test_clearance.py", "tests/test_decide.py", "tests/test_boundary.py", "tests/test_crowds.py"),
    *(
        "tests/test_decide_redacted.py",
        "tests/test_covering.py",
        "tests/test_redacted_routing.py",
        "tests/test_turns.py",
    ),
    *("tests/audit", "tests/test_contract.py", "tests/backends/test_mock.py", "tests/backends/test_openai_http.py"),
    *("tests/backends/test_hosted_places.py", "tests/backends/test_hosted.py", "tests/policy/test_paths.py"),
)
# Who should notice first, where that is not plain from the name.
_NEAREST = {
    "gateway/audit/proof.py": "tests/audit",
    "gateway/backends/_http.py": "tests/backends/test_openai_http.py",
    "gateway/backends/_upstream.py": "tests/backends/test_hosted_places.py",
    "gateway/backends/hosted.py": "tests/backends/test_hosted_places.py",
    "gateway/backends/mock.py": "tests/backends/test_mock.py",
    "gateway/covering.py": "tests/test_covering.py",
    "gateway/calls.py": "tests/test_redacted_routing.py",
    "gateway/fleet/memory.py": "tests/test_turns.py",
    "gateway/policy/paths.py": "tests/policy/test_paths.py",
}
_CARRIED = ("gateway", "tests", "policies", "docs", "examples", "pyproject.toml", "README.md")


@dataclass(frozen=True, slots=True)
class Mutation:
    """One hole: these characters of a file become others."""

    path: str
    line: int
    start: int
    end: int
    becomes: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


_NO_HOLE = Mutation("gateway/clearance.py", 0, 0, 0, "")


def mutations() -> Iterator[Measure]:
    """Count the holes that the suite notices."""
    holes = list(_holes())
    if _is_noticed(_NO_HOLE):
        sys.exit("the tests of the boundary fail as it is: mend them first")
    missed = [str(hole) for hole in holes if not _is_noticed(hole)]
    yield Measure(
        name="checks of the boundary whose removal the suite notices",
        reach="all",
        measured=f"{len(holes) - len(missed)} of {len(holes)}" + (f"; missed: {', '.join(missed)}" if missed else ""),
        passed=not missed and len(holes) > 0,
    )


def _holes() -> Iterator[Mutation]:
    for path in sorted((ROOT / "gateway").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
        name = str(path.relative_to(ROOT))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("admit", "confirm"):
                yield _cut(name, text, node, _without(text, node))
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "covers":
                yield _cut(name, text, node, "True")
            elif isinstance(node, ast.FunctionDef) and node.name == "_refusal" and path.name == "clearance.py":
                yield from (_cut(name, text, test, "False") for test in _conditions(node))


def _without(text: str, call: ast.Call) -> str:
    """Return what stands in for a check that lets everything through."""
    if isinstance(call.func, ast.Name) and call.func.id == "confirm":
        return "None"
    label = ast.get_source_segment(text, call.args[0])
    return f"admit(type({label})(), {', '.join(ast.get_source_segment(text, arg) or '' for arg in call.args[1:])})"


def _conditions(function: ast.FunctionDef) -> Iterator[ast.expr]:
    return (node.test for node in ast.walk(function) if isinstance(node, ast.If))


def _cut(path: str, text: str, node: ast.expr, becomes: str) -> Mutation:
    lines = text.encode().splitlines(keepends=True)

    def offset(line: int, column: int) -> int:
        return sum(map(len, lines[: line - 1])) + column

    start = offset(node.lineno, node.col_offset)
    return Mutation(path, node.lineno, start, offset(node.end_lineno or 0, node.end_col_offset or 0), becomes)


def _is_noticed(hole: Mutation) -> bool:
    with tempfile.TemporaryDirectory() as home:
        for name in _CARRIED:
            source = ROOT / name
            (shutil.copytree if source.is_dir() else shutil.copy)(source, Path(home) / name)
        target = Path(home) / hole.path
        raw = target.read_bytes()
        target.write_bytes(raw[: hole.start] + hole.becomes.encode() + raw[hole.end :])
        ended = _tested(home, _NEAREST.get(hole.path))
    # 1: a test failed; anything else says nothing about the tests.
    if ended.returncode not in (0, 1):
        sys.exit(f"{hole}: the tests could not be run\n{ended.stdout[-2000:]}")
    return ended.returncode == 1


def _tested(home: str, nearest: str | None) -> "subprocess.CompletedProcess[str]":
    options = ["-q", "-x", "-p", "no:cacheprovider", "--no-header"]
    return subprocess.run(  # noqa: S603 - our own tests
        [sys.executable, "-m", "pytest", *options, *sorted(TESTS, key=lambda name: name != nearest)],
        cwd=home,
        env={**os.environ, "PYTHONPATH": f"{home}{os.pathsep}{home}/tests"},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
