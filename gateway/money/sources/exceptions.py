"""What people decided about the sources' prices, each with its reason: it is kept beside the list, and shown.

Add a line here when an update is refused for a reason that you have looked into.
"""

from collections.abc import Mapping

# Where the two sources differ, genai-prices is taken: it checks what others say. Here it is not.
LITELLM_IS_RIGHT: Mapping[str, str] = {
    "together_ai/meta-llama/Llama-3.3-70B-Instruct-Turbo": (
        "litellm's map has the later price, and the day on which the model is retired"
    ),
    "fireworks_ai/accounts/fireworks/models/llama-v3p1-8b-instruct": (
        "litellm's map has the price of this model, genai-prices that of its class"
    ),
    "deepseek/deepseek-chat": "genai-prices has the prices of before the hours of the day were given up for this name",
    "deepseek/deepseek-reasoner": "as deepseek/deepseek-chat",
}

# An answer costs no less than a prompt, else it is a slip: but here.
CHEAP_ANSWERS: Mapping[str, str] = {}

# Doubtful all the same: prices that no rule of ours catches and that nobody could confirm.
DOUBTFUL: Mapping[str, str] = {
    "azure_ai/Meta-Llama-3-70B-Instruct": "the answer is listed at a third of the prompt",
    "fireworks_ai/accounts/fireworks/models/llama-v2-70b": "a ninth of the price of the same model tuned for talk",
    "fireworks_ai/accounts/fireworks/models/llama-v3p1-405b-instruct-long": "a thirtieth of its twin's price",
    "hyperbolic/meta-llama/Meta-Llama-3.1-405B-Instruct": "a tenth of what every other host bills",
}

# Billed at nothing, and rightly.
FREE: Mapping[str, str] = {}
