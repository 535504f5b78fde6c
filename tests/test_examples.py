"""The examples run offline and say what their pages promise."""

import subprocess
import sys
from pathlib import Path

import pytest
from support.unmeasured import unmeasured

ROOT = Path(__file__).parent.parent
EXAMPLES = sorted((*(ROOT / "examples").glob("*.py"), ROOT / "examples" / "last_month" / "what_if.py"))


def run(*arguments: str) -> str:
    """Run our interpreter in the repository's root and return what it printed; it must end well."""
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, *arguments],
        check=False,
        cwd=ROOT,
        env=unmeasured(),
        timeout=60,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_first_answer_is_local_and_the_second_is_escalated() -> None:
    """What the local model is sure of costs nothing; what it is not sure of goes to the closed one."""
    first, second = run("examples/first_answer.py").splitlines()

    assert "[asked llama; cost $0.000000" in first
    assert "[asked llama then frontier;" in second


def test_a_private_stream_stays_local_and_is_on_the_books() -> None:
    """The tag decides who may see the request, and the ledger has it once."""
    answer, entry = run("examples/stream_and_feedback.py").splitlines()

    assert answer == "Your parcel is with the carrier."
    assert entry == "answered by llama, level restricted, streamed: True"


def test_a_policy_can_be_tested_with_scripted_backends() -> None:
    """The test that users copy passes."""
    said = run("-m", "pytest", "-q", "--no-cov", "-p", "no:cacheprovider", "examples/test_your_policy.py")

    assert "1 passed" in said


def test_a_made_up_month_is_imported_and_compared() -> None:
    """What it cost, and what a small model before the one of today would have cost."""
    said = run("examples/last_month/what_if.py")

    assert "rows      24 read, 23 requests" in said
    assert "compared  22 of 23 requests (95.7%)" in said
    assert "rejected  rule tickets: 10.0% of judged answers, given" in said


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_an_example_is_read_in_a_minute(example: Path) -> None:
    """Forty lines are the most that is read before it is copied."""
    assert len(example.read_text(encoding="utf-8").splitlines()) < 40


def test_five_million_tickets_at_the_prices_of_then_and_now() -> None:
    """$8,000 against two cards at $2,000 in 2025; today's models and managed hosts stand beside it."""
    header, then, *now = run("examples/five_million_tickets/compare.py").split("\n\n")[-1].splitlines()

    assert "net, two cards" in header
    assert then.startswith("2025-08")
    assert "$8,000" in then
    assert "$6,000 (75.0%)" in then
    assert len(now) == 7
