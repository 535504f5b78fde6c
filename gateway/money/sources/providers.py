"""Whose models the list has, and what each source calls the same provider."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One provider: `name` is what stands before its models in the list, as litellm writes it.

    `genai` is its name in genai-prices, `only` which of its models there are taken, `litellm` its names in litellm's
    map. `inside` stands before a model's name at the provider itself. `hosts` says that it serves open weights. Where
    `exact`, what genai-prices takes for another name of a model may be another one.
    """

    name: str
    genai: str | None = None
    litellm: tuple[str, ...] = ()
    only: str = r".+"
    inside: str = ""
    hosts: bool = False
    exact: bool = False


def _host(name: str, *, genai: str | None = None, litellm: tuple[str, ...] = (), inside: str = "") -> Provider:
    return Provider(name=name, genai=genai, litellm=litellm or (name,), inside=inside, hosts=True)


PROVIDERS: tuple[Provider, ...] = (
    Provider(name="openai", genai="openai", litellm=("openai", "text-completion-openai")),
    Provider(name="anthropic", genai="anthropic", litellm=("anthropic",)),
    Provider(name="gemini", genai="google", litellm=("gemini",), only=r"(?:gemini|gemma).+"),
    Provider(name="mistral", genai="mistral", litellm=("mistral",), hosts=True),
    Provider(name="cohere", genai="cohere", litellm=("cohere", "cohere_chat")),
    Provider(name="deepseek", genai="deepseek", litellm=("deepseek",), hosts=True),
    Provider(name="xai", genai="x-ai", litellm=("xai",)),
    Provider(name="moonshot", genai="moonshotai", litellm=("moonshot",), hosts=True),
    Provider(name="zai", genai="zai", litellm=("zai",), hosts=True),
    Provider(name="minimax", genai="minimax", litellm=("minimax",)),
    Provider(name="perplexity", genai="perplexity"),
    Provider(name="openrouter", genai="openrouter", only=r"[^~:]+/[^:]+"),
    Provider(name="azure", litellm=("azure",)),
    _host("groq", genai="groq"),
    _host("together_ai", genai="together"),
    _host("fireworks_ai", genai="fireworks", inside="accounts/fireworks/models/"),
    _host("novita", genai="novita"),
    _host("cerebras", genai="cerebras"),
    _host("cloudflare", genai="cloudflare"),
    _host("databricks", genai="databricks"),
    _host("ovhcloud", genai="ovhcloud"),
    _host("baseten", genai="baseten"),
    Provider(
        name="bedrock",
        genai="aws",
        litellm=("bedrock", "bedrock_converse"),
        # What a region pays on top, under a name that nobody can ask for.
        only=r"(?!regional\.).+",
        exact=True,
        hosts=True,
    ),
    _host("azure_ai"),
    _host(
        "vertex_ai",
        litellm=(
            *("vertex_ai", "vertex_ai-language-models", "vertex_ai-anthropic_models", "vertex_ai-llama_models"),
            *("vertex_ai-mistral_models", "vertex_ai-ai21_models", "vertex_ai-qwen_models", "vertex_ai-openai_models"),
            *("vertex_ai-deepseek_models", "vertex_ai-minimax_models", "vertex_ai-moonshot_models"),
            "vertex_ai-embedding-models",
        ),
    ),
    _host("deepinfra"),
    _host("sambanova"),
    _host("lambda_ai"),
    _host("nebius"),
    _host("nscale"),
    _host("hyperbolic"),
    _host("scaleway"),
    _host("wandb"),
)


def of_name(name: str) -> Provider | None:
    """Return the provider of that name."""
    return next((provider for provider in PROVIDERS if provider.name == name), None)


def of_litellm(name: str) -> Provider | None:
    """Return whose models litellm's map lists under a provider's name."""
    return next((provider for provider in PROVIDERS if name in provider.litellm), None)


def with_genai() -> Iterator[Provider]:
    """Give the providers that genai-prices knows."""
    return (provider for provider in PROVIDERS if provider.genai is not None)
