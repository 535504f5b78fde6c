"""A stream of chat.completion.chunk events, from bytes to Deltas, at any splitting of the bytes.

Does no input or output: the caller feeds what arrives. A stream that ends before its `finish_reason` is an error,
because half an answer must not pass for a whole one.
"""

from collections.abc import Iterator

from gateway.errors import MalformedResponseError
from gateway.types import Delta
from gateway.wire.deltas import Ending
from gateway.wire.openai import decode, parse_chunk

EVENT_BYTES = 8 * 2**20
_BOM = b"\xef\xbb\xbf"


class EventReader:
    """Server-sent events: bytes in, the data of whole events out.

    Lines end in LF, CRLF or CR; `data` of several lines is joined; comments and other fields are dropped.
    https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
    """

    def __init__(self, *, backend: str) -> None:
        self._backend = backend
        self._pieces: list[bytes] = []
        self._held = 0
        self._data: list[bytes] = []
        # With a byte for each line: an event of empty ones is no smaller.
        self._data_bytes = 0
        self._begun = False

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """Take bytes as they came, give the events that they complete."""
        if piece:
            yield from self._take(piece)

    def end(self) -> Iterator[bytes]:
        """Give the event that the stream broke off after, where its lines are whole."""
        rest = b"".join(self._pieces)
        self._pieces.clear()
        for line in (*rest.splitlines(), b""):
            yield from self._line(line)

    def _take(self, piece: bytes) -> Iterator[bytes]:
        self._held += len(piece)
        if self._held > EVENT_BYTES:
            raise MalformedResponseError(
                f"{self._backend!r} streamed an event of more than {EVENT_BYTES} bytes", backend=self._backend
            )
        self._pieces.append(piece)
        # A CR at the very end waits for the LF that may follow it.
        if b"\n" not in piece and b"\r" not in b"".join(self._pieces[-2:])[:-1]:
            return
        lines = b"".join(self._pieces).splitlines(keepends=True)
        rest = b"" if lines[-1].endswith(b"\n") else lines.pop()
        self._pieces = [rest] if rest else []
        for line in lines:
            yield from self._line(line.rstrip(b"\r\n"))
        self._held = len(rest) + self._data_bytes

    def _line(self, line: bytes) -> Iterator[bytes]:
        if not self._begun:
            self._begun = True
            line = line.removeprefix(_BOM)
        if not line:
            if self._data:
                event = b"\n".join(self._data)
                self._data, self._data_bytes = [], 0
                yield event
            return
        name, _, value = line.partition(b":")
        if name == b"data":
            data = value.removeprefix(b" ")
            self._data.append(data)
            self._data_bytes += len(data) + 1


class DeltaReader:
    """The Deltas of one streamed answer; `done` says that nothing more is to be read."""

    def __init__(self, *, backend: str) -> None:
        self.done = False
        self._backend = backend
        self._events = EventReader(backend=backend)
        self._ending = Ending()

    def feed(self, piece: bytes) -> Iterator[Delta]:
        """Take bytes as they came, give what they add to the answer; empty chunks are dropped."""
        for event in self._events.feed(piece):
            yield from self._delta(event)

    def end(self) -> Iterator[Delta]:
        """Give what is left; raises `MalformedResponseError` where the answer has no end."""
        for event in self._events.end():
            yield from self._delta(event)
        if not self._ending.finished:
            raise MalformedResponseError(
                f"{self._backend!r} broke its stream off before the answer was complete", backend=self._backend
            )

    def _delta(self, event: bytes) -> Iterator[Delta]:
        if self.done:
            return
        if event.strip() == b"[DONE]":
            self.done = True
            return
        delta = self._ending.take(parse_chunk(decode(event, backend=self._backend), backend=self._backend))
        self.done = self._ending.over
        if delta.text or delta.tool_calls or delta.finish_reason or delta.usage or delta.logprobs:
            yield delta
