"""What exporters cost a request, and what a look at their numbers costs: CPU time of this process, medians.

A section of the money table; run alone with `PYTHONPATH=tests python tests/bench/money_metrics.py`.
"""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from support.entries import attempt_record, ledger_entry
from table import Measure, at_most

from gateway import plugins
from gateway.entries import LedgerEntry
from gateway.exporters._exposition import Prometheus
from gateway.exporting import Exporters
from gateway.interfaces import Exporter
from gateway.ledgers.memory import MemoryLedger
from gateway.policy.load import parse_policy
from gateway.policy.models import Policy
from gateway.types import Money, Usage

Row = tuple[str, str, str, bool | None]

POLICY = """
version: 1
baseline: openai/gpt-5-mini
backends:
  llama: {kind: mock, model: llama-3.1-8b-instruct, clearance: restricted, local: true, pool: cards}
  frontier: {kind: mock, model: openai/gpt-5-mini, clearance: internal, local: false}
pools:
  cards: {gpus: 2, usd_per_gpu_hour: 1.37, input_us: 27, output_us: 212}
rules:
  - {name: tickets, use: [llama, frontier]}
exporters:
  - {kind: prometheus, port: 0, labels: [tenant]}
"""
REQUESTS = 2_000
ROUNDS = 7
TENANTS = 50
FRONTIER = attempt_record(
    backend="frontier",
    model="openai/gpt-5-mini",
    usage=Usage(prompt_tokens=2400, completion_tokens=500, cached_tokens=100, reasoning_tokens=200),
    cost=Money(1_600_000),
    cost_source="price",
    first_token_s=0.4,
)


def rows() -> list[Row]:
    """Return the rows of the table: name, reach, what was measured, whether it was reached."""
    return [(row.name, row.reach, row.measured, row.passed) for row in asyncio.run(_rows())]


async def _rows() -> list[Measure]:
    policy = parse_policy(POLICY, environ={}, options_of=plugins.options, kinds_of=plugins.kinds)
    local = [ledger_entry(f"{number}", tenant=f"t{number % TENANTS}") for number in range(REQUESTS)]
    escalated = [replace(entry, attempts=(attempt_record(accepted=False), FRONTIER)) for entry in local]
    async with AsyncExitStack() as stack:
        prometheus = await plugins.open_part(stack, "exporters", policy.exporters[0])
        await stack.enter_async_context(_sdk())
        otel = await plugins.open_part(stack, "exporters", policy.exporters[0].model_validate({"kind": "otel"}))
        one, two = _us(policy, {"prometheus": prometheus}, local), _us(policy, {"prometheus": prometheus}, escalated)
        page_ms, series = _page(prometheus)
        measured = _us(policy, {"otel": otel}, local)
    return [
        at_most("metrics: prometheus, CPU a request of one call, us", one, 30, form=".1f"),
        at_most("metrics: prometheus, CPU a request that escalated, us", two, 30, form=".1f"),
        Measure(name="metrics: one look at the page, CPU", measured=f"{page_ms:.1f} ms; {series:,} lines"),
        Measure(name="metrics: otel with the SDK and a span, CPU a request of one call", measured=f"{measured:.1f} us"),
    ]


def _us(policy: Policy, exporters: Mapping[str, Exporter], entries: list[LedgerEntry]) -> float:
    told = Exporters(exporters, policy=lambda: policy, ledger=MemoryLedger(1))
    samples = []
    for _ in range(ROUNDS):
        began = time.process_time()
        for entry in entries:
            told.end(told.begin())
            told.booked(entry)
        samples.append((time.process_time() - began) / len(entries))
    return statistics.median(samples) * 1_000_000


def _page(prometheus: Prometheus) -> tuple[float, int]:
    samples = []
    for _ in range(ROUNDS):
        began = time.process_time()
        _, page = prometheus.page("")
        samples.append(time.process_time() - began)
    return statistics.median(samples) * 1_000, page.count(b"\n")


@asynccontextmanager
async def _sdk() -> AsyncIterator[None]:
    spans, meters = TracerProvider(), MeterProvider(metric_readers=[InMemoryMetricReader()])
    spans.add_span_processor(SimpleSpanProcessor(InMemorySpanExporter()))
    trace.set_tracer_provider(spans)
    metrics.set_meter_provider(meters)
    yield
    spans.shutdown()
    meters.shutdown()


if __name__ == "__main__":
    for name, reach, shown, passed in rows():
        print(" | ".join(Measure(name=name, reach=reach, measured=shown, passed=passed).cells))
