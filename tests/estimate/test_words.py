"""The vector that a request becomes: the same whatever was met before."""

import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from random import Random

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.trained import prompt_model

from gateway.estimate import words as words_module
from gateway.estimate.features import SHAPE_NAMES, Reading, read
from gateway.estimate.words import Words
from gateway.wire.request import parse_request

MEANING = np.array([[1, 0, 0], [0, 1, 0]], dtype=np.float32)
WORDS = st.text(st.sampled_from("abcdefgs"), min_size=1, max_size=8)


def table() -> Words:
    """Make a table of two stems in three dimensions."""
    return Words(("proof", "greet"), np.array([2.0, 1.0], dtype=np.float32), MEANING)


def reading(stem_words: Sequence[str], other_words: Sequence[str] = ()) -> Reading:
    """Make a reading of words alone."""
    return Reading((0.0,) * len(SHAPE_NAMES), len(stem_words) + len(other_words), tuple(stem_words), tuple(other_words))


def meaning(words: Words, *said: str) -> npt.NDArray[np.float32]:
    """Return the numbers of a vector that the table of meanings gives."""
    return words.vector(reading(said))[-words.dimensions :]


def test_a_vector_has_a_number_for_each_name() -> None:
    """Whoever explains a vector finds a name for each number."""
    words = table()

    assert len(words.vector(read(parse_request("Is this a proof?")))) == len(words.names)


def test_inflections_mean_the_same() -> None:
    """A plural is known by its singular."""
    words = table()

    assert meaning(words, "proofs").tolist() == meaning(words, "proof").tolist() == [1, 0, 0]


def test_unknown_words_mean_nothing() -> None:
    """What the table does not hold neither adds nor divides."""
    words = table()

    assert meaning(words, "xyzzy").tolist() == [0, 0, 0]
    assert meaning(words, "proof", "xyzzy").tolist() == meaning(words, "proof").tolist()


def test_meaning_has_one_length_however_much_is_said() -> None:
    """A long text has no louder topic than a short one."""
    both = meaning(table(), "proof", "greet")

    assert float(np.linalg.norm(both)) == pytest.approx(1)


def test_no_word_at_all_is_a_vector_too() -> None:
    """A text of signs alone is scored like any."""
    assert np.isfinite(table().vector(reading(()))).all()


@given(st.lists(WORDS, unique=True, max_size=20), st.lists(WORDS, unique=True, max_size=20), st.randoms())
def test_what_was_met_before_changes_nothing(said: list[str], before: list[str], lots: Random) -> None:
    """The same request has the same vector on the first day and after a year."""
    fresh, seasoned = table(), table()
    seasoned.vector(reading(before))
    lots.shuffle(before)
    seasoned.vector(reading(before))

    assert seasoned.vector(reading(said)).tolist() == fresh.vector(reading(said)).tolist()


def test_words_by_the_ten_thousands_are_forgotten_and_change_nothing() -> None:
    """Memory is bounded, and what is forgotten is met anew as it was."""
    words = table()
    wanted = words.vector(reading(("proof", "greeting"))).tolist()

    for batch in range(40):
        words.vector(reading([f"w{batch}x{number}" for number in range(1_000)]))
        assert words.vector(reading(("proof", "greeting"))).tolist() == wanted

    assert len(words._met.rows) <= 31_000


def test_one_text_of_more_words_than_are_remembered_is_scored() -> None:
    """No single request is too rich in words."""
    words = table()
    many = [f"w{number}" for number in range(35_000)]

    assert np.isfinite(words.vector(reading(many))).all()
    assert meaning(words, "proof").tolist() == [1, 0, 0]


def test_threads_that_share_a_table_read_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also while words are met, and forgotten because there are too many."""
    monkeypatch.setattr(words_module, "_MOST_MET", 50)
    table = prompt_model().words
    readings = [
        read(parse_request(" ".join(f"prove w{chr(97 + n % 26)}{chr(97 + m)}" for m in range(20)))) for n in range(26)
    ]
    alone = [Words(table.stems, table.weights, table.meaning).vector(one) for one in readings]
    shared = Words(table.stems, table.weights, table.meaning)

    # Threads take turns as often as they can.
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            together = list(pool.map(shared.vector, readings * 2))
    finally:
        sys.setswitchinterval(before)

    np.testing.assert_allclose(together, alone * 2)
