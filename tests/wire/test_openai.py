"""What is sent is OpenAI's format; what comes back is read strictly where it matters."""

import json
from dataclasses import replace
from typing import Any

import pytest
from support.wire_servers import OPENAI_TOOL_CALL, openai_chunk, openai_completion

from gateway import errors
from gateway.types import ContentPart, Message, Money, Request, TokenLogprob, ToolCall, ToolCallDelta, Usage
from gateway.wire import openai
from gateway.wire.openai import parse_chunk, parse_completion, parse_request

SECRET = "Zebra-7741"


def test_a_body_has_what_the_request_has() -> None:
    """Messages, sampling, tools and format are written as OpenAI documents them."""
    tool = {"type": "function", "function": {"name": "weather"}}
    conversation: list[dict[str, Any]] = [
        {"role": "user", "name": "ada", "content": [{"type": "text", "text": "Rome?"}]},
        {"role": "assistant", "content": None, "tool_calls": [OPENAI_TOOL_CALL]},
        {"role": "tool", "tool_call_id": "call_9", "content": "sunny"},
    ]
    form = {"type": "json_object"}
    request = parse_request(conversation, temperature=0, tools=[tool], tool_choice="auto", response_format=form)

    body = openai.body(request, model="m")

    assert body == {
        "model": "m",
        "messages": conversation,
        "temperature": 0,
        "tools": [tool],
        "tool_choice": "auto",
        "response_format": form,
    }


@pytest.mark.parametrize("name", ["model", "messages", "stream", "fallbacks", "api_base"])
def test_a_sampling_parameter_that_is_none_is_rejected(name: str) -> None:
    """Nothing in a request replaces what the policy says of a call, even if nobody checked the request."""
    request = replace(parse_request("Hi"), sampling={name: SECRET})

    with pytest.raises(errors.RequestRejectedError) as rejected:
        openai.body(request, model="m", backend="b")

    assert rejected.value.backend == "b"
    assert SECRET not in str(rejected.value)


def test_a_part_is_sent_under_the_type_that_was_read() -> None:
    """The body of a part cannot say that it is another one."""
    part = ContentPart(type="text", body={"type": "image_url", "text": "Hi"})
    request = Request(messages=(Message(role="user", content=(part,)),), id="1")

    body = openai.body(request, model="m")

    assert body["messages"][0]["content"] == [{"type": "text", "text": "Hi"}]


def test_a_stream_asks_for_its_usage() -> None:
    """A streamed answer is counted like any other."""
    body = openai.body(parse_request("Hi"), model="m", stream=True)

    assert (body["stream"], body["stream_options"]) == (True, {"include_usage": True})


def test_logprobs_are_asked_for_with_alternatives() -> None:
    """A judge of confidence sees the runners-up."""
    body = openai.body(parse_request("Hi"), model="m", logprobs=True)

    assert (body["logprobs"], body["top_logprobs"]) == (True, 5)


def test_a_body_is_written_as_utf_8_json() -> None:
    """Text outside ASCII is sent as it is."""
    raw = openai.encode({"content": "Größe 漢"}, backend="b")

    assert raw == '{"content":"Größe 漢"}'.encode()


@pytest.mark.parametrize("value", [{1, 2}, float("nan"), "\ud800", b"x"])
def test_what_json_cannot_say_is_rejected_without_being_quoted(value: object) -> None:
    """A broken tool schema ends the attempt, and no error holds the prompt."""
    with pytest.raises(errors.RequestRejectedError) as rejected:
        openai.encode({"messages": SECRET, "tools": value}, backend="b")

    assert SECRET not in str(rejected.value)
    assert rejected.value.__context__ is None


def test_an_answer_that_is_no_json_is_malformed_without_being_quoted() -> None:
    """The document stays out of the error, its context included."""
    with pytest.raises(errors.MalformedResponseError) as malformed:
        openai.decode(SECRET.encode(), backend="b")

    assert SECRET not in str(malformed.value)
    assert malformed.value.__context__ is None


def test_a_completion_is_read_whole() -> None:
    """Text, reason, model and every count of the usage arrive."""
    completion = parse_completion(openai_completion("Paris."), backend="b")

    assert completion.message == Message(role="assistant", content="Paris.")
    assert (completion.finish_reason, completion.model) == ("stop", "served-model")
    assert completion.usage == Usage(prompt_tokens=20, completion_tokens=7, cached_tokens=16, reasoning_tokens=2)
    assert completion.logprobs is None
    assert completion.reported_cost is None


def test_a_tool_call_is_read() -> None:
    """Name and arguments are passed on as the model wrote them."""
    payload = openai_completion(None, finish_reason="tool_calls", tool_calls=[OPENAI_TOOL_CALL])

    completion = parse_completion(payload, backend="b")

    assert completion.message.tool_calls == (ToolCall(id="call_9", name="weather", arguments='{"city":"Rome"}'),)


@pytest.mark.parametrize(("arguments", "text"), [({"city": "Rome"}, '{"city": "Rome"}'), (None, "")])
def test_arguments_of_sloppy_servers_are_understood(arguments: object, text: str) -> None:
    """Some servers send an object or nothing where OpenAI sends a text, and no id."""
    call = {"function": {"name": "f", "arguments": arguments}}

    completion = parse_completion(openai_completion(None, tool_calls=[call]), backend="b")

    assert completion.message.tool_calls == (ToolCall(id="call_0", name="f", arguments=text),)


def test_an_answer_in_parts_is_its_text() -> None:
    """Thinking that a server sends as a part is no part of the answer."""
    parts = [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "Pa"}, {"type": "text", "text": "ris"}]

    completion = parse_completion({**openai_completion(), **_choice(message={"content": parts})}, backend="b")

    assert completion.message.content == "Paris"


def test_logprobs_are_read_with_their_alternatives() -> None:
    """A token carries its log-probability and the ones it beat."""
    token = {"token": "A", "logprob": -0.5, "top_logprobs": [{"token": "A", "logprob": -0.5}, {"token": "B"}, 7]}

    completion = parse_completion(_with_logprobs([token]), backend="b")

    assert completion.logprobs == (TokenLogprob(token="A", logprob=-0.5, top=(("A", -0.5),)),)


@pytest.mark.parametrize(
    "content",
    [
        None,
        "x",
        [{"token": "A"}],
        [7],
        [{"token": "A", "logprob": -1}, {}],
        [{"token": "A", "logprob": 10**400}],
        [{"token": "A", "logprob": -(10**400)}],
        [{"token": "A", "logprob": float("nan")}],
        [{"token": "A", "logprob": 1000.0}],
        [{"token": "A", "logprob": True}],
    ],
)
def test_logprobs_that_cannot_be_read_are_unknown(content: object) -> None:
    """A figure is lost, not the answer."""
    completion = parse_completion(_with_logprobs(content), backend="b")

    assert completion.logprobs is None


@pytest.mark.parametrize(
    ("cost", "nano_usd"),
    [(0.00012345, 123_450), (0, 0), (1e-10, 0), (-1, None), ("1", None), (float("inf"), None), (10**300, None)],
)
def test_a_reported_cost_is_exact_money(cost: object, nano_usd: int | None) -> None:
    """What the provider charges is kept to the nano-dollar; nonsense is unknown."""
    completion = parse_completion({**openai_completion(), "usage": {"cost": cost}}, backend="b")

    assert completion.reported_cost == (None if nano_usd is None else Money(nano_usd))


def test_llama_cpps_cache_is_read_from_its_timings() -> None:
    """Cached tokens are seen where the usage does not list them."""
    payload = {**openai_completion(), "usage": {"prompt_tokens": 9}, "timings": {"cache_n": 5}}

    completion = parse_completion(payload, backend="b")

    assert completion.usage == Usage(prompt_tokens=9, completion_tokens=None, cached_tokens=5)


@pytest.mark.parametrize(
    "usage",
    [
        None,
        "many",
        {"prompt_tokens": "9", "completion_tokens": True},
        {"prompt_tokens": 99_999_999_999_999_999_999, "completion_tokens": 2**63},
    ],
)
def test_a_usage_that_cannot_be_read_is_unknown(usage: object) -> None:
    """Unknown is not zero."""
    completion = parse_completion({**openai_completion(), "usage": usage}, backend="b")

    assert (completion.usage.prompt_tokens, completion.usage.completion_tokens) == (None, None)


def test_a_probability_of_one_may_be_rounded_up() -> None:
    """A server's rounding is no reason to lose the figures; no probability exceeds one."""
    completion = parse_completion(_with_logprobs([{"token": "A", "logprob": 1e-7}]), backend="b")

    assert completion.logprobs == (TokenLogprob(token="A", logprob=0.0),)


@pytest.mark.parametrize("name", ["m" * 100_000, "my secret plans, word for word", "a\nb"])
def test_a_name_that_no_model_has_is_none(name: str) -> None:
    """It goes into the ledger, and a server may write there whatever it likes: the prompt, for instance."""
    completion = parse_completion({**openai_completion(), "model": name}, backend="b", model="asked")
    delta = parse_chunk({**openai_chunk(), "model": name}, backend="b")

    assert (completion.model, delta.model) == ("asked", None)


@pytest.mark.parametrize("name", ["openai/gpt-5-mini", "llama-3.1:8b", "C:\\models\\m.gguf", "org/m@rev+lora"])
def test_names_of_models_are_kept(name: str) -> None:
    """Whatever servers call them: with makers, tags, paths."""
    assert parse_completion({**openai_completion(), "model": name}, backend="b").model == name


def test_a_reason_that_is_a_sentence_is_none() -> None:
    """Why an answer ended is one word."""
    completion = parse_completion(openai_completion(finish_reason="my secret plans, word for word"), backend="b")

    assert completion.finish_reason == "other"


def test_the_asked_model_stands_in_for_a_missing_name() -> None:
    """An answer always has a model."""
    completion = parse_completion({**openai_completion(), "model": None}, backend="b", model="asked")

    assert completion.model == "asked"


def test_an_older_servers_finish_reason_is_translated() -> None:
    """TGI's word for the end is OpenAI's."""
    completion = parse_completion(openai_completion(finish_reason="eos_token"), backend="b")

    assert completion.finish_reason == "stop"


def test_a_withheld_answer_is_filtered() -> None:
    """An empty answer with the reason content_filter is no answer."""
    with pytest.raises(errors.ContentFilteredError):
        parse_completion(openai_completion(None, finish_reason="content_filter"), backend="b")


def test_an_answer_cut_by_the_filter_is_kept() -> None:
    """What was said before the filter struck is passed on with its reason."""
    completion = parse_completion(openai_completion("Well,", finish_reason="content_filter"), backend="b")

    assert (completion.message.text, completion.finish_reason) == ("Well,", "content_filter")


def _choice(**fields: Any) -> dict[str, Any]:
    return {"choices": [{"message": {"content": SECRET}, "finish_reason": "stop", **fields}]}


def _with_logprobs(content: object) -> dict[str, Any]:
    return _choice(logprobs={"content": content})


@pytest.mark.parametrize(
    "payload",
    [
        SECRET,
        [SECRET],
        {},
        {"choices": []},
        {"choices": SECRET},
        {"choices": [SECRET]},
        _choice(message=None),
        _choice(message={"content": 7}),
        _choice(finish_reason=None),
        _choice(finish_reason=7),
        _choice(message={"tool_calls": SECRET}),
        _choice(message={"tool_calls": [SECRET]}),
        _choice(message={"tool_calls": [{"function": None}]}),
        _choice(message={"tool_calls": [{"function": {"arguments": SECRET}}]}),
        _choice(message={"tool_calls": [{"function": {"name": "f", "arguments": 7}}]}),
        _choice(message={"tool_calls": [{"id": 7, "function": {"name": "f", "arguments": SECRET}}]}),
        {"error": {"message": SECRET}},
        {"error": SECRET},
    ],
)
def test_an_answer_that_is_none_is_malformed_without_being_quoted(payload: object) -> None:
    """Nothing that is not a whole answer passes for one."""
    with pytest.raises(errors.MalformedResponseError) as malformed:
        parse_completion(payload, backend="b")

    assert SECRET not in str(malformed.value)
    assert malformed.value.backend == "b"


def test_an_error_object_in_place_of_an_answer_keeps_its_meaning() -> None:
    """A gateway that answers 200 with a rate limit inside is rate limited."""
    with pytest.raises(errors.RateLimitedError):
        parse_completion({"error": {"code": 429, "message": SECRET}}, backend="b")


@pytest.mark.parametrize("choices", [[], None, [{"index": 0, "delta": {}, "finish_reason": None}]])
def test_a_usage_chunk_may_come_with_or_without_choices(choices: object) -> None:
    """Servers differ in how they send the usage; it arrives either way."""
    delta = parse_chunk({"choices": choices, "usage": {"prompt_tokens": 3, "cost": 0.5}}, backend="b")

    assert delta.usage == Usage(prompt_tokens=3)
    assert delta.reported_cost == Money(500_000_000)


def test_a_chunk_of_a_tool_call_is_read() -> None:
    """Fragments carry their index; a server that leaves it out counts by position."""
    calls = [{"index": 4, "id": "c", "function": {"name": "f", "arguments": '{"'}}, {"function": {"arguments": "x"}}]

    delta = parse_chunk(openai_chunk(tool_calls=calls), backend="b")

    assert delta.tool_calls == (
        ToolCallDelta(index=4, id="c", name="f", arguments='{"'),
        ToolCallDelta(index=1, arguments="x"),
    )


def test_a_last_chunk_without_a_delta_is_read() -> None:
    """Some servers end with a choice that has a reason alone."""
    delta = parse_chunk({"choices": [{"delta": None, "finish_reason": "length"}]}, backend="b")

    assert (delta.text, delta.finish_reason) == ("", "length")


@pytest.mark.parametrize(
    "payload",
    [
        SECRET,
        {"choices": [SECRET]},
        {"choices": SECRET},
        openai_chunk(content=7),
        openai_chunk(tool_calls=[{"id": 7, "function": {"name": SECRET}}]),
        openai_chunk(tool_calls=[{"id": "7", "function": {"name": [SECRET]}}]),
    ],
)
def test_a_chunk_that_is_none_is_malformed_without_being_quoted(payload: object) -> None:
    """A stream that turns into something else is not passed on."""
    with pytest.raises(errors.MalformedResponseError) as malformed:
        parse_chunk(payload, backend="b")

    assert SECRET not in str(malformed.value)


def test_prompts_and_answers_stay_out_of_every_repr() -> None:
    """A value that is printed by accident shows no content."""
    request = parse_request(SECRET, stop=SECRET)
    completion = parse_completion(openai_completion(SECRET), backend="b")
    delta = parse_chunk(json.loads(json.dumps(openai_chunk(content=SECRET))), backend="b")

    shown = f"{request!r} {completion!r} {delta!r}"

    assert SECRET not in shown
