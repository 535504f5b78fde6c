"""What came before moves a decision, through the whole router: conversations that escalated, shares used up."""

from pathlib import Path
from typing import Any

import pytest
from support.policies import mock, policy

from gateway import Router
from gateway.errors import CascadeExhaustedError
from gateway.policy.models import Policy
from gateway.types import Level, Reply

HARD = (
    "Prove step by step that the sorting algorithm below is stable, derive its complexity, and refactor it. "
    "It must not allocate. ```def sort(items): return sorted(items)``` Explain the trade-off of each design."
)
CHAT = "Suggest a birthday present for grandmother"
# Enough for the rejected answer of the small model: the judge accepts a label, and whatever the large one says.
JUDGED = {"accept": {"judge": "format", "one_of": ["billing", "refund"]}}
PRICE = {"input": 1.25, "cached_input": 0.125, "output": 10}


def two(*answers: object, frontier: object = "a strong answer", rule: dict[str, Any] = JUDGED, **keys: Any) -> Policy:
    """Return a policy of a local model that is judged and a strong one with a price."""
    backends = {
        "llama": mock(*answers or ("whatever",)),
        "frontier": mock(frontier, clearance="internal", local=False, price=PRICE),
    }
    return policy(backends, {"name": "default", "use": ["llama", "frontier"], **rule}, **keys)


def goes_on(first: str, *texts: str) -> list[dict[str, str]]:
    """Return a conversation that began with `first` and goes on with an answer, a message, and so on."""
    return [{"role": "user" if n % 2 == 0 else "assistant", "content": text} for n, text in enumerate((first, *texts))]


def asked(reply: Reply) -> list[str]:
    """Return who was asked, in order."""
    return [attempt.backend for attempt in reply.attempts]


async def test_a_conversation_that_escalated_stays_with_who_answered() -> None:
    """The second turn asks the strong model at once, and says why."""
    async with Router.from_policy(two()) as router:
        first = await router.route(HARD)
        second = await router.route(goes_on(HARD, first.text, "commit it"))
        third = await router.route(goes_on(HARD, first.text, "commit it", second.text, "thanks"))

    assert asked(first) == ["llama", "frontier"]
    assert asked(second) == asked(third) == ["frontier"]
    assert second.plan.reasons["frontier"].text.endswith("; stays with frontier: this conversation escalated before")


async def test_a_conversation_that_began_with_the_strong_model_stays_with_it() -> None:
    """Nobody had to be found wanting: the rule took it for hard."""
    hard = {"name": "hard", "when": {"task": "proof"}, "use": ["frontier", "llama"]}
    rules = two()
    rules = rules.model_copy(
        update={"rules": (policy({"frontier": mock(), "llama": mock()}, hard).rules[0], *rules.rules)}
    )

    async with Router.from_policy(rules) as router:
        await router.route(HARD, task="proof")
        second = await router.route(goes_on(HARD, "Here.", "and now?"))

    assert asked(second) == ["frontier"]


async def test_a_streamed_conversation_is_remembered_too() -> None:
    """In pieces or whole is no difference."""
    async with Router.from_policy(two()) as router:
        text = "".join([delta.text async for delta in router.stream(HARD)])
        stream = router.stream(goes_on(HARD, text, "commit it"))
        assert [delta async for delta in stream]

    assert stream.reply is not None
    assert asked(stream.reply) == ["frontier"]


async def test_other_conversations_are_not_moved() -> None:
    """One that never escalated begins with the local model, at every turn."""
    async with Router.from_policy(two("whatever", "billing", "billing")) as router:
        await router.route(HARD)
        other = await router.route("Which label?")
        later = await router.route(goes_on("Which label?", other.text, "Are you sure?"))

    assert asked(other) == asked(later) == ["llama"]


async def test_a_conversation_may_escalate_at_any_turn() -> None:
    """What was answered locally is found hard later, and stays so from there on."""
    async with Router.from_policy(two("billing", "whatever")) as router:
        await router.route("Which label?")
        second = await router.route(goes_on("Which label?", "billing", HARD))
        third = await router.route(goes_on("Which label?", "billing", HARD, second.text, "commit it"))

    assert asked(second) == ["llama", "frontier"]
    assert asked(third) == ["frontier"]


async def test_a_callers_name_keeps_a_conversation_together() -> None:
    """Also where each turn is sent alone."""
    async with Router.from_policy(two()) as router:
        await router.route(HARD, conversation="c1")
        named = await router.route("commit it", conversation="c1")
        unnamed = await router.route("commit it")

    assert asked(named) == ["frontier"]
    assert asked(unnamed) == ["llama", "frontier"]


async def test_an_easy_new_topic_goes_back_where_that_pays() -> None:
    """The local model is asked first again, and the reason has both amounts."""
    async with Router.from_policy(two("whatever", "billing", "billing")) as router:
        await router.route("Sort these ledgers by entries", conversation="c1")
        back = await router.route(CHAT, conversation="c1")
        after = await router.route("and now?", conversation="c1")

    assert back.assessment.difficulty is not None
    assert back.assessment.difficulty < 0.25
    assert asked(back) == asked(after) == ["llama"]
    assert "its topic changed, and going back pays: escalating again at 0." in back.plan.reasons["frontier"].text


async def test_a_new_topic_stays_where_the_price_is_unknown() -> None:
    """A switch that nobody can price is not made."""
    rules = two()
    backends = {**rules.backends, "frontier": rules.backends["frontier"].model_copy(update={"price": None})}

    async with Router.from_policy(rules.model_copy(update={"backends": backends})) as router:
        await router.route("Sort these ledgers by entries", conversation="c1")
        stays = await router.route(CHAT, conversation="c1")

    assert asked(stays) == ["frontier"]


async def test_a_private_turn_stays_in_the_house_and_the_next_one_goes_on() -> None:
    """What the conversation did before opens nothing; what it is not private for, it stays with."""
    async with Router.from_policy(two()) as router:
        await router.route(HARD)
        private = await router.route(goes_on(HARD, "Here.", "the patient's name"), tags={"phi"})
        after = await router.route(goes_on(HARD, "Here.", "commit it"))

    assert asked(private) == ["llama"]
    assert asked(after) == ["frontier"]


async def test_a_local_answer_in_place_of_a_failed_one_keeps_nobody_there() -> None:
    """The strong model was down for a turn; the conversation is not for the small one because of it."""
    strong = [{"text": "a strong answer"}, {"error": "unavailable"}, {"text": "a strong answer"}]
    rules = two().model_dump(mode="json", exclude={"fingerprint"})
    rules["backends"]["frontier"]["answers"] = strong

    async with Router.from_policy(Policy.model_validate(rules)) as router:
        await router.route(HARD, conversation="c1")
        fallen = await router.route("commit it", conversation="c1")
        after = await router.route("commit it", conversation="c1")

    assert (asked(fallen), fallen.backend) == (["frontier", "llama"], "llama")
    assert asked(after) == ["frontier"]


async def test_a_strong_model_that_was_down_from_the_start_is_no_escalation_to_the_small_one() -> None:
    """A first turn that fell back leaves nothing behind."""
    hard = {"use": ["frontier", "llama"]}

    async with Router.from_policy(two(frontier={"error": "unavailable"}, rule=hard)) as router:
        await router.route(HARD, conversation="c1")
        plan = (await router.explain("commit it", conversation="c1")).plan

    assert "stays" not in plan.reasons["llama"].text


async def test_a_pinned_turn_leaves_no_trace() -> None:
    """Whom a caller chose once says nothing about the conversation."""
    async with Router.from_policy(two("billing")) as router:
        await router.route("Which label?", conversation="c1", pin="frontier")
        after = await router.route("and now?", conversation="c1")

    assert asked(after) == ["llama"]


async def test_a_policy_may_switch_the_memory_off() -> None:
    """Every turn is then decided alone."""
    async with Router.from_policy(two(conversations={"sticky": False})) as router:
        await router.route(HARD, conversation="c1")
        after = await router.route("commit it", conversation="c1")

    assert asked(after) == ["llama", "frontier"]


async def test_explaining_reads_the_memory_and_writes_nothing() -> None:
    """However often somebody looks, the conversation is where it was."""
    async with Router.from_policy(two()) as router:
        before = await router.explain("commit it", conversation="c1")
        await router.route(HARD, conversation="c1")
        explained = [await router.explain(CHAT, conversation="c1") for _ in range(3)]
        after = await router.route("commit it", conversation="c1")

    assert before.plan.first == "llama"
    assert explained[0].plan == explained[2].plan
    assert asked(after) == ["frontier"]


async def test_what_failed_altogether_is_not_remembered() -> None:
    """Nobody answered, so nobody is stayed with."""
    async with Router.from_policy(
        two(frontier={"error": "unavailable"}, rule={**JUDGED, "unaccepted": "refuse"})
    ) as router:
        with pytest.raises(CascadeExhaustedError):
            await router.route(HARD, conversation="c1")
        plan = (await router.explain("commit it", conversation="c1")).plan

    assert plan.first == "llama"


SHARE = {"escalation": {"per_tenant": 0.5, "window": 4, "least": 2}}


async def test_a_tenant_that_used_up_its_share_is_answered_locally() -> None:
    """Prompts that escalate every time reach the strong model for the share, and no further; others are not held."""
    async with Router.from_policy(two(**SHARE)) as router:
        replies = [await router.route(f"{HARD} {number}", tenant="loud") for number in range(12)]
        other = await router.route(HARD, tenant="quiet")
        streamed = router.stream(f"{HARD} 13", tenant="loud")
        assert [delta async for delta in streamed]

    backends = [reply.backend for reply in replies]
    assert backends[:4] == ["frontier", "frontier", "llama", "llama"]
    assert all(backends[n : n + 4].count("frontier") <= 2 for n in range(len(backends) - 3))
    assert replies[2].plan.reasons["frontier"].code == "quota"
    assert other.backend == "frontier"


async def test_a_conversation_goes_on_with_the_strong_model_once_its_tenant_may_again() -> None:
    """A full share is no verdict on the conversation."""
    async with Router.from_policy(two(**SHARE)) as router:
        replies = [await router.route("commit it", conversation="c1") for _ in range(5)]

    assert [asked(reply) for reply in replies] == [
        ["llama", "frontier"],
        ["frontier"],
        ["llama"],
        ["llama"],
        ["frontier"],
    ]


FILE = """\
version: 1
backends:
  llama: {{kind: mock, model: small, clearance: restricted, local: true, answers: [whatever]}}
  frontier: {{kind: mock, model: big, clearance: internal, local: false, answers: [a strong answer]}}
ledger: memory
escalation: {{per_tenant: 0.5, window: 4, least: 2}}
rules:
  - {{name: {rule}, use: [{use}], accept: {{judge: format, one_of: [refund]}}}}
"""


async def test_what_is_remembered_survives_a_new_policy(tmp_path: Path) -> None:
    """A changed file makes new parts; conversations and shares are the router's."""
    file = tmp_path / "policy.yaml"
    file.write_text(FILE.format(rule="old", use="llama, frontier"))

    async with Router.from_policy(file) as router:
        await router.route(HARD, conversation="c1")
        await router.route(HARD)
        file.write_text(FILE.format(rule="new", use="llama, frontier"))
        await router.refresh()
        full = await router.explain("commit it", conversation="c1")
        other = await router.explain("commit it", conversation="c1", tenant="other")

    assert (full.plan.rule, full.plan.reasons["frontier"].code) == ("new", "quota")
    assert other.plan.first == "llama"


async def test_a_backend_that_a_new_policy_has_not_is_nobody_to_stay_with(tmp_path: Path) -> None:
    """The conversation begins again with the rule."""
    file = tmp_path / "policy.yaml"
    file.write_text(FILE.format(rule="old", use="llama, frontier"))

    async with Router.from_policy(file) as router:
        await router.route(HARD, conversation="c1")
        file.write_text(FILE.format(rule="new", use="llama, giant").replace("frontier:", "giant:"))
        await router.refresh()
        explained = await router.explain("commit it", conversation="c1")

    assert explained.plan.backends == ("llama", "giant")


async def test_a_fault_in_the_memory_costs_no_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is remembered of a request is less than its place on the books."""

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError

    async with Router.from_policy(policy({"llama": mock("fine")})) as router:
        monkeypatch.setattr(router._memory, "learn", fail)

        with pytest.raises(RuntimeError):
            await router.route("hello")

        assert [entry.status for entry in await router.ledger.entries()] == ["answered"]


async def test_a_named_conversation_stays_as_private_as_it_was() -> None:
    """A caller tags the turn that brought the patient's data; the turns after it stay at home without the tag."""
    given_policy = policy({"llama": mock(), "frontier": mock(clearance="internal", local=False)})

    async with Router.from_policy(given_policy) as router:
        first = await router.route("Patient A.", tags={"phi"}, conversation="c1", tenant="clinic")
        later = await router.route("And now?", conversation="c1", tenant="clinic")
        shown = await router.explain("And now?", conversation="c1", tenant="clinic")
        other = await router.route("And now?", conversation="c1", tenant="other")

    assert [reply.assessment.level for reply in (first, later, other)] == [
        Level.RESTRICTED,
        Level.RESTRICTED,
        Level.INTERNAL,
    ]
    assert shown.assessment.level_reasons[-1] == "earlier turns of this conversation are restricted"
    assert later.assessment.tags == frozenset()


async def test_explaining_a_turn_does_not_make_its_conversation_private() -> None:
    """Nothing was asked of anybody."""
    async with Router.from_policy(policy({"llama": mock()})) as router:
        await router.explain("Patient A.", tags={"phi"}, conversation="c1")
        later = await router.route("And now?", conversation="c1")

    assert later.assessment.level == Level.INTERNAL


async def test_a_streamed_turn_makes_its_conversation_private_too() -> None:
    """However the answer was given."""
    async with Router.from_policy(policy({"llama": mock()})) as router:
        async for _ in router.stream("Patient A.", tags={"phi"}, conversation="c1"):
            pass
        later = await router.route("And now?", conversation="c1")

    assert later.assessment.level == Level.RESTRICTED


async def test_an_answer_put_into_the_next_request_carries_its_label() -> None:
    """`reply.message` brings the tags that keep the next request as private, and no tag of its own text."""
    async with Router.from_policy(policy({"llama": mock()})) as router:
        reply = await router.route("Patient A.", tags={"phi"})
        later = await router.route([{"role": "user", "content": "Say that again."}, reply.message])

    assert set(reply.label.tags) == {"phi", "restricted"}
    assert later.label.covers(reply.label)
    assert "tags" not in reply.openai()["choices"][0]["message"]
