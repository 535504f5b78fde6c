"""The demo's tickets are unseen by the specialist: none of their wording is in its training text."""

import re
from pathlib import Path

from gateway.demo.rows import load_rows

PHRASES = Path(__file__).parents[2] / "examples" / "tickets" / "phrases"
RUN = 7


def words(text: str) -> list[str]:
    """Return the words of a text in lower case."""
    return re.findall(r"[a-z0-9']+", text.lower())


def runs(text: str) -> set[tuple[str, ...]]:
    """Return all runs of `RUN` words."""
    found = words(text)
    return {tuple(found[start : start + RUN]) for start in range(len(found) - RUN + 1)}


def test_no_run_of_seven_words_of_a_ticket_is_in_the_training_phrases() -> None:
    """What the training text is made of does not hold them, whatever it is put together to."""
    seen = set().union(*(runs(path.read_text()) for path in PHRASES.glob("*.txt")))

    overlaps = {row.id for row in load_rows() if row.label is not None and runs(row.text or "") & seen}

    assert seen
    assert overlaps == set()
