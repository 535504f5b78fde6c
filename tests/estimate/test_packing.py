"""Vectors as the ledger keeps them."""

import numpy as np
import pytest
from support.trained import prompt_model

from gateway.estimate.packing import Packing
from gateway.estimate.words import Words
from gateway.wire.request import parse_request

HELLO = parse_request("hello, what is 12345678901234567890 times 3?")


def test_a_vector_comes_back() -> None:
    """To the precision that is kept."""
    vector = prompt_model().vector(HELLO)
    packing = Packing(prompt_model().words)

    back = packing.unpack(packing.pack(vector))

    assert back is not None
    np.testing.assert_allclose(back, vector, rtol=1e-3)


def test_numbers_beyond_half_precision_stay_numbers() -> None:
    """They are cut to the largest that is kept, and not to infinity."""
    packing = Packing(prompt_model().words)
    vector = np.full(len(prompt_model().words.names), 1e9, dtype=np.float32)

    back = packing.unpack(packing.pack(vector))

    assert back is not None
    assert np.isfinite(back).all()


def test_a_vector_of_another_table_is_none() -> None:
    """Its numbers would mean something else."""
    words = prompt_model().words
    other = Words(words.stems, words.weights * 2, words.meaning)

    assert Packing(other).unpack(Packing(words).pack(prompt_model().vector(HELLO))) is None


@pytest.mark.parametrize("spoil", [b"", b"\x09", b"\x00" * 345])
def test_what_is_no_vector_is_none(spoil: bytes) -> None:
    """Whatever a ledger holds, nothing is raised."""
    assert Packing(prompt_model().words).unpack(spoil) is None


def test_a_vector_that_is_no_number_is_none() -> None:
    """Nothing is learned from it."""
    packing = Packing(prompt_model().words)
    packed = packing.pack(prompt_model().vector(HELLO))

    assert packing.unpack(packed[:-2] + np.array(np.nan, "<f2").tobytes()) is None
