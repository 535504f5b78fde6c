"""Numbers for Prometheus, at `http://HOST:PORT/metrics` of this process: money, tokens, requests, latency, pools.

Needs the extra `metrics`. Whoever can reach the address can read what is spent, by rule and model; it is loopback
unless you name another. Money is summed up in whole nano-USD and divided when it is read. A request costs
microseconds; what is read is read in a thread of its own.
"""

from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from gateway.errors import ConfigurationError
from gateway.exporters._tally import Extra, Tally

# An optional package: it is loaded when an exporter is built.
if TYPE_CHECKING:
    from gateway.exporters._exposition import Prometheus


def _each_once(labels: tuple[Extra, ...]) -> tuple[Extra, ...]:
    return tuple(dict.fromkeys(labels))


class Options(BaseModel):
    """Where the numbers are read, and which labels they have beside ours."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field(default="127.0.0.1", min_length=1, description="The address that is listened on.")
    port: int = Field(default=9464, ge=0, le=65535, description="The port; 0 takes a free one.")
    labels: Annotated[tuple[Extra, ...], AfterValidator(_each_once)] = Field(
        default=(), description="Labels to add to money, tokens and requests: whoever reads those reads these names."
    )
    most_values: int = Field(
        default=100, ge=1, le=10_000, description="Values of an added label; further ones are `other`."
    )
    most_series: int = Field(
        default=5_000, ge=10, le=100_000, description="Combinations of labels of a metric; further ones are `other`."
    )


@asynccontextmanager
async def build(options: Options) -> AsyncIterator["Prometheus"]:
    """Listen; raises `ConfigurationError` where the package is missing or the address is not to be had."""
    try:
        from gateway.exporters._exposition import Prometheus  # noqa: PLC0415 - an optional package
    except ImportError as error:
        raise ConfigurationError(
            "the exporter 'prometheus' needs the package prometheus-client; run: pip install 'hybrid-gateway[metrics]'"
        ) from error
    # Parts of the standard library that nobody else here needs.
    from gateway.exporters._scrape import listening  # noqa: PLC0415

    tally = Tally(extras=options.labels, most_values=options.most_values, most_series=options.most_series)
    exporter = Prometheus(tally)
    with ExitStack() as listener:
        try:
            exporter.url = listener.enter_context(listening(options.host, options.port, exporter.page))
        except OSError as error:
            raise ConfigurationError(
                f"the exporter 'prometheus' cannot listen on {options.host!r}, port {options.port}: {error.strerror}; "
                "choose another `port` (0 takes a free one), or a `host` of this machine"
            ) from error
        yield exporter
