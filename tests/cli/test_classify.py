"""`gateway classify`: a line out for every line in, in order, as it comes, calling nobody."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.command import Gateway, WritePolicy, python_process
from support.routers import labelled
from support.trained import prompt_model
from support.unmeasured import unmeasured

from gateway.training.scoring import difficulties

PRIVATE = '{"id": "a", "text": "Mail jane.doe@example.com"}'


# Any: the lines are JSON of several shapes.
def lines(text: str) -> list[dict[str, Any]]:
    """Return what JSON lines say."""
    return [json.loads(line) for line in text.splitlines()]


def test_a_line_says_what_a_request_is(gateway: Gateway, write_policy: WritePolicy) -> None:
    """Difficulty, level, kinds and the place of every finding."""
    outcome = gateway("classify", "--policy", write_policy(), stdin=PRIVATE.encode())

    (line,) = lines(outcome.out)
    (finding,) = line["findings"]
    assert (outcome.code, line["id"], line["level"], line["kinds"]) == (0, "a", "confidential", ["pii"])
    assert 0 <= line["difficulty"] <= 1
    assert (finding["kind"], finding["detector"], finding["strength"]) == ("pii", "patterns", "strong")
    assert finding["end"] - finding["start"] == len("jane.doe@example.com")
    assert "jane" not in outcome.out


def test_messages_and_labels_are_read(gateway: Gateway, write_policy: WritePolicy) -> None:
    """A line may hold a conversation and what the caller knows of it."""
    row = {"id": 7, "messages": [{"role": "user", "content": "hi"}], "tags": ["phi"], "task": "chat", "stakes": "low"}

    outcome = gateway("classify", "--policy", write_policy(), stdin=json.dumps(row).encode())

    assert [(line["id"], line["level"]) for line in lines(outcome.out)] == [(7, "restricted")]


def test_order_and_number_of_lines_are_kept(gateway: Gateway, write_policy: WritePolicy) -> None:
    """Also across the pieces in which input arrives; blank lines are left out."""
    rows = "".join(f'{{"id": {number}, "text": "{"word " * (number % 50 + 1)}"}}\n\n' for number in range(2000))

    outcome = gateway("classify", "--policy", write_policy(), stdin=rows.encode())

    assert [line["id"] for line in lines(outcome.out)] == list(range(2000))


def test_no_input_is_no_output(gateway: Gateway, write_policy: WritePolicy) -> None:
    """An empty file is fine."""
    outcome = gateway("classify", "--policy", write_policy())

    assert (outcome.code, outcome.out, outcome.err) == (0, "", "")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "no JSON at column 2"),
        ("[]", "no JSON object"),
        ("[" * 100_000, "no JSON"),
        ('{"id": "\xe9"}'.encode("latin-1"), "no JSON in UTF-8"),
        ('{"text": "hi"}', "`id` is missing"),
        ('{"id": true, "text": "hi"}', "`id` is missing or neither"),
        ('{"id": 1}', "`text` or `messages` is missing"),
        ('{"id": 1, "text": "hi", "messages": []}', "or both are there"),
        ('{"id": 1, "text": 5}', "`text` must be a text"),
        ('{"id": 1, "messages": "hi"}', "`messages` a list"),
        ('{"id": 1, "text": ""}', "empty"),
        ('{"id": 1, "text": "hi", "tag": ["phi"]}', "unknown key 'tag'"),
        ('{"id": 1, "text": "hi", "tags": "phi"}', "tags"),
    ],
)
def test_a_bad_line_is_named_and_those_before_it_are_out(
    gateway: Gateway, write_policy: WritePolicy, line: str | bytes, said: str
) -> None:
    """Exit code 2, the line's number and what is missing."""
    bad = line if isinstance(line, bytes) else line.encode()

    outcome = gateway("classify", "--policy", write_policy(), stdin=PRIVATE.encode() + b"\n" + bad + b"\n")

    assert outcome.code == 2
    assert outcome.err.startswith("error: line 2: ")
    assert said in outcome.err
    assert [answer["id"] for answer in lines(outcome.out)] == ["a"]


def test_a_line_without_an_end_is_refused(
    gateway: Gateway, write_policy: WritePolicy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory is bounded by the longest line that a policy's limit allows."""
    monkeypatch.setattr("gateway.cli.classify._PIECE_BYTES", 16)
    policy = write_policy(more="limits: {prompt_characters: 10}")

    outcome = gateway("classify", "--policy", policy, stdin=b'{"id": 1, "text": "hi"}\n' + b"a" * 1000)

    assert outcome.code == 2
    assert "line 2: it is longer than 136 bytes" in outcome.err


def test_an_answer_comes_before_the_next_line_is_sent(write_policy: WritePolicy) -> None:
    """A program may talk to it line by line."""
    process = subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "gateway", "classify", "--policy", str(write_policy())],
        env=unmeasured(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )

    with process:
        assert process.stdin
        assert process.stdout
        answered = []
        for number in range(3):
            process.stdin.write(f'{{"id": {number}, "text": "hi"}}\n'.encode())
            process.stdin.flush()
            answered.append(json.loads(process.stdout.readline())["id"])
        process.stdin.close()

    assert (answered, process.returncode) == ([0, 1, 2], 0)


def test_no_client_of_any_server_is_loaded(write_policy: WritePolicy) -> None:
    """What cannot be called is not even imported."""
    script = (
        "import sys; from gateway.cli.main import main; code = main(['classify', '--policy', sys.argv[1]]);"
        "clients = {'aiohttp', 'httpx', 'litellm', 'openai', 'gateway.router'} & sys.modules.keys();"
        "sys.exit(code or ', '.join(clients) or 0)"
    )

    outcome = python_process(script, write_policy(), stdin=PRIVATE.encode())

    assert (outcome.code, outcome.err) == (0, "")


def test_a_trained_model_takes_the_classifiers_place(gateway: Gateway, write_policy: WritePolicy, home: Path) -> None:
    """What a model says of rows can be seen before a policy uses it: the very numbers of its training."""
    prompt_model().save(home / "router.model")
    rows = labelled(30, seed=5)
    sent = [{"id": number, "text": row.request.messages[0].text} for number, row in enumerate(rows)]

    outcome = gateway(
        "classify",
        "--model",
        "router.model",
        "--policy",
        write_policy(),
        stdin="\n".join(map(json.dumps, sent)).encode(),
    )

    assert outcome.code == 0, outcome.err
    assert [line["difficulty"] for line in lines(outcome.out)] == pytest.approx(
        list(difficulties(prompt_model(), rows, use="prompt")), abs=1e-6
    )


def test_a_model_that_is_not_there_is_a_users_mistake(gateway: Gateway, write_policy: WritePolicy) -> None:
    """The command says so before it reads a line."""
    outcome = gateway("classify", "--model", "gone.json", "--policy", write_policy(), stdin=PRIVATE.encode())

    assert (outcome.code, outcome.out) == (2, "")
    assert "gone.json" in outcome.err
