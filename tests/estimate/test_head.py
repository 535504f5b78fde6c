"""From numbers to a chance: the same for one request as for many."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from support.routers import labelled

from gateway.estimate.features import read
from gateway.estimate.model import Model
from gateway.training.scoring import difficulties, prompt_numbers
from gateway.wire.request import parse_request

FINITE = st.floats(-1e6, 1e6, width=32)


def test_one_request_scores_as_it_does_among_many(model: Model) -> None:
    """What `evaluate` measured is what a request is given."""
    rows = labelled(80, seed=9)
    head = model.heads["prompt"]

    many = difficulties(model, rows, use="prompt")
    one = [head.difficulty(model.words.vector(read(row.request))) for row in rows]

    np.testing.assert_allclose(one, many, rtol=0, atol=1e-6)


def test_the_order_of_rows_changes_no_score(model: Model) -> None:
    """No request is judged by its neighbours."""
    numbers = prompt_numbers(model, labelled(60, seed=5))
    head = model.heads["prompt"]

    np.testing.assert_allclose(head.difficulties(numbers)[::-1], head.difficulties(numbers[::-1]), rtol=0, atol=1e-6)


@given(st.data())
def test_every_vector_has_a_chance(model: Model, data: st.DataObject) -> None:
    """However far out a request is, its difficulty is 0 to 1."""
    head = model.heads["prompt"]
    numbers = data.draw(arrays(np.float32, len(head.center), elements=FINITE))

    assert 0 <= head.difficulty(numbers) <= 1


@given(st.lists(st.floats(-10, 10), min_size=2, max_size=20).map(sorted))
def test_a_higher_rank_is_never_a_lower_chance(model: Model, gains: list[float]) -> None:
    """The chance follows the order of the requests."""
    chances = model.heads["prompt"].chance(np.array(gains))

    assert (np.diff(chances) >= 0).all()


def test_what_is_harder_in_training_is_harder_after_it(model: Model) -> None:
    """The more a request proves, the more difficult it is."""
    head = model.heads["prompt"]

    easy, hard = (
        head.difficulty(model.words.vector(read(parse_request(text))))
        for text in ("hello hello hello", "prove prove prove prove prove prove prove prove prove")
    )

    assert easy < hard
