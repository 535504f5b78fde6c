"""(a stand-in until the price part's lands)"""


def weights_of(model: str) -> str | None:
    return {"llama-3.1-8b-instruct": "llama-3.1-8b"}.get(model)
