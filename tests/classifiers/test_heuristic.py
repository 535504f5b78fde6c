"""`kind: heuristic`: what counts as hard, and what does not count."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.classifiers.heuristic import HeuristicClassifier, Options, build, text_score
from gateway.types import ContentPart, Message, Request, Role, ToolCall

TOOL = {"type": "function", "function": {"name": "find", "parameters": {"type": "object"}}}
ROLES: tuple[Role, ...] = ("system", "developer", "user", "assistant", "tool")


def request(*said: str, **fields: object) -> Request:
    """Return a conversation in which the user says this."""
    messages = tuple(Message(role="user", content=text) for text in said)
    return Request(**{"messages": messages, "id": "r1", **fields})  # type: ignore[arg-type]  # the fields vary by test


def difficulty(*said: str, **fields: object) -> float:
    """Return how hard that is."""
    return HeuristicClassifier().difficulty(request(*said, **fields))


@pytest.mark.parametrize(
    "text", ["hi", "What is the capital of France?", "Classify: my card was charged twice", "Translate: good morning"]
)
def test_small_work_is_easy(text: str) -> None:
    """A line of chat, a label, a translation."""
    assert difficulty(text) < 0.25


@pytest.mark.parametrize(
    "text",
    [
        "Implement an LRU cache with O(1) operations. It must be thread-safe. Explain the trade-offs and design tests.",
        "Prove, step by step, that $$\\sum_{k=1}^n k^3 = (\\frac{n(n+1)}{2})^2$$ and derive the closed form for k^4.",
        "Consider the following contract and compare the clauses. " + "The party of the first part shall pay. " * 120,
    ],
)
def test_construction_proof_and_length_are_hard(text: str) -> None:
    """Work for which a small model is often not enough."""
    assert difficulty(text) > 0.6


@given(st.text(max_size=200), st.integers(1, 400))
def test_length_only_makes_harder(text: str, letters: int) -> None:
    """More of the same, with nothing else in it, is never easier."""
    assert difficulty(text + "n" * letters) >= difficulty(text) - 1e-9


def test_case_and_white_space_do_not_count() -> None:
    """A request does not change hands because it was shouted or indented."""
    text = "Explain why the sky is blue, and compare it with Mars."

    assert text_score(text.upper().replace(" ", "   ")) == pytest.approx(text_score(text))


def test_what_tools_and_models_wrote_does_not_count() -> None:
    """A long tool result or a long answer makes the question no harder."""
    asked = Message(role="user", content="What is the weather?")
    call = ToolCall(id="c1", name="find", arguments="{}")
    answered = Message(role="tool", content="prove derive \\frac ``` " * 1000, tool_call_id="c1")
    said = Message(role="assistant", content="prove derive \\frac ``` " * 1000, tool_calls=(call,))

    with_results = HeuristicClassifier().difficulty(Request(messages=(asked, said, answered), id="r1"))

    assert with_results == difficulty("What is the weather?")


def test_a_conversation_stays_as_hard_as_it_was() -> None:
    """A short last word does not send a hard conversation to a small model."""
    hard = "Refactor this class, implement the interface and debug the algorithm. " * 5

    assert difficulty(hard, "commit it") >= difficulty(hard)


def test_tools_make_a_request_harder() -> None:
    """Choosing a tool and filling it in is work."""
    assert difficulty("find it", tools=(TOOL,)) > difficulty("find it")


def test_the_middle_of_a_long_text_is_not_read() -> None:
    """So that a book costs no more time than a page."""
    head, tail = "a" * 8_000, "b" * 4_000

    assert text_score(head + "prove " * 100 + tail) == pytest.approx(text_score(head + "zzzzz " * 100 + tail), abs=0.01)


def test_parts_are_read_like_one_text() -> None:
    """A text beside an image is as hard as the text."""
    parts = (
        ContentPart(type="text", body={"type": "text", "text": "Explain this picture"}),
        ContentPart(type="image_url", body={"type": "image_url", "image_url": {"url": "https://example.org/x.png"}}),
    )
    message = Message(role="user", content=parts)

    assert HeuristicClassifier().difficulty(Request(messages=(message,), id="r1")) == difficulty("Explain this picture")


async def test_it_is_built_without_options() -> None:
    """There is nothing to set, and nothing to open."""
    async with build(Options()) as classifier:
        assert classifier.difficulty(request("hi")) == difficulty("hi")


@given(
    st.lists(st.builds(Message, role=st.sampled_from(ROLES), content=st.none() | st.text()), max_size=6), st.booleans()
)
def test_difficulty_lies_between_0_and_1(messages: list[Message], tools: bool) -> None:
    """For any conversation, an empty one included."""
    asked = Request(messages=tuple(messages), id="r1", tools=(TOOL,) if tools else ())

    assert 0 <= HeuristicClassifier().difficulty(asked) <= 1


def test_a_short_follow_up_of_a_hard_conversation_is_hard() -> None:
    """The whole conversation is judged, not its last line."""
    hard = (
        "Implement an LRU cache with O(1) operations. It must be thread-safe. Explain the trade-offs and design tests.",
        "Derive its complexity step by step, and prove that no entry is lost.",
    )

    assert difficulty("commit it") < 0.25
    assert difficulty(*hard, "commit it") >= difficulty(*hard) > 0.6
