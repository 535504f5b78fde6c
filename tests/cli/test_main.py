"""The edge of the command: help, versions, exit codes, and no traceback for a user's mistake."""

import io
import os
import re
import sys
from pathlib import Path

import pytest
from support.command import Gateway, WritePolicy, gateway_process, python_process

import gateway as package
from gateway.cli import main as edge
from gateway.cli.console import INTERRUPTED, UNREAD
from gateway.cli.main import COMMANDS, command, main, run


def test_help_lists_every_command(gateway: Gateway) -> None:
    """A new user sees what there is, and an example to start from."""
    outcome = gateway("--help")

    assert outcome.code == 0
    assert "Example: gateway route" in outcome.out
    assert all(
        re.search(rf"^  {name} +{re.escape(text)}$", outcome.out, re.MULTILINE) for name, text in COMMANDS.items()
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_listed_under_the_first_line_of_its_own_help(name: str) -> None:
    """The list does not promise what the command does not say."""
    own = command(name).help

    assert own.splitlines()[0] == COMMANDS[name]


@pytest.mark.parametrize(
    "words",
    [
        "route",
        "explain",
        "classify",
        "doctor",
        "savings",
        "ledger tail",
        "policy check",
        "policy test",
        "policy schema",
    ],
)
def test_every_command_explains_itself_with_an_example(gateway: Gateway, words: str) -> None:
    """`--help` shows how to call it."""
    outcome = gateway(*words.split(), "--help")

    assert outcome.code == 0
    assert f"Example: gateway {words}" in outcome.out


def test_no_arguments_show_the_help(gateway: Gateway) -> None:
    """Typing the bare name is no accident to be punished with an error alone."""
    outcome = gateway()

    assert "Commands:" in outcome.out + outcome.err


def test_the_version_is_printed(gateway: Gateway) -> None:
    """`gateway --version` names the distribution."""
    outcome = gateway("--version")

    assert (outcome.code, outcome.out) == (0, f"hybrid-gateway {package.__version__}\n")


@pytest.mark.parametrize(
    "arguments", [["rout"], ["route", "--tagg", "pii"], ["ledger", "tail", "-n", "many"], ["policy"]]
)
def test_a_wrong_command_line_exits_with_2(gateway: Gateway, arguments: list[str]) -> None:
    """What could not be run is told apart from an answer that is no."""
    outcome = gateway(*arguments)

    assert outcome.code == 2
    assert "Traceback" not in outcome.err


def test_no_color_is_said_to_everybody_who_prints(gateway: Gateway) -> None:
    """The option does what the variable NO_COLOR does."""
    gateway("--no-color", "policy", "schema", "--output", "schema.json")

    assert os.environ["NO_COLOR"] == "1"


def test_a_fault_of_ours_is_logged_and_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """The trace goes to the log, the user gets one line and exit code 2."""

    def broken() -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(edge, "_root", broken)

    code = main([])

    assert code == 2
    assert "please report it" in capsys.readouterr().err
    assert caplog.records[-1].exc_info is not None


def test_run_exits_with_the_code_of_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """The entry point of the package ends the process."""
    monkeypatch.setattr(sys, "argv", ["gateway", "--version"])

    with pytest.raises(SystemExit) as end:
        run()

    assert end.value.code == 0


def test_ctrl_c_ends_quietly(gateway: Gateway, monkeypatch: pytest.MonkeyPatch, write_policy: WritePolicy) -> None:
    """An interrupted command says nothing and exits as a shell expects."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("gateway.cli.classify._pieces", interrupted)

    outcome = gateway("classify", "--policy", write_policy())

    assert (outcome.code, outcome.out, outcome.err) == (INTERRUPTED, "", "")


def test_a_reader_that_leaves_ends_the_command_quietly() -> None:
    """`gateway policy schema | head -1` shows no complaint about a broken pipe."""
    reading, writing = os.pipe()
    os.close(reading)

    outcome = gateway_process("policy", "schema", stdout=writing)

    os.close(writing)
    assert (outcome.code, outcome.err) == (UNREAD, "")


def test_help_loads_nothing_heavy() -> None:
    """`gateway --help` is there at once: no router, no pydantic, no HTTP client, no provider's library."""
    script = (
        "import sys; from gateway.cli.main import main; main(['--help']);"
        "heavy = {'gateway.router', 'pydantic', 'aiohttp', 'httpx', 'litellm', 'yaml'} & sys.modules.keys();"
        "sys.exit(', '.join(heavy) or 0)"
    )

    outcome = python_process(script)

    assert (outcome.code, outcome.err) == (0, "")


def test_a_program_may_catch_the_output(monkeypatch: pytest.MonkeyPatch) -> None:
    """Standard output need not be a file."""
    screen = io.StringIO()
    monkeypatch.setattr(sys, "stdout", screen)

    code = main(["--version"])

    assert (code, screen.getvalue()) == (0, f"hybrid-gateway {package.__version__}\n")


def test_an_output_that_is_full_is_said_in_one_line() -> None:
    """A full disk is no fault of ours, and no trace."""
    with Path("/dev/full").open("wb") as full:
        outcome = gateway_process("policy", "schema", stdout=full.fileno())

    assert outcome.code == 2
    assert outcome.err.splitlines() == ["error: cannot write the output: No space left on device"]
