"""What a ledger teaches."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.histories import write_history
from support.routers import hardness, labelled
from support.trained import answering_model, prompt_model

from gateway.errors import RowsError
from gateway.estimate.model import Manifest, Model
from gateway.estimate.words import Words
from gateway.ledgers.sqlite import SqliteReader
from gateway.training.fit import fit_vectors
from gateway.training.history import Selection, learn, measure, read_history
from gateway.training.rows import Row
from gateway.training.scoring import difficulties

ALL = Selection()
pytestmark = pytest.mark.usefixtures("few_trees")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


def turned(count: int, *, seed: int = 0) -> list[Row]:
    """Return rows whose easy requests fail: the opposite of what the model has learned."""
    return [replace(row, weak=1 - row.weak) for row in labelled(count, seed=seed)]


async def test_a_model_learns_what_its_own_traffic_says(path: Path) -> None:
    """Where the local answers to what it held for easy were bad, it holds that for hard afterwards."""
    base = prompt_model()
    await write_history(path, turned(300, seed=1), base)
    rows = labelled(100, seed=2)

    model = learn(read_history(SqliteReader(path), base, ALL), base)

    before, after = (difficulties(one, rows, use="prompt") for one in (base, model))
    assert np.corrcoef(before, hardness(rows))[0, 1] > 0.3
    assert np.corrcoef(after, hardness(rows))[0, 1] < -0.3


async def test_a_model_says_what_it_learned_from(path: Path) -> None:
    """The card has the sources, the base, and that the strong answers are unknown."""
    base = prompt_model()
    await write_history(path, labelled(60, seed=1), base)
    await write_history(path, labelled(20, seed=2), base, source="holdout", first=60)

    model = learn(read_history(SqliteReader(path), base, ALL), base)

    assert model.card == {
        "rows": 80,
        "use": "prompt",
        "from": "ledger",
        "strong": "unknown, counted as 1",
        "sources": {"caller": 60, "holdout": 20},
        "backends": {"llama": 80},
        "base": base.sha256,
        "logprobs": False,
    }
    assert sum(model.manifest.scores) == pytest.approx(1, abs=1e-2)


async def test_what_is_read_of_answers_stays(path: Path) -> None:
    """A ledger keeps no answers, so that it teaches nothing of them."""
    base = answering_model(logprobs=True)
    await write_history(path, labelled(60, seed=1), base)

    model = learn(read_history(SqliteReader(path), base, ALL), base)

    assert model.heads["weak"] is base.heads["weak"]
    assert model.manifest.voices == base.manifest.voices
    assert model.card["logprobs"] is True


async def test_a_model_learned_anew_reads_what_the_one_before_kept(path: Path) -> None:
    """Vectors are of the table of words, which stays; nothing is lost by learning again."""
    base = prompt_model()
    await write_history(path, labelled(60, seed=1), base)

    again = learn(read_history(SqliteReader(path), base, ALL), base)

    assert again.sha256 != base.sha256
    assert len(read_history(SqliteReader(path), again, ALL).outcomes) == 60


async def test_traffic_is_what_came_and_not_what_was_judged(path: Path) -> None:
    """Drift is measured against all requests with features, also those that a strong backend answered."""
    base = prompt_model()
    await write_history(path, labelled(60, seed=1), base)
    await write_history(path, labelled(40, seed=2), base, source="", first=60, local=False, backend="frontier")

    history = read_history(SqliteReader(path), base, ALL)

    assert (len(history.outcomes), len(history.traffic)) == (60, 100)


async def test_what_is_left_out_is_counted_by_its_reason(path: Path) -> None:
    """Strong answers, other backends, other sources, no features, other tables."""
    base = prompt_model()
    other = Model(Words(base.words.stems, base.words.weights * 2, base.words.meaning), base.heads, Manifest())
    await write_history(path, labelled(60, seed=1), base)
    await write_history(path, labelled(1), base, first=100, local=False, backend="frontier")
    await write_history(path, labelled(2), base, first=110, backend="phi")
    await write_history(path, labelled(3), base, first=120, source="agent")
    await write_history(path, labelled(4), base, first=130, features=None)
    await write_history(path, labelled(5), other, first=140)

    history = read_history(SqliteReader(path), base, Selection(sources=["caller"], backend="llama"))

    assert (len(history.outcomes), dict(history.sources)) == (60, {"caller": 60})
    assert dict(history.left_out) == {
        "about answers that were not local": 1,
        "of other backends": 2,
        "of other sources": 3,
        "without features": 4,
        "of another table of words": 5,
    }


async def test_nobody_teaches_alone(path: Path) -> None:
    """Of a tenant the newest count; what is over the cap is counted."""
    base = prompt_model()
    await write_history(path, labelled(80, seed=1), base, tenant="loud")
    await write_history(path, labelled(40, seed=2), base, tenant="quiet", first=100)

    history = read_history(SqliteReader(path), base, Selection(most_per_tenant=40))

    assert len(history.outcomes) == 80
    assert dict(history.left_out) == {"over their tenant's cap": 40}
    np.testing.assert_array_equal(history.outcomes[:40], [row.weak for row in labelled(80, seed=1)[40:]])


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "49 outcomes are too few to learn from; at least 50 are needed"),
        ({"features": None}, r"0 outcomes .*\(49 without features\).*learning: \{keep: features\}"),
        ({"local": False}, "49 about answers that were not local"),
    ],
)
async def test_too_little_is_refused_with_what_is_missing(path: Path, fields: dict[str, Any], said: str) -> None:
    """The message says how to keep what is learned from."""
    await write_history(path, labelled(49, seed=1), prompt_model(), **fields)

    with pytest.raises(RowsError, match=said):
        read_history(SqliteReader(path), prompt_model(), ALL)


async def test_vectors_of_another_table_alone_are_refused(path: Path) -> None:
    """The message names the option that mends it."""
    base = prompt_model()
    other = Model(Words(base.words.stems, base.words.weights * 2, base.words.meaning), base.heads, Manifest())
    await write_history(path, labelled(60, seed=1), other)

    with pytest.raises(RowsError, match=r"60 of another table of words.*--base"):
        read_history(SqliteReader(path), base, ALL)


def test_a_handful_of_vectors_teaches_nothing() -> None:
    """Whoever brings them."""
    vectors = np.zeros((10, len(prompt_model().words.names)), dtype=np.float32)

    with pytest.raises(RowsError, match="10 outcomes"):
        fit_vectors(vectors, np.arange(10) / 10, base=prompt_model(), traffic=vectors)


async def test_outcomes_that_are_all_the_same_teach_nothing(path: Path) -> None:
    """There is nothing to tell apart."""
    rows = [replace(row, weak=1.0) for row in labelled(60)]
    await write_history(path, rows, prompt_model())

    with pytest.raises(RowsError, match="all 60 outcomes are 1"):
        read_history(SqliteReader(path), prompt_model(), ALL)


async def test_the_new_model_is_measured_beside_the_one_before(path: Path) -> None:
    """On outcomes that it did not learn from."""
    base = prompt_model()
    await write_history(path, turned(300, seed=1), base)

    measured = measure(read_history(SqliteReader(path), base, ALL), base)

    assert measured is not None
    assert measured.tested == 60
    assert measured.new < measured.base


async def test_few_outcomes_are_not_measured(path: Path) -> None:
    """Twenty tested ones would say nothing."""
    await write_history(path, labelled(60, seed=1), prompt_model())

    assert measure(read_history(SqliteReader(path), prompt_model(), ALL), prompt_model()) is None


def test_what_the_base_has_learned_from_stays_known() -> None:
    """Its heads that read answers are kept, and must not be measured on their own rows either."""
    base = prompt_model()
    vectors = np.random.default_rng(0).normal(size=(60, len(base.words.names))).astype(np.float32)

    learned = fit_vectors(vectors, np.arange(60) % 2 / 1.0, base=base, traffic=vectors)

    assert learned.learned == base.learned
    assert len(base.learned) == 120


@pytest.mark.parametrize(
    ("model", "licence", "kept"),
    [
        ("llama-3.1-8b", "llama-3.1", True),
        ("llama-3.1-8b", None, True),
        ("mine", "openai-services", True),
        ("llama-3-8b", None, False),
        ("mine", "llama-2", False),
        ("mine", "anthropic-commercial", False),
        ("llama-3-8b", "mit", False),
        ("mine", None, False),
    ],
)
async def test_a_row_teaches_what_its_models_terms_allow(
    path: Path, model: str, licence: str | None, *, kept: bool
) -> None:
    """R-12, row by row: as the ledger kept the licence, with all that the model's name says. Unknown is no yes."""
    base = prompt_model()
    await write_history(path, labelled(60, seed=1), base, model=model, licence=licence)

    if kept:
        assert len(read_history(SqliteReader(path), base, ALL).outcomes) == 60
    else:
        with pytest.raises(RowsError, match=r"60 of models (whose terms forbid it|of unknown terms) \(R-12\)"):
            read_history(SqliteReader(path), base, ALL)
