"""The sums of `_tally` and the vitals of the house as Prometheus' metrics: names, labels, help."""

import threading
from collections.abc import Callable, Iterator, Mapping
from itertools import accumulate

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import choose_encoder

from gateway.entries import HoldoutRecord, LedgerEntry
from gateway.exporters._tally import DURATIONS_S, Counts, Distribution, Labels, Sums, Tally
from gateway.types import Money
from gateway.vitals import FATES, LedgerState, Vitals

_NANO = 10**9
_WHO = ("provider", "backend", "model")
_BORDERS = (*(f"{border:g}" for border in DURATIONS_S), "+Inf")


class Prometheus:
    """Sums up what is booked, and gives it out when it is asked (`page`)."""

    def __init__(self, tally: Tally) -> None:
        self.url: str | None = None
        self._tally = tally
        # Held for as long as a request is added or the sums are copied: each is a matter of microseconds.
        self._lock = threading.Lock()
        self._vitals: Callable[[], Vitals] = Vitals
        self._known: set[str] = set()

    def watch(self, vitals: Callable[[], Vitals]) -> None:
        """Be given the way to see how the house stands."""
        self._vitals = vitals
        self._know(vitals())

    def booked(self, entry: LedgerEntry) -> None:
        """Add a request."""
        if entry.policy_version not in self._known:
            self._know(self._vitals())
            # Also where it ends on a policy that is no longer in force: one look is enough.
            self._known.add(entry.policy_version)
        with self._lock:
            self._tally.booked(entry)

    def compared(self, record: HoldoutRecord) -> None:
        """Add what a comparison cost."""
        with self._lock:
            self._tally.compared(record)

    def collect(self) -> Iterator[Metric]:
        """Yield every metric, all of one moment; in any thread."""
        vitals = self._vitals()
        self._know(vitals)
        with self._lock:
            sums = self._tally.sums()
        yield from _booked(sums)
        yield from _standing(vitals)

    def _know(self, vitals: Vitals) -> None:
        if vitals.policy_version in self._known:
            return
        with self._lock:
            self._tally.know(vitals)
        self._known.add(vitals.policy_version)

    def page(self, accept: str) -> tuple[str, bytes]:
        """Return the page that Prometheus reads, in a format that it accepts, and the format's name."""
        encode, content_type = choose_encoder(accept)
        registry = CollectorRegistry(auto_describe=False)
        registry.register(self)
        return content_type, encode(registry)


def _booked(sums: Sums) -> Iterator[Metric]:
    extras = sums.extras
    yield _counter(
        "gateway_cost_usd_total",
        "What calls cost, so far as it is known; hardware of ours costs nothing here (gateway_pool_cost_usd_total).",
        (*_WHO, "rule", "purpose", "cost_source", "covered", *extras),
        _usd(sums.cost),
    )
    yield _counter(
        "gateway_baseline_cost_usd_total",
        "What covered answers would have cost at the baseline; less the covered cost it is what was saved.",
        ("baseline", "rule", *extras),
        _usd(sums.baseline),
    )
    yield _counter(
        "gateway_tokens_total", "Tokens, each in one type.", ("type", *_WHO, "rule", "purpose", *extras), sums.tokens
    )
    yield _counter(
        "gateway_requests_total",
        "Requests on the books, by how they ended.",
        ("outcome", "rule", "backend", "local", *extras),
        sums.requests,
    )
    yield _counter(
        "gateway_attempts_total",
        "Calls of backends, by how they ended: answered, rejected by a judge, or the code of an error.",
        ("outcome", *_WHO, "purpose", "cost_source"),
        sums.attempts,
    )
    yield _counter(
        "gateway_unpriced_requests_total",
        "Requests that no sum of savings holds, because their cost or their baseline is unknown.",
        ("missing",),
        sums.unpriced,
    )
    yield _histogram(
        "gateway_request_duration_seconds", "Whole requests.", ("outcome", "rule", "backend"), sums.durations
    )
    yield _histogram(
        "gateway_time_to_first_token_seconds", "Streamed calls, until their first piece.", _WHO, sums.first_tokens
    )


def _standing(vitals: Vitals) -> Iterator[Metric]:
    pools, budgets = vitals.pools, vitals.budgets
    cost: dict[Labels, float] = {
        (pool, state): _in_usd(usd) for pool, one in pools.items() for state, usd in one.costs.items()
    }
    use: dict[Labels, float] = {(pool,): one.utilization for pool, one in pools.items() if one.utilization is not None}
    day = vitals.price_snapshot
    yield _counter(
        "gateway_pool_cost_usd_total",
        "What hardware has cost since the start, used or idle; unrated where the policy does not say what a call uses.",
        ("pool", "state"),
        cost,
    )
    yield _gauge("gateway_pool_utilization_ratio", "The used share of the last five minutes.", ("pool",), use)
    yield _gauge(
        "gateway_budget_limit_usd",
        "What may be spent in the period.",
        ("period",),
        {(period,): _in_usd(one.limit) for period, one in budgets.items()},
    )
    yield _gauge(
        "gateway_budget_remaining_usd",
        "What is left of it; below 0 it is overspent.",
        ("period",),
        {(period,): _in_usd(one.remaining) for period, one in budgets.items()},
    )
    yield _gauge(
        "gateway_price_snapshot_timestamp_seconds",
        "The day of the price list.",
        (),
        {} if day is None else {(): day.timestamp()},
    )
    yield _gauge(
        "gateway_ledger_lag_seconds",
        "How long the oldest entry has waited to be on the books.",
        (),
        {(): vitals.ledger_lag_s},
    )
    yield from _spool(vitals.ledger)
    yield _counter(
        "gateway_exporter_faults_total", "What exporters were told in vain.", (), {(): vitals.exporter_faults}
    )


def _spool(ledger: LedgerState | None) -> Iterator[Metric]:
    stands = ledger or LedgerState(place="")
    yield _counter(
        "gateway_ledger_spool_entries_total",
        "What became of entries that the ledger did not take.",
        ("fate",),
        {(fate,): getattr(stands, fate) for fate in FATES},
    )
    yield _gauge(
        "gateway_ledger_spool_waiting_entries",
        "Entries that wait in a spool to be on the books.",
        (),
        {(): stands.waiting},
    )


def _usd(counts: Counts) -> dict[Labels, float]:
    return {labels: nano_usd / _NANO for labels, nano_usd in counts.items()}


def _in_usd(money: Money) -> float:
    return money.nano_usd / _NANO


def _counter(name: str, text: str, labels: Labels, values: Mapping[Labels, float]) -> Metric:
    family = CounterMetricFamily(name, text, labels=labels)
    for of, value in values.items():
        family.add_metric(of, value)
    return family


def _gauge(name: str, text: str, labels: Labels, values: Mapping[Labels, float]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=labels)
    for of, value in values.items():
        family.add_metric(of, value)
    return family


def _histogram(name: str, text: str, labels: Labels, values: Mapping[Labels, Distribution]) -> Metric:
    family = HistogramMetricFamily(name, text, labels=labels)
    for of, distribution in values.items():
        family.add_metric(of, list(zip(_BORDERS, accumulate(distribution.counts), strict=True)), distribution.sum_s)
    return family
