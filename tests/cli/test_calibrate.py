"""`gateway calibrate`: a threshold with its evidence, or a plain no."""

import json
import shutil
from pathlib import Path

import pytest
from support.command import Gateway
from support.routers import labelled, write_rows
from support.trained import train_once

from gateway.estimate.model import load
from gateway.training.calibration import read_calibration

pytestmark = pytest.mark.usefixtures("few_trees")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train_once(tmp_path_factory.mktemp("model"))


@pytest.fixture
def model(trained: Path, home: Path) -> Path:
    return Path(shutil.copy(trained, home / "router.model"))


@pytest.fixture
def rows(home: Path) -> Path:
    return write_rows(home / "rows.jsonl", labelled(600, seed=5))


def test_a_promise_is_written_beside_the_model(gateway: Gateway, model: Path, rows: Path, home: Path) -> None:
    """The file has the threshold and what it rests on; what is kept loses no more than was promised."""
    ended = gateway("calibrate", rows, "--model", model, "--max-loss", "15%")

    assert ended.code == 0, ended.err
    found = read_calibration(home / "router.model.threshold.json", model_sha256=load(model).sha256)
    assert (found.kind, found.target, found.confidence, found.rows) == ("max_loss", 0.15, 0.95, 600)
    assert found.loss < found.upper <= 0.15
    assert found.kept > 0.1
    for said in (f"{found.threshold:.6f}", "stay on the weak model", "with 95% confidence", "600 rows"):
        assert said in ended.out
    assert ended.err == ""


def test_a_budget_is_a_share_of_strong_calls(gateway: Gateway, model: Path, rows: Path, home: Path) -> None:
    """At most so many go to the strong model; JSON is the file's own content."""
    ended = gateway("calibrate", rows, "--model", model, "--budget", "0.3", "--out", home / "t.json", "--json")

    record = json.loads(ended.out)
    assert record["kind"] == "budget"
    assert 0.7 <= record["kept"] < 0.9
    assert record["weak_quality"] < record["quality"] < record["strong_quality"]
    assert json.loads((home / "t.json").read_text(encoding="utf-8")) == record


def test_few_rows_are_warned_of(gateway: Gateway, model: Path, home: Path) -> None:
    """Below five hundred rows a threshold is chosen, and said to be a rough one."""
    write_rows(home / "few.jsonl", labelled(300, seed=5))

    ended = gateway("calibrate", "few.jsonl", "--model", model, "--max-loss", "20%")

    assert ended.code == 0
    assert "300 rows are few; from 500 on" in ended.err


def test_what_no_threshold_can_promise_is_a_no(gateway: Gateway, model: Path, rows: Path, home: Path) -> None:
    """A weak model that fails at once cannot keep to half a percent of loss: exit code 1, and no file."""
    wrong = [line.replace('"weak": 1.0', '"weak": 0.0') for line in rows.read_text(encoding="utf-8").splitlines()]
    rows.write_text("\n".join(wrong) + "\n", encoding="utf-8")

    ended = gateway("calibrate", rows, "--model", model, "--max-loss", "0.6%")

    assert ended.code == 1
    assert "no threshold promises a loss of at most 0.6%" in ended.err
    assert not (home / "router.model.threshold.json").exists()


def test_too_few_rows_for_the_promise_say_how_many_it_takes(gateway: Gateway, model: Path, home: Path) -> None:
    """Fifty rows cannot prove five percent, even without a single loss."""
    write_rows(home / "few.jsonl", labelled(50))

    ended = gateway("calibrate", "few.jsonl", "--model", model, "--max-loss", "5%")

    assert ended.code == 2
    assert (
        "50 rows are too few to promise at most 5.0% with 95.0% confidence; even without a loss it takes 59"
        in ended.err
    )


def test_rows_that_were_learned_from_are_scored_by_routers_that_did_not(
    gateway: Gateway, model: Path, home: Path
) -> None:
    """A model knows its own rows, also in another order, and sets no threshold by what it remembers of them."""
    write_rows(home / "same.jsonl", labelled(300, seed=11)[::-1])

    ended = gateway("calibrate", "same.jsonl", "--model", model, "--budget", "20%")

    assert ended.code == 0
    assert "the model learned from 300 of the 300 rows" in ended.err


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["--model", "router.model"], "give either --max-loss or --budget"),
        (["--model", "router.model", "--max-loss", "5%", "--budget", "5%"], "give either --max-loss or --budget"),
        (["--model", "router.model", "--max-loss", "0"], "--max-loss is above 0%"),
        (["--model", "router.model", "--budget", "5%", "--confidence", "100%"], "--confidence is above 0%"),
        (["--model", "router.model", "--budget", "-5%"], "is no share"),
        (["--budget", "5%"], "give --out"),
        (["--model", "missing.model", "--budget", "5%"], "missing.model"),
    ],
)
def test_a_misuse_is_told_and_nothing_written(
    gateway: Gateway, model: Path, rows: Path, arguments: list[str], fault: str
) -> None:
    """Exit code 2 and a sentence that says what to give."""
    home = model.parent
    before = sorted(home.iterdir())

    ended = gateway("calibrate", rows, *arguments)

    assert ended.code == 2
    assert fault in " ".join(ended.err.split())
    assert sorted(home.iterdir()) == before
