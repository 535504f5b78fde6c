"""What several commands take: the text of a request, its labels, and where the policy and the ledger are."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from gateway import plugins
from gateway.errors import ConfigurationError, InvalidRequestError
from gateway.policy.load import CheckedPolicy, check_policy, packaged_default
from gateway.policy.models import Policy
from gateway.policy.parts import LedgerPolicy
from gateway.settings import Settings, is_database
from gateway.types import Stakes

MOST_BYTES = 64_000_000

TextArgument = Annotated[
    str | None, typer.Argument(metavar="TEXT|-", help="The request; - or nothing reads it from standard input.")
]
PolicyOption = Annotated[
    Path | None,
    typer.Option(
        "--policy",
        "-p",
        metavar="FILE",
        help="The policy; unset: GATEWAY_POLICY, else policies/default.yaml, else the packaged one.",
    ),
]
LedgerOption = Annotated[
    str | None,
    typer.Option(
        "--ledger", metavar="FILE|URL", help="The ledger; unset: the policy's, else GATEWAY_LEDGER, else ours."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
TagOption = Annotated[
    list[str] | None,
    typer.Option("--tag", "-t", metavar="TAG", help="What you know of the content (pii, phi ...); may be repeated."),
]
TaskOption = Annotated[str | None, typer.Option(metavar="NAME", help="The task, for rules that ask for one.")]
StakesOption = Annotated[Stakes, typer.Option(help="What hangs on the answer.")]
PinOption = Annotated[
    str | None,
    typer.Option(metavar="BACKEND", help="Ask this backend alone, if it may see the request."),
]
KeyOption = Annotated[
    str | None, typer.Option(metavar="NAME", help="The name of the caller's API key, for `keys` of the policy.")
]
TenantOption = Annotated[str | None, typer.Option(metavar="NAME", help="On whose behalf.")]


def text_of(argument: str | None) -> str:
    """Return the request's text: the argument, or all of standard input without its last line break."""
    if argument not in (None, "-"):
        return str(argument)
    if argument is None and sys.stdin.isatty():
        raise InvalidRequestError("nothing to ask; give a text, or - to read it from standard input")
    raw = sys.stdin.buffer.read(MOST_BYTES + 1)
    if len(raw) > MOST_BYTES:
        raise InvalidRequestError(f"standard input is longer than {MOST_BYTES:,} bytes; send less")
    try:
        return raw.decode().removesuffix("\n")
    except UnicodeDecodeError as error:
        raise InvalidRequestError(f"standard input is no UTF-8 at byte {error.start}; convert it first") from None


def policy_path(given: Path | None) -> Path:
    """Return the file of the policy in force."""
    return given or Settings().policy_path() or packaged_default()


def checked_policy(file: Path) -> CheckedPolicy:
    """Return the policy of a file with what is odd about it; raises `PolicyError`."""
    return check_policy(file, options_of=plugins.options, kinds_of=plugins.kinds)


def policy_of(given: Path | None) -> Policy:
    """Return the policy in force."""
    return checked_policy(policy_path(given)).policy


def ledger_part(given: str | None, policy: Path | Policy | None) -> LedgerPolicy:
    """Return the kind and the options of the ledger in force: the given one, the policy's, or the environment's."""
    if given is not None:
        database = {"kind": "postgres", "dsn": given}
        return LedgerPolicy.model_validate(
            database if is_database(given) else {"kind": "sqlite", "path": str(Path(given))}
        )
    in_force = policy if isinstance(policy, Policy) else policy_of(policy)
    return in_force.ledger or LedgerPolicy.model_validate(Settings().ledger_part())


def ledger_path(given: str | None, policy: Path | None) -> Path:
    """Return the file of the ledger in force; raises `ConfigurationError` where it is no file."""
    part = ledger_part(given, policy)
    path = part.options.get("path")
    if part.kind != "sqlite" or not isinstance(path, str):
        raise ConfigurationError(f"the ledger is of kind {part.kind!r}, which is no file; use kind: sqlite")
    return Path(path).expanduser()
