"""The `gateway` command: which commands there are, and the outer edge where an error becomes one line and an exit code.

Exit codes: 0 fine, 1 the answer is no, 2 could not run, 130 interrupted, 141 nobody reads the output any more.
A command's module is imported when the command is called: the router, httpx and their like take longer to load than
`gateway --help` takes to read.
"""

import gc
import importlib
import io
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import typer
import typer.core

import gateway
from gateway.cli.console import FAULT, INTERRUPTED, NO, UNREAD, complain
from gateway.errors import GatewayError, PolicyError, RoutingError

log = logging.getLogger("gateway")

COMMANDS = {
    "route": "Answer a request by the policy in force.",
    "explain": "Show who may answer a request and who would, calling nobody.",
    "classify": "Read JSON lines, write what each one is, calling nobody.",
    "demo": "Route a set of requests over real models and show how it went.",
    "doctor": "Look for what the gateway needs and say what is missing.",
    "policy": "Check, test and describe policy files.",
    "ledger": "Look into the ledger, and keep it.",
    "audit": "Prove from the audit trail where requests went.",
    "export": "Write charges, dashboards and alert rules for other programs.",
    "savings": "Say what the routing saved, driver by driver.",
    "report": "Write a dashboard in one HTML file that works offline.",
    "licences": "Check and evidence licence duties; it is no legal advice.",
    "alerts": "Say what to know of money: budgets, baselines, idle hardware.",
    "reconcile": "Hold a provider's invoice against the ledger.",
    "pools": "Say what hardware cost, used and idle, and how fast it is.",
    "prices": "Show what models cost, what changed, and make a new list.",
    "train": "Learn from labelled rows what a small model answers well.",
    "calibrate": "Choose the difficulty from which the strong model answers.",
    "evaluate": "Measure a router on labelled rows.",
    "drift": "Say whether the traffic is still what the model learned on.",
}


class _Later(typer.core.TyperCommand):
    """A command of the table above; its module is imported when it is called."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        return command(str(self.name)).make_context(info_name, args, parent=parent, **extra)


class _Root(typer.core.TyperGroup):
    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        with _ending_quietly():
            return super().make_context(info_name, args, parent=parent, **extra)

    def invoke(self, ctx: Any) -> Any:
        with _ending_quietly():
            result = super().invoke(ctx)
            sys.stdout.flush()
        return result


@contextmanager
def _ending_quietly() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError as error:
        # What is left in the buffer has no reader; the interpreter would complain about it when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(UNREAD) from error
    except KeyboardInterrupt as error:
        raise typer.Exit(INTERRUPTED) from error
    except OSError as error:
        # What goes wrong with a file of the user's is told by the command; what is left is the output.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        complain(f"cannot write the output: {error.strerror}")
        raise typer.Exit(FAULT) from error


# The types of click's commands moved with typer's versions; what is used of them did not.
def command(name: str) -> Any:
    """Return a command with all its options: the function or the group of that name in the module of that name."""
    found = getattr(importlib.import_module(f"gateway.cli.{name}"), name)
    if isinstance(found, typer.Typer):
        return typer.main.get_command(found)
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(name)(found)
    return typer.main.get_command(app)


def run() -> None:
    """Run the command line of this process."""
    # Looking for garbage among all that an import makes takes an eighth of most commands, and finds none.
    gc.set_threshold(50_000)
    sys.exit(main(sys.argv[1:]))


def main(arguments: Sequence[str]) -> int:
    """Run a command line and return its exit code; raises nothing."""
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s")
    if isinstance(sys.stdout, io.TextIOWrapper):
        # An answer may hold characters that the terminal's encoding lacks.
        sys.stdout.reconfigure(errors="replace")
    code = FAULT
    try:
        _root().main(list(arguments), prog_name="gateway")
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else FAULT
    except GatewayError as error:
        complain(_said(error))
        code = NO if isinstance(error, RoutingError) else FAULT
    except Exception:
        log.exception("unexpected")
        complain("this is a fault of hybrid-gateway; please report it with the trace above")
    return code


def _said(error: GatewayError) -> str:
    if isinstance(error, PolicyError):
        count = len(error.problems)
        return f"the policy was refused for {count} {'fault' if count == 1 else 'faults'}\n{error}"
    return str(error)


def _root() -> Any:
    app = typer.Typer(cls=_Root, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.callback(help=_HELP)(_options)
    root = typer.main.get_command(app)
    for name, short in COMMANDS.items():
        root.add_command(_Later(name, help=short))  # type: ignore[attr-defined]
    return root


_HELP = """Decides for every LLM request who may answer and who should.

Example: gateway route "Where is my parcel?" --task classification

Exit codes: 0 fine, 1 the answer is no, 2 could not run.
"""


def _version(wanted: bool) -> None:
    if wanted:
        print(f"hybrid-gateway {gateway.__version__}")
        raise typer.Exit


def _options(
    *,
    no_color: Annotated[bool, typer.Option("--no-color", help="Print without colours, as NO_COLOR=1 does.")] = False,
    _show_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    if no_color:
        os.environ["NO_COLOR"] = "1"
