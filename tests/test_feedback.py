"""Who may judge an answer afterwards."""

from typing import Any

import pytest
from support.policies import mock, policy

from gateway import Router, plugins
from gateway.errors import FeedbackRefusedError, GatewayError, InvalidRequestError
from gateway.ledgers.memory import MemoryLedger
from gateway.policy.load import parse_policy
from gateway.policy.models import Policy

KEY = "a key that nobody may see"
TEXT = """\
version: 1
backends: {llama: {kind: mock, model: small, clearance: restricted, local: true}}
rules: [{name: default, use: llama}]
feedback: {key: "${FEEDBACK_KEY}", sources: [agent, caller]}
"""


def guarded(**feedback: Any) -> Policy:
    """Return a policy of one backend with rules for feedback."""
    return policy({"llama": mock()}, feedback=feedback)


async def refusal(given: Policy, error: type[GatewayError], entry_id: str | None = None, **said: Any) -> str:
    """Return why feedback about an answered request was refused; nothing is kept of it."""
    ledger = MemoryLedger(10)
    async with Router.from_policy(given, ledger=ledger) as router:
        reply = await router.route("hello", tenant="acme")
        with pytest.raises(error) as raised:
            await router.feedback(entry_id or reply.entry_id, **{"score": 1.0, "tenant": "acme", **said})
        assert not await ledger.judgements()
    return str(raised.value)


async def test_feedback_is_kept_with_its_entry() -> None:
    """A judgement belongs to an entry, its source and its tenant."""
    ledger = MemoryLedger(10)
    async with Router.from_policy(guarded(), ledger=ledger) as router:
        reply = await router.route("hello", tenant="acme")

        await router.feedback(reply.entry_id, 1, source="agent", tenant="acme")

    (said,) = await ledger.judgements()
    assert (said.entry_id, said.score, said.source, said.tenant) == (reply.entry_id, 1.0, "agent", "acme")


@pytest.mark.parametrize("score", [-0.1, 2, float("nan")])
async def test_a_score_is_a_share(score: float) -> None:
    """0 is bad, 1 is good, and nothing else is said."""
    assert "between 0 (bad) and 1 (good)" in await refusal(guarded(), InvalidRequestError, score=score)


@pytest.mark.parametrize(("tenant", "whose"), [("other", "for tenant 'other'"), (None, "without a tenant")])
async def test_a_tenant_learns_nothing_of_anothers_entries(tenant: str | None, whose: str) -> None:
    """An entry of somebody else is refused in the words for one that there is not."""
    there = await refusal(guarded(), InvalidRequestError, tenant=tenant)
    not_there = await refusal(guarded(), InvalidRequestError, "no-such", tenant=tenant)

    assert f"{whose} in memory" in there
    assert "no entry 'no-such'" in not_there
    assert there.split(whose)[1] == not_there.split(whose)[1]


@pytest.mark.parametrize("key", [None, "", "not-it", KEY + " ", "schlüssel", "\ud800"])
async def test_feedback_without_the_key_is_refused(key: str | None) -> None:
    """What steers requests is not taken from strangers, and no message shows a key."""
    told = await refusal(guarded(key=KEY), FeedbackRefusedError, key=key)

    assert "feedback.key" in told
    assert KEY not in told
    assert not key or key not in told


async def test_the_key_is_asked_for_first() -> None:
    """A stranger does not learn which entries and sources there are."""
    told = await refusal(guarded(key=KEY, sources=["agent"]), FeedbackRefusedError, "no-such", source="agnet", score=9)

    assert "needs the key" in told


async def test_feedback_with_the_key_is_kept() -> None:
    """The key opens, and is shown nowhere."""
    ledger = MemoryLedger(10)
    given = guarded(key=KEY)
    async with Router.from_policy(given, ledger=ledger) as router:
        reply = await router.route("hello")

        await router.feedback(reply.entry_id, 0.5, key=KEY)

    assert len(await ledger.judgements()) == 1
    assert KEY not in repr(given)


async def test_a_tenant_gives_so_many_judgements_a_day() -> None:
    """One who floods does not drown the others."""
    async with Router.from_policy(guarded(per_tenant_a_day=2)) as router:
        reply = await router.route("hello", tenant="acme")
        for source in ("one", "two"):
            await router.feedback(reply.entry_id, 1, source=source, tenant="acme")

        with pytest.raises(FeedbackRefusedError, match="given 2 judgements within 24 hours"):
            await router.feedback(reply.entry_id, 1, source="three", tenant="acme")


async def test_a_source_that_the_policy_does_not_name_is_refused_with_the_nearest() -> None:
    """A misspelt source would be another voice."""
    told = await refusal(guarded(sources=["agent", "caller"]), InvalidRequestError, source="agnet")

    assert told == "there is no source 'agnet' in feedback.sources of the policy; did you mean 'agent'?"


async def test_a_source_is_not_called_as_the_routers_own_comparisons() -> None:
    """Nobody's opinion passes for a comparison with a strong backend."""
    assert "is the router's own" in await refusal(guarded(), InvalidRequestError, source="holdout")


@pytest.mark.parametrize("source", ["", "x" * 201])
async def test_a_source_has_a_name_of_bounded_length(source: str) -> None:
    """A name of a megabyte is no name."""
    assert "give it 1 to 200" in await refusal(guarded(), InvalidRequestError, source=source)


def test_the_key_comes_from_the_environment() -> None:
    """A policy file holds no secret, and its value shows none."""
    given = parse_policy(TEXT, environ={"FEEDBACK_KEY": KEY}, options_of=plugins.options, kinds_of=plugins.kinds)

    assert given.feedback.key is not None
    assert given.feedback.key.get_secret_value() == KEY
    assert KEY not in repr(given)
    assert KEY not in given.model_dump_json()
