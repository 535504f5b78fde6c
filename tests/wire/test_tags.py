"""Tags of messages and parts, and the name of a key: read from the caller, and sent to nobody."""

from typing import Any

import pytest

from gateway.errors import InvalidRequestError
from gateway.types import ContentPart, Message
from gateway.wire.messages import parse_message
from gateway.wire.openai import body, encode, parse_request

TEXT = {"type": "text", "text": "hello"}
CANARY = "canary_tag"


def test_a_message_brings_its_tags() -> None:
    """As a list in JSON, as a set in code."""
    message = parse_message(
        {"role": "tool", "content": "a", "tool_call_id": "c1", "tags": ["phi", "eu"]}, "messages[0]"
    )

    assert message.tags == {"phi", "eu"}
    assert parse_message(message, "messages[0]") is message


def test_a_part_brings_its_tags() -> None:
    """They are taken out of what is sent."""
    message = parse_message({"role": "user", "content": [{**TEXT, "tags": ["phi"]}]}, "messages[0]")

    assert message.content == (ContentPart(type="text", body=TEXT, tags=frozenset({"phi"})),)
    assert parse_message(message, "messages[0]") is message


def test_a_part_that_was_made_by_hand_keeps_its_tags_out_of_its_body() -> None:
    """Wherever they were written."""
    by_hand = ContentPart(type="text", body={**TEXT, "tags": ["pii"]}, tags=frozenset({"phi"}))

    message = parse_message(Message(role="user", content=(by_hand,)), "messages[0]")

    assert message.content == (ContentPart(type="text", body=TEXT, tags=frozenset({"phi", "pii"})),)


@pytest.mark.parametrize(
    ("tags", "fault"),
    [
        ("phi", r"messages\[0\].tags is a str; give a set of texts"),
        ({"phi": 1}, r"messages\[0\].tags is a dict"),
        (7, r"messages\[0\].tags is a int"),
        ([7], r"a tag of messages\[0\].tags is a int"),
        ([" "], r"a tag of messages\[0\].tags is empty"),
        ([str(number) for number in range(1_001)], r"messages\[0\].tags has 1,001 tags; give 1000 at most"),
    ],
)
def test_what_are_no_tags_is_refused(tags: object, fault: str) -> None:
    """With the place, and without what stands there."""
    with pytest.raises(InvalidRequestError, match=fault):
        parse_request([{"role": "user", "content": "a", "tags": tags}])


def test_what_are_no_tags_of_a_part_is_refused() -> None:
    """With the part's place."""
    with pytest.raises(InvalidRequestError, match=r"messages\[0\].content\[0\].tags is a str"):
        parse_request([{"role": "user", "content": [{**TEXT, "tags": "phi"}]}])


def messages() -> list[Any]:
    """Return messages with the canary at every place that a caller may tag."""
    return [
        {"role": "system", "content": "s", "tags": [CANARY]},
        {"role": "user", "content": [{**TEXT, "tags": [CANARY]}], "tags": [CANARY]},
        Message(role="user", content=(ContentPart(type="text", body=TEXT, tags=frozenset({CANARY})),)),
        {"role": "tool", "content": "t", "tool_call_id": "c1", "tags": [CANARY]},
    ]


def test_no_tag_and_no_key_is_sent() -> None:
    """The bytes for a server hold neither."""
    request = parse_request(messages(), tags=[CANARY], key=CANARY, tenant=CANARY, conversation=CANARY)

    sent = encode(body(request, model="m"), backend="b")

    assert CANARY.encode() not in sent
    assert b'"tags"' not in sent


def test_a_part_that_nobody_checked_sends_no_tags_either() -> None:
    """A request that was made by hand, and given to a backend itself."""
    by_hand = ContentPart(type="text", body={**TEXT, "tags": [CANARY]})
    request = parse_request("a")
    object.__setattr__(request, "messages", (Message(role="user", content=(by_hand,)),))

    assert CANARY.encode() not in encode(body(request, model="m"), backend="b")


def test_the_name_of_a_key_is_in_no_repr() -> None:
    """Somebody will give the key itself."""
    request = parse_request("a", key=CANARY)

    assert request.key == CANARY
    assert CANARY not in repr(request)


def test_the_name_of_a_key_is_a_name() -> None:
    """What is none is refused without being repeated."""
    with pytest.raises(InvalidRequestError, match="key is no id"):
        parse_request("a", key="two words")


PHI: dict[str, Any] = {"tags": ["phi"]}
CALL: dict[str, Any] = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
TOOL: dict[str, Any] = {
    "type": "function",
    "function": {"name": "f", "parameters": {"properties": {"tags": {"type": "array"}}}},
}
CHOICE: dict[str, Any] = {"type": "function", "function": {"name": "f"}}
SHAPE: dict[str, Any] = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"properties": {"tags": {}}}}}


def called(call: dict[str, Any]) -> dict[str, Any]:
    """Return what a caller gives with a tool call in it."""
    return {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "tool_calls": [call]}]}


def part(part: dict[str, Any]) -> dict[str, Any]:
    """Return what a caller gives with a part in it."""
    return {"messages": [{"role": "user", "content": [part]}]}


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"tools": [{**TOOL, **PHI}]}, "tools[0].tags"),
        ({"tools": [{**TOOL, "function": {**TOOL["function"], **PHI}}]}, "tools[0].function.tags"),
        ({"tools": [TOOL], "tool_choice": {**CHOICE, **PHI}}, "tool_choice.tags"),
        ({"tools": [TOOL], "tool_choice": {**CHOICE, "function": {"name": "f", **PHI}}}, "tool_choice.function.tags"),
        ({"response_format": {**SHAPE, **PHI}}, "response_format.tags"),
        ({"response_format": {"type": "text", **PHI}}, "response_format.tags"),
        (
            {"response_format": {**SHAPE, "json_schema": {**SHAPE["json_schema"], **PHI}}},
            "response_format.json_schema.tags",
        ),
        (called({**CALL, **PHI}), "messages[1].tool_calls[0].tags"),
        (called({**CALL, "function": {**CALL["function"], **PHI}}), "messages[1].tool_calls[0].function.tags"),
        (part({**TEXT, "cache_control": {"type": "ephemeral", **PHI}}), "messages[0].content[0].cache_control.tags"),
        (
            part({"type": "image_url", "image_url": {"url": "https://example.com/a.png", **PHI}}),
            "messages[0].content[0].image_url.tags",
        ),
    ],
)
def test_tags_where_nobody_reads_them_are_refused(given: dict[str, Any], place: str) -> None:
    """Whoever wrote them meant to raise the level; the error says where they count."""
    fields = dict(given)

    with pytest.raises(InvalidRequestError) as caught:
        parse_request(fields.pop("messages", "a"), **fields)

    assert str(caught.value) == (
        f"{place} is at a place where nobody reads tags; "
        "put the tags beside the content of the message, or give tags=... to the request"
    )


def test_what_a_tool_or_a_schema_calls_tags_is_theirs() -> None:
    """A property of that name, and keys that are OpenAI's to add."""
    tool, shape = {**TOOL, "strict": True}, {**SHAPE, "strict": True}

    request = parse_request("a", tools=[tool], response_format=shape)

    assert (request.tools, request.response_format) == ((tool,), shape)
