"""`gateway train --from-ledger`: a model that learns from its own traffic."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from support.command import Gateway
from support.histories import write_history
from support.routers import labelled
from support.trained import answering_model, prompt_model

from gateway.estimate.model import load
from gateway.training.rows import Row

pytestmark = pytest.mark.usefixtures("few_trees")


@pytest.fixture
def base(home: Path) -> Path:
    prompt_model().save(home / "base.model")
    return home / "base.model"


def write(rows: list[Row], **fields: Any) -> None:
    """Fill `books.db`."""
    asyncio.run(write_history(Path("books.db"), rows, prompt_model(), **fields))


def test_a_model_is_written_with_what_it_learned_from(gateway: Gateway, base: Path, home: Path) -> None:
    """By source, with what was left out, how good it is on outcomes held out, and that strong answers are unknown."""
    write(labelled(100, seed=1))
    write(labelled(30, seed=2), source="holdout", first=100)
    write(labelled(9, seed=3), source="agent", first=200, tenant="loud")

    ended = gateway(
        "train", "--from-ledger", "--ledger", "books.db", "--base", base, "--out", "new.model", "--per-tenant", 130
    )

    assert ended.code == 0, ended.err
    for said in (
        "from 139 outcomes of local answers",
        "9 agent, 100 caller, 30 holdout",
        "unknown, counted as 1",
        "Brier's score",
        load(home / "new.model").sha256[:12],
    ):
        assert said in ended.out
    assert "left out" not in ended.out


def test_sources_can_be_chosen(gateway: Gateway, base: Path) -> None:
    """Programs read the numbers, and those of what was left out."""
    write(labelled(100, seed=1))
    write(labelled(30, seed=2), source="holdout", first=100)
    write(labelled(9, seed=3), source="agent", first=200)
    chosen = ("--source", "agent", "--source", "caller", "--per-tenant", 60)

    ended = gateway(
        "train", "--from-ledger", "--ledger", "books.db", "--base", base, "--out", "new.model", *chosen, "--json"
    )

    record = json.loads(ended.out)
    assert (record["outcomes"], record["strong"]) == (60, "unknown, counted as 1")
    assert sum(record["sources"].values()) == 60
    assert record["left_out"] == {"of other sources": 30, "over their tenant's cap": 49}
    assert record["held_out"] is None


def test_the_model_before_it_is_kept(gateway: Gateway, base: Path, home: Path) -> None:
    """And --rollback brings it back."""
    write(labelled(100, seed=1))
    before = load(base).sha256

    ended = gateway("train", "--from-ledger", "--ledger", "books.db", "--base", base, "--out", base)
    learned = load(base).sha256
    gateway("train", "--rollback", base)

    assert "kept as base.model." in ended.out
    assert learned != before == load(base).sha256


def test_what_is_read_of_answers_stays_and_is_said(gateway: Gateway, home: Path) -> None:
    """A ledger keeps no answers."""
    answering_model().save(home / "answers.model")
    write(labelled(60, seed=1))

    ended = gateway("train", "--from-ledger", "--ledger", "books.db", "--base", "answers.model", "--out", "new.model")

    assert ended.code == 0, ended.err
    assert "what it reads of answers (voices, weak)" in ended.out
    assert "too few outcomes to measure on" in ended.out


def test_a_ledger_that_teaches_too_little_is_said_with_the_remedy(gateway: Gateway, base: Path, home: Path) -> None:
    """And nothing is written."""
    write(labelled(60, seed=1), features=None)

    ended = gateway("train", "--from-ledger", "--ledger", "books.db", "--base", base, "--out", "new.model")

    assert ended.code == 2
    assert "learning: {keep: features}" in ended.err
    assert not (home / "new.model").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("--from-ledger",),
        ("rows.jsonl", "--from-ledger", "--out", "new.model"),
        ("--from-ledger", "--rollback", "base.model"),
        ("rows.jsonl", "--source", "agent", "--out", "new.model"),
        ("--from-ledger", "--use", "all", "--out", "new.model"),
    ],
)
def test_options_that_do_not_go_together_are_refused(gateway: Gateway, arguments: tuple[str, ...]) -> None:
    """Nothing is silently ignored."""
    assert gateway("train", *arguments).code == 2
