"""What the demo says of a request is what the books and the replies say."""

from dataclasses import replace
from typing import Any

import pytest
from support.entries import NOON, attempt_record, ledger_entry
from support.policies import ONE_LOCAL

from gateway.demo.outcome import Accuracy, Decision, DemoResult, Told, accuracy, decision_of, usd, why
from gateway.demo.rows import DemoRow
from gateway.errors import BackendTimeoutError, CascadeExhaustedError, NoEligibleBackendError
from gateway.money.account import savings
from gateway.money.rollups import summed
from gateway.types import (
    Assessment,
    Attempt,
    Completion,
    Level,
    Message,
    Money,
    Plan,
    Reason,
    Reply,
    Step,
    Usage,
    Verdict,
)

TICKET = DemoRow(id="refund-1", task="classification", text="my money, please", label="refund", stand_in="refund")
CHAT = DemoRow(id="chat-1", text="hello", stand_in="hi")
SURE = Verdict(accepted=True, judge="confidence", score=0.97, reason="confidence 0.970 is at least 0.8")
UNSURE = Verdict(accepted=False, judge="confidence", score=0.41, reason="confidence 0.410 is below 0.8")
ASSESSMENT = Assessment(
    level=Level.INTERNAL,
    level_reasons=(),
    kinds=frozenset(),
    tags=frozenset(),
    regions=None,
    findings=(),
    failed_detectors=(),
    difficulty=0.2,
    needs=frozenset(),
    prompt_tokens=9,
    task=None,
    stakes="normal",
    tenant=None,
)


def attempt(backend: str, text: str, *verdicts: Verdict) -> Attempt:
    message = Message(role="assistant", content=text)
    completion = Completion(message=message, finish_reason="stop", usage=Usage(), model="m")
    return Attempt(backend=backend, replica="r", duration_s=0.1, completion=completion, verdicts=verdicts)


def plan(*backends: str, **reasons: Reason) -> Plan:
    steps = tuple(Step(backend=name, judged=False) for name in backends)
    return Plan(rule="tickets", steps=steps, reasons=reasons, deadline_s=9.0, policy_version="v", clearances={})


def reply(*attempts: Attempt, to: Plan, **fields: Any) -> Reply:
    last = attempts[-1]
    assert last.completion is not None
    given: dict[str, Any] = {
        "entry_id": "e",
        "message": last.completion.message,
        "finish_reason": "stop",
        "usage": Usage(),
        "backend": last.backend,
        "model": "m",
        "accepted": last.accepted,
        "plan": to,
        "assessment": ASSESSMENT,
        "attempts": attempts,
        "cost": None,
        "saved": None,
        "baseline_model": None,
        "attribution": (),
        "created": NOON,
    }
    return Reply(**{**given, **fields})


def test_a_ticket_that_the_specialist_names_is_local_and_right() -> None:
    """The specialist's own answer and the final one are the same."""
    told = reply(attempt("tickets", " Refund.\n", SURE), to=plan("tickets", "frontier"))

    decision = decision_of(TICKET, told, ledger_entry("e"))

    assert (decision.outcome, decision.first_label, decision.label) == ("local", "refund", "refund")
    assert decision.why == "confidence 0.970 is at least 0.8"


def test_an_escalated_ticket_keeps_the_first_answer_apart_from_the_last() -> None:
    """What the specialist alone would have said stays visible."""
    told = reply(attempt("tickets", "billing", UNSURE), attempt("frontier", "refund"), to=plan("tickets", "frontier"))
    entry = ledger_entry("e", local=False, attempts=tuple(attempt_record(backend=b) for b in ("tickets", "frontier")))

    decision = decision_of(TICKET, told, entry)

    assert (decision.outcome, decision.first_label, decision.label) == ("closed", "billing", "refund")
    assert (decision.asked, decision.escalated) == (("tickets", "frontier"), True)
    assert decision.why == "confidence 0.410 is below 0.8"


def test_what_a_judge_asked_is_nobodys_answer() -> None:
    """An opinion is neither the specialist's answer, nor a remark, nor an escalation."""
    opinion = replace(attempt("tickets", "refund", replace(SURE, reason="never shown")), purpose="sample")
    told = reply(opinion, attempt("tickets", "billing", SURE), to=plan("tickets", "frontier"))
    entry = ledger_entry(
        "e", attempts=(attempt_record(backend="frontier", purpose="judge"), attempt_record(backend="tickets"))
    )

    decision = decision_of(TICKET, told, entry)

    assert (decision.first_label, decision.asked, decision.escalated) == ("billing", ("tickets",), False)
    assert "never shown" not in decision.why


def test_a_refusal_gives_the_reason_of_every_backend() -> None:
    """Nobody may answer: the reader sees why, one backend after the other."""
    told = NoEligibleBackendError("no", reasons={"smollm2": "out: it does not take images", "frontier": "out: level"})
    entry = ledger_entry("e", status="refused", backend=None, local=None, attempts=())

    decision = decision_of(CHAT, told, entry)

    assert (decision.outcome, decision.asked) == ("refused", ())
    assert decision.why == "smollm2 out: it does not take images; frontier out: level"


def test_a_request_that_everybody_failed_names_the_errors() -> None:
    """An exhausted cascade shows each backend's error by its code."""
    failed = Attempt(
        backend="frontier", replica="r", duration_s=1.0, error=BackendTimeoutError("late", backend="frontier")
    )
    told = CascadeExhaustedError("nobody", attempts=(failed,))

    decision = decision_of(TICKET, told, ledger_entry("e", status="exhausted"))

    assert (decision.outcome, decision.label, decision.first_label) == ("failed", None, None)
    assert decision.why == "timeout"


def test_a_request_that_only_one_may_see_says_what_keeps_the_others_out() -> None:
    """The reason why a private request stays is the reason that the plan has."""
    told = reply(
        attempt("smollm2", "noted"),
        to=plan(
            "smollm2",
            smollm2=Reason(admitted=True, code="admitted", text="cleared"),
            tickets=Reason(admitted=False, code="rule", text="not used"),
            frontier=Reason(admitted=False, code="clearance", text="level restricted is above its clearance internal"),
        ),
        assessment=replace(ASSESSMENT, level=Level.RESTRICTED, level_reasons=("tag 'phi' is restricted",)),
    )

    decision = decision_of(CHAT, told, ledger_entry("e"))

    assert decision.why == "stays here: tag 'phi' is restricted"
    assert decision.reasons["frontier"] == "out: level restricted is above its clearance internal"


def test_several_remarks_are_told_apart_by_their_backends() -> None:
    """Who failed and who was not accepted: each with its name."""
    late = Attempt(
        backend="frontier", replica="r", duration_s=1.0, error=BackendTimeoutError("late", backend="frontier")
    )
    told = CascadeExhaustedError("nobody", attempts=(attempt("smollm2", "hm", UNSURE), late))

    said = why(told)

    assert said == "smollm2: confidence 0.410 is below 0.8; frontier: timeout"


def test_a_request_whose_first_backend_answers_unjudged_names_the_rule() -> None:
    """Where no judge spoke and nobody was kept out, the rule is the reason."""
    told = reply(attempt("frontier", "4.5 hours"), to=plan("frontier", "smollm2"))

    said = why(told)

    assert said == "rule tickets asks frontier first"


@pytest.mark.parametrize(("money", "text"), [(Money(1), "0.000000001"), (Money(-1_500_000_000), "-1.500000000")])
def test_money_is_exact_decimal_text(money: Money, text: str) -> None:
    """A program reads every nano-USD."""
    shown = usd(money)

    assert shown == text


def decisions(*told: Told) -> tuple[Decision, ...]:
    return tuple(decision_of(TICKET, one, ledger_entry("e")) for one in told)


def test_accuracy_counts_a_wrong_answer_and_a_missing_one_as_wrong() -> None:
    """Two of three tickets are named right in the end, one by the specialist alone."""
    both = plan("tickets", "frontier")
    ends = decisions(
        reply(attempt("tickets", "refund", SURE), to=both),
        reply(attempt("tickets", "billing", UNSURE), attempt("frontier", "refund"), to=both),
        CascadeExhaustedError("nobody", attempts=()),
    )

    counted = accuracy(ends)

    assert counted == Accuracy(tickets=3, alone=1, after_escalation=2)


def test_the_result_as_json_adds_up() -> None:
    """Every request ended in exactly one of four ways, and unknown accuracies are null."""
    told = reply(attempt("smollm2", "hi"), to=plan("smollm2"))
    ends = tuple(decision_of(CHAT, told, ledger_entry("e")) for _ in range(2))
    sums = savings(*summed([ledger_entry("e"), ledger_entry("f")]), policy=ONE_LOCAL)
    result = DemoResult(
        decisions=ends,
        accuracy=accuracy(ends),
        totals=sums.total,
        unpooled=sums.unpooled,
        baseline_model="openai/x",
        stand_in=True,
        private=0,
        private_kept=0,
        private_at_stand_in=0,
        licences={},
        attribution=(),
        ledger="memory",
        duration_s=1.0,
    )

    shown = result.as_dict()

    assert shown["requests"] == 2 == shown["local"] + shown["closed"] + shown["refused"] + shown["failed"]
    assert (shown["accuracy"], shown["cost_usd"], shown["saved_usd"]) == (None, "0.000000000", "0.003200000")
    assert [decision["id"] for decision in shown["decisions"]] == ["chat-1", "chat-1"]
