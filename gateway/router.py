"""The pipeline, in one place: assess, decide, cascade, settle, record."""

import asyncio
import logging
import os
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self, Unpack
from weakref import WeakSet

from gateway import plugins
from gateway.calls import Run
from gateway.cascade import cascade, stream_cascade
from gateway.decide import decide
from gateway.entries import Feedback
from gateway.errors import ConfigurationError, LedgerError
from gateway.feedback import take
from gateway.fleet.memory import Memory
from gateway.fleet.past import Past
from gateway.generations import Generations
from gateway.holdout import Comparison, Holdouts
from gateway.interfaces import Backend, Exporter, Ledger
from gateway.labelling import told
from gateway.money.books import Books
from gateway.policy.models import Policy
from gateway.redaction.cover import Cover
from gateway.settle import Outcome, settle
from gateway.streaming import ReplyStream
from gateway.types import Assessment, Delta, Explanation, Reply, Request
from gateway.vitals import LedgerState
from gateway.wire.deltas import as_deltas
from gateway.wire.openai import Content, RequestFields, new_id, parse_request
from gateway.witness import Booking

if TYPE_CHECKING:
    from gateway.assembly import House
    from gateway.exporting import Exporters
    from gateway.policy.watch import PolicyFile
    from gateway.settings import Settings

log = logging.getLogger("gateway")

Source = Policy | str | os.PathLike[str] | None


class Router:
    """Routes requests by one policy. Open it with `async with`; use it in the event loop that opened it."""

    def __init__(
        self,
        policy: Source = None,
        *,
        ledger: Ledger | None = None,
        exporters: Mapping[str, Exporter] | None = None,
        chance: Callable[[], float] | None = None,
    ) -> None:
        # What reads settings and policies is a quarter of what importing this module would cost.
        from gateway.settings import Settings  # noqa: PLC0415

        self._settings = Settings()
        self._generations = Generations(_source(policy, self._settings))
        self._memory = Memory()
        self._given_ledger = ledger
        self._given_exporters = exporters
        self._booking: Booking | None = None
        self._holdouts = Holdouts(chance)
        self._streams: WeakSet[ReplyStream] = WeakSet()
        self._stack = AsyncExitStack()

    @classmethod
    def from_policy(
        cls,
        policy: Source = None,
        *,
        ledger: Ledger | None = None,
        exporters: Mapping[str, Exporter] | None = None,
        chance: Callable[[], float] | None = None,
    ) -> Self:
        """Return a router for a policy or its path; None means `GATEWAY_POLICY`, `policies/default.yaml` or ours.

        A path is read again when the file changes; a broken file is logged and the last good policy stays. Raises
        `PolicyError` for a broken policy. `ledger` and `exporters` (by a name of yours) take the place of those that
        the policy names, `chance` (0 to 1) that of the randomness that draws the holdout.
        """
        return cls(policy, ledger=ledger, exporters=exporters, chance=chance)

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            ledger = self._given_ledger
            if ledger is None:
                # As settings and policies: only who opens a router needs it.
                from gateway.opening import ledger_part, open_ledger  # noqa: PLC0415

                ledger = await stack.enter_async_context(open_ledger(ledger_part(self.policy, self._settings)))
            exporters = await self._open_exporters(stack, ledger)
            await stack.enter_async_context(self._generations)
            stack.push_async_callback(self._holdouts.aclose)
            stack.push_async_callback(self._close_streams)
            self._booking, self._stack = Booking.in_ledger(ledger, exporters), stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()
        self._booking = None

    async def _open_exporters(self, stack: AsyncExitStack, ledger: Ledger) -> "Exporters | None":
        opened = self._given_exporters
        if opened is None:
            parts = plugins.named(self.policy.exporters)
            opened = {name: await plugins.open_part(stack, "exporters", part) for name, part in parts.items()}
        if not opened:
            return None
        # Nearly nobody has any.
        from gateway.exporting import exporting  # noqa: PLC0415
        from gateway.opening import ledger_part, reader_of  # noqa: PLC0415

        books = None if self._given_ledger is not None else reader_of(ledger_part(self.policy, self._settings))
        return await stack.enter_async_context(
            exporting(opened, policy=lambda: self.policy, ledger=ledger, books=books)
        )

    @property
    def policy(self) -> Policy:
        """The policy in force."""
        return self._generations.policy

    @property
    def ledger(self) -> Ledger:
        """The open ledger."""
        return self._books().ledger

    @property
    def ledger_state(self) -> LedgerState:
        """How the ledger stands, and what became of what it did not take; one that was given has no spool."""
        guard = self._books().guard
        return guard.state if guard is not None else LedgerState(place=self.ledger.place)

    @property
    def exporters(self) -> Mapping[str, Exporter]:
        """The open exporters, by name."""
        told = self._books().exporters
        return told.by_name if told is not None else {}

    def _books(self) -> Booking:
        if self._booking is None:
            raise ConfigurationError("the router is not open; write `async with Router.from_policy(...) as router:`")
        return self._booking

    @property
    def unavailable(self) -> Mapping[str, str]:
        """The optional backends that were not there when the policy was opened, each with the reason."""
        return self._generations.house.fleet.unavailable

    def replicas(self, backend: str) -> Sequence[Backend]:
        """Return the open replicas of a backend, none where it is not there: for tests with `kind: mock`."""
        return self._generations.house.replicas.get(backend, ())

    async def refresh(self) -> bool:
        """Read the policy's file again now; True where a new version is in force. Raises `PolicyError`."""
        return await self._generations.refresh()

    async def route(self, content: Content, /, **fields: Unpack[RequestFields]) -> Reply:
        """Answer a request: a text, OpenAI messages or a `Request`; labels and parameters by keyword.

        Raises `InvalidRequestError` before anything is done, `NoEligibleBackendError` or `CascadeExhaustedError`
        after the entry was written, `LedgerError` where it could not be written, and before anybody is asked where the
        policy requires a ledger that is known to be down.
        """
        request, booking = parse_request(content, **fields), self._books()
        booking.admit()
        with self._generations.lease() as house:
            trip = await _begin(house, self._memory, self._holdouts, request)
            trip.remember()
            cancelled = False
            try:
                await cascade(trip.run)
            except asyncio.CancelledError:
                cancelled = True
                raise
            finally:
                outcome = await _end(trip, booking, cancelled=cancelled)
            self._hold_out(trip, outcome, booking)
            return outcome.reply()

    def stream(self, content: Content, /, **fields: Unpack[RequestFields]) -> ReplyStream:
        """Answer a request in pieces: `async for delta in router.stream(...)`; `.reply` is there at the end."""
        stream = ReplyStream()
        stream.attach(self._deltas(parse_request(content, **fields), stream))
        self._streams.add(stream)
        return stream

    async def _close_streams(self) -> None:
        # A stream that its reader broke off holds its parts open; one that somebody reads just now will end by itself.
        for stream in tuple(self._streams):
            if stream.is_left:
                await stream.aclose()

    async def explain(self, content: Content, /, **fields: Unpack[RequestFields]) -> Explanation:
        """Say what would happen to a request, calling nobody and writing nothing."""
        request = parse_request(content, **fields)
        with self._generations.lease() as house:
            trip = await _begin(house, self._memory, self._holdouts, request, meant="explained")
            return Explanation(assessment=trip.run.assessment, plan=trip.run.plan)

    async def feedback(
        self, entry_id: str, score: float, *, source: str = "caller", tenant: str | None = None, key: str | None = None
    ) -> None:
        """Keep what somebody says about an answer: 0 is bad, 1 is good; of one `source` the latest counts.

        An entry of a tenant takes feedback from that `tenant` alone; `key` is asked for where the policy has one.
        Raises `InvalidRequestError`, `FeedbackRefusedError`, `LedgerError`.
        """
        said = Feedback(entry_id=entry_id, score=float(score), source=source, at=datetime.now(UTC), tenant=tenant)
        await take(said, key=key, policy=self.policy.feedback, ledger=self.ledger)

    async def _deltas(self, request: Request, stream: ReplyStream) -> AsyncGenerator[Delta, None]:
        booking = self._books()
        booking.admit()
        begun, held = False, list[Delta]()
        with self._generations.lease() as house:
            trip = await _begin(house, self._memory, self._holdouts, request, meant="streamed")
            trip.remember()
            ended = False
            try:
                async with aclosing(stream_cascade(trip.run)) as deltas:
                    async for delta in deltas:
                        begun = True
                        # The end is passed on after the entry is written: a reply that was received is on the books.
                        if held or delta.finish_reason is not None:
                            held.append(delta)
                        else:
                            yield delta
                ended = True
            finally:
                outcome = await _end(trip, booking, cancelled=not ended)
            self._hold_out(trip, outcome, booking)
        stream.reply = outcome.reply()
        # Nobody's answer was accepted or streamed: the one that counts all the same is given whole.
        if not begun and outcome.completion is not None:
            held.extend(as_deltas(outcome.completion))
        for delta in held:
            yield delta

    def _hold_out(self, trip: "_Trip", outcome: Outcome, booking: Booking) -> None:
        if not outcome.entry.holdout or trip.holdout is None or outcome.completion is None:
            return
        comparison = Comparison(
            run=trip.run,
            backend=trip.holdout,
            answer=outcome.completion,
            entry_id=outcome.entry.id,
            books=Books(policy=trip.house.policy, prices=trip.house.prices),
            subject=trip.subject,
        )
        self._holdouts.begin(comparison, booking, self._generations.hold(trip.house))


async def _end(trip: "_Trip", booking: Booking, *, cancelled: bool) -> Outcome:
    outcome = trip.settle(cancelled=cancelled)
    try:
        await _book(booking, outcome)
    finally:
        # After the books, so that no fault in here costs an entry; also without them, since the calls were made.
        trip.learn(outcome)
    return outcome


async def _book(booking: Booking, outcome: Outcome) -> None:
    try:
        await booking.record(outcome.entry, outcome.evidence)
    except LedgerError:
        if outcome.entry.status != "cancelled":
            raise
        # The caller is gone and must see the cancellation; the loss is said here.
        log.exception("the entry of a cancelled request could not be written")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trip:
    """One request between `decide` and `settle`."""

    house: "House"
    memory: Memory
    past: Past
    run: Run
    entry_id: str
    at: datetime
    streamed: bool
    holdout: str | None
    subject: str | None = field(repr=False)

    def settle(self, *, cancelled: bool) -> Outcome:
        house, run = self.house, self.run
        return settle(
            run.request,
            run.assessment,
            run.plan,
            run.attempts,
            policy=house.policy,
            prices=house.prices,
            origins=house.origins,
            entry_id=self.entry_id,
            at=self.at,
            duration_s=house.crew.clock() - run.started,
            cancelled=cancelled,
            streamed=self.streamed,
            holdout=self.holdout,
            subject=self.subject,
        )

    def remember(self) -> None:
        """Keep how private this turn is before anybody is asked: later turns may hold what it holds."""
        run = self.run
        numbering = run.cover.redacted.numbering if run.cover is not None else None
        self.memory.join(run.request, run.assessment, self.house.policy, numbering)

    def learn(self, outcome: Outcome) -> None:
        run = self.run
        self.memory.learn(
            run.request,
            run.assessment,
            run.plan,
            run.attempts,
            chosen=outcome.chosen,
            past=self.past,
            policy=self.house.policy,
        )


async def _begin(
    house: "House",
    memory: Memory,
    holdouts: Holdouts,
    request: Request,
    *,
    meant: Literal["whole", "streamed", "explained"] = "whole",
) -> _Trip:
    started, at, subject = house.crew.clock(), datetime.now(UTC), request.subject
    if subject is not None:
        # Whom it is about is for the audit trail: no part is told.
        request = replace(request, subject=None)
    assessment, cover = await _read(house, memory, request, remembered=meant != "explained")
    past = memory.past(request, assessment, house.policy, house.crew.estimate)
    barred = house.gate.barred(assessment, at)
    plan = decide(assessment, house.policy, house.fleet, deadline_s=request.deadline_s, past=past, barred=barred)
    run = Run(request=request, assessment=assessment, plan=plan, crew=house.crew, started=started, cover=cover)
    # Drawn before anybody is asked: no answer moves it.
    drawn = holdouts.draws(house.policy.holdout, assessment, plan)
    return _Trip(
        house=house,
        memory=memory,
        past=past,
        run=run,
        entry_id=new_id(),
        at=at,
        streamed=meant == "streamed",
        holdout=house.policy.holdout.backend if drawn and house.policy.holdout else None,
        subject=subject,
    )


async def _read(
    house: "House", memory: Memory, request: Request, *, remembered: bool
) -> tuple[Assessment, Cover | None]:
    """Assess a request with the earlier turns of its conversation, those included that came while it was read."""
    policy = house.policy
    earlier, covered = memory.earlier(request, policy), memory.covered(request, policy)
    if remembered and request.conversation is not None:
        memory.foresee(request, told(request, policy), policy)
    while True:
        assessment, cover = await house.reader.read(request, earlier=earlier, covered=covered)
        # Labels only rise, and end at the strictest, so that this ends too.
        if not memory.outruns(request, assessment, policy):
            return assessment, cover
        earlier, covered = memory.earlier(request, policy), memory.covered(request, policy)


def _source(policy: Source, settings: "Settings") -> "Policy | PolicyFile":
    # As above: whoever only imports the router reads no policy.
    from gateway.policy.load import check_value, packaged_default  # noqa: PLC0415
    from gateway.policy.watch import PolicyFile  # noqa: PLC0415

    if isinstance(policy, Policy):
        return check_value(policy, options_of=plugins.options, kinds_of=plugins.kinds)
    path = policy or settings.policy_path() or packaged_default()
    return PolicyFile(path, options_of=plugins.options, kinds_of=plugins.kinds)
