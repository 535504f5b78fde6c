"""Whom the terms of its model keep out of one request."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from support.licensing import NOON, TODAY, deployment, entity, records, said, users
from support.policies import assessment

from gateway.licences.gate import Gate, trains
from gateway.licences.registry import get
from gateway.licences.uses import TRAINING, is_use, uses
from gateway.types import Need

PLAIN = assessment()
IMAGE = assessment(needs=frozenset({Need.IMAGES}))


def tagged(*tags: str) -> Any:
    return assessment(tags=frozenset(tags))


def barred(gate: Gate, read: Any = PLAIN, at: datetime = NOON) -> dict[str, str]:
    return {name: reason.text.partition(":")[0] for name, reason in gate.barred(read, at).items()}


def test_a_plain_request_bars_nobody() -> None:
    """And gets the same answer every time."""
    gate = Gate([deployment(), deployment("llama-4-scout")])

    assert gate.barred(PLAIN, NOON) == {}
    assert gate.barred(PLAIN, NOON) is gate.barred(tagged("pii"), NOON)


def test_an_image_is_for_nobody_whose_seat_forbids_it() -> None:
    """By the seat of the host; a model of text alone never took one."""
    german = Gate([deployment("llama-4-scout"), deployment("llama-3.1-8b", backend="text")])
    swiss = Gate([deployment("llama-4-scout", entity(seat="CH"))])
    nowhere = Gate([deployment("llama-4-scout", entity(seat=None))])

    assert barred(german, IMAGE) == {"llama": "R-13"}
    assert "seat in DE" in german.barred(IMAGE, NOON)["llama"].text
    assert barred(nowhere, IMAGE) == {"llama": "R-13"}
    assert barred(swiss, IMAGE) == {}
    assert barred(german, assessment(needs=frozenset({Need.TOOLS}))) == {}
    assert barred(Gate([deployment("llama-4-scout")], excuses=["R-13"]), IMAGE) == {}


def test_an_attestation_that_ends_removes_the_model_the_day_after() -> None:
    """No restart is needed: the gate looks at the clock."""
    gate = Gate([deployment(records=records(users(until=TODAY)))])

    assert barred(gate) == {}
    assert barred(gate, at=NOON + timedelta(days=1)) == {"llama": "R-14"}
    assert barred(gate, IMAGE, at=NOON + timedelta(days=1)) == {"llama": "R-14"}
    assert barred(gate) == {}
    assert barred(Gate([deployment(records=records(users(until=date(2020, 1, 1))))], excuses=["R-14"])) == {}


@pytest.mark.parametrize("what", ["zero-retention", "separate-licence", "use-policy", "flow-down", "approval"])
def test_what_a_model_is_used_by_ends_its_use_with_it(what: str) -> None:
    """Once somebody said it, its end is not overlooked."""
    ended = said(what, subject="llama-3.1", until=TODAY - timedelta(days=1))
    gate = Gate([deployment(records=records(users(), ended))])

    assert barred(gate) == {"llama": "R-14"}
    assert f"the attestation of {what} for Llama 3.1" in gate.barred(PLAIN, NOON)["llama"].text


@pytest.mark.parametrize(
    ("model", "out"),
    [
        ("llama-3.1-8b", False),
        ("llama-3-8b", True),
        ("llama-2-7b", True),
        ("qwen3-8b", False),
        ("acme-1", True),
        ("acme-llama-qwen3-8b", True),
    ],
)
def test_answers_train_only_what_the_terms_allow(model: str, *, out: bool) -> None:
    """What is not known is not allowed."""
    assert ("llama" in barred(Gate([deployment(model)]), tagged(TRAINING))) is out
    assert barred(Gate([deployment(model)], excuses=["R-12"]), tagged(TRAINING)) == {}


@pytest.mark.parametrize(
    ("licence_id", "whole", "classifier"),
    [
        ("openai-services", False, True),
        ("anthropic-commercial", False, False),
        ("llama-3", False, False),
        ("llama-3.1", True, True),
        ("mit", True, True),
    ],
)
def test_a_classifier_that_stays_may_learn_what_another_model_may_not(
    licence_id: str, *, whole: bool, classifier: bool
) -> None:
    """OpenAI's terms except it, Anthropic's do not, and Llama 3's are a question for counsel."""
    licences = (get(licence_id),)

    assert (trains(licences, classifier=False) is None) is whole
    assert (trains(licences, classifier=True) is None) is classifier


@pytest.mark.parametrize(
    ("tag", "out"),
    [
        ("aup:military", {"llama", "deepseek"}),
        ("aup:defence", {"llama", "deepseek"}),
        ("aup:sexual-content", {"gemma"}),
        ("aup:nonsense", {"llama", "gemma", "deepseek"}),
        ("aup:banking", set()),
    ],
)
def test_a_use_that_a_policy_forbids_is_not_for_its_model(tag: str, out: set[str]) -> None:
    """A word that nobody knows is forbidden by every policy there is."""
    models = {"llama": "llama-3.1-8b", "gemma": "gemma-3-1b", "deepseek": "deepseek-v3", "qwen": "qwen3-8b"}
    gate = Gate([deployment(model, backend=name) for name, model in models.items()])

    assert barred(gate, tagged(tag)) == dict.fromkeys(out, "R-15")
    assert barred(Gate([deployment()], excuses=["R-15"]), tagged(tag)) == {}


@pytest.mark.parametrize(("tag", "out"), [("aup:military", True), ("aup:nonsense", True), ("aup:banking", False)])
def test_a_use_is_not_for_a_model_whose_terms_nobody_knows(tag: str, *, out: bool) -> None:
    """It may be any Llama; a sector that no policy forbids is for everybody."""
    gate = Gate([deployment("acme-1", backend="acme"), deployment("my-llama", backend="vague")])

    assert barred(gate, tagged(tag)) == (dict.fromkeys(("acme", "vague"), "R-15") if out else {})


def test_tags_that_callers_make_up_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond a thousand they are worked out anew, with the same answer."""
    monkeypatch.setattr("gateway.licences.gate._MOST_KNOWN", 1)
    gate = Gate([deployment()])

    assert [barred(gate, tagged(f"aup:{word}")) for word in ("x", "y", "y")] == [{"llama": "R-15"}] * 3
    assert len(gate._known) == 1


def test_the_tags_of_uses_are_known_by_their_words() -> None:
    """Another word for a category is as good; nonsense is an unknown tag."""
    assert uses({"aup:defence", "pii", "aup:x"}) == {"military", "x"}
    assert [is_use(tag) for tag in (TRAINING, "aup:military", "aup:x", "pii")] == [True, True, False, False]
