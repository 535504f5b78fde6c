"""What an answer finally says, however it says it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import hostile
from support.pace import Watch

from gateway.judges._extract import Kind, final_answer, last_number

CITIES = "Which is the largest?\nA) Paris\nB) London\nC) Rome"
EGGS = "Janet's ducks lay 16 eggs a day. How many dollars does she make every day?"
WORKED = "She sells 16 - 3 - 4 = <<16-3-4=9>>9 eggs a day.\nShe makes 9 * 2 = $<<9*2=18>>18 every day."


def read(text: str, prompt: str = "") -> tuple[Kind, str] | None:
    """Return what a text says."""
    answer = final_answer(text, prompt=prompt)
    return None if answer is None else (answer.kind, answer.value)


@pytest.mark.parametrize(
    "text",
    [
        "18",
        "$18",
        "18.00",
        "18 dollars",
        "18%",
        "eighteen",
        f"{WORKED}\n#### 18",
        WORKED,
        f"{WORKED} So **$18** a day, for 4 ducks.",
        "The answer is 18.",
        "The answer is 18, because 9 times 2 is 18.",
        "The correct answer is therefore clear.\n\nAnswer: $18 (9 eggs at $2)",
        "**Answer:** 18 dollars per day",
        "The answer is x = 18.",
        "The answer is 9 * 2 = 18",
        "Die Antwort lautet 18.",
        "La respuesta es 18",
        "La réponse est 18",
        "so that we get $\\boxed{18}$",
        "\\boxed{\\text{18}}",
        "\\boxed{\\frac{36}{2}}",
        "36/2",
        '{"reasoning": "9 eggs at 2 dollars, of 16", "answer": "18"}',
        '{"reasoning": "9 eggs", "answer": 18.0}',
        '```json\n{"reasoning": "9 eggs", "answer": "$18"}\n```',
        '{"reasoning": "9 "eggs" at 2 dollars", "answer": "18"}',
        '{"reasoning": "9 eggs of 16", "answer": "18',
        "{'reasoning': 'of 16', 'answer': 18}",
        "```\n#### 18\n```",
        "```python\nprint(9 * 3)\n```\nThe answer is 18.",
    ],
)
def test_a_number_is_read_however_it_is_written(text: str) -> None:
    """A bare value, a marked one and a worked solution say the same."""
    assert read(text) == ("number", "18")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$1,234.50", "2469/2"),
        ("1.234,50 €", "2469/2"),
        ("18,5", "37/2"),
        ("1,234", "1234"),
        ("12,345,678", "12345678"),
        ("-5", "-5"),
        ("\u22125", "-5"),
        ("-$5.20", "-26/5"),
        (".5", "1/2"),
        ("-.5", "-1/2"),
        ("1 1/2 cups", "3/2"),
        ("1\\frac{1}{2}", "3/2"),
        ("-\\frac{3}{4}", "-3/4"),
        ("\\frac{-3}{4}", "-3/4"),
        ("2.5e3", "2500"),
        ("3 x 10^2", "300"),
        ("3 \\times 10^{-2}", "3/100"),
        ("zero", "0"),
    ],
)
def test_numbers_are_exact(text: str, value: str) -> None:
    """Thousands, decimals of both kinds, fractions, powers of ten."""
    assert read(text) == ("number", value)


@pytest.mark.parametrize("text", ["It takes 3 of the 24 hours.", "It is 5 to 7, so it takes **3 hours** in 2 parts."])
def test_a_question_for_a_number_is_answered_by_one(text: str) -> None:
    """Without an equation, the prompt says that the number matters; bold beats last."""
    assert read(text, "How many hours does it take?") == ("number", "24" if "24" in text else "3")


def test_a_short_sentence_answers_with_its_number() -> None:
    """A question for a number makes a number of what would be a label."""
    assert read("She makes $18 daily.", EGGS) == ("number", "18")
    assert read("She makes $18 daily.") == ("label", "she makes 18 daily")
    assert read("Answer: Every day she makes a sum of 18 dollars in all", EGGS) == ("number", "18")
    assert read("Nobody knows.", EGGS) == ("label", "nobody knows")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("The answer is 3 pigs and 4 cows.", "label"),
        ("10/12/2024", "label"),
        ("3:30 pm", "label"),
        ("version 1.2.3", "label"),
        ("1/0", "label"),
        ("the 5th", "label"),
        ("x5", "label"),
        ("9" * 40, "label"),
        ("In 1905 Einstein published four papers that changed physics.", "text"),
        ("The answer is that nobody has ever counted them all.", "text"),
    ],
)
def test_what_only_looks_like_a_number_is_none(text: str, kind: Kind) -> None:
    """Dates, times, versions, ordinals, lists of numbers and years in prose."""
    answer = read(text)

    assert answer is not None
    assert answer[0] == kind


@pytest.mark.parametrize(
    "text",
    [
        "B",
        "b",
        "(B)",
        "B.",
        "B) London",
        "**B**",
        "(B) London",
        "Answer: B",
        "The answer is (B).",
        "The answer is B because C is smaller.",
        "The correct option is B) London, not A.",
        "Rome and Paris are (A) and (C); but the largest is option B",
        "I am sure that it is London.",
        "The answer is **B**",
        "The answer is the option B.",
        '{"answer": "B"}',
        "\\boxed{B}",
        "B) London: it has more people than Paris by any count that there is of them, and than all of Rome.",
    ],
)
def test_an_option_is_read_by_its_letter(text: str) -> None:
    """Where the prompt has lettered options, as a letter or by the option's words."""
    assert read(text, CITIES) == ("option", "B")


@pytest.mark.parametrize("text", ["B", "(B)", "B.", "The answer is (B)", "The answer is B) London", "Answer: B"])
def test_a_lone_letter_is_an_option_without_a_prompt(text: str) -> None:
    """A letter that is all there is, or stands in brackets after a mark."""
    assert read(text) == ("option", "B")


@pytest.mark.parametrize(
    "text", ["A dog is an animal that barks at the postman.", "Plan B is what we need to follow now, sir."]
)
def test_a_letter_of_prose_is_no_option(text: str) -> None:
    """`A` begins many sentences."""
    answer = read(text, CITIES)

    assert answer is not None
    assert answer[0] == "text"


def test_a_letter_that_is_not_on_offer_is_no_option() -> None:
    """The prompt's options are all that there are."""
    assert read("D", CITIES) == ("label", "d")
    assert read("A", "Name the note. B: is it?") == ("option", "A")


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Positive", "positive"),
        ("  *positive*!", "positive"),
        ("The sentiment is: **Positive**.", "positive"),
        ("Category: Billing Question", "billing question"),
        ("the Pacific Ocean", "pacific ocean"),
        ("Yes, that is so.", "yes"),
        ("The answer is no, because it rains.", "no"),
        ("👍", "👍"),
        ("#### Paris", "paris"),
        ('{"answer": true}', "true"),
        ('{"answer": ""}', ""),
        ("\\boxed{\\text{blue}}", "blue"),
        ("...", "..."),
    ],
)
def test_a_label_is_a_few_words_in_small_letters(text: str, label: str) -> None:
    """Signs, case and an article do not tell labels apart."""
    assert read(text) == ("label", label)


def test_json_is_written_in_one_way() -> None:
    """The order of its keys and its white space say nothing, nor does a sentence before it."""
    told = read('{"b": [1, 2], "a": null}')

    assert told == ("json", '{"a":null,"b":[1,2]}')
    assert read('Here you are:\n```json\n{"a": null,\n "b": [1,2]}\n```') == told
    assert read('Sure:\n{"a": null, "b": [1,2]}\nDone.') == told
    assert read('{"answer": {"a": null, "b": [1,2]}, "reasoning": "so"}') == told


def test_an_object_with_more_than_reasons_is_compared_whole() -> None:
    """An answer among other fields is one of them."""
    assert read('{"answer": 1, "city": "Paris"}') == ("json", '{"answer":1,"city":"Paris"}')


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "f", "arguments": {"x": 1}}',
        '{"name": "f", "parameters": {"x": 1}, "type": "function"}',
        '{"name": "f", "arguments": "{\\"x\\": 1}"}',
        '<tool_call>\n{"name": "f", "arguments": {"x": 1}}\n</tool_call>',
        '<function=f>{"x": 1}</function>',
        'I look it up. <|python_tag|>{"name": "f", "parameters": {"x": 1}}',
    ],
)
def test_a_call_in_the_text_is_a_call(text: str) -> None:
    """As models write it that have no tools of their own."""
    assert read(text) == ("call", '{"arguments":{"x":1},"name":"f"}')


def test_a_person_is_no_call() -> None:
    """A name alone makes no function."""
    assert read('{"name": "Bob", "arguments": 3}') == ("json", '{"arguments":3,"name":"Bob"}')
    assert read('{"name": "Bob", "age": 3}') == ("json", '{"age":3,"name":"Bob"}')


def test_code_is_compared_without_its_white_space() -> None:
    """The longest block is what the answer says."""
    text = "Like this:\n```python\ndef f(x):\n    return   x\n```\nor\n```python\nf\n```\n"

    assert read(text) == ("code", "def f(x): return x")


def test_code_that_was_cut_off_is_code() -> None:
    """A block that nobody closed ends with the text."""
    assert read("~~~\nx = 1\n```\ny = 2") == ("code", "x = 1 ``` y = 2")


@pytest.mark.parametrize("text", ['{"reasoning": "16-3=13, and then', '```json\n{"reasoning": "16-3=13, and then'])
def test_json_that_never_came_to_its_answer_says_none(text: str) -> None:
    """The last number of its reasons is not what it would have said."""
    answer = read(text, EGGS)

    assert answer is not None
    assert answer[0] == "text"


def test_json_beyond_all_measure_is_text() -> None:
    """What is nested too deep, or holds what is no JSON, is not read as JSON."""
    for text in ("[" * 50 + "1" + "]" * 50, "[NaN, 1, 2, 3, 4, 5, 6]", '{"a": [1, 2}, 3, 4, 5, 6'):
        answer = read(text)

        assert answer is not None
        assert answer[0] != "json"
    assert read(str([[]] * 50)) == ("json", str([[]] * 50).replace(" ", ""))


def test_a_command_in_long_prose_is_not_what_it_says() -> None:
    """Code that is a small part of an answer stands in it as an example."""
    answer = read("You can list what is in a folder in many ways. " * 5 + "\n```\nls\n```\n")

    assert answer is not None
    assert answer[0] == "text"


@pytest.mark.parametrize("text", ["", " \n\t "])
def test_an_empty_answer_says_nothing(text: str) -> None:
    """White space is no answer."""
    assert final_answer(text) is None


@pytest.mark.parametrize("text", ["#### 64", "so **64**, then 3+61=64", '{"answer": "64"}', "The answer is 64."])
def test_the_span_is_where_the_answer_stands(text: str) -> None:
    """So that the tokens that say it can be found; also behind much else."""
    for whole in (text, "word " * 20_000 + "\n" + text):
        answer = final_answer(whole)

        assert answer is not None
        assert whole[slice(*answer.span)] == "64"


def test_a_heading_is_no_answer() -> None:
    """The marks of an answer are those of a heading too."""
    answer = read(
        "#### Who was it\nIt was the butler who did it, in the kitchen, with a knife.\n#### Why\nOut of spite."
    )

    assert answer is not None
    assert answer[0] == "text"


def test_the_last_number_of_a_text_is_found() -> None:
    """Whatever else is said."""
    assert last_number("3 of 5 eggs") == "5"
    assert last_number("it fell from 3 to -$5") == "-5"
    assert last_number("it fell from 3 - 5") == "5"
    assert last_number("it fell by .5") == "1/2"
    assert last_number("no eggs") is None


def test_the_answer_is_not_shown() -> None:
    """Whoever prints what was read prints no content."""
    assert "secret" not in repr(final_answer("secret"))


@given(st.text(), st.text())
def test_no_text_makes_the_reader_fail(text: str, prompt: str) -> None:
    """Whatever an answer is, something is read, and it stands in the text."""
    answer = final_answer(text, prompt=prompt)

    assert (answer is None) == (not text.strip())
    if answer is not None:
        assert 0 <= answer.span[0] <= answer.span[1] <= len(text)


_MARKUP = st.text(alphabet='AB)(0123.,-/=$%*#{}[]"\\: \n`', max_size=60)


@given(_MARKUP, _MARKUP)
def test_no_markup_makes_the_reader_fail(text: str, prompt: str) -> None:
    """Half of a mark is as good as none."""
    final_answer(f'Answer: {text}\n\\boxed{{{text}}} "answer": {text}', prompt=f"A) {prompt} B) {prompt}")


@given(st.fractions(max_denominator=10_000).filter(lambda value: abs(value) < 10**9))
def test_every_fraction_is_read_as_itself(value: object) -> None:
    """What is written is what is read."""
    assert read(f"The answer is {value}.") == ("number", str(value))


@pytest.mark.parametrize("size", [1_000_000, 49_000, 11_000])
def test_long_texts_are_read_in_bounded_time(size: int) -> None:
    """Nobody can keep the gateway busy with an answer, or a prompt."""
    for text in hostile.texts(size):
        # The best of three: a pause of the garbage collector is no cost of the text's.
        assert min(_seconds(text) for _ in range(3)) < 0.5, text[:20]


def _seconds(text: str) -> float:
    watch = Watch()
    final_answer(text, prompt=text)
    return watch.seconds()
