"""What a router has to beat, on rows whose answer is known."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.training.baselines import category_scores, length_scores, oracle_scores
from gateway.training.metrics import Array, exact
from gateway.training.rows import Row
from gateway.training.splits import folds, split
from gateway.wire.request import parse_request


def row(text: str = "hello", *, weak: float = 1.0, strong: float = 1.0, category: str | None = None) -> Row:
    return Row(request=parse_request(text), weak=weak, strong=strong, category=category)


def apgr(scores: Array, rows: Sequence[Row]) -> float | None:
    return exact(scores, np.array([row.weak for row in rows]), np.array([row.strong for row in rows])).apgr


def test_length_counts_what_the_user_wrote() -> None:
    """Instructions and answers are not what makes a question long."""
    talk = [
        {"role": "system", "content": "Be brief, whatever is asked."},
        {"role": "user", "content": "abc"},
        {"role": "assistant", "content": "a long answer"},
        {"role": "user", "content": "de"},
    ]
    rows = [row("four"), Row(request=parse_request(talk), weak=1, strong=1)]

    assert length_scores(rows).tolist() == [4, 5]


def test_the_table_knows_which_categories_gain() -> None:
    """Where all of the gain is in one of two categories, the table recovers it first."""
    rows = [row(weak=0, category="law"), row(weak=1, category="chat")] * 50

    scores = category_scores(rows)

    assert scores is not None
    assert apgr(scores, rows) == pytest.approx(0.75)


def test_the_table_has_not_seen_the_row_it_scores() -> None:
    """A category of one row says nothing about it: it scores as the mean of the others."""
    rows = [row(weak=0, category="only"), *[row(category="chat")] * 99]

    scores = category_scores(rows)

    assert scores is not None
    assert scores[0] == pytest.approx(0)


def test_without_categories_there_is_no_table() -> None:
    """One row without a category is enough to leave the table out."""
    assert category_scores([row(category="law"), row()]) is None


def test_the_oracle_is_the_best_order() -> None:
    """It sends what gains first and what loses last."""
    rows = [row(weak=1, strong=0), row(weak=1, strong=1), row(weak=0, strong=1), row(weak=0, strong=1)]

    scores = oracle_scores(rows)

    assert sorted(scores.tolist()) == [0, 1, 2, 3]
    assert (scores[0], scores[1]) == (0, 1)


@given(count=st.integers(2, 60), number=st.integers(2, 10), seed=st.integers(0, 100))
def test_every_row_is_tested_once_and_never_where_it_was_learned(count: int, number: int, seed: int) -> None:
    """Folds part the rows: no row is on both sides, none is left out."""
    parts = folds(count, number, seed=seed)

    assert Counter(index for _, test in parts for index in test.tolist()) == dict.fromkeys(range(count), 1)
    assert all(sorted([*train.tolist(), *test.tolist()]) == list(range(count)) for train, test in parts)


def test_a_split_has_so_many_rows_by_lot() -> None:
    """Another seed draws other rows; the same one draws the same."""
    first, rest = split(100, 20, seed=1)

    assert sorted([*first.tolist(), *rest.tolist()]) == list(range(100))
    assert len(first) == 20
    assert first.tolist() == split(100, 20, seed=1)[0].tolist()
    assert first.tolist() != split(100, 20, seed=2)[0].tolist()
