"""Which open weights a name stands for, whoever serves them: `meta-llama/Llama-3.1-8B-Instruct`, `llama3.1:8b`.

Strict: a name with a word that is not understood (a fine-tune, a guard) stands for no known weights. How weights are
packed (FP8, Q4_K_M, Turbo) does not make them others. A name without a size, or whose release is not said where several
differ, stands for none either.
"""

import re
from functools import cache, lru_cache

_LONGEST = 200

# What stands before a name: a region of Bedrock's, a vendor, a host.
_BEFORE = re.compile(
    r"^(?:(?:us|eu|ap|apac|jp|in|au|ca|global|us-gov|regional)\.)?"
    r"(?:(?:meta|qwen|google|mistral|mistralai|openai|moonshotai|moonshot|zai|microsoft)\.|databricks-|fw-)?"
    r"(?:meta-(?=llama))?"
)
# A version of an offer, not of weights: `meta.llama3-1-8b-instruct-v1:0`, `-00001-of-00002`.
_AFTER = re.compile(r"(?:-v[1-9]:\d|:0|@\w+|-\d{5}-of-\d{5})$")
# How a GGUF's weights are packed: `-Q4_K_M`, `.Q8_0`, `-UD-IQ2_XXS`.
_QUANTS = re.compile(r"[-._:](?:ud-)?i?q\d(?:_(?:k|\d|xxs|xs|s|m|l|xl|nl))*(?=$|[-.:])")
# How weights are packed, tuned for talk, or served.
_PACKED = re.compile(
    r"f16|f32|bf16|fp16|fp8|fp4|int[48]|[48]bit|w\da\d+|nvfp4|mxfp4|awq|gptq|mlx|gguf|"
    r"instruct|it|chat|hf|turbo|fast|instant|versatile|specdec|basic|maas|latest|dynamic|"
    r"\d{1,3}k|4096|8192|32768|131072"
)
_SIZE = r"(\d+(?:\.\d+)?b)"
# A name in plain words, and the weights it stands for.
_KNOWN: tuple[tuple[str, str], ...] = (
    (r"llama-2-(7b|13b|70b)", r"llama-2-\1"),
    (r"llama-3-(8b|70b)", r"llama-3-\1"),
    (r"llama-3(?:\.1)?-405b", "llama-3.1-405b"),
    (r"llama-3\.1-(8b|70b)", r"llama-3.1-\1"),
    (r"llama-3\.2-(1b|3b)", r"llama-3.2-\1"),
    (r"llama-3\.2-(11b|90b)(?:-vision)?", r"llama-3.2-\1-vision"),
    (r"llama-3\.3-70b", "llama-3.3-70b"),
    (r"llama-4-(scout|maverick)(?:-17b)?(?:-(?:16|128)e)?", r"llama-4-\1"),
    (rf"qwen-(2(?:\.5)?)-(coder-|vl-|math-)?{_SIZE}", r"qwen-\1-\2\3"),
    (r"qwen-3-coder-480b(?:-a35b)?", "qwen-3-coder-480b-a35b"),
    (r"qwen-3-coder-30b(?:-a3b)?", "qwen-3-coder-30b-a3b"),
    (r"qwen-3-next-80b(?:-a3b)?(-thinking)?", r"qwen-3-next-80b-a3b\1"),
    (r"qwen-3-coder-next", "qwen-3-coder-next"),
    (rf"qwen-(3(?:\.\d)?)-(vl-|omni-)?{_SIZE}(-a\d+b)?(-thinking)?(-2507)?", r"qwen-\1-\2\3\4\5\6"),
    (r"qwq-32b", "qwq-32b"),
    (r"gemma-(2b|7b)", r"gemma-\1"),
    (r"gemma-2-(2b|9b|27b)", r"gemma-2-\1"),
    (r"gemma-3-(270m|1b|4b|12b|27b)", r"gemma-3-\1"),
    (r"gemma-3n-(e2b|e4b)", r"gemma-3n-\1"),
    (r"gemma-4-(e2b|e4b|12b|31b|26b(?=-a4b))(?:-a4b)?", r"gemma-4-\1"),
    (r"mixtral-(8x7b|8x22b)(?:-v0\.1)?", r"mixtral-\1"),
    (r"mistral-7b-v0?\.?([123])", r"mistral-7b-v0.\1"),
    (r"(?:open-)?mistral-nemo(?:-12b)?(?:-2407)?", "mistral-nemo"),
    (r"mistral-small-(?:3-)?24b(?:-2501)?", "mistral-small-3"),
    (r"mistral-small-3\.1(?:-24b)?(?:-2503)?", "mistral-small-3.1"),
    (r"mistral-small-3\.2(?:-24b)?(?:-2506)?", "mistral-small-3.2"),
    (r"(?:mistral-)?ministral-3-(3b|8b|14b)(?:-2512)?", r"ministral-3-\1"),
    (r"gpt-oss-(20b|120b)(?:-1)?", r"gpt-oss-\1"),
    (r"phi-4(?:-14b)?", "phi-4"),
    (r"phi-4-mini(?:-3\.8b)?", "phi-4-mini"),
    (r"phi-3(\.5)?-(mini|medium|small)", r"phi-3\1-\2"),
    (r"deepseek-r1(-0528)?(?:-671b)?", r"deepseek-r1\1"),
    (r"deepseek-r1-distill-(llama|qwen)-" + _SIZE, r"deepseek-r1-distill-\1-\2"),
    (r"deepseek-v3(-0324)?", r"deepseek-v3\1"),
    (r"deepseek-v(3\.1|3\.2)(-terminus|-exp|-speciale)?", r"deepseek-v\1\2"),
    (r"deepseek-v(4|4\.1)-(flash|pro)(-\d{4})?", r"deepseek-v\1-\2\3"),
    (r"(?:zai-)?glm-(4\.5|4\.6|4\.7|5|5\.1|5\.2|5\.3)(-air|-flash)?", r"glm-\1\2"),
    (r"kimi-k(2|2\.5|2\.6|3)(-thinking|-0905)?", r"kimi-k\1\2"),
)


@lru_cache(maxsize=4096)
def weights_of(name: str) -> str | None:
    """Return the open weights that a model's name stands for, None where none are known by it."""
    if len(name) > _LONGEST:
        return None
    plain = _plain(name)
    for pattern, weights in _KNOWN:
        found = _compiled(pattern).fullmatch(plain)
        if found:
            return found.expand(weights)
    return None


# All of them together take longer than most commands run.
@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _plain(name: str) -> str:
    """Return a name in the words of its makers: `llama-3.1-8b`."""
    name = name.strip().lower().removesuffix(".gguf").rpartition("/")[2]
    name = _AFTER.sub("", re.sub(r"-v0:(\d)", r"-v0.\1", _BEFORE.sub("", name)))
    name = _QUANTS.sub("", re.sub(r"^deepseek\.", "deepseek-", name))
    # Fireworks writes v3p1, others 3-1 and 3_1.
    name = re.sub(r"(?<=\d)p(?=\d)", ".", re.sub(r"\bv(?=\d(?:p\d)?-)(?<!deepseek-v)", "", name))
    name = re.sub(r"(?<=llama)-?(\d)[-_](?=\d[-_])", r"-\1.", name)
    words = [word for word in re.split(r"[-_:\s]", name) if word and not _PACKED.fullmatch(word)]
    return re.sub(r"\b(llama|qwen|gemma|code-?llama|phi)-?v?(?=\d)", r"\1-", "-".join(words))
