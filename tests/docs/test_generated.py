"""The reference pages are what the code says."""

import subprocess
import sys
from pathlib import Path

from support.unmeasured import unmeasured

ROOT = Path(__file__).parent.parent.parent


def test_the_reference_is_what_the_code_says() -> None:
    """Policy, command and errors are described by their own models, helps and docstrings."""
    done = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"],
        check=False,
        cwd=ROOT,
        env=unmeasured(),
        timeout=60,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr


def test_every_key_of_a_policy_is_described() -> None:
    """A key without a meaning is a key that nobody finds."""
    page = (ROOT / "docs" / "policy.md").read_text(encoding="utf-8")
    keys, _, _ = page.partition("## Kinds of backend")

    assert [line for line in keys.splitlines() if line.endswith("|  |")] == []
