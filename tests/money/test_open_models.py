"""Which open weights a name stands for."""

import pytest

from gateway.money.open_models import weights_of

SAME = {
    "llama-3.1-8b": (
        *("llama-3.1-8b-instruct", "meta-llama/Llama-3.1-8B-Instruct", "llama3.1:8b", "llama3.1:8b-instruct-q4_K_M"),
        *(
            "Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf",
            "Llama-3.1-8B-Instruct.Q8_0.gguf",
            "meta.llama3-1-8b-instruct-v1:0",
        ),
        *("accounts/fireworks/models/llama-v3p1-8b-instruct", "databricks-meta-llama-3-1-8b-instruct"),
        *("deepinfra/meta-llama/Meta-Llama-3.1-8B-Instruct-Turbo", "@cf/meta/llama-3.1-8b-instruct-fp8-fast"),
    ),
    "llama-3.3-70b": ("us.meta.llama3-3-70b-instruct-v1:0", "Meta-Llama-3_3-70B-Instruct", "llama3.3:70b"),
    "llama-3.1-70b": ("Meta-Llama-3.1-70B-Instruct-IQ2_XS-00001-of-00002.gguf", "meta/llama-3.1-70b-instruct-maas"),
    "llama-3-70b": ("llama3-70b-8192", "meta.llama3-70b-instruct-v1:0"),
    "llama-3.2-3b": ("Llama-3.2-3B-Instruct-UD-Q4_K_XL.gguf", "llama3.2:3b"),
    "llama-4-maverick": ("Llama-4-Maverick-17B-128E-Instruct-FP8", "llama4-maverick-instruct-basic"),
    "qwen-2.5-coder-32b": ("qwen2.5-coder:32b", "qwen2p5-coder-32b-instruct", "Qwen/Qwen2.5-Coder-32B-Instruct"),
    "qwen-3-30b-a3b": ("qwen3:30b-a3b", "Qwen3-30B-A3B-Q4_K_M.gguf"),
    "qwen-3-235b-a22b-2507": ("Qwen/Qwen3-235B-A22B-Instruct-2507", "qwen.qwen3-235b-a22b-2507-v1:0"),
    "gemma-3-27b": ("google/gemma-3-27b-it", "gemma3:27b", "google.gemma-3-27b-it"),
    "mixtral-8x7b": ("mistral.mixtral-8x7b-instruct-v0:1", "mixtral:8x7b", "Mixtral-8x7B-Instruct-v0.1"),
    "mistral-7b-v0.2": ("mistral.mistral-7b-instruct-v0:2", "mistral-7b-instruct-v0p2"),
    "gpt-oss-20b": ("gpt-oss:20b", "openai.gpt-oss-20b-1:0"),
    "deepseek-r1": ("deepseek.r1-v1:0", "deepseek-ai/DeepSeek-R1", "deepseek-r1:671b"),
    "phi-4": ("phi4", "microsoft/phi-4"),
}
OTHERS = (
    *("NousResearch/Hermes-3-Llama-3.1-70B", "meta-llama/Llama-Guard-3-8B", "llama-3.1-nemotron-70b-instruct"),
    *("llama-v3p1-70b-instruct-1b", "dolphin-mixtral-8x22b", "gemma3:4b-it-qat", "mistral-7b-instruct", "llama3.1"),
    *("openai/gpt-5-mini", "auto", "", "x" * 1000, "llama-3.1-9b", "qwen3.6-plus"),
)


@pytest.mark.parametrize(("weights", "name"), [(weights, name) for weights, names in SAME.items() for name in names])
def test_a_model_is_the_same_by_all_its_names(weights: str, name: str) -> None:
    """Whoever serves it, and however its weights are packed."""
    assert weights_of(name) == weights


@pytest.mark.parametrize("name", OTHERS)
def test_a_name_that_is_not_understood_stands_for_no_weights(name: str) -> None:
    """A fine-tune, a guard or a release that is not said is another model: nothing is guessed."""
    assert weights_of(name) is None


def test_a_distillation_is_not_what_it_was_distilled_into() -> None:
    """DeepSeek's Llama is neither DeepSeek's model nor Meta's."""
    assert weights_of("deepseek-ai/DeepSeek-R1-Distill-Llama-70B") == "deepseek-r1-distill-llama-70b"
