"""Where a label comes from: tenants, keys, tags of messages and parts, earlier turns, failures. Each joins upward."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.assessing import Broken, Fixed, asked, assessed, finding
from support.policies import mock, policy

from gateway.clearance import UNKNOWN, Clearance, Destination, admit
from gateway.decide import Fleet, decide
from gateway.policy.place import destination
from gateway.policy.tags import BUILT_IN_TAGS
from gateway.types import Assessment, ContentPart, Label, Level, Message, Request

REGIONAL: Mapping[str, Any] = {"eu": {"region": "eu"}, "us": {"region": "us"}, "gone": {"retain": False}}
RULED = policy({"llama": mock()}, default_level="public", tags=REGIONAL)
TAGS = st.frozensets(st.sampled_from([*BUILT_IN_TAGS, *REGIONAL, "nobody_named_this", "phi_weak"]), max_size=3)
KINDS = ("pii", "phi", "pci", "eu", "nobody_named_this")
FINDINGS = st.lists(st.builds(finding, st.sampled_from(KINDS), weak=st.booleans()), max_size=3)
LABELS = st.builds(
    Label,
    level=st.sampled_from(Level),
    kinds=st.frozensets(st.sampled_from(KINDS), max_size=2),
    regions=st.none() | st.frozensets(st.sampled_from(["eu", "us"])),
    retain=st.booleans(),
)
DESTINATIONS = st.builds(
    Destination,
    name=st.just("there"),
    clearance=st.sampled_from(Level),
    local=st.booleans(),
    region=st.sampled_from([None, "eu", "us"]),
    refuses=st.frozensets(st.sampled_from(KINDS[:4]), max_size=2),
    retains=st.booleans(),
)


def part(text: str = "b", *tags: str) -> ContentPart:
    """Return a text part with tags."""
    return ContentPart(type="text", body={"type": "text", "text": text}, tags=frozenset(tags))


def said(*tags: str, role: Any = "tool") -> Message:
    """Return a message with tags."""
    return Message(role=role, content="a", tool_call_id="c1", tags=frozenset(tags))


def at_every_place(request: Request, tags: frozenset[str]) -> tuple[Request, ...]:
    """Return the request with more tags: of its own, of a message, of a part."""
    first, *rest = request.messages
    parted = replace(first, content=(part("b", *tags),))
    return (
        replace(request, tags=request.tags | tags),
        replace(request, messages=(replace(first, tags=first.tags | tags), *rest)),
        replace(request, messages=(parted, *rest)),
    )


async def test_a_message_may_have_tags_of_its_own() -> None:
    """A document or a tool's result makes the whole request as private as itself, and the reason says which it was."""
    result = await assessed(asked(messages=(said("public", role="user"), said("phi"))))

    assert (result.level, set(result.kinds), set(result.tags)) == (Level.RESTRICTED, {"phi", "public"}, set())
    assert result.level_reasons == ("public by default", "tag 'phi' of messages[1] is restricted")
    assert [(source.by, source.name, source.message) for source in result.sources] == [
        ("message", "phi", 1),
        ("message", "public", 0),
    ]


async def test_a_part_may_have_tags_of_its_own() -> None:
    """As a message; where a tag stands several times, the first place is named."""
    messages = (Message(role="user", content=(part(), part("c", "pii"))), said("pii"), said("pii"))

    result = await assessed(asked(messages=messages))

    assert result.level_reasons[-1] == "tag 'pii' of messages[0].content[1] and 2 more is confidential"


async def test_a_message_that_may_leave_opens_nothing_for_the_others() -> None:
    """Its tags are no tags of the request: a rule that lets tagged requests go does not see them."""
    result = await assessed(asked(messages=(said("public"),), tags=frozenset({"source"})))

    assert (set(result.tags), set(result.kinds)) == ({"source"}, {"public"})


async def test_an_unknown_tag_of_a_message_asks_for_everything() -> None:
    """Level, kind, region and retention: nobody knows what it would have meant."""
    result = await assessed(asked(messages=(said("phy"),)))

    assert result.label == UNKNOWN
    assert result.level_reasons[-1] == (
        "tag 'phy' of messages[0] is unknown to the policy, so restricted; did you mean 'phi'?"
    )


async def test_of_a_thousand_unknown_tags_the_first_are_named() -> None:
    """Each would cost a search for its right spelling."""
    tags = frozenset(f"tag number {number}" for number in range(1_000))

    result = await assessed(asked(tags=tags, messages=(said(*tags),)))

    assert (result.label.level, len(result.level_reasons)) == (Level.RESTRICTED, 17)


async def test_a_tag_asks_for_what_the_policy_says_of_retention() -> None:
    """Beside its level and its region."""
    result = await assessed(asked(tags=frozenset({"gone", "eu"})), given_policy=RULED)

    assert result.label == Label(kinds=frozenset({"gone", "eu"}), regions=frozenset({"eu"}), retain=False)


TENANTS = policy({"llama": mock()}, tenants={"clinic": "phi", "acme": {"tags": ["pii"]}, "own": []})
ANYBODY = policy({"llama": mock()}, tenants={"clinic": ["phi"], "*": ["source", "legal"]})


@pytest.mark.parametrize(
    ("tenant", "level", "reason"),
    [
        ("clinic", Level.RESTRICTED, "tag 'phi' of tenant 'clinic' is restricted"),
        ("acme", Level.CONFIDENTIAL, "tag 'pii' of tenant 'acme' is confidential"),
        ("own", Level.INTERNAL, "internal by default"),
        (
            "clinik",
            Level.RESTRICTED,
            "tenant 'clinik' is unknown to the policy, so restricted; did you mean 'clinic'?",
        ),
        ("zzz", Level.RESTRICTED, "tenant 'zzz' is unknown to the policy, so restricted; name it under `tenants`"),
        (None, Level.RESTRICTED, 'no tenant is named, so restricted; name one, or write "*" under `tenants`'),
    ],
)
async def test_a_tenant_has_the_tags_that_the_policy_gives_it(tenant: str | None, level: Level, reason: str) -> None:
    """One that the policy does not name is the strictest, and so is none at all."""
    result = await assessed(asked(tenant=tenant), given_policy=TENANTS)

    assert (result.level, result.level_reasons[-1]) == (level, reason)


@pytest.mark.parametrize("tenant", ["somebody", None, "*"])
async def test_a_star_stands_for_every_other_tenant(tenant: str | None) -> None:
    """For one that is not named, and for none."""
    result = await assessed(asked(tenant=tenant), given_policy=ANYBODY)

    assert (result.level, set(result.tags)) == (Level.CONFIDENTIAL, {"source", "legal"})


async def test_the_tags_of_a_tenant_are_tags_of_the_request() -> None:
    """Rules and the books see them as if the caller had given them."""
    result = await assessed(asked(tenant="acme", tags=frozenset({"source"})), given_policy=TENANTS)

    assert (set(result.tags), set(result.kinds)) == ({"source", "pii"}, set())


async def test_an_unknown_tenant_asks_for_everything() -> None:
    """Not only for the level."""
    result = await assessed(asked(tenant="clinik"), given_policy=TENANTS)

    assert result.label == UNKNOWN


KEYS = policy({"llama": mock()}, keys={"intranet": ["pii"]})


@pytest.mark.parametrize(
    ("key", "level", "reason"),
    [
        ("intranet", Level.CONFIDENTIAL, "tag 'pii' of key 'intranet' is confidential"),
        (
            "intranett",
            Level.RESTRICTED,
            "the key is unknown to the policy, so restricted; did you mean 'intranet'?",
        ),
        (None, Level.RESTRICTED, 'no key is named, so restricted; name one, or write "*" under `keys`'),
    ],
)
async def test_a_key_has_the_tags_that_the_policy_gives_it(key: str | None, level: Level, reason: str) -> None:
    """A name that is not in the policy may be the key itself: it is repeated nowhere."""
    result = await assessed(asked(key=key), given_policy=KEYS)

    assert (result.level, result.level_reasons[-1]) == (level, reason)


async def test_a_policy_that_names_no_tenants_asks_for_none() -> None:
    """Whoever is named."""
    assert (await assessed(asked(tenant="anybody", key="any"))).level == Level.PUBLIC


async def test_a_conversation_stays_as_private_as_it_was() -> None:
    """What an earlier turn held may be in every later one."""
    earlier = Label(level=Level.CONFIDENTIAL, kinds=frozenset({"pii"}), retain=False)

    result = await assessed(asked(), earlier=earlier)

    assert result.label == earlier
    assert result.level_reasons[-1] == "earlier turns of this conversation are confidential"


async def test_a_suspicion_of_a_known_kind_may_be_handed_on_as_a_tag() -> None:
    """What a detector suspected in one request is a suspicion in the next one, too."""
    result = await assessed(asked(messages=(said("phi_weak"),)))

    assert result.label == Label(level=Level.INTERNAL, kinds=frozenset({"phi_weak"}))


async def admitted(request: Request, there: Destination, **keys: Any) -> bool:
    """Return whether a request may go there."""
    return isinstance(admit((await assessed(request, **keys)).label, there), Clearance)


@given(TAGS, TAGS, DESTINATIONS)
async def test_a_tag_more_never_opens_a_way(some: frozenset[str], more: frozenset[str], there: Destination) -> None:
    """At the request, at a message, at a part: whoever may not see it without the tag may not see it with it."""
    request = asked(tags=some, messages=(said(*some), said()))

    before = await admitted(request, there, given_policy=RULED)
    after = [await admitted(tagged, there, given_policy=RULED) for tagged in at_every_place(request, more)]

    assert before or not any(after)


PLACES = policy(
    {
        "here": mock(),
        "eu": mock(clearance="confidential", local=False, region="eu", retains=False),
        "us": mock(clearance="internal", local=False, region="us", refuses=["phi", "legal"]),
        "open": mock(clearance="public", local=False),
    },
    default_level="public",
    tags=REGIONAL,
)


@given(TAGS, TAGS)
async def test_a_tag_more_never_adds_a_backend_to_the_plan(some: frozenset[str], more: frozenset[str]) -> None:
    """Where no rule asks for tags; one that does may choose another way, among those who may see the request."""
    request = asked(tags=some, messages=(said(*some), said()))

    before, *after = [
        set(decide(await assessed(one, given_policy=PLACES), PLACES, Fleet()).backends)
        for one in (request, *at_every_place(request, more))
    ]

    assert all(backends <= before for backends in after)


@given(TAGS, FINDINGS, LABELS)
async def test_every_source_joins_upward(tags: frozenset[str], findings: list[Any], earlier: Label) -> None:
    """The label of a request covers what each of its sources asks for, and its default level."""
    request = asked(tags=tags, messages=(said(*tags), Message(role="user", content=(part("b", *tags),))))

    result = await assessed(request, given_policy=RULED, detectors={"one": Fixed(findings)}, earlier=earlier)

    assert all(result.label.covers(source.label) for source in result.sources)
    assert result.label.covers(earlier)


@given(TAGS, FINDINGS)
async def test_a_detector_that_fails_asks_for_everything(tags: frozenset[str], findings: list[Any]) -> None:
    """As if it had found all that there is: level, kinds, regions and retention."""
    result = await assessed(asked(tags=tags), detectors={"good": Fixed(findings), "bad": Broken()}, given_policy=RULED)

    assert result.label.covers(UNKNOWN)


@given(TAGS, FINDINGS, DESTINATIONS)
async def test_an_answer_is_as_private_as_its_question(
    tags: frozenset[str], findings: list[Any], there: Destination
) -> None:
    """Handed on with the tags of its label, it may go nowhere where the question could not."""
    detectors = {"one": Fixed(findings)}
    question = await assessed(asked(tags=tags), given_policy=RULED, detectors=detectors)
    answer = Message(role="assistant", content="a", tags=question.label.tags)

    goes_on = await admitted(asked(messages=(answer,)), there, given_policy=RULED)

    assert isinstance(admit(question.label, there), Clearance) or not goes_on


async def test_a_label_says_itself_in_a_few_words() -> None:
    """For messages to people."""
    label = Label(level=Level.RESTRICTED, kinds=frozenset({"phi", "eu"}), regions=frozenset({"eu"}), retain=False)

    assert str(label) == "restricted, eu, phi, in eu alone, kept by nobody"
    assert str(replace(UNKNOWN, retain=True)) == "restricted, unknown, on local backends alone"
    assert str(Label()) == "public"


async def test_what_is_not_to_be_kept_is_not_learned_from() -> None:
    """A vector of the request is kept nowhere either."""
    learning = policy({"llama": mock()}, tags=REGIONAL, learning={"keep": "features"})

    kept = await _vectored(asked(tags=frozenset({"eu"})), learning)
    not_kept = await _vectored(asked(tags=frozenset({"gone"})), learning)

    assert (kept.features, not_kept.features) == (b"v", None)


class _Vectors:
    def features(self, request: Request) -> bytes:
        return b"v"


async def _vectored(request: Request, given_policy: Any) -> Assessment:
    return await assessed(request, given_policy=given_policy, featured=_Vectors())


REFUSALS = [
    ("pii", True, False),
    ("pii", False, False),
    ("pii_weak", True, False),
    ("pii_weak", False, True),
    ("phi", True, True),
]
STRONG = {"pii": {"level": "confidential", "region": "eu", "retain": False}}


@pytest.mark.parametrize(
    ("tags", "label"),
    [
        (STRONG, Label(level=Level.INTERNAL, regions=frozenset({"eu"}), retain=False)),
        ({"pii": {"region": "eu"}}, Label(level=Level.INTERNAL, regions=frozenset({"eu"}))),
        ({**STRONG, "pii_weak": "internal"}, Label(level=Level.INTERNAL)),
        ({**STRONG, "pii_weak": {"region": "us"}}, Label(level=Level.INTERNAL, regions=frozenset({"us"}))),
    ],
)
async def test_a_suspicion_lowers_the_level_alone(tags: dict[str, Any], label: Label) -> None:
    """It goes nowhere that certainty would not go, unless the policy says what a suspicion may."""
    given = policy({"llama": mock()}, default_level="public", tags=tags)

    read = await assessed(given_policy=given, detectors={"one": Fixed([finding("pii", weak=True)])})

    assert read.label == label | Label(kinds=frozenset({"pii_weak"}))


@pytest.mark.parametrize(("refuses", "weak", "admitted"), REFUSALS)
async def test_who_refuses_a_kind_refuses_what_may_be_one(refuses: str, *, weak: bool, admitted: bool) -> None:
    """And who refuses the suspicion alone is closed to nothing else."""
    backends = {"llama": mock(), "elsewhere": mock(clearance="confidential", local=False, refuses=[refuses])}
    given = policy(backends)

    read = await assessed(given_policy=given, detectors={"one": Fixed([finding("pii", weak=weak)])})

    assert isinstance(admit(read.label, destination("elsewhere", given.backends["elsewhere"])), Clearance) is admitted
