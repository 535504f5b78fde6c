"""`gateway evaluate`: figures on unseen rows, for people, programs and as a page."""

import json
from pathlib import Path

import pytest
from support.command import Gateway
from support.routers import labelled, write_rows
from support.trained import train_once

pytestmark = pytest.mark.usefixtures("few_trees")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train_once(tmp_path_factory.mktemp("model"))


@pytest.fixture
def rows(home: Path) -> Path:
    return write_rows(home / "rows.jsonl", labelled(200, seed=5, categories=True))


def test_a_model_is_measured_as_it_is(gateway: Gateway, model: Path, rows: Path) -> None:
    """One that learned which requests are hard is better than chance on rows it never saw, and says so."""
    ended = gateway("evaluate", rows, "--model", model)

    assert ended.code == 0, ended.err
    assert "better than chance and than the length of the prompt" in ended.out
    assert "tested on 200 rows; reads prompt" in ended.out
    assert [line.split()[0] for line in ended.out.splitlines()[3:7]] == ["random", "length", "category", "oracle"]


def test_folds_learn_and_test_in_turn(gateway: Gateway, rows: Path) -> None:
    """Cross-validation needs no model."""
    ended = gateway("evaluate", rows, "--folds", 2, "--json")

    record = json.loads(ended.out)
    assert (record["protocol"], record["n_train"], record["n_test"]) == ("2 folds", 100, 200)


def test_a_training_size_is_drawn_so_often(gateway: Gateway, rows: Path) -> None:
    """How many labels it takes is a question of its own."""
    ended = gateway("evaluate", rows, "--train-size", 100, "--seeds", 2, "--seed", 4, "--json")

    record = json.loads(ended.out)
    assert (record["protocol"], record["n_train"], record["n_test"], record["seeds"]) == ("split", 100, 100, [4, 5])


def test_the_curves_are_a_page(gateway: Gateway, model: Path, rows: Path, home: Path) -> None:
    """The page is written beside what is printed."""
    ended = gateway("evaluate", rows, "--model", model, "--html", "curves.html", "--json")

    assert "curves.html" in ended.err
    assert json.loads(ended.out)["n_test"] == 200
    assert (home / "curves.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_several_seeds_are_said_to_be_means(gateway: Gateway, rows: Path) -> None:
    """A reader sees over how many draws the figures are."""
    ended = gateway("evaluate", rows, "--train-size", 100, "--seeds", 2)

    assert "split: learned from 100, tested on 100 rows; reads prompt; means of 2 seeds" in ended.out


def test_unknown_figures_are_the_word_unknown(gateway: Gateway, model: Path, home: Path) -> None:
    """Without a gap between the models there is no figure, and no zero."""
    path = write_rows(home / "same.jsonl", [row for row in labelled(200) if row.weak == row.strong == 1])

    ended = gateway("evaluate", path, "--model", model)

    assert ended.code == 0
    assert "unknown" in ended.out
    assert "nothing to route for" in ended.out


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["--folds", "2", "--train-size", "9"], "give --folds or --train-size"),
        (["--train-size", "195"], "5 rows are left to test on"),
        (["--folds", "1"], "--folds"),
        (["--model", "missing.model"], "missing.model"),
        (["--folds", "2", "--use", "answers"], "200 of 200 rows have no `answers`"),
        (["--model", "MODEL", "--html", "nowhere/curves.html"], "cannot write"),
    ],
)
def test_a_misuse_is_told(gateway: Gateway, model: Path, rows: Path, arguments: list[str], fault: str) -> None:
    """Exit code 2, one sentence, no figures."""
    ended = gateway("evaluate", rows, *(str(model) if each == "MODEL" else each for each in arguments))

    assert ended.code == 2
    assert fault in " ".join(ended.err.split())
    assert ended.out == ""


def test_rows_that_were_learned_from_are_scored_by_routers_that_did_not(
    gateway: Gateway, model: Path, home: Path
) -> None:
    """A model's figures on its own rows would prove nothing: those of --folds 5 are printed, and that is told."""
    path = write_rows(home / "learned.jsonl", labelled(300, seed=11))

    ended = gateway("evaluate", path, "--model", model, "--json")
    in_folds = gateway("evaluate", path, "--model", model, "--folds", 5, "--json")

    assert "the model learned from 300 of the 300 rows" in ended.err
    assert ended.out == in_folds.out


def test_some_rows_that_were_learned_from_are_left_out(gateway: Gateway, model: Path, home: Path) -> None:
    """A few known rows among many others spoil no figure."""
    path = write_rows(home / "mixed.jsonl", [*labelled(300, seed=11)[:20], *labelled(100, seed=12)])

    ended = gateway("evaluate", path, "--model", model, "--json")

    assert "the model learned from 20 of the 120 rows: they are left out" in ended.err
    assert json.loads(ended.out)["n_test"] == 100
