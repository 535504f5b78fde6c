"""An identifier that is split over two messages or parts is found, and told as a span that no single text holds."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.assessing import asked, assessed
from support.policies import mock, policy
from support.requests import requests

from gateway import Router
from gateway.detectors.patterns import PatternDetector
from gateway.detectors.secrets import SecretDetector
from gateway.interfaces import Detector
from gateway.leaves import said, scanned_text
from gateway.seams import Seams
from gateway.types import ContentPart, Message, Request

SHAPES: Mapping[str, Detector] = {"patterns": PatternDetector(), "secrets": SecretDetector()}
CARD = "4111 1111 1111 1111"
MAIL = "jane.doe@example.com"
HORSE = "Tr0ub4" + "dor3x9"
AWS = "AKIA" + "QYLPMN5HFIQR7XYA"


def turns(*texts: str, role: Any = "user") -> Request:
    """Return a request of several messages."""
    return asked(messages=tuple(Message(role=role, content=text) for text in texts))


def parted(*texts: str) -> Request:
    """Return a request of one message of several parts."""
    return asked(tuple(ContentPart(type="text", body={"type": "text", "text": text}) for text in texts))


@pytest.mark.parametrize("make", [turns, parted])
@pytest.mark.parametrize(("value", "kind"), [(CARD, "pci"), (MAIL, "pii"), (AWS, "secret")])
async def test_an_identifier_cut_anywhere_is_found(make: Any, value: str, kind: str) -> None:
    """Wherever the border is, whatever stands around it, and whatever spaces are at the border."""
    for cut in range(1, len(value)):
        for left, right in ((value[:cut], value[cut:]), (f"{value[:cut]} ", f"\n {value[cut:]}")):
            read = await assessed(make(f"Note this: {left}", f"{right} and go on."), detectors=SHAPES)

            assert kind in read.kinds, cut


@pytest.mark.parametrize("value", [CARD, MAIL])
async def test_an_identifier_in_many_pieces_is_found(value: str) -> None:
    """A letter a message."""
    read = await assessed(turns(*(letter for letter in value if letter != " ")), detectors=SHAPES)

    assert read.kinds & {"pci", "pii"}


async def test_what_a_user_goes_on_with_after_an_answer_is_found() -> None:
    """The answer stands between the two halves."""
    messages = (
        Message(role="user", content="My card is 4111 1111"),
        Message(role="assistant", content="Go on."),
        Message(role="user", content="1111 1111, thank you"),
    )

    assert "pci" in (await assessed(asked(messages=messages), detectors=SHAPES)).kinds


async def test_a_finding_over_a_border_is_told_where_it_stands() -> None:
    """Its span goes from one text into the next, so that nobody takes it for a part of one."""
    request = turns("Card 4111 1111 ", " 1111 1111.")

    (finding,) = (await assessed(request, detectors=SHAPES)).findings

    assert scanned_text(request)[finding.start : finding.end] == "4111 1111 \n 1111 1111"


async def test_a_finding_within_one_text_is_told_once() -> None:
    """The ends that are read again bring nothing new."""
    request = turns(f"Write to {MAIL}", "2 times, and to bob@example.org", "x1")

    findings = (await assessed(request, detectors=SHAPES)).findings

    assert [scanned_text(request)[one.start : one.end] for one in findings] == [MAIL, "bob@example.org"]


@pytest.mark.parametrize(
    "texts",
    [
        ("Hello there.", "How are you?"),
        ("and so it", "went on"),
        ("", " "),
        ("It costs 4111", ""),
        ("Is it 4111 1111?", "1111 1111"),
        ("only one",),
    ],
)
def test_most_requests_have_no_seams(texts: tuple[str, ...]) -> None:
    """Sentences end, and words are no identifiers: nothing is read twice."""
    request = turns(*texts)

    assert not Seams(request, scanned_text(request))


def test_what_is_not_said_has_no_seams() -> None:
    """Names, tools and parameters are read as they are."""
    request = asked("4111 1111", sampling={"user": "alice"}, tools=({"name": "lookup"},))

    assert not Seams(request, scanned_text(request))


@pytest.mark.parametrize(
    ("label", "value", "kind"),
    [
        ("My MRN is", "448812", "phi"),
        ("password=", HORSE, "secret"),
        ("my password:", f"{HORSE} and that is all", "secret"),
        ("My SSN is", "219 09 9999", "pii"),
        ("I was born on", "2 May 1980, in Leeds", "pii"),
    ],
)
@pytest.mark.parametrize("make", [turns, parted])
async def test_a_value_is_found_by_what_the_text_before_says_of_it(
    make: Any, label: str, value: str, kind: str
) -> None:
    """It stands in one text, and is told as a span that no single text holds."""
    request = make(label, value)

    found = [one for one in (await assessed(request, detectors=SHAPES)).findings if one.strength == "strong"]

    assert [one.kind for one in found] == [kind]
    # A line break between a name and its value joins them in the plain text already.
    assert found[0].start < len(label) < found[0].end or kind == "secret"


@pytest.mark.parametrize(
    ("question", "answer", "kind"),
    [
        ("What is your password?", HORSE, "secret"),
        ("Please send me the password for the database.", HORSE, "secret"),
        ("And your medical record number?", "448812", "phi"),
    ],
)
async def test_an_answer_is_read_with_what_was_asked_for(question: str, answer: str, kind: str) -> None:
    """An assistant asks, the user answers with nothing but the value."""
    messages = (Message(role="assistant", content=question), Message(role="user", content=answer))

    assert kind in (await assessed(asked(messages=messages), detectors=SHAPES)).kinds


@pytest.mark.parametrize(
    ("question", "answer"),
    [("What is your password?", "I forgot it"), ("How many?", "448812"), ("The token " * 30 + "is old", "No. 1, 2")],
)
async def test_an_answer_that_tells_nothing_is_nothing(question: str, answer: str) -> None:
    """Words, and numbers that nothing was said of."""
    messages = (Message(role="assistant", content=question), Message(role="user", content=answer))

    assert (await assessed(asked(messages=messages), detectors=SHAPES)).findings == ()


@pytest.mark.parametrize(
    "value",
    [
        {"default": {"password": HORSE}},
        {"env": [{"name": "DB_PASSWORD", "value": HORSE}], "n": 1234567},
        {"a": [[1234567, "b"], {"x": 7654321.25, 12345678: "y"}], "deep": {"deep": {"password": HORSE}}},
    ],
)
@pytest.mark.parametrize("where", ["tools", "response_format", "sampling"])
async def test_the_value_of_a_key_is_found_beside_messages(where: str, value: Any) -> None:
    """Key and value are two strings of the scanned text, and belong together."""
    request = asked("Hello", **{where: (value,) if where == "tools" else value})
    scanned = scanned_text(request)

    (finding,) = (await assessed(request, detectors=SHAPES)).findings

    assert (finding.kind, finding.strength) == ("secret", "strong")
    assert scanned[finding.start : finding.end].endswith(f"\n{HORSE}")


async def test_what_a_cut_leaves_of_a_number_is_none() -> None:
    """The end of a long number is not a shorter number."""
    request = turns("1" * 80 + "4111111111111111", "2 x1")

    assert not (await assessed(request, detectors=SHAPES)).kinds & {"pci"}


@given(st.lists(st.text(alphabet="1a@. \n-", max_size=400), max_size=6))
def test_seams_are_no_longer_than_what_they_are_of(texts: list[str]) -> None:
    """Each text is in them twice at most for each order, however it is cut."""
    request = turns(*texts)
    scanned = scanned_text(request)

    assert len(Seams(request, scanned).text) <= 4 * (len(scanned) + 2 * len(texts))


def test_long_texts_are_cut_to_their_ends() -> None:
    """A million letters between two borders are not read again."""
    request = turns("a1" * 500_000, "b1" * 500_000, "c1" * 500_000)

    assert len(Seams(request, scanned_text(request)).text) < 1_000


@given(requests(st.text(alphabet="ab1 ", max_size=9)))
def test_what_is_said_is_where_it_is_said_to_be(request: Request) -> None:
    """The spans of the scanned text that are contents of messages hold just those."""
    scanned = scanned_text(request)

    spoken = [(scanned[start:end], role) for start, end, role in said(request)]

    plain = [(message.content, message.role) for message in request.messages if isinstance(message.content, str)]
    assert [one for one in spoken if one in plain][: len(plain)] == plain or not plain
    assert all("\n" not in text for text, _ in spoken)


async def test_a_split_identifier_is_not_taken_for_redacted() -> None:
    """What stands in no single text cannot be replaced: the request stays what it was."""
    lowered = policy(
        {"frontier": mock(clearance="internal", local=False), "llama": mock()},
        tags={"pii": {"level": "confidential", "redact_to": "internal"}},
    )
    halves = [{"role": "user", "content": "I am jane.doe@exa"}, {"role": "user", "content": "mple.com, help"}]

    async with Router.from_policy(lowered) as router:
        reply = await router.route(halves)
        (frontier,) = router.replicas("frontier")

    assert (reply.backend, getattr(frontier, "seen", None)) == ("llama", [])
