"""Answers to a request with placeholders: whole or in pieces, text, names and arguments of calls alike."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.redaction.answers import DeltaRestorer, restored_completion, speaks_json
from gateway.redaction.vault import Vault
from gateway.types import Completion, Delta, Message, Request, TokenLogprob, ToolCall, ToolCallDelta, Usage
from gateway.wire.deltas import DeltaCollector

NONCE = "3fa9c1"
EMAIL, NOTE = f"[[EMAIL_ADDRESS_1_{NONCE}]]", f"[[VALUE_1_{NONCE}]]"
VAULT = Vault(nonce=NONCE, values={EMAIL[2:-2]: "jane@example.com", NOTE[2:-2]: 'said "no"\n'})
STRANGE = f"[[PERSON_9_{NONCE}]]"


def answer(text: str | None = None, *calls: ToolCall) -> Completion:
    """Return a whole answer."""
    message = Message(role="assistant", content=text, tool_calls=calls)
    return Completion(message=message, finish_reason="stop", usage=Usage(), model="m")


def call(arguments: str, *, name: str = "send", id_: str = "c1") -> ToolCall:
    """Return a call of a tool."""
    return ToolCall(id=id_, name=name, arguments=arguments)


def streamed(deltas: Sequence[Delta]) -> tuple[Completion, int]:
    """Return what a caller reads of a stream, and how much of it was missed."""
    restorer, collector = DeltaRestorer(VAULT), DeltaCollector()
    for delta in deltas:
        given = restorer.feed(delta)
        if given is not None:
            collector.add(given)
    return collector.completion(), restorer.misses


def test_text_names_and_arguments_of_an_answer_come_back() -> None:
    """What the caller's tools are called with are the caller's own values."""
    said = answer(f"Sent to {EMAIL}.", call(json.dumps({"to": EMAIL, "note": NOTE}), name=f"send {EMAIL}"))

    completion, misses = restored_completion(said, VAULT)

    assert completion.message.content == "Sent to jane@example.com."
    assert completion.message.tool_calls[0].name == "send jane@example.com"
    assert json.loads(completion.message.tool_calls[0].arguments) == {"to": "jane@example.com", "note": 'said "no"\n'}
    assert misses == 0


def test_an_answer_without_text_stays_without() -> None:
    """A pure call has none."""
    completion, _ = restored_completion(answer(None, call("{}")), VAULT)

    assert completion.message.content is None


def test_what_could_not_be_restored_is_counted_over_the_whole_answer() -> None:
    """In text, names and arguments."""
    said = answer(STRANGE, call(f'["{STRANGE}", "{STRANGE}"]', name=STRANGE))

    assert restored_completion(said, VAULT) == (said, 4)


@pytest.mark.parametrize(("format_", "expected"), [("json_object", True), ("json_schema", True), (None, False)])
def test_an_answer_that_was_asked_for_in_json_stays_json(format_: str | None, *, expected: bool) -> None:
    """A value with quotes would break it."""
    request = Request(messages=(), response_format=None if format_ is None else {"type": format_})

    completion, _ = restored_completion(answer(f'{{"note": "{NOTE}"}}'), VAULT, as_json=speaks_json(request))

    assert speaks_json(request) is expected
    assert completion.message.text == ('{"note": "said \\"no\\"\\n"}' if expected else '{"note": "said "no"\n"}')


SHARDS = st.sampled_from([EMAIL, NOTE, STRANGE, "[[", "EMAIL", "_", NONCE, "a ", "\\"])
TEXTS = st.lists(SHARDS, max_size=6).map("".join)


@given(TEXTS, st.lists(TEXTS, max_size=2), st.data())
def test_a_streamed_answer_says_what_the_whole_says(text: str, arguments: list[str], data: st.DataObject) -> None:
    """However its text and its calls are cut, and however they are mixed."""
    calls = tuple(call(said, id_=f"c{number}") for number, said in enumerate(arguments))
    queues = [cut(text, data), *(cut(said, data) for said in arguments)]
    order = data.draw(st.permutations([number for number, queue in enumerate(queues) for _ in queue]))
    begun = Delta(tool_calls=tuple(ToolCallDelta(index=n, id=c.id, name=c.name) for n, c in enumerate(calls)))
    deltas = [
        begun,
        *(as_delta(number - 1, queues[number].pop(0)) for number in order),
        Delta(finish_reason="stop", usage=Usage(), model="m"),
    ]

    assert streamed(deltas) == restored_completion(answer(text or None, *calls), VAULT)


def cut(text: str, data: st.DataObject) -> list[str]:
    """Cut a text into pieces."""
    cuts = sorted(data.draw(st.lists(st.integers(min_value=0, max_value=len(text)), max_size=4)))
    return [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]


def as_delta(index: int, piece: str) -> Delta:
    """Return a piece of a call, or of the text where there is no such call."""
    return Delta(text=piece) if index < 0 else Delta(tool_calls=(ToolCallDelta(index=index, arguments=piece),))


def test_another_call_of_the_same_number_begins_anew() -> None:
    """Some servers number every call 0: what was held back of the first is given with the first."""
    deltas = [
        Delta(tool_calls=(ToolCallDelta(index=0, id="a", name="f", arguments='"[['),)),
        Delta(tool_calls=(ToolCallDelta(index=0, id="b", name="g", arguments=f'"{EMAIL}"'),)),
        Delta(finish_reason="tool_calls", model="m"),
    ]

    completion, _ = streamed(deltas)

    assert [made.arguments for made in completion.message.tool_calls] == ['"[[', '"jane@example.com"']


def test_a_piece_with_nothing_in_it_is_given_as_it_is() -> None:
    """Servers begin with one."""
    delta = Delta(model="m")

    assert DeltaRestorer(VAULT).feed(delta) is delta


def test_a_piece_that_is_held_back_whole_is_not_given() -> None:
    """The caller waits, and gets no empty pieces."""
    assert DeltaRestorer(VAULT).feed(Delta(text="[[EMA", model="m")) is None


@pytest.mark.parametrize("more", [{"logprobs": (TokenLogprob(token="x", logprob=-1.0),)}, {"usage": Usage()}])
def test_what_comes_beside_a_text_is_never_held_back(more: dict[str, Any]) -> None:
    """Usage and probabilities are passed on with the piece that brought them."""
    given = DeltaRestorer(VAULT).feed(Delta(text="[[EMA", **more))

    assert given == Delta(**more)
