"""What callers write becomes a `Request`, or is refused by place without being quoted."""

from typing import Any

import pytest

from gateway.errors import InvalidRequestError
from gateway.types import ContentPart, Message, Request, ToolCall
from gateway.wire.openai import new_id, parse_request

SECRET = "Zebra-7741"
TOOL = {"type": "function", "function": {"name": "weather", "parameters": {}}}
CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}


def test_a_text_is_one_user_message() -> None:
    """The shortest request is a string."""
    request = parse_request("Hello")

    assert request.messages == (Message(role="user", content="Hello"),)


def test_a_text_may_be_in_any_script() -> None:
    """Nothing but text that cannot be encoded is refused."""
    request = parse_request("Grüße 漢字 🙂")

    assert request.messages[0].text == "Grüße 漢字 🙂"


def test_a_request_without_keywords_comes_back_as_it_is() -> None:
    """Parsing twice changes nothing."""
    request = parse_request("Hello", tags={"pii"})

    assert parse_request(request) is request


def test_keywords_on_a_request_replace_its_labels_and_keep_its_tags() -> None:
    """A caller further in may raise a request's level and never lower it."""
    request = parse_request("Hello", tags={"phi"}, task="old", temperature=0.1, max_tokens=5)

    again = parse_request(request, tags={"pii"}, task="new", temperature=0.9)

    assert again == Request(
        messages=request.messages,
        id=request.id,
        tags=frozenset({"phi", "pii"}),
        task="new",
        sampling={"temperature": 0.9, "max_tokens": 5},
    )


def test_every_label_is_kept() -> None:
    """Labels steer the routing, so none is lost on the way."""
    request = parse_request(
        "Hello",
        id="abc",
        tags=["pii", "eu"],
        task="chat",
        stakes="high",
        tenant="acme",
        deadline_s=3,
        pin="llama",
        conversation="c:1",
    )

    assert request == Request(
        messages=request.messages,
        id="abc",
        tags=frozenset({"pii", "eu"}),
        task="chat",
        stakes="high",
        tenant="acme",
        deadline_s=3.0,
        pin="llama",
        conversation="c:1",
    )


def test_openais_parameters_become_the_sampling() -> None:
    """OpenAI's parameters and the local servers' reach the backend as they were given; n=1 has nothing to say."""
    given: dict[str, Any] = {
        "temperature": 0.5,
        "top_p": 1,
        "max_tokens": 10,
        "stop": ["\n", "END"],
        "seed": 7,
        "presence_penalty": -1.0,
        "frequency_penalty": 0,
        "logit_bias": {"50": -100},
        "user": "u1",
        "parallel_tool_calls": False,
        "reasoning_effort": "low",
        "verbosity": "high",
        "top_k": 40,
        "min_p": 0.05,
        "repeat_penalty": 1.1,
        "repetition_penalty": 1.1,
    }

    request = parse_request("Hello", **given, n=1)

    assert request.sampling == given


def test_none_means_not_given() -> None:
    """Code that passes its own defaults through needs no cases."""
    request = parse_request("Hello", temperature=None, tools=None, tags=None, deadline_s=None, id=None)

    assert request == Request(messages=request.messages, id=request.id)


def test_tools_and_formats_are_kept() -> None:
    """Tools, their choice and a response format travel with the request."""
    schema = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}}

    request = parse_request("Hello", tools=[TOOL], tool_choice="required", response_format=schema)

    assert (request.tools, request.tool_choice, request.response_format) == ((TOOL,), "required", schema)


def test_a_named_tool_can_be_chosen() -> None:
    """OpenAI's object form of the choice is understood."""
    choice = {"type": "function", "function": {"name": "weather"}}

    request = parse_request("Hello", tools=[TOOL], tool_choice=choice)

    assert request.tool_choice == choice


def test_the_format_text_asks_for_nothing() -> None:
    """OpenAI's default needs no backend with structured output."""
    request = parse_request("Hello", response_format={"type": "text"})

    assert request.response_format is None


def test_a_conversation_keeps_its_order_and_its_parts() -> None:
    """System, user with an image, a tool call and its result are one conversation."""
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
    conversation: list[Message | dict[str, Any]] = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "name": "ada", "content": [{"type": "text", "text": "What is this?"}, image]},
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "call_1", "content": ""},
        Message(role="user", content="And now?"),
    ]

    request = parse_request(conversation)

    assert request.messages == (
        Message(role="system", content="Be brief."),
        Message(
            role="user",
            name="ada",
            content=(
                ContentPart(type="text", body={"type": "text", "text": "What is this?"}),
                ContentPart(type="image_url", body=image),
            ),
        ),
        Message(role="assistant", tool_calls=(ToolCall(id="call_1", name="weather", arguments="{}"),)),
        Message(role="tool", tool_call_id="call_1", content=""),
        Message(role="user", content="And now?"),
    )


def test_values_of_ours_are_taken_as_they_are() -> None:
    """Parts and calls that were parsed before need no unpacking."""
    part, call = ContentPart(type="text", body={"text": "Hi"}), ToolCall(id="1", name="f", arguments="")

    request = parse_request(
        [{"role": "user", "content": [part]}, {"role": "assistant", "content": "", "tool_calls": [call]}]
    )

    assert (request.messages[0].content, request.messages[1].tool_calls) == ((part,), (call,))


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"sampling": {"fallbacks": [{"model": SECRET}]}}, "unknown keyword 'fallbacks'"),
        ({"sampling": {"model": SECRET}}, "unknown keyword 'model'"),
        ({"sampling": {"tools": [TOOL]}}, "unknown keyword 'tools' of sampling"),
        ({"sampling": {7: SECRET}}, "unknown keyword '7'"),
        ({"sampling": [SECRET]}, "sampling is a list; give {name: value}"),
        ({"sampling": {"temperature": SECRET}}, "temperature is a str"),
        ({"sampling": {"max_tokens": 1, "max_completion_tokens": 1}}, "max_tokens is given together with"),
        ({"id": "a b"}, "id is no id"),
        ({"deadline_s": 0}, "deadline_s is 0"),
        ({"stakes": SECRET}, "stakes is none of the three"),
        ({"pin": 3}, "pin is a int; give a text"),
        ({"conversation": f"{SECRET} x"}, "conversation is no id"),
        ({"tags": "pii"}, "tags is a str"),
        ({"task": 7}, "task is a int"),
        ({"tools": ({"type": "web_search"},)}, "tools[0] is no function"),
        ({"tool_choice": "auto"}, "tool_choice is given without tools"),
        ({"response_format": {"type": SECRET}}, "response_format is no response format"),
        ({"messages": ()}, "messages is empty"),
        ({"messages": SECRET}, "messages[0] is a str"),
    ],
)
def test_a_request_made_by_hand_is_checked_like_any_other(fields: dict[str, Any], fault: str) -> None:
    """What the keywords would not let through does not come in by the value's own door."""
    request = Request(**{"messages": (Message(role="user", content="Hi"),), "id": "1", **fields})

    with pytest.raises(InvalidRequestError) as refused:
        parse_request(request)

    assert fault in str(refused.value)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"role": "function"}, "messages[0].role is missing or unknown"),
        ({"content": ""}, "messages[0].content is empty"),
        ({"content": None}, "messages[0].content is missing"),
        ({"content": ()}, "messages[0].content is neither"),
        ({"name": 7}, "messages[0].name is a int"),
        ({"role": "tool"}, "messages[0].tool_call_id is missing"),
        ({"tool_calls": (ToolCall(id="1", name="f", arguments="{}"),)}, "tool_calls is given for the role user"),
        ({"role": "assistant", "tool_calls": (ToolCall(id="1", name="", arguments=SECRET),)}, "tool_calls[0].name"),
        ({"content": (ContentPart(type="text", body={"content": SECRET}),)}, "text part has not: 'content'"),
        ({"content": (ContentPart(type="text", body={"text": 7}),)}, "content[0].text is no text"),
        (
            {"content": (ContentPart(type="input_text", body={"text": SECRET}),)},
            "content[0].type is missing or unknown",
        ),
        ({"content": (ContentPart(type="text", body=[SECRET]),)}, "content[0].body is a list"),  # type: ignore[arg-type]  # the fault
        (
            {"content": (ContentPart(type="text", body={"type": "image_url", "text": SECRET}),)},
            "another type in its body",
        ),
    ],
)
def test_a_message_made_by_hand_is_checked_like_any_other(fields: dict[str, Any], fault: str) -> None:
    """A part whose body says something else than its type would be seen by no detector."""
    message = Message(**{"role": "user", "content": SECRET, **fields})

    with pytest.raises(InvalidRequestError) as refused:
        parse_request([message])

    assert fault in str(refused.value)
    assert SECRET not in str(refused.value)


def test_a_request_made_by_hand_is_brought_into_form() -> None:
    """Lists and sets do where tuples and frozen sets are meant, and None means "not given" here too."""
    message = Message(role="user", content=[ContentPart(type="text", body={"text": "Hi"})])  # type: ignore[arg-type]  # the looseness
    loose = Request(messages=[message], tags={"pii"}, tools=[TOOL], stakes=None, sampling={"n": 1})  # type: ignore[arg-type]  # as above

    request = parse_request(loose)

    assert request == Request(
        messages=(Message(role="user", content=(ContentPart(type="text", body={"text": "Hi"}),)),),
        tags=frozenset({"pii"}),
        tools=(TOOL,),
    )


def test_a_whole_request_made_by_hand_comes_back_as_it_is() -> None:
    """Checks cost a correct request nothing but the time."""
    request = Request(
        messages=(
            Message(role="user", name="ada", content=(ContentPart(type="text", body={"text": "Rome?"}),)),
            Message(role="assistant", tool_calls=(ToolCall(id="1", name="f", arguments="{}"),)),
            Message(role="tool", tool_call_id="1", content=""),
        ),
        id="abc",
        tools=(TOOL,),
        tool_choice="auto",
        sampling={"temperature": 0.5, "stop": ["\n"]},
        tags=frozenset({"pii"}),
        stakes="high",
        deadline_s=3,
    )

    assert parse_request(request) is request


def test_a_keyword_that_is_none_leaves_what_a_request_has() -> None:
    """None means not given, also on top of a request."""
    request = parse_request("Hello", id="abc", task="chat", temperature=0.5)

    assert parse_request(request, id=None, task=None, temperature=None) is request


def test_an_answer_dumped_by_the_openai_sdk_can_be_sent_back() -> None:
    """The SDK writes keys that say nothing; they do not stand in the way."""
    dumped: dict[str, Any] = {"role": "assistant", "content": "Hi", "refusal": None, "annotations": [], "audio": None}

    request = parse_request([dumped])

    assert request.messages == (Message(role="assistant", content="Hi"),)


def test_a_refusal_stands_in_for_the_content() -> None:
    """What the assistant said in place of an answer stays in the conversation."""
    request = parse_request([{"role": "assistant", "content": None, "refusal": "I cannot."}])

    assert request.messages[0].content == "I cannot."


def test_ids_are_unique_and_sort_by_time() -> None:
    """Entries can be listed in the order of their requests."""
    ids = [new_id() for _ in range(1000)]

    assert len(set(ids)) == 1000
    assert [one[:16] for one in ids] == sorted(one[:16] for one in ids)


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ("", "the text is empty"),
        (" \n", "the text is empty"),
        ("\ud800", "the text has half a surrogate pair"),
        ([], "messages is empty"),
        (b"bytes", "the content is a bytes"),
        ({"role": "user"}, "the content is a dict"),
        (7, "the content is a int"),
        ([7], "messages[0] is a int"),
        ([{"content": SECRET}], "messages[0].role is missing or unknown"),
        ([{"role": "function", "content": SECRET}], "messages[0].role"),
        ([{"role": ["user"], "content": SECRET}], "messages[0].role"),
        ([{"role": "user", "content": ""}], "messages[0].content is empty"),
        ([{"role": "user", "content": None}], "messages[0].content is missing"),
        ([{"role": "user", "content": 7}], "messages[0].content is neither"),
        ([{"role": "user", "content": []}], "messages[0].content is neither"),
        ([{"role": "user", "content": b"x"}], "messages[0].content is neither"),
        ([{"role": "user", "content": "é\ud800"}], "messages[0].content has half"),
        ([{"role": "user", "content": SECRET, "contnet": 1}], "messages[0] has a key that no message has: 'contnet'"),
        ([{"role": "user", "content": SECRET, SECRET: 1}], "messages[0] has a key that no message has;"),
        ([{"role": "user", "content": SECRET, "name": 1}], "messages[0].name is a int"),
        ([{"role": "assistant", "content": SECRET, "function_call": {}}], "messages[0].function_call is not supported"),
        ([{"role": "tool", "content": SECRET}], "messages[0].tool_call_id is missing"),
        ([{"role": "user", "content": SECRET, "tool_calls": [CALL]}], "messages[0].tool_calls is given for the role"),
        ([{"role": "assistant", "tool_calls": SECRET}], "messages[0].tool_calls is a str"),
        ([{"role": "assistant", "tool_calls": [SECRET]}], "messages[0].tool_calls[0] is no function call"),
        ([{"role": "assistant", "tool_calls": [{**CALL, "id": ""}]}], "messages[0].tool_calls[0].id is missing"),
        ([{"role": "user", "content": [SECRET]}], "messages[0].content[0].type is missing"),
        ([{"role": "user", "content": [{"type": ["text"]}]}], "messages[0].content[0].type is missing"),
        ([{"role": "user", "content": [{"type": "input_text", "text": SECRET}]}], "messages[0].content[0].type"),
        ([{"role": "user", "content": [{"type": "text", "text": ""}]}], "messages[0].content[0].text is empty"),
        ([{"role": "user", "content": [{"type": "text", "text": 7}]}], "messages[0].content[0].text is no text"),
        ([{"role": "user", "content": [{"type": "text", "text": "a", "more": SECRET}]}], "a text part has not: 'more'"),
        ([{"role": "user", "content": [{"type": "image_url", "image_url": SECRET}]}], "content[0].image_url is no"),
        ([{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}], "content[0].image_url.url is no"),
    ],
)
def test_a_malformed_message_is_refused_by_its_place(content: Any, place: str) -> None:
    """The caller learns where and what, and the log never learns the content."""
    with pytest.raises(InvalidRequestError) as refused:
        parse_request(content)

    assert place in str(refused.value)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"temprature": 1}, "unknown keyword 'temprature'; did you mean 'temperature'?"),
        ({"zzz": 1}, "unknown keyword 'zzz'; known: id"),
        ({"model": "gpt"}, "unknown keyword 'model'"),
        ({"n": 2}, "n is 2; ask once for every answer you want"),
        ({"deadline_s": -1}, "deadline_s is -1; give the seconds"),
        ({"deadline_s": 0}, "deadline_s is 0"),
        ({"temperature": "hot"}, "temperature is a str; give a finite number"),
        ({"temperature": float("nan")}, "temperature is nan"),
        ({"temperature": True}, "temperature is True"),
        ({"temperature": 10**400}, "temperature is a int; give a finite number"),
        ({"max_tokens": -(10**5000)}, "max_tokens is a int; give at least 1"),
        ({"seed": 1.5}, "seed is 1.5; give an integer"),
        ({"max_tokens": 0}, "max_tokens is 0; give at least 1"),
        ({"max_tokens": 1, "max_completion_tokens": 1}, "max_tokens is given together with"),
        ({"parallel_tool_calls": 1}, "parallel_tool_calls is a int; give True or False"),
        ({"stop": 7}, "stop is a int"),
        ({"stop": []}, "stop is a list"),
        ({"stop": ["a", ""]}, "stop[1] is no text"),
        ({"logit_bias": [1]}, "logit_bias is a list"),
        ({"logit_bias": {"5": "x"}}, "a value of logit_bias is a str"),
        ({"user": 7}, "user is a int; give a text"),
        ({"task": ""}, "task is empty"),
        ({"id": "a b"}, "id is no id"),
        ({"tags": "pii"}, 'tags is a str; give a set of texts, for instance {"pii"}'),
        ({"tags": [7]}, "a tag of tags is a int"),
        ({"tags": 7}, "tags is a int"),
        ({"stakes": "huge"}, "stakes is none of the three"),
        ({"tools": TOOL}, "tools is a dict; give a list"),
        ({"tools": [{"type": "web_search"}]}, "tools[0] is no function"),
        ({"tools": [{"type": "function", "function": {}}]}, "tools[0].function has no name"),
        ({"tool_choice": "auto"}, "tool_choice is given without tools"),
        ({"tools": [TOOL], "tool_choice": "any"}, "tool_choice is no choice"),
        ({"tools": [TOOL], "tool_choice": ["auto"]}, "tool_choice is no choice"),
        ({"response_format": "json"}, "response_format is no response format"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema has no schema"),
    ],
)
def test_a_wrong_keyword_is_refused_with_its_remedy(fields: dict[str, Any], fault: str) -> None:
    """A typo is an error at once, not an option that silently does nothing."""
    with pytest.raises(InvalidRequestError) as refused:
        parse_request("Hello", **fields)

    assert fault in str(refused.value)
