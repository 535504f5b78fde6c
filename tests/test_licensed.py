"""The licence rules on the path of a request: who is kept out, what the reply shows, and what the books keep."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.licensing import said
from support.policies import assessment, mock, policy

from gateway.decide import Fleet, decide
from gateway.errors import NoEligibleBackendError
from gateway.licences.records import append
from gateway.plan import Reason
from gateway.router import Router
from gateway.types import Level

LLAMA = mock("local", model="llama-3.1-8b", licence="llama-3.1")
QWEN = mock("free", model="qwen3-8b")
R15 = Reason(admitted=False, code="licence", text="R-15: the use policy is against military")


def test_who_is_barred_is_in_no_plan_and_asked_for_no_opinion() -> None:
    """Its reason is the rule's."""
    given = policy({"llama": LLAMA, "qwen": QWEN})

    plan = decide(assessment(), given, Fleet(), barred={"llama": R15})

    assert (plan.backends, plan.reasons["llama"]) == (("qwen",), R15)
    assert plan.consultable == {"qwen"}
    assert set(plan.clearances) == {"qwen"}


def test_a_barred_backend_is_not_reached_by_a_pin() -> None:
    """A pin admits nobody."""
    given = policy({"llama": LLAMA, "qwen": QWEN})

    assert decide(assessment(pin="llama"), given, Fleet(), barred={"llama": R15}).backends == ()


@pytest.mark.parametrize(
    ("tags", "text"),
    [(set(), "local"), ({"aup:military"}, "free"), ({"aup:banking"}, "local"), ({"purpose:training"}, "local")],
)
async def test_what_a_request_is_for_decides_who_answers(tags: set[str], text: str) -> None:
    """A use that Llama's policy forbids goes to a model without one; outputs of 3.1 may train."""
    async with Router.from_policy(policy({"llama": LLAMA, "qwen": QWEN})) as router:
        reply = await router.route("hello", tags=tags)

    assert reply.text == text
    assert reply.assessment.level == Level.INTERNAL


async def test_a_use_that_nobody_knows_is_an_unknown_tag() -> None:
    """Restricted, and kept from every model with a use policy."""
    async with Router.from_policy(policy({"llama": LLAMA, "qwen": QWEN})) as router:
        reply = await router.route("hello", tags={"aup:nonsense"})

    assert (reply.text, reply.assessment.level) == ("free", Level.RESTRICTED)


async def test_training_is_refused_where_all_terms_forbid_it() -> None:
    """The error names the rule."""
    given = policy({"llama": mock("x", model="llama-3-8b", licence="llama-3")})
    async with Router.from_policy(given) as router:
        with pytest.raises(NoEligibleBackendError, match="R-12: its answers may not train another model") as caught:
            await router.route("hello", tags={"purpose:training"})

    assert caught.value.status == 400


async def test_a_reply_and_its_entry_have_the_licence_that_binds() -> None:
    """What the base chain concludes, not what the policy declares; each text of it once."""
    distilled = mock("x", model="deepseek-ai/DeepSeek-R1-Distill-Llama-8B", licence="mit")
    async with Router.from_policy(policy({"distilled": distilled})) as router:
        reply = await router.route("hello")
        (entry,) = await router.ledger.entries()

    assert (reply.licence, reply.attribution) == ("llama-3.1", ("Built with Llama",))
    assert (entry.licence, entry.model) == ("llama-3.1", "deepseek-ai/DeepSeek-R1-Distill-Llama-8B")


async def test_an_unknown_licence_stays_unknown_on_the_books() -> None:
    """Unknown is not free."""
    async with Router.from_policy(policy({"a": mock("x", model="acme-1")})) as router:
        reply = await router.route("hello")

    assert (reply.licence, reply.attribution) == (None, ())


async def test_an_attestation_that_ended_removes_the_model(tmp_path: Path) -> None:
    """The others answer; alone, it is refused with the rule named."""
    records, day = tmp_path / "said.jsonl", datetime.now(UTC) - timedelta(days=9)
    append(records, said("mau", value="9", as_of=datetime(2024, 7, 23, tzinfo=UTC).date(), at=day, until=day.date()))
    keys: dict[str, Any] = {
        "entity": {"name": "Example GmbH", "seat": "DE", "exposure": "internal"},
        "licences": {"records": str(records)},
    }

    async with Router.from_policy(policy({"llama": LLAMA, "qwen": QWEN}, **keys)) as router:
        explained = await router.explain("hello")

    async with Router.from_policy(policy({"llama": LLAMA}, **keys)) as router:
        with pytest.raises(NoEligibleBackendError, match="whoever runs this: gateway licences attest mau") as caught:
            await router.route("hello")

    # No caller can mend it.
    assert caught.value.status == 503
    assert explained.plan.backends == ("qwen",)
    assert explained.plan.reasons["llama"].text.startswith("R-14: the attestation of monthly active users")
