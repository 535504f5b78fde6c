"""What is booked as measurements and spans by OpenTelemetry's conventions for generative AI, and the ledger's state."""

from collections.abc import Callable, Mapping

from opentelemetry.metrics import Histogram, Meter, get_meter
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer, get_tracer

import gateway
from gateway.entries import AttemptRecord, HoldoutRecord, LedgerEntry
from gateway.exporters._standing import Standing
from gateway.times import microseconds
from gateway.types import Usage
from gateway.vitals import BackendFacts, Vitals

Attributes = dict[str, str | int | float | bool]

_SCOPE = "hybrid-gateway"
# As the conventions advise.
_TOKENS = tuple(float(4**power) for power in range(14))
_SECONDS = tuple(0.01 * 2**power for power in range(14))
# What the conventions call a provider that has another name with us.
_PROVIDERS = {
    "azure": "azure.ai.openai",
    "bedrock": "aws.bedrock",
    "gemini": "gcp.gemini",
    "mistral": "mistral_ai",
    "vertex_ai": "gcp.vertex_ai",
    "xai": "x_ai",
}
_OPERATION = "chat"
_NS_PER_US = 1000
_NS_PER_S = 10**9


# Of all routers of a program.
_STANDING = Standing()


class OpenTelemetry:
    """Measures calls and the ledger's state, and traces requests where the program traces. Close it with its router."""

    def __init__(self, *, spans: bool, costs: bool) -> None:
        meter = get_meter(_SCOPE, gateway.__version__)
        self._tokens = _histogram(meter, "gen_ai.client.token.usage", "{token}", _TOKENS)
        self._durations = _histogram(meter, "gen_ai.client.operation.duration", "s", _SECONDS)
        self._first_chunks = _histogram(meter, "gen_ai.client.operation.time_to_first_chunk", "s", _SECONDS)
        _STANDING.measure(meter)
        self._tracer = get_tracer(_SCOPE, gateway.__version__) if spans else None
        self._costs = costs
        self._vitals: Callable[[], Vitals] = Vitals
        self._backends: Mapping[str, BackendFacts] = {}
        self._version: str | None = None

    def watch(self, vitals: Callable[[], Vitals]) -> None:
        """Be given the way to see how the house stands."""
        self._vitals = vitals
        self._backends = vitals().backends
        _STANDING.open(self, vitals)

    def close(self) -> None:
        """Be looked at no more."""
        _STANDING.close(self)

    def booked(self, entry: LedgerEntry) -> None:
        """Measure the calls of a request, and trace it."""
        if entry.policy_version != self._version:
            self._version, self._backends = entry.policy_version, self._vitals().backends
        for attempt in entry.attempts:
            self._measure(attempt)
        if self._tracer is not None:
            self._trace(self._tracer, entry)

    def compared(self, record: HoldoutRecord) -> None:
        """Measure the call of a comparison."""
        self._measure(record.attempt)

    def _measure(self, attempt: AttemptRecord) -> None:
        attributes, usage = self._operation(attempt), attempt.usage
        failed: Attributes = {} if attempt.error is None else {"error.type": attempt.error}
        self._durations.record(attempt.duration_s, attributes | failed)
        if attempt.first_token_s is not None:
            self._first_chunks.record(attempt.first_token_s, attributes)
        for kind, count in (("input", usage.prompt_tokens), ("output", usage.completion_tokens)):
            if count is not None:
                self._tokens.record(count, {**attributes, "gen_ai.token.type": kind})

    def _trace(self, tracer: Tracer, entry: LedgerEntry) -> None:
        answer = next((one for one in reversed(entry.answers) if one.backend == entry.backend), None)
        name = f"{_OPERATION} {self._facts(answer.backend).model or answer.model}" if answer else _OPERATION
        attributes = {"gen_ai.operation.name": _OPERATION} if answer is None else self._answer(answer)
        attributes |= _request(entry) | (_cost(entry) if self._costs else {})
        began_ns = microseconds(entry.at) * _NS_PER_US
        # All at once: who samples may look at them.
        span = tracer.start_span(name, kind=SpanKind.CLIENT, attributes=attributes, start_time=began_ns)
        if entry.status != "answered":
            span.set_status(Status(StatusCode.ERROR))
        span.end(end_time=began_ns + round(entry.duration_s * _NS_PER_S))

    def _operation(self, attempt: AttemptRecord) -> Attributes:
        facts = self._facts(attempt.backend)
        return {
            "gen_ai.operation.name": _OPERATION,
            "gen_ai.provider.name": _PROVIDERS.get(facts.provider, facts.provider),
            "gen_ai.request.model": facts.model or attempt.model,
            "gen_ai.response.model": attempt.model,
            "gateway.backend": attempt.backend,
            "gateway.purpose": attempt.purpose,
        }

    def _answer(self, attempt: AttemptRecord) -> Attributes:
        return self._operation(attempt) | _usage(attempt.usage)

    def _facts(self, backend: str) -> BackendFacts:
        return self._backends.get(backend) or BackendFacts(provider=backend, model=None, local=False, pool=None)


def _histogram(meter: Meter, name: str, unit: str, borders: tuple[float, ...]) -> Histogram:
    return meter.create_histogram(name, unit=unit, explicit_bucket_boundaries_advisory=borders)


def _request(entry: LedgerEntry) -> Attributes:
    attributes: Attributes = {
        "gateway.entry.id": entry.id,
        "gateway.outcome": entry.status,
        "gateway.level": str(entry.level),
        "gateway.attempts": len(entry.attempts),
        "gateway.escalated": entry.escalated,
    }
    if entry.rule is not None:
        attributes["gateway.rule"] = entry.rule
    if entry.status != "answered":
        last = entry.attempts[-1].error if entry.attempts else None
        attributes["error.type"] = last or entry.status
    return attributes


def _usage(usage: Usage) -> Attributes:
    counts = {
        "gen_ai.usage.input_tokens": usage.prompt_tokens,
        "gen_ai.usage.output_tokens": usage.completion_tokens,
        "gen_ai.usage.cache_read.input_tokens": usage.cached_tokens or None,
        "gen_ai.usage.cache_creation.input_tokens": usage.cache_write_tokens or None,
        "gen_ai.usage.reasoning.output_tokens": usage.reasoning_tokens or None,
    }
    return {name: count for name, count in counts.items() if count is not None}


def _cost(entry: LedgerEntry) -> Attributes:
    """Return what a request cost, nothing where that is unknown: it is not 0."""
    if entry.cost is None:
        return {}
    sources = {attempt.cost_source for attempt in entry.attempts}
    return {
        "gen_ai.usage.cost.amount": float(entry.cost.usd),
        "gen_ai.usage.cost.currency": "USD",
        "gen_ai.usage.cost.source": "provider" if sources == {"provider"} else "local",
    }
