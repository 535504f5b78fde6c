"""A ledger that is down or full costs no entry: what it did not take is kept beside it, and written later, once."""

import asyncio
import logging
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.entries import NOON, attempt_record, ledger_entry
from support.spools import NOTES, Lock, Naps, connection, ids, kept, place_of, replayed, text, write_notes
from support.unmeasured import unmeasured

import gateway
from gateway.audit.evidence import Party, evidence_of
from gateway.entries import Feedback, HoldoutRecord
from gateway.errors import ConfigurationError, LedgerError, UnbookableError, UnfitLedgerError
from gateway.interfaces import AuditedLedger, Guarded, Lagging, Ledger
from gateway.ledgers import sqlite
from gateway.ledgers.sqlite import read_holdouts, read_hours, read_proof
from gateway.replaying import waiting, write_some
from gateway.spool import Spool, Spooled, spools
from gateway.spooling import LONGEST_PAUSE_S, SpooledLedger, Spooling, spooled
from gateway.types import Money

TESTS = Path(__file__).parent
ONE = ledger_entry("one")
COMPARED = HoldoutRecord(entry_id="one", attempt=attempt_record(purpose="holdout"), at=NOON)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "books" / "ledger.db"


async def begun(path: Path) -> None:
    """Make a ledger."""
    async with sqlite.build(sqlite.Options(path=str(path))):
        pass


def left_behind(path: Path, *kept: Spooled) -> Path:
    """Leave a spool as a process does that was killed."""
    spool = Spool.make(place_of(path), most=1 << 20)
    for one in kept:
        spool.append(one)
    spool.close()
    return spool.path


async def test_it_is_a_ledger_with_a_trail(path: Path) -> None:
    """The router sees no difference."""
    async with kept(path) as ledger:
        sockets = [isinstance(ledger, socket) for socket in (Ledger, AuditedLedger, Lagging, Guarded)]
        await ledger.record(ONE, evidence_of(ONE))
        await ledger.holdout(COMPARED, evidence_of(ONE))
        said = await ledger.feedback(Feedback(entry_id="one", score=1.0, source="caller", at=NOON, tenant="acme"))
        entries, compared = await ledger.entries(), await ledger.holdouts()
        proof = await ledger.trail.prove()
        head = await ledger.trail.head()
        state = ledger.state

    assert sockets == [True] * 4
    assert (list(entries), list(compared), said, ledger.place) == ([ONE], [COMPARED], "kept", str(path))
    assert (proof.is_whole, head) == (True, proof.head)
    assert (state.problem, state.spooled, state.lag_s) == (None, 0, 0.0)
    assert spools(place_of(path)) == []


def locked(_: SpooledLedger, path: Path) -> Callable[[], None]:
    return Lock(path).release


def full(ledger: SpooledLedger, _: Path) -> Callable[[], None]:
    return told(ledger, "max_page_count = 1", "max_page_count = 1000000")


def read_only(ledger: SpooledLedger, _: Path) -> Callable[[], None]:
    return told(ledger, "query_only = ON", "query_only = OFF")


def told(ledger: SpooledLedger, harmful: str, harmless: str) -> Callable[[], None]:
    """Tell the open file to fail; return how it is told to work again."""
    connection(ledger).execute(f"PRAGMA {harmful}")

    def mend() -> None:
        connection(ledger).execute(f"PRAGMA {harmless}")

    return mend


@pytest.mark.parametrize("fault", [locked, full, read_only])
async def test_what_the_ledger_does_not_take_is_spooled_and_written_when_it_works_again(
    path: Path, caplog: pytest.LogCaptureFixture, fault: Callable[[SpooledLedger, Path], Callable[[], None]]
) -> None:
    """Nobody is told of the fault but those who look after it, and the books are whole afterwards."""
    naps, big = Naps(), ledger_entry("big", policy_version="x" * 50_000)
    async with kept(path, sleep=naps.sleep) as ledger:
        await ledger.record(ledger_entry("before"))
        mend = fault(ledger, path)
        with caplog.at_level(logging.WARNING, logger="gateway"):
            await asyncio.gather(ledger.record(big, evidence_of(big)), ledger.record(ledger_entry("0")))
            await asyncio.gather(*(ledger.record(ledger_entry(f"{n}")) for n in range(1, 9)))
            down = ledger.state
            mend()
            naps.end()
            await replayed(ledger)
        up = ledger.state
        await ledger.record(ledger_entry("after"))

    assert (down.spooled, down.waiting, down.replayed, down.lost) == (10, 10, 0, 0)
    assert down.problem is not None
    assert down.lag_s > 0
    assert (up.problem, up.spooled, up.waiting, up.replayed, up.lag_s) == (None, 10, 0, 10, 0.0)
    assert sorted(ids(path)) == sorted(["before", "big", "after", *map(str, range(9))])
    assert (read_proof(path).is_whole, sum(hour.sums.requests for hour in read_hours(path))) == (True, 12)
    assert caplog.text.count("entries are spooled until it works again") == 1
    assert caplog.text.count("works again; ") == 1
    assert spools(place_of(path)) == []


async def test_a_ledger_that_stays_down_is_tried_more_and_more_seldom(path: Path) -> None:
    """It is not asked by every request, and never given up."""
    slept: list[float] = []

    async def sleep(pause_s: float) -> None:
        slept.append(pause_s)
        if len(slept) == 9:
            lock.release()

    await begun(path)
    async with kept(path, sleep=sleep) as ledger:
        lock = Lock(path)
        await ledger.record(ONE)
        await replayed(ledger)

    assert slept == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, LONGEST_PAUSE_S, LONGEST_PAUSE_S, LONGEST_PAUSE_S]
    assert ids(path) == ["one"]


async def test_what_waits_at_the_end_is_written_at_the_next_start(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The lines stay in their file, which the next process takes over."""
    await begun(path)
    lock = Lock(path)
    async with kept(path, sleep=Naps().sleep) as ledger:
        await ledger.record(ONE)
    (left,) = spools(place_of(path))
    lock.release()

    async with kept(path) as ledger:
        await replayed(ledger)
        state = ledger.state

    assert "1 entries wait in" in caplog.text
    assert (state.replayed, state.waiting, state.spooled) == (1, 0, 0)
    assert (ids(path), left.exists()) == (["one"], False)


async def test_what_is_on_the_books_already_is_kept_once(path: Path) -> None:
    """A process may have died between writing to the ledger and noting it in the spool."""
    told = evidence_of(ONE)
    async with sqlite.build(sqlite.Options(path=str(path))) as ledger:
        await ledger.record(ONE, told)
        await ledger.holdout(COMPARED, told)
    left_behind(path, Spooled(ONE, told), Spooled(COMPARED, told), Spooled(ledger_entry("two"), told))

    async with kept(path) as again:
        await replayed(again)

    proof = read_proof(path)
    assert (ids(path), list(read_holdouts(path))) == (["one", "two"], [COMPARED])
    # The beginning, two requests, one comparison.
    assert (proof.is_whole, proof.records) == (True, 4)


async def test_a_comparison_waits_like_an_entry_and_after_it(path: Path) -> None:
    """It is about an entry that may wait as well."""
    naps = Naps()
    async with kept(path, sleep=naps.sleep) as ledger:
        lock = Lock(path)
        await ledger.record(ONE, evidence_of(ONE))
        with pytest.raises(LedgerError):
            await ledger.opened().holdout(COMPARED)
        kept_first = await ledger.holdout(COMPARED, evidence_of(ONE))
        lock.release()
        naps.end()
        await replayed(ledger)
        lock = Lock(path)
        kept_second = await ledger.holdout(replace(COMPARED, entry_id="unknown"), None)
        lock.release()
        await replayed(ledger)

    assert (kept_first, kept_second) == (True, True)
    assert list(read_holdouts(path)) == [COMPARED]
    assert read_proof(path).is_whole


async def test_feedback_is_not_spooled(path: Path) -> None:
    """It asks about an entry, and nobody can say now whether there is one."""
    async with kept(path, sleep=Naps().sleep) as ledger:
        await ledger.record(ONE)
        lock = Lock(path)
        with pytest.raises(LedgerError, match="locked"):
            await ledger.feedback(Feedback(entry_id="one", score=1.0, source="caller", at=NOON, tenant="acme"))
        state = ledger.state
        lock.release()

    assert state.spooled == 0


async def test_a_required_ledger_that_is_down_is_an_error_and_admits_nobody(path: Path) -> None:
    """The entry of the call that was made is spooled all the same; when it is written, requests are admitted again."""
    naps = Naps()
    async with kept(path, required=True, sleep=naps.sleep) as ledger:
        ledger.admit()
        lock = Lock(path)
        with pytest.raises(LedgerError, match="locked"):
            await ledger.record(ONE)
        with pytest.raises(LedgerError, match="nobody was asked: the policy requires the ledger"):
            ledger.admit()
        with pytest.raises(LedgerError, match="locked"):
            await ledger.record(ledger_entry("two"))
        lock.release()
        naps.end()
        await replayed(ledger)
        ledger.admit()

    assert ids(path) == ["one", "two"]


async def test_a_ledger_that_is_not_required_admits_everybody(path: Path) -> None:
    """That is what the spool is for."""
    async with kept(path, sleep=Naps().sleep) as ledger:
        lock = Lock(path)
        await ledger.record(ONE)
        ledger.admit()
        lock.release()

    assert spools(place_of(path)) != []


async def test_what_can_never_be_kept_is_an_error_at_once(path: Path) -> None:
    """Waiting would not help it, and the ledger is not down for it."""
    async with kept(path) as ledger:
        with pytest.raises(UnbookableError):
            await ledger.record(ledger_entry("impossible", cost=Money(2**63)))
        state = ledger.state

    assert (state.problem, state.spooled) == (None, 0)


async def test_a_file_of_somebody_else_is_an_error_at_once(path: Path) -> None:
    """A person must look: what stands in the ledger's place, or who touched the trail, does not pass by itself."""
    async with kept(path) as ledger:
        write_notes(path)
        with pytest.raises(UnfitLedgerError, match="not a database"):
            await ledger.record(ONE)
        state = ledger.state

    assert (state.problem, state.spooled) == (None, 0)


async def test_a_line_that_cannot_be_booked_is_set_aside_and_costs_no_other(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Altered lines and impossible amounts are kept for people, with a word in the log."""
    impossible, last = ledger_entry("impossible", cost=Money(2**63)), ledger_entry("last")
    left = left_behind(path, Spooled(ONE, None), Spooled(impossible, None), Spooled(last, None))
    content = left.read_bytes()
    left.write_bytes(content.replace(b'"one"', b'"two"'))

    async with kept(path) as ledger:
        await replayed(ledger)
        state = ledger.state

    aside = path.with_name("ledger.db.spool-unreadable").read_text().splitlines()
    assert ids(path) == ["last"]
    assert (state.replayed, state.set_aside, state.waiting, state.lost) == (1, 2, 0, 0)
    assert ['"two"' in aside[0], '"impossible"' in aside[1], len(aside)] == [True, True, 2]
    assert "line 1 of" in caplog.text
    assert "it was altered or cut off" in caplog.text
    assert "too large" in caplog.text


async def test_where_nothing_can_be_set_aside_the_lines_wait_on(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is thrown away."""
    left = left_behind(path, Spooled(ONE, None))
    left.write_bytes(left.read_bytes().replace(b'"one"', b'"two"'))
    aside = path.with_name("ledger.db.spool-unreadable")
    aside.mkdir()
    naps = Naps()

    async with kept(path, sleep=naps.sleep) as ledger:
        await naps.begun()
        state = ledger.state
        aside.rmdir()
        naps.end()
        await replayed(ledger)

    assert (state.waiting, state.problem) == (1, None)
    assert "what waits in the spool could not be written" in caplog.text
    assert '"two"' in aside.read_text()


async def test_a_full_spool_is_an_alarm_and_the_reply_is_given(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The loss is counted and said, entry by entry."""
    async with kept(path, most_bytes=4000, sleep=Naps().sleep) as ledger:
        lock = Lock(path)
        for n in range(4):
            await ledger.record(ledger_entry(f"entry-{n}"))
        await ledger.holdout(COMPARED)
        state = ledger.state
        lock.release()

    assert (state.spooled + state.lost, state.waiting) == (5, state.spooled)
    assert state.lost >= 2
    assert "entry-3 is LOST: neither the ledger nor the spool took it" in caplog.text
    assert "the comparison of one is LOST" in caplog.text
    assert "see ledger.spool.most_mb in the policy" in caplog.text


async def test_a_spool_that_was_removed_is_made_anew(path: Path) -> None:
    """What stood in it is still written, as long as this process lives."""
    naps = Naps()
    async with kept(path, sleep=naps.sleep) as ledger:
        lock = Lock(path)
        await ledger.record(ONE)
        spools(place_of(path))[0].unlink()
        await ledger.record(ledger_entry("two"))
        state = ledger.state
        lock.release()
        naps.end()
        await replayed(ledger)

    assert (state.waiting, state.spooled) == (2, 2)
    assert ids(path) == ["one", "two"]


async def test_a_callers_end_costs_no_entry(path: Path) -> None:
    """Who is cancelled while his entry is written leaves it on the books once, whether the ledger works or not."""
    async with kept(path) as ledger:
        for entry in (ONE, ledger_entry("two")):
            lock = Lock(path) if entry.id == "two" else None
            writing = asyncio.create_task(ledger.record(entry))
            comparing = asyncio.create_task(ledger.holdout(replace(COMPARED, entry_id=entry.id), evidence_of(entry)))
            await asyncio.sleep(0)
            writing.cancel()
            comparing.cancel()
            await asyncio.wait([writing, comparing])
            if lock is not None:
                lock.release()
            await replayed(ledger)

    assert ids(path) == ["one", "two"]
    assert [record.entry_id for record in read_holdouts(path)] == ["one", "two"]
    assert read_proof(path).is_whole


async def test_who_is_cancelled_at_the_end_is_left_to_the_writer(path: Path) -> None:
    """The ledger writes what waits before it closes."""
    async with kept(path) as ledger:
        writing = asyncio.create_task(ledger.record(ONE))
        await asyncio.sleep(0)
        ledger._is_open = False
        writing.cancel()
        await asyncio.wait([writing])

    assert ids(path) == ["one"]


async def test_a_ledger_that_cannot_be_opened_is_opened_later(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The service starts on its spool, with a warning; what only the ledger can do is an error until then."""
    await begun(path)
    async with sqlite.build(sqlite.Options(path=str(path))):
        pass
    naps = Naps()
    lock = await old(path)
    async with kept(path, sleep=naps.sleep) as ledger:
        place = ledger.place
        await ledger.record(ONE)
        with pytest.raises(LedgerError, match="locked"):
            await ledger.entries()
        with pytest.raises(LedgerError, match="locked"):
            await ledger.trail.head()
        lock.release()
        naps.end()
        await replayed(ledger)
        await ledger.record(ledger_entry("two"))

    assert place == str(path)
    assert "until it can be opened, entries are spooled beside it" in caplog.text
    assert ids(path) == ["one", "two"]


async def old(path: Path) -> Lock:
    """Make a ledger of before, which is to be brought up to date, and lock it."""
    for file in path.parent.iterdir():
        file.unlink()
    connection = sqlite3.connect(path)
    connection.close()
    return Lock(path)


async def test_a_ledger_that_cannot_be_opened_is_an_error_where_it_is_required(path: Path) -> None:
    """At start, before anything is asked."""
    await begun(path)
    lock = await old(path)

    with pytest.raises(LedgerError, match="locked"):
        async with kept(path, required=True):
            pass
    lock.release()

    assert spools(place_of(path)) == []


async def test_what_is_no_ledger_is_an_error_at_start(path: Path) -> None:
    """Entries would wait for ever."""
    write_notes(path)

    with pytest.raises(UnfitLedgerError, match="not a database"):
        async with kept(path):
            pass

    assert text(path) == NOTES


async def test_where_neither_can_be_opened_that_is_an_error(tmp_path: Path) -> None:
    """Nothing would be on the books."""
    (tmp_path / "nowhere").symlink_to(tmp_path / "not" / "there")
    path = tmp_path / "nowhere" / "ledger.db"

    with pytest.raises(LedgerError, match="and nothing can be kept beside it"):
        async with kept(path):
            pass


async def test_without_a_spool_a_ledger_that_works_is_used(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A folder for the spool that cannot be written is no reason to refuse anybody; the first loss is said."""
    (tmp_path / "nowhere").symlink_to(tmp_path / "not" / "there")
    path = tmp_path / "ledger.db"

    async with kept(path, place=place_of(tmp_path / "nowhere" / "ledger.db")) as ledger:
        await ledger.record(ONE)
        lock = Lock(path)
        await ledger.record(ledger_entry("lost"))
        lock.release()
        await replayed(ledger)
        state = ledger.state
        await ledger.record(ledger_entry("after"))

    assert (ids(path), state.lost, state.problem) == (["one", "after"], 1, None)
    assert "lost is LOST" in caplog.text


async def test_another_processs_spool_is_left_to_it(path: Path) -> None:
    """And one that nobody can read is left as it is, with one word about it."""
    other = Spool.make(place_of(path), most=1 << 20)
    other.append(Spooled(ledger_entry("theirs"), None))
    foreign = other.path.with_name("ledger.db.spool-0-foreign")
    foreign.write_text("of another version")
    foreign.with_name("ledger.db.spool-1-gone").symlink_to("gone just now")

    async with kept(path) as ledger:
        await replayed(ledger)
        assert (await ledger.entries(), waiting(place_of(path))) == ([], 1)
        ledger._begin_replay(0.0)
        await replayed(ledger)

    assert (other.lines(9)[0].spooled, foreign.read_text()) == (
        Spooled(ledger_entry("theirs"), None),
        "of another version",
    )
    other.remove()


async def test_nobody_is_erased_while_his_records_may_wait(path: Path) -> None:
    """Written afterwards, they would lead to him again; any process's spool counts."""
    party = Party(whose="subject", name="jane")
    told = replace(evidence_of(ONE), subject="jane")
    async with kept(path) as ledger:
        await ledger.record(ONE, told)
        other = Spool.make(place_of(path), most=1 << 20)
        other.append(Spooled(ledger_entry("two"), told))
        with pytest.raises(LedgerError, match="1 entries wait in a spool"):
            await ledger.trail.erase(party)
        other.remove()
        erasure = await ledger.trail.erase(party)

    assert (erasure.known, erasure.records) == (True, 1)


async def test_a_durable_ledgers_spool_waits_for_the_disk(path: Path) -> None:
    """As the ledger would have."""
    async with kept(path, place=place_of(path)._replace(durable=True)) as ledger:
        lock = Lock(path)
        await ledger.record(ONE)
        lock.release()
        await replayed(ledger)

    assert ids(path) == ["one"]


async def test_a_child_process_has_to_open_a_router_of_its_own(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the parent's ledger nor its spool is the child's."""
    async with kept(path, sleep=Naps().sleep) as ledger:
        lock = Lock(path)
        await ledger.record(ONE)
        with monkeypatch.context() as patch:
            patch.setattr("os.getpid", lambda: -1)
            with pytest.raises(LedgerError, match="fork"):
                await ledger.record(ledger_entry("child"))
        lock.release()
    async with kept(path) as again:
        await replayed(again)
        with monkeypatch.context() as patch:
            patch.setattr("os.getpid", lambda: -1)
            with pytest.raises(LedgerError, match="fork"):
                await again.record(ledger_entry("child"))

    assert ids(path) == ["one"]


async def test_whatever_a_ledger_raises_it_is_tried_again(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A wrong key that is put right, or a fault of a part: what waits is not forgotten."""
    await begun(path)
    faults: list[Exception] = [LedgerError("down"), ConfigurationError("the key"), RuntimeError("secret")]

    def build() -> Any:
        if faults:
            raise faults.pop(0)
        return sqlite.build(sqlite.Options(path=str(path)))

    async with spooled(build, Spooling(place=place_of(path), sleep=lambda _: asyncio.sleep(0))) as ledger:
        await ledger.record(ONE)
        await replayed(ledger)

    assert ids(path) == ["one"]
    assert "could not be written: RuntimeError" in caplog.text
    assert "secret" not in caplog.text


async def test_writing_a_spool_by_hand_goes_on_until_nothing_waits(path: Path) -> None:
    """A few lines at a time, so that the memory stays flat."""
    left = left_behind(path, *(Spooled(ledger_entry(f"{n}"), None) for n in range(5)))
    spool = Spool.open(left)
    assert spool is not None

    async with sqlite.build(sqlite.Options(path=str(path))) as ledger:
        written = [await write_some(spool, ledger, count=2) for _ in range(4)]
    spool.remove()

    assert [one and one.booked for one in written] == [2, 2, 1, None]
    assert sorted(ids(path)) == [f"{n}" for n in range(5)]


READ_ONLY = """
import asyncio, os, sys
from pathlib import Path
from support.entries import ledger_entry
from support.spools import ids, kept, replayed

async def main(path):
    # What is imported late is imported now, and the file belongs to who may not write to it.
    async with kept(path) as ledger:
        await ledger.record(ledger_entry("before"))
    if os.geteuid() == 0:
        for file in (path.parent, path):
            os.chown(file, 65534, 65534)
        os.seteuid(65534)
    path.chmod(0o444)
    async with kept(path) as ledger:
        await ledger.record(ledger_entry("one"))
        print(ledger.state.problem)
        path.chmod(0o644)
        await replayed(ledger)
    print(ids(path))

asyncio.run(main(Path(sys.argv[1])))
"""


def test_a_file_that_may_not_be_written_is_waited_for() -> None:
    """Root may write anything, so that nobody does this."""
    environ = unmeasured(PYTHONPATH=os.pathsep.join(map(str, (TESTS, Path(gateway.__file__).parents[1]))))
    with tempfile.TemporaryDirectory() as folder:
        ran = subprocess.run(  # noqa: S603 - our own script
            [sys.executable, "-c", READ_ONLY, f"{folder}/ledger.db"],
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )

    assert (ran.returncode, ran.stderr[-2000:].count("Traceback")) == (0, 0)
    assert "name a path that this user may write" in ran.stdout
    assert ran.stdout.splitlines()[-1] == "['before', 'one']"
