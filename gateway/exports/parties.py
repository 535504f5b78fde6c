"""Who is paid for a call: the provider by its id and its name, or ourselves where the hardware is ours. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from gateway.policy.models import Policy
from gateway.policy.place import is_local

OURSELVES = "self-hosted"
_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "anthropic": "Anthropic",
        "azure": "Microsoft Azure",
        "azure_ai": "Microsoft Azure",
        "bedrock": "Amazon Web Services",
        "bedrock_converse": "Amazon Web Services",
        "cerebras": "Cerebras",
        "cohere": "Cohere",
        "databricks": "Databricks",
        "deepinfra": "DeepInfra",
        "deepseek": "DeepSeek",
        "fireworks_ai": "Fireworks AI",
        "gemini": "Google",
        "groq": "Groq",
        "mistral": "Mistral AI",
        "nebius": "Nebius",
        "novita": "Novita AI",
        "openai": "OpenAI",
        "openrouter": "OpenRouter",
        "perplexity": "Perplexity",
        "sambanova": "SambaNova",
        "together_ai": "Together AI",
        "vertex_ai": "Google Cloud",
        "xai": "xAI",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """A provider: `id` as litellm writes it before a model, `name` as invoices do. `is_ours` says that it is us."""

    id: str
    name: str
    is_ours: bool = False


def party_of(policy: Policy, backend: str, model: str) -> Party:
    """Return who is paid for the calls of a backend, or of a provider; one that is not known is called as it is."""
    known = policy.backends.get(backend)
    if known is not None and is_local(known):
        return ourselves(policy)
    for name in (known.model if known is not None else "", model):
        provider, slash, _ = name.partition("/")
        if slash and (provider in _NAMES or (known is not None and known.kind == "hosted")):
            return Party(id=provider, name=_NAMES.get(provider, provider))
    return Party(id=backend, name=_NAMES.get(backend, backend or "Unknown"))


def ourselves(policy: Policy) -> Party:
    """Return us, as the policy's `entity` calls us."""
    name = policy.entity.name if policy.entity else ""
    return Party(id=OURSELVES, name=name or "Self-hosted", is_ours=True)
