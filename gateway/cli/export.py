"""`gateway export`: files for other programs. Each is written whole, or not at all."""

from importlib import resources
from pathlib import Path
from typing import Annotated

import typer
import yaml

from gateway.cli.console import remark, say
from gateway.cli.focus import focus
from gateway.training.files import replacing

export = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)

OutOption = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="FILE", dir_okay=False, help="Write it to a file; unset: standard output."),
]


@export.callback()
def _group() -> None:
    """Write charges, dashboards and alert rules for other programs."""


export.command()(focus)


@export.command()
def grafana(*, out: OutOption = None) -> None:
    """Write the Grafana dashboard of the metrics that `kind: prometheus` exports, as classic JSON.

    With --out a second file is written beside it, NAME.provisioning.yaml: in Grafana's folder
    `provisioning/dashboards` it loads all dashboards of the folder that the first one is in.

    Example: gateway export grafana --out dashboards/hybrid-gateway.json
    """
    text = packaged("grafana.json")
    give(text, out)
    if out is not None:
        give(_provisioning(out.resolve().parent), out.with_suffix(".provisioning.yaml"))


@export.command("alerts-prometheus")
def alerts_prometheus(*, out: OutOption = None) -> None:
    """Write alert rules for Prometheus: unpriced requests, budget, idle hardware, ledger, prices.

    Example: gateway export alerts-prometheus --out hybrid-gateway.rules.yaml
    """
    give(packaged("alerts.yaml"), out)


def packaged(name: str) -> str:
    """Return a file that lies beside the exporters."""
    return resources.files("gateway.exporters").joinpath(name).read_text(encoding="utf-8")


def give(text: str, out: Path | None) -> None:
    """Print a text, or write it to a file, which is there whole or as it was; raises `ConfigurationError`."""
    if out is None:
        say(text.removesuffix("\n"))
        return
    with replacing(out) as fresh:
        fresh.write_text(text, encoding="utf-8")
    remark(f"written to {out}")


def _provisioning(folder: Path) -> str:
    provider = {
        "name": "hybrid-gateway",
        "type": "file",
        "disableDeletion": False,
        "allowUiUpdates": True,
        "options": {"path": str(folder)},
    }
    return yaml.safe_dump({"apiVersion": 1, "providers": [provider]}, sort_keys=False)
