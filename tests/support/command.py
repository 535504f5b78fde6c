"""The `gateway` command for tests: how it ended, a terminal to print on, and a policy file of two scripted backends."""

import io
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from support.unmeasured import unmeasured

POLICY = """\
version: 1
baseline: openai/gpt-5-mini
backends:
  llama: {{kind: mock, model: small, clearance: {clearance}, local: true, licence: llama-3.1, {llama}}}
  frontier: {{kind: mock, model: big, clearance: internal, local: false, {frontier}}}
retries: {{attempts: 1}}
ledger: {{kind: sqlite, path: {ledger}}}
rules:
{regulated}  - {{name: default, use: [llama, frontier]{rule}}}
{more}
"""
PARTS = {
    "clearance": "restricted",
    "llama": 'answers: ["It is Paris."]',
    "frontier": 'price: {input: 1, output: 10}, answers: ["It is surely Paris."]',
    "ledger": "ledger.sqlite3",
    "regulated": "  - {name: regulated, when: {tags: [phi]}, use: [llama]}\n",
    "rule": "",
    "more": "",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a command ended."""

    code: int
    out: str
    err: str


class Gateway(Protocol):
    """Runs a command line in this process; `stdin` is what is piped in."""

    def __call__(self, *arguments: object, stdin: bytes = b"") -> Outcome: ...


class OnTerminal(Protocol):
    """Runs a command line at a terminal; `err` stays empty."""

    def __call__(self, *arguments: object, columns: int, stdin: io.TextIOWrapper | None = None) -> Outcome: ...


class WritePolicy(Protocol):
    """Writes a policy file; `parts` replace those of `PARTS`."""

    def __call__(self, name: str = "policy.yaml", **parts: str) -> Path: ...


class Terminal(io.TextIOWrapper):
    """A stream that says it is a terminal, and remembers what was written."""

    def __init__(self) -> None:
        self.written = io.BytesIO()
        super().__init__(self.written, encoding="utf-8")

    def isatty(self) -> bool:
        return True


def gateway_process(*arguments: object, stdin: bytes = b"", stdout: int = subprocess.PIPE) -> Outcome:
    """Run the command in a process of its own."""
    ended = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "gateway", *map(str, arguments)],
        check=False,
        timeout=60,
        input=stdin,
        stdout=stdout,
        stderr=subprocess.PIPE,
    )
    return Outcome(code=ended.returncode, out=(ended.stdout or b"").decode(), err=ended.stderr.decode())


def python_process(script: str, *arguments: object, stdin: bytes = b"") -> Outcome:
    """Run a script in an interpreter of its own."""
    ended = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", script, *map(str, arguments)],
        check=False,
        env=unmeasured(),
        timeout=60,
        input=stdin,
        capture_output=True,
    )
    return Outcome(code=ended.returncode, out=ended.stdout.decode(), err=ended.stderr.decode())
