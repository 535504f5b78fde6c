"""What the gateway finds on this machine: the policy, its backends, local servers, keys, the ledger. Asks no model.

Names of keys, never their values; only loopback is looked at, and whatever the policy itself names.
"""

import asyncio
import importlib.metadata
import json
import os
import platform
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from gateway.assembly import assemble
from gateway.backends import hosted
from gateway.errors import ConfigurationError, LedgerError
from gateway.interfaces import LedgerReader, SpoolPlace
from gateway.policy.models import BackendPolicy, Policy
from gateway.policy_tests import run_tests
from gateway.replaying import look
from gateway.spool import set_aside
from gateway.types import Level

USUAL_PORTS = {"llama.cpp": 8080, "Ollama": 11434, "vLLM": 8000, "LM Studio": 1234}
KEYS = tuple(name for names in hosted.KEYS.values() for name in names)
PACKAGES = ("hybrid-gateway", "pydantic", "aiohttp", "litellm")
EMBEDDED = "xllamacpp"
MOST_COUNTED = 10_000
PROBE_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyState:
    """The policy in force: `problems` where it cannot be used, and which of its tests fail."""

    path: str
    chosen_by: str
    problems: tuple[str, ...] = ()
    tests: int = 0
    failed_tests: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendState:
    """Whether a backend of the policy can be opened; `missing` says what it lacks."""

    name: str
    kind: str
    model: str
    missing: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerState:
    """A usual port of a local server; `models` is None where nothing there lists any, `note` says why."""

    program: str
    port: int
    models: tuple[str, ...] | None
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerState:
    """The ledger: `entries` is None where it cannot be read, and at most `MOST_COUNTED`.

    `waiting` are in spools, the oldest for `lag_s` seconds; `unreadable` spools are none, or another version's.
    `set_aside` are the lines in the file `aside`, which no ledger took.
    """

    place: str
    writable: bool
    entries: int | None
    problem: str | None = None
    waiting: int = 0
    lag_s: float = 0.0
    unreadable: int = 0
    set_aside: int = 0
    aside: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """Everything that was looked for."""

    versions: Mapping[str, str | None]
    policy: PolicyState
    backends: tuple[BackendState, ...]
    servers: tuple[ServerState, ...]
    keys: tuple[str, ...]
    embedded: str | None
    ledger: LedgerState

    @property
    def can_answer(self) -> bool:
        """Whether at least one backend of the policy is there."""
        return any(backend.missing is None for backend in self.backends)


async def diagnose(
    policy: Policy | None,
    *,
    state: PolicyState,
    ledger: LedgerReader | None,
    spool: SpoolPlace | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Diagnosis:
    """Look for everything; `policy` is None where the file of `state` cannot be used, `ledger` for one in memory."""
    return Diagnosis(
        versions={"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
        policy=state if policy is None else await _tested(policy, state),
        backends=() if policy is None else await _backends(policy),
        servers=await local_servers(),
        keys=tuple(name for name in KEYS if environ.get(name, "").strip()),
        embedded=version(EMBEDDED),
        ledger=await asyncio.to_thread(_ledger, ledger, spool),
    )


def version(package: str) -> str | None:
    """Return the installed version of a package, None where it is not installed."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


async def local_servers(ports: Mapping[str, int] = USUAL_PORTS) -> tuple[ServerState, ...]:
    """Ask the usual loopback ports which models they have, all at once, for at most `PROBE_S` seconds."""
    timeout = aiohttp.ClientTimeout(total=PROBE_S)
    async with aiohttp.ClientSession(timeout=timeout, trust_env=False) as session:
        return tuple(await asyncio.gather(*(_server(session, program, port) for program, port in ports.items())))


async def _server(session: aiohttp.ClientSession, program: str, port: int) -> ServerState:
    models: tuple[str, ...] | None = None
    try:
        async with session.get(f"http://127.0.0.1:{port}/v1/models", allow_redirects=False) as response:
            raw = await response.content.read(1 << 20)
        models = _models(raw)
        note = "" if models is not None else f"something answers with status {response.status} and lists no models"
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        note = "nothing there" if isinstance(error, aiohttp.ClientConnectorError) else "something there does not answer"
    return ServerState(program=program, port=port, models=models, note=note)


def _models(raw: bytes) -> tuple[str, ...] | None:
    try:
        listed = json.loads(raw)["data"]
        return tuple(str(model["id"]) for model in listed)
    except (ValueError, LookupError, TypeError, RecursionError):
        return None


async def _tested(policy: Policy, state: PolicyState) -> PolicyState:
    results = await run_tests(policy)
    failed = tuple(result.name for result in results if not result.passed)
    return PolicyState(path=state.path, chosen_by=state.chosen_by, tests=len(results), failed_tests=failed)


async def _backends(policy: Policy) -> tuple[BackendState, ...]:
    missing = await _missing(policy)
    return tuple(
        BackendState(name=name, kind=backend.kind, model=backend.model, missing=missing.get(name))
        for name, backend in policy.backends.items()
    )


async def _missing(policy: Policy) -> Mapping[str, str]:
    # Opened by the router's own code. The mock keeps the house open where nobody else is there, so that every
    # backend's own reason is told.
    looked_for = {name: backend.model_copy(update={"optional": True}) for name, backend in policy.backends.items()}
    mock = BackendPolicy(kind="mock", model="mock", clearance=Level.PUBLIC)
    try:
        async with assemble(policy.model_copy(update={"backends": {**looked_for, "": mock}, "rules": ()})) as house:
            return house.fleet.unavailable
    except ConfigurationError as error:
        return dict.fromkeys(policy.backends, str(error))


def _ledger(books: LedgerReader | None, spool: SpoolPlace | None) -> LedgerState:
    if books is None:
        return LedgerState(place="memory", writable=True, entries=0)
    beside = {} if spool is None else _beside(spool)
    try:
        entries = sum(1 for _ in books.entries(limit=MOST_COUNTED))
        return LedgerState(place=books.place, writable=books.is_writable(), entries=entries, **beside)
    except LedgerError as error:
        return LedgerState(place=books.place, writable=False, entries=None, problem=str(error), **beside)


# Any: the fields of a ledger's state are of several kinds.
def _beside(spool: SpoolPlace) -> dict[str, Any]:
    found, (aside, lines) = look(spool), set_aside(spool)
    since_us = min((one.since_us for one in found if one.since_us), default=None)
    return {
        "waiting": sum(one.waiting for one in found),
        "lag_s": 0.0 if since_us is None else max(0.0, time.time() - since_us / 1_000_000),
        "unreadable": sum(one.state == "unreadable" for one in found),
        "set_aside": lines,
        "aside": str(aside) if lines else None,
    }
