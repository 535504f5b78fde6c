"""A batch of a SQLite ledger leaves what its writes would have left one by one."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from support.entries import NOON, attempt_record, ledger_entry

from gateway.audit.evidence import Evidence, evidence_of
from gateway.entries import Feedback, HoldoutRecord, LedgerEntry
from gateway.ledgers import sqlite
from gateway.ledgers.sqlite import SqliteLedger, read_calls, read_durations, read_entries, read_hours, read_proof
from gateway.types import Usage

Write = tuple[LedgerEntry, Evidence | None]


def writes(count: int) -> list[Write]:
    """Return requests with none to three calls each, half of them with evidence."""
    usage = Usage(prompt_tokens=None, completion_tokens=7)
    calls = (attempt_record(error="timeout", score=None), attempt_record(usage=usage), attempt_record(purpose="judge"))
    made: list[Write] = []
    for n in range(count):
        fields = {"attempts": calls[: n % 4], "duration_s": 0.1 * n, "team": ("sales", None)[n % 2]}
        entry = ledger_entry(f"e{n}", tenant=f"tenant {n % 3}", **fields)
        made.append((entry, replace(evidence_of(entry), subject=f"subject {n % 5}") if n % 2 else None))
    return made


async def one_by_one(ledger: SqliteLedger, given: Sequence[Write]) -> None:
    for entry, told in given:
        await ledger.record(entry, told)


async def at_once(ledger: SqliteLedger, given: Sequence[Write]) -> None:
    await asyncio.gather(*(ledger.record(entry, told) for entry, told in given))


async def written(
    path: Path, record: Callable[[SqliteLedger, Sequence[Write]], Awaitable[None]], given: Sequence[Write]
) -> dict[str, object]:
    """Return what a file holds after it was written in a way."""
    async with sqlite.build(sqlite.Options(path=str(path))) as ledger:
        await record(ledger, given)
    proof = read_proof(path)
    return {
        "entries": list(read_entries(path)),
        "hours": list(read_hours(path, step="hour")),
        "calls": list(read_calls(path, step="hour")),
        "durations": list(read_durations(path, step="hour")),
        "proof": (proof.is_whole, proof.requests, proof.is_proved),
    }


@pytest.mark.parametrize("count", [2, 63, 64, 65, 200])
async def test_a_batch_leaves_what_its_requests_leave_one_by_one(tmp_path: Path, count: int) -> None:
    """The rows, the sums and a whole trail, however many there are."""
    given = writes(count)

    together = await written(tmp_path / "together.db", at_once, given)

    assert together == await written(tmp_path / "alone.db", one_by_one, given)
    assert together["proof"] == (True, count, False)


@pytest.mark.parametrize(
    "strange",
    [
        [ledger_entry("e3", task="again")],
        [ledger_entry("twice"), ledger_entry("twice", task="again")],
        [ledger_entry("half \ud800", tags=("\udfff",))],
        [replace(ledger_entry("call"), attempts=(attempt_record(model="\ud800"),))],
    ],
    ids=["there already", "twice", "no unicode", "no unicode in a call"],
)
async def test_a_batch_with_a_strange_one_is_written_all_the_same(tmp_path: Path, strange: list[LedgerEntry]) -> None:
    """An id that is there already, or a name that no UTF-8 can say, costs time and nothing else."""
    given: list[Write] = [*writes(5), *((entry, None) for entry in strange), (ledger_entry("last"), None)]

    together = await written(tmp_path / "together.db", at_once, given)

    assert together == await written(tmp_path / "alone.db", one_by_one, given)


async def test_a_batch_keeps_its_order(tmp_path: Path) -> None:
    """What is said of an answer finds it, where both come at once."""
    record = HoldoutRecord(entry_id="a", attempt=attempt_record(purpose="holdout"), at=NOON)
    said = Feedback(entry_id="b", score=1.0, source="caller", at=NOON, tenant="acme")
    early = replace(said, entry_id="c")

    async with sqlite.build(sqlite.Options(path=str(tmp_path / "ledger.db"))) as ledger:
        _, _, compared, judged, too_early, _ = await asyncio.gather(
            ledger.record(ledger_entry("a")),
            ledger.record(ledger_entry("b")),
            ledger.holdout(record),
            ledger.feedback(said),
            ledger.feedback(early),
            ledger.record(ledger_entry("c")),
        )

    assert (compared, judged, too_early) == (True, "kept", "unknown")
