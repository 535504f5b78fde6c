"""Answers of a backend that saw placeholders, given back with the values: whole ones, and streams.

Text, the names of called tools and their arguments are restored, each on its own. Log-probabilities are of what the
model wrote, and stay.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from gateway.redaction.restore import Restorer, restored
from gateway.redaction.vault import Vault
from gateway.types import Completion, Delta, JsonObject, Request, ToolCall, ToolCallDelta

_STRUCTURED = frozenset({"json_object", "json_schema"})


def speaks_json(request: Request) -> bool:
    """Whether the text of an answer is to be JSON, so that values are written into it as JSON has them."""
    wanted: JsonObject = request.response_format or {}
    return wanted.get("type") in _STRUCTURED


def restored_completion(completion: Completion, vault: Vault, *, as_json: bool = False) -> tuple[Completion, int]:
    """Return an answer with its values, and how many placeholders could not be restored."""
    message = completion.message
    missed = 0

    def back(text: str, *, as_json: bool = False) -> str:
        nonlocal missed
        text, misses = restored(text, vault, as_json=as_json)
        missed += misses
        return text

    calls = tuple(
        ToolCall(id=call.id, name=back(call.name), arguments=back(call.arguments, as_json=True))
        for call in message.tool_calls
    )
    content = back(message.text, as_json=as_json) if message.content is not None else None
    return replace(completion, message=replace(message, content=content, tool_calls=calls)), missed


class DeltaRestorer:
    """Takes the pieces of a streamed answer and gives them with the values; `misses` as in `Restorer`."""

    def __init__(self, vault: Vault, *, as_json: bool = False) -> None:
        self._vault = vault
        self._text = Restorer(vault, as_json=as_json)
        self._calls: dict[int, _Call] = {}
        self._ended = 0

    @property
    def misses(self) -> int:
        """How many placeholders could not be restored so far."""
        return self._text.misses + self._ended + sum(call.arguments.misses for call in self._calls.values())

    def feed(self, delta: Delta) -> Delta | None:
        """Return what is certain by now of a piece and of those before it; None where that is nothing.

        With the finish reason comes all that was held back.
        """
        calls = [piece for call in delta.tool_calls for piece in self._call(call)]
        text = self._text.feed(delta.text) if delta.text else ""
        if delta.finish_reason is not None:
            text += self._text.end()
            calls += [piece for index in tuple(self._calls) for piece in self._end_of(index)]
        if delta.text == text and delta.tool_calls == tuple(calls):
            return delta
        given = replace(delta, text=text, tool_calls=tuple(calls))
        return None if given == Delta(model=delta.model) else given

    def _call(self, piece: ToolCallDelta) -> Iterator[ToolCallDelta]:
        call = self._calls.get(piece.index)
        # As in `DeltaCollector`: some servers number every call 0, and another id begins another call.
        if call is not None and piece.id and call.id and piece.id != call.id:
            yield from self._end_of(piece.index)
            call = None
        if call is None:
            call = self._calls[piece.index] = _Call(arguments=Restorer(self._vault, as_json=True))
        call.id = call.id or piece.id
        arguments = call.arguments.feed(piece.arguments)
        name = piece.name
        if name is not None:
            name, misses = restored(name, self._vault)
            self._ended += misses
        if arguments or name is not None or piece.id is not None:
            yield replace(piece, name=name, arguments=arguments)

    def _end_of(self, index: int) -> Iterator[ToolCallDelta]:
        call = self._calls.pop(index)
        rest = call.arguments.end()
        self._ended += call.arguments.misses
        if rest:
            yield ToolCallDelta(index=index, arguments=rest)


@dataclass(slots=True, kw_only=True)
class _Call:
    arguments: Restorer
    id: str | None = field(default=None)
