"""`gateway doctor`: what was looked for and found, and what to start or set where nobody could answer."""

import asyncio
from dataclasses import asdict
from pathlib import Path

import typer

from gateway.cli.audit_page import counted
from gateway.cli.books import reader_of
from gateway.cli.console import NO, complain, say, say_facts, say_json
from gateway.cli.inputs import JsonOption, LedgerOption, PolicyOption, ledger_part, policy_of, policy_path
from gateway.diagnosis import MOST_COUNTED, BackendState, Diagnosis, LedgerState, PolicyState, ServerState, diagnose
from gateway.errors import ConfigurationError, PolicyError
from gateway.interfaces import LedgerReader, SpoolPlace
from gateway.opening import spool_place
from gateway.policy.models import Policy
from gateway.policy.parts import LedgerPolicy
from gateway.settings import Settings

REMEDY = (
    "nobody could answer: start a local server (for example `ollama serve`, or `llama-server -m model.gguf`) "
    "or set a provider's key (for example OPENAI_API_KEY)"
)
BROKEN = "nobody could answer: mend the policy first"


def doctor(*, policy: PolicyOption = None, ledger: LedgerOption = None, as_json: JsonOption = False) -> None:
    """Look for what the gateway needs and say what is missing.

    Looks at the policy and its tests, every backend that it names, the usual loopback ports, the names of keys in the
    environment and the ledger. Asks no model. Exit code 1: nobody could answer.

    Example: gateway doctor --policy policies/default.yaml
    """
    given, state = _policy(policy)
    books, spool = _ledger(ledger, policy)
    diagnosis = asyncio.run(diagnose(given, state=state, ledger=books, spool=spool))
    if as_json:
        say_json({"can_answer": diagnosis.can_answer, **asdict(diagnosis)})
    else:
        _print(diagnosis)
    if not diagnosis.can_answer:
        complain(BROKEN if state.problems else REMEDY)
        raise typer.Exit(NO)


def _policy(path: Path | None) -> tuple[Policy | None, PolicyState]:
    file, chosen_by = str(policy_path(path)), _chosen_by(path)
    try:
        return policy_of(path), PolicyState(path=file, chosen_by=chosen_by)
    except PolicyError as error:
        return None, PolicyState(path=file, chosen_by=chosen_by, problems=error.problems)


def _chosen_by(path: Path | None) -> str:
    settings = Settings()
    if path is not None:
        return "--policy"
    if settings.policy is not None:
        return "GATEWAY_POLICY"
    return "found here" if settings.policy_path() else "packaged with hybrid-gateway"


def _ledger(given: str | None, policy: Path | None) -> tuple[LedgerReader | None, SpoolPlace | None]:
    try:
        part = ledger_part(given, policy)
    except PolicyError:
        # The policy cannot say where its ledger is; what stands in without one is looked at.
        part = LedgerPolicy.model_validate(Settings().ledger_part())
    try:
        return reader_of(part), spool_place(part)
    except ConfigurationError:
        return None, None


def _print(diagnosis: Diagnosis) -> None:
    say_facts(
        {
            "versions": [", ".join(f"{name} {found or 'not installed'}" for name, found in diagnosis.versions.items())],
            "policy": _policy_lines(diagnosis.policy),
            "keys": [", ".join(diagnosis.keys) or "none is set"],
            "embedded": [_embedded(diagnosis.embedded)],
            "ledger": [_ledger_line(diagnosis.ledger)],
            **({"spool": beside} if (beside := _spool_lines(diagnosis.ledger)) else {}),
            "servers": [_server_line(server) for server in diagnosis.servers],
        }
    )
    if not diagnosis.backends:
        return
    say()
    say_facts({each.name: [_backend_line(each)] for each in diagnosis.backends})
    say()
    present = sum(each.missing is None for each in diagnosis.backends)
    say(f"{present} of {len(diagnosis.backends)} backends can answer")


def _backend_line(backend: BackendState) -> str:
    return f"{backend.model} is there" if backend.missing is None else f"not there: {backend.missing}"


def _policy_lines(policy: PolicyState) -> list[str]:
    lines = [f"{policy.path} ({policy.chosen_by})"]
    if policy.problems:
        return [*lines, "it cannot be used:", *policy.problems]
    if policy.failed_tests:
        failed = ", ".join(policy.failed_tests)
        return [
            *lines,
            f"{len(policy.failed_tests)} of its {policy.tests} tests fail: {failed}; see `gateway policy test`",
        ]
    return [*lines, f"all of its {policy.tests} tests pass" if policy.tests else "it has no tests"]


def _embedded(version: str | None) -> str:
    return f"xllamacpp {version}" if version else 'not installed: pip install "hybrid-gateway[embedded]"'


def _ledger_line(ledger: LedgerState) -> str:
    if ledger.problem is not None:
        return ledger.problem
    more = "+" if ledger.entries == MOST_COUNTED else ""
    access = "writable" if ledger.writable else "NOT writable; choose another with GATEWAY_LEDGER"
    return f"{ledger.place}, {ledger.entries:,}{more} entries, {access}"


def _spool_lines(ledger: LedgerState) -> list[str]:
    """Return what waits or is kept beside the ledger; what was lost only the process knows that lost it."""
    lines = []
    if ledger.waiting:
        waiting = counted(ledger.waiting, "entry waits", "entries wait")
        lines.append(f"{waiting}, the oldest for {ledger.lag_s:,.0f} s; see `gateway ledger replay`")
    if ledger.unreadable:
        unreadable = counted(ledger.unreadable, "file is no spool", "files are no spools")
        lines.append(f"{unreadable}, or of another version; see `gateway ledger replay --show`")
    if ledger.set_aside:
        lines.append(f"{counted(ledger.set_aside, 'line')} no ledger could take: {ledger.aside}")
    return lines


def _server_line(server: ServerState) -> str:
    found = server.note if server.models is None else f"up: {', '.join(server.models) or 'without a model'}"
    return f"{server.program} at 127.0.0.1:{server.port}: {found}"
