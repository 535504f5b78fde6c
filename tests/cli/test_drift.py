"""`gateway drift`: whether the traffic is still what the model learned on."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.command import Gateway, WritePolicy
from support.histories import write_history
from support.routers import labelled
from support.trained import prompt_model

from gateway.estimate.model import Model
from gateway.training.rows import Row
from gateway.wire.request import parse_request


@pytest.fixture
def model(home: Path) -> Path:
    prompt_model().save(home / "router.model")
    return home / "router.model"


def write(rows: list[Row], **fields: Any) -> None:
    """Fill `books.db`."""
    asyncio.run(write_history(Path("books.db"), rows, prompt_model(), **fields))


def same(prompt: str, count: int) -> list[Row]:
    return [Row(request=parse_request(prompt), weak=1.0, strong=1.0)] * count


def test_traffic_like_the_rows_is_fine(gateway: Gateway, model: Path) -> None:
    """The very prompts that the model learned from are alike."""
    write(labelled(120, seed=11) + labelled(120, seed=11))

    ended = gateway("drift", "--model", model, "--ledger", "books.db")

    assert ended.code == 0, ended.err
    assert "240 that it judged; 0 others" in ended.out
    assert "alike below 0.1" in ended.out
    assert "the traffic is like what the model learned on" in ended.out
    assert "no local answer was drawn" in ended.out


def test_other_traffic_asks_to_calibrate_again(gateway: Gateway, model: Path) -> None:
    """Exit code 1, and what to do; nothing is changed."""
    before = model.read_bytes()
    write(same("prove " * 9, 200))

    ended = gateway("drift", "--model", model, "--ledger", "books.db")

    assert ended.code == 1
    assert "recalibrate: " in ended.out
    assert "gateway calibrate" in ended.out
    assert model.read_bytes() == before


def test_few_requests_are_too_few_to_say(gateway: Gateway, model: Path) -> None:
    """However far away: exit code 0."""
    write(same("prove " * 9, 199))

    ended = gateway("drift", "--model", model, "--ledger", "books.db")

    assert ended.code == 0
    assert "too few to say: 199 of 200" in ended.out


def test_requests_that_another_model_judged_are_not_counted(gateway: Gateway, model: Path) -> None:
    """Their difficulties are not comparable."""
    write(same("prove " * 9, 250), classifier="logistic:000000000000")

    ended = gateway("drift", "--model", model, "--ledger", "books.db", "--json")

    record = json.loads(ended.out)
    assert (record["requests"], record["other_requests"], record["psi"]) == (0, 250, None)
    assert record["verdict"] == "too few"


def test_the_model_of_the_policy_is_looked_at(
    gateway: Gateway, model: Path, write_policy: WritePolicy, home: Path
) -> None:
    """Without --model; a policy of another kind means the packaged one."""
    write(same("hello", 10))
    mine = write_policy(more=f"classifier: {{kind: logistic, path: {model}}}")
    other = write_policy("other.yaml")

    one = gateway("drift", "--policy", mine, "--ledger", "books.db", "--json")
    two = gateway("drift", "--policy", other, "--ledger", "books.db", "--json")

    assert json.loads(one.out)["sha256"] == prompt_model().sha256
    assert json.loads(two.out)["sha256"] != prompt_model().sha256


def test_the_holdout_says_how_good_local_answers_are(gateway: Gateway, model: Path) -> None:
    """With its interval, and how many were drawn and could not be compared."""
    write([replace(row, weak=1.0) for row in labelled(30)], source="holdout")
    write([replace(row, weak=0.0) for row in labelled(10)], source="holdout", first=30, attempts=())
    write(labelled(5), source="", first=40, holdout=True)

    ended = gateway("drift", "--model", model, "--ledger", "books.db")

    assert "45 drawn at random, 40 compared, 5 failed" in ended.out
    assert "0.750 agree with the strong model (0.598 to 0.858, 95%; 40 answers): all" in ended.out
    assert "1.000 agree with the strong model (0.886 to 1.000, 95%; 30 answers): accepted" in ended.out
    assert "0.000 agree with the strong model (0.000 to 0.278, 95%; 10 answers): not judged" in ended.out


def test_only_the_period_counts(gateway: Gateway, model: Path) -> None:
    """What came before --since is not looked at."""
    write(same("hello", 10))

    ended = gateway("drift", "--model", model, "--ledger", "books.db", "--since", "2999-01-01", "--json")

    assert json.loads(ended.out)["requests"] == 0


def test_a_model_that_cannot_be_compared_with_is_a_users_mistake(gateway: Gateway, home: Path) -> None:
    """It does not say which difficulties it learned on."""
    learned = prompt_model()
    Model(learned.words, learned.heads, replace(learned.manifest, scores=())).save(home / "old.model")
    write(same("hello", 1))

    ended = gateway("drift", "--model", "old.model", "--ledger", "books.db")

    assert ended.code == 2
    assert "train it anew" in ended.err
