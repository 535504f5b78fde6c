"""What OpenTelemetry's own SDK collects: measurements of calls, spans of requests, by the names of its conventions."""

import sys
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    HistogramDataPoint,
    InMemoryMetricReader,
    NumberDataPoint,
)
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from support.entries import NOON, attempt_record, ledger_entry
from support.policies import mock, policy

from gateway import Router
from gateway.entries import HoldoutRecord, LedgerEntry
from gateway.errors import ConfigurationError, NoEligibleBackendError
from gateway.exporters.otel import Options, build
from gateway.types import Money, Usage
from gateway.vitals import BackendFacts, LedgerState, Vitals

VITALS = Vitals(
    backends={
        "llama": BackendFacts(provider="vllm", model="llama-3.1-8b", local=True, pool=None),
        "frontier": BackendFacts(provider="gemini", model="gemini/gemini-4", local=False, pool=None),
    }
)
PAID = attempt_record(
    backend="frontier",
    model="gemini-4-001",
    usage=Usage(prompt_tokens=100, completion_tokens=50, cached_tokens=30, cache_write_tokens=5, reasoning_tokens=20),
    cost=Money(1_234_567),
    cost_source="price",
    first_token_s=0.4,
    duration_s=2.0,
)


class Collected:
    """What the SDK has: since the last look at measurements, and all spans of the test."""

    def __init__(self, reader: InMemoryMetricReader, spans: InMemorySpanExporter) -> None:
        self._reader = reader
        self._spans = spans

    def clear(self) -> None:
        """Forget what there is."""
        self._reader.collect()
        self._reader.get_metrics_data()
        self._spans.clear()

    @property
    def spans(self) -> list[ReadableSpan]:
        """The spans that have ended."""
        return list(self._spans.get_finished_spans())

    def points(self) -> dict[str, list[HistogramDataPoint]]:
        """Return the histograms by name."""
        found = self._reader.get_metrics_data()
        scopes = [scope for resource in found.resource_metrics for scope in resource.scope_metrics] if found else []
        points: dict[str, list[HistogramDataPoint]] = {}
        for metric in (metric for scope in scopes for metric in scope.metrics):
            points[metric.name] = [one for one in metric.data.data_points if isinstance(one, HistogramDataPoint)]
        return points

    def numbers(self) -> dict[str, list[NumberDataPoint]]:
        """Return what the SDK reads by itself, by name."""
        found = self._reader.get_metrics_data()
        scopes = [scope for resource in found.resource_metrics for scope in resource.scope_metrics] if found else []
        return {
            metric.name: [one for one in metric.data.data_points if isinstance(one, NumberDataPoint)]
            for scope in scopes
            for metric in scope.metrics
        }


@pytest.fixture(scope="module")
def sdk() -> Iterator[Collected]:
    """The program's SDK; a process has one."""
    reader = InMemoryMetricReader(preferred_temporality={Histogram: AggregationTemporality.DELTA})
    spans, meters, memory = TracerProvider(), MeterProvider(metric_readers=[reader]), InMemorySpanExporter()
    spans.add_span_processor(SimpleSpanProcessor(memory))
    trace.set_tracer_provider(spans)
    metrics.set_meter_provider(meters)
    yield Collected(reader, memory)
    spans.shutdown()
    meters.shutdown()


@pytest.fixture
def collected(sdk: Collected) -> Collected:
    """What the SDK collects of this test."""
    sdk.clear()
    return sdk


async def export(*told: LedgerEntry | HoldoutRecord, **options: Any) -> None:
    """Tell an exporter."""
    async with build(Options(**options)) as exporter:
        exporter.watch(lambda: VITALS)
        for one in told:
            if isinstance(one, LedgerEntry):
                exporter.booked(one)
            else:
                exporter.compared(one)


def standing(sdk: Collected) -> dict[str, dict[str | None, int | float]]:
    """Return what is read of the ledger, by name and fate."""
    return {
        name: {str(dict(point.attributes or {}).get("gateway.fate")): point.value for point in points}
        for name, points in sdk.numbers().items()
        if name.startswith("gateway.ledger")
    }


def attributes(point: HistogramDataPoint | ReadableSpan) -> Mapping[str, Any]:
    """Return what something is told apart by."""
    return dict(point.attributes or {})


async def test_a_call_is_an_operation(collected: Collected) -> None:
    """Its tokens, how long it took, and how long until its first piece; the totals are those that are billed."""
    await export(ledger_entry("1", attempts=(PAID,), backend="frontier"))

    points = collected.points()
    operation = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "gcp.gemini",
        "gen_ai.request.model": "gemini/gemini-4",
        "gen_ai.response.model": "gemini-4-001",
        "gateway.backend": "frontier",
        "gateway.purpose": "answer",
    }
    tokens = {attributes(point)["gen_ai.token.type"]: point.sum for point in points["gen_ai.client.token.usage"]}
    assert tokens == {"input": 100, "output": 50}
    (duration,) = points["gen_ai.client.operation.duration"]
    assert (duration.sum, attributes(duration)) == (2.0, operation)
    (first,) = points["gen_ai.client.operation.time_to_first_chunk"]
    assert (first.sum, attributes(first)) == (0.4, operation)
    assert duration.explicit_bounds[:3] == (0.01, 0.02, 0.04)


async def test_a_failed_call_is_an_operation_too(collected: Collected) -> None:
    """With the code of its error; of its tokens nobody knows."""
    failed = attempt_record(error="timeout", usage=Usage(), accepted=None)

    await export(ledger_entry("1", attempts=(failed,), status="exhausted"))

    points = collected.points()
    (duration,) = points["gen_ai.client.operation.duration"]
    assert attributes(duration)["error.type"] == "timeout"
    assert "gen_ai.client.token.usage" not in points
    assert "gen_ai.client.operation.time_to_first_chunk" not in points


async def test_a_comparison_is_an_operation_without_a_span(collected: Collected) -> None:
    """It belongs to no request that anybody waits for."""
    await export(HoldoutRecord(entry_id="1", attempt=attempt_record(purpose="holdout"), at=NOON))

    (duration,) = collected.points()["gen_ai.client.operation.duration"]
    assert attributes(duration)["gateway.purpose"] == "holdout"
    assert collected.spans == []


async def test_a_request_is_a_span_as_long_as_it_took(collected: Collected) -> None:
    """With the answer's operation, its usage, and where to find it in the ledger."""
    entry = ledger_entry("1", attempts=(attempt_record(accepted=False), PAID), backend="frontier", duration_s=2.5)

    await export(entry)

    (span,) = collected.spans
    assert (span.name, span.kind, span.status.status_code) == (
        "chat gemini/gemini-4",
        SpanKind.CLIENT,
        StatusCode.UNSET,
    )
    assert span.start_time == int(NOON.timestamp()) * 10**9 + 123_456_000
    assert (span.end_time or 0) - (span.start_time or 0) == 2_500_000_000
    assert attributes(span) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "gcp.gemini",
        "gen_ai.request.model": "gemini/gemini-4",
        "gen_ai.response.model": "gemini-4-001",
        "gateway.backend": "frontier",
        "gateway.purpose": "answer",
        "gen_ai.usage.input_tokens": 100,
        "gen_ai.usage.output_tokens": 50,
        "gen_ai.usage.cache_read.input_tokens": 30,
        "gen_ai.usage.cache_creation.input_tokens": 5,
        "gen_ai.usage.reasoning.output_tokens": 20,
        "gateway.entry.id": "1",
        "gateway.outcome": "answered",
        "gateway.level": "confidential",
        "gateway.attempts": 2,
        "gateway.escalated": True,
        "gateway.rule": "tickets",
    }


async def test_a_request_without_an_answer_is_a_failed_span(collected: Collected) -> None:
    """With the last error, or how it ended."""
    failed = attempt_record(error="timeout", accepted=None)

    await export(
        ledger_entry("1", attempts=(failed,), status="exhausted", backend=None),
        ledger_entry("2", attempts=(), status="refused", backend=None, rule=None),
    )

    exhausted, refused = collected.spans
    assert (exhausted.name, attributes(exhausted)["error.type"]) == ("chat", "timeout")
    assert attributes(refused)["error.type"] == "refused"
    assert "gateway.rule" not in attributes(refused)
    assert {exhausted.status.status_code, refused.status.status_code} == {StatusCode.ERROR}


@pytest.mark.parametrize(("source", "said"), [("price", "local"), ("provider", "provider")])
async def test_a_cost_is_on_the_span_where_the_policy_says_so(collected: Collected, source: Any, said: str) -> None:
    """The names are a proposal: nobody gets them unasked."""
    paid = attempt_record(backend="frontier", cost=Money(1_234_567), cost_source=source)
    entry = ledger_entry("1", attempts=(paid,), backend="frontier", cost=Money(1_234_567))

    await export(entry, costs=True)
    await export(entry)

    with_cost, without = map(attributes, collected.spans)
    assert {key: with_cost[key] for key in with_cost.keys() - without.keys()} == {
        "gen_ai.usage.cost.amount": 0.001234567,
        "gen_ai.usage.cost.currency": "USD",
        "gen_ai.usage.cost.source": said,
    }


async def test_an_unknown_cost_is_not_on_the_span(collected: Collected) -> None:
    """It is not 0."""
    await export(ledger_entry("1", cost=None), costs=True)

    (span,) = collected.spans
    assert not [key for key in attributes(span) if "cost" in key]


async def test_spans_may_be_left_out(collected: Collected) -> None:
    """They are the dear part."""
    await export(ledger_entry("1"), spans=False)

    assert collected.spans == []
    assert "gen_ai.client.operation.duration" in collected.points()


async def test_a_span_is_below_that_of_its_caller(collected: Collected) -> None:
    """A request is a part of what it was asked for; real requests end in every way."""
    given = policy({"llama": mock("fine")}, exporters=["otel"])
    async with Router.from_policy(given) as router:
        with trace.get_tracer("test").start_as_current_span("ours") as ours:
            await router.route("hello", tenant="acme")
            with pytest.raises(NoEligibleBackendError):
                await router.route("hello", pin="nobody")

    answered, refused, _ = collected.spans
    assert {span.parent.span_id for span in (answered, refused) if span.parent} == {ours.get_span_context().span_id}
    assert "acme" not in str([attributes(span) for span in collected.spans])


async def test_a_changed_policy_is_known_with_its_first_request(collected: Collected) -> None:
    """A backend of a name that nobody knows is its own provider."""
    house = [VITALS]
    async with build(Options(spans=False)) as exporter:
        exporter.watch(lambda: house[-1])
        exporter.booked(ledger_entry("1", policy_version="old", attempts=(attempt_record(backend="new"),)))
        house.append(Vitals(backends={"new": VITALS.backends["frontier"]}))
        exporter.booked(ledger_entry("2", policy_version="newer", attempts=(attempt_record(backend="new"),)))

    points = collected.points()["gen_ai.client.operation.duration"]
    assert [attributes(point)["gen_ai.provider.name"] for point in points] == ["new", "gcp.gemini"]


async def test_without_the_package_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line, with the command."""
    monkeypatch.setitem(sys.modules, "gateway.exporters._genai", None)

    with pytest.raises(ConfigurationError, match=r"pip install 'hybrid-gateway\[otel\]'"):
        async with build(Options()):
            pass


async def test_how_the_ledger_stands_is_read(collected: Collected) -> None:
    """Of all routers of the program together: the worst lag, the sum of what waits; what was counted stays counted."""
    down = LedgerState(place="a", problem="down", spooled=5, replayed=1, waiting=3, set_aside=1, lost=2)
    fine = LedgerState(place="b", spooled=1, replayed=1)
    before = standing(collected)["gateway.ledger.spool.entries"]

    # The last one is closed before it was told where to look.
    async with build(Options()) as one, build(Options()) as two, build(Options()) as memory, build(Options()):
        one.watch(lambda: Vitals(ledger=down, ledger_lag_s=7.5))
        two.watch(lambda: Vitals(ledger=fine, ledger_lag_s=0.5))
        memory.watch(Vitals)
        during = standing(collected)
    after = standing(collected)

    fates = {"spooled": 6, "replayed": 2, "set_aside": 1, "lost": 2}
    assert during["gateway.ledger.lag"] == {"None": 7.5}
    assert during["gateway.ledger.spool.waiting"] == {"None": 3}
    grown = {fate: during["gateway.ledger.spool.entries"][fate] - before[fate] for fate in fates}
    assert grown == fates
    assert after["gateway.ledger.spool.entries"] == during["gateway.ledger.spool.entries"]
    assert after["gateway.ledger.spool.waiting"] == {"None": 0}
    assert "gateway.ledger.lag" not in after
