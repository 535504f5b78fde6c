"""`gateway route`: the answer on stdout alone, how it came to be on stderr."""

import asyncio
import io
import json
import socket
from pathlib import Path

import pytest
from support.command import Gateway, OnTerminal, WritePolicy
from support.wire_servers import Answer, WireServer

from gateway.cli.route import asked
from gateway.types import Attempt

TWO_FAILURES = {"llama": "answers: [{error: unavailable}]", "frontier": "answers: [{error: timeout}]"}


def test_the_answer_alone_goes_to_stdout(gateway: Gateway, write_policy: WritePolicy) -> None:
    """What is piped on is the answer; backend, rule, cost, saving and attribution are a remark."""
    outcome = gateway("route", "What is the capital of France?", "--policy", write_policy())

    assert (outcome.code, outcome.out) == (0, "It is Paris.\n")
    assert outcome.err.startswith("llama | rule default | cost $0.000000 | saved $0.0")
    assert outcome.err.endswith("| Built with Llama\n")


@pytest.mark.parametrize("arguments", [["-"], []])
def test_the_request_may_come_from_standard_input(
    gateway: Gateway, write_policy: WritePolicy, arguments: list[str]
) -> None:
    """A file can be piped in, with or without the dash."""
    outcome = gateway("route", *arguments, "--policy", write_policy(), stdin=b"Where is Paris?\n")

    assert (outcome.code, outcome.out) == (0, "It is Paris.\n")


def test_a_stream_prints_the_same_answer(gateway: Gateway, write_policy: WritePolicy) -> None:
    """`--stream` gives the answer piece by piece, and the same remark at the end."""
    outcome = gateway("route", "Where?", "--stream", "--policy", write_policy())

    assert (outcome.code, outcome.out) == (0, "It is Paris.\n")
    assert outcome.err.startswith("llama | rule default")


def test_json_is_a_completion_with_the_reasons(gateway: Gateway, write_policy: WritePolicy) -> None:
    """A program reads OpenAI's object and beside it what the gateway did."""
    outcome = gateway("route", "Where?", "--tag", "phi", "--json", "--policy", write_policy())

    reply = json.loads(outcome.out)
    assert reply["choices"][0]["message"]["content"] == "It is Paris."
    assert (reply["gateway"]["backend"], reply["gateway"]["rule"]) == ("llama", "regulated")
    assert reply["gateway"]["level"] == "restricted"
    assert reply["gateway"]["reasons"]["frontier"].startswith("out:")
    assert reply["gateway"]["cost_usd"] == 0
    assert [attempt["backend"] for attempt in reply["gateway"]["attempts"]] == ["llama"]


def test_an_unknown_price_is_said_to_be_unknown(gateway: Gateway, write_policy: WritePolicy) -> None:
    """A backend without a price and a pool has no cost of 0."""
    policy = write_policy(llama="answers: [{error: unavailable}]", frontier='price: null, answers: ["Paris."]')

    outcome = gateway("route", "Where?", "--policy", policy)

    assert "frontier | rule default | cost unknown | saved unknown | asked 2 times" in outcome.err


def test_labels_and_bounds_reach_the_router(gateway: Gateway, write_policy: WritePolicy) -> None:
    """Every option has its effect, or the request would not be answered by this rule."""
    rules = """, when: {task: chat, stakes: high, tenant: acme}}
  - {name: other, use: [frontier]"""
    policy = write_policy(rule=rules)

    labels = ["--task", "chat", "--stakes", "high", "--tenant", "acme", "--deadline", "5", "--max-tokens", "9"]
    outcome = gateway("route", "Where?", *labels, "--policy", policy)

    assert outcome.err.startswith("llama | rule default")


def test_a_pinned_backend_answers(gateway: Gateway, write_policy: WritePolicy) -> None:
    """The user chooses who answers, among those who may."""
    outcome = gateway("route", "Where?", "--pin", "frontier", "--policy", write_policy())

    assert (outcome.code, outcome.out) == (0, "It is surely Paris.\n")


def test_what_judges_asked_is_counted_apart() -> None:
    """Whoever reads "asked 2 times" thinks of answers."""
    judge = Attempt(backend="frontier", replica="r", duration_s=0.1, purpose="judge")
    first, second = (Attempt(backend=name, replica="r", duration_s=0.1) for name in ("llama", "frontier"))

    assert asked([first]) == []
    assert asked([judge, first]) == ["1 asked by judges"]
    assert asked([judge, first, second]) == ["asked 2 times", "1 asked by judges"]


def test_a_reply_that_its_judges_reject_is_marked(gateway: Gateway, write_policy: WritePolicy) -> None:
    """An answer that nobody could better is given, and not passed off as a good one."""
    rule = ", accept: {judge: format, one_of: [refund]}, unaccepted: answer"
    policy = write_policy(rule=rule, frontier="answers: [{error: unavailable}]")

    outcome = gateway("route", "Which?", "--policy", policy)

    assert (outcome.code, outcome.out) == (0, "It is Paris.\n")
    assert "| asked 2 times | not accepted by its judges |" in outcome.err


def test_a_tool_call_is_printed(gateway: Gateway, write_policy: WritePolicy) -> None:
    """An answer without text is not an empty line."""
    call = 'answers: [{tool_calls: [{id: c1, name: weather, arguments: "{}"}]}]'

    outcome = gateway("route", "Weather?", "--policy", write_policy(llama=call))

    assert "weather({})" in outcome.out


def test_nobody_may_answer_exits_with_1(gateway: Gateway, write_policy: WritePolicy) -> None:
    """The reasons are said, and the request is not: the answer is no."""
    policy = write_policy(clearance="internal", regulated="")

    outcome = gateway("route", "My secret question", "--tag", "phi", "--policy", policy)

    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith("error: ")
    assert "clearance" in outcome.err
    assert "secret question" not in outcome.err


def test_a_refusal_is_json_for_programs(gateway: Gateway, write_policy: WritePolicy) -> None:
    """With --json the refusal has a code, the reasons and the entry's id."""
    policy = write_policy(**TWO_FAILURES)

    outcome = gateway("route", "Where?", "--json", "--policy", policy)

    error = json.loads(outcome.out)["error"]
    assert (outcome.code, error["code"]) == (1, "cascade_exhausted")
    assert [attempt["error"] for attempt in error["attempts"]] == ["unavailable", "timeout"]
    assert error["entry_id"]


def test_a_stream_without_an_answer_exits_with_1(gateway: Gateway, write_policy: WritePolicy) -> None:
    """Streaming fails as plainly as asking for the whole."""
    outcome = gateway("route", "Where?", "--stream", "--policy", write_policy(**TWO_FAILURES))

    assert (outcome.code, outcome.out) == (1, "")


def test_an_unknown_tag_is_read_strictly(gateway: Gateway, write_policy: WritePolicy) -> None:
    """A misspelt tag keeps the request at home."""
    outcome = gateway("route", "Where?", "--tag", "phii", "--json", "--policy", write_policy())

    assert json.loads(outcome.out)["gateway"]["level"] == "restricted"


@pytest.mark.parametrize(
    ("arguments", "stdin", "said"),
    [
        ([""], b"", "empty"),
        (["-"], b"", "empty"),
        (["-"], b"caf\xe9", "UTF-8 at byte 3"),
        (["hi", "--deadline", "-1"], b"", "deadline"),
        (["hi", "--max-tokens", "0"], b"", "max_tokens"),
        (["hi", "--stream", "--json"], b"", "exclude each other"),
        (["hi", "--stakes", "huge"], b"", "stakes"),
    ],
)
def test_a_request_that_makes_no_sense_exits_with_2(
    gateway: Gateway, write_policy: WritePolicy, arguments: list[str], stdin: bytes, said: str
) -> None:
    """The message names what is wrong."""
    outcome = gateway("route", *arguments, "--policy", write_policy(), stdin=stdin)

    assert (outcome.code, outcome.out) == (2, "")
    assert said in outcome.err


def test_a_prompt_beyond_the_policys_limit_is_refused(gateway: Gateway, write_policy: WritePolicy) -> None:
    """Ten megabytes are refused in one line, not sent."""
    outcome = gateway("route", "-", "--policy", write_policy(), stdin=b"a" * 10_000_000)

    assert (outcome.code, outcome.out) == (2, "")
    assert len(outcome.err) < 500


def test_endless_input_is_refused(gateway: Gateway, write_policy: WritePolicy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Standard input is read up to a bound."""
    monkeypatch.setattr("gateway.cli.inputs.MOST_BYTES", 10)

    outcome = gateway("route", "-", "--policy", write_policy(), stdin=b"a" * 11)

    assert outcome.code == 2
    assert "longer than 10 bytes" in outcome.err


def test_nothing_to_ask_at_a_terminal_is_said_at_once(
    write_policy: WritePolicy, on_terminal: OnTerminal, capsys: pytest.CaptureFixture[str]
) -> None:
    """A user who forgot the text does not sit before a silent prompt."""

    class Keyboard(io.TextIOWrapper):
        def isatty(self) -> bool:
            return True

    outcome = on_terminal("route", "--policy", write_policy(), columns=80, stdin=Keyboard(io.BytesIO()))

    assert outcome.code == 2
    assert "nothing to ask" in capsys.readouterr().err


def test_an_answer_cannot_steer_the_terminal(write_policy: WritePolicy, on_terminal: OnTerminal) -> None:
    """A model that writes control sequences changes nothing but its own text."""
    policy = write_policy(llama='answers: ["before\\e[31m after\\a"]')

    whole = on_terminal("route", "Where?", "--policy", policy, columns=80)
    streamed = on_terminal("route", "Where?", "--stream", "--policy", policy, columns=80)

    assert whole.out == streamed.out == "before\N{REPLACEMENT CHARACTER}[31m after\N{REPLACEMENT CHARACTER}\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("version: 1\nbackends: [", "broken.yaml:"),
        ("version: 1\nbackends: {a: {kind: mock, model: m, clearance: public}}\nrules: [{name: r, use: [b]}]", ":3:"),
        ("", "broken.yaml"),
    ],
)
def test_a_broken_policy_exits_with_2_and_its_place(gateway: Gateway, home: Path, text: str, said: str) -> None:
    """The fault is named with file, line and column, without a traceback."""
    (home / "broken.yaml").write_text(text)

    outcome = gateway("route", "hi", "--policy", "broken.yaml")

    assert (outcome.code, outcome.out) == (2, "")
    assert said in outcome.err
    assert "refused for" in outcome.err


def test_a_policy_that_is_not_there_exits_with_2(gateway: Gateway) -> None:
    """The path is named."""
    outcome = gateway("route", "hi", "--policy", "nowhere.yaml")

    assert outcome.code == 2
    assert "nowhere.yaml" in outcome.err


def test_a_dead_port_exits_with_1_and_says_where(gateway: Gateway, home: Path, unused_port: int) -> None:
    """A server that is down is a failed attempt with its address."""
    (home / "policy.yaml").write_text(served(f"http://127.0.0.1:{unused_port}"))

    outcome = gateway("route", "hi", "--policy", "policy.yaml")

    assert outcome.code == 1
    assert "Traceback" not in outcome.err


async def test_a_wrong_key_exits_with_1_and_is_not_shown(
    gateway: Gateway, home: Path, openai_server: WireServer
) -> None:
    """A 401 is said by name; the key never is."""
    openai_server.answers = [Answer(status=401, body={"error": {"message": "bad key", "type": "invalid"}})]
    (home / "policy.yaml").write_text(served(openai_server.url))

    outcome = await asyncio.to_thread(gateway, "route", "hi", "--json", "--policy", "policy.yaml")

    assert outcome.code == 1
    assert json.loads(outcome.out)["error"]["attempts"][0]["error"] == "authentication"
    assert "wrong-key-123" not in outcome.out + outcome.err


def served(url: str) -> str:
    """Return a policy with one server."""
    return f"""\
version: 1
backends:
  server: {{kind: openai_http, model: m, urls: ["{url}"], clearance: restricted, api_key: wrong-key-123}}
retries: {{attempts: 1}}
ledger: memory
rules: [{{name: default, use: [server]}}]
"""


@pytest.fixture
def unused_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
