"""The strings of a request: what is read is what can be written back, in one order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.requests import requests

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

    def noted(text: str, _form: Form) -> str:
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
