"""`gateway demo`: sixty requests over two real models and a closed side, and what became of each."""

import asyncio
import os
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from gateway.cli.console import NO, Side, amount, remark, say, say_facts, say_json, say_table
from gateway.cli.inputs import JsonOption
from gateway.demo.outcome import Decision, DemoResult, Outcome
from gateway.demo.rows import load_rows
from gateway.demo.run import DemoOptions, run
from gateway.demo.stage import FRONTIER, Provider, most_it_costs, provider_in
from gateway.errors import ConfigurationError
from gateway.types import Money

_COLUMNS: dict[str, Side] = {"request": "left", "asked": "left", "label": "left", "cost": "right", "why": "fold"}
_STYLES: dict[Outcome, str] = {"local": "green", "closed": "", "refused": "red", "failed": "bold red"}
_SCRIPTED = (
    "The stand-in's answers are scripted: what escalation adds here shows that the way is open, "
    "not how good a closed model is."
)


def demo(
    *,
    real: Annotated[
        bool, typer.Option("--real", help="Ask a provider's closed model, with your key, in place of the stand-in.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before spending money.")] = False,
    ledger: Annotated[
        Path | None, typer.Option("--ledger", metavar="FILE", help="Where to keep the books; unset: a new file.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Route a set of requests over real models and show how it went.

    Two models run on this machine: a ticket specialist of 2 million parameters and SmolLM2 with 135 million. The
    closed side is a scripted stand-in on loopback; with --real it is a provider's model, which costs money. Exit code
    1: a request failed that somebody should have answered.

    Example: gateway demo --json
    """
    provider = _provider(yes=yes) if real else None
    options = DemoOptions(ledger=ledger or _new_ledger(), provider=provider)
    result = asyncio.run(_run(options, quiet=as_json))
    if as_json:
        say_json(result.as_dict())
    else:
        _print(result)
    if result.count("failed"):
        raise typer.Exit(NO)


def _provider(*, yes: bool) -> Provider:
    """Return whom to pay, after the user agreed; ends the command otherwise."""
    provider = provider_in(os.environ)
    most = most_it_costs(load_rows(), provider.model)
    bound = "an amount that is not known, since its price is not" if most is None else f"at most about {most}"
    remark(f"{provider.name} will be asked with your key from {provider.key_variable}: {provider.model}, {bound}.")
    if yes:
        return provider
    if not sys.stdin.isatty():
        raise ConfigurationError("this costs money and there is no terminal to ask at; say --yes to agree")
    if not typer.confirm("Go on?", err=True):
        remark("nothing was asked, nothing was spent")
        raise typer.Exit(NO)
    return provider


def _new_ledger() -> Path:
    """Return a file that does not exist yet: under .cache/ here, else in a temporary folder."""
    name = f"ledger-{datetime.now(UTC):%Y%m%d-%H%M%S}-{os.getpid()}.sqlite3"
    folder = Path.cwd() / ".cache" / "gateway-demo"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return Path(tempfile.mkdtemp(prefix="gateway-demo-")) / name
    return folder / name


async def _run(options: DemoOptions, *, quiet: bool) -> DemoResult:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal) as progress:
        bar = progress.add_task("starting two models", total=None)

        def on_progress(done: int, total: int) -> None:
            progress.update(bar, description="routing", completed=done, total=total)

        return await run(options, on_progress)


def _print(result: DemoResult) -> None:
    say_table(
        _COLUMNS,
        [_cells(decision, result) for decision in result.decisions],
        styles=[_STYLES[decision.outcome] for decision in result.decisions],
    )
    say()
    say_facts(_facts(result))


def _cells(decision: Decision, result: DemoResult) -> tuple[str, ...]:
    asked = [_closed(result) if name == FRONTIER else name for name in decision.asked]
    wrong = "" if decision.expected in (None, decision.label) else " (wrong)"
    free = decision.cost == Money(0)
    return (
        decision.id,
        " → ".join(asked) or decision.outcome,
        f"{decision.label or ''}{wrong}",
        "" if free else amount(decision.cost),
        decision.why,
    )


def _facts(result: DemoResult) -> dict[str, Sequence[str]]:
    return {
        "requests": [_counts(result)],
        "tickets": [_tickets(result)],
        "private": [_private(result)],
        "money": [_money(result)],
        "licences": [*(f"{model}: {licence}" for model, licence in result.licences.items()), *result.attribution],
        "ledger": [result.ledger, "look into it: gateway ledger tail --ledger FILE, gateway savings --ledger FILE"],
    }


def _counts(result: DemoResult) -> str:
    escalated = sum(decision.escalated for decision in result.decisions)
    return (
        f"{len(result.decisions)} in {result.duration_s:.0f} s: {result.count('local')} answered here, "
        f"{result.count('closed')} by the {_closed(result)}, {result.count('refused')} refused, "
        f"{result.count('failed')} failed. {escalated} were escalated: a first answer was not accepted."
    )


def _tickets(result: DemoResult) -> str:
    share = result.accuracy
    said = (
        f"the specialist alone names {_of(share.alone, share.tickets)} right, "
        f"with escalation {_of(share.after_escalation, share.tickets)}."
    )
    if not result.stand_in:
        return said
    return f"{said} {_SCRIPTED}"


def _private(result: DemoResult) -> str:
    kept = f"{result.private_kept} of {result.private} private requests were answered here or by nobody"
    if result.private_at_stand_in is None:
        return f"{kept}."
    return f"{kept}; in all that the stand-in was sent, {result.private_at_stand_in} of their prompts are found."


def _money(result: DemoResult) -> str:
    totals, label = result.totals, " (stand-in: nothing was billed)" if result.stand_in else ""
    unknown = f" Left out, price unknown: {totals.sums.excluded}." if totals.sums.excluded else ""
    return (
        f"{totals.cost} at the list price of {result.baseline_model}{label}; {totals.baseline} had it answered all of "
        f"them, so {totals.saved} saved.{unknown} Not included: the hardware of {', '.join(result.unpooled)}."
    )


def _closed(result: DemoResult) -> str:
    return "stand-in" if result.stand_in else "closed model"


def _of(part: int, whole: int) -> str:
    return f"{part} of {whole} ({part / whole:.1%})"
