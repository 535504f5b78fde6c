"""A request with placeholders: nothing found is left, nothing else is touched, and it all comes back."""

import json
import re
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from support.requests import requests

from gateway.leaves import scanned_text
from gateway.redaction.placeholders import Numbering
from gateway.redaction.redact import MOST_VALUES, Redacted, redact
from gateway.redaction.restore import restored
from gateway.types import ContentPart, Finding, Message, Request, ToolCall

EMAIL = "jane.doe@example.com"
PLACEHOLDER = re.compile(r"\[\[[A-Z0-9_]+(?:v[0-9]+)?_[0-9a-f]{6}\]\]")


def asked(content: Any = "hello", **fields: Any) -> Request:
    """Return a request of one user message."""
    return Request(**{"messages": (Message(role="user", content=content),), **fields})


def called(arguments: str) -> Request:
    """Return a request with a tool call."""
    call = ToolCall(id="c1", name="send", arguments=arguments)
    return asked(messages=(Message(role="assistant", tool_calls=(call,)),))


def finding(start: int, end: int, **fields: Any) -> Finding:
    """Return a strong finding of an e-mail address at a span."""
    plain = {"kind": "pii", "type": "EMAIL_ADDRESS", "strength": "strong", "detector": "patterns"}
    return Finding(**{**plain, "start": start, "end": end, **fields})


def at(request: Request, *values: str, **fields: Any) -> list[Finding]:
    """Return findings of the first place where each value stands."""
    text = scanned_text(request)
    return [finding(text.index(value), text.index(value) + len(value), **fields) for value in values]


def redacted(
    request: Request, findings: Sequence[Finding], kinds: Sequence[str] = ("pii", "pci", "secret")
) -> Redacted:
    """Return the request with placeholders."""
    result = redact(request, findings, kinds)
    assert result is not None
    return result


def back(result: Redacted) -> str:
    """Return what is sent, restored."""
    return restored(scanned_text(result.request), result.vault)[0]


def test_what_was_found_is_replaced_and_comes_back() -> None:
    """The model sees a type and a number, the caller his own words."""
    request = asked(f"Write to {EMAIL} today.")

    result = redacted(request, at(request, EMAIL))

    assert PLACEHOLDER.sub("*", scanned_text(result.request)) == "Write to * today."
    assert "[[EMAIL_ADDRESS_1_" in scanned_text(result.request)
    assert result.sure == {"pii"}
    assert result.counts == {"EMAIL_ADDRESS": 1}
    assert back(result) == scanned_text(request)


PLACES: tuple[Callable[[str], Request], ...] = (
    lambda value: asked((ContentPart(type="text", body={"type": "text", "text": value, "cache": {"a": value}}),)),
    lambda value: asked(messages=(Message(role="user", content="a", name=value),)),
    lambda value: asked(messages=(Message(role="tool", content="a", tool_call_id=value),)),
    lambda value: called(json.dumps({"to": [value, {value: 1}]})),
    lambda value: called(f"not json: {value}"),
    lambda value: asked(tools=({"function": {"name": value, "parameters": {"properties": {value: {}}}}},)),
    lambda value: asked(tool_choice={"function": {"name": value}}),
    lambda value: asked(response_format={"json_schema": {"schema": {"enum": [value]}}}),
    lambda value: asked(sampling={"user": value, "stop": [value]}),
)


@pytest.mark.parametrize("place", PLACES)
def test_every_place_of_a_request_is_covered(place: Callable[[str], Request]) -> None:
    """Whatever a backend would be sent."""
    request = place(EMAIL)

    result = redacted(request, at(request, EMAIL))

    assert "pii" in result.sure
    assert EMAIL not in repr(vars_of(result.request))
    assert back(result) == scanned_text(request)


def vars_of(request: Request) -> list[Any]:
    """Return all that a backend is sent of a request, with what `repr` leaves out."""
    said = [
        (m.content, m.name, m.tool_call_id, [(c.id, c.name, c.arguments) for c in m.tool_calls])
        for m in request.messages
    ]
    bodies = [part.body for m in request.messages if isinstance(m.content, tuple) for part in m.content]
    return [said, bodies, request.tools, request.tool_choice, request.response_format, request.sampling]


def test_every_occurrence_is_replaced_also_where_it_was_not_found() -> None:
    """And however it is written, big or small."""
    request = asked(f"{EMAIL}: I said {EMAIL.upper()}! x{EMAIL}x", sampling={"user": EMAIL})

    result = redacted(request, at(request, EMAIL))

    assert EMAIL not in scanned_text(result.request).lower()
    assert len(set(PLACEHOLDER.findall(scanned_text(result.request)))) == 2
    assert back(result) == scanned_text(request)


def test_overlapping_findings_are_replaced_as_one() -> None:
    """No half of either is left."""
    request = asked("call 5550100-5550199 now")
    findings = [finding(5, 12, type="PHONE_NUMBER"), finding(9, 20, type="PHONE_NUMBER")]

    result = redacted(request, findings)

    assert PLACEHOLDER.sub("*", scanned_text(result.request)) == "call * now"


@pytest.mark.parametrize("kind", ["secret", "pci"])
def test_secrets_and_cards_never_come_back(kind: str) -> None:
    """Their values are not even kept."""
    request = asked("use 4111 1111 1111 1111 here")

    result = redacted(request, [finding(4, 23, kind=kind, type="CREDIT_CARD")])

    assert back(result) == scanned_text(result.request)
    assert "4111" not in str(vars_of(result.request))
    assert set(result.vault.values.values()) == {None}
    assert result.sure == {kind}


@pytest.mark.parametrize("kinds", [("secret", "pii"), ("pii", "secret")])
def test_what_is_a_secret_at_one_place_comes_back_at_none(kinds: Sequence[str]) -> None:
    """A short value is told at each place by itself, and has one placeholder."""
    request = asked("pin 481, pin 481")
    findings = [finding(start, start + 3, kind=kind, type="PIN") for start, kind in zip((4, 13), kinds, strict=True)]

    result = redacted(request, findings)

    assert set(result.vault.values.values()) == {None}
    assert "481" not in back(result)


def test_what_overlaps_a_secret_never_comes_back_either() -> None:
    """The address of a machine inside a connection string would bring a part of it back."""
    request = asked("postgres://u:p@10.0.0.1/db")
    findings = [finding(15, 23, type="IP_ADDRESS"), finding(0, 26, kind="secret", type="CONNECTION_STRING")]

    result = redacted(request, findings)

    assert set(result.vault.values.values()) == {None}


def test_kinds_that_are_not_asked_for_stay() -> None:
    """The policy says which."""
    request = asked(f"MRN 448812, {EMAIL}")
    findings = [*at(request, "448812", kind="phi", type="MEDICAL_RECORD_NUMBER"), *at(request, EMAIL)]

    result = redacted(request, findings, ["pii"])

    assert "448812" in scanned_text(result.request)
    assert result.sure == {"pii"}


@pytest.mark.parametrize(
    "doubt",
    [
        {"strength": "weak"},
        {"strength": "weak", "type": "PERSON"},
        {"detector": "presidio", "type": "PERSON"},
        {"detector": "presidio", "type": "US_ADDRESS"},
        {"detector": "somebody", "type": "anything"},
    ],
)
def test_a_kind_with_a_finding_that_has_no_shape_is_not_sure(doubt: dict[str, Any]) -> None:
    """Where a name ends, and which others there are, nobody knows."""
    request = asked(f"{EMAIL}, Jane Doe")

    result = redacted(request, [*at(request, EMAIL), *at(request, "Jane Doe", **doubt)])

    assert result.sure == frozenset()


def test_a_suspicion_inside_what_was_replaced_is_gone_with_it() -> None:
    """The name in an address went with the address."""
    request = asked(f"to {EMAIL}")

    result = redacted(request, [*at(request, EMAIL), *at(request, "jane.doe", strength="weak", type="PERSON")])

    assert result.sure == {"pii"}


@pytest.mark.parametrize("detector", ["presidio", "gliner"])
def test_a_shape_is_known_by_its_type_whoever_finds_it(detector: str) -> None:
    """Presidio's names for what has one."""
    request = asked(f"{EMAIL} 536-90-4399")
    findings = [*at(request, EMAIL, detector=detector), *at(request, "536-90-4399", type="US_SSN", detector=detector)]

    assert redacted(request, findings).sure == {"pii"}


def test_what_goes_from_one_text_into_another_is_not_sure() -> None:
    """Half of it in one message and half in the next."""
    request = asked(messages=(Message(role="user", content="call 555"), Message(role="user", content="0100 now")))

    assert redacted(request, [finding(5, 13, type="PHONE_NUMBER")]).sure == frozenset()


def test_a_value_that_stands_over_two_texts_elsewhere_is_not_sure() -> None:
    """It can be replaced in one text alone."""
    request = asked("see 12\n34 and 12", sampling={"34": 1})

    assert redacted(request, [finding(4, 9)]).sure == frozenset()


@pytest.mark.parametrize("request_", [asked(f"\ud800{EMAIL}"), called(f'["\\ud800{EMAIL}"]')])
def test_what_stands_beside_half_a_character_is_not_sure(request_: Request) -> None:
    """Such a text cannot be written."""
    result = redacted(request_, at(request_, EMAIL))

    assert (result.sure, result.request) == (frozenset(), request_)


@pytest.mark.parametrize(("start", "end"), [(-3, 2), (3, 3), (5, 2), (0, 10_000), (9_000, 9_001)])
def test_a_span_that_is_none_is_not_sure(start: int, end: int) -> None:
    """A detector may say anything."""
    assert redacted(asked("hello there"), [finding(start, end)]).sure == frozenset()


@pytest.mark.parametrize(
    "request_",
    [
        asked("is 41111111 a number?", sampling={"seed": 41111111}),
        asked("is 41111111 a number?", sampling={"seed": -41111111}),
        asked("is 41111111 a number?", tools=({"default": 41111111.0},)),
        called('{"text": "41111111", "number": 41111111}'),
    ],
)
def test_a_value_that_stands_in_a_parameter_as_well_is_not_sure(request_: Request) -> None:
    """A number cannot become a text."""
    result = redacted(request_, at(request_, "41111111"))

    assert result.sure == frozenset()


def test_what_comes_after_a_short_number_is_replaced_where_it_stands() -> None:
    """The detectors do not read the number, and their spans do not count it."""
    request = asked("hello", sampling={"temperature": 0.7, "seed": 4321, "user": EMAIL})

    result = redacted(request, at(request, EMAIL))

    assert PLACEHOLDER.fullmatch(str(result.request.sampling["user"]))
    assert result.sure == {"pii"}


def test_a_short_value_that_is_a_number_as_well_is_not_sure() -> None:
    """It is sent in the number."""
    request = asked("the pin is 4321", sampling={"seed": 4321})

    assert redacted(request, at(request, "4321", kind="secret", type="PASSWORD")).sure == frozenset()


@pytest.mark.parametrize(
    ("type_", "value", "left"),
    [
        ("EMAIL_ADDRESS", EMAIL, "jane.doe [at] example.com"),
        ("EMAIL_ADDRESS", EMAIL, "jane dot doe at example dot com"),
        ("EMAIL_ADDRESS", "jos\u00e9@example.com", "jose\u0301@example.com"),
        ("EMAIL_ADDRESS", EMAIL, "\uff4aane.doe@example.com"),
        ("PHONE_NUMBER", "+49 30 901820", "id 4930901820"),
        ("PHONE_NUMBER", "+49 30 901820", "030/901820"),
        ("IBAN_CODE", "DE89 3704 0044 0532 0130 00", "DE89_3704_0044_0532_0130_00"),
        ("IBAN_CODE", "DE89 3704 0044 0532 0130 00", "370400440532013000"),
        ("IBAN_CODE", "DE89 3704 0044 0532 0130 00", "89370400440532013000"),
        ("US_SSN", "219-09-9999", "219099999"),
        ("CREDIT_CARD", "4111-1111-1111-1111", "4111_1111_1111_1111"),
        ("CREDIT_CARD", "4111-1111-1111-1111", "41 11 11 11 11 11 11 11"),
        ("DATE_OF_BIRTH", "1980-05-17", "17 mai 1980"),
        ("DATE_OF_BIRTH", "1980-05-17", "17.05.80"),
        ("DATE_OF_BIRTH", "17/5/80", "05 17 80"),
    ],
)
def test_a_value_that_is_left_in_another_writing_is_not_sure(type_: str, value: str, left: str) -> None:
    """Whoever reads it there knows it as well."""
    beside = asked(f"{value}, or {left}")
    in_a_parameter = asked(value, sampling={"seed": left})

    for request in (beside, in_a_parameter):
        assert redacted(request, at(request, value, type=type_)).sure == frozenset()

    alone = asked(f"{value}, or nothing else of 123456 words")
    assert redacted(alone, at(alone, value, type=type_)).sure == {"pii"}


def test_what_stands_around_a_placeholder_is_not_joined_over_it() -> None:
    """It was never one number."""
    request = asked("219-09-9999 is 219-09-9999, 219 09 219-09-9999 9999")

    assert redacted(request, at(request, "219-09-9999", type="US_SSN")).sure == {"pii"}


def test_a_short_value_is_not_torn_out_of_words() -> None:
    """But where it stands elsewhere, it is not sure either."""
    assert redacted(asked("code ab here"), [finding(5, 7)]).sure == {"pii"}
    assert redacted(asked("code ab cable"), [finding(5, 7)]).sure == frozenset()


def test_a_part_that_nobody_can_read_is_not_changed() -> None:
    """What was found in its names is not sure."""
    request = asked((ContentPart(type="file", body={"file": {"filename": f"{EMAIL}.pdf"}}),))

    result = redacted(request, at(request, EMAIL))

    assert (result.sure, result.request) == (frozenset(), request)


def test_too_many_values_are_not_redacted() -> None:
    """Looking for each everywhere would take too long; the request stays what it is."""
    values = [f"user{number}@example.com" for number in range(MOST_VALUES + 1)]
    request = asked(" ".join(values))

    assert redact(request, at(request, *values), ["pii"]) is None


def test_what_is_nested_too_deeply_is_not_redacted() -> None:
    """Nobody could send it either."""
    deep: Any = EMAIL
    for _ in range(5_000):
        deep = [deep]
    request = asked(sampling={"a": deep})

    assert redact(request, at(request, EMAIL), ["pii"]) is None


def test_a_conversation_keeps_its_placeholders() -> None:
    """The next turn calls the same person by the same name."""
    numbering = Numbering("3fa9c1")
    first, second = asked(f"I am {EMAIL}"), asked(f"and bob@example.com? I am {EMAIL}")

    one = redact(first, at(first, EMAIL), ["pii"], numbering)
    two = redact(second, at(second, EMAIL, "bob@example.com"), ["pii"], numbering)

    assert one is not None
    assert two is not None
    assert scanned_text(one.request) == "I am [[EMAIL_ADDRESS_1_3fa9c1]]"
    assert scanned_text(two.request) == "and [[EMAIL_ADDRESS_2_3fa9c1]]? I am [[EMAIL_ADDRESS_1_3fa9c1]]"


def test_a_request_brings_back_its_own_values_alone() -> None:
    """Who writes a placeholder of another request into this one learns nothing."""
    numbering = Numbering("3fa9c1")
    first, second = asked(f"I am {EMAIL}"), asked("I am bob@example.com")
    redact(first, at(first, EMAIL), ["pii"], numbering)

    two = redact(second, at(second, "bob@example.com"), ["pii"], numbering)

    assert two is not None
    assert restored("[[EMAIL_ADDRESS_1_3fa9c1]]", two.vault) == ("[[EMAIL_ADDRESS_1_3fa9c1]]", 1)


def test_a_nonce_that_stands_in_the_request_is_not_used() -> None:
    """Also where it is the conversation's: what a caller wrote is never taken for a placeholder."""
    request = asked(f"what is [[EMAIL_ADDRESS_1_3FA9C1]]? {EMAIL}")

    result = redact(request, at(request, EMAIL), ["pii"], Numbering("3fa9c1"))

    assert result is not None
    assert result.vault.nonce != "3fa9c1"
    assert back(result) == scanned_text(request)


def test_nothing_of_a_value_is_in_a_repr() -> None:
    """What is logged by mistake says nothing."""
    request = asked(f"to {EMAIL}")

    assert EMAIL not in repr(redacted(request, at(request, EMAIL)))


WORDS = st.text(alphabet='aAbB1é"\\/\n\t 😀İς', max_size=10)
ARGUMENTS = st.recursive(
    WORDS | st.integers() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
)

ANY = requests(WORDS, st.builds(json.dumps, ARGUMENTS, ensure_ascii=st.booleans()) | WORDS)


@st.composite
def found(draw: st.DrawFn) -> tuple[Request, list[Finding]]:
    """Draw a request and findings at any spans of it."""
    request = draw(ANY)
    size = len(scanned_text(request))
    spans = st.tuples(
        st.integers(min_value=0, max_value=size), st.integers(min_value=0, max_value=7), st.sampled_from(["pii", "pci"])
    )
    return request, [finding(start, start + more, kind=kind) for start, more, kind in draw(st.lists(spans, max_size=4))]


@given(found())
def test_a_request_comes_back_as_it_was(drawn: tuple[Request, list[Finding]]) -> None:
    """Whatever was found in it; of arguments, what they say."""
    request, findings = drawn
    result = redact(request, findings, ["pii"])
    assume(result is not None)
    assert result is not None

    for before, after in zip(request.messages, result.request.messages, strict=True):
        for call, sent in zip(before.tool_calls, after.tool_calls, strict=True):
            said = restored(sent.arguments, result.vault, as_json=is_json(call.arguments))[0]
            assert meaning(said) == meaning(call.arguments)
        assert restored(after.text, result.vault)[0] == before.text
    for name in ("tools", "tool_choice", "response_format", "sampling"):
        assert unredacted(getattr(result.request, name), result) == getattr(request, name)


def unredacted(value: Any, result: Redacted) -> Any:
    """Return a JSON value with what its placeholders stand for."""
    if isinstance(value, str):
        return restored(value, result.vault)[0]
    if isinstance(value, dict):
        return {unredacted(key, result): unredacted(item, result) for key, item in value.items()}
    return type(value)(unredacted(item, result) for item in value) if isinstance(value, (list, tuple)) else value


def is_json(text: str) -> bool:
    """Whether a text is JSON."""
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def meaning(text: str) -> Any:
    """Return what a JSON text says, any other text as it is."""
    return json.loads(text) if is_json(text) else text


@given(found())
def test_arguments_that_were_json_stay_json(drawn: tuple[Request, list[Finding]]) -> None:
    """A server that reads them finds placeholders inside their strings and the same shape."""
    request, findings = drawn
    result = redact(request, findings, ["pii", "pci"])
    assume(result is not None)
    assert result is not None

    for before, after in zip(request.messages, result.request.messages, strict=True):
        for call, sent in zip(before.tool_calls, after.tool_calls, strict=True):
            assert is_json(sent.arguments) or not is_json(call.arguments)


@given(found())
def test_what_is_sure_is_nowhere_in_what_is_sent(drawn: tuple[Request, list[Finding]]) -> None:
    """Between the placeholders stands no value of a kind that is surely gone."""
    request, findings = drawn
    result = redact(request, findings, ["pii", "pci"])
    assume(result is not None)
    assert result is not None

    rest = PLACEHOLDER.sub("\0", scanned_text(result.request))

    text = scanned_text(request)
    values = [text[one.start : one.end] for one in findings if one.kind in result.sure]
    assert not [value for value in values if value in rest]


@given(st.text(alphabet="abc@ .", max_size=40), st.data())
def test_what_is_not_replaced_is_not_touched(text: str, data: st.DataObject) -> None:
    """Without its placeholders, a text is what was not found of it."""
    size = len(text)
    cuts = sorted(data.draw(st.lists(st.integers(min_value=0, max_value=size), max_size=6, unique=True)))
    spans = list(zip(cuts[::2], cuts[1::2], strict=False))
    result = redact(asked(text), [finding(start, end) for start, end in spans], ["pii"])
    assert result is not None
    # Values of a few letters are replaced where they were found alone.
    assume(all(end - start < 4 for start, end in spans))

    gone = {place for start, end in spans for place in range(start, end)}
    rest = "".join(letter for place, letter in enumerate(text) if place not in gone)

    assert PLACEHOLDER.sub("", scanned_text(result.request)) == rest


@pytest.mark.parametrize("piece", ["a@b.co ", "aaaa", '{"a": "\\u00e9"} ', "[[EMAIL_ADDRESS_1_"])
def test_a_long_request_is_redacted_in_linear_time(piece: str) -> None:
    """Eight times the text takes about eight times as long."""

    def seconds(size: int) -> float:
        text = piece * (size // len(piece))
        request = asked(text, messages=(*asked(text).messages, *called(json.dumps([text])).messages))
        findings = [finding(place, place + 5 + place % 3) for place in range(0, 1_000, 20)]
        began = time.process_time()
        redact(request, findings, ["pii"])
        return time.process_time() - began

    seconds(1_000)

    # A machine that others share may halve its speed in between: the best of three counts.
    small, large = (min(seconds(size) for _ in range(3)) for size in (5_000, 40_000))
    assert large <= 8 * 4 * max(small, 1e-3)
