"""Turns of a conversation that come together: one is as private as those that are still read."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from support.policies import mock, policy

from gateway import Router
from gateway.errors import InvalidRequestError
from gateway.policy.models import Policy
from gateway.types import Level

BACKENDS: Mapping[str, Any] = {"cloud": mock("far", clearance="internal", local=False), "llama": mock("near")}
LONG = "nothing private, but a lot of it. " * 2_000


def ruled(**keys: Any) -> Policy:
    """Return a policy whose first choice is elsewhere."""
    return policy(BACKENDS, {"name": "r", "use": ["cloud", "llama"]}, **keys)


async def streamed(router: Router, text: str, **fields: Any) -> str | None:
    """Return who answered a streamed request."""
    stream = router.stream(text, **fields)
    async for _ in stream:
        pass
    return stream.reply.backend if stream.reply else None


async def test_a_turn_is_as_private_as_one_that_is_still_read() -> None:
    """What is tagged counts from its first moment, however long its text is read."""
    async with Router.from_policy(ruled()) as router:
        first, second = await asyncio.gather(
            router.route(LONG, tags=["phi"], conversation="c1"), router.route("and now?", conversation="c1")
        )

    assert (first.backend, second.backend) == ("llama", "llama")


async def test_a_streamed_turn_counts_from_its_first_moment_too() -> None:
    """Whoever reads it."""
    async with Router.from_policy(ruled()) as router:
        backends = await asyncio.gather(
            streamed(router, LONG, tags=["phi"], conversation="c1"), streamed(router, "now?", conversation="c1")
        )

    assert set(backends) == {"llama"}


async def test_a_turn_that_is_read_for_long_heeds_those_that_came_meanwhile() -> None:
    """It is not decided by what was known when it began."""
    async with Router.from_policy(ruled()) as router:
        slow, tagged = await asyncio.gather(
            router.route(LONG, conversation="c1"), router.route("short", tags=["phi"], conversation="c1")
        )

    assert (slow.backend, tagged.backend) == ("llama", "llama")


async def test_a_redacted_turn_heeds_a_tag_that_came_meanwhile() -> None:
    """A tag says that there is more than was found: no placeholder takes it out of the conversation."""
    rules = ruled(tags={"pii": {"level": "confidential", "redact_to": "internal"}})
    text = f"{LONG} Write to jane.doe@example.com."
    async with Router.from_policy(rules) as router:
        alone = await router.route(text, conversation="c1")
        slow, tagged = await asyncio.gather(
            router.route(text, conversation="c2"), router.route("short", tags=["pii"], conversation="c2")
        )

    assert (alone.backend, slow.backend, tagged.backend) == ("cloud", "llama", "llama")


async def test_a_turn_that_is_refused_for_its_length_is_remembered() -> None:
    """Its text went nowhere, but it was given."""
    async with Router.from_policy(ruled(limits={"prompt_characters": 100})) as router:
        with pytest.raises(InvalidRequestError, match="prompt_characters"):
            await router.route(LONG, tags=["phi"], conversation="c1")
        reply = await router.route("and now?", conversation="c1")

    assert reply.backend == "llama"


async def test_a_first_turn_has_no_earlier_ones() -> None:
    """What it says itself is no reason twice, and no kind that was found."""
    async with Router.from_policy(ruled()) as router:
        reply = await router.route("hello", tags=["pii"], conversation="c1")

    assert [source.by for source in reply.assessment.sources] == ["tag"]
    assert reply.assessment.kinds == frozenset()


async def test_an_explanation_leaves_nothing_behind() -> None:
    """It is a question about a turn, and no turn."""
    async with Router.from_policy(ruled()) as router:
        explained = await router.explain("hello", tags=["phi"], conversation="c1")
        reply = await router.route("hello", conversation="c1")

    assert (explained.assessment.level, reply.backend) == (Level.RESTRICTED, "cloud")
