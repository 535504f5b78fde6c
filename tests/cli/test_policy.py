"""`gateway policy`: faults with their place, tests with what came, the schema."""

import json
from pathlib import Path

import pytest
from support.command import Gateway, WritePolicy

from gateway import plugins
from gateway.policy.schema import json_schema

PASSING = """tests:
  - {name: health, request: {text: "Patient notes", tags: [phi]}, expect: {first: llama, never: [frontier]}}
"""
FAILING = """tests:
  - {request: {text: hi}, expect: {first: frontier, level: public, rule: regulated}}
"""


def test_a_good_policy_is_fine(gateway: Gateway, write_policy: WritePolicy) -> None:
    """One line a file, exit code 0."""
    path = write_policy()

    outcome = gateway("policy", "check", path)

    assert outcome.code == 0
    assert outcome.out.endswith(f"{path}: fine, 1 warning\n")


def test_every_fault_has_its_place(gateway: Gateway, home: Path) -> None:
    """An editor can jump to FILE:LINE:COLUMN."""
    text = "version: 1\nbackend: {}\nbackends: {a: {kind: mocc, model: m, clearance: public}}\nrules: []\n"
    (home / "broken.yaml").write_text(text)

    outcome = gateway("policy", "check", "broken.yaml")

    assert outcome.code == 1
    assert "broken.yaml:2:1: " in outcome.out
    assert "broken.yaml:3:" in outcome.out
    assert "mock" in outcome.out


def test_several_files_are_all_checked(gateway: Gateway, home: Path, write_policy: WritePolicy) -> None:
    """A broken one does not hide the next."""
    (home / "broken.yaml").write_text("version: 1\n")

    outcome = gateway("policy", "check", "--json", "broken.yaml", write_policy())

    records = json.loads(outcome.out)
    assert outcome.code == 1
    assert [bool(record["errors"]) for record in records] == [True, False]


def test_a_warning_is_said_and_is_no_failure(gateway: Gateway, home: Path, write_policy: WritePolicy) -> None:
    """What is odd is shown; exit code 0."""
    path = write_policy(more="pools: {cards: {gpus: 1, usd_per_gpu_hour: 1}}")

    outcome = gateway("policy", "check", path)

    assert outcome.code == 0
    assert "(warning)" in outcome.out


@pytest.mark.parametrize("command", ["check", "test"])
def test_a_file_that_is_not_there_exits_with_2(gateway: Gateway, command: str) -> None:
    """It could not be run, which is not a policy that fails."""
    outcome = gateway("policy", command, "nowhere.yaml")

    assert outcome.code == 2
    assert "nowhere.yaml" in outcome.err


def test_passing_tests_exit_with_0(gateway: Gateway, write_policy: WritePolicy) -> None:
    """A row says what came."""
    outcome = gateway("policy", "test", write_policy(more=PASSING))

    assert outcome.code == 0
    assert "health" in outcome.out
    assert "llama by rule regulated, level restricted" in outcome.out
    assert outcome.out.splitlines()[-1].endswith("1 passed, 0 failed")


def test_a_failing_test_shows_what_was_expected_and_what_came(gateway: Gateway, write_policy: WritePolicy) -> None:
    """Exit code 1, and every demand that was not met."""
    outcome = gateway("policy", "test", write_policy(more=FAILING))

    assert outcome.code == 1
    assert "FAIL" in outcome.out
    assert "first: expected frontier, got llama" in outcome.out
    assert "level: expected public, got internal" in outcome.out
    assert "rule: expected regulated, got default" in outcome.out


def test_test_results_are_json_for_programs(gateway: Gateway, write_policy: WritePolicy) -> None:
    """A program reads the same."""
    outcome = gateway("policy", "test", "--json", write_policy(more=FAILING))

    (record,) = json.loads(outcome.out)
    (result,) = record["tests"]
    assert (result["name"], result["passed"], result["uses"]) == ("test 1", False, ["llama", "frontier"])
    assert result["mismatches"][0] == {"what": "first", "expected": "frontier", "got": "llama"}


def test_a_policy_without_tests_says_so(gateway: Gateway, write_policy: WritePolicy) -> None:
    """Silence would read as success."""
    outcome = gateway("policy", "test", write_policy())

    assert outcome.code == 0
    assert "it has no tests" in outcome.err


def test_a_broken_policy_cannot_be_tested(gateway: Gateway, home: Path) -> None:
    """Exit code 2: the tests could not be run."""
    (home / "broken.yaml").write_text("version: 1\n")

    outcome = gateway("policy", "test", "broken.yaml")

    assert (outcome.code, outcome.out) == (2, "")


def test_the_schema_is_that_of_the_installed_kinds(gateway: Gateway) -> None:
    """An editor that checks by the schema agrees with the gateway."""
    outcome = gateway("policy", "schema")

    assert (outcome.code, json.loads(outcome.out)) == (0, json_schema(plugins.options, plugins.kinds))


def test_the_schema_is_written_to_a_file(gateway: Gateway, home: Path) -> None:
    """The file holds what would have been printed."""
    outcome = gateway("policy", "schema", "--output", "schema.json")

    assert (outcome.code, outcome.out, outcome.err) == (0, "", "written to schema.json\n")
    assert json.loads((home / "schema.json").read_text()) == json.loads(gateway("policy", "schema").out)


def test_a_schema_that_cannot_be_written_exits_with_2(gateway: Gateway) -> None:
    """The path and the reason are named."""
    outcome = gateway("policy", "schema", "--output", "no/such/folder.json")

    assert outcome.code == 2
    assert outcome.err == "error: cannot write 'no/such/folder.json': No such file or directory\n"
