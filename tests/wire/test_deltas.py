"""Pieces become a whole answer, and a whole answer becomes pieces."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import MalformedResponseError
from gateway.types import Completion, Delta, Message, Money, TokenLogprob, ToolCall, ToolCallDelta, Usage
from gateway.wire.deltas import DeltaCollector, as_deltas


def _completion(text: str | None) -> Completion:
    return Completion(
        message=Message(role="assistant", content=text, tool_calls=(ToolCall(id="c", name="f", arguments="{}"),)),
        finish_reason="stop",
        usage=Usage(prompt_tokens=1, completion_tokens=2),
        model="m",
        logprobs=(TokenLogprob(token="a", logprob=-0.1),),
        reported_cost=Money(5),
    )


@given(text=st.text(min_size=1), by_word=st.booleans())
def test_an_answer_given_in_pieces_is_collected_whole(text: str, by_word: bool) -> None:
    """Taking an answer apart and putting it together changes nothing."""
    whole, collector = _completion(text), DeltaCollector()

    for delta in as_deltas(whole, by_word=by_word):
        collector.add(delta)

    assert collector.completion() == whole


def test_words_come_one_by_one() -> None:
    """A scripted answer streams like a real one."""
    deltas = list(as_deltas(_completion("one two  three\n"), by_word=True))

    assert [delta.text for delta in deltas] == ["one", " two", "  three", "\n", "", ""]


def test_an_answer_without_text_has_no_text_pieces() -> None:
    """A pure tool call is a call and an end."""
    deltas = list(as_deltas(_completion(None)))

    assert [(len(delta.tool_calls), delta.finish_reason) for delta in deltas] == [(1, None), (0, "stop")]


def test_a_plain_answer_has_no_calls_among_its_pieces() -> None:
    """A text is a text and an end."""
    plain = replace(_completion("Hi"), message=Message(role="assistant", content="Hi"))

    assert [(delta.text, delta.tool_calls) for delta in as_deltas(plain)] == [("Hi", ()), ("", ())]


def test_fragments_of_tool_calls_are_joined_by_index() -> None:
    """Two calls whose fragments interleave stay two calls."""
    collector = DeltaCollector()
    fragments = [
        ToolCallDelta(index=0, id="a", name="f", arguments='{"x'),
        ToolCallDelta(index=1, name="g", arguments="{"),
        ToolCallDelta(index=0, arguments='":1}'),
        ToolCallDelta(index=1, arguments="}"),
    ]

    for fragment in fragments:
        collector.add(Delta(tool_calls=(fragment,)))
    collector.add(Delta(finish_reason="tool_calls"))

    assert collector.completion().message.tool_calls == (
        ToolCall(id="a", name="f", arguments='{"x":1}'),
        ToolCall(id="call_1", name="g", arguments="{}"),
    )


def test_another_id_under_the_same_index_is_another_call() -> None:
    """Servers that number every call 0 do not merge two calls into one."""
    collector = DeltaCollector()

    collector.add(Delta(tool_calls=(ToolCallDelta(index=0, id="a", name="f", arguments="{}"),)))
    collector.add(Delta(tool_calls=(ToolCallDelta(index=0, id="b", name="f", arguments="{}"),), finish_reason="stop"))

    assert [call.id for call in collector.completion().message.tool_calls] == ["a", "b"]


def test_what_was_collected_so_far_can_be_read() -> None:
    """A stream that is cancelled leaves its text and usage."""
    collector = DeltaCollector()

    collector.add(Delta(text="Half", usage=Usage(prompt_tokens=3)))

    assert (collector.text, collector.usage, collector.finish_reason) == ("Half", Usage(prompt_tokens=3), None)


def test_an_answer_without_an_end_is_no_completion() -> None:
    """Half an answer does not pass for a whole one."""
    collector = DeltaCollector(backend="b")
    collector.add(Delta(text="Half"))

    with pytest.raises(MalformedResponseError):
        collector.completion()


def test_a_call_without_a_name_is_no_completion() -> None:
    """Nobody can run a function that has no name."""
    collector = DeltaCollector(backend="b")
    collector.add(Delta(tool_calls=(ToolCallDelta(index=0, id="a"),), finish_reason="tool_calls"))

    with pytest.raises(MalformedResponseError):
        collector.completion()
