"""Code that can be read, and quotations that stand in what was given."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import hostile
from support.pace import quickest

from gateway.judges._checks import citations, code

SOURCE = (
    "The tenant shall give notice three months before the end of the term.\n  The landlord\u2019s consent is "
    "\u201cnot to be unreasonably withheld\u201d in any case. The deposit is "
    "returned within thirty days after the keys were given back."
)


@pytest.mark.parametrize(
    ("language", "body", "told"),
    [
        ("python", "def f(x):\n    return x", (1, 0)),
        ("py", "    def f(x):\n        return '\\d'", (1, 0)),
        ("python", "def f(x)\n    return x", (0, 1)),
        ("python", "x = 1\0", (0, 1)),
        ("python", ">>> f(1)\n2", (0, 0)),
        ("python", "!pip install x\nimport x", (0, 0)),
        ("python", "a" + ".b" * 4_000, (0, 0)),
        ("python", "x = 1\n" * 5_000, (0, 0)),
        ("python", "-" * 9_000 + "1", (0, 0)),
        ("json", '{"a": [1]}', (1, 0)),
        ("json", '{"a": [1}', (0, 1)),
        ("js", "f(\")\", '(', `[`) // )\n/* ( */", (1, 0)),
        ("ts", "function f() { return [1; }", (0, 1)),
        ("java", "class A { void f() { }", (0, 1)),
        ("c", "}", (0, 1)),
        ("", "anything (", (0, 0)),
        ("text", "anything (", (0, 0)),
        ("python", "", (0, 0)),
    ],
)
def test_code_is_read_as_the_language_that_it_names(language: str, body: str, told: tuple[int, int]) -> None:
    """Never run; without a language, beyond bounds, or a session's record, it is neither right nor wrong."""
    assert code(f"See:\n```{language}\n{body}\n```\n") == told


def test_every_block_counts() -> None:
    """One that reads does not excuse one that does not."""
    assert code("```python\nx = 1\n```\nand\n```python\nx = = 1\n```") == (1, 1)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('It says "give notice three months before the end".', (1, 0)),
        ('It says "Give notice  three months ... end of the term."', (1, 0)),
        ('It says \u201cThe landlord\'s consent is "not to be unreasonably withheld"\u201d.', (1, 0)),
        ("Da steht \u201ereturned within thirty days after\u201c.", (1, 0)),
        ("Il y a \u00ab returned within thirty days after \u00bb.", (1, 0)),
        ('It says "give notice six months before the end".', (0, 1)),
        ('It says "[the deposit] returned within thirty days" and "the moon is made of cheese".', (1, 1)),
        ('It says "give notice".', (0, 0)),
        ("It quotes nothing.", (0, 0)),
    ],
)
def test_a_quotation_must_stand_in_what_was_given(text: str, told: tuple[int, int]) -> None:
    """White space, case and the kind of quotation mark aside; what was left out may be left out."""
    assert citations(text, SOURCE) == told


def test_a_short_question_gives_nothing_to_quote() -> None:
    """What is quoted then is quoted from elsewhere."""
    assert citations('He said "to be or not to be".', "What did Hamlet say?") == (0, 0)


def test_a_source_beyond_bounds_refutes_nothing() -> None:
    """What was not read may hold it."""
    source = "so it goes on and on " * 10_000

    assert citations('"the moon is made of cheese"', source) == (0, 0)
    assert citations('"goes on and on so"', source) == (1, 0)


@given(st.text(alphabet="`~\n\"\u201c\u201da ()'{}py", max_size=200), st.text())
def test_no_text_makes_a_check_fail(text: str, source: str) -> None:
    """Whatever an answer is, it is checked or not."""
    assert min(*code(f"```python\n{text}\n```\n{text}"), *citations(text, source * 20)) >= 0


def test_long_texts_are_checked_in_bounded_time() -> None:
    """Nobody can keep the gateway busy with code, or with quotations."""
    for text in (*hostile.texts(), *hostile.texts(9_000)):
        for language in ("python", "json", "js"):
            fenced = f"```{language}\n{text}\n```"
            read = partial(_read, fenced, text)
            assert quickest(read, most=0.5) < 0.5, text[:20]


def _read(fenced: str, text: str) -> None:
    code(fenced)
    citations(text, text)
