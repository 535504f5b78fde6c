"""From the name of a model to its licences: the chain of its bases holds, whatever a hub declares."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.licensed_models import MODELS, PREFIX, UNKNOWN

from gateway.licences.registry import packaged
from gateway.licences.resolve import as_dict, has_prefix, provider_of, resolve, words_of

REGISTRY = packaged()


@pytest.mark.parametrize("model", MODELS)
def test_a_real_model_is_concluded_right(model: str) -> None:
    """The confusing ones too, each with what does not fit."""
    declared, concluded, conflicts = MODELS[model]

    found = resolve(model, REGISTRY, declared=declared)

    assert (found.licence_id, {conflict.code for conflict in found.conflicts}) == (concluded, conflicts)


def test_there_are_at_least_25_of_them() -> None:
    """So many were asked for."""
    assert len(MODELS) >= 25


@pytest.mark.parametrize(
    ("name", "licence_id"),
    [
        ("llama3.1:8b", "llama-3.1"),
        ("llama3:70b-instruct-q4_K_M", "llama-3"),
        ("hermes3:8b", "llama-3.1"),
        ("deepseek-r1:70b", "llama-3.3"),
        ("Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf", "llama-3.1"),
        ("llama-2-7b-chat.Q4_0.gguf", "llama-2"),
        ("bedrock/meta.llama3-1-8b-instruct-v1:0", "llama-3.1"),
        ("together_ai/meta-llama/Llama-3.3-70B-Instruct-Turbo", "llama-3.3"),
        ("C:\\models\\Llama_3_2_3B.gguf", "llama-3.2"),
        ("qwen2.5:3b", "qwen-research"),
        ("Qwen2.5-Coder-32B-Instruct-GPTQ-Int4", "apache-2.0"),
        ("acme/support-llama-3.1-8b-ft-awq", "llama-3.1"),
        ("smollm2-135m-instruct", "apache-2.0"),
        ("bedrock/us.meta.llama3-3-70b-instruct-v1:0", "llama-3.3"),
        ("eu.meta.llama3-2-3b-instruct-v1:0", "llama-3.2"),
        ("us-gov.meta.llama3-8b-instruct-v1:0", "llama-3"),
        ("accounts/fireworks/models/llama-v3p1-8b-instruct", "llama-3.1"),
        ("llama-v3-70b-instruct", "llama-3"),
        ("fireworks_ai/qwen2p5-72b-instruct", "qwen-2024"),
        ("deepseek-v3p1", "mit"),
        ("nemotron:70b-instruct-q4_K_M", "llama-3.1"),
        ("nvidia/nemotron-super-49b-v1.5", "llama-3.3"),
        ("nemotron-mini:4b", "nvidia-open-model"),
        ("DeepSeek-R1-Distill-Qwen-7B", "mit"),
        ("deepseek-r1-distill-qwen-14b-q4_k_m.gguf", "mit"),
        ("R1-Distill-Qwen2.5-72B", "qwen-2024"),
        ("qwen2.5vl:3b", "qwen-research"),
        ("qwen2.5vl:7b", "apache-2.0"),
        ("Llama\N{NON-BREAKING HYPHEN}3.1\N{NON-BREAKING HYPHEN}8B", "llama-3.1"),
        ("models/Llama-3.1-8B-Instruct/", "llama-3.1"),
    ],
)
def test_a_file_an_alias_or_a_quantisation_is_still_the_model(name: str, licence_id: str) -> None:
    """Ollama's tags, files of llama.cpp, Bedrock's ids, and what somebody put before and behind the name."""
    assert resolve(name, REGISTRY).licence_id == licence_id


@pytest.mark.parametrize(
    "name", ["llama", "chatllama7b", "llama-chat", "mistral", "qwen-plus-local", "nemotron", "falcon:180b"]
)
def test_a_name_that_does_not_say_which_one_is_not_known(name: str) -> None:
    """Which Llama it is decides what is displayed: nobody guesses."""
    found = resolve(name, REGISTRY)

    assert (found.known, found.concluded, found.licence_id) == (False, None, None)
    assert [conflict.code for conflict in found.conflicts] == [UNKNOWN]
    assert as_dict(found)["outputs"] is None


def test_who_runs_it_may_say_which_llama_it_is() -> None:
    """And not that it is none."""
    assert resolve("my-llama", REGISTRY, declared="llama-3.1").licence_id == "llama-3.1"
    assert resolve("my-llama", REGISTRY, declared="mit").licence_id is None


def test_who_runs_a_model_that_nobody_knows_says_its_licence() -> None:
    """Its hub's tag, or an id of ours."""
    assert resolve("acme-1", REGISTRY, declared="apache-2.0").licence_id == "apache-2.0"
    assert resolve("acme-1", REGISTRY).licence_id is None
    found = resolve("acme-1", REGISTRY, declared="made-up")
    assert (found.declared, found.licence_id) == ("made-up", None)
    assert [conflict.code for conflict in found.conflicts] == ["declared_unknown"]


def test_a_base_that_is_named_holds() -> None:
    """A model of your own, made from a Llama, is a Llama's."""
    found = resolve("acme-support", REGISTRY, declared="own", bases=["meta-llama/Llama-3.1-8B"])

    assert (found.licence_id, found.derived, found.attribution) == ("llama-3.1", True, ("Built with Llama",))
    assert [conflict.code for conflict in found.conflicts] == [PREFIX]


def test_a_base_that_is_known_anyway_may_be_named() -> None:
    """It counts once."""
    base = "meta-llama/Llama-3.1-8B"

    assert resolve("hermes-3-8b", REGISTRY, bases=[base]).bases == (base,)


def test_a_base_that_nobody_knows_leaves_the_terms_unknown() -> None:
    """What it was made from decides, and is not known."""
    found = resolve("acme-support", REGISTRY, declared="mit", bases=["acme/base-1"])

    assert (found.known, found.unsettled) == (False, ("the base acme/base-1",))


def test_a_providers_terms_come_on_top_of_the_models() -> None:
    """A Llama at Bedrock is under both."""
    found = resolve("bedrock/meta.llama3-1-8b-instruct-v1:0", REGISTRY, provider="bedrock")

    assert {licence.id for licence in found.licences} == {"llama-3.1", "aws-bedrock"}
    assert found.licence_id == "llama-3.1"


@pytest.mark.parametrize(
    ("provider", "licence_id"),
    [("openai", "openai-services"), ("anthropic", "anthropic-commercial"), ("xai", "proprietary-api")],
)
def test_a_closed_model_is_under_its_providers_terms(provider: str, licence_id: str) -> None:
    """Where they are not known, under terms that ask for a contract; to say so is no contradiction."""
    found = resolve(f"{provider}/whatever-5", REGISTRY, provider=provider, declared="proprietary-api")

    assert (found.licence_id, found.conflicts) == (licence_id, ())
    assert as_dict(found)["outputs"] == "contract"


def test_nobody_has_the_terms_of_nobody() -> None:
    """A model that you run has no provider."""
    assert provider_of(None, REGISTRY) is None


def test_what_show_prints_has_all_that_binds() -> None:
    """For programs: what is declared, what is concluded, and the strings."""
    told = as_dict(resolve("NousResearch/Hermes-3-Llama-3.1-8B", REGISTRY, declared="llama3"))

    assert {key: told[key] for key in ("declared", "concluded", "display", "prefix", "outputs")} == {
        "declared": "llama-3",
        "concluded": "llama-3.1",
        "display": "Built with Llama",
        "prefix": "Llama",
        "outputs": "allowed_with_duties",
    }
    assert told["mau"] is not None


@pytest.mark.parametrize(
    ("name", "prefix", "has"),
    [
        ("Llama-3.1-8B-acme", "Llama", True),
        ("acme/Llama-3.1-8B-acme", "Llama", True),
        ("Hermes-3-Llama-3.1-8B", "Llama", False),
        ("Llama-3-acme", "Llama 3", True),
        ("llama3-acme", "Llama 3", True),
        ("Llama-3.1-acme", "Llama 3", False),
    ],
)
def test_a_prefix_begins_a_name(name: str, prefix: str, has: bool) -> None:
    """Hubs take no blanks: whatever stands between the words, `Llama 3` begins `Llama-3-x` and not `Llama-3.1-x`."""
    assert has_prefix(name, prefix) is has


ADDED = st.text(alphabet="abcdefghijkmnopqrstuvwxyz0123456789", min_size=1, max_size=8)
FAMILIES = st.sampled_from(
    ["llama-3", "llama-3.1", "llama-3.2-3b", "llama-3.3", "llama-4", "llama-2", "hermes-3", "gemma-3", "qwen-2.5-72b"]
)
PACKED = st.sampled_from(
    ["", "-Q4_K_M.gguf", "-AWQ", "-GPTQ-Int4", "-bnb-4bit", ":latest", "-fp8", "-mlx", ".Q8_0.gguf"]
)


@given(
    family=FAMILIES, before=st.lists(ADDED, max_size=3), after=st.lists(ADDED, max_size=3), packed=PACKED, owner=ADDED
)
def test_a_name_never_loses_its_bases_licence(
    family: str, before: list[str], after: list[str], packed: str, owner: str
) -> None:
    """Whatever is put around a model's name, and however it is packed, all that it carried it carries still."""
    plain = {licence.id for licence in resolve(family, REGISTRY).licences}

    renamed = resolve(
        f"{owner}/{'-'.join((*before, family, *(f'x{one}' for one in after)))}{packed}", REGISTRY, declared="mit"
    )

    assert plain <= {licence.id for licence in renamed.licences}


@given(base=FAMILIES, alias=ADDED, declared=st.sampled_from([None, "mit", "own", "apache-2.0", "nonsense"]))
def test_an_alias_never_loses_the_base_that_is_named(base: str, alias: str, declared: str | None) -> None:
    """What is declared adds, and takes nothing away."""
    carried = {licence.id for licence in resolve(base, REGISTRY).licences}

    found = resolve(alias, REGISTRY, declared=declared, bases=[base])

    assert carried <= {licence.id for licence in found.licences}


@given(st.text(max_size=300))
def test_any_text_is_a_name(text: str) -> None:
    """Nothing that somebody calls a model breaks it."""
    assert resolve(text, REGISTRY).model == text[:200]
    assert all(words_of(text[:200]))


@pytest.mark.parametrize("name", ["Llama-3.2-Instruct-11B", "Llama-3.2-V-11B-cot", "acme/Llama-3.2-pet-vision"])
def test_a_model_that_sees_is_told_by_any_word_of_its_name(name: str) -> None:
    """Its makers put words where they like."""
    found = resolve(name, REGISTRY)

    assert found.takes(REGISTRY.get("llama-3.2")) == {"text", "image"}


def test_what_a_model_takes_besides_its_family_counts_for_its_licence() -> None:
    """Who says that it sees has a multimodal model."""
    found = resolve("llama-3.2-acme", REGISTRY, modalities=["text", "image"])

    assert found.takes(REGISTRY.get("llama-3.2")) == {"text", "image"}
