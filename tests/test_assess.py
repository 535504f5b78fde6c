"""What a request is: levels that only rise, failures that count as the strictest, and every string read."""

import json
import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.assessing import Broken, Fixed, asked, assessed, finding
from support.policies import mock, policy

from gateway.classifiers.heuristic import HeuristicClassifier
from gateway.detectors.patterns import PatternDetector
from gateway.detectors.secrets import SecretDetector
from gateway.errors import InvalidRequestError
from gateway.interfaces import Detector
from gateway.leaves import scanned_text
from gateway.policy.tags import BUILT_IN_TAGS
from gateway.types import ContentPart, Finding, Level, Message, Need, Request, ToolCall

SHAPES: Mapping[str, Detector] = {"patterns": PatternDetector(), "secrets": SecretDetector()}
IMAGE = ContentPart(type="image_url", body={"type": "image_url", "image_url": {"url": "https://example.org/x.png"}})
TAGS = st.frozensets(st.sampled_from([*BUILT_IN_TAGS, "nobody_named_this"]))


async def test_a_plain_request_has_the_level_of_the_policy() -> None:
    """Nothing is known of it, so nothing raises it."""
    result = await assessed(given_policy=policy({"llama": mock()}, default_level="internal"))

    assert (result.level, result.level_reasons) == (Level.INTERNAL, ("internal by default",))


@pytest.mark.parametrize(
    ("tag", "level"), [("pii", Level.CONFIDENTIAL), ("phi", Level.RESTRICTED), ("source", Level.INTERNAL)]
)
async def test_a_tag_raises_the_level_to_what_the_policy_says(tag: str, level: Level) -> None:
    """And the reasons say which one it was."""
    result = await assessed(asked(tags=frozenset({tag})))

    assert (result.level, result.level_reasons[-1]) == (level, f"tag {tag!r} is {level}")


async def test_the_last_reason_is_the_one_that_counts() -> None:
    """Whoever asks why gets the highest level's cause."""
    result = await assessed(asked(tags=frozenset({"phi", "pii", "source"})))

    assert result.level_reasons == (
        "public by default",
        "tag 'source' is internal",
        "tag 'pii' is confidential",
        "tag 'phi' is restricted",
    )


@given(TAGS, TAGS)
async def test_adding_a_tag_never_lowers_the_level(some: frozenset[str], more: frozenset[str]) -> None:
    """Callers may raise a request's level, never lower it."""
    before, after = await assessed(asked(tags=some)), await assessed(asked(tags=some | more))

    assert after.level >= before.level


FINDINGS = st.lists(
    st.builds(finding, st.sampled_from(["pii", "phi", "pci", "unheard_of"]), weak=st.booleans()), max_size=4
)


@given(TAGS, FINDINGS, FINDINGS)
async def test_finding_more_never_lowers_the_level(
    tags: frozenset[str], some: list[Finding], more: list[Finding]
) -> None:
    """Detection can only raise."""
    request = asked(tags=tags)

    before = await assessed(request, detectors={"one": Fixed(some)})
    after = await assessed(request, detectors={"one": Fixed(some), "two": Fixed(more)})

    assert after.level >= before.level


@given(TAGS, FINDINGS)
async def test_a_detector_that_fails_is_the_strictest_level(tags: frozenset[str], findings: list[Finding]) -> None:
    """Whatever else is known of the request."""
    result = await assessed(asked(tags=tags), detectors={"good": Fixed(findings), "bad": Broken()})

    assert (result.level, result.failed_detectors) == (Level.RESTRICTED, ("bad",))


async def test_a_failure_is_logged_without_the_text(caplog: pytest.LogCaptureFixture) -> None:
    """The message of an error quotes what its parser read."""
    with caplog.at_level(logging.DEBUG):
        await assessed(asked("a secret of mine"), detectors={"bad": Broken()}, classifier=Broken())

    assert [record.getMessage() for record in caplog.records] == [
        "detector 'bad' failed: RuntimeError",
        "classifier 'Broken' failed: KeyError",
    ]
    assert "secret" not in caplog.text


@pytest.mark.parametrize(
    ("tag", "hint"),
    [("secrets", "did you mean 'secret'?"), ("colour", "name it under `tags`"), ("teem", "did you mean 'team'?")],
)
async def test_an_unknown_tag_is_the_strictest_level_with_the_nearest_right_name(tag: str, hint: str) -> None:
    """A typing error must not let a request out."""
    given_policy = policy({"llama": mock()}, tags={"team": "internal"})

    result = await assessed(asked(tags=frozenset({tag})), given_policy=given_policy)

    assert result.level == Level.RESTRICTED
    assert result.level_reasons[-1] == f"tag {tag!r} is unknown to the policy, so restricted; {hint}"


async def test_an_endless_tag_is_cut_in_the_reason() -> None:
    """And costs no time."""
    result = await assessed(asked(tags=frozenset({"x" * 1_000_000})))

    assert len(result.level_reasons[-1]) < 200


async def test_a_finding_raises_the_level_to_that_of_its_kind() -> None:
    """The reason names the types, not the text."""
    result = await assessed(
        asked("Jane, MRN 448812, mail a@b.org and c@d.org"), detectors={"patterns": PatternDetector()}
    )

    assert result.kinds == {"phi", "pii"}
    assert result.level_reasons[1:] == (
        "EMAIL_ADDRESS found (pii) is confidential",
        "MEDICAL_RECORD_NUMBER found (phi) is restricted",
    )


@pytest.mark.parametrize(
    ("kind", "tags", "level", "kinds"),
    [
        ("pii", {}, Level.INTERNAL, {"pii_weak"}),
        ("phi", {}, Level.INTERNAL, {"phi_weak"}),
        ("phi", {"phi_weak": "confidential"}, Level.CONFIDENTIAL, {"phi_weak"}),
        ("pii", {"pii_weak": "public"}, Level.PUBLIC, {"pii_weak"}),
        ("note", {"note": "public"}, Level.PUBLIC, {"note_weak"}),
        ("unheard_of", {}, Level.RESTRICTED, {"unheard_of", "unknown"}),
    ],
)
async def test_a_suspicion_asks_for_less_than_certainty(
    kind: str, tags: dict[str, str], level: Level, kinds: set[str]
) -> None:
    """Internal, unless the policy says otherwise; what the policy has never heard of stays the strictest."""
    given_policy = policy({"llama": mock()}, default_level="public", tags=tags)

    result = await assessed(given_policy=given_policy, detectors={"one": Fixed([finding(kind, weak=True)])})

    assert (result.level, set(result.kinds)) == (level, kinds)


async def test_a_certain_finding_of_an_unknown_kind_is_the_strictest_level() -> None:
    """A third party's detector may know more than the policy."""
    assert (await assessed(detectors={"one": Fixed([finding("unheard_of")])})).level == Level.RESTRICTED


@pytest.mark.parametrize(
    "part",
    [
        IMAGE,
        ContentPart(type="input_audio", body={"type": "input_audio", "input_audio": {"data": "AAAA"}}),
        ContentPart(type="file", body={"type": "file", "file": {"file_data": "AAAA"}}),
        ContentPart(type="hologram", body={"type": "hologram"}),
    ],
)
async def test_a_part_that_nobody_reads_is_the_strictest_level(part: ContentPart) -> None:
    """It may show anything."""
    result = await assessed(asked((part,)))

    assert (result.level, set(result.kinds)) == (Level.RESTRICTED, {"unread", "unknown"})


async def test_the_policy_may_say_what_an_unread_part_is_worth() -> None:
    """Where images are known to be harmless."""
    given_policy = policy({"llama": mock()}, tags={"unread": "internal"})

    assert (await assessed(asked((IMAGE,)), given_policy=given_policy)).level == Level.INTERNAL


REGIONAL = {
    "eu": {"region": "eu"},
    "us": {"region": "us"},
    "gdpr": {"region": "eu"},
    "phi": {"level": "restricted", "region": "eu"},
}


@pytest.mark.parametrize(
    ("tags", "regions"),
    [([], None), (["pii"], None), (["eu"], {"eu"}), (["eu", "gdpr"], {"eu"}), (["eu", "us"], set())],
)
async def test_regions_are_those_that_every_tag_allows(tags: list[str], regions: set[str] | None) -> None:
    """None is anywhere; two that contradict each other leave no place."""
    given_policy = policy({"llama": mock()}, tags=REGIONAL)

    result = await assessed(asked(tags=frozenset(tags)), given_policy=given_policy)

    assert result.regions == (None if regions is None else frozenset(regions))


async def test_a_finding_binds_to_the_region_of_its_kind() -> None:
    """As a tag of the caller does."""
    given_policy = policy({"llama": mock()}, tags=REGIONAL)

    result = await assessed(given_policy=given_policy, detectors={"one": Fixed([finding("phi")])})

    assert result.regions == frozenset({"eu"})


@pytest.mark.parametrize("score", [-0.1, 1.1, float("nan")])
async def test_a_difficulty_beyond_0_and_1_is_unknown(score: float) -> None:
    """A classifier that answers nonsense has not answered."""
    assert (await assessed(classifier=Fixed(score=score))).difficulty is None


async def test_what_is_no_figure_and_no_finding_counts_as_a_fault() -> None:
    """A third party's part that answers in another language is a part that failed."""
    wrong: Any = "hard"
    read = await assessed(detectors={"theirs": Fixed(findings=[wrong])}, classifier=Fixed(score=wrong))

    assert (read.level, read.failed_detectors, read.difficulty) == (Level.RESTRICTED, ("theirs",), None)


async def test_a_classifier_that_fails_leaves_the_difficulty_unknown() -> None:
    """The request goes on."""
    assert (await assessed(classifier=Broken())).difficulty is None


TOOL = {"type": "function", "function": {"name": "find", "description": "by MRN"}}
CALL = ToolCall(id="c1", name="find", arguments='{"q": 1}')


@pytest.mark.parametrize(
    ("request_", "needs"),
    [
        (asked(), set()),
        (asked(tools=(TOOL,)), {Need.TOOLS}),
        (asked(messages=(Message(role="assistant", tool_calls=(CALL,)),)), {Need.TOOLS}),
        (asked(messages=(Message(role="tool", content="7", tool_call_id="c1"),)), {Need.TOOLS}),
        (asked((IMAGE,)), {Need.IMAGES}),
        (asked((ContentPart(type="input_audio", body={}),)), {Need.OTHER_MEDIA}),
        (asked((ContentPart(type="text", body={"text": "hi"}),)), set()),
        (asked(response_format={"type": "json_schema"}), {Need.RESPONSE_FORMAT}),
        (asked(response_format={"type": "json_object"}), {Need.RESPONSE_FORMAT}),
        (asked(response_format={"type": "text"}), set()),
    ],
)
async def test_needs_are_what_the_request_brings(request_: Request, needs: set[Need]) -> None:
    """Tools, images, other media, a response format."""
    assert (await assessed(request_)).needs == needs


@pytest.mark.parametrize(
    ("text", "tokens"), [("", 0), ("abcd", 1), ("abcde", 2), ("\u6f22\u5b57\u6f22\u5b57", 3), ("\ud800", 1)]
)
async def test_tokens_are_a_quarter_of_the_bytes(text: str, tokens: int) -> None:
    """Close for English, and not far below for scripts of more bytes."""
    assert (await assessed(asked(text))).prompt_tokens == tokens


async def test_labels_of_the_caller_are_handed_on() -> None:
    """Rules of the policy read them."""
    result = await assessed(asked(tags=frozenset({"pii"}), task="classification", stakes="high", tenant="acme"))

    assert (set(result.tags), result.task, result.stakes, result.tenant) == ({"pii"}, "classification", "high", "acme")


@pytest.mark.parametrize(("length", "elsewhere"), [(4_000, False), (4_001, True)])
async def test_a_long_text_is_read_beside_the_event_loop(length: int, elsewhere: bool) -> None:
    """So that other requests do not wait for it."""
    detector = Fixed()

    await assessed(asked("a" * length), detectors={"one": detector})

    assert (detector.threads != [threading.get_ident()]) is elsewhere


@given(st.text())
def test_a_plain_text_is_scanned_as_it_is(text: str) -> None:
    """So that the spans of findings fit it."""
    assert scanned_text(asked(text)) == text


def test_everything_is_scanned_in_a_fixed_order() -> None:
    """Messages with names and calls first, then tools, choice, format and parameters."""
    messages = (
        Message(role="system", content="S", name="N"),
        Message(role="user", content=(ContentPart(type="text", body={"type": "text", "text": "U"}),)),
        Message(role="assistant", content=None, tool_calls=(CALL,)),
        Message(role="tool", content="T", tool_call_id="c1"),
    )
    request = Request(
        messages=messages,
        id="r1",
        tools=({"name": "D", "list": ["x", 4111111111111111, 7, None, True]},),
        tool_choice="auto",
        response_format={"type": "F"},
        sampling={"user": "P", "temperature": 0.5},
    )

    lines = scanned_text(request).split("\n")

    assert lines[:9] == ["S", "N", "U", "c1", "find", '{"q": 1}', "T", "c1", "name"]
    assert lines[9:] == ["D", "list", "x", "4111111111111111", "auto", "type", "F", "user", "P", "temperature"]


async def test_a_text_beyond_the_limit_of_the_policy_is_refused() -> None:
    """Before anything is read."""
    detector = Fixed()
    given_policy = policy({"llama": mock()}, limits={"prompt_characters": 10})

    with pytest.raises(InvalidRequestError, match=r"has 11 characters of text, .* allows 10"):
        await assessed(asked("a" * 11), given_policy=given_policy, detectors={"one": detector})

    assert detector.threads == []


CANARY = "4111 1111 1111 1111"
LONG_URL = "https://example.org/" + "a/" * 2_000
PLACES: tuple[Callable[[str], Request], ...] = (
    asked,
    lambda canary: asked((ContentPart(type="text", body={"type": "text", "text": "a", "cache": {"note": canary}}),)),
    lambda canary: asked((ContentPart(type="refusal", body={"type": "refusal", "refusal": canary}),)),
    lambda canary: asked((ContentPart(type="file", body={"type": "file", "file": {"filename": canary}}),)),
    lambda canary: asked((ContentPart(type="text", body={"content": canary}),)),
    lambda canary: asked((ContentPart(type="text", body={"type": "text", "content": canary}),)),
    lambda canary: asked((ContentPart(type="text", body={"text": {"value": canary}}),)),
    lambda canary: asked((ContentPart(type="text", body={"type": canary, "text": "a"}),)),
    lambda canary: asked((ContentPart(type="text", body={"refusal": canary}),)),
    lambda canary: asked((ContentPart(type="text", body={"type": "image_url", "text": canary}),)),
    lambda canary: asked((ContentPart(type=canary, body={}),)),
    lambda canary: asked((ContentPart(type="image_url", body={"text": canary}),)),
    lambda canary: asked((ContentPart(type="file", body={"file": {"file_data": f"{canary}, " * 200}}),)),
    lambda canary: asked((ContentPart(type="image_url", body={"image_url": {"url": f"{LONG_URL}?card={canary}"}}),)),
    lambda canary: asked(messages=(Message(role="user", content="a", name=canary),)),
    lambda canary: asked(messages=(Message(role="tool", content="a", tool_call_id=canary),)),
    lambda canary: asked(
        messages=(Message(role="assistant", tool_calls=(ToolCall(id="1", name="f", arguments=canary),)),)
    ),
    lambda canary: asked(tools=({"function": {"parameters": {"properties": {"x": {"description": canary}}}}},)),
    lambda canary: asked(tools=({"function": {"parameters": {"properties": {canary: {}}}}},)),
    lambda canary: asked(tool_choice={"function": {"name": canary}}),
    lambda canary: asked(response_format={"json_schema": {"schema": {"enum": [canary]}}}),
    lambda canary: asked(sampling={"user": canary}),
    lambda canary: asked(sampling={"stop": [canary]}),
    lambda canary: asked(sampling={"metadata": {"n": int(canary.replace(" ", ""))}}),
)


PART_TYPES = st.sampled_from(["text", "refusal", "image_url", "input_audio", "video_url", "file", "hologram"])
KEYS = PART_TYPES | st.sampled_from(["type", "content", "cache_control"])
HIDDEN = st.recursive(
    st.just(CANARY) | PART_TYPES | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
).filter(lambda value: CANARY in json.dumps(value))


@given(PART_TYPES, st.dictionaries(KEYS, HIDDEN, min_size=1, max_size=3))
async def test_no_string_of_a_part_goes_unread(type_: str, body: dict[str, Any]) -> None:
    """Whatever a part is called, and wherever in it the card number stands."""
    assert "pci" in (await assessed(asked((ContentPart(type=type_, body=body),)), detectors=SHAPES)).kinds


@pytest.mark.parametrize(
    ("part", "need"),
    [
        (ContentPart(type="text", body={"type": "image_url", "text": "a"}), Need.IMAGES),
        (ContentPart(type="text", body={"text": "a", "image_url": {"url": "https://example.org/x.png"}}), Need.IMAGES),
        (ContentPart(type="text", body={"type": "hologram", "text": "a"}), Need.OTHER_MEDIA),
        (ContentPart(type="text", body={"type": {"a": "b"}, "text": "a"}), Need.OTHER_MEDIA),
        (ContentPart(type="image_url", body={"type": "text", "text": "a"}), Need.IMAGES),
        (ContentPart(type="video_url", body={"video_url": {"url": "https://example.org/x.mp4"}}), Need.OTHER_MEDIA),
    ],
)
async def test_a_part_that_says_two_things_counts_by_the_stricter(part: ContentPart, need: Need) -> None:
    """One server believes the type, another one what the part holds."""
    result = await assessed(asked((part,)))

    assert (result.level, set(result.kinds), set(result.needs)) == (Level.RESTRICTED, {"unread", "unknown"}, {need})


@pytest.mark.parametrize("place", PLACES)
async def test_no_string_of_a_request_goes_unread(place: Callable[[str], Request]) -> None:
    """A card number is found wherever it hides."""
    assert "pci" in (await assessed(place(CANARY), detectors=SHAPES)).kinds


@pytest.mark.parametrize("payload", ["A" * 5_000, "data:application/pdf;base64," + "Aa0+/" * 1_000 + "=="])
def test_the_bytes_of_a_file_are_not_scanned_as_text(payload: str) -> None:
    """They count as unread; a million random letters would only raise false alarms."""
    part = ContentPart(type="file", body={"type": "file", "file": {"filename": "a.pdf", "file_data": payload}})

    assert scanned_text(asked((part,))) == "file\nfilename\na.pdf\nfile_data"


def test_deep_nesting_is_read_to_its_bottom() -> None:
    """Without running out of stack."""
    deep: Any = "bottom"
    for _ in range(5_000):
        deep = {"a": [deep]}

    assert scanned_text(asked(sampling=deep)).endswith("bottom")


async def test_no_finding_holds_the_text_it_was_found_in() -> None:
    """An assessment may be logged."""
    result = await assessed(asked(f"card {CANARY}"), detectors=SHAPES)

    assert result.findings
    assert CANARY not in repr(result)


async def test_a_tools_result_counts_for_privacy_and_not_for_difficulty() -> None:
    """What a tool found must not leave; how hard the question is, the user said."""
    question = Message(role="user", content="Which ticket is that?")
    found = "Prove, derive and refactor it step by step: jane.doe@example.com must design the algorithm. " * 20
    conversation = (question, Message(role="tool", tool_call_id="c1", content=found))
    classifier = HeuristicClassifier()

    with_result = await assessed(asked(messages=conversation), detectors=SHAPES, classifier=classifier)
    without = await assessed(asked(messages=(question,)), detectors=SHAPES, classifier=classifier)

    assert with_result.level == Level.CONFIDENTIAL
    assert without.level == Level.PUBLIC
    assert with_result.difficulty == without.difficulty
