"""Which ledger a command reads, and what it says where it cannot."""

from pathlib import Path

from support.command import Gateway, WritePolicy


def test_a_ledger_that_was_named_must_be_there(gateway: Gateway, home: Path) -> None:
    """A slip of the pen is no empty report."""
    outcome = gateway("ledger", "tail", "--ledger", home / "legder.sqlite3")

    assert outcome.code == 2
    assert "there is no ledger at" in outcome.err


def test_a_ledger_that_the_policy_names_may_have_to_be_begun(gateway: Gateway, write_policy: WritePolicy) -> None:
    """Before the first request a report is empty, and the file is not made."""
    outcome = gateway("ledger", "tail", "--policy", write_policy())

    assert outcome.code == 0
    assert "no entries yet in ledger.sqlite3" in outcome.err
    assert not Path("ledger.sqlite3").exists()


def test_a_ledger_in_memory_leaves_nothing_to_read(gateway: Gateway, home: Path) -> None:
    """The message says which kinds do."""
    policy = home / "policy.yaml"
    policy.write_text(
        "version: 1\nbackends: {here: {kind: mock, model: m, local: true, clearance: restricted}}\nledger: memory\n"
        "rules: [{name: all, use: [here]}]\n"
    )

    outcome = gateway("ledger", "tail", "--policy", policy)

    assert outcome.code == 2
    assert "leaves nothing to read" in outcome.err
