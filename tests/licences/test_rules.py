"""The rules: each one's case, a decision for everything, and no duty that ever turns a no into a yes."""

from datetime import date, timedelta
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.licensed_cases import HOSTS, LICENCES, MODALITIES, MORE, SEATS, cases, with_licences
from support.licensing import TODAY, carrying, deployment, entity, records, said, users

from gateway.licences.deployment import EXPOSURES, Deployment
from gateway.licences.identify import Identified
from gateway.licences.models import Licence
from gateway.licences.records import Records
from gateway.licences.registry import get, packaged
from gateway.licences.resolve import resolve
from gateway.licences.rules import RULES, Decision, judge


def broken(decision: Decision) -> dict[str, str]:
    return {finding.rule: finding.effect for finding in decision.findings}


MET: dict[str, Any] = {"displayed": True, "records": records(users())}


def test_a_llama_with_all_duties_met_is_allowed() -> None:
    """A page to display on, and the users attested."""
    decision = judge(deployment(**MET))

    assert (decision.allowed, decision.findings, decision.reason) == (True, (), "no rule is broken")


def test_an_unknown_licence_is_an_error_of_who_hosts_the_model() -> None:
    """At a provider it is a warning: the provider has the model."""
    assert broken(judge(deployment("acme-1"))) == {"R-01": "error"}
    assert broken(judge(deployment("acme-1", hosted_by="unknown"))) == {"R-01": "warning"}


@pytest.mark.parametrize("model", ["devstral-2-123b", "falcon-180b", "Hermes-4.3-36B"])
def test_who_cannot_name_a_licence_that_is_known_here_is_told_another_way(model: str) -> None:
    """No word in `licence` would settle it."""
    found = resolve(model, packaged(), declared="apache-2.0")

    assert "licences.warn: {R-01:" in judge(deployment(found)).reason
    assert "name it in `licence`" in judge(deployment("my-llama")).reason


def test_what_is_declared_wrong_is_a_warning() -> None:
    """What the chain concludes holds anyhow."""
    found = resolve("NousResearch/Hermes-3-Llama-3.1-8B", packaged(), declared="llama3")

    assert broken(judge(deployment(found, **MET, served_as="Llama-3.1-Hermes"))) == {"R-02": "warning"}


@pytest.mark.parametrize("model", ["codestral-22b", "command-r-plus", "mistral-large-2411", "qwen2.5-3b", "llama-65b"])
def test_what_is_for_research_is_no_product(model: str) -> None:
    """Also not inside the house."""
    assert broken(judge(deployment(model, entity(exposure="internal"))))["R-03"] == "error"
    assert judge(deployment(model, entity(exposure="research"))).allowed


@pytest.mark.parametrize(
    ("model", "seat", "denied"),
    [
        ("llama-3.2-11b-vision", "DE", True),
        ("llama-4-scout", "DE", True),
        ("llama-4-scout", None, True),
        ("llama-4-scout", "US", False),
        ("llama-4-scout", "GB", False),
        ("llama-4-scout", "CH", False),
        ("llama-4-scout", "NO", False),
        ("llama-3.2-3b", "DE", False),
        ("llama-3.3-70b", "DE", False),
        ("llama-3.1-8b", "DE", False),
    ],
)
def test_the_seat_decides_about_multimodal_models(model: str, seat: str | None, *, denied: bool) -> None:
    """The seat of who hosts, in the EU; not in the UK, Switzerland or Norway, and not for models of text alone."""
    assert ("R-04" in broken(judge(deployment(model, entity(seat=seat))))) is denied


def test_a_managed_host_takes_no_duty_away() -> None:
    """Whoever puts the model into a product still has them, and the finding says whose words they are."""
    decision = judge(deployment("llama-4-scout", hosted_by="bedrock"))

    assert {"R-04", "R-05"} <= broken(decision).keys()
    assert "beside the terms of bedrock" in decision.reason


@pytest.mark.parametrize(
    ("who", "asked"),
    [
        (entity(), True),
        (entity(exposure="public"), True),
        (entity(exposure="internal"), False),
        (entity(exposure="internal", affiliates=True), True),
        (entity(exposure="research"), False),
    ],
)
def test_a_display_duty_needs_a_place_where_others_are_served(who: Any, *, asked: bool) -> None:
    """An affiliate is somebody else."""
    assert ("R-05" in broken(judge(deployment(who=who)))) is asked


def test_llama_2_displays_nothing() -> None:
    """Its licence has no such duty."""
    assert "R-05" not in broken(judge(deployment("llama-2-7b")))


@pytest.mark.parametrize(
    ("name", "exposure", "effect"),
    [
        (None, "public", "error"),
        (None, "customers", "warning"),
        (None, "internal", None),
        ("Llama-3.1-Hermes", "public", None),
        ("acme-bot", "public", "error"),
    ],
)
def test_a_derived_model_is_named_after_its_base(name: str | None, exposure: Any, effect: str | None) -> None:
    """Under the name that users know it by, else under its own."""
    given_to = deployment("NousResearch/Hermes-3-Llama-3.1-8B", entity(exposure=exposure), **MET, served_as=name)

    assert broken(judge(given_to)).get("R-06") == effect


def test_a_model_under_its_own_name_needs_no_prefix() -> None:
    """Who changes nothing makes no model."""
    assert "R-06" not in broken(judge(deployment("acme/quick-llama-3.1", entity(exposure="public"))))


@pytest.mark.parametrize(
    ("model", "statements", "effect"),
    [
        ("llama-3.1-8b", (), "error"),
        ("llama-3.1-8b", (users(),), None),
        ("llama-3.3-70b", (users(),), "error"),
        ("llama-3.1-8b", (users(until=TODAY),), None),
        ("llama-3.1-8b", (users(until=TODAY - timedelta(days=1)),), "removal"),
        ("llama-3.1-8b", (users(700_000_000),), None),
        ("llama-3.1-8b", (users(700_000_001),), "error"),
        ("llama-3.1-8b", (users(700_000_001), said("separate-licence", subject="llama-3.1")), None),
        ("llama-3.1-8b", (users(800_000_000), users(7)), None),
        ("qwen2.5-72b", (said("mau", value="9", subject="qwen-2024", as_of=TODAY - timedelta(days=31)),), None),
        ("qwen2.5-72b", (said("mau", value="9", subject="qwen-2024", as_of=TODAY - timedelta(days=32)),), "removal"),
        ("qwen2.5-72b", (users(),), "removal"),
        ("qwen2.5-72b", (said("mau", value="9", subject="qwen-2024", as_of=TODAY), users()), None),
        ("qwen2.5-72b", (users(), said("mau", value="9", subject="qwen-2024", as_of=TODAY)), None),
        ("phi-4", (), None),
    ],
)
def test_users_are_attested_once_or_every_month(model: str, statements: Any, effect: str | None) -> None:
    """Llama asks about one date of each version, Qwen about every month; above the limit a licence is asked for."""
    decision = judge(deployment(model, displayed=True, records=records(*statements)))

    assert broken(decision).get("R-07") == effect


@pytest.mark.parametrize(
    ("count", "dollars", "shown"),
    [
        ("1000", "1000", False),
        ("100000001", "1000", True),
        ("1000", "20000001", True),
        ("100000000", "20000000", False),
    ],
)
def test_kimi_is_displayed_above_its_limits_alone(count: str, dollars: str, *, shown: bool) -> None:
    """A clause may ask for a text instead of a licence, by users or by what is earned."""
    of = {"subject": "kimi-modified-mit", "as_of": TODAY}
    given = records(said("mau", value=count, **of), said("revenue", value=dollars, **of))

    assert ("'Kimi K2'" in judge(deployment("kimi-k2", records=given)).reason) is shown


def test_what_is_earned_is_attested_where_a_clause_asks_for_it() -> None:
    """The users alone are half of it."""
    few = said("mau", value="1000", subject="kimi-modified-mit", as_of=TODAY)

    assert "the monthly active users and the revenue" in judge(deployment("kimi-k2", records=records(few))).reason


@pytest.mark.parametrize(
    ("fields", "effect"),
    [
        ({"as_of": TODAY}, None),
        ({"as_of": TODAY - timedelta(days=32)}, "removal"),
        ({"as_of": TODAY, "until": TODAY - timedelta(days=1)}, "removal"),
    ],
)
def test_what_was_earned_is_attested_every_month_too(fields: dict[str, Any], effect: str | None) -> None:
    """A clause on every month is not met by what was earned years ago."""
    users_now = said("mau", value="1000", subject="kimi-modified-mit", as_of=TODAY)
    earned = said("revenue", value="5", subject="kimi-modified-mit", **fields)

    assert broken(judge(deployment("kimi-k2", records=records(users_now, earned)))).get("R-07") == effect


@pytest.mark.parametrize(
    ("fields", "effect"),
    [
        ({"subject": "mistral-research"}, None),
        ({"subject": "cc-by-nc-4.0"}, "error"),
        ({"subject": "mistral-research", "until": TODAY - timedelta(days=1)}, "error"),
    ],
)
def test_what_is_not_for_sale_is_by_a_licence_of_its_own(fields: dict[str, Any], effect: str | None) -> None:
    """Its makers sell one: at their own service, or by contract. Somebody says that it is there."""
    granted = records(said("separate-licence", **fields))
    decision = judge(deployment("mistral-large-2411", records=granted))

    assert broken(decision).get("R-03") == effect
    assert "attest separate-licence --subject mistral-research" in judge(deployment("mistral-large-2411")).reason


@pytest.mark.parametrize(
    ("model", "sector", "denied"),
    [("llama-3.1-8b", "military", True), ("llama-3.1-8b", "banking", False), ("qwen3-8b", "military", False)],
)
def test_a_forbidden_sector_is_an_error(model: str, sector: str, *, denied: bool) -> None:
    """What a use policy forbids is not served, whatever is displayed."""
    assert ("R-08" in broken(judge(deployment(model, entity(sectors=frozenset({sector})))))) is denied


@pytest.mark.parametrize(
    ("licence_id", "exact", "told"),
    [
        ("llama-3.1", True, None),
        ("llama-3.1", False, "it was changed"),
        ("llama-3", True, "is Meta Llama 3 Community License Agreement, and the model carries llama-3.1"),
        (None, False, "is that of no licence here"),
    ],
)
def test_the_text_beside_the_weights_is_the_one_that_was_read(
    licence_id: str | None, told: str | None, *, exact: bool
) -> None:
    """A changed text may ask for something else."""
    licence = None if licence_id is None else get(licence_id)
    text = Identified(licence=licence, exact=exact, sha256="0" * 64)

    decision = judge(deployment(**MET, text=text))

    assert ("R-09" in broken(decision)) is (told is not None)
    assert (told or "no rule is broken") in decision.reason


def test_a_text_without_a_hash_of_record_is_told_by_its_words() -> None:
    """MIT's is in everybody's own file."""
    assert judge(deployment("phi-4", text=Identified(licence=get("mit"), exact=False, sha256="0" * 64))).allowed


GEMINI: dict[str, Any] = {"hosted_by": "gemini"}


@pytest.mark.parametrize(
    ("tier", "private", "users_in", "effects"),
    [
        ("free", True, frozenset(), ["error", "error"]),
        ("free", False, frozenset({"FR"}), ["error"]),
        ("free", False, frozenset({"US"}), []),
        ("free", True, frozenset({"US"}), ["error"]),
        ("paid", True, frozenset({"FR"}), []),
        (None, True, frozenset(), ["warning"]),
    ],
)
def test_a_free_tier_is_not_for_private_words_nor_for_users_in_europe(
    tier: Any, users_in: frozenset[str], effects: list[str], *, private: bool
) -> None:
    """It is trained on, and its terms keep users in the EEA, Switzerland and the UK to the paid one."""
    found = resolve("gemini/gemini-3-flash", packaged(), provider="gemini")
    given_to = deployment(found, entity(users_in=users_in), tier=tier, sees_private=private, **GEMINI)

    assert [finding.effect for finding in judge(given_to).findings if finding.rule == "R-10"] == effects


@pytest.mark.parametrize(
    ("fields", "denied"),
    [
        ({"users_in": frozenset({"DE"}), "seat": "US"}, True),
        ({"seat": "DE"}, True),
        ({"seat": None}, True),
        ({"seat": "US"}, False),
        ({"users_in": frozenset({"US"}), "seat": "DE"}, False),
    ],
)
def test_people_of_the_house_are_users_too(fields: dict[str, Any], *, denied: bool) -> None:
    """Where nobody said where they are, they are at its seat."""
    found = resolve("gemini/gemini-3-flash", packaged(), provider="gemini")
    who = entity(exposure="internal", **fields)

    decision = judge(deployment(found, who, tier="free", sees_private=False, **GEMINI))

    assert ("R-10" in broken(decision)) is denied


def test_a_rule_is_a_warning_where_the_policy_says_why() -> None:
    """The reason goes with it, and other rules stay what they are."""
    decision = judge(deployment(), excuses={"R-05": "the page comes on Monday"})

    assert {(finding.rule, finding.effect, finding.excused) for finding in decision.findings} == {
        ("R-05", "warning", "the page comes on Monday"),
        ("R-07", "error", None),
    }


def test_every_rule_has_an_id_and_a_sentence() -> None:
    """Fifteen of them, in three places."""
    assert list(RULES) == [f"R-{number:02}" for number in range(1, 16)]
    assert {rule.asked for rule in RULES.values()} == {"load", "check", "request"}


@pytest.mark.parametrize("licence", LICENCES, ids=lambda licence: licence.id)
def test_everything_has_a_decision_with_a_reason(licence: Licence) -> None:
    """Every licence, exposure, host, seat and modality."""
    for case in cases(licence):
        decision = judge(case)

        assert decision.reason
        assert decision.allowed is all(finding.effect == "warning" for finding in decision.findings)
        against = [finding for finding in decision.findings if finding.effect != "warning"]
        assert all(finding.rule in decision.reason for finding in against)


licences = st.sampled_from(LICENCES)
entities = st.builds(
    entity,
    exposure=st.sampled_from(EXPOSURES),
    seat=st.sampled_from(SEATS),
    affiliates=st.booleans(),
    sectors=st.frozensets(st.sampled_from(["military", "banking", "minors"]), max_size=2),
    users_in=st.frozensets(st.sampled_from(["DE", "US"]), max_size=2),
)
statements = st.lists(
    st.builds(
        said,
        st.sampled_from(["mau", "separate-licence"]),
        value=st.sampled_from(["0", "5", "900000000"]),
        as_of=st.sampled_from([None, TODAY, date(2024, 7, 23), date(2020, 1, 1)]),
        until=st.sampled_from([None, TODAY - timedelta(days=1), TODAY]),
    ),
    max_size=3,
)


@st.composite
def deployments(draw: st.DrawFn) -> Deployment:
    bases = ("base",) if draw(st.booleans()) else ()
    own = draw(st.lists(licences, max_size=2, unique_by=lambda licence: licence.id))
    found = carrying(*own, modalities=draw(st.sampled_from(MODALITIES)), bases=bases)
    return deployment(
        found,
        draw(entities),
        hosted_by=draw(st.sampled_from(HOSTS)),
        displayed=draw(st.booleans()),
        served_as=draw(st.sampled_from([None, "Llama-x", "x"])),
        tier=draw(st.sampled_from([None, "free", "paid"])),
        sees_private=draw(st.booleans()),
        records=Records(records=tuple(draw(statements))),
    )


@given(case=deployments(), more=st.sampled_from(MORE), number=st.integers(0, 1))
def test_a_further_duty_never_turns_a_no_into_a_yes(case: Deployment, more: dict[str, Any], number: int) -> None:
    """Whatever a licence asks for on top, what was refused stays refused."""
    own = list(case.licences)
    if number >= len(own) or any(
        getattr(own[number], name) not in (None, (), True) and name != "outputs" for name in more
    ):
        return
    own[number] = own[number].model_copy(update=more)

    stricter = judge(with_licences(case, *own))

    assert judge(case).allowed or not stricter.allowed


@given(case=deployments(), more=licences)
def test_a_further_licence_never_turns_a_no_into_a_yes(case: Deployment, more: Licence) -> None:
    """A base that comes to light adds what it asks for. Where nothing was known, it is what becomes known."""
    if not case.licences:
        return

    stricter = judge(with_licences(case, *case.licences, more))

    assert judge(case).allowed or not stricter.allowed


def test_there_is_a_word_for_every_exposure() -> None:
    """The policy's words are those of the rules."""
    from gateway.policy.licensing import Exposure  # noqa: PLC0415 - the one test that compares them

    assert get_args(Exposure) == EXPOSURES
