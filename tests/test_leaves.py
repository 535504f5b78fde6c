"""The strings of a request: what is read is what can be written back, in one order."""

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.requests import requests

from gateway.errors import InvalidRequestError
from gateway.leaves import Form, rewritten, scanned_text
from gateway.types import ContentPart, Message, Request, ToolCall

ANY = requests(st.text(max_size=8))


def kept(text: str, _form: Form) -> str:
    """Change nothing."""
    return text


@given(ANY)
def test_what_is_rewritten_is_what_is_read(request: Request) -> None:
    """No string that the detectors saw is missed, and none comes in another order."""
    seen: list[str] = []

    def noted(text: str, form: Form) -> str:
        if form != "short":
            seen.append(text)
        return text

    rewritten(request, noted)

    assert "\n".join(seen) == scanned_text(request)


@given(ANY)
def test_a_request_whose_strings_are_kept_is_the_same_request(request: Request) -> None:
    """Rewriting loses nothing but what it is told to change."""
    assert rewritten(request, kept) == request


@given(ANY)
def test_every_string_that_can_change_does(request: Request) -> None:
    """What is read of the rewritten request is what was written, but for what is fixed."""
    written: list[str] = []

    def marked(text: str, form: Form) -> str:
        if form == "short":
            return text
        written.append(text if form == "fixed" else f"{text}!")
        return written[-1]

    assert scanned_text(rewritten(request, marked)) == "\n".join(written)


def test_arguments_are_known_as_json_and_numbers_as_fixed() -> None:
    """A change must keep the one readable and cannot touch the other."""
    call = ToolCall(id="c1", name="f", arguments="{}")
    request = Request(messages=(Message(role="assistant", tool_calls=(call,)),), sampling={"seed": 12345678})
    forms: dict[str, Form] = {}

    def noted(text: str, form: Form) -> str:
        forms[text] = form
        return text

    rewritten(request, noted)

    assert forms == {"c1": "text", "f": "text", "{}": "json", "seed": "text", "12345678": "fixed"}


def test_a_part_that_nobody_can_read_stays_as_it_is() -> None:
    """Its names are read, and not changed."""
    part = ContentPart(type="file", body={"type": "file", "file": {"filename": "a.pdf"}})
    request = Request(messages=(Message(role="user", content=(part,)),))

    assert rewritten(request, lambda _text, _form: "changed") == request


def test_two_keys_that_become_one_are_an_error() -> None:
    """One of the two values would be lost."""
    request = Request(messages=(), tools=({"a": 1, "b": 2},))

    with pytest.raises(ValueError, match="became one"):
        rewritten(request, lambda _text, _form: "same")


def test_the_key_that_makes_a_part_a_text_stays() -> None:
    """Whatever is found in it: a text under another name would be none."""
    part = ContentPart(type="text", body={"type": "text", "text": "hello", "cache_control": {"type": "ephemeral"}})
    request = Request(messages=(Message(role="user", content=(part,)),))

    changed = rewritten(request, lambda text, _form: f"{text}!")

    assert changed.messages[0].text == "hello!"


@pytest.mark.parametrize(
    ("number", "read"),
    [
        (4111111111111111.0, "4111111111111111.0"),
        (-4111111111111111, "-4111111111111111"),
        (0.4111111111111111, "0.4111111111111111"),
        (4.111111111111111e16, "4111111111111111 e+16"),
        (123456, "123456"),
        (10**45, str(10**45)),
    ],
)
def test_every_number_that_may_name_somebody_is_read(number: float, read: str) -> None:
    """As JSON writes it, also where it is the key of an object."""
    request = Request(messages=(), tools=({"default": number},), sampling={"logit_bias": {number: 1}})

    assert scanned_text(request) == f"default\n{read}\nlogit_bias\n{read}"


def test_a_number_of_a_few_digits_is_not_read() -> None:
    """Parameters of sampling are no text."""
    sampling = {"temperature": 0.7, "seed": 42, "max_tokens": 4096, "stream": True, "user": None, "odd": 10**5_000}

    assert scanned_text(Request(messages=(), sampling=sampling)) == "\n".join(sampling)


class Pair(NamedTuple):
    """What a program may have in its schema."""

    first: str
    second: str


def test_a_named_tuple_is_rewritten_as_any_other() -> None:
    """It is an array in JSON."""
    request = Request(messages=(), tools=({"enum": Pair("a", "b")},))

    assert rewritten(request, lambda text, _form: f"{text}!").tools == ({"enum!": ("a!", "b!")},)


def test_a_value_that_holds_itself_is_an_error_of_the_request() -> None:
    """It could never be sent, and must not be read for ever."""
    tool: dict[str, object] = {"name": "f"}
    tool["again"] = [tool]

    with pytest.raises(InvalidRequestError, match="holds itself"):
        scanned_text(Request(messages=(), tools=(tool,)))
