"""`kind: format`: which answers have the asked form."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from support.judges import ALONE
from support.pace import Watch

from gateway.judges.format import Options, build
from gateway.types import Completion, Message, Request, ToolCall, Usage, Verdict

CITY = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 1}},
    "required": ["city"],
    "additionalProperties": False,
}
WEATHER = {"type": "function", "function": {"name": "weather", "parameters": CITY}}
CLOCK = {"type": "function", "function": {"name": "clock"}}


def asked(**fields: Any) -> Request:
    """Return a request with these parameters."""
    return Request(messages=(Message(role="user", content="Which label?"),), id="r1", **fields)


def answer(text: str | None = None, *calls: tuple[str, str], finish_reason: str = "stop") -> Completion:
    """Return an answer with this text and these calls of tools."""
    tool_calls = tuple(ToolCall(id="c1", name=name, arguments=arguments) for name, arguments in calls)
    message = Message(role="assistant", content=text, tool_calls=tool_calls)
    return Completion(message=message, finish_reason=finish_reason, usage=Usage(), model="small")


async def verdict(completion: Completion, request: Request | None = None, **options: Any) -> Verdict:
    """Return what the judge says."""
    async with build(Options.model_validate(options)) as judge:
        return await judge.judge(request or asked(), completion, ALONE)


async def reason(completion: Completion, request: Request | None = None, **options: Any) -> str:
    """Return why the answer is rejected, "" where it is accepted."""
    said = await verdict(completion, request, **options)
    return "" if said.accepted else said.reason


async def test_any_text_is_an_answer_where_nothing_is_asked_for() -> None:
    """Form has no score."""
    assert await verdict(answer("hello")) == Verdict(
        accepted=True, judge="format", score=None, reason="the answer has the asked form"
    )


@pytest.mark.parametrize("text", [None, "", " \n"])
async def test_an_empty_answer_is_rejected(text: str | None) -> None:
    """Also one of white space."""
    assert await reason(answer(text)) == "the answer is empty"


@pytest.mark.parametrize(
    ("finish_reason", "cut"), [("length", "the token limit"), ("content_filter", "content filter")]
)
async def test_an_answer_that_was_cut_off_is_rejected(finish_reason: str, cut: str) -> None:
    """Half an answer is none."""
    assert (await reason(answer("billing", finish_reason=finish_reason))).endswith(cut)


@pytest.mark.parametrize("text", ["billing", " billing\n"])
async def test_one_of_the_labels_is_accepted(text: str) -> None:
    """White space around it does not count."""
    assert await reason(answer(text), one_of=["billing", "refund"]) == ""


@pytest.mark.parametrize("text", ["Billing", "billing.", "It is billing", "other"])
async def test_anything_else_than_a_label_is_rejected(text: str) -> None:
    """The reason does not quote the answer."""
    assert await reason(answer(text), one_of=["billing", "refund"]) == "the answer is none of the 2 that there are"


async def test_case_is_ignored_where_the_policy_says_so() -> None:
    """Yes, yes and YES."""
    assert await reason(answer("BILLING"), one_of=["Billing"], ignore_case=True) == ""


@pytest.mark.parametrize(("text", "rejected"), [("AB-12", False), ("AB-12 or so", True)])
async def test_the_whole_answer_must_match_the_pattern(text: str, rejected: bool) -> None:
    """Not a part of it."""
    assert bool(await reason(answer(text), pattern="[A-Z]{2}-[0-9]+")) is rejected


async def test_an_answer_that_is_too_short_is_rejected() -> None:
    """The reason says how short."""
    assert await reason(answer("ok"), min_chars=5) == "the answer has 2 characters, fewer than 5"


@pytest.mark.parametrize("text", ['{"a": 1}', "[1, 2]", '"text"', "null"])
async def test_json_is_accepted_where_json_is_asked_for(text: str) -> None:
    """Any value."""
    assert await reason(answer(text), json=True) == ""


@pytest.mark.parametrize("text", ["```json\n{}\n```", "{'a': 1}", '{"a": NaN}', "[" * 100_000, '{"a": 1} done'])
async def test_what_a_parser_refuses_is_no_json(text: str) -> None:
    """Fences, quotes, constants, depth and words behind it."""
    assert await reason(answer(text), json=True) == "the answer is no JSON"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"city": "Oslo"}', ""),
        ('{"city": 1}', "it breaks the schema's rule 'type'"),
        ('{"days": 1}', "it breaks the schema's rule 'required'"),
        ('{"city": "Oslo", "secret": 1}', "it breaks the schema's rule 'additionalProperties'"),
    ],
)
async def test_an_answer_must_match_the_schema_of_the_policy(text: str, why: str) -> None:
    """The reason names the rule, never the value."""
    assert await reason(answer(text), schema=CITY) == (why and f"the answer: {why}")


async def test_an_answer_must_match_the_schema_of_its_request() -> None:
    """Without being told so by the policy."""
    request = asked(response_format={"type": "json_schema", "json_schema": {"name": "c", "schema": CITY}})

    assert await reason(answer('{"days": 0, "city": "Oslo"}'), request) == (
        "the answer: it breaks the schema's rule 'minimum'"
    )


@pytest.mark.parametrize(
    ("text", "why"), [("{}", ""), ("[]", "the answer is no JSON object"), ("x", "the answer is no JSON")]
)
async def test_a_json_object_must_be_one(text: str, why: str) -> None:
    """`json_object` asks for an object, not for any JSON."""
    assert await reason(answer(text), asked(response_format={"type": "json_object"})) == why


@pytest.mark.parametrize(
    "wanted", [{"type": "text"}, {"type": "json_schema"}, {"type": "json_schema", "json_schema": {"name": "c"}}]
)
async def test_a_response_format_without_a_schema_asks_for_no_shape(wanted: dict[str, Any]) -> None:
    """Text is text, and JSON without a schema is any JSON."""
    assert await reason(answer("1"), asked(response_format=wanted)) == ""


@pytest.mark.parametrize(
    ("calls", "why"),
    [
        ([("weather", '{"city": "Oslo"}')], ""),
        ([("clock", "")], ""),
        ([("clock", '{"anything": 1}')], ""),
        ([("weather", "")], "the arguments of 'weather': it breaks the schema's rule 'required'"),
        ([("weather", "{city: Oslo}")], "the arguments of 'weather' are no JSON object"),
        ([("weather", "[]")], "the arguments of 'weather' are no JSON object"),
        ([("clock", "{}"), ("stocks", "{}")], "it calls a tool that is not on offer"),
    ],
)
async def test_a_call_must_fit_its_tool(calls: list[tuple[str, str]], why: str) -> None:
    """Name, JSON and schema; the rules for texts do not hold for calls."""
    assert await reason(answer(None, *calls), asked(tools=(WEATHER, CLOCK)), one_of=["billing"], json=True) == why


@pytest.mark.parametrize(
    ("choice", "calls", "why"),
    [
        ("required", [], "it calls no tool where the request demands one"),
        ("required", [("clock", "{}")], ""),
        ("none", [("clock", "{}")], "it calls a tool where the request forbids it"),
        ({"type": "function", "function": {"name": "clock"}}, [("clock", "{}")], ""),
        (
            {"type": "function", "function": {"name": "clock"}},
            [("weather", '{"city": "Oslo"}')],
            "it calls another tool than the demanded 'clock'",
        ),
        ("auto", [], ""),
        ({"type": "allowed_tools"}, [], ""),
    ],
)
async def test_the_choice_of_tools_is_kept(choice: Any, calls: list[tuple[str, str]], why: str) -> None:
    """Whether a tool may, must or must not be called."""
    assert await reason(answer("text", *calls), asked(tools=(WEATHER, CLOCK), tool_choice=choice)) == why


DOUBLING = {f"d{depth}": {"allOf": [{"$ref": f"#/$defs/d{depth + 1}"}] * 2} for depth in range(40)}


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ({"type": 5}, "the schema is no valid JSON Schema"),
        ({"$ref": "http://127.0.0.1:9/schema.json"}, "the schema refers to something outside itself"),
        ({"$ref": "#/nowhere"}, "the schema refers to something outside itself"),
        ({"$ref": "#"}, "the schema or the answer is nested too deep"),
        ({"$defs": {**DOUBLING, "d40": {}}, "$ref": "#/$defs/d0"}, "the schema is too large to be checked"),
        ({"$ref": "#/allOf/x", "allOf": [{}]}, "the schema refers to something outside itself"),
    ],
)
async def test_a_schema_that_cannot_be_followed_rejects_the_answer(schema: dict[str, Any], why: str) -> None:
    """Nothing is fetched, and nothing runs for ever."""
    request = asked(response_format={"type": "json_schema", "json_schema": {"schema": schema}})

    assert await reason(answer("{}"), request) == f"the answer: {why}"


@pytest.mark.parametrize(
    "schema",
    [
        {"additionalProperties": {"type": "string", "pattern": "(a+)+$"}},
        {"patternProperties": {"(a+)+$": False}, "additionalProperties": False},
        {"propertyNames": {"pattern": "(a+)+$"}},
    ],
)
async def test_a_regular_expression_of_a_request_is_not_run(schema: dict[str, Any]) -> None:
    """It could be made to run for ever, so the answer is accepted without it."""
    request = asked(response_format={"type": "json_schema", "json_schema": {"schema": schema}})

    assert await reason(answer(json.dumps({"a" * 40 + "b": "a" * 40 + "b"})), request) == ""


async def test_a_regular_expression_of_the_policy_is_run() -> None:
    """The operator is trusted."""
    assert await reason(answer('"ab"'), schema={"pattern": "^[0-9]+$"}) == (
        "the answer: it breaks the schema's rule 'pattern'"
    )


@pytest.mark.parametrize(
    ("schema", "value", "why"),
    [
        ({"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object"}, "{}", ""),
        ({"type": 5}, "{}", "the schema is no valid JSON Schema"),
        ({"pattern": "("}, "{}", "the schema is no valid JSON Schema"),
        ({"pattern": "a{99999999999}"}, "{}", "the schema is no valid JSON Schema"),
        ({"$ref": "http://127.0.0.1:9/schema.json"}, "{}", "the schema refers to something outside itself"),
        ({"$ref": "#"}, "{}", "the schema or the answer is nested too deep"),
        ({"$ref": "#/allOf/x", "allOf": [{}]}, "{}", "the schema refers to something that is no schema"),
        ({"$ref": "#/x", "x": {"type": 5}}, "{}", "the schema refers to something that is no schema"),
        ({"$ref": "http://["}, "{}", "the schema refers to something outside itself"),
        ({"multipleOf": 0.1}, "1e999", "it breaks the schema's rule 'multipleOf'"),
        ({"multipleOf": 0.1}, "1" * 400, ""),
        ({"uniqueItems": True}, "[1, true, 1.0]", "it breaks the schema's rule 'uniqueItems'"),
        ({"uniqueItems": False}, "[1, 1]", ""),
        ({"unevaluatedProperties": False}, '{"a": 1}', "it breaks the schema's rule 'unevaluatedProperties'"),
    ],
)
async def test_a_schema_of_the_policy_never_fails(schema: dict[str, Any], value: str, why: str) -> None:
    """An operator's mistake rejects the answer, and every word of the standard is checked."""
    assert await reason(answer(value), schema=schema) == (why and f"the answer: {why}")


async def test_a_schema_of_the_policy_compares_no_item_with_every_other() -> None:
    """2,000 objects that must be unique took seconds."""
    text = json.dumps([{"a": number} for number in range(2_000)])

    watch = Watch()
    why = await reason(answer(text), schema={"uniqueItems": True})

    assert (why, watch.seconds() < 0.5) == ("", True)


@pytest.mark.parametrize("text", ["1e999", "-1e999", "1" * 400, "0.30", "1e-400"])
async def test_no_number_of_an_answer_makes_the_judge_fail(text: str) -> None:
    """Beyond what a float can hold, too."""
    request = asked(response_format={"type": "json_schema", "json_schema": {"schema": {"multipleOf": 0.1}}})

    assert (await reason(answer(text), request) == "") is ("e999" not in text)


async def test_the_calls_of_an_answer_share_one_bound() -> None:
    """An answer may call a tool a thousand times."""
    schema = {"properties": {f"p{number}": {"minimum": 0} for number in range(1_000)}}
    tool = {"type": "function", "function": {"name": "many", "parameters": schema}}
    arguments = json.dumps({f"p{number}": 1 for number in range(1_000)})

    watch = Watch()
    why = await reason(answer(None, *[("many", arguments)] * 100), asked(tools=(tool,)))

    assert why == "the arguments of 'many': the schema is too large to be checked"
    assert watch.seconds() < 0.5


@pytest.mark.parametrize("function", [{"name": {}}, {"name": ["a"]}, {"name": "a", "parameters": [1]}, "a", {}])
async def test_a_tool_that_is_none_rejects_its_call(function: Any) -> None:
    """Whatever stands where a tool should."""
    request = asked(tools=({"type": "function", "function": function},))

    assert await reason(answer(None, ("a", '{"b": 1}')), request) in (
        "it calls a tool that is not on offer",
        "the arguments of 'a': the schema is no valid JSON Schema",
    )


async def test_the_judge_asks_for_no_log_probabilities() -> None:
    """Form is in the text."""
    async with build(Options()) as judge:
        assert not judge.needs_logprobs


@pytest.mark.parametrize("options", [{"one_of": []}, {"pattern": "("}, {"schema": "nobody's"}, {"min_chars": -1}])
def test_options_that_no_answer_could_meet_are_refused(options: dict[str, Any]) -> None:
    """When the policy is read, not when the first answer comes."""
    with pytest.raises(ValidationError):
        Options.model_validate(options)


SCHEMA_WORDS = st.sampled_from(
    [
        "type",
        "properties",
        "items",
        "$ref",
        "anyOf",
        "required",
        "enum",
        "minimum",
        "multipleOf",
        "uniqueItems",
        "allOf",
        "$id",
        "$schema",
        "$anchor",
        "not",
    ]
) | st.text(max_size=3)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SCHEMA_WORDS, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(SCHEMA_WORDS, JSON, max_size=4), JSON)
async def test_no_schema_makes_the_judge_fail(schema: dict[str, Any], value: Any) -> None:
    """Whatever a request or a policy calls its schema, there is a verdict."""
    request = asked(response_format={"type": "json_schema", "json_schema": {"schema": schema}})

    assert (await verdict(answer(json.dumps(value)), request, schema=schema)).judge == "format"
