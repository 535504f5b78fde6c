"""Exporters are told what is on the books, and see how the house stands. What they do wrong is counted, never raised.

Nothing of a request's content comes here: an entry has none.
"""

import asyncio
import logging
import time
import traceback
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from threading import Lock
from typing import TypeVar

from gateway.budgets import Budgets
from gateway.entries import AttemptRecord, HoldoutRecord, LedgerEntry
from gateway.interfaces import Exporter, Guarded, Lagging, Ledger, LedgerReader
from gateway.money import prices
from gateway.money.meter import CardTime, PoolMeter
from gateway.money.open_models import weights_of
from gateway.money.pools import rates_of
from gateway.policy.models import AUTO, BackendPolicy, Policy
from gateway.policy.place import is_local
from gateway.vitals import BackendFacts, RuleFacts, Vitals

log = logging.getLogger("gateway")

SAID_EVERY_S = 60
_NS_PER_S = 10**9
_SAME_DAY_NS = 60 * _NS_PER_S
Told = TypeVar("Told", LedgerEntry, HoldoutRecord, Callable[[], Vitals])


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """A clock that only rises, in nanoseconds, and the day in UTC."""

    clock_ns: Callable[[], int] = time.monotonic_ns
    today: Callable[[], date] = lambda: datetime.now(UTC).date()


OUR_TIMES = Times()


class Exporters:
    """All exporters of a router, by name. Told in the router's event loop; `vitals` is read from any thread.

    `policy` gives the one in force. Hardware that changes with it counts from when that is first seen here: with the
    next request, or the next look.
    """

    def __init__(
        self,
        exporters: Mapping[str, Exporter],
        *,
        policy: Callable[[], Policy],
        ledger: Ledger,
        budgets: Budgets | None = None,
        times: Times = OUR_TIMES,
    ) -> None:
        self.by_name = dict(exporters)
        self._policy = policy
        self._lagging = ledger if isinstance(ledger, Lagging) else None
        self._guard = ledger if isinstance(ledger, Guarded) else None
        self._budgets = budgets
        self._clock_ns, self._today = times.clock_ns, times.today
        self._waiting: dict[object, int] = {}
        self._faults = 0
        self._said_ns: int | None = None
        self._lock = Lock()
        self._house = _House(policy(), today=times.today(), now_ns=times.clock_ns())
        for name, exporter in self.by_name.items():
            self._tell(name, exporter.watch, self.vitals)

    def begin(self) -> object:
        """Begin to count the time that an entry waits for its place on the books, until `end`."""
        entry = object()
        self._waiting[entry] = self._clock_ns()
        return entry

    def end(self, entry: object) -> None:
        """Let an entry wait no longer."""
        del self._waiting[entry]

    def booked(self, entry: LedgerEntry) -> None:
        """Tell every exporter of a request; raises nothing."""
        self._use(entry.attempts)
        for name, exporter in self.by_name.items():
            self._tell(name, exporter.booked, entry)

    def compared(self, record: HoldoutRecord) -> None:
        """Tell every exporter of a comparison; raises nothing."""
        self._use((record.attempt,))
        for name, exporter in self.by_name.items():
            self._tell(name, exporter.compared, record)

    def vitals(self) -> Vitals:
        """Return how the house stands now."""
        with self._lock:
            now_ns = self._clock_ns()
            house = self._look(now_ns)
            pools = {name: meter.read(now_ns=now_ns) for name, meter in house.meters.items()}
        return Vitals(
            policy_version=house.policy.fingerprint,
            backends=house.backends,
            rules=house.rules,
            pools=pools,
            budgets=self._budgets.readings if self._budgets is not None else {},
            price_snapshot=_price_day(),
            ledger_lag_s=self._lag_s(now_ns),
            ledger=self._guard.state if self._guard else None,
            exporter_faults=self._faults,
        )

    def _tell(self, name: str, tell: Callable[[Told], None], what: Told) -> None:
        try:
            tell(what)
        # A third party's exporter raises anything: a request is worth more than its number.
        except Exception as error:  # noqa: BLE001
            self._faults += 1
            self._log_seldom(name, error)

    def _log_seldom(self, name: str, error: Exception) -> None:
        now_ns = self._clock_ns()
        if self._said_ns is not None and now_ns - self._said_ns < SAID_EVERY_S * _NS_PER_S:
            return
        self._said_ns = now_ns
        # Its own text may quote a tenant: the place in the code is enough to mend it.
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{place.filename}:{place.lineno} in {place.name}"
        log.error("the exporter %r failed with %s at %s (%d faults)", name, type(error).__name__, where, self._faults)

    def _use(self, attempts: Iterable[AttemptRecord]) -> None:
        with self._lock:
            now_ns = self._clock_ns()
            house = self._look(now_ns)
            if house.meters:
                for attempt in attempts:
                    house.use(attempt, now_ns=now_ns)

    def _look(self, now_ns: int) -> "_House":
        policy = self._policy()
        if policy is not self._house.policy or now_ns >= self._house.until_ns:
            self._house = _House(policy, today=self._today(), now_ns=now_ns, before=self._house)
        return self._house

    def _lag_s(self, now_ns: int) -> float:
        oldest_ns = min(list(self._waiting.values()), default=now_ns)
        theirs = self._lagging.lag_s if self._lagging else 0.0
        return max((now_ns - oldest_ns) / _NS_PER_S, theirs)


@asynccontextmanager
async def exporting(
    exporters: Mapping[str, Exporter],
    *,
    policy: Callable[[], Policy],
    ledger: Ledger,
    books: LedgerReader | None = None,
) -> AsyncIterator[Exporters]:
    """Tell these exporters, and look after the budget that they show, until the context ends.

    `books` is what reads the ledger; without it nobody knows what is left of a budget.
    """
    budgets = Budgets(policy=policy, books=books)
    await budgets.look()
    looking = asyncio.create_task(budgets.keep())
    try:
        yield Exporters(exporters, policy=policy, ledger=ledger, budgets=budgets)
    finally:
        looking.cancel()
        await asyncio.wait([looking])


class _House:
    """What a policy says of its backends, rules and pools, and the meters of these, which go on from policy to policy.

    Requests that are under way end on the policy that they began with: its backends stay known.
    """

    def __init__(self, policy: Policy, *, today: date, now_ns: int, before: "_House | None" = None) -> None:
        self.policy = policy
        # Hardware may begin or end to cost with a day.
        self.until_ns = now_ns + _SAME_DAY_NS
        known: Mapping[str, BackendFacts] = before.backends if before else {}
        self.backends: Mapping[str, BackendFacts] = {
            **known,
            **{name: _facts(b) for name, b in policy.backends.items()},
        }
        self.rules = {
            rule.name: RuleFacts(use=rule.use, baseline=rule.baseline or policy.baseline) for rule in policy.rules
        }
        times = {name: _card_time(backend, policy) for name, backend in policy.backends.items()}
        self.meters: dict[str, PoolMeter] = {}
        for name, pool in policy.pools.items():
            rated = all(times[one] for one, backend in policy.backends.items() if backend.pool == name)
            meter = before.meters.get(name) if before else None
            if meter is None:
                meter = PoolMeter(pool, rated=rated, today=today, now_ns=now_ns)
            else:
                meter.change(pool, rated=rated, today=today, now_ns=now_ns)
            self.meters[name] = meter
        self.card_times = {
            name: (self.meters[str(policy.backends[name].pool)], time)
            for name, time in times.items()
            if time is not None
        }

    def use(self, attempt: AttemptRecord, *, now_ns: int) -> None:
        """Note what a call took of the pool that its backend runs on, where the policy says enough."""
        known = self.card_times.get(attempt.backend)
        if known is not None:
            meter, card_time = known
            meter.use(card_time.ps(attempt.usage), now_ns=now_ns)


def _facts(backend: BackendPolicy) -> BackendFacts:
    # `hosted` names its models as litellm does: provider/model; so does who stands in for it.
    named = backend.kind in ("hosted", "mock") and "/" in backend.model
    return BackendFacts(
        provider=backend.model.partition("/")[0] if named else backend.kind,
        model=None if backend.model == AUTO else backend.model,
        local=is_local(backend),
        pool=backend.pool,
    )


def _card_time(backend: BackendPolicy, policy: Policy) -> CardTime | None:
    """Return what a call takes of a card by its tokens, None where there is none or the policy does not say."""
    pool = policy.pools.get(backend.pool or "")
    rates = rates_of(pool, weights_of(backend.model)) if pool is not None else None
    return CardTime.of(rates) if rates is not None else None


def _price_day() -> datetime | None:
    day = prices.load().date
    return None if day is None else datetime(day.year, day.month, day.day, tzinfo=UTC)
