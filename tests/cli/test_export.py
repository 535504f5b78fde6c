"""`gateway export`: what other programs read, whole or not at all."""

import json
from pathlib import Path

import yaml
from support.command import Gateway


def test_the_dashboard_is_printed(gateway: Gateway) -> None:
    """For a pipe, or to paste into Grafana."""
    outcome = gateway("export", "grafana")

    assert (outcome.code, outcome.err) == (0, "")
    assert json.loads(outcome.out)["uid"] == "hybrid-gateway"


def test_the_dashboard_comes_with_what_grafana_finds_it_by(gateway: Gateway, home: Path) -> None:
    """The second file names the folder of the first."""
    (home / "boards").mkdir()

    outcome = gateway("export", "grafana", "--out", "boards/gateway.json")

    assert outcome.code == 0
    assert outcome.err == "written to boards/gateway.json\nwritten to boards/gateway.provisioning.yaml\n"
    assert json.loads((home / "boards/gateway.json").read_text()) == json.loads(gateway("export", "grafana").out)
    found = yaml.safe_load((home / "boards/gateway.provisioning.yaml").read_text())
    (provider,) = found["providers"]
    assert (found["apiVersion"], provider["type"]) == (1, "file")
    assert provider["options"] == {"path": str(home / "boards")}


def test_the_alert_rules_are_printed_or_written(gateway: Gateway, home: Path) -> None:
    """As Prometheus reads them."""
    printed = gateway("export", "alerts-prometheus")
    written = gateway("export", "alerts-prometheus", "-o", "rules.yaml")

    assert (printed.code, written.code) == (0, 0)
    assert (home / "rules.yaml").read_text() == printed.out
    assert yaml.safe_load(printed.out)["groups"][0]["name"] == "hybrid-gateway"


def test_a_file_that_cannot_be_written_leaves_nothing_behind(gateway: Gateway, home: Path) -> None:
    """Exit code 2, with the path and the reason."""
    outcome = gateway("export", "grafana", "--out", "no/such/folder.json")

    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("error: cannot write 'no/such/folder.json': No such file or directory")
    assert list(home.iterdir()) == []


def test_what_to_export_must_be_said(gateway: Gateway) -> None:
    """The help names what there is."""
    outcome = gateway("export")

    assert "grafana" in outcome.out + outcome.err
