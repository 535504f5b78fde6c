"""The sockets: what the pipeline asks of a part. A part is one file whose name is its `kind`.

A kind's module offers `class Options(BaseModel, extra="forbid", frozen=True)` and
`@asynccontextmanager async def build(options: Options) -> AsyncIterator[Part]`. Importing the module is light and
opens nothing; `build` may open connections, processes and files and closes them when its context ends.
"""

from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

from gateway.audit.evidence import Erasure, Evidence, Party
from gateway.clearance import Clearance
from gateway.entries import Correction, Example, Feedback, FeedbackFate, HoldoutRecord, LedgerEntry
from gateway.types import Completion, Delta, Finding, Purpose, Request, Stakes, Verdict
from gateway.vitals import LedgerState, Vitals

# What reads a trail, or sums of the books, is no part of a request: only a ledger that keeps them loads it.
if TYPE_CHECKING:
    from gateway.audit.chain import Head
    from gateway.audit.proof import Proof, Question
    from gateway.money.certainty import Pair
    from gateway.money.rollups import CallHour, DurationHour, Hour, Step


@runtime_checkable
class Backend(Protocol):
    """A model that answers. Called concurrently.

    Raises only `BackendError` (and lets `CancelledError` pass, closing its upstream connection). Never retries,
    never times out a whole call by itself: `cascade` does both. Never logs or raises with content.

    Nothing of a request is sent before `clearance.confirm` has seen the clearance: for this backend and, where it goes
    over a network, for the `host:port` that it goes to. A backend that asks others asks them with the same clearance.
    """

    @property
    def replica(self) -> str:
        """A short name of the one server behind this object (host and port), without credentials."""

    async def complete(self, request: Request, clearance: Clearance, *, logprobs: bool = False) -> Completion:
        """Answer the whole request; with `logprobs`, ask for token log-probabilities where the server has them."""

    def stream(self, request: Request, clearance: Clearance) -> AsyncGenerator[Delta, None]:
        """Answer in pieces as they come, the last with `finish_reason` and `usage`; closing it closes the upstream."""


@runtime_checkable
class Classifier(Protocol):
    """Says how hard a request is. Pure CPU, under a millisecond; opens nothing."""

    def difficulty(self, request: Request) -> float:
        """Return 0 (any model can) to 1 (only the strongest)."""


@runtime_checkable
class Featured(Protocol):
    """What a classifier may offer besides: a small vector to learn from later, which nobody can turn into words again.

    A classifier whose difficulties are not comparable from file to file has a `version: str` as well.
    """

    def features(self, request: Request) -> bytes:
        """Return the vector, as the classifier's own training reads it; a few hundred bytes, 4,096 at most."""


@runtime_checkable
class Detector(Protocol):
    """Finds private content. Pure CPU, linear in the text; may be called in a thread.

    A detector that raises, or is later than `limits.detector_s`, counts as "everything was found": the strictest label.
    One that takes longer than a millisecond for a usual text has `slow = True`, and always reads in a thread.
    """

    def detect(self, text: str) -> Sequence[Finding]:
        """Return the findings in `text`: a kind and a type each, and a span of at least one character of `text`.

        A finding that is none of that counts as a detector that failed.
        """


class Inquiry(Protocol):
    """What a judge may know and ask beyond the answer. Whom it may ask is fixed by the plan; it can widen nothing."""

    @property
    def backend(self) -> str:
        """Who gave the answer that is judged."""

    @property
    def difficulty(self) -> float | None:
        """What the classifier said of the request, None where it failed."""

    @property
    def stakes(self) -> Stakes:
        """What hangs on the answer, as the caller says."""

    @property
    def stake(self) -> float:
        """What an error costs at these stakes, next to a normal one: a doubt counts so many times."""

    async def ask(
        self, backend: str, request: Request, *, purpose: Purpose, logprobs: bool = False
    ) -> Completion | None:
        """Ask a backend once more; None where it is not admitted for this request, fails, or no time is left.

        The call is an attempt of the request with its `purpose`: it is booked, and never chosen as the answer.
        """

    def pays(self, backend: str, *, chance: float) -> bool:
        """Say whether asking `backend` costs less than `chance` times the call that it may spare.

        What may be spared is the plan's next step. An unknown price pays for nothing; hardware of ours costs nothing.
        """


@runtime_checkable
class Judge(Protocol):
    """Reads an answer before it is accepted. Judges call nobody but through the inquiry."""

    @property
    def needs_logprobs(self) -> bool:
        """Whether the completion must carry token log-probabilities."""

    async def judge(self, request: Request, completion: Completion, inquiry: Inquiry) -> Verdict:
        """Accept or reject; an answer that cannot be judged is rejected with the reason."""


@runtime_checkable
class Ledger(Protocol):
    """The books. Called concurrently; raises only `LedgerError`."""

    @property
    def place(self) -> str:
        """Where the entries are, for people: a path, or `memory`."""

    async def record(self, entry: LedgerEntry) -> None:
        """Return once the entry survives the death of this process; the same id twice is kept once."""

    async def feedback(self, feedback: Feedback, *, most_a_day: int | None = None) -> FeedbackFate:
        """Keep a judgement about an entry.

        `unknown` where there is no such entry, or it is another tenant's; `over_cap` where its tenant has given
        `most_a_day` in the 24 hours before. Both are looked at and the judgement is kept in one step.
        """

    async def holdout(self, record: HoldoutRecord) -> bool:
        """Keep what a strong backend said beside an entry, once; False where the entry is unknown or has it already."""

    async def holdouts(
        self, *, since: datetime | None = None, until: datetime | None = None
    ) -> Sequence[HoldoutRecord]:
        """Return those with `since` <= at < `until`, oldest first."""

    async def entries(
        self, *, since: datetime | None = None, until: datetime | None = None, limit: int | None = None
    ) -> Sequence[LedgerEntry]:
        """Return the entries with `since` <= at < `until`, oldest first; with `limit`, the newest that many."""


@runtime_checkable
class Trail(Protocol):
    """A hash-chained audit trail without content, for who must prove where requests went."""

    async def head(self) -> "Head":
        """Return where the trail ends; noted elsewhere, it shows later that nothing before it was changed."""

    async def prove(self, question: "Question | None" = None, *, anchor: "Head | None" = None) -> "Proof":
        """Read the whole trail beside the books, and answer a question about it; `anchor` is a head noted earlier."""

    async def erase(self, party: Party) -> Erasure:
        """Make a party's records nobody's, without a break in the chain; asked again, finish what was left undone."""


@runtime_checkable
class AuditedLedger(Ledger, Protocol):
    """What a ledger may offer besides: a trail, whose records stand or fall with its entries.

    Evidence names parties in clear: it is for the trail, which keeps pseudonyms, and for nothing else.
    """

    @property
    def trail(self) -> Trail:
        """The audit trail of these books."""

    async def record(self, entry: LedgerEntry, evidence: Evidence | None = None) -> None:
        """Return once the entry and its one record survive the death of this process; the same id twice is kept once.

        Without evidence the record tells what the entry tells.
        """

    async def holdout(self, record: HoldoutRecord, evidence: Evidence | None = None) -> bool:
        """Keep what a strong backend said as `Ledger` does; the calls that were made are recorded in any case."""


class SpoolPlace(NamedTuple):
    """Where what a ledger does not take is kept until it does; a kind's `spool(options)` returns it, if it wants one.

    The files are beside `stem`, and named after it. `durable` waits for the disk, as the ledger does then.
    """

    stem: Path
    durable: bool


@runtime_checkable
class Guarded(Protocol):
    """What a ledger may offer besides: word before anybody is asked that a request could not be recorded, and why."""

    @property
    def state(self) -> LedgerState:
        """How it stands."""

    def admit(self) -> None:
        """Raise `LedgerError` where a request must be refused, and nobody asked."""


@runtime_checkable
class Lagging(Protocol):
    """What a ledger may offer besides: how far its books are behind, where it takes entries before it writes them."""

    @property
    def lag_s(self) -> float:
        """Seconds that the oldest entry has waited to be written, 0 where none waits. Read from any thread."""


@runtime_checkable
class Exporter(Protocol):
    """Is told what is on the books, and passes numbers on. It sees no content, and costs no request.

    It is told in the event loop, one thing after another, before the caller has his answer: it returns within
    microseconds and waits for nothing. What it raises is counted and logged, and nothing else comes of it.
    """

    def watch(self, vitals: Callable[[], Vitals]) -> None:
        """Be given the way to see how the house stands, once, before all else; it may be asked from any thread."""

    def booked(self, entry: LedgerEntry) -> None:
        """Take note of a request, answered or not. Whoever passes on a tenant's name is asked to by the policy."""

    def compared(self, record: HoldoutRecord) -> None:
        """Take note of what a strong backend said beside an entry."""


class LedgerReader(Protocol):
    """The books, read for reports beside who writes them: what a kind's `reader(options)` returns.

    Opens nothing before it is asked, and keeps nothing open once it has answered. Of books that nobody has begun yet
    nothing is read. Periods are `since` <= at < `until`; sums are of all the hours that a period touches. Raises only
    `LedgerError`, and `ConfigurationError` for the key of a trail.
    """

    @property
    def place(self) -> str:
        """Where the books are, for people; no password is in it."""

    def is_there(self) -> bool:
        """Say whether somebody has begun these books."""

    def is_writable(self) -> bool:
        """Say whether this user may write to them, or begin them."""

    def entries(
        self, *, since: datetime | None = None, until: datetime | None = None, limit: int | None = None
    ) -> Iterator[LedgerEntry]:
        """Yield the entries, oldest first; with `limit`, the newest that many."""

    def holdouts(self, *, since: datetime | None = None, until: datetime | None = None) -> Iterator[HoldoutRecord]:
        """Yield what strong backends said beside them, oldest first."""

    def pairs(self, *, since: datetime | None = None, until: datetime | None = None) -> "Iterator[Pair]":
        """Yield the random comparisons of local answers, in money and agreement."""

    def corrections(self, *, since: datetime | None = None, until: datetime | None = None) -> Iterator[Correction]:
        """Yield what was booked afterwards, by the hours that it counts in."""

    def feedback(self) -> Iterator[Feedback]:
        """Yield the feedback that counts, of each source the latest about an entry, in the order it came."""

    def examples(self, *, most_per_tenant: int | None = None) -> Iterator[Example]:
        """Yield the answers with an outcome, oldest outcome first; of a tenant the newest that many."""

    def hours(
        self, *, since: datetime | None = None, until: datetime | None = None, step: "Step" = "all"
    ) -> "Iterator[Hour]":
        """Yield the sums of the requests by cell and step."""

    def calls(
        self, *, since: datetime | None = None, until: datetime | None = None, step: "Step" = "all"
    ) -> "Iterator[CallHour]":
        """Yield the sums of the calls by cell and step."""

    def durations(
        self, *, since: datetime | None = None, until: datetime | None = None, step: "Step" = "all"
    ) -> "Iterator[DurationHour]":
        """Yield how long the answers took, by cell and step."""

    def head(self, *, key: bytes | None = None) -> "Head":
        """Return where the audit trail says that it ends; raises `LedgerError` where nobody has begun it."""

    def prove(
        self, question: "Question | None" = None, *, key: bytes | None = None, anchor: "Head | None" = None
    ) -> "Proof":
        """Read the whole trail beside the books, and answer a question about it."""

    def seal(self, key: bytes) -> "Head":
        """Seal the trail from here on, the one thing here that writes; raises `LedgerError` where it is not whole."""
