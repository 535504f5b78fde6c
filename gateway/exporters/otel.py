"""Measurements and spans for OpenTelemetry, by the names of its conventions for generative AI.

Needs the extra `otel`, which is the API alone: what collects and sends is the SDK that your program sets up. Where
it sets up none, nothing is measured and nothing is sent. Every call of a backend is one operation, failed ones
included; every request is one span, made when it is over, below the span that its caller is in. The conventions are
in development, and names may change with them. How the ledger stands is read by the SDK whenever it collects.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from gateway.errors import ConfigurationError

# An optional package: it is loaded when an exporter is built.
if TYPE_CHECKING:
    from gateway.exporters._genai import OpenTelemetry


class Options(BaseModel):
    """What is made besides measurements."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    spans: bool = Field(default=True, description="A span for every request, where the program traces.")
    costs: bool = Field(
        default=False, description="Its cost on the span: gen_ai.usage.cost.*, a proposal that no release holds yet."
    )


@asynccontextmanager
async def build(options: Options) -> AsyncIterator["OpenTelemetry"]:
    """Take the program's meter and tracer; raises `ConfigurationError` where the package is missing."""
    try:
        from gateway.exporters._genai import OpenTelemetry  # noqa: PLC0415 - an optional package
    except ImportError as error:
        raise ConfigurationError(
            "the exporter 'otel' needs the package opentelemetry-api; run: pip install 'hybrid-gateway[otel]'"
        ) from error
    exporter = OpenTelemetry(spans=options.spans, costs=options.costs)
    try:
        yield exporter
    finally:
        exporter.close()
