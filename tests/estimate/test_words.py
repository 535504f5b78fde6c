"""The table of words."""

import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from support.trained import prompt_model

from gateway.estimate import words
from gateway.estimate.features import read
from gateway.estimate.words import Words
from gateway.wire.request import parse_request


def test_threads_that_share_a_table_read_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also while words are met, and forgotten because there are too many."""
    monkeypatch.setattr(words, "_MOST_MET", 50)
    table = prompt_model().words
    readings = [
        read(parse_request(" ".join(f"prove w{chr(97 + n % 26)}{chr(97 + m)}" for m in range(20)))) for n in range(60)
    ]
    alone = [Words(table.stems, table.weights, table.meaning).vector(one) for one in readings]
    shared = Words(table.stems, table.weights, table.meaning)

    # Threads take turns as often as they can.
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            together = list(pool.map(shared.vector, readings * 5))
    finally:
        sys.setswitchinterval(before)

    np.testing.assert_allclose(together, alone * 5)
