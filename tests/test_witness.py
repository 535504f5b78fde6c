"""What a router tells the audit trail of its requests."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from support.policies import assessment, mock, policy
from support.settling import POLICY, attempt, fault, settled

from gateway import CascadeExhaustedError, NoEligibleBackendError, Router
from gateway.audit.evidence import Party
from gateway.audit.proof import Proof, Question, judged
from gateway.audit.records import Record, read
from gateway.backends.mock import Mock
from gateway.clearance import UNKNOWN
from gateway.entries import Feedback, FeedbackFate, HoldoutRecord, LedgerEntry
from gateway.errors import BackendTimeoutError
from gateway.ledgers._sqlite_audit import viewing
from gateway.ledgers.memory import MemoryLedger
from gateway.policy.models import Policy
from gateway.types import Label, Level, Redaction, Source

SECRET = "the password of Jane Doe is swordfish"


def clinic(*answers: object, **keys: Any) -> Policy:
    """Return a policy of a local backend, a closed one, and tags that bind requests to the first."""
    backends = {
        "llama": mock(*(answers or ("fine",))),
        "frontier": mock("fine too", clearance="internal", local=False, region="us"),
    }
    return policy(backends, **keys)


@asynccontextmanager
async def routing(under: Policy, **keys: Any) -> AsyncIterator[Router]:
    """Open a router whose ledger is in memory."""
    async with Router.from_policy(under, ledger=MemoryLedger(100), **keys) as router:
        yield router


def proofs(router: Router) -> MemoryLedger:
    """Return the ledger of a router."""
    assert isinstance(router.ledger, MemoryLedger)
    return router.ledger


async def prove(router: Router, **question: Any) -> Proof:
    """Return what the trail proves."""
    return await proofs(router).trail.prove(Question(**question))


def records(router: Router) -> list[Record]:
    """Return the records of a router's trail, without the first."""
    return [read(text) for _, text in proofs(router).view().records()][1:]


async def test_every_end_of_a_request_is_recorded_once() -> None:
    """Answered, refused, exhausted and cancelled."""
    slow = {"text": "late", "latency_s": 30}
    async with routing(clinic("fine", {"error": "unavailable"}, slow)) as router:
        await router.route("hello", pin="llama")
        with pytest.raises(NoEligibleBackendError):
            await router.route("hello", pin="frontier", tags={"phi"})
        with pytest.raises(CascadeExhaustedError):
            await router.route("hello", pin="llama")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(router.route("hello", pin="llama"), timeout=0.3)

        proof = await prove(router)

    assert proof.statuses == {"answered": 1, "refused": 1, "exhausted": 1, "cancelled": 1}
    assert (proof.is_proved, proof.records) == (True, 5)
    assert {host.backend: (seen.calls, seen.failed) for host, seen in proof.hosts.items()} == {"llama": (3, 2)}


async def test_a_record_says_what_the_label_was_and_who_was_closed_by_what() -> None:
    """With codes and names; the tags that raised the level are told."""
    async with routing(clinic(tags={"slow": "public"})) as router:
        await router.route("hello", tags={"phi", "slow"}, id="ticket-7", tenant="acme", subject="jane")

        (record,) = records(router)

    told = record.facts
    assert told is not None
    assert (told.label.level, told.label.kinds) == (Level.RESTRICTED, frozenset({"phi", "slow"}))
    assert (told.raised, told.tags, told.rule) == (("tag:phi",), frozenset({"phi", "slow"}), "default")
    assert (told.admitted, told.closed) == (("llama",), (("frontier", "clearance"),))
    (call,) = told.contacts
    assert (call.backend, call.purpose, call.error, call.planned) == ("llama", "answer", None, True)
    assert call.destination is not None
    assert (call.destination.clearance, call.destination.local) == (Level.RESTRICTED, True)
    assert None not in (record.names.tenant, record.names.subject)


@pytest.mark.parametrize("streamed", [False, True])
async def test_nothing_of_the_content_and_nobodys_name_is_in_a_record(streamed: bool) -> None:
    """No prompt, no answer, no tenant, subject or request of the caller's in clear."""
    async with routing(clinic("the answer is swordfish")) as router:
        fields: Any = {"id": "ticket-of-jane", "tenant": "acme-tenant", "subject": "jane@doe.example"}
        if streamed:
            async for _ in router.stream(SECRET, **fields):
                pass
        else:
            await router.route(SECRET, **fields)

        (_, text) = list(proofs(router).view().records())[-1]

    assert json.loads(text)["status"] == "answered"
    for clear in ("swordfish", "Jane", "jane", "doe", "acme", "ticket"):
        assert clear not in text


async def test_nobody_but_the_trail_is_told_the_subject() -> None:
    """No backend sees it, and it is in no entry and no `repr`."""
    async with routing(clinic()) as router:
        reply = await router.route("hello", subject="jane@doe.example")

        (entry,) = await router.ledger.entries()
        (llama,) = router.replicas("llama")
        assert isinstance(llama, Mock)
        (seen,) = llama.seen
        theirs = await prove(router, parties=(Party(whose="subject", name="jane@doe.example"),))
    assert seen.subject is None
    assert "jane" not in f"{entry}{reply}{seen}"
    assert theirs.requests == 1


async def test_the_request_of_a_comparison_is_recorded_with_its_call() -> None:
    """Also after the reply nothing is called without a record."""
    under = clinic(holdout={"backend": "frontier", "share": 1})
    async with routing(under, chance=lambda: 0.0) as router:
        await router.route("hello", pin="llama", subject="jane")
        ledger = proofs(router)
    proof = await ledger.trail.prove(Question(parties=(Party(whose="subject", name="jane"),)))

    assert (proof.requests, proof.comparisons, proof.is_proved) == (1, 1, True)
    assert {host.backend: dict(seen.purposes) for host, seen in proof.hosts.items()} == {
        "llama": {"answer": 1},
        "frontier": {"holdout": 1},
    }


async def test_opinions_are_calls_too() -> None:
    """Who was asked about an answer saw it."""
    rule = {"name": "default", "use": ["llama", "frontier"], "accept": {"judge": "agreement", "samples": 1}}
    dear = mock("fine", clearance="internal", local=False, price={"input": 1_000, "output": 1_000})
    async with routing(policy({"llama": mock("fine"), "frontier": dear}, rule)) as router:
        await router.route("hello")

        (seen,) = (await prove(router)).hosts.values()

    assert dict(seen.purposes) == {"answer": 1, "sample": 1}


async def test_the_clearance_of_a_record_is_that_of_its_time(tmp_path: Path) -> None:
    """A policy that is changed later changes no record."""
    text = "version: 1\nbackends: {{a: {{kind: mock, model: m, local: true, clearance: {}, answers: [hi]}}}}\n"
    text += "ledger: memory\nrules: [{{name: all, use: [a]}}]\n"
    file = tmp_path / "policy.yaml"
    file.write_text(text.format("restricted"))
    async with routing(str(file)) as router:  # type: ignore[arg-type]
        await router.route("hello", tags={"phi"})
        file.write_text(text.format("internal"))
        await router.refresh()
        await router.route("hello")

        proof = await prove(router)

    assert {host.clearance for host in proof.hosts} == {Level.RESTRICTED, Level.INTERNAL}
    assert proof.is_proved


async def test_what_raised_a_level_is_told_by_name() -> None:
    """Tags, kinds that were found, and unread parts; what asks for no more than the default is left out."""
    picture = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    async with routing(clinic()) as router:
        await router.route("write to jane@doe.example", tags={"internal", "nowhere-declared"})
        await router.route([{"role": "user", "content": [picture]}])

        found, unread = (record.facts.raised for record in records(router) if record.facts)

    assert found == ("tag:nowhere-declared", "detector:pii")
    assert unread == ("unread:unread",)


def test_a_detector_that_failed_is_told_by_its_name() -> None:
    """What it would have found counts as found."""
    read = assessment(
        level=Level.RESTRICTED,
        failed_detectors=("patterns",),
        sources=(Source(by="detector", label=UNKNOWN, reason="it failed"),),
    )

    assert settled(read=read).evidence.facts.raised == ("failed:patterns",)


def test_calls_that_failed_are_told_with_their_code() -> None:
    """Their host may have seen the request."""
    failed, answered = attempt("llama", error=fault(BackendTimeoutError)), attempt("frontier", replica="api:443")

    told = settled(failed, answered).evidence.facts

    assert [(call.backend, call.host, call.error) for call in told.contacts] == [
        ("llama", "host:1", "timeout"),
        ("frontier", "api:443", None),
    ]
    assert [call.destination and call.destination.local for call in told.contacts] == [True, False]
    assert POLICY.backends["frontier"].clearance == Level.INTERNAL


def test_a_call_outside_the_plan_is_told_as_one() -> None:
    """It should be impossible; the trail does not take it on trust."""
    told = settled(attempt("frontier"), read=assessment(level=Level.RESTRICTED, tags=frozenset({"phi"}))).evidence.facts

    assert [call.planned for call in told.contacts] == [False]


class Plain:
    """A third party's ledger, which keeps no trail."""

    place = "plain"

    def __init__(self) -> None:
        self.entries_seen: list[LedgerEntry] = []
        self.holdouts_seen: list[HoldoutRecord] = []

    async def record(self, entry: LedgerEntry) -> None:
        self.entries_seen.append(entry)

    async def feedback(self, feedback: Feedback, *, most_a_day: int | None = None) -> FeedbackFate:
        return "kept"

    async def holdout(self, record: HoldoutRecord) -> bool:
        self.holdouts_seen.append(record)
        return True

    async def holdouts(
        self, *, since: datetime | None = None, until: datetime | None = None
    ) -> Sequence[HoldoutRecord]:
        return self.holdouts_seen

    async def entries(
        self, *, since: datetime | None = None, until: datetime | None = None, limit: int | None = None
    ) -> Sequence[LedgerEntry]:
        return self.entries_seen


async def test_a_ledger_without_a_trail_goes_on_as_before() -> None:
    """It is given entries and comparisons alone."""
    ledger = Plain()
    under = clinic(holdout={"backend": "frontier", "share": 1})
    async with Router.from_policy(under, ledger=ledger, chance=lambda: 0.0) as router:
        await router.route("hello", pin="llama", subject="jane")

    assert (len(ledger.entries_seen), len(ledger.holdouts_seen)) == (1, 1)
    assert "jane" not in f"{ledger.entries_seen}{ledger.holdouts_seen}"


async def test_a_file_on_the_disk_tells_the_same(tmp_path: Path) -> None:
    """What is recorded in memory is recorded in a file."""
    under = clinic(ledger={"kind": "sqlite", "path": str(tmp_path / "ledger.db")})
    async with Router.from_policy(under) as router:
        await router.route("hello", tags={"phi"}, subject="jane")
    with viewing(tmp_path / "ledger.db") as view:
        _, text = list(view.records())[-1]

    told = read(text).facts
    assert told is not None
    assert [call.backend for call in told.contacts] == ["llama"]


async def test_what_a_backend_saw_redacted_is_recorded_as_what_it_saw() -> None:
    """Its label is that of the placeholders; a local backend saw all."""
    backends = {"frontier": mock({"error": "unavailable"}, clearance="internal", local=False), "llama": mock("fine")}
    under = policy(backends, tags={"pii": {"level": "confidential", "redact_to": "internal"}})
    async with routing(under) as router:
        await router.route("write to jane@doe.example")

        (record,), proof = records(router), await prove(router)

    assert record.facts is not None
    assert record.facts.label.level == Level.CONFIDENTIAL
    assert [call.sent and call.sent.level for call in record.facts.contacts] == [Level.INTERNAL, None]
    assert (proof.is_proved, [seen.redacted for seen in proof.hosts.values()]) == (True, [1, 0])


def test_who_was_cleared_for_placeholders_and_saw_all_is_a_violation() -> None:
    """The attempt says what was sent, and not the clearance."""
    read = assessment(level=Level.CONFIDENTIAL)
    read = replace(read, redaction=Redaction(label=Label(level=Level.INTERNAL), counts={"EMAIL_ADDRESS": 1}))

    seen, unsent = attempt("frontier"), attempt("frontier", unsent=True, error=fault(BackendTimeoutError))
    facts = settled(seen, unsent, read=read).evidence.facts

    assert [judged(facts, call) for call in facts.contacts] == ["clearance", None]
