"""What the trail of every kind of ledger promises; a new kind that keeps one is tested without an edit here."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta, timezone
from typing import Any

import pytest
from support.entries import NOON, attempt_record, ledger_entry
from support.ledgers import options_for
from support.trails import FOREIGN, booked, contact, evidence, facts

from gateway import plugins
from gateway.audit.evidence import Erasure, Party
from gateway.audit.proof import Question
from gateway.entries import HoldoutRecord
from gateway.interfaces import AuditedLedger

PHI = Question(tags=frozenset({"phi"}))


@pytest.fixture(params=plugins.kinds("ledgers"))
async def ledger(request: pytest.FixtureRequest) -> AsyncIterator[AuditedLedger]:
    """An empty ledger of each kind that keeps a trail."""
    module = plugins.load("ledgers", request.param)
    async with module.build(module.Options.model_validate(options_for(request.param, request))) as part:
        assert isinstance(part, AuditedLedger)
        yield part


async def record(ledger: AuditedLedger, entry_id: str, **fields: Any) -> None:
    """Put a request of label phi on the books."""
    told = evidence(**fields)
    await ledger.record(booked(entry_id, told), told)


async def test_each_entry_has_its_record(ledger: AuditedLedger) -> None:
    """A hundred requests that end together make one chain, and a refused one is in it."""
    await asyncio.gather(*(record(ledger, f"{number}") for number in range(100)))
    refused = replace(evidence(), facts=facts()._replace(contacts=()))
    await ledger.record(booked("refused", refused, status="refused"), refused)

    proof = await ledger.trail.prove(PHI)

    assert (proof.is_proved, proof.requests, proof.records) == (True, 101, 102)
    assert proof.statuses == {"answered": 100, "refused": 1}
    assert proof.head == await ledger.trail.head()
    assert proof.head.count == 102


async def test_the_same_entry_twice_has_one_record(ledger: AuditedLedger) -> None:
    """What is told again changes nothing."""
    await record(ledger, "same")
    await record(ledger, "same", contacts=(contact(FOREIGN),))

    proof = await ledger.trail.prove()

    assert (proof.is_proved, proof.requests) == (True, 1)


async def test_a_violation_is_found(ledger: AuditedLedger) -> None:
    """Would it happen, it would be seen."""
    await record(ledger, "leak", contacts=(contact(FOREIGN),))

    proof = await ledger.trail.prove(PHI)

    assert [violation.entry for violation in proof.violations] == ["leak"]


async def test_an_entry_without_evidence_has_a_record_that_proves_nothing(ledger: AuditedLedger) -> None:
    """Whoever writes to the books by himself is in the trail too."""
    await ledger.record(ledger_entry("bare"))

    proof = await ledger.trail.prove()

    assert (proof.is_whole, proof.requests, proof.unknown, proof.is_proved) == (True, 1, 1, False)


async def test_a_head_that_was_noted_holds_later(ledger: AuditedLedger) -> None:
    """The trail only grows."""
    await record(ledger, "before")
    noted = await ledger.trail.head()
    await record(ledger, "after")

    assert (await ledger.trail.prove(anchor=noted)).is_whole
    assert not (await ledger.trail.prove(anchor=replace(noted, hash="0" * 64))).is_whole


def comparison(entry_id: str) -> HoldoutRecord:
    """Return a comparison that was made after the reply."""
    return HoldoutRecord(entry_id=entry_id, attempt=attempt_record(purpose="holdout"), at=NOON)


async def test_comparisons_are_in_the_trail_kept_or_not(ledger: AuditedLedger) -> None:
    """Their calls were made; one without an entry to stand beside is recorded all the same."""
    await record(ledger, "entry")
    told = evidence(contact(purpose="holdout"))

    kept = [await ledger.holdout(comparison(entry_id), told) for entry_id in ("entry", "entry", "none")]

    proof = await ledger.trail.prove(PHI)
    assert kept == [True, False, False]
    assert (proof.requests, proof.comparisons, proof.is_proved) == (1, 3, True)


@pytest.mark.parametrize("whose", ["tenant", "subject"])
async def test_somebodys_records_are_found_until_he_is_erased(ledger: AuditedLedger, whose: Any) -> None:
    """After that nothing leads to them, and the chain is whole."""
    party = Party(whose=whose, name="jane")
    await record(ledger, "first", **{whose: "jane"})
    await record(ledger, "second", **{whose: "jane"})
    await record(ledger, "other", **{whose: "john"})
    hers = Question(parties=(party,))
    before = await ledger.trail.prove(hers)

    erased = await ledger.trail.erase(party)

    after = await ledger.trail.prove(hers)
    assert (before.requests, before.unknown_parties) == (2, 0)
    assert erased == Erasure(known=True, records=2, wiped=True)
    assert (after.requests, after.unknown_parties, after.erasures, after.is_whole) == (0, 1, 1, True)
    assert not after.is_proved
    assert (await ledger.trail.prove(PHI)).requests == 3
    assert await ledger.trail.erase(party) == Erasure(known=False, records=0, wiped=True)


async def test_an_erasure_takes_from_the_books_what_leads_to_somebody(ledger: AuditedLedger) -> None:
    """His tenant's name, what the caller called the requests, and vectors of them; not what they cost."""
    told, others = evidence(tenant="jane"), evidence(tenant="john")
    entry = booked("hers", told, request_id="ticket-7", features=b"vector", classifier="model-7")
    await ledger.record(entry, told)
    await ledger.record(booked("other", others, request_id="ticket-8"), others)

    await ledger.trail.erase(Party(whose="tenant", name="jane"))

    hers, other = await ledger.entries()
    assert (hers.request_id, hers.features, hers.classifier) == (None, None, None)
    assert hers.tenant is not None
    assert "jane" not in hers.tenant
    assert (hers.cost, hers.level, hers.attempts) == (entry.cost, entry.level, entry.attempts)
    assert (other.tenant, other.request_id) == ("john", "ticket-8")


async def test_an_erased_subject_leaves_the_tenant(ledger: AuditedLedger) -> None:
    """Whose customer she was stays on the books."""
    told = evidence(tenant="acme", subject="jane")
    await ledger.record(booked("hers", told, request_id="ticket-7"), told)

    await ledger.trail.erase(Party(whose="subject", name="jane"))

    (entry,) = await ledger.entries()
    assert (entry.tenant, entry.request_id) == ("acme", None)
    acme = Question(parties=(Party(whose="tenant", name="acme"),))
    assert (await ledger.trail.prove(acme)).requests == 1


async def test_who_comes_back_after_an_erasure_is_somebody_new(ledger: AuditedLedger) -> None:
    """The new records do not lead to the old ones."""
    party = Party(whose="subject", name="jane")
    await record(ledger, "old", subject="jane")
    await ledger.trail.erase(party)

    await record(ledger, "new", subject="jane")

    assert (await ledger.trail.prove(Question(parties=(party,)))).requests == 1


async def test_a_tenant_and_a_subject_of_one_name_are_two(ledger: AuditedLedger) -> None:
    """Erasing the one leaves the other."""
    await record(ledger, "both", tenant="jane", subject="jane")

    await ledger.trail.erase(Party(whose="subject", name="jane"))

    tenant = Question(parties=(Party(whose="tenant", name="jane"),))
    assert (await ledger.trail.prove(tenant)).requests == 1


async def test_names_that_no_utf8_can_say_are_kept_apart(ledger: AuditedLedger) -> None:
    """JSON can carry half a surrogate pair."""
    for name in ("\ud800", "\udfff"):
        await record(ledger, f"entry-{name!a}", subject=name, tenant=name, tags=frozenset({name}))

    proof = await ledger.trail.prove(Question(parties=(Party(whose="subject", name="\ud800"),)))

    assert (proof.requests, proof.is_proved) == (1, True)


async def test_times_of_other_zones_are_the_same_moment(ledger: AuditedLedger) -> None:
    """A question in UTC is about entries of Berlin, too."""
    told = evidence()
    berlin = NOON.astimezone(timezone(timedelta(hours=1)))
    await ledger.record(booked("berlin", told, at=berlin), told)

    assert (await ledger.trail.prove(Question(since=NOON, until=NOON + timedelta(seconds=1)))).requests == 1
