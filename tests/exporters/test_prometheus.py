"""What Prometheus reads is what the ledger says, to the nano-USD."""

import asyncio
import socket
import sys
import urllib.error
from collections.abc import Sequence
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from support.policies import mock, policy
from support.scraping import Sample, desk, fetch, names_of, scrape, scraped, total, work

from gateway import Router
from gateway.entries import AttemptRecord, HoldoutRecord, LedgerEntry
from gateway.errors import ConfigurationError
from gateway.exporters.prometheus import Options, build
from gateway.money.rollups import sums_of
from gateway.vitals import Vitals

NANO = 10**9
NAMES = {
    "gateway_cost_usd_total": {"provider", "backend", "model", "rule", "purpose", "cost_source", "covered"},
    "gateway_baseline_cost_usd_total": {"baseline", "rule"},
    "gateway_tokens_total": {"type", "provider", "backend", "model", "rule", "purpose"},
    "gateway_requests_total": {"outcome", "rule", "backend", "local"},
    "gateway_attempts_total": {"outcome", "provider", "backend", "model", "purpose", "cost_source"},
    "gateway_unpriced_requests_total": {"missing"},
    "gateway_request_duration_seconds_bucket": {"outcome", "rule", "backend", "le"},
    "gateway_request_duration_seconds_count": {"outcome", "rule", "backend"},
    "gateway_request_duration_seconds_sum": {"outcome", "rule", "backend"},
    "gateway_time_to_first_token_seconds_bucket": {"provider", "backend", "model", "le"},
    "gateway_time_to_first_token_seconds_count": {"provider", "backend", "model"},
    "gateway_time_to_first_token_seconds_sum": {"provider", "backend", "model"},
    "gateway_pool_cost_usd_total": {"pool", "state"},
    "gateway_pool_utilization_ratio": {"pool"},
    "gateway_price_snapshot_timestamp_seconds": set(),
    "gateway_ledger_lag_seconds": set(),
    "gateway_ledger_spool_entries_total": {"fate"},
    "gateway_ledger_spool_waiting_entries": set(),
    "gateway_exporter_faults_total": set(),
}


def nano(samples: Sequence[Sample], name: str, **labels: str) -> int:
    """Return a metric in nano-USD, sample by sample exact."""
    return sum(round(one.value * NANO) for one in samples if one.name == name and labels.items() <= one.labels.items())


def calls(entries: Sequence[LedgerEntry], records: Sequence[HoldoutRecord]) -> list[AttemptRecord]:
    """Return all calls that are on the books."""
    return [*(attempt for entry in entries for attempt in entry.attempts), *(record.attempt for record in records)]


async def booked(router: Router) -> tuple[Sequence[LedgerEntry], Sequence[HoldoutRecord]]:
    """Return what the ledger has, once nothing is under way."""
    await router._holdouts.aclose()
    return await router.ledger.entries(), await router.ledger.holdouts()


async def test_what_is_read_is_what_the_ledger_says_to_the_nano() -> None:
    """Every metric of money, tokens, requests and calls, against the sums of the books."""
    async with scraped(desk(), chance=lambda: 0.0) as (router, exporter):
        await work(router)
        entries, records = await booked(router)
        samples = await scrape(exporter)

    made, sums = calls(entries, records), [sums_of(entry) for entry in entries]
    assert nano(samples, "gateway_cost_usd_total") == sum(one.cost.nano_usd for one in made if one.cost)
    assert nano(samples, "gateway_cost_usd_total", covered="true") == sum(one.cost for one in sums)
    assert nano(samples, "gateway_cost_usd_total", purpose="holdout") == sum(
        one.attempt.cost.nano_usd for one in records if one.attempt.cost
    )
    assert nano(samples, "gateway_baseline_cost_usd_total") == sum(one.baseline for one in sums) > 0
    assert total(samples, "gateway_requests_total") == len(entries)
    assert total(samples, "gateway_requests_total", outcome="refused") == sum(one.refused for one in sums) > 0
    assert total(samples, "gateway_attempts_total") == len(made)
    assert total(samples, "gateway_attempts_total", outcome="timeout") == 1
    assert total(samples, "gateway_unpriced_requests_total") == sum(one.excluded for one in sums) == 1
    assert total(samples, "gateway_request_duration_seconds_count") == len(entries)
    assert total(samples, "gateway_request_duration_seconds_sum") == pytest.approx(
        sum(entry.duration_s for entry in entries)
    )
    assert total(samples, "gateway_time_to_first_token_seconds_count") == 1
    known = [one.usage for one in made if one.usage.completion_tokens is not None]
    assert total(samples, "gateway_tokens_total", type="output") == sum(one.completion_tokens or 0 for one in known)
    assert total(samples, "gateway_tokens_total", type="input") == sum(one.prompt_tokens or 0 for one in known)


async def test_each_metric_has_its_name_and_its_labels() -> None:
    """Dashboards and alerts rest on them; nobody's name is in a label."""
    async with scraped(desk(budget=None)) as (router, exporter):
        await work(router)
        samples = await scrape(exporter)

    assert names_of(samples) == NAMES
    assert "acme" not in str(samples)


async def test_a_label_that_the_policy_asks_for_is_there_once() -> None:
    """Whoever reads the page reads these names; that is the policy's choice."""
    exporters = [{"kind": "prometheus", "port": 0, "labels": ["tenant", "tenant"]}]
    async with scraped(desk(exporters=exporters)) as (router, exporter):
        await work(router)
        samples = await scrape(exporter)

    assert total(samples, "gateway_requests_total", tenant="acme") == 4
    assert total(samples, "gateway_requests_total", tenant="none") == 5


async def test_hardware_is_read_as_used_and_idle() -> None:
    """It costs from the moment the router was opened."""
    async with scraped(desk()) as (router, exporter):
        await work(router)
        first = await scrape(exporter)
        second = await scrape(exporter)

    for state in ("used", "idle"):
        cost = "gateway_pool_cost_usd_total"
        assert 0 < total(first, cost, pool="cards", state=state) <= total(second, cost, pool="cards", state=state)
    assert total(second, "gateway_pool_utilization_ratio", pool="cards") > 0


async def test_hardware_that_is_not_rated_is_read_as_that() -> None:
    """There is no share of it that anybody could show."""
    cards = {"gpus": 1, "usd_per_gpu_hour": 2}
    async with scraped(desk(pools={"cards": cards})) as (router, exporter):
        await work(router)
        samples = await scrape(exporter)

    assert {one.labels["state"] for one in samples if one.name == "gateway_pool_cost_usd_total"} == {"unrated"}
    assert "gateway_pool_utilization_ratio" not in names_of(samples)


async def test_a_histogram_counts_up_to_each_border() -> None:
    """The last border is infinity, and holds all."""
    async with scraped(desk()) as (router, exporter):
        await work(router)
        samples = await scrape(exporter)

    buckets = [
        one for one in samples
        if one.name == "gateway_request_duration_seconds_bucket" and one.labels["outcome"] == "refused"
    ]  # fmt: skip
    counts = [one.value for one in buckets]
    assert counts == sorted(counts)
    assert (buckets[-1].labels["le"], counts[-1]) == ("+Inf", 2)


async def test_the_newer_format_is_spoken_too() -> None:
    """Prometheus asks for OpenMetrics first."""
    async with scraped(desk()) as (router, exporter):
        await work(router)
        page = await asyncio.to_thread(fetch, str(exporter.url), "application/openmetrics-text; version=1.0.0")

    # The parser has no types.
    families = openmetrics(page)  # type: ignore[no-untyped-call]
    assert {family.name for family in families} >= {"gateway_cost_usd", "gateway_requests"}


async def test_a_changed_policy_is_known_with_its_first_request(tmp_path: Path) -> None:
    """A new backend has its provider and model, also where nobody has looked since."""
    text = """
version: 1
ledger: memory
exporters: [{{kind: prometheus, port: 0}}]
backends: {{{name}: {{kind: mock, model: {model}, clearance: internal, local: false}}}}
rules: [{{name: default, use: {name}}}]
"""
    path = tmp_path / "p.yaml"
    path.write_text(text.format(name="one", model="openai/a"))
    async with Router.from_policy(path) as router:
        path.write_text(text.format(name="other", model="anthropic/b"))
        await router.refresh()
        await router.route("hello")
        await router.route("hello")
        samples = await scrape(router.exporters["prometheus"])  # type: ignore[arg-type]

    labels = {"provider": "anthropic", "backend": "other", "model": "anthropic/b", "outcome": "answered"}
    assert total(samples, "gateway_attempts_total", **labels) == 2


async def test_two_routers_have_two_pages() -> None:
    """Each with a registry of its own."""
    async with scraped(desk()) as (router, one), scraped(desk()) as (_, other):
        await work(router)
        counts = [total(await scrape(each), "gateway_requests_total") for each in (one, other)]

    assert counts[0] > counts[1] == 0


async def test_a_port_that_is_taken_is_said_with_the_remedy() -> None:
    """The router is not opened half."""
    async with build(Options(port=0)) as exporter:
        port = int(str(exporter.url).split(":")[2].split("/")[0])

        with pytest.raises(ConfigurationError, match=rf"cannot listen on '127.0.0.1', port {port}: .*port: 0|0 takes"):
            async with Router.from_policy(policy({"a": mock()}, exporters=[{"kind": "prometheus", "port": port}])):
                pass


async def test_a_closed_router_listens_no_more() -> None:
    """Its port is free for the next one."""
    async with build(Options(port=0)) as exporter:
        url = str(exporter.url)

    with pytest.raises(urllib.error.URLError):
        await asyncio.to_thread(fetch, url)


async def test_there_is_one_page() -> None:
    """Anything else is not found."""
    async with build(Options(port=0)) as exporter:
        with pytest.raises(urllib.error.HTTPError, match="404"):
            await asyncio.to_thread(fetch, str(exporter.url).replace("/metrics", "/"))


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no loopback of version 6")
async def test_it_listens_on_an_address_of_version_6() -> None:
    """In brackets, as URLs have it."""
    async with build(Options(host="::1", port=0)) as exporter:
        exporter.watch(Vitals)

        assert str(exporter.url).startswith("http://[::1]:")
        assert await scrape(exporter)


async def test_a_fault_while_it_is_read_is_logged_without_words(caplog: pytest.LogCaptureFixture) -> None:
    """The reader gets nothing; the log has the kind of the fault."""

    def broken() -> Vitals:
        raise ValueError("acme's secret")

    async with build(Options(port=0)) as exporter:
        exporter._vitals = broken
        with pytest.raises(Exception, match="closed connection"):
            await asyncio.to_thread(fetch, str(exporter.url))

    assert caplog.messages == ["the metrics could not be read: ValueError"]


async def test_a_reader_that_goes_away_is_no_fault(caplog: pytest.LogCaptureFixture) -> None:
    """It happens with every restart of Prometheus."""

    def gone() -> Vitals:
        raise ConnectionResetError

    async with build(Options(port=0)) as exporter:
        exporter._vitals = gone
        with pytest.raises(Exception, match="closed connection"):
            await asyncio.to_thread(fetch, str(exporter.url))

    assert caplog.messages == []


async def test_without_the_package_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line, with the command."""
    monkeypatch.setitem(sys.modules, "gateway.exporters._exposition", None)

    with pytest.raises(ConfigurationError, match=r"pip install 'hybrid-gateway\[metrics\]'"):
        async with build(Options(port=0)):
            pass
