"""A ledger that is down or full: what it does not take is spooled, and written to it when it works again.

A reply that was given is in the ledger or in the spool, also after `kill -9`. Comparisons are spooled like entries.
Feedback is not: it asks about an entry, and raises where the ledger cannot say. What waits is not read by reports.
"""

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.audit.evidence import Erasure, Evidence, Party
from gateway.entries import Feedback, FeedbackFate, HoldoutRecord, LedgerEntry
from gateway.errors import ConfigurationError, LedgerError, UnbookableError, UnfitLedgerError
from gateway.interfaces import AuditedLedger, SpoolPlace
from gateway.replaying import waiting, write_some
from gateway.spool import Spool, Spooled, SpoolError, spools
from gateway.vitals import LedgerState

if TYPE_CHECKING:
    from gateway.audit.chain import Head
    from gateway.audit.proof import Proof, Question

log = logging.getLogger("gateway")

FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 10.0
# How long a router that is closed waits for lines that are just being written.
LAST_WAIT_S = 5.0

Open = Callable[[], AbstractAsyncContextManager[AuditedLedger]]
Sleep = Callable[[float], Awaitable[None]]


@dataclass(slots=True)
class _Counts:
    spooled: int = 0
    replayed: int = 0
    set_aside: int = 0
    lost: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Spooling:
    """Where the spool is, how large it may be, and whether requests are refused while the ledger is down."""

    place: SpoolPlace
    most_bytes: int = 1 << 28
    required: bool = False
    sleep: Sleep = field(default=asyncio.sleep)


class SpooledLedger:
    """A ledger with a spool beside it; used in one event loop."""

    def __init__(self, open_ledger: Open, spooling: Spooling) -> None:
        self._open_ledger = open_ledger
        self._spooling = spooling
        self._ledger: AuditedLedger | None = None
        self._problem: str | None = None
        self._own: Spool | None = None
        self._taken: list[Spool] = []
        self._refused: set[str] = set()
        self._counts = _Counts()
        self._task: asyncio.Task[None] | None = None
        self._process = os.getpid()
        self._stack = AsyncExitStack()
        self._is_open = True

    @property
    def place(self) -> str:
        """Where the entries are, for people."""
        return self._ledger.place if self._ledger is not None else str(self._spooling.place.stem)

    @property
    def trail(self) -> "SpooledTrail":
        """The audit trail of the ledger."""
        return SpooledTrail(self)

    @property
    def lag_s(self) -> float:
        """Seconds that the oldest line has waited, 0 where none waits."""
        since = min((spool.since_us for spool in self._spools if spool.since_us), default=None)
        return 0.0 if since is None else max(0.0, time.time() - since / 1_000_000)

    @property
    def state(self) -> LedgerState:
        """How the ledger stands."""
        return LedgerState(
            place=self.place,
            problem=self._problem,
            waiting=sum(spool.waiting for spool in self._spools),
            lag_s=self.lag_s,
            **asdict(self._counts),
        )

    @property
    def spool_place(self) -> SpoolPlace:
        """Where what waits is."""
        return self._spooling.place

    def opened(self) -> AuditedLedger:
        """Return the ledger itself; raises `LedgerError` where it could not be opened yet."""
        if self._ledger is None:
            raise LedgerError(self._problem)
        return self._ledger

    def admit(self) -> None:
        """Raise `LedgerError` where nobody must be asked: the ledger is down, and the policy requires it."""
        if self._spooling.required and self._problem is not None:
            raise LedgerError(f"nobody was asked: the policy requires the ledger, which is down: {self._problem}")

    async def record(self, entry: LedgerEntry, evidence: Evidence | None = None) -> None:
        """Return once the entry survives the death of this process: in the ledger, or else in the spool."""
        if self._problem is None:
            try:
                return await self.opened().record(entry, evidence)
            except LedgerError as error:
                self._note_fault(error)
            except asyncio.CancelledError:
                self._keep_in_any_case(Spooled(entry, evidence))
                raise
        problem = self._problem
        await self._keep(Spooled(entry, evidence))
        if self._spooling.required:
            raise LedgerError(problem)
        return None

    async def holdout(self, record: HoldoutRecord, evidence: Evidence | None = None) -> bool:
        """Keep what a strong backend said; True also where it waits in the spool."""
        if self._problem is None:
            try:
                return await self.opened().holdout(record, evidence)
            except LedgerError as error:
                self._note_fault(error)
            except asyncio.CancelledError:
                self._keep_in_any_case(Spooled(record, evidence))
                raise
        await self._keep(Spooled(record, evidence))
        return True

    async def feedback(self, feedback: Feedback, *, most_a_day: int | None = None) -> FeedbackFate:
        """Keep a judgement; raises `LedgerError` where the ledger is down: it is not spooled."""
        return await self.opened().feedback(feedback, most_a_day=most_a_day)

    async def holdouts(
        self, *, since: datetime | None = None, until: datetime | None = None
    ) -> Sequence[HoldoutRecord]:
        """Return the comparisons of the ledger, without those that wait."""
        return await self.opened().holdouts(since=since, until=until)

    async def entries(
        self, *, since: datetime | None = None, until: datetime | None = None, limit: int | None = None
    ) -> Sequence[LedgerEntry]:
        """Return the entries of the ledger, without those that wait."""
        return await self.opened().entries(since=since, until=until, limit=limit)

    async def start(self) -> None:
        """Open the ledger and take over what ended processes left; raises `LedgerError` where neither can be opened."""
        try:
            await self._open()
        except LedgerError as error:
            if self._spooling.required or isinstance(error, UnfitLedgerError):
                raise
            self._problem = str(error)
        try:
            # Now, as long as there is room for it.
            self._spool()
        except SpoolError as error:
            if self._problem is not None:
                raise LedgerError(f"{self._problem}; and nothing can be kept beside it: {error}") from None
        if self._problem is not None:
            log.warning("%s; until it can be opened, entries are spooled beside it", self._problem)
            self._begin_replay(FIRST_PAUSE_S)
        elif any(path != self._own_path for path in spools(self._spooling.place)):
            self._begin_replay(0.0)

    async def close(self) -> None:
        """Wait a little for lines that are being written, close the ledger, and leave behind what waits."""
        self._is_open = False
        if self._task is not None:
            if self._problem is None:
                await asyncio.wait([self._task], timeout=LAST_WAIT_S)
            self._task.cancel()
            await asyncio.wait([self._task])
        await self._stack.aclose()
        for spool in self._spools:
            if spool.waiting:
                text = "%d entries wait in %s for the next start, or for `gateway ledger replay`"
                log.warning(text, spool.waiting, spool.path)
                spool.close()
            else:
                spool.remove()

    def _note_fault(self, error: LedgerError) -> None:
        """Go on with the spool; raises a fault that does not pass by itself."""
        is_ours = self._is_open and os.getpid() == self._process
        if not is_ours or isinstance(error, (UnbookableError, UnfitLedgerError)):
            raise error
        if self._problem is None:
            log.error("%s; entries are spooled until it works again", error)
        self._problem = str(error)
        self._begin_replay(FIRST_PAUSE_S)

    async def _keep(self, spooled: Spooled) -> None:
        if os.getpid() != self._process:
            raise LedgerError(f"the ledger {self.place!r} was opened before a fork; open a router in the child")
        if self._append(spooled) and self._spooling.place.durable:
            await asyncio.to_thread(self._spool().sync)

    def _keep_in_any_case(self, spooled: Spooled) -> None:
        # Whether it gets on the books nobody will be told; they keep it once.
        if self._is_open and self._append(spooled):
            self._begin_replay(0.0)

    def _append(self, spooled: Spooled) -> bool:
        try:
            self._spool().append(spooled)
        except SpoolError as error:
            self._counts.lost += 1
            what = spooled.what
            name = what.id if isinstance(what, LedgerEntry) else f"the comparison of {what.entry_id}"
            log.error("%s is LOST: neither the ledger nor the spool took it: %s; %s", name, self._problem, error)  # noqa: TRY400
            return False
        self._counts.spooled += 1
        return True

    def _spool(self) -> Spool:
        """Return the spool of this process, made anew where somebody removed it; raises `SpoolError`."""
        if self._own is not None and self._own.is_gone:
            self._taken.append(self._own)
            self._own = None
        if self._own is None:
            self._own = Spool.make(self._spooling.place, most=self._spooling.most_bytes)
        return self._own

    @property
    def _own_path(self) -> Path | None:
        return self._own.path if self._own is not None else None

    @property
    def _spools(self) -> list[Spool]:
        return [*self._taken, *([self._own] if self._own is not None else [])]

    async def _open(self) -> None:
        if self._ledger is None:
            self._ledger = await self._stack.enter_async_context(self._open_ledger())

    def _begin_replay(self, pause_s: float) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._replay(pause_s), name="gateway-spool")

    async def _replay(self, pause_s: float) -> None:
        """Write what waits, again and again until nothing does."""
        while True:
            if pause_s:
                await self._spooling.sleep(pause_s)
            if await self._has_emptied():
                return
            pause_s = min(max(2 * pause_s, FIRST_PAUSE_S), LONGEST_PAUSE_S)

    async def _has_emptied(self) -> bool:
        try:
            await self._open()
            await self._empty()
        except (LedgerError, ConfigurationError) as error:
            self._problem = str(error)
        # The task's outer edge: without it what waits would wait for ever. Its text may quote what was to be written.
        except Exception as error:  # noqa: BLE001
            told = error if isinstance(error, SpoolError) else type(error).__name__
            log.error("what waits in the spool could not be written: %s", told)  # noqa: TRY400 - as above
        else:
            # Something may have come while it was read for the last time.
            return not any(spool.waiting for spool in self._spools)
        return False

    async def _empty(self) -> None:
        self._taken += await asyncio.to_thread(self._take_over)
        for spool in self._spools:
            while written := await write_some(spool, self.opened()):
                self._counts.replayed += written.booked
                self._counts.set_aside += written.set_aside
                self._works_again()
        # Where nothing waits, the next entry shows whether it works.
        self._works_again()
        for spool in [spool for spool in self._taken if not spool.waiting]:
            self._taken.remove(spool)
            spool.remove()

    def _works_again(self) -> None:
        if self._problem is not None:
            log.warning("the ledger %s works again; %d entries wait", self.place, self.state.waiting)
        self._problem = None

    def _take_over(self) -> list[Spool]:
        ours = {spool.path for spool in self._spools}
        found = []
        for path in spools(self._spooling.place):
            if path in ours or path.name in self._refused:
                continue
            try:
                spool = Spool.open(path)
            except SpoolError as error:
                self._refused.add(path.name)
                log.error("%s", error)  # noqa: TRY400 - all that is known
            else:
                found += [spool] if spool is not None else []
        return found


class SpooledTrail:
    """The audit trail of a ledger with a spool: nobody is erased while his records may still wait."""

    def __init__(self, ledger: SpooledLedger) -> None:
        self._ledger = ledger

    async def head(self) -> "Head":
        """Return where the trail ends."""
        return await self._ledger.opened().trail.head()

    async def prove(self, question: "Question | None" = None, *, anchor: "Head | None" = None) -> "Proof":
        """Read the trail beside the books, without what waits."""
        return await self._ledger.opened().trail.prove(question, anchor=anchor)

    async def erase(self, party: Party) -> Erasure:
        """Make a party's records nobody's; raises `LedgerError` while any wait."""
        count = await asyncio.to_thread(waiting, self._ledger.spool_place)
        if count:
            raise LedgerError(f"{count} entries wait in a spool, and may be about them; run `gateway ledger replay`")
        return await self._ledger.opened().trail.erase(party)


@asynccontextmanager
async def spooled(open_ledger: Open, spooling: Spooling) -> AsyncIterator[SpooledLedger]:
    """Open a ledger with a spool beside it; raises `LedgerError`."""
    ledger = SpooledLedger(open_ledger, spooling)
    try:
        await ledger.start()
        yield ledger
    finally:
        await ledger.close()
