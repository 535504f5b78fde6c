"""A router whose numbers are read as Prometheus reads them, over loopback."""

import asyncio
import urllib.request
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from gateway import NoEligibleBackendError, Router, RoutingError
from gateway.exporters._exposition import Prometheus
from gateway.policy.models import Policy
from support.policies import mock, policy

CARDS = {"gpus": 2, "usd_per_gpu_hour": 1.37, "input_us": 27, "output_us": 212}


@dataclass(frozen=True)
class Sample:
    """One line of the page."""

    name: str
    labels: Mapping[str, str]
    value: float


@asynccontextmanager
async def scraped(under: Policy, **keys: Any) -> AsyncIterator[tuple[Router, Prometheus]]:
    """Open a router whose first exporter is `prometheus`."""
    async with Router.from_policy(under, **keys) as router:
        exporter = router.exporters["prometheus"]
        assert isinstance(exporter, Prometheus)
        yield router, exporter


async def scrape(exporter: Prometheus, accept: str = "text/plain") -> list[Sample]:
    """Read the page over HTTP."""
    page = await asyncio.to_thread(fetch, str(exporter.url), accept)
    families = text_string_to_metric_families(page)
    return [Sample(one.name, one.labels, one.value) for family in families for one in family.samples]


def fetch(url: str, accept: str = "text/plain") -> str:
    """Return a page."""
    request = urllib.request.Request(url, headers={"Accept": accept})  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310 - as above
        return str(response.read().decode())


def total(samples: Sequence[Sample], name: str, **labels: str) -> float:
    """Return the sum of a metric's samples that have these labels."""
    return sum(one.value for one in samples if one.name == name and labels.items() <= one.labels.items())


def names_of(samples: Sequence[Sample]) -> dict[str, set[str]]:
    """Return the names of metrics with the labels that each has."""
    found: dict[str, set[str]] = {}
    for sample in samples:
        found.setdefault(sample.name, set()).update(sample.labels)
    return found


def desk(**keys: Any) -> Policy:
    """Return a policy with all that there is a metric of: hardware, a budget, judges, a holdout, faults."""
    weak = {"text": "refund", "confidence": 0.5}
    llama = mock({"text": "refund", "confidence": 0.98}, weak, {"error": "timeout"}, weak, pool="cards")
    frontier = mock(
        "a long and careful answer", clearance="internal", local=False, model="openai/gpt-6.1-sol",
        price={"input": 1.1, "output": 8.3},
    )  # fmt: skip
    dark = mock("an answer", clearance="internal", local=False, model="unknown/model")
    judged = {"judge": "confidence", "at_least": 0.8}
    rules = (
        {"name": "tickets", "when": {"task": "tickets"}, "use": ["llama", "frontier"], "accept": judged},
        {"name": "dark", "when": {"task": "dark"}, "use": ["dark"]},
        {"name": "default", "use": ["frontier"]},
    )
    given = {
        "baseline": "openai/gpt-6.1-sol",
        "pools": {"cards": CARDS},
        "exporters": [{"kind": "prometheus", "port": 0}],
        "holdout": {"backend": "frontier", "share": 1.0},
        "budget": {"usd_per_month": 500},
        **keys,
    }
    return policy({"llama": llama, "frontier": frontier, "dark": dark}, *rules, **given)


async def work(router: Router) -> None:
    """Route requests that end in every way."""
    for number in range(4):
        await router.route("where is my money " * (number + 1), task="tickets", tenant="acme")
    await router.route("what does this clause mean?")
    await router.route("a model that nobody has a price of", task="dark")
    for fields in ({"tags": {"phi"}}, {"pin": "frontier", "tags": {"secret"}}):
        try:
            await router.route("who is this patient?", **fields)
        except (NoEligibleBackendError, RoutingError):
            continue
    async with router.stream("what does the other clause mean?") as stream:
        async for _ in stream:
            pass
