"""`gateway train`: honest figures, a model that is written whole, and a way back."""

import hashlib
import json
from pathlib import Path

import pytest
from support.command import Gateway
from support.routers import labelled, write_rows

from gateway.estimate.model import load, packaged

pytestmark = pytest.mark.usefixtures("few_trees")


@pytest.fixture
def rows(home: Path) -> Path:
    return write_rows(home / "rows.jsonl", labelled(200))


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_router_is_learned_and_measured_on_what_was_held_out(gateway: Gateway, rows: Path, home: Path) -> None:
    """The figures are of rows that were not learned from; the model that is written learned from all."""
    ended = gateway("train", rows, "--out", "router.model")

    assert ended.code == 0, ended.err
    assert "learning from 160 rows, to measure on the other 40" in ended.err
    for said in ("this router", "length", "oracle", "verdict", "tested on 40 rows", "from 200 rows", "--max-loss 5%"):
        assert said in ended.out
    assert load(home / "router.model").sha256[:12] in ended.out
    assert names(home) == {"rows.jsonl", "router.model"}


def test_programs_read_what_was_learned(gateway: Gateway, rows: Path, home: Path) -> None:
    """JSON has the model, the one before it, and the figures of the held-out rows."""
    ended = gateway("train", rows, "--out", "router.model", "--seed", 3, "--json")

    record = json.loads(ended.out)
    assert record["sha256"] == load(home / "router.model").sha256
    assert (record["rows"], record["use"], record["kept"]) == (200, "prompt", None)
    assert (record["held_out"]["n_test"], record["held_out"]["seeds"]) == (40, [3])


def test_rows_can_be_piped_in(gateway: Gateway, rows: Path, home: Path) -> None:
    """A dash reads standard input; without a share held out nothing is measured."""
    ended = gateway("train", "-", "--out", "router.model", "--holdout-share", "0", "--json", stdin=rows.read_bytes())

    assert json.loads(ended.out)["held_out"] is None
    assert (home / "router.model").is_file()


def test_few_rows_are_learned_and_not_measured(gateway: Gateway, home: Path) -> None:
    """Of fifty-five rows none can be spared, and that is said."""
    write_rows(home / "few.jsonl", labelled(55))

    ended = gateway("train", "few.jsonl", "--out", "router.model")

    assert ended.code == 0, ended.err
    assert "nothing is measured" in ended.err
    assert "verdict" not in ended.out


def test_a_router_can_begin_with_another(gateway: Gateway, rows: Path, home: Path) -> None:
    """`--base` adds the rows to what a model knows; a base that is none is told before anything is learned."""
    gateway("train", rows, "--out", "first.model", "--holdout-share", "0")
    (home / "none.model").write_text("no model", encoding="utf-8")

    ended = gateway("train", rows, "--out", "second.model", "--base", "first.model", "--holdout-share", "0")
    refused = gateway("train", rows, "--out", "third.model", "--base", "none.model")

    assert ended.code == 0, ended.err
    assert refused.code == 2
    assert "none.model" in refused.err
    assert "third.model" not in names(home)


def test_the_model_before_is_kept_and_comes_back(gateway: Gateway, rows: Path, home: Path) -> None:
    """A router that turns out worse is taken back with one command, and again forth by its hash."""
    write_rows(home / "others.jsonl", labelled(200, seed=8))
    gateway("train", rows, "--out", "router.model", "--holdout-share", "0")
    first = (home / "router.model").read_bytes()
    kept = f"router.model.{hashlib.sha256(first).hexdigest()[:8]}"

    replaced = gateway("train", "others.jsonl", "--out", "router.model", "--holdout-share", "0")
    second = (home / "router.model").read_bytes()
    back = gateway("train", "--rollback", "router.model")
    after_back = (home / "router.model").read_bytes()
    forth = gateway("train", "--rollback", "router.model", "--to", hashlib.sha256(second).hexdigest()[:8], "--json")

    assert kept in replaced.out
    assert second != first
    assert back.code == 0, back.err
    assert kept in back.out
    assert after_back == first
    assert json.loads(forth.out)["restored"] == hashlib.sha256(second).hexdigest()[:8]
    assert (home / "router.model").read_bytes() == second


def test_a_rollback_without_a_past_says_so(gateway: Gateway, rows: Path) -> None:
    """Exit code 2, and the model stays."""
    gateway("train", rows, "--out", "router.model", "--holdout-share", "0")

    ended = gateway("train", "--rollback", "router.model")

    assert ended.code == 2
    assert "is kept" in ended.err


def test_a_broken_row_leaves_everything_as_it_was(gateway: Gateway, rows: Path, home: Path) -> None:
    """A bad file is refused whole with its line, and the model that was there stays."""
    load(packaged()).save(home / "router.model")
    before = (home / "router.model").read_bytes()
    with rows.open("a", encoding="utf-8") as file:
        file.write('{"prompt": "a", "weak": 2, "strong": 1}\n')

    ended = gateway("train", rows, "--out", "router.model")

    assert ended.code == 2
    assert "rows.jsonl:201: `weak` is outside 0 to 1" in ended.err
    assert names(home) == {"rows.jsonl", "router.model"}
    assert (home / "router.model").read_bytes() == before


def test_a_model_takes_the_place_of_no_other_file(gateway: Gateway, rows: Path, home: Path) -> None:
    """The labels themselves, or somebody's notes, are not overwritten."""
    (home / "notes").write_text("to keep", encoding="utf-8")

    over_rows, over_notes = gateway("train", rows, "--out", rows), gateway("train", rows, "--out", "notes")

    assert (over_rows.code, over_notes.code) == (2, 2)
    assert "is the file of the rows" in over_rows.err
    assert "no sound model" in over_notes.err
    assert (home / "notes").read_text(encoding="utf-8") == "to keep"


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["few.jsonl", "--out", "m"], "20 rows are too few to learn from; at least 50"),
        (["same.jsonl", "--out", "m"], "`weak` is 1 in every row"),
        (["rows.jsonl", "--out", "m", "--use", "all"], "200 of 200 rows have no `answers`"),
        (["rows.jsonl", "--out", "nowhere/m"], "the folder of 'nowhere/m' is not there"),
        (["rows.jsonl"], "give ROWS or --from-ledger, and --out FILE"),
        (["--out", "m"], "give ROWS or --from-ledger, and --out FILE"),
        (["rows.jsonl", "--out", "m", "--to", "01234567"], "--to belongs to --rollback"),
        (["rows.jsonl", "--rollback", "m"], "--rollback trains nothing"),
        (["--rollback", "m", "--out", "m"], "--rollback trains nothing"),
        (["rows.jsonl", "--out", "m", "--holdout-share", "20"], "is no share; write for instance 5% or 0.05"),
        (["missing.jsonl", "--out", "m"], "missing.jsonl: cannot be read"),
    ],
)
def test_what_cannot_be_learned_is_said_and_nothing_written(
    gateway: Gateway, rows: Path, home: Path, arguments: list[str], fault: str
) -> None:
    """Every misuse ends with exit code 2, a sentence and no file."""
    write_rows(home / "few.jsonl", labelled(20))
    write_rows(home / "same.jsonl", [row for row in labelled(300) if row.weak == 1])
    before = names(home)

    ended = gateway("train", *arguments)

    assert ended.code == 2
    assert fault in " ".join(ended.err.split())
    assert names(home) == before
