import pytest
from support.pace import Watch

from gateway.spelling import nearest, remedy


@pytest.mark.parametrize(
    ("word", "near"), [("lama", "Llama"), ("LLAMA", "Llama"), ("qwen", "qwen-2"), ("zzz", None), ("", None)]
)
def test_the_nearest_word_is_found_whatever_its_case(word: str, near: str | None) -> None:
    """A slip of the pen is recognised; what is like nothing is not guessed at."""
    assert nearest(word, ["Llama", "qwen-2"]) == near


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (["llama", "qwen"], "did you mean 'llama'?"),
        (["a", "b"], "known: a, b"),
        ([], "there are none"),
        ([str(number) for number in range(14)], "known: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 2 more"),
    ],
)
def test_a_remedy_names_the_word_that_was_meant_or_those_there_are(known: list[str], said: str) -> None:
    """Whoever reads it knows what to write instead."""
    assert remedy("lama", known) == said


def test_words_and_lists_of_any_length_cost_little() -> None:
    """A name of a megabyte, or a million names, do not hold up who asks."""
    watch = Watch()

    found = [nearest("x" * 1_000_000, ["x"]), nearest("lama", (f"llama{number}" for number in range(1_000_000)))]

    assert found[0] is None
    assert watch.seconds() < 1
