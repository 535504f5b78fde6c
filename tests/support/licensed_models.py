"""Real models with their licences, and a few of them as they served, for tests and benchmarks."""

import io
from typing import Any
from uuid import UUID

from spdx_python_model import v3_0_1

from gateway.licences.register import Use
from gateway.licences.registry import packaged
from gateway.licences.resolve import resolve
from gateway.licences.served import Served
from support.licensing import NOON, deployment

DIFFERS, LEFT_OUT, PREFIX, UNKNOWN = "declared_differs", "base_left_out", "prefix_missing", "terms_unknown"
# What the hub declares, what the base chain concludes, and what does not fit together.
MODELS: dict[str, tuple[str, str | None, set[str]]] = {
    "NousResearch/Hermes-3-Llama-3.1-8B": ("llama3", "llama-3.1", {DIFFERS, PREFIX}),
    "deepseek-ai/DeepSeek-R1-Distill-Llama-70B": ("mit", "llama-3.3", {LEFT_OUT, PREFIX}),
    "deepseek-ai/DeepSeek-R1-Distill-Llama-8B": ("mit", "llama-3.1", {LEFT_OUT, PREFIX}),
    "jartine/Nous-Hermes-Llama2-llamafile": ("mit", "llama-2", {DIFFERS}),
    "sesame/csm-1b": ("apache-2.0", "llama-3.2", {LEFT_OUT, PREFIX}),
    "google/gemma-3-27b-it": ("gemma", "gemma", set()),
    "google/gemma-4-31b-it": ("apache-2.0", "apache-2.0", set()),
    "Qwen/Qwen2.5-3B-Instruct": ("other", "qwen-research", set()),
    "Qwen/Qwen2.5-72B-Instruct": ("other", "qwen-2024", set()),
    "Qwen/Qwen2.5-7B-Instruct": ("apache-2.0", "apache-2.0", set()),
    "Qwen/Qwen3-8B": ("apache-2.0", "apache-2.0", set()),
    "mistralai/Codestral-22B-v0.1": ("other", "mistral-non-production", set()),
    "mistralai/Mistral-Large-Instruct-2411": ("other", "mistral-research", set()),
    "mistralai/Mistral-7B-Instruct-v0.3": ("apache-2.0", "apache-2.0", set()),
    "CohereForAI/c4ai-command-r-plus": ("cc-by-nc-4.0", "cc-by-nc-4.0", set()),
    "meta-llama/Meta-Llama-3-8B-Instruct": ("llama3", "llama-3", set()),
    "meta-llama/Llama-3.1-8B-Instruct": ("llama3.1", "llama-3.1", set()),
    "meta-llama/Llama-3.2-11B-Vision-Instruct": ("llama3.2", "llama-3.2", set()),
    "meta-llama/Llama-3.3-70B-Instruct": ("llama3.3", "llama-3.3", set()),
    "meta-llama/Llama-4-Scout-17B-16E-Instruct": ("other", "llama-4", set()),
    "codellama/CodeLlama-34b-hf": ("llama2", "code-llama", set()),
    "nvidia/Llama-3.1-Nemotron-70B-Instruct-HF": ("llama3.1", "llama-3.1", set()),
    "deepseek-ai/DeepSeek-V3": ("other", "deepseek-1.0", set()),
    "deepseek-ai/DeepSeek-V3-0324": ("mit", "mit", set()),
    "moonshotai/Kimi-K2-Instruct": ("other", "kimi-modified-mit", set()),
    "openai/gpt-oss-20b": ("apache-2.0", "apache-2.0", set()),
    "TinyLlama/TinyLlama-1.1B-Chat-v1.0": ("apache-2.0", "apache-2.0", set()),
    "tiiuae/Falcon3-7B-Instruct": ("other", "falcon-2", set()),
    "lmsys/vicuna-7b-v1.3": ("apache-2.0", "llama-1", {DIFFERS}),
}
SERVED: dict[str, str | None] = {
    "NousResearch/Hermes-3-Llama-3.1-8B": "llama3",
    "deepseek-ai/DeepSeek-R1-Distill-Llama-70B": "mit",
    "meta-llama/Llama-3.2-11B-Vision-Instruct": "llama3.2",
    "meta-llama/Llama-3.1-8B": None,
    "Qwen/Qwen2.5-72B-Instruct": "other",
    "acme-1": None,
    "microsoft/phi-4": None,
}
BILL: dict[str, Any] = {"product": "Example", "release": "0.1.0", "serial": UUID(int=7), "at": NOON}


def uses(*, traffic: bool = True) -> list[Use]:
    found = []
    for model, declared in SERVED.items():
        row = Served(backend="b", model=model, licence=None, answers=3, calls=4, tenants=1, first=NOON, last=NOON)
        one = deployment(resolve(model, packaged(), declared=declared), backend="b")
        found.append(Use(deployment=one, served=row if traffic else None))
    return found


def read_spdx(document: dict[str, Any]) -> Any:
    objects = v3_0_1.SHACLObjectSet()
    v3_0_1.JSONLDDeserializer().deserialize_data(document, objects)
    # Writing checks what reading does not: that nothing mandatory is missing.
    v3_0_1.JSONLDSerializer().write(objects, io.BytesIO())
    return objects
