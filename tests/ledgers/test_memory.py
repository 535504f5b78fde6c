"""The ledger in memory has an end."""

from support.entries import NOON, attempt_record, ledger_entry
from support.trails import booked, evidence

from gateway.audit.evidence import Erasure, Party
from gateway.entries import Feedback, HoldoutRecord
from gateway.ledgers import memory


async def test_the_oldest_entry_makes_room_and_is_counted() -> None:
    """A full ledger forgets, and says how much it forgot."""
    async with memory.build(memory.Options(capacity=2)) as ledger:
        for name in "abc":
            await ledger.record(ledger_entry(name))

        kept = [entry.id for entry in await ledger.entries()]

    assert (kept, ledger.dropped) == (["b", "c"], 1)


async def test_a_dropped_entry_takes_its_feedback_with_it() -> None:
    """Judgements about forgotten entries do not pile up."""
    async with memory.build(memory.Options(capacity=1)) as ledger:
        await ledger.record(ledger_entry("a"))
        await ledger.feedback(Feedback(entry_id="a", score=1.0, source="caller", at=NOON, tenant="acme"))
        await ledger.holdout(HoldoutRecord(entry_id="a", attempt=attempt_record(), at=NOON))
        assert (len(await ledger.judgements()), len(await ledger.holdouts())) == (1, 1)

        await ledger.record(ledger_entry("b"))

        assert (len(await ledger.judgements()), len(await ledger.holdouts())) == (0, 0)


async def test_no_more_tenants_are_counted_than_entries_are_kept() -> None:
    """A ledger that forgets entries does not remember every tenant that there ever was."""
    async with memory.build(memory.Options(capacity=2)) as ledger:
        for number in range(5):
            await ledger.record(ledger_entry(f"{number}", tenant=f"{number}"))
            said = Feedback(entry_id=f"{number}", score=1.0, source="caller", at=NOON, tenant=f"{number}")
            assert await ledger.feedback(said, most_a_day=1) == "kept"

        assert len(ledger._given) == 2


async def test_recording_an_entry_again_drops_nobody() -> None:
    """A repeated id takes no place of its own."""
    async with memory.build(memory.Options(capacity=1)) as ledger:
        for _ in range(2):
            await ledger.record(ledger_entry("a"))

    assert ledger.dropped == 0


async def test_a_dropped_entry_takes_its_record_with_it() -> None:
    """The chain begins later, and is whole from there; comparisons of what is gone do not break it."""
    async with memory.build(memory.Options(capacity=2)) as ledger:
        for name in "abcd":
            told = evidence(subject="jane")
            await ledger.record(booked(name, told), told)
            await ledger.holdout(HoldoutRecord(entry_id="a", attempt=attempt_record(), at=NOON), told)

        proof = await ledger.trail.prove()
        erased = await ledger.trail.erase(Party(whose="subject", name="jane"))

    assert (proof.is_proved, proof.requests, proof.dropped, proof.begun) == (True, 2, 4, None)
    assert erased == Erasure(known=True, records=2, wiped=True)


async def test_an_erased_tenant_is_gone_from_what_was_said_of_his_answers() -> None:
    """Judgements stay, and are nobody's."""
    async with memory.build(memory.Options(capacity=2)) as ledger:
        await ledger.record(ledger_entry("a"))
        await ledger.feedback(Feedback(entry_id="a", score=1.0, source="caller", at=NOON, tenant="acme"))

        await ledger.trail.erase(Party(whose="tenant", name="acme"))

        (said,) = await ledger.judgements()
    assert said.score == 1.0
    assert "acme" not in str(said.tenant)
