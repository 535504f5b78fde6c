"""How private a request is with placeholders, and requests that others make of it."""

import re
import threading
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from support.assessing import asked, assessed
from support.policies import mock, policy

from gateway import covering
from gateway.covering import Coverer
from gateway.detectors.patterns import PatternDetector
from gateway.fleet.placeholders import Earlier
from gateway.interfaces import Detector
from gateway.leaves import scanned_text
from gateway.policy.models import Policy
from gateway.redaction.cover import Cover
from gateway.redaction.known import Known
from gateway.redaction.redact import MOST_VALUES
from gateway.types import ContentPart, Finding, Label, Level, Message, Redaction, Request, ToolCall

EMAIL = "jane.doe@example.com"
SHAPES: Mapping[str, Detector] = {"patterns": PatternDetector()}
ALLOWED = {"pii": {"level": "confidential", "redact_to": "internal"}}


def ruled(default: str = "public", **tags: Any) -> Policy:
    """Return a policy that redacts personal data, with more tags."""
    return policy({"llama": mock()}, default_level=default, tags={**ALLOWED, **tags})


POLICY = ruled()


async def covered(
    request: Request,
    *,
    given: Policy = POLICY,
    detectors: Mapping[str, Detector] = SHAPES,
    earlier: tuple[Label, Label] | None = None,
) -> tuple[Redaction, Cover] | None:
    """Return what a request is with placeholders; `earlier` is what its conversation was, whole and redacted."""
    whole, less = earlier or (None, None)
    assessment = await assessed(request, given_policy=given, detectors=detectors, earlier=whole)
    coverer = Coverer(policy=given, detectors=detectors)
    return await coverer.cover(request, assessment, Earlier(label=less))


async def level(request: Request, **how: Any) -> Level | None:
    """Return how private a request is with placeholders, None where it is not redacted."""
    made = await covered(request, **how)
    return None if made is None else made[0].label.level


@pytest.mark.parametrize(("default", "expected"), [("public", Level.INTERNAL), ("internal", Level.INTERNAL)])
async def test_what_is_surely_gone_has_the_level_that_the_policy_says(default: str, expected: Level) -> None:
    """And nothing is less private than the default."""
    assert await level(asked(f"to {EMAIL}"), given=ruled(default)) == expected


async def test_what_would_be_no_less_private_is_not_redacted() -> None:
    """Nobody else could see it."""
    assert await level(asked(f"to {EMAIL}"), given=ruled("confidential")) is None
    assert await level(asked("to nobody")) is None


@pytest.mark.parametrize("label", [Label(level=Level.CONFIDENTIAL), Label(level=Level.RESTRICTED)])
async def test_an_earlier_turn_counts_as_it_was_redacted(label: Label) -> None:
    """What was surely gone there is, and what was not keeps the conversation where it is."""
    request = asked(f"to {EMAIL}", conversation="c1")

    assert await level(request, earlier=(label, Label(level=Level.INTERNAL))) == Level.INTERNAL
    assert await level(request, earlier=(label, label)) is None


async def test_a_kind_that_a_policy_does_not_redact_keeps_its_level() -> None:
    """Each kind for itself; the highest that is left counts."""
    request = asked(f"to {EMAIL}, card 4111 1111 1111 1111")

    assert await level(request) is None
    assert await level(request, given=ruled(pci="internal")) == Level.INTERNAL
    assert await level(request, given=ruled(pci={"level": "restricted", "redact_to": "public"})) == Level.INTERNAL


async def test_a_run_of_base64_is_replaced_whole_whatever_else_is_in_it() -> None:
    """Also where a kind within it keeps its level."""
    run = b64encode(f"{EMAIL} card 4111 1111 1111 1111".encode()).decode()

    made = await covered(asked(f"see {run} here"), given=ruled(pci="internal"))

    assert made is not None
    sent = scanned_text(made[1].redacted.request)
    assert re.fullmatch(r"see \[\[\w+\]\] here", sent)


async def test_all_but_the_level_stays() -> None:
    """Kinds, regions, and whether it may be kept."""
    bound = {**ALLOWED["pii"], "region": "eu", "retain": False}

    made = await covered(asked(f"to {EMAIL}"), given=ruled(pii=bound))

    assert made is not None
    assert made[0].label == Label(
        level=Level.INTERNAL, kinds=frozenset({"pii"}), regions=frozenset({"eu"}), retain=False
    )


async def test_too_much_to_replace_is_not_redacted() -> None:
    """The request stays as private as it is."""
    assert await level(asked(" ".join(f"user{number}@example.com" for number in range(1_100)))) is None


class Partial:
    """Finds half of an address as well, but only where nothing else is there."""

    def detect(self, text: str) -> Sequence[Finding]:
        start = text.find("]] x")
        if start < 0:
            return ()
        return [Finding(kind="pii", type="X", start=start, end=start + 4, strength="strong", detector="partial")]


async def test_a_finding_that_goes_beyond_a_placeholder_is_not_inside_it() -> None:
    """What stands beside it is not gone."""
    detectors = {**SHAPES, "partial": Partial()}

    assert await level(asked(f"to {EMAIL} x"), detectors=detectors) is None
    assert await level(asked(f"to {EMAIL}"), detectors=detectors) == Level.INTERNAL


async def again(request: Request, content: Any, **fields: Any) -> str | None:
    """Return what is sent of a request that was made of another; None where it is not sure."""
    made = await covered(request)
    assert made is not None
    result = await made[1].again(asked(content, **fields))
    return None if result is None else scanned_text(result.request)


async def test_what_is_made_of_a_request_has_its_placeholders() -> None:
    """In whatever it says, and whatever more of the kind is in it."""
    sent = await again(asked(f"to {EMAIL}"), f"You wrote to {EMAIL.upper()} and bob@example.org")

    assert sent is not None
    assert "_1v2_" in sent
    assert "_2_" in sent
    assert "example" not in sent.lower()


async def test_a_value_is_known_in_json_too() -> None:
    """Also inside JSON that is a text of JSON, where a letter is written by its number."""
    odd = "josé.doe@example.com"
    call = ToolCall(id="c1", name="f", arguments='{"to": "jos\\u00e9.doe@example.com"}')

    once = await again(asked(f"to {odd}"), "jos\\u00e9.doe@example.com")
    twice = await again(asked(f"to {odd}"), "jos\\\\u00e9.doe@example.com")
    called = await again(asked(f"to {odd}"), "", messages=(Message(role="assistant", tool_calls=(call,)),))

    assert [sent is not None and "jos" not in sent for sent in (once, twice, called)] == [True] * 3


@pytest.mark.parametrize(
    "content",
    [
        "the patient of MRN 448812",
        "card 4111 1111 1111 1111",
        f"it begins with {EMAIL[:12]}",
        f"and ends with {EMAIL[-10:]}",
        (ContentPart(type="image_url", body={"image_url": {"url": "https://x.example/a.png"}}),),
    ],
)
async def test_what_holds_more_than_the_request_is_not_sent(content: Any) -> None:
    """Another kind, half of a value, or what nobody can read."""
    assert await again(asked(f"to {EMAIL}"), content) is None


async def test_what_is_made_of_a_request_without_any_value_is_sent_as_it_is() -> None:
    """There is nothing to replace."""
    assert await again(asked(f"to {EMAIL}"), "Is this a good answer?") == "Is this a good answer?"


async def test_a_tag_that_the_request_had_not_is_no_less_private_for_it() -> None:
    """Whoever makes a request cannot tag it down."""
    assert await again(asked(f"to {EMAIL}"), "Is it?", tags=frozenset({"phi"})) is None


class Failing:
    """Fails at what a judge asks."""

    def detect(self, text: str) -> Sequence[Finding]:
        if "judge" in text:
            raise RuntimeError
        return ()


async def test_what_cannot_be_read_is_not_sent() -> None:
    """A detector that failed would have found anything."""
    made = await covered(asked(f"to {EMAIL}"), detectors={**SHAPES, "failing": Failing()})

    assert made is not None
    assert await made[1].again(asked("judge this")) is None


class Suspicious:
    """Suspects every word that begins with an X, as a name is suspected."""

    def detect(self, text: str) -> Sequence[Finding]:
        spans = [match.span() for match in re.finditer(r"\bx\w+", text)]
        return [
            Finding(kind="pii_weak", type="PERSON", start=start, end=end, strength="weak", detector="suspicious")
            for start, end in spans
        ]


@pytest.mark.parametrize(("count", "is_sent"), [(MOST_VALUES - 1, True), (MOST_VALUES, False)])
async def test_so_many_values_are_looked_for_and_no_more(count: int, is_sent: bool) -> None:
    """Also of those that are only suspected: looking for each in a long answer would take seconds."""
    given = ruled(pii_weak={"level": "internal", "redact_to": "public"})
    request = asked(" ".join([EMAIL, *(f"x{number}" for number in range(count))]))
    made = await covered(request, given=given, detectors={**SHAPES, "suspicious": Suspicious()})

    assert made is not None
    assert (await made[1].again(asked("Is this a good answer?")) is not None) == is_sent


async def test_values_are_looked_for_beside_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """A long request of a judge holds nobody up."""
    threads: list[int] = []

    class Watched(Known):
        def found(self, request: Request) -> list[Finding]:
            threads.append(threading.get_ident())
            return super().found(request)

        def is_in(self, text: str) -> bool:
            threads.append(threading.get_ident())
            return super().is_in(text)

    monkeypatch.setattr(covering, "Known", Watched)

    await again(asked(f"to {EMAIL}"), "Is this a good answer?")

    assert len(threads) == 2
    assert threading.get_ident() not in threads


async def test_nothing_of_a_value_is_in_a_repr() -> None:
    """Neither of what decides nor of what is sent."""
    made = await covered(asked(f"to {EMAIL}"))

    assert EMAIL not in repr(made)
