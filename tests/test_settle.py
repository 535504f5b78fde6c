"""Whose answer counts, what is written down about it, and what is raised where there is none."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.policies import assessment, mock, policy
from support.settling import (
    BACKENDS,
    MINI,
    NOON,
    SECRET,
    USAGE,
    attempt,
    completion,
    fault,
    judged,
    ruled,
    settled,
)
from support.settling_strategies import attempts_of

from gateway import errors
from gateway.types import Attempt, Level, Message, Money, Reason, TokenLogprob, Usage, Verdict


def test_the_reply_is_the_accepted_answer_with_its_story() -> None:
    """Who answered, whether it was accepted, what it cost, and what was tried."""
    attempts = (judged("llama", accepted=False), attempt("frontier"))

    reply = settled(*attempts).reply()

    assert (reply.backend, reply.text, reply.accepted, reply.model) == ("frontier", SECRET, None, "served")
    assert (reply.entry_id, reply.created, reply.attempts) == ("request-1", NOON, attempts)


def test_of_answers_that_nobody_accepted_the_last_is_given_and_marked() -> None:
    """The caller sees that no judge was content."""
    reply = settled(judged("llama", accepted=False), judged("frontier", accepted=False)).reply()

    assert (reply.backend, reply.accepted) == ("frontier", False)


def test_a_rule_may_refuse_what_nobody_accepted() -> None:
    """`unaccepted: refuse` means no answer rather than a doubtful one."""
    outcome = settled(judged("llama", accepted=False), under=ruled(unaccepted="refuse"))

    assert (outcome.entry.status, outcome.completion) == ("exhausted", None)


def test_an_unaccepted_answer_counts_when_everybody_after_it_failed() -> None:
    """A doubtful answer is better than none where the rule says so."""
    outcome = settled(judged("llama", accepted=False), attempt("frontier", error=fault(errors.BackendTimeoutError)))

    assert (outcome.entry.status, outcome.reply().backend) == ("answered", "llama")


def test_an_opinion_is_never_given_as_the_answer() -> None:
    """What a judge asked may be better than the answer that it rejected; nobody gets it."""
    opinion = attempt("frontier", purpose="judge")

    outcome = settled(judged("llama", accepted=False), opinion)

    assert (outcome.reply().backend, outcome.entry.escalated) == ("llama", False)


def test_an_opinion_alone_is_no_answer() -> None:
    """Where nobody answered, the error tells of those who were asked to, and shows no words."""
    opinion = attempt("frontier", purpose="judge")
    outcome = settled(attempt("llama", error=fault(errors.BackendTimeoutError)), opinion)

    with pytest.raises(errors.CascadeExhaustedError, match="frontier: not asked") as raised:
        outcome.reply()

    assert SECRET not in repr([vars_of(attempt) for attempt in raised.value.attempts])


def vars_of(attempt: object) -> str | None:
    """Return the words of an attempt in an error."""
    assert isinstance(attempt, Attempt)
    return attempt.completion.message.text if attempt.completion else None


def test_half_a_stream_is_not_followed_by_an_older_answer() -> None:
    """What the caller has read cannot be replaced by what somebody else said before."""
    broken = attempt("frontier", error=fault(errors.BackendUnavailableError), streamed=True, first_token_s=0.1)

    outcome = settled(judged("llama", accepted=False), broken, streamed=True)

    assert (outcome.entry.status, outcome.entry.streamed) == ("exhausted", True)


def test_a_stream_that_failed_before_its_first_piece_gives_way() -> None:
    """Nothing was read yet, so the next one may answer."""
    outcome = settled(
        attempt("llama", error=fault(errors.BackendUnavailableError), streamed=True), attempt("frontier", streamed=True)
    )

    assert outcome.reply().backend == "frontier"


def test_the_entry_says_what_the_request_was_and_who_answered() -> None:
    """Every column of the books comes from a decision, none from the words."""
    read = assessment(
        tags=frozenset({"b", "a"}), kinds=frozenset({"pii"}), task="tickets", tenant="acme", difficulty=0.4
    )

    entry = settled(attempt("llama"), read=read).entry

    assert (entry.tags, entry.kinds, entry.task, entry.tenant, entry.difficulty) == (
        ("a", "b"),
        ("pii",),
        "tickets",
        "acme",
        0.4,
    )
    assert (entry.status, entry.backend, entry.model, entry.local, entry.licence) == (
        "answered",
        "llama",
        "llama-3.1-8b",
        True,
        "llama-3.1",
    )
    assert (entry.at, entry.duration_s, entry.price_version, entry.rule) == (NOON, 1.5, "v1", "default")


def test_an_attempt_keeps_the_lowest_score_the_usage_and_the_fault() -> None:
    """The books say why a cheaper answer was not enough."""
    verdicts = tuple(Verdict(accepted=True, judge=f"{n}", score=n, reason="") for n in (0.9, None, 0.7))

    first, second = settled(
        attempt("llama", verdicts=verdicts), attempt("frontier", error=fault(errors.RateLimitedError))
    ).entry.attempts

    assert (first.score, first.accepted, first.usage, first.error, first.model) == (0.7, True, USAGE, None, "served")
    assert (second.score, second.accepted, second.usage, second.error, second.model) == (
        None,
        None,
        Usage(),
        "rate_limited",
        MINI,
    )


@pytest.mark.parametrize("answers", [(), (attempt("llama", error=fault(errors.AbandonedError)),)])
def test_a_cancelled_request_is_on_the_books_as_such(answers: Sequence[Attempt]) -> None:
    """Who goes away leaves an entry, and no savings are claimed for it."""
    entry = settled(*answers, cancelled=True).entry

    assert (entry.status, entry.backend, entry.saved) == ("cancelled", None, None)


def test_a_rejected_answer_of_a_cancelled_request_does_not_count() -> None:
    """It was never given to anybody, so nobody's licence was used to answer."""
    assert settled(judged("llama", accepted=False), cancelled=True).entry.licence is None


def test_an_answer_that_the_caller_did_not_wait_for_is_named_without_a_saving() -> None:
    """The stream was cut after a judged answer began to flow."""
    entry = settled(judged("llama", accepted=True), cancelled=True).entry

    assert (entry.backend, entry.cost, entry.baseline_cost) == ("llama", Money(0), None)


def test_a_refusal_says_level_rule_and_every_backends_reason() -> None:
    """The reader learns what to change without seeing the prompt."""
    closed = {name: BACKENDS[name] for name in ("frontier", "strange")}
    read = assessment(level=Level.RESTRICTED, level_reasons=("tag phi",))
    outcome = settled(under=policy(closed), read=read)

    with pytest.raises(errors.NoEligibleBackendError) as caught:
        outcome.reply()

    assert (outcome.entry.status, outcome.entry.cost, caught.value.entry_id) == ("refused", Money(0), "request-1")
    assert caught.value.reasons.keys() == closed.keys()
    assert "rule 'default', level restricted (tag phi); frontier: out: level restricted" in str(caught.value)
    assert "gateway explain" in str(caught.value)


def out(**codes: str) -> dict[str, Reason]:
    """Return why each backend is out of a plan, by code."""
    return {name: Reason(admitted=False, code=code, text=f"for {code}") for name, code in codes.items()}


@pytest.mark.parametrize(
    ("codes", "kind", "status", "param"),
    [
        ({"a": "clearance"}, errors.NoClearedBackendError, 403, None),
        ({"a": "kind", "b": "region", "c": "retention", "d": "rule"}, errors.NoClearedBackendError, 403, None),
        ({"a": "clearance", "b": "pin"}, errors.NoClearedBackendError, 403, None),
        ({"a": "clearance", "b": "unavailable"}, errors.NoEligibleBackendError, 503, None),
        ({"a": "clearance", "b": "needs"}, errors.NoEligibleBackendError, 400, None),
        ({"a": "context", "b": "rule"}, errors.NoEligibleBackendError, 400, None),
        ({"a": "clearance", "b": "no_rule"}, errors.NoEligibleBackendError, 400, None),
        ({"a": "pin", "b": "pin"}, errors.NoEligibleBackendError, 400, "pin"),
    ],
)
def test_a_refusal_has_the_code_of_what_closed_everything(
    codes: dict[str, str], kind: type[errors.NoEligibleBackendError], status: int, param: str | None
) -> None:
    """403 where it may not be seen, 503 where somebody may come back, 400 where the caller must act."""
    read = assessment(tags=frozenset({"phi"}), level=Level.RESTRICTED)
    outcome = settled(read=read)
    refused = replace(outcome, chosen=None, plan=replace(outcome.plan, steps=(), reasons=out(**codes)))

    with pytest.raises(errors.NoEligibleBackendError) as caught:
        refused.reply()

    error = caught.value
    assert (type(error), error.status, error.param) == (kind, status, param)
    assert (error.rule, error.label) == ("default", read.label)


def test_a_request_that_fits_no_rule_is_told_so() -> None:
    """The other reason for an empty plan."""
    outcome = settled(under=ruled(when={"task": "tickets"}))

    with pytest.raises(errors.NoEligibleBackendError, match="no rule fits, level internal; llama: out: no rule"):
        outcome.reply()


def test_exhaustion_says_how_every_attempt_ended_and_who_was_not_asked() -> None:
    """One line tells the whole story."""
    outcome = settled(
        attempt("llama", error=fault(errors.BackendTimeoutError)),
        judged("frontier", accepted=False),
        under=ruled(unaccepted="refuse"),
    )

    with pytest.raises(errors.CascadeExhaustedError) as caught:
        outcome.reply()

    assert caught.value.entry_id == "request-1"
    assert (
        "nobody answered: rule 'only', level internal; llama: timeout, it did not work; "
        "frontier: not accepted by confidence; strange: not asked." in str(caught.value)
    )


def test_an_answer_before_half_a_stream_is_called_one() -> None:
    """Exhausted, although somebody answered: the stream that followed broke."""
    broken = attempt("frontier", error=fault(errors.BackendUnavailableError), streamed=True, first_token_s=0.1)

    with pytest.raises(errors.CascadeExhaustedError, match="llama: answered; frontier: unavailable"):
        settled(attempt("llama"), broken).reply()


def test_an_error_holds_no_words_of_an_answer() -> None:
    """Errors are logged and sent to trackers; what a model said is not."""
    logprobs = (TokenLogprob(token=SECRET, logprob=-0.1),)
    rejected = judged("llama", accepted=False, completion=completion(logprobs=logprobs))
    failed = attempt("frontier", error=fault(errors.BackendTimeoutError))

    with pytest.raises(errors.CascadeExhaustedError) as caught:
        settled(rejected, failed, under=ruled(unaccepted="refuse")).reply()

    first, second = caught.value.attempts
    assert second == failed
    assert isinstance(first, Attempt)
    assert first.completion is not None
    assert (first.completion.message.text, first.completion.logprobs, first.accepted) == ("", None, False)


def test_a_reply_carries_the_licences_display_string() -> None:
    """Llama 3.1 wants to be named where a product with it is offered."""
    assert settled(attempt("llama")).reply().attribution == ("Built with Llama",)


def test_a_backend_without_a_licence_shows_nothing() -> None:
    """A closed model's provider asks for no line beside the answer."""
    assert settled(attempt("frontier")).reply().attribution == ()


@settings(deadline=None)
@given(attempts_of, st.booleans())
def test_settling_twice_gives_the_same_books(attempts: list[Attempt], cancelled: bool) -> None:
    """The same attempts always cost the same."""
    assert settled(*attempts, cancelled=cancelled).entry == settled(*attempts, cancelled=cancelled).entry


@settings(deadline=None)
@given(attempts_of)
def test_an_entry_has_an_answer_exactly_if_there_is_a_reply(attempts: list[Attempt]) -> None:
    """The books and the caller are told the same."""
    outcome = settled(*attempts)

    try:
        told = outcome.reply().backend
    except errors.RoutingError:
        told = None
    assert told == outcome.entry.backend
    assert (told is not None) == (outcome.entry.status == "answered")


def test_replacing_an_attempts_words_changes_nothing_on_the_books() -> None:
    """What was said is not part of the books."""
    other = replace(completion(), message=Message(role="assistant", content="something else"))

    assert settled(attempt("llama")).entry == settled(attempt("llama", completion=other)).entry


def test_a_lost_connection_may_have_been_billed() -> None:
    """Who never reached the server owes nothing; what the server had begun may cost, nobody knows how much."""
    refused = errors.BackendUnavailableError("no connection", backend="frontier")
    lost = errors.BackendUnavailableError("closed half-way", backend="frontier", reached=True)

    costs = [settled(attempt("frontier", error=fault_)).entry.cost for fault_ in (refused, lost)]

    assert costs == [Money(0), None]


@pytest.mark.parametrize(("named", "booked"), [("auto", "served"), ("llama-3", "llama-3")])
def test_a_model_that_the_policy_leaves_open_is_booked_as_the_server_calls_it(named: str, booked: str) -> None:
    """`auto` says nothing in a report."""
    under = policy({"llama": mock(model=named)})

    assert settled(attempt("llama"), under=under).entry.model == booked
