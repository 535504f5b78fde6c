"""Requests that a backend may see redacted alone: what it sees, what comes back, and who sees nothing."""

import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from support import echoing
from support.echoing import Echo
from support.kinds import InstallKind
from support.policies import mock, policy

from gateway import CascadeExhaustedError, NoEligibleBackendError, Router
from gateway.backends.mock import Mock
from gateway.types import ContentPart, Level, Message

EMAIL, OTHER = "jane.doe@example.com", "bob@example.org"
PLACEHOLDER = re.compile(r"\[\[[A-Z0-9_]+?(?:v[0-9]+)?_[0-9a-f]{6}\]\]")
ALLOWED = {"pii": {"level": "confidential", "redact_to": "internal"}}

Opened = Callable[..., AbstractAsyncContextManager[tuple[Router, Echo]]]


@pytest.fixture
def opened(install_kind: InstallKind) -> Opened:
    """Open a router whose closed backend, cleared for internal requests, says back what it was told."""
    install_kind("backends", "echo", echoing.CODE)

    @asynccontextmanager
    async def opening(
        *rules: dict[str, Any],
        closed: dict[str, Any] | None = None,
        more: dict[str, Any] | None = None,
        tags: dict[str, Any] | None = None,
        **keys: Any,
    ) -> AsyncIterator[tuple[Router, Echo]]:
        own = {"kind": "echo", "model": "m", "clearance": "internal", "supports": ["tools", "response_format"]}
        backends = {"closed": {**own, **(closed or {})}, **(more or {})}
        ruled = policy(backends, *rules, tags=ALLOWED if tags is None else tags, **keys)
        async with Router.from_policy(ruled) as router:
            (echo,) = router.replicas("closed")
            assert isinstance(echo, Echo)
            yield router, echo

    return opening


async def test_a_backend_that_may_see_no_more_sees_placeholders(opened: Opened) -> None:
    """And the caller gets his own words back."""
    async with opened() as (router, echo):
        reply = await router.route(f"Mail {EMAIL}!", tenant="acme")

    assert reply.text == f"Mail {EMAIL}!"
    assert PLACEHOLDER.sub("*", echo.told) == "Mail *!"
    assert reply.plan.steps[0].redacted
    assert reply.plan.reasons["closed"].text == (
        "clearance internal covers level internal: it sees the request redacted (EMAIL_ADDRESS x 1)"
    )
    (attempt,) = reply.attempts
    assert (attempt.redacted, attempt.restore_misses) == (True, 0)


async def test_without_a_word_of_the_policy_nothing_is_redacted(opened: Opened) -> None:
    """A request that may not leave whole does not leave at all."""
    async with opened(tags={}) as (router, echo):
        with pytest.raises(NoEligibleBackendError):
            await router.route(f"Mail {EMAIL}!")

    assert echo.seen == []


async def test_who_may_see_all_sees_all(opened: Opened) -> None:
    """Redaction is for those who may not."""
    async with opened(more={"ours": mock("fine")}, closed={"clearance": "confidential"}) as (router, echo):
        reply = await router.route(f"Mail {EMAIL}!")

    assert echo.told == f"Mail {EMAIL}!"
    assert not reply.plan.steps[0].redacted
    assert not reply.attempts[0].redacted


async def test_a_tag_of_the_caller_is_not_taken_back(opened: Opened) -> None:
    """He says that there may be more than was found."""
    async with opened() as (router, echo):
        with pytest.raises(NoEligibleBackendError):
            await router.route(f"Mail {EMAIL}!", tags={"pii"})
        with pytest.raises(NoEligibleBackendError):
            await router.route([Message(role="user", content=f"Mail {EMAIL}!", tags=frozenset({"pii"}))])

    assert echo.seen == []


@pytest.mark.parametrize(
    "content",
    [
        f"Mail {EMAIL} about MRN 448812",
        [{"role": "user", "content": f"call {EMAIL[:5]}"}, {"role": "user", "content": "MRN: 448812, patient"}],
    ],
)
async def test_what_else_is_found_keeps_the_request_where_it_is(opened: Opened, content: Any) -> None:
    """The record number of a patient is not redacted by this policy."""
    async with opened() as (router, echo):
        with pytest.raises(NoEligibleBackendError):
            await router.route(content)

    assert echo.seen == []


async def test_a_part_that_nobody_can_read_is_never_redacted(opened: Opened) -> None:
    """Also where the policy lets unread parts pass: what is in them was not found."""
    picture = ContentPart(type="image_url", body={"type": "image_url", "image_url": {"url": "https://x.example/a.png"}})
    text = ContentPart(type="text", body={"type": "text", "text": EMAIL})
    tags = {**ALLOWED, "unread": "public"}
    closed = {"supports": ["images"]}

    async with opened(tags=tags, closed=closed) as (router, echo):
        with pytest.raises(NoEligibleBackendError):
            await router.route([Message(role="user", content=(text, picture))])

    assert echo.seen == []


async def test_a_detector_that_fails_leaves_nothing_redacted(opened: Opened, install_kind: InstallKind) -> None:
    """What it would have found is not replaced."""
    install_kind("detectors", "moody", _MOODY)

    async with opened(detectors=["patterns", "moody"]) as (router, echo):
        with pytest.raises(NoEligibleBackendError):
            await router.route(f"Mail {EMAIL}! fail now")
        with pytest.raises(NoEligibleBackendError):
            await router.route(f"Mail {EMAIL}! fail later")
        await router.route(f"Mail {EMAIL}!")

    assert PLACEHOLDER.sub("*", echo.told) == "Mail *!"


_MOODY = """
from contextlib import asynccontextmanager
from pydantic import BaseModel

class Options(BaseModel):
    pass

class Moody:
    def detect(self, text):
        if "fail now" in text or ("fail later" in text and "[[" in text):
            raise RuntimeError
        return ()

@asynccontextmanager
async def build(options):
    yield Moody()
"""


async def test_what_is_still_found_between_placeholders_is_not_gone(opened: Opened, install_kind: InstallKind) -> None:
    """A detector that finds more of a kind when it reads again has the last word."""
    install_kind("detectors", "second_look", _SECOND_LOOK)

    async with opened(detectors=["patterns", "second_look"]) as (router, echo):
        for kind in ("pii", "phi"):
            with pytest.raises(NoEligibleBackendError):
                await router.route(f"Mail {EMAIL} of {kind}")
        await router.route(f"Mail {EMAIL}")

    assert len(echo.seen) == 1


_SECOND_LOOK = """
from contextlib import asynccontextmanager
from pydantic import BaseModel
from gateway.types import Finding

class Options(BaseModel):
    pass

class Second:
    def detect(self, text):
        kind = next((kind for kind in ("pii", "phi") if text.endswith(kind)), None)
        if kind is None or "[[" not in text:
            return ()
        start = text.index(kind)
        return [Finding(kind=kind, type="X", start=start, end=start + 3, strength="strong", detector="second_look")]

@asynccontextmanager
async def build(options):
    yield Second()
"""


async def test_secrets_stay_replaced_where_a_policy_insists(opened: Opened) -> None:
    """They go nowhere, and come back from nowhere."""
    secret = "h7Qz9p" + "Lm2wXk"
    tags = {**ALLOWED, "secret": {"level": "restricted", "redact_to": "internal", "redact_even": True}}

    async with opened(tags=tags) as (router, echo):
        reply = await router.route(f"Why does postgres://app:{secret}@db.internal/crm refuse me?")

    assert secret not in echo.told
    assert secret not in reply.text
    assert PLACEHOLDER.search(reply.text)
    assert reply.attempts[0].restore_misses == 0


async def test_a_tool_is_called_with_the_callers_own_values(opened: Opened) -> None:
    """Whoever runs the tool needs the address and not its placeholder."""
    async with opened(closed={"calls": True}) as (router, _):
        reply = await router.route(EMAIL)

    assert reply.tool_calls[0].arguments == f'{{"to": "{EMAIL}"}}'


@pytest.mark.parametrize("calls", [False, True])
async def test_a_stream_brings_the_values_back_as_it_goes(opened: Opened, *, calls: bool) -> None:
    """Letter by letter, in text and in arguments; no piece of a placeholder is ever given."""
    async with opened(closed={"calls": calls}) as (router, echo):
        stream = router.stream(f"Mail {EMAIL} and {OTHER}")
        deltas = [delta async for delta in stream]

    said = "".join(delta.text + "".join(call.arguments for call in delta.tool_calls) for delta in deltas)
    assert said == (f'{{"to": "Mail {EMAIL} and {OTHER}"}}' if calls else f"Mail {EMAIL} and {OTHER}")
    assert len(deltas) > 5
    assert PLACEHOLDER.sub("*", echo.told) == "Mail * and *"
    assert stream.reply is not None
    assert EMAIL in (stream.reply.text or stream.reply.tool_calls[0].arguments)


async def test_a_placeholder_that_was_made_up_stays_and_is_counted(opened: Opened) -> None:
    """Nobody's address is guessed."""
    async with opened(closed={"makes_up": True}) as (router, _):
        reply = await router.route(EMAIL)
        stream = router.stream(EMAIL)
        streamed = "".join([delta.text async for delta in stream])

    assert PLACEHOLDER.fullmatch(reply.text)
    assert PLACEHOLDER.fullmatch(streamed)
    assert stream.reply is not None
    assert [one.attempts[0].restore_misses for one in (reply, stream.reply)] == [1, 1]


async def test_the_next_turn_of_a_conversation_uses_the_same_placeholders(opened: Opened) -> None:
    """The model goes on speaking of the same person; another conversation knows nothing of it."""
    async with opened() as (router, echo):
        turn: Sequence[dict[str, str]] = [{"role": "user", "content": f"I am {EMAIL}."}]
        reply = await router.route(turn, conversation="c1")
        answered = {"role": "assistant", "content": reply.text}
        await router.route([*turn, answered, {"role": "user", "content": f"Not {OTHER}!"}], conversation="c1")
        await router.route(turn, conversation="c2")
        await router.route(turn, conversation="c1", tenant="other")

    first, second, *others = ([PLACEHOLDER.findall(message.text) for message in seen.messages] for seen in echo.seen)
    assert first[0] == second[0] == second[1]
    assert second[2][0].replace("_2_", "_1_") == first[0][0]
    assert all(other[0] != first[0] for other in others)


async def test_an_earlier_turn_that_was_tagged_keeps_the_conversation_in_the_house(opened: Opened) -> None:
    """What a caller said once of his conversation is not taken back by what is found later."""
    async with opened(more={"ours": mock("fine")}) as (router, echo):
        await router.route("My patient asks", tags={"phi"}, conversation="c1")
        reply = await router.route(f"Mail {EMAIL}", conversation="c1")

    assert echo.seen == []
    assert reply.backend == "ours"


JUDGE = {"judge": "llm", "backend": "closed", "scale": "yes_no"}
JUDGED = {"name": "r", "use": ["ours", "last"], "accept": JUDGE}
REDACTED = {"name": "r", "use": ["theirs", "last"], "accept": JUDGE}


async def test_a_judge_that_may_see_no_more_is_shown_placeholders(opened: Opened) -> None:
    """The answer to the redacted request holds the address too: it is replaced again, as is whatever else it says."""
    theirs = mock(f"I wrote to {EMAIL} and {OTHER}.", clearance="internal", local=False)

    async with opened(REDACTED, more={"theirs": theirs, "last": mock("no")}, closed={"says": "yes"}) as (router, echo):
        reply = await router.route(f"Mail {EMAIL}!")

    assert (reply.backend, reply.accepted) == ("theirs", True)
    assert len(echo.seen) == 1
    assert EMAIL not in echo.told
    assert OTHER not in echo.told
    assert len(set(PLACEHOLDER.findall(echo.told))) == 2


@pytest.mark.parametrize(
    "answer",
    [
        "The patient of MRN 448812 is well.",
        f"I wrote to {EMAIL[:14]}",
        f"I wrote to {EMAIL[-10:]}",
    ],
)
async def test_a_judge_is_not_asked_about_an_answer_that_holds_more(opened: Opened, answer: str) -> None:
    """A number that the request has not, or half of an address: its answer stands for nothing then."""
    more = {"theirs": mock(answer, clearance="internal", local=False), "last": mock("from the last")}

    async with opened(REDACTED, more=more, closed={"says": "yes"}) as (router, echo):
        reply = await router.route(f"Mail {EMAIL}!")

    assert echo.seen == []
    assert reply.backend == "last"
    refused = [attempt.error.code for attempt in reply.attempts if attempt.error is not None]
    assert refused == ["not_cleared"]


@pytest.mark.parametrize("answer", [EMAIL[::-1], "jane, then doe, at the example company", "That is fine."])
async def test_a_judge_that_may_see_no_more_is_not_shown_what_saw_the_values(opened: Opened, answer: str) -> None:
    """Whoever saw an address may say it backwards: nobody could replace that."""
    more = {"ours": mock(answer), "last": mock("from the last")}

    async with opened(JUDGED, more=more, closed={"says": "yes"}) as (router, echo):
        reply = await router.route(f"Mail {EMAIL}!")
        assert echo.seen == []
        await router.route("Mail nobody!")

    assert reply.backend == "last"
    assert len(echo.seen) == 1


async def test_whoever_is_asked_the_same_again_is_shown_no_answer(opened: Opened) -> None:
    """A second opinion of the redacted request is asked for whoever answered."""
    accept = {"judge": "agreement", "samples": 0, "backends": "closed", "at_least": 0.1}
    rule = {"name": "r", "use": ["ours", "last"], "accept": accept}
    free = {"input": 0, "output": 0}
    more = {"ours": mock(EMAIL[::-1]), "last": mock("from the last", price={"input": 1_000, "output": 1_000})}

    async with opened(rule, more=more, closed={"price": free}) as (router, echo):
        await router.route(f"Mail {EMAIL}!")

    assert PLACEHOLDER.sub("*", echo.told) == "Mail *!"


async def test_a_comparison_is_made_with_placeholders_too(opened: Opened) -> None:
    """Whoever is compared with sees no more than if it had answered."""
    rule = {"name": "r", "use": ["ours"]}
    holdout = {"backend": "closed", "share": 1.0, "at_most": "confidential"}

    async with opened(rule, more={"ours": mock(f"Mailed {EMAIL}")}, holdout=holdout) as (router, echo):
        await router.route(f"Mail {EMAIL}!")
        ledger = router.ledger

    records = await ledger.holdouts()
    assert PLACEHOLDER.sub("*", echo.told) == "Mail *!"
    assert len(records) == 1


async def test_failing_over_keeps_what_each_may_see(opened: Opened) -> None:
    """The closed one failed with placeholders, ours answers the whole request, and the other way round."""
    broken = mock({"error": "unavailable"}, clearance="internal", local=False)
    rule = {"name": "r", "use": ["broken", "ours"]}

    async with opened(rule, more={"broken": broken, "ours": mock("fine")}) as (router, _):
        reply = await router.route(f"Mail {EMAIL}!")
        ((failed,), (ours,)) = (router.replicas(name) for name in ("broken", "ours"))
        assert isinstance(failed, Mock)
        assert isinstance(ours, Mock)

    assert reply.backend == "ours"
    assert EMAIL not in failed.seen[0].messages[0].text
    assert ours.seen[0].messages[0].text == f"Mail {EMAIL}!"
    assert [attempt.redacted for attempt in reply.attempts] == [True, False]


async def test_an_error_holds_neither_value_nor_placeholder(opened: Opened) -> None:
    """What is raised may be logged."""
    broken = mock({"error": "unavailable"}, clearance="internal", local=False)

    async with opened({"name": "r", "use": ["broken"]}, more={"broken": broken}) as (router, _):
        with pytest.raises(CascadeExhaustedError) as raised:
            await router.route(f"Mail {EMAIL}!")

    assert EMAIL not in repr(raised.value)
    assert not PLACEHOLDER.search(f"{raised.value}{raised.value.attempts!r}")


async def test_explaining_says_what_would_be_replaced_and_asks_nobody(opened: Opened) -> None:
    """By type and count."""
    async with opened() as (router, echo):
        explanation = await router.explain(f"Mail {EMAIL}, {OTHER} and {EMAIL}!")

    redaction = explanation.assessment.redaction
    assert redaction is not None
    assert (redaction.label.level, dict(redaction.counts)) == (Level.INTERNAL, {"EMAIL_ADDRESS": 2})
    assert EMAIL not in repr(explanation)
    assert echo.seen == []


async def test_a_long_request_is_redacted_beside_the_event_loop(opened: Opened) -> None:
    """In a thread, as it is read."""
    async with opened() as (router, echo):
        reply = await router.route(f"Mail {EMAIL}! " + "and so on " * 4_000)

    assert EMAIL not in echo.told
    assert EMAIL in reply.text
