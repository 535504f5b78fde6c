"""A stream is read the same however its bytes are split, and half an answer never passes for a whole one."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.wire_servers import event, openai_chunk, openai_stream

from gateway.errors import MalformedResponseError
from gateway.types import Delta
from gateway.wire import sse
from gateway.wire.deltas import AFTERWARDS, DeltaCollector
from gateway.wire.sse import DeltaReader, EventReader

texts = st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=8)


def _split(raw: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({cut % (len(raw) + 1) for cut in cuts})
    return [raw[start:end] for start, end in zip([0, *places], [*places, len(raw)], strict=True)]


def _events(pieces: list[bytes]) -> list[bytes]:
    reader = EventReader(backend="b")
    return [found for piece in pieces for found in reader.feed(piece)] + list(reader.end())


def _deltas(*pieces: bytes) -> list[Delta]:
    reader = DeltaReader(backend="b")
    return [delta for piece in pieces for delta in reader.feed(piece)] + list(reader.end())


@given(words=texts, newline=st.sampled_from(["\n", "\r\n", "\r"]), cuts=st.lists(st.integers(0, 10_000), max_size=30))
def test_a_stream_reads_the_same_at_any_splitting(words: list[str], newline: str, cuts: list[int]) -> None:
    """Where a network cuts the bytes changes nothing, in all three kinds of line end."""
    lines = [f"data: {json.dumps(word, ensure_ascii=newline == chr(13))}{newline}{newline}" for word in words]

    found = _events(_split("".join(lines).encode(), cuts))

    assert [json.loads(one) for one in found] == words


@given(raw=st.binary(max_size=300), cuts=st.lists(st.integers(0, 300), max_size=10))
def test_any_bytes_give_the_same_events_at_any_splitting(raw: bytes, cuts: list[int]) -> None:
    """Also what no server would send is read in one way only."""
    assert _events(_split(raw, cuts)) == _events([raw])


@given(words=texts, cuts=st.lists(st.integers(0, 10_000), max_size=30))
def test_the_collected_text_is_the_streamed_text(words: list[str], cuts: list[int]) -> None:
    """Not a character is lost or doubled between the server and the completion."""
    raw = b"".join(openai_stream(*words))
    collector = DeltaCollector()

    for delta in _deltas(*_split(raw, cuts)):
        collector.add(delta)

    assert collector.completion().message.text == " ".join(words)


@pytest.mark.parametrize(
    ("raw", "events"),
    [
        (b": comment\n\ndata: a\n\n", [b"a"]),
        (b"data:a\n\n", [b"a"]),
        (b"data:  a\n\n", [b" a"]),
        (b"data: a\ndata: b\n\n", [b"a\nb"]),
        (b"event: x\nid: 1\nretry: 5\ndata: a\n\n", [b"a"]),
        (b"\xef\xbb\xbfdata: a\n\n", [b"a"]),
        (b"data\n\n", [b""]),
        (b"\n\n\n", []),
        (b"data: a", [b"a"]),
        (b"data: a\r\r", [b"a"]),
        (b"database: a\n\n", []),
    ],
)
def test_an_event_stream_is_read_as_the_standard_says(raw: bytes, events: list[bytes]) -> None:
    """Comments, other fields, joined lines and a byte-order mark are handled; a last event needs no blank line."""
    assert _events([raw]) == events


def test_chunks_that_add_nothing_are_dropped() -> None:
    """The first delta has the first token, so the time to it is true."""
    deltas = _deltas(*openai_stream("A", "B"))

    assert [(delta.text, delta.finish_reason, delta.usage is not None) for delta in deltas] == [
        ("A", None, False),
        (" B", None, False),
        ("", "stop", False),
        ("", None, True),
    ]


def test_a_stream_may_end_without_done() -> None:
    """The finish reason is the end of the answer; the marker is a courtesy."""
    deltas = _deltas(event(openai_chunk(content="A", finish_reason="stop")))

    assert [delta.text for delta in deltas] == ["A"]


def test_a_last_event_needs_no_blank_line() -> None:
    """A server that closes right after its last line has still said it."""
    deltas = _deltas(event(openai_chunk(content="A", finish_reason="stop")).rstrip())

    assert [delta.text for delta in deltas] == ["A"]


def test_nothing_after_done_is_read() -> None:
    """What follows the end is no part of the answer."""
    tail = event(openai_chunk(content="more"))

    deltas = _deltas(*openai_stream("A"), tail)

    assert "".join(delta.text for delta in deltas) == "A"


def test_nothing_but_a_usage_is_read_after_the_finish_reason() -> None:
    """A text that comes after the end is no part of the answer; what it cost is."""
    late = event(openai_chunk(content="more", finish_reason="length"))
    raw = openai_stream("A")

    deltas = _deltas(*raw[:-2], late, raw[-2])

    assert [(delta.text, delta.finish_reason, delta.usage is not None) for delta in deltas] == [
        ("A", None, False),
        ("", "stop", False),
        ("", None, True),
    ]


def test_a_stream_that_goes_on_after_its_end_is_left() -> None:
    """A few events may follow; a server that never stops is not listened to for ever."""
    reader = DeltaReader(backend="b")
    late = event(openai_chunk(content="more"))

    list(reader.feed(event(openai_chunk(content="A", finish_reason="stop")) + late * AFTERWARDS))

    assert reader.done


@pytest.mark.parametrize("end", [b"", b"data: [DONE]\n\n"])
def test_a_stream_without_a_finish_reason_is_truncated(end: bytes) -> None:
    """An answer that breaks off is an error, also where the server says it is done."""
    with pytest.raises(MalformedResponseError, match="before the answer was complete"):
        _deltas(event(openai_chunk(content="Half an")), end)


def test_an_error_object_in_a_stream_ends_it() -> None:
    """A server that fails after its 200 is heard."""
    with pytest.raises(MalformedResponseError, match="'b' answered with an error"):
        _deltas(event(openai_chunk(content="Half")), event({"error": {"message": "secret"}}))


def test_an_event_without_end_is_not_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server cannot fill the memory with one event."""
    monkeypatch.setattr(sse, "EVENT_BYTES", 100)

    with pytest.raises(MalformedResponseError, match="more than 100 bytes"):
        _events([b"data: " + b"x" * 50, b"x" * 50])


def test_an_event_of_empty_lines_is_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line takes memory also where it says nothing."""
    monkeypatch.setattr(sse, "EVENT_BYTES", 100)

    with pytest.raises(MalformedResponseError, match="more than 100 bytes"):
        _events([b"data:\n"] * 100)


def test_many_events_may_be_larger_than_one_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound is on one event, not on the stream."""
    monkeypatch.setattr(sse, "EVENT_BYTES", 100)

    assert len(_events([b"data: " + b"x" * 50 + b"\n\n"] * 10)) == 10
