"""From a policy to everything that serves it: backends, judges, detectors, classifier, licences, prices.

What a policy calls optional and is not there is left out of the plans with its reason; anything else that cannot be
built is one `ConfigurationError`, and whatever was opened is closed again.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from gateway import plugins
from gateway.calls import Crew
from gateway.decide import Fleet
from gateway.errors import BackendError, ConfigurationError
from gateway.fleet.failover import Replicas
from gateway.interfaces import Backend, Judge
from gateway.licences.gate import Gate
from gateway.money.books import Books
from gateway.money.overrides import in_force
from gateway.money.prices import PriceList
from gateway.policy.duties import Origins, gate_of
from gateway.policy.models import BackendPolicy, Policy, Rule
from gateway.policy.place import destinations, networks
from gateway.reading import Reader, open_reader


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """One policy with all its parts, open."""

    policy: Policy
    fleet: Fleet
    crew: Crew
    reader: Reader
    prices: PriceList
    origins: Origins
    gate: Gate
    replicas: Mapping[str, tuple[Backend, ...]]


@asynccontextmanager
async def assemble(policy: Policy) -> AsyncIterator[House]:
    """Open every part of a policy, and close them all when the context ends."""
    async with AsyncExitStack() as stack:
        replicas, unavailable = await _backends(stack, policy)
        listed = in_force(policy)
        yield House(
            policy=policy,
            fleet=Fleet(unavailable=unavailable, supports=_supports(policy), destinations=destinations(policy)),
            crew=Crew(
                replicas={name: Replicas(parts) for name, parts in replicas.items()},
                timeouts_s={name: backend.timeout_s for name, backend in policy.backends.items()},
                judges={rule.name: await _judges(stack, rule) for rule in policy.rules},
                retries=policy.retries,
                stakes=policy.stakes,
                estimate=Books(policy=policy, prices=listed).estimate,
            ),
            reader=await stack.enter_async_context(open_reader(policy)),
            prices=listed,
            origins=Origins(policy),
            gate=gate_of(policy),
            replicas=replicas,
        )


def supports(backend: BackendPolicy) -> frozenset[Any]:
    """Return what a backend's kind can take where the policy does not say."""
    return getattr(plugins.load("backends", backend.kind), "SUPPORTS", frozenset())


def _supports(policy: Policy) -> dict[str, frozenset[Any]]:
    return {name: supports(backend) for name, backend in policy.backends.items()}


async def _backends(stack: AsyncExitStack, policy: Policy) -> tuple[dict[str, tuple[Backend, ...]], dict[str, str]]:
    replicas: dict[str, tuple[Backend, ...]] = {}
    unavailable: dict[str, str] = {}
    for name, backend in policy.backends.items():
        try:
            replicas[name] = await _replicas(stack, name, backend)
        except (BackendError, ConfigurationError) as error:
            if not backend.optional:
                raise ConfigurationError(f"backend {name!r}: {error}") from error
            unavailable[name] = str(error)
    if not replicas:
        raise ConfigurationError(_nobody(unavailable))
    return replicas, unavailable


async def _replicas(stack: AsyncExitStack, name: str, backend: BackendPolicy) -> tuple[Backend, ...]:
    module = plugins.load("backends", backend.kind)
    given = {
        "name": name,
        "model": backend.model,
        "probe": backend.optional,
        "context_tokens": backend.context_tokens,
        "networks": networks(backend),
    }
    fields = module.Options.model_fields
    own = {key: value for key, value in given.items() if key in fields and value is not None}
    places = [{"url": url} for url in backend.urls] or [{}]
    every = [module.Options.model_validate({**backend.options, **own, **place}) for place in places]
    parts: list[Backend] = []
    faults: list[BackendError | ConfigurationError] = []
    for options in every:
        try:
            parts.append(await stack.enter_async_context(module.build(options)))
        except (BackendError, ConfigurationError) as error:
            faults.append(error)
    # One replica is enough to begin with where the policy calls the backend optional; else every one must be there.
    if faults and not (parts and backend.optional):
        raise faults[0]
    return tuple(parts)


async def _judges(stack: AsyncExitStack, rule: Rule) -> Sequence[Judge]:
    modules = [(plugins.load("judges", accept.judge), accept.options) for accept in rule.accept]
    return [
        await stack.enter_async_context(module.build(module.Options.model_validate(options)))
        for module, options in modules
    ]


def _nobody(unavailable: Mapping[str, str]) -> str:
    looked = "\n".join(f"  {name}: {reason}" for name, reason in unavailable.items())
    return (
        f"nobody to route to; looked for\n{looked}\n"
        "Start a local server (for example `llama-server -m model.gguf`, or `ollama serve`) or set a provider's key "
        "(for example OPENAI_API_KEY); `gateway doctor` looks again."
    )
