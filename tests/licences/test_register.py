"""The register: every duty of what is in use, with its state and its evidence."""

from datetime import timedelta
from typing import Any

import pytest
from support.licensing import NOON, TODAY, deployment, entity, records, said, users

from gateway.licences.page import Page
from gateway.licences.register import Duty, Facts, Use, duties, texts_to_display
from gateway.licences.registry import packaged
from gateway.licences.resolve import resolve

ABOUT = Page(place="about.html", sha256="ab" * 32, text="We are Built with Llama and proud.")


def register(
    *models: str, who: Any = None, keeps_nothing: frozenset[str] = frozenset(), **facts: Any
) -> dict[str, Duty]:
    who = who or entity()
    given = Facts(
        entity=who,
        day=TODAY,
        seen_at=NOON,
        owner="legal",
        keeps_nothing=keeps_nothing,
        **{"records": records(), **facts},
    )
    uses = [Use(deployment=deployment(model, who, records=given.records)) for model in models]
    return {duty.id: duty for duty in duties(uses, given)}


def states(*models: str, **facts: Any) -> dict[str, str]:
    return {name: duty.state for name, duty in register(*models, **facts).items()}


def test_a_llama_in_a_product_has_its_duties() -> None:
    """What nobody said or saw is not met."""
    assert states("llama-3.1-8b") == {
        "llama-3.1/copies": "not due",
        "llama-3.1/disclosure": "unmet",
        "llama-3.1/display": "unmet",
        "llama-3.1/outputs": "met",
        "llama-3.1/use policy": "unmet",
        "llama-3.1/users": "unmet",
    }


def test_what_is_not_met_is_due_today_and_has_an_owner() -> None:
    """So that somebody sees to it."""
    duty = register("llama-3.1-8b")["llama-3.1/users"]

    assert (duty.due, duty.owner, duty.models, duty.rule) == (TODAY, "legal", ("llama-3.1-8b",), "R-07")
    assert "gateway licences attest mau" in duty.evidence


def test_duties_are_met_by_what_was_said_and_seen() -> None:
    """Each with its evidence, and until when it holds."""
    until = TODAY + timedelta(days=9)
    given = records(
        users(until=until), said("use-policy", subject="llama-3.1", until=until), said("disclosure", until=until)
    )

    found = register("llama-3.1-8b", records=given, page=ABOUT)

    assert {duty.state for duty in found.values()} == {"met", "not due"}
    assert found["llama-3.1/users"].due == until
    assert found["llama-3.1/users"].evidence == (
        "120000 on 2024-07-23 said by compliance officer on 2026-11-28, until 2026-12-07"
    )
    assert found["llama-3.1/display"].evidence == "about.html has it at 2026-11-28 12:00, SHA-256 abababababab"


def test_what_ended_is_not_met_any_more() -> None:
    """Its evidence says when it ended."""
    ended = TODAY - timedelta(days=1)
    found = register("llama-3.1-8b", records=records(users(until=ended), said("use-policy", until=ended)))

    assert (found["llama-3.1/users"].state, found["llama-3.1/use policy"].state) == ("unmet", "unmet")
    assert found["llama-3.1/use policy"].due == ended


def test_a_page_without_the_text_or_that_cannot_be_read_is_not_met() -> None:
    """Another Llama's text is another text."""
    other = register("llama-3-8b", page=ABOUT)["llama-3/display"]
    unread = register("llama-3-8b", unread="the page cannot be read")["llama-3/display"]

    assert (other.state, other.rule) == ("unmet", "R-11")
    assert "about.html does not have it, to the letter" in other.evidence
    assert (unread.state, unread.evidence) == ("unmet", "the page cannot be read")


def test_inside_the_house_nothing_is_displayed() -> None:
    """The use policy and the users bind all the same."""
    found = states("llama-3.1-8b", who=entity(exposure="internal"))

    assert (found["llama-3.1/display"], found["llama-3.1/disclosure"]) == ("not due", "not due")
    assert (found["llama-3.1/use policy"], found["llama-3.1/exposure"]) == ("unmet", "unmet")


@pytest.mark.parametrize(
    ("value", "state", "evidence"),
    [
        (None, "unmet", "gateway licences attest seat --value CH"),
        ("CH", "met", "CH said by compliance officer"),
        ("DE", "unmet", "the policy says CH, and DE said by"),
    ],
)
def test_somebody_stands_by_the_seat(value: str | None, state: str, evidence: str) -> None:
    """Where a licence asks for it; another word than the policy's is a contradiction."""
    given = records(*([] if value is None else [said("seat", value=value)]))

    duty = register("llama-4-scout", who=entity(seat="CH"), records=given)["llama-4/seat"]

    assert duty.state == state
    assert evidence in duty.evidence
    assert "llama-3.2/seat" not in register("llama-3.2-3b", who=entity(seat="CH"))


def test_what_counsel_read_stands_in_the_register() -> None:
    """With its note, as long as it holds."""
    read, old = (
        said("counsel", subject="llama-3.1", note="hosting is use", until=until)
        for until in (None, TODAY - timedelta(days=1))
    )

    duty = register("llama-3.1-8b", records=records(read))["llama-3.1/counsel"]

    assert (duty.state, duty.text) == ("met", "have counsel read it: hosting is use")
    assert register("llama-3.1-8b", records=records(old))["llama-3.1/counsel"].state == "unmet"
    assert "llama-3.1/counsel" not in register("llama-3.1-8b", records=records(said("counsel")))


def test_copies_carry_their_papers() -> None:
    """Who hands weights on has somebody say so."""
    who = entity(exposure="weights_distributed")

    assert states("phi-4", who=who) == {"mit/copies": "unmet"}
    assert states("phi-4", who=who, records=records(said("copies", subject="mit"))) == {"mit/copies": "met"}


def test_a_rule_that_only_warns_waives_with_its_reason() -> None:
    """It stands in the report."""
    excuses = {"R-05": "next week", "R-12": "counsel agreed", "R-03": "a trial"}
    found = register("llama-3-8b", "command-r", excuses=excuses)

    assert found["llama-3/display"].state == "waived"
    assert found["llama-3/display"].evidence == "the policy only warns: next week"
    assert found["llama-3/outputs"].state == "waived"
    assert (found["cc-by-nc-4.0/commercial use"].state, found["cc-by-nc-4.0/commercial use"].due) == ("waived", None)


def test_what_the_rules_find_stands_in_the_register() -> None:
    """Unknown terms, forbidden uses and limits by seat."""
    found = states("acme-1", "llama-4-scout", "command-r", who=entity(sectors=frozenset({"military"})))

    assert found["unknown/terms"] == "unmet"
    assert found["llama-4/seat"] == "unmet"
    assert found["llama-4/sector"] == "unmet"
    assert found["cc-by-nc-4.0/commercial use"] == "unmet"


def test_a_continuous_clause_is_due_every_month() -> None:
    """Thirty-one days after the day that was counted."""
    given = records(said("mau", value="5", subject="qwen-2024", as_of=TODAY))

    assert register("qwen2.5-72b", records=given)["qwen-2024/users"].due == TODAY + timedelta(days=31)
    without_day = records(said("mau", value="5", subject="qwen-2024"))
    assert register("qwen2.5-72b", records=without_day)["qwen-2024/users"].due == TODAY + timedelta(days=31)


def test_users_above_the_limit_are_not_met_without_a_licence() -> None:
    """The licensor grants it, and somebody says so."""
    duty = register("llama-3.1-8b", records=records(users(700_000_001)))["llama-3.1/users"]

    assert duty.state == "unmet"
    assert duty.evidence.startswith("the limit is exceeded; 700000001")


def test_restrictions_go_into_the_terms_of_users() -> None:
    """Gemma and DeepSeek ask for it, also where nothing but answers is sold."""
    found = states("gemma-3-1b", "deepseek-v3")

    assert (found["gemma/flow-down"], found["deepseek-1.0/flow-down"]) == ("unmet", "unmet")
    assert "gemma/flow-down" not in states("gemma-3-1b", who=entity(exposure="internal"))


def test_a_provider_that_is_said_to_keep_nothing_has_said_so() -> None:
    """Only where the policy builds on it."""
    found = resolve("openai/gpt-6", packaged(), provider="openai")
    use = Use(deployment=deployment(found, hosted_by="openai", backend="closed"))
    facts = Facts(entity=entity(), day=TODAY)
    strict = Facts(entity=entity(), day=TODAY, keeps_nothing=frozenset({"closed"}))

    assert "openai-services/zero retention" not in {duty.id for duty in duties([use], facts)}
    assert "openai-services/zero retention" in {duty.id for duty in duties([use], strict)}


def test_the_texts_to_look_for_are_those_in_use() -> None:
    """Each once."""
    uses = [Use(deployment=deployment(model)) for model in ("llama-3.1-8b", "llama-4-scout", "llama-3-8b", "phi-4")]

    assert texts_to_display(uses, Facts(entity=entity(), day=TODAY)) == ("Built with Llama", "Built with Meta Llama 3")


@pytest.mark.parametrize("number", [0, 1])
def test_a_licence_with_two_models_has_each_duty_once(number: int) -> None:
    """Its row names both."""
    duty = register("llama-3.1-8b", "hermes-3-8b")["llama-3.1/users"]

    assert duty.models[number] == ("llama-3.1-8b", "hermes-3-8b")[number]


def test_a_licence_of_ones_own_is_the_evidence_of_a_use_that_is_not_for_research() -> None:
    """Until then the rule stands there, unmet."""
    granted = records(said("separate-licence", subject="cc-by-nc-4.0"))

    assert register("command-r-plus")["cc-by-nc-4.0/commercial use"].state == "unmet"
    assert register("command-r-plus", records=granted)["cc-by-nc-4.0/commercial use"].state == "met"


def test_a_model_made_from_a_qwen_says_so_where_its_weights_are_handed_on() -> None:
    """In one of two ways; a Falcon's says its own name. Who hands nothing on owes nothing yet."""
    qwen = Use(deployment=deployment(resolve("acme-bot", packaged(), declared="own", bases=["Qwen/Qwen2.5-72B"])))
    falcon = Use(deployment=deployment(resolve("acme-bot", packaged(), declared="own", bases=["tiiuae/falcon-11B"])))
    page = Page(
        place="a",
        sha256="0" * 64,
        text="Improved using Qwen. acme-bot is built using Falcon LLM technology from the Technology Innovation "
        "Institute",
    )

    def state(use: Use, exposure: Any, **facts: Any) -> list[str]:
        given = Facts(entity=entity(exposure=exposure), day=TODAY, **facts)
        return [duty.state for duty in duties([use], given) if duty.duty == "derived display"]

    for use in (qwen, falcon):
        assert state(use, "weights_distributed", page=page) == ["met"]
        assert state(use, "weights_distributed", page=ABOUT) == ["unmet"]
        assert state(use, "weights_distributed") == ["unmet"]
        assert state(use, "public") == ["not due"]
    assert "qwen-2024/derived display" not in states("qwen2.5-72b")


def test_what_a_rule_only_warns_of_is_not_called_waived() -> None:
    """Nobody waived it: there is no reason to show."""
    found = resolve("NousResearch/Hermes-3-Llama-3.1-8B", packaged(), declared="llama3")
    given = Facts(entity=entity(), day=TODAY)

    shown = {duty.duty: duty.state for duty in duties([Use(deployment=deployment(found))], given)}

    assert (shown["declared"], shown["name prefix"]) == ("warning", "warning")
