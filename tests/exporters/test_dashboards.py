"""The dashboard and the alert rules ask for what there is: metrics and labels of a router that has worked."""

import asyncio
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import promql_parser
import pytest
import yaml
from support.scraping import desk, names_of, scrape, scraped, work

from gateway.cli.export import packaged

# What Prometheus itself adds to whatever it reads.
TARGET = {"job", "instance"}
# Series that say how a histogram came to be; dashboards ask for its buckets.
NOT_SHOWN = {
    "gateway_request_duration_seconds_count",
    "gateway_request_duration_seconds_sum",
    "gateway_time_to_first_token_seconds_count",
    "gateway_time_to_first_token_seconds_sum",
}
DASHBOARD = json.loads(packaged("grafana.json"))
RULES = [rule for group in yaml.safe_load(packaged("alerts.yaml"))["groups"] for rule in group["rules"]]
EXPRESSIONS = {
    f"{panel['title']} {target['refId']}": target["expr"]
    for panel in DASHBOARD["panels"]
    for target in panel.get("targets", ())
} | {rule["alert"]: rule["expr"] for rule in RULES}


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, set[str]]:
    """The labels of each metric of a router that has worked."""

    async def found() -> Mapping[str, set[str]]:
        # A budget is looked up in books that can be read.
        ledger = {"kind": "sqlite", "path": str(tmp_path_factory.mktemp("books") / "ledger.sqlite3")}
        async with scraped(desk(ledger=ledger), chance=lambda: 0.0) as (router, exporter):
            await work(router)
            return names_of(await scrape(exporter))

    return asyncio.run(found())


def parsed(expression: str) -> promql_parser.Expr:
    """Return an expression, with what Grafana puts in the place of its variables."""
    for name, value in {"$__rate_interval": "5m", "$__range": "1d", "$job": ".*"}.items():
        expression = expression.replace(name, value)
    return promql_parser.parse(expression)


def nodes(expression: promql_parser.Expr) -> list[promql_parser.Expr]:
    """Return all parts of an expression."""
    found: list[promql_parser.Expr] = []
    promql_parser.walk(expression, pre_visit=found.append)
    return found


def asked(expression: str) -> Iterator[tuple[str, set[str]]]:
    """Yield the metrics that an expression asks for, each with the labels that it chooses by."""
    yield from asked_in(parsed(expression))


def asked_in(expression: promql_parser.Expr) -> Iterator[tuple[str, set[str]]]:
    """Yield as `asked` does, of a part of an expression."""
    for node in nodes(expression):
        if isinstance(node, promql_parser.VectorSelector):
            yield str(node.name), {matcher.name for matcher in node.matchers.matchers}


def grouped(expression: str) -> set[str]:
    """Return the labels that an expression groups by."""
    modifiers = [node.modifier for node in nodes(parsed(expression)) if isinstance(node, promql_parser.AggregateExpr)]
    return {label for modifier in modifiers if modifier is not None for label in modifier.labels}


@pytest.mark.parametrize("expression", EXPRESSIONS.values(), ids=EXPRESSIONS)
def test_an_expression_asks_for_metrics_and_labels_that_are_there(
    expression: str, exported: Mapping[str, set[str]]
) -> None:
    """A panel that stays empty for ever is worse than none."""
    metrics = list(asked(expression))

    assert metrics
    for name, chosen in metrics:
        assert name in exported
        assert chosen <= exported[name] | TARGET
    for node in nodes(parsed(expression)):
        if isinstance(node, promql_parser.AggregateExpr) and node.modifier is not None:
            for name, _ in asked_in(node.expr):
                assert set(node.modifier.labels) <= exported[name] | TARGET


def test_each_metric_is_shown(exported: Mapping[str, set[str]]) -> None:
    """What nobody sees need not be counted."""
    panels = [expression for title, expression in EXPRESSIONS.items() if not title.startswith("Gateway")]
    shown = {name for expression in panels for name, _ in asked(expression)}

    assert set(exported) - shown == NOT_SHOWN


def test_a_legend_names_labels_that_are_left() -> None:
    """One that was summed away would stay empty."""
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", ()):
            named = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
            assert named <= grouped(target["expr"])


def test_the_dashboard_is_one_that_grafana_loads() -> None:
    """Classic JSON: no two panels share a number or a place, and each asks the source that is chosen."""
    panels: list[dict[str, Any]] = DASHBOARD["panels"]

    numbers = [panel["id"] for panel in panels]
    assert len(numbers) == len(set(numbers))
    assert (DASHBOARD["id"], DASHBOARD["uid"]) == (None, "hybrid-gateway")
    assert DASHBOARD["schemaVersion"] >= 36
    variables = {variable["name"]: variable["type"] for variable in DASHBOARD["templating"]["list"]}
    assert variables == {"DS_PROMETHEUS": "datasource", "job": "query"}
    for panel in panels:
        assert panel["title"]
        if panel["type"] != "row":
            sources = [panel["datasource"], *(target["datasource"] for target in panel["targets"])]
            assert sources == [{"type": "prometheus", "uid": "${DS_PROMETHEUS}"}] * len(sources)
            assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])


def test_no_panel_lies_on_another() -> None:
    """The grid has 24 columns."""
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + column, place["y"] + line) for column in range(place["w"]) for line in range(place["h"])}
        assert place["x"] + place["w"] <= 24
        assert not taken & cells
        taken |= cells


def test_an_alert_says_what_is_the_matter() -> None:
    """Each has a name of its own, how bad it is, and a line for whoever is called at night."""
    names = [rule["alert"] for rule in RULES]

    assert len(names) == len(set(names))
    assert {rule["labels"]["severity"] for rule in RULES} == {"info", "warning", "critical"}
    assert all(rule["annotations"]["summary"] for rule in RULES)
    for rule in RULES:
        named = set(re.findall(r"\$labels\.(\w+)", str(rule["annotations"])))
        assert named <= grouped(rule["expr"])


def test_a_metric_that_is_not_there_would_be_noticed() -> None:
    """The readers above read all that an expression asks for."""
    expression = 'sum by (rule) (rate(nowhere_total{a="b"}[5m])) / on (rule) max by (rule) (elsewhere offset 1d) > 0'

    assert list(asked(expression)) == [("nowhere_total", {"a"}), ("elsewhere", set())]
    assert grouped(expression) == {"rule"}
